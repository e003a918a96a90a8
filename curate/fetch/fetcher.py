"""Polite, bounded GET requests over HTTP."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from curate.errors import CurateError
from curate.fetch.addresses import moved, origin, shown
from curate.fetch.answer import Fetched, conditions, refused, retry_after
from curate.fetch.body import MIB, Body
from curate.workspace import Fetch

if TYPE_CHECKING:
    import requests

HOPS = 10
"""Most redirects of one request."""
LONGEST_WAIT = 120.0
"""Most seconds that a Retry-After is waited for; a server that wants longer is left for the day."""
_RETRY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Fetcher:
    """One session: its delays between requests to one host hold as long as it lives."""

    def __init__(
        self,
        settings: Fetch = Fetch(),  # noqa: B008 - a frozen value
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
            condition = conditions(stamp(url))
            response = self.send(url, condition)
            target = self._target(url, response)
            if target is None:
                break
            response.close()
            url = target
        if not (200 <= response.status_code < 300 or (response.status_code == 304 and condition)):
            raise refused(url, response)
        body = Body(self, url, response, min(limit or 1 << 62, self.settings.max_mb * MIB))
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
                wait = max(retry_after(response.headers), self.backoff(attempt))
                if attempt == self.settings.retries or wait > LONGEST_WAIT:
                    raise refused(url, response)
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
        return moved(url, mapped) if mapped else url

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
        return moved(target, origin(url)) if mapped == there else target

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


def _passing(fault: Exception) -> bool:
    """Whether trying again may help."""
    import requests

    lost = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(fault, lost) and not isinstance(fault, requests.exceptions.SSLError)
