"""Requests to the server of a drive, of any method and with a password: what is asked of strangers
goes through the ``Fetcher`` instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from curate.errors import CurateError
from curate.fetch.addresses import origin, shown
from curate.fetch.answer import retry_after
from curate.fetch.drives.drive import Away, Shut
from curate.fetch.drives.reading import Broken, Patience
from curate.fetch.guard import Forbidden, Guard, guarded, is_local

if TYPE_CHECKING:
    import requests

HOPS = 5
"""Most redirects of one request."""
LONGEST_WAIT = 120.0
"""Most seconds that a Retry-After is waited for."""
ANSWER = 64 << 20
"""Bytes of a listing."""
_RETRY = frozenset({408, 425, 429, 500, 502, 503, 504})
_BUSY = frozenset({429, 502, 503, 504})
_RANGE = re.compile(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)")
_STRANGER = frozenset(
    {
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidToken",
        "ExpiredToken",
        "RequestTimeTooSkewed",
    }
)
_ELSEWHERE = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IncorrectEndpoint"})
Signs = Callable[[str, str, Mapping[str, str]], Mapping[str, str]]
"""Method, URL and headers → the headers that prove who asks."""


class Line:
    """The way to one server. Its requests are paced, one at a time."""

    def __init__(
        self, home: str, guard: Guard, patience: Patience, delay: float, signs: Signs
    ) -> None:
        self.home = origin(home)
        self.patience = patience
        self._signs = signs
        self._delay = delay
        self._next = 0.0
        self._session = _session(guard, patience.settings.contact)
        self._guard = guard

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] = {},
        body: bytes = b"",
    ) -> requests.Response:
        """The answer, 2xx, its body unread; redirects are followed, to other servers only for GET
        and without proof of who asks. Raises Away, Shut."""
        for _ in range(HOPS + 1):
            response = self._patiently(method, url, headers, body)
            target = response.headers.get("Location", "")
            if not (300 <= response.status_code < 400 and target):
                return self._useful(url, response)
            response.close()
            url = self._redirected(method, url, target)
        raise Shut(f"{shown(url)} redirects more than {HOPS} times", "check the address")

    def _redirected(self, method: str, url: str, target: str) -> str:
        try:
            there = urljoin(url, target).partition("#")[0]
            if method == "GET" or origin(there) == self.home:
                return there
        except (CurateError, ValueError):
            there = "what is no web address"
        raise Shut(
            f"{shown(url)} leads to {shown(there)}", "write that address in `url`, if it is right"
        )

    def _patiently(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> requests.Response:
        retries = self.patience.settings.retries
        for attempt in range(retries + 1):
            try:
                response = self._once(method, url, headers, body)
            except Broken as fault:
                if attempt == retries:
                    raise Away(
                        f"{self.home} {fault}", "check the address and the connection; run again"
                    ) from fault
                self.patience.wait(attempt)
                continue
            least = retry_after(response.headers)
            if response.status_code not in _RETRY or attempt == retries or least > LONGEST_WAIT:
                return response
            response.close()
            self.patience.wait(attempt, least)
        raise AssertionError("the last attempt returns or raises")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> requests.Response:
        # Past Session.send, which reads the whole body of a redirect, however large.
        import requests
        import urllib3

        own = {"Accept-Encoding": "identity", **headers}
        if origin(url) == self.home:
            own |= self._signs(method, url, own)
        prepared = self._session.prepare_request(
            requests.Request(method, url, headers=own, data=body or None)
        )
        where = prepared.url or url
        ours = self._session.merge_environment_settings(where, {}, True, None, None)
        host = urlsplit(where).hostname or ""
        proxies: Any = {} if is_local(host) else ours["proxies"]
        now = self.patience.clock()
        if now < self._next:
            self.patience.sleep(self._next - now)
        self._next = self.patience.clock() + self._delay
        try:
            if requests.utils.select_proxy(where, proxies):
                self._guard.check_name(host, urlsplit(where).port)
            return self._session.get_adapter(where).send(
                prepared,
                stream=True,
                timeout=self.patience.settings.timeout,
                proxies=proxies,
                verify=ours["verify"] or True,
            )
        except Forbidden as fault:
            said = fault.said(origin(url))
            raise Away(said.message, said.hint) from fault
        except requests.exceptions.SSLError as fault:
            raise Away(
                f"{origin(url)} has no valid certificate",
                "check the address and the clock; for a certificate of your own set"
                " REQUESTS_CA_BUNDLE to its file",
            ) from fault
        except requests.Timeout as fault:
            raise Broken(
                f"did not answer within {self.patience.settings.timeout:g} seconds"
            ) from fault
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as fault:
            # Never str(fault): it repeats the URL and what the environment says of proxies.
            raise Broken("cannot be reached") from fault

    def _useful(self, url: str, response: requests.Response) -> requests.Response:
        status = response.status_code
        if 200 <= status < 300:
            return response
        region = response.headers.get("x-amz-bucket-region", "")[:40]
        code = fault_code(response)
        if status == 401 or code in _STRANGER:
            raise Away(
                f"{self.home} does not accept the user name and password{f' ({code})' if code else ''}",
                "check `account` and what it names, and the clock; some drives want an app password"
                " (应用密码)",
            )
        # Without the query: a page of a listing is asked for by a long one.
        reason = f"{shown(url).partition('?')[0]} answers {status}{f' ({code})' if code else ''}"
        if code in _ELSEWHERE:
            there = f': region = "{region}"' if region.isprintable() and region else ""
            raise Away(reason, f"the bucket is in another region{there}; check `endpoint` too")
        if status in _BUSY:
            raise Away(
                reason, "the server has too much to do; raise `delay` of the source and run later"
            )
        hints = {
            403: "your account may not read it; check its rights, or a limit of the drive",
            404: "it is not there; check the path in `url`",
            405: "this server does not speak WebDAV there; check the path in `url`",
        }
        raise Shut(reason, hints.get(status, "look at it with another program, and run again"))

    def close(self) -> None:
        self._session.close()


def fault_code(response: requests.Response) -> str:
    """The <Code> that S3 gives as its reason; closes the answer."""
    try:
        data = response.raw.read(1 << 14, decode_content=True)
    except Exception:  # noqa: BLE001 - whatever it is, it is no reason
        data = b""
    response.close()
    found = re.search(rb"<Code>([A-Za-z]{1,60})</Code>", data)
    return found[1].decode() if found else ""


def answer(response: requests.Response, patience: Patience) -> bytes:
    """All of a listing. Raises Shut where it is larger than any is, Broken."""
    part, data, began = HttpPart(response), bytearray(), patience.clock()
    with response:
        while block := part.read(1 << 16):
            data += block
            if len(data) > ANSWER:
                raise Shut(
                    f"{shown(response.url)} lists more than {ANSWER >> 20} MiB",
                    "divide the folder into several",
                )
            if patience.clock() - began > patience.settings.timeout * 20:
                raise Shut(f"{shown(response.url)} lists too slowly", "run again later")
    return bytes(data)


class HttpPart:
    """The body of an answer."""

    def __init__(self, response: requests.Response, steady: Callable[[], bool] = lambda: True):
        self._response = response
        self.steady = steady
        headers = response.headers
        self.start, self.size = 0, -1
        self.mark = headers.get("ETag", "") or headers.get("Last-Modified", "")
        length = headers.get("Content-Length", "")
        if response.status_code == 206 and (
            found := _RANGE.match(headers.get("Content-Range", ""))
        ):
            self.start = int(found[1])
            self.size = int(found[2]) if found[2] != "*" else -1
        elif length.isdecimal() and len(length) < 19 and not headers.get("Content-Encoding"):
            self.size = int(length)

    def read(self, most: int) -> bytes:
        import urllib3

        try:
            # One look at the network at a time, or a dripping server is never caught.
            return self._response.raw.read1(most, decode_content=True) or b""
        except (urllib3.exceptions.HTTPError, OSError) as fault:
            raise Broken("the connection was lost") from fault

    def close(self) -> None:
        self._response.close()


def when(value: str) -> str:
    """An HTTP or ISO 8601 date as ISO 8601 in UTC; "" for what is none."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            found = read(value.strip())
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        except (TypeError, ValueError, OverflowError):
            continue
    return ""


def _session(guard: Guard, contact: str) -> requests.Session:
    from http.cookiejar import DefaultCookiePolicy

    import requests
    from requests.adapters import HTTPAdapter

    class Adapter(HTTPAdapter):
        """Connects only where the guard allows."""

        def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
            pool: Any = super().get_connection_with_tls_context(*args, **options)
            if (
                pool.proxy is None
                and "SOCKS" not in type(pool).__name__
                and not hasattr(pool.ConnectionCls, "guarded")
            ):
                pool.ConnectionCls = guarded(pool.ConnectionCls, guard)
                pool.ConnectionCls.guarded = True
            return pool

    session = requests.Session()
    session.mount("http://", Adapter())
    session.mount("https://", Adapter())
    about = " ".join(contact.split())
    agent = f"curate/{version('curate-materials')}" + (f" (+{about})" if about else "")
    session.headers["User-Agent"] = agent.encode()
    # Proxies come from the environment; the passwords of ~/.netrc are not for this server.
    session.auth = lambda request: request
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
