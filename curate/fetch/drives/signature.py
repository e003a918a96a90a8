"""Requests to S3, signed as AWS describes it: https://docs.aws.amazon.com/IAM/latest/UserGuide/
reference_sigv-create-signed-request.html (Signature Version 4)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from curate.fetch.credentials import Account

CONTENT = "x-amz-content-sha256"
"""The header with the SHA-256 of a body: the server refuses other bytes than were signed."""
LONGEST = 7 * 24 * 3600
"""Seconds that a signed address may hold."""
_EMPTY = hashlib.sha256(b"").hexdigest()


def _now() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs requests. With an empty account it signs nothing: public buckets.

    A request with a body names its SHA-256 in the header ``CONTENT``.
    """

    account: Account = field(repr=False)
    region: str
    now: Callable[[], str] = _now  # "20130524T000000Z"

    def __call__(self, method: str, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        if not self.account.user:
            return {}
        parts, now = urlsplit(url), self.now()
        signed = {"host": parts.netloc, CONTENT: _EMPTY, "x-amz-date": now}
        if self.account.token:
            signed["x-amz-security-token"] = self.account.token
        signed |= {
            name.lower(): value
            for name, value in headers.items()
            if name == "Range" or name.lower().startswith("x-amz-")
        }
        names = ";".join(sorted(signed))
        said = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        query = "&".join(sorted(parts.query.split("&"))) if parts.query else ""
        request = "\n".join((method, parts.path or "/", query, said, names, signed[CONTENT]))
        own = {name: value for name, value in signed.items() if name not in ("host", "range")}
        own["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.account.user}/{self._scope(now)},"
            f"SignedHeaders={names},Signature={self._signature(request, now)}"
        )
        return own

    def address(self, url: str, seconds: int) -> str:
        """``url``, which holds no query, as anyone may get it for ``seconds``, at most ``LONGEST``."""
        now = self.now()
        told = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{self.account.user}/{self._scope(now)}",
            "X-Amz-Date": now,
            "X-Amz-Expires": str(min(seconds, LONGEST)),
            "X-Amz-SignedHeaders": "host",
        }
        if self.account.token:
            told["X-Amz-Security-Token"] = self.account.token
        query = "&".join(f"{name}={quote(told[name], safe='')}" for name in sorted(told))
        parts = urlsplit(url)
        head = f"host:{parts.netloc}\n"
        request = "\n".join(("GET", parts.path, query, head, "host", "UNSIGNED-PAYLOAD"))
        return f"{url}?{query}&X-Amz-Signature={self._signature(request, now)}"

    def _scope(self, now: str) -> str:
        return f"{now[:8]}/{self.region}/s3/aws4_request"

    def _signature(self, request: str, now: str) -> str:
        digest = hashlib.sha256(request.encode()).hexdigest()
        key = f"AWS4{self.account.password}".encode()
        for word in (now[:8], self.region, "s3", "aws4_request"):
            key = _mac(key, word)
        return _mac(key, f"AWS4-HMAC-SHA256\n{now}\n{self._scope(now)}\n{digest}").hex()


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
