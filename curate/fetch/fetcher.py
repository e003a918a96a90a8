"""Polite, bounded GET requests over HTTP."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from curate.errors import CurateError
from curate.fetch import faults
from curate.fetch.addresses import moved, origin, shown
from curate.fetch.answer import Fetched, conditions, refused, retry_after
from curate.fetch.body import Body
from curate.fetch.credentials import account as account_of
from curate.fetch.pace import Pace
from curate.fetch.parts import Part, Parts, key_of
from curate.fetch.patience import HOPS, LONGEST_WAIT, MIB, RETRY, Patience, agent
from curate.fetch.reply import Reply
from curate.fetch.wire import Wire, split
from curate.workspace import Fetch

_REDIRECT = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({404, 410})
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for. The secrets in it are for ``home`` alone and never shown."""

    url: str  # logical
    home: str = ""  # the origin that may be told the secrets; "" where there are none
    headers: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict, repr=False)  # headers
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)  # query parameters

    def told(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """Headers and parameters for ``url``."""
        if self.home and origin(self.url) == self.home:
            return {**self.headers, **self.private}, self.secret
        return self.headers, _NOTHING


class Fetcher:
    """All requests of a run. Any number of threads may use it at a time.

    Addresses that are not public are refused unless ``settings`` names them, and so are redirects
    there. Through a proxy of the environment this can be checked only where the host is a literal
    address or "localhost": it is the proxy that resolves names then, and its own address is the
    user's choice.

    ``parts`` is a folder, for this process alone, in which large files that are being read are kept
    until ``landed``: what a killed run has brought is not asked for again.
    """

    def __init__(
        self,
        settings: Fetch = Fetch(),  # noqa: B008 - a frozen value
        parts: Path | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.sleep = sleep
        self._hosts = {origin(key): origin(value) for key, value in settings.hosts.items()}
        self.pace = Pace(settings, clock, sleep)
        self.patience = Patience(settings, self.pace, sleep, clock)
        self._wire = Wire(settings, agent(settings))
        self._parts = Parts(parts) if parts else None

    def get(
        self,
        url: str,
        *,
        stamp: Callable[[str], str] = lambda url: "",
        allowed: Callable[[str], None] = lambda url: None,
        limit: int | None = None,
        account: str = "",
        secret: Mapping[str, str] = _NOTHING,
        accept: str = "",
    ) -> Fetched:
        """GET ``url``, following redirects.

        ``stamp`` gives the known stamp of ``url`` and of each address it redirects to, for a
        conditional request; ``allowed`` is asked before each of them is requested and raises what
        it likes. ``limit`` is the most bytes of the decoded body; ``settings.max_mb`` holds anyway.
        An answer with a ``limit`` is meant for memory, and nothing of it is kept for another run;
        nor of one whose ``forgo`` is called.

        ``account`` names whose password or token is sent (``credentials.account``), ``secret`` are
        query parameters such as the key of a service: both are sent to the origin of ``url`` only,
        over https or to a server of one's own, and appear in no address, message or log.

        Raises StatusError for an answer that is neither 2xx nor 304, CurateError for everything
        else that fails; 429, 5xx and lost connections only after ``settings.retries`` more tries.
        """
        ask = self._ask(url, account, secret, accept)
        key, part = "", None
        if self._parts is not None and limit is None:
            key = key_of(self._physical(url), url)
            part = self._parts.find(key)
        try:
            ask, reply = self._followed(ask, stamp, allowed, part.wanted if part else _NOTHING)
            if part and not part.goes_on(reply, ask.url):
                reply = self._instead(ask, reply, part)
                part = None
            return self._fetched(ask, reply, limit, key, part)
        except BaseException:
            if part:
                part.close()
            raise

    def _fetched(
        self, ask: Ask, reply: Reply, limit: int | None, key: str, part: Part | None
    ) -> Fetched:
        if not (200 <= reply.status < 300 or reply.status == 304):
            raise refused(ask.url, reply)
        status, headers = reply.status, reply.headers
        if part is not None:
            status, headers = 200, part.headers(reply)
        elif self._parts is not None and key and status == 200:
            part = self._parts.begin(key, ask.url, reply)
        again = partial(self._send, ask)
        most = min(limit or 1 << 62, self.settings.max_mb * MIB)
        body = Body(self, ask.url, reply, again, most, part)
        if status == 304:
            body.close()
        return Fetched(ask.url, status, headers, io.BufferedReader(body, 1 << 16), body.forgo)

    def _instead(self, ask: Ask, reply: Reply, part: Part) -> Reply:
        """The answer to go by where ``reply`` is not the rest of ``part``, which is dropped then.

        A refusal may be one of the range alone, so it is asked without. Raises StatusError, with
        ``part`` as it was, for a refusal that may pass: a login that expired costs no gigabytes."""
        if reply.status == 304:
            part.drop()  # whoever asked for news only has the bytes
            return reply
        if reply.status == 206 or (400 <= reply.status < 500 and reply.status not in _GONE):
            reply.close()
            reply = self._send(ask, _NOTHING)
        another = 200 <= reply.status < 300 and reply.status != 206
        if not another and reply.status not in _GONE:
            raise refused(ask.url, reply)
        part.drop()
        return reply

    def slow_down(self, url: str, seconds: float) -> None:
        """Wait at least ``seconds`` between two requests to the origin of ``url``."""
        self.pace.slow_down(origin(url), seconds)

    def landed(self) -> None:
        """The bytes of all bodies that this thread has closed are safe: nothing of them is kept
        here any longer."""
        if self._parts is not None:
            self._parts.landed()

    def close(self) -> None:
        self._wire.close()

    def __enter__(self) -> Fetcher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, url: str, account: str, secret: Mapping[str, str], accept: str) -> Ask:
        headers = {"Accept": accept} if accept else {}
        if not account and not secret:
            return Ask(url, "", headers)
        self._wire.guard.check_secret(self._physical(url), shown(url))
        private = {"Authorization": account_of(account).authorization} if account else {}
        return Ask(url, origin(url), headers, private, dict(secret))

    def _followed(
        self,
        ask: Ask,
        stamp: Callable[[str], str],
        allowed: Callable[[str], None],
        wanted: Mapping[str, str],
    ) -> tuple[Ask, Reply]:
        """The answer at the end of all redirects, and what was asked for there."""
        passed: set[str] = set()
        while True:
            url = ask.url
            if url in passed or len(passed) > HOPS:
                raise CurateError(
                    f"{shown(url)} redirects in a circle or more than {HOPS} times",
                    "open it in a browser and use the address it ends at",
                )
            passed.add(url)
            allowed(url)
            condition = conditions(stamp(url))
            reply = self._send(ask, {**condition, **wanted})
            target = self._target(ask, reply)
            if target is None:
                if reply.status == 304 and not condition:
                    raise refused(url, reply)
                return ask, reply
            reply.close()
            ask = replace(ask, url=target)

    def _send(self, ask: Ask, more: Mapping[str, str]) -> Reply:
        """One answer of any status that need not be retried, redirects included; body unread."""
        home = origin(ask.url)
        for attempt in range(self.settings.retries + 1):
            turn = self.pace.turn(home)
            try:
                reply = self._once(ask, more)
            except faults.kinds() as fault:
                turn.done()
                if not faults.passing(fault) or attempt == self.settings.retries:
                    raise faults.said(ask.url, fault, self.settings.timeout) from None
                wait = self.patience.backoff(attempt)
            except BaseException:
                turn.done()
                raise
            else:
                reply.take(turn)
                if reply.status not in RETRY:
                    return reply
                wait = max(retry_after(reply.headers), self.patience.backoff(attempt))
                if attempt == self.settings.retries or wait > LONGEST_WAIT:
                    raise refused(ask.url, reply)
                reply.close()
                if "Retry-After" in reply.headers:
                    self.pace.rest(home, wait)  # not for this thread alone
            self.sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, ask: Ask, more: Mapping[str, str]) -> Reply:
        home, target = split(self._physical(ask.url))
        headers, secret = ask.told()
        if secret:
            target += ("&" if "?" in target else "?") + urlencode(secret)
        return self._wire.ask(home, target, {**headers, **more})

    def _physical(self, url: str) -> str:
        mapped = self._hosts.get(origin(url)) if self._hosts else None
        return moved(url, mapped) if mapped else url

    def _target(self, ask: Ask, reply: Reply) -> str | None:
        """The logical URL that ``reply`` redirects to, if it does; without our secrets, where it
        repeats them."""
        if reply.status not in _REDIRECT or not reply.headers.get("Location"):
            return None
        from requests.utils import requote_uri

        found = reply.headers["Location"].encode("latin-1").decode("utf-8", "replace")
        try:
            target = str(requote_uri(urljoin(ask.url, found).partition("#")[0]))
            there = origin(target)
        except (CurateError, ValueError):
            reply.close()
            raise CurateError(
                f"{shown(ask.url)} redirects to what is no web address", "look at it in a browser"
            ) from None
        mapped = self._hosts.get(origin(ask.url))
        target = moved(target, origin(ask.url)) if mapped == there else target
        return _without(target, ask.secret) if ask.secret else target


def _without(url: str, secret: Mapping[str, str]) -> str:
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    kept = [pair for pair in query if secret.get(pair[0]) != pair[1]]
    return url if kept == query else urlunsplit(parts._replace(query=urlencode(kept)))
