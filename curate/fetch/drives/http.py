"""Requests to the server of a drive, of any method and with a password: what is asked of strangers
goes through the ``Fetcher`` instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from curate.errors import CurateError
from curate.fetch.addresses import origin, shown
from curate.fetch.answer import retry_after
from curate.fetch.drives.answer import Answer
from curate.fetch.drives.drive import Away, Refused, Shut
from curate.fetch.drives.reading import Broken
from curate.fetch.guard import Forbidden, Guard, guarded, is_local
from curate.fetch.patience import HOPS, LONGEST_WAIT, RETRY, Patience, agent

if TYPE_CHECKING:
    import requests

_BUSY = frozenset({429, 502, 503, 504})
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
_WRITING = frozenset({"PUT", "POST", "MKCOL", "MOVE", "DELETE"})
Body = bytes | IO[bytes]
Signs = Callable[[str, str, Mapping[str, str]], Mapping[str, str]]
"""Method, URL and headers → the headers that prove who asks."""


class Line:
    """The way to one server, at the pace of the run."""

    def __init__(self, home: str, guard: Guard, patience: Patience, signs: Signs) -> None:
        self.home = origin(home)
        self.patience = patience
        self._signs = signs
        self._session = _session(guard, agent(patience.settings))
        self._guard = guard

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] = {},
        body: Body = b"",
        elsewhere: bool = False,
        longer: float = 0.0,
    ) -> Answer:
        """The answer, 2xx, its body unread. Redirects to other servers are followed only where it
        may come from ``elsewhere``, as the bytes of files may, and without proof of who asks.
        A ``body`` that is a file is sent from its beginning. The answer may take so many seconds
        ``longer`` than others. Raises Away, Shut, Refused."""
        for _ in range(HOPS + 1):
            found = self._patiently(method, url, headers, body, longer)
            target = found.headers.get("Location", "")
            if not (300 <= found.status < 400 and target):
                return self._useful(method, url, found)
            found.close()
            url = self._redirected(url, target, elsewhere)
        raise Shut(f"{shown(url)} redirects more than {HOPS} times", "check the address")

    def _redirected(self, url: str, target: str, elsewhere: bool) -> str:
        try:
            there = urljoin(url, target).partition("#")[0]
            bared = url.startswith("https:") and not origin(there).startswith("https:")
            if not bared and (elsewhere or origin(there) == self.home):
                return there
        except (CurateError, ValueError):
            there = "what is no web address"
        raise Shut(
            f"{shown(url)} leads to {shown(there)}", "write that address in `url`, if it is right"
        )

    def _patiently(
        self, method: str, url: str, headers: Mapping[str, str], body: Body, longer: float
    ) -> Answer:
        patience, home = self.patience, origin(url)
        for attempt in range(patience.settings.retries + 1):
            last = attempt == patience.settings.retries
            turn = patience.pace.turn(home)
            try:
                found = Answer(self._once(method, url, headers, body, longer), turn)
            except BaseException as fault:
                turn.done()
                if not isinstance(fault, Broken):
                    raise
                if last:
                    raise Away(
                        f"{home} {fault}", "check the address and the connection; run again"
                    ) from fault
                patience.wait(attempt)
                continue
            least = retry_after(found.headers)
            if found.status not in RETRY or last or least > LONGEST_WAIT:
                return found
            found.close()
            wait = max(patience.backoff(attempt), least)
            if least:
                patience.pace.rest(home, wait)  # not for this source alone
            patience.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], body: Body, longer: float
    ) -> requests.Response:
        # Past Session.send, which reads the whole body of a redirect, however large.
        import requests
        import urllib3

        if not isinstance(body, bytes):
            body.seek(0)
        timeout = self.patience.settings.timeout
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
        try:
            if requests.utils.select_proxy(where, proxies):
                self._guard.check_name(host, urlsplit(where).port)
            return self._session.get_adapter(where).send(
                prepared,
                stream=True,
                timeout=(timeout, timeout + longer),
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
            raise Broken(f"did not answer within {timeout + longer:g} seconds") from fault
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as fault:
            # Never str(fault): it repeats the URL and what the environment says of proxies.
            raise Broken("cannot be reached") from fault

    def _useful(self, method: str, url: str, found: Answer) -> Answer:
        status = found.status
        if 200 <= status < 300:
            return found
        region = found.headers.get("x-amz-bucket-region", "")[:40]
        code = found.code()
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
        raise Refused(reason, _hint(method, status), status, code)

    def close(self) -> None:
        self._session.close()


def _hint(method: str, status: int) -> str:
    if status == 403 and method in _WRITING:
        return "your account may not write there; check its rights, or a limit of the drive"
    hints = {
        403: "your account may not read it; check its rights, or a limit of the drive",
        404: "it is not there; check the path in `url`",
        405: "this server does not speak WebDAV there; check the path in `url`",
        409: "the folder that it belongs in is not there; check the path in `url`",
        413: "the drive takes no file as large; make volumes: volume_mb in collection.toml",
        507: "the drive is full; make room on it and run again",
    }
    return hints.get(status, "look at it with another program, and run again")


def _session(guard: Guard, agent: str) -> requests.Session:
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
    session.headers["User-Agent"] = agent.encode()
    # Proxies come from the environment; the passwords of ~/.netrc are not for this server.
    session.auth = lambda request: request
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session
