"""The only network code: polite, bounded GET requests over HTTP.

A URL has two sides here. The *logical* one is what everybody else sees: locators, messages, robots
rules. The *physical* one is where the bytes come from; it differs only for origins that
``settings.hosts`` maps to another server.
"""

from __future__ import annotations

import hashlib
import io
import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from curate.errors import CurateError
from curate.workspace import Fetch

if TYPE_CHECKING:
    import requests

MIB = 1 << 20
HOPS = 10
"""Most redirects of one request."""
LONGEST_WAIT = 120.0
"""Most seconds that a Retry-After is waited for; a server that wants longer is left for the day."""
SLOWEST = 4096
"""Bytes a second that an answer has to reach, once ``settings.timeout`` is over. With the limit on
its size this also limits the time for it."""
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
_RETRY = frozenset({408, 425, 429, 500, 502, 503, 504})


class StatusError(CurateError):
    """The server answered, but not with what was asked for."""

    def __init__(self, message: str, hint: str, status: int) -> None:
        super().__init__(message, hint)
        self.status = status

    def __reduce__(self) -> tuple[type[StatusError], tuple[str, str, int]]:  # type: ignore[override]
        return (type(self), (self.message, self.hint, self.status))


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer whose body has not been read yet. Close it, or use it in a ``with``."""

    url: str  # logical, after all redirects
    status: int  # 200, or 304: unchanged since the stamp that was sent, and no body
    headers: Mapping[str, str]  # names in any case
    body: IO[bytes] = field(compare=False)
    """Decoded. Reading raises CurateError: too large, too slow, cut off more often than allowed."""

    @property
    def stamp(self) -> str:
        """ETag and Last-Modified, divided by a tab; "" where the server gives neither."""
        etag = self.headers.get("ETag", "")
        modified = self.headers.get("Last-Modified", "")
        if not (etag + modified).isprintable():
            return ""
        return f"{etag}\t{modified}" if etag or modified else ""

    @property
    def mime(self) -> str:
        """The media type in lower case, without parameters; "" where none is given."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        found = _CHARSET.search(self.headers.get("Content-Type", ""))
        return found[1].lower() if found else ""

    def close(self) -> None:
        self.body.close()

    def __enter__(self) -> Fetched:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Fetcher:
    """One session: its delays between requests to one host hold as long as it lives."""

    def __init__(
        self,
        settings: Fetch,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.sleep = sleep
        self._hosts = {origin(key): origin(value) for key, value in settings.hosts.items()}
        self._slow: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._jitter = random.Random(0)
        self._opened: requests.Session | None = None

    def get(
        self,
        url: str,
        *,
        stamp: Callable[[str], str] = lambda url: "",
        allowed: Callable[[str], None] = lambda url: None,
        limit: int | None = None,
    ) -> Fetched:
        """GET ``url``, following redirects.

        ``stamp`` gives the known stamp of ``url`` and of each address it redirects to, for a
        conditional request; ``allowed`` is asked before each of them is requested and raises what
        it likes. ``limit`` is the most bytes of the decoded body; ``settings.max_mb`` holds anyway.
        Raises StatusError for an answer that is neither 2xx nor 304, CurateError for everything
        else that fails; 429, 5xx and lost connections only after ``settings.retries`` more tries.
        """
        passed: set[str] = set()
        while True:
            if url in passed or len(passed) > HOPS:
                raise CurateError(
                    f"{shown(url)} redirects in a circle or more than {HOPS} times",
                    "open it in a browser and use the address it ends at",
                )
            passed.add(url)
            allowed(url)
            conditions = _conditions(stamp(url))
            response = self.send(url, conditions)
            target = self._target(url, response)
            if target is None:
                break
            response.close()
            url = target
        if not (200 <= response.status_code < 300 or (response.status_code == 304 and conditions)):
            raise _refused(url, response)
        body = _Body(self, url, response, min(limit or 1 << 62, self.settings.max_mb * MIB))
        if response.status_code == 304:
            body.close()
        return Fetched(
            url, response.status_code, response.headers, io.BufferedReader(body, 1 << 16)
        )

    def slow_down(self, url: str, seconds: float) -> None:
        """Wait at least ``seconds`` between two requests to the origin of ``url``."""
        self._slow[origin(url)] = seconds

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        """One answer of any status that need not be retried, redirects included; body unread."""
        import requests
        import urllib3

        for attempt in range(self.settings.retries + 1):
            self._wait_turn(url)
            try:
                response = self._once(self._physical(url), headers)
            except (requests.RequestException, urllib3.exceptions.HTTPError, UnicodeError) as fault:
                if not _passing(fault) or attempt == self.settings.retries:
                    raise self._lost(url, fault) from fault
                wait = self.backoff(attempt)
            else:
                if response.status_code not in _RETRY:
                    return response
                wait = max(_retry_after(response.headers), self.backoff(attempt))
                if attempt == self.settings.retries or wait > LONGEST_WAIT:
                    raise _refused(url, response)
                response.close()
            self.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, url: str, headers: Mapping[str, str]) -> requests.Response:
        # Past Session.send, which reads the whole body of a redirect, however large.
        import requests

        prepared = self._session.prepare_request(
            requests.Request("GET", url, headers=dict(headers))
        )
        where = prepared.url or url
        ours = self._session.merge_environment_settings(where, {}, True, None, None)
        return self._session.get_adapter(where).send(
            prepared,
            stream=True,
            timeout=self.settings.timeout,
            proxies=ours["proxies"],
            verify=ours["verify"] or True,
        )

    def backoff(self, attempt: int) -> float:
        """Seconds to wait after ``attempt`` (0, 1, …) failed: doubling, spread by up to a half."""
        return float(min(0.5 * 2**attempt, 60.0) * (1 + self._jitter.random() / 2))

    @property
    def _session(self) -> requests.Session:
        if self._opened is None:
            from http.cookiejar import DefaultCookiePolicy
            from importlib.metadata import version

            import requests

            contact = " ".join(self.settings.contact.split())
            agent = f"curate/{version('curate-materials')}" + (f" (+{contact})" if contact else "")
            self._opened = requests.Session()
            self._opened.headers["User-Agent"] = agent.encode()
            self._opened.headers["Accept-Encoding"] = "gzip"
            # Proxies come from the environment; the passwords of ~/.netrc are not for strangers.
            self._opened.auth = lambda request: request
            # A page must not depend on which pages were asked for before it.
            self._opened.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        return self._opened

    def _wait_turn(self, url: str) -> None:
        host = origin(url)
        delay = max(self.settings.delay, self._slow.get(host, 0.0))
        if host in self._last and (wait := self._last[host] + delay - self.clock()) > 0:
            self.sleep(wait)
        self._last[host] = self.clock()

    def _physical(self, url: str) -> str:
        mapped = self._hosts.get(origin(url))
        return _moved(url, mapped) if mapped else url

    def _target(self, url: str, response: requests.Response) -> str | None:
        """The logical URL that ``response`` redirects to, if it does."""
        from requests.utils import requote_uri

        found = self._session.get_redirect_target(response)
        if found is None:
            return None
        try:
            target = str(requote_uri(urljoin(url, found).partition("#")[0]))
            there = origin(target)
        except (CurateError, ValueError) as fault:
            response.close()
            raise CurateError(
                f"{shown(url)} redirects to what is no web address", "look at it in a browser"
            ) from fault
        mapped = self._hosts.get(origin(url))
        return _moved(target, origin(url)) if mapped == there else target

    def _lost(self, url: str, fault: Exception) -> CurateError:
        import requests

        # Never str(fault): it repeats the URL with whatever secrets it holds.
        name = shown(url)
        if isinstance(fault, requests.exceptions.SSLError):
            return CurateError(
                f"{name} has no valid certificate", "check the address and the clock"
            )
        if isinstance(fault, requests.Timeout):
            seconds = f"{self.settings.timeout:g}"
            return CurateError(
                f"{name} did not answer within {seconds} seconds",
                "run again later, or raise fetch.timeout in curate.toml",
            )
        if isinstance(fault, requests.ConnectionError):
            return CurateError(
                f"{name} cannot be reached", "check the address and the connection, then run again"
            )
        return CurateError(
            f"{name} cannot be requested ({type(fault).__name__})", "check the address"
        )


class _Body(io.RawIOBase):
    """The bytes of an answer. Where the connection breaks it asks again and goes on where it was:
    from there (Range) if the server marks versions, else from the start, checking that what was
    already given out has not changed."""

    def __init__(self, fetcher: Fetcher, url: str, response: requests.Response, limit: int) -> None:
        self._fetcher = fetcher
        self._url = url
        self._response = response
        self._limit = limit
        self._tries = 0
        self._given = 0  # bytes handed out
        self._digest = hashlib.sha256()  # of these
        self._skip = 0  # bytes of a repeated answer that were handed out before
        self._repeated = hashlib.sha256()
        self._rest = memoryview(b"")
        self._began, self._got = fetcher.clock(), 0  # of the present answer
        length = response.headers.get("Content-Length", "")
        if response.status_code != 304 and length.isdecimal() and int(length) > limit:
            response.close()
            raise self._too_large()

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._response.close()
        super().close()

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(self._next(len(buffer)))
        size = min(len(self._rest), len(buffer))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size

    def _next(self, size: int) -> bytes:
        """The next bytes that were not handed out yet; b"" at the end."""
        while True:
            data = self._read(size)
            if self._skip:
                again, data = data[: self._skip], data[self._skip :]
                self._skip -= len(again)
                self._repeated.update(again)
                if not again or (
                    not self._skip and self._repeated.digest() != self._digest.digest()
                ):
                    raise CurateError(f"{shown(self._url)} changed while it was read", "run again")
                if not data:
                    continue
            self._given += len(data)
            if self._given > self._limit:
                raise self._too_large()
            self._digest.update(data)
            return data

    def _read(self, size: int) -> bytes:
        import urllib3

        while True:
            late = self._fetcher.clock() - self._began - self._fetcher.settings.timeout
            if late > self._got / SLOWEST:
                raise CurateError(f"{shown(self._url)} sends too slowly", "run again later")
            try:
                # read1: one look at the network at a time, or a dripping server is never caught.
                data = self._response.raw.read1(size, decode_content=True) or b""
            except urllib3.exceptions.DecodeError as fault:
                raise CurateError(
                    f"{shown(self._url)} is damaged: its compression cannot be undone",
                    "run again; tell the owner of the site if it stays so",
                ) from fault
            except (urllib3.exceptions.HTTPError, OSError) as fault:
                self._ask_again(fault)
            else:
                self._got += len(data)
                return bytes(data)

    def _ask_again(self, fault: Exception) -> None:
        self._response.close()
        if self._tries == self._fetcher.settings.retries:
            raise CurateError(
                f"{shown(self._url)} broke off after {self._given} bytes, {self._tries + 1} times",
                "check the connection and run again",
            ) from fault
        self._fetcher.sleep(self._fetcher.backoff(self._tries))
        self._tries += 1
        self._response = self._fetcher.send(self._url, self._range())
        self._began, self._got = self._fetcher.clock(), 0
        status = self._response.status_code
        part = self._response.headers.get("Content-Range", "")
        if status == 206 and part.startswith(f"bytes {self._given}-"):
            self._skip = 0
        elif status == 200:
            self._skip, self._repeated = self._given, hashlib.sha256()
        else:
            raise _refused(self._url, self._response)

    def _range(self) -> dict[str, str]:
        headers = self._response.headers
        etag = headers.get("ETag", "")
        # A weak mark does not promise the same bytes, and a range of a compressed answer is
        # counted in compressed bytes (RFC 9110, 8.8.1 and 14.2).
        if not self._given or not etag.startswith('"') or headers.get("Content-Encoding"):
            return {}
        return {"Range": f"bytes={self._given}-", "If-Range": etag}

    def _too_large(self) -> CurateError:
        return CurateError(
            f"{shown(self._url)} is larger than {self._limit / MIB:g} MiB",
            "leave it out, or raise fetch.max_mb in curate.toml",
        )


def origin(url: str) -> str:
    """Scheme, host and port: "https://example.org:8443". Raises CurateError for no web address."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        host, port = "", None
    if not host or parts.scheme not in ("http", "https"):
        raise CurateError(
            f"{shown(url)} is not a web address", "it begins with http:// or https://"
        )
    if ":" in host:
        host = f"[{host}]"
    standard = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != standard else "")


def shown(url: str) -> str:
    """``url`` as it may be printed and stored: without user name and password."""
    return re.sub(r"^([a-z][a-z0-9+.-]*:)?//[^/?#]*@", r"\1//", url, flags=re.IGNORECASE)


def _moved(url: str, to: str) -> str:
    scheme, netloc = urlsplit(to)[:2]
    return urlunsplit(urlsplit(url)._replace(scheme=scheme, netloc=netloc))


def _conditions(stamp: str) -> dict[str, str]:
    etag, _, modified = stamp.partition("\t")
    headers = {"If-None-Match": etag, "If-Modified-Since": modified}
    return {name: value for name, value in headers.items() if value}


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds, from either form of the header (RFC 9110, 10.2.3); 0 where there is none."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value[:9])
    until, now = _date(value), _date(headers.get("Date", ""))
    return max((until - (now or datetime.now(UTC))).total_seconds(), 0.0) if until else 0.0


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _passing(fault: Exception) -> bool:
    """Whether trying again may help."""
    import requests

    lost = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(fault, lost) and not isinstance(fault, requests.exceptions.SSLError)


def _refused(url: str, response: requests.Response) -> StatusError:
    status = response.status_code
    response.close()
    if status in (404, 410):
        hint = "the address is wrong, or what was there is gone"
    elif status in (401, 403, 407, 451):
        hint = "it is not open to everyone; save the material to a folder and use that"
    elif status == 429 or "Retry-After" in response.headers:
        hint = "raise fetch.delay in curate.toml and run again later"
    elif status >= 500:
        hint = "the server has a fault of its own; run again later"
    else:
        hint = "open it in a browser to see what it wants"
    reason = response.reason if (response.reason or "").isprintable() else ""
    return StatusError(f"{shown(url)} answers {status} {reason}".rstrip(), hint, status)
