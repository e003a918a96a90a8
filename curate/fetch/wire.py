"""Connections to servers. requests and urllib3 set them up: proxies and certificates of the
environment, TLS, tunnels. What is said on them is said here, as thousands of small pages a second
are asked for, and nothing of it is ever logged."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from curate.errors import CurateError
from curate.fetch.addresses import origin
from curate.fetch.guard import Guard, guarded, is_local
from curate.fetch.reply import Cut, Reply
from curate.workspace import Fetch

if TYPE_CHECKING:
    import socket

    import requests
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool

ORIGINS = 64
"""Servers whose connections are kept."""
_READY = re.compile(
    r"(https?://[a-z0-9]+(?:[.-][a-z0-9]+)*(?::\d+)?)"
    r"(/(?:[A-Za-z0-9/_~!$&'()*+,;=:@.-]|%[0-9A-F]{2})*(?:\?(?:[A-Za-z0-9/?_~!$&'()*+,;=:@.-]|%[0-9A-F]{2})*)?)"
    r"(?:#.*)?"
)
"""An address that is written as it is sent; any other is put into that form first."""
_ESCAPED = re.compile(r"%(?:2D|2E|5F|7E|3\d|4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A])")  # needlessly


def split(url: str) -> tuple[str, str]:
    """The origin of ``url``, and its path and query as they are sent. Raises what requests raises
    for no address, UnicodeError too."""
    ready = _READY.fullmatch(url)
    if ready and "/." not in ready[2] and not _ESCAPED.search(ready[2]):
        home = ready[1]
        if home.count(":") == 1:
            return home, ready[2]
        return origin(home), ready[2]
    import requests

    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    found = prepared.url or url
    parts = urlsplit(found)
    return origin(found), (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class _Line:
    """What all requests to one origin share."""

    pool: HTTPConnectionPool
    prefix: str  # before the path: the origin, where a proxy is asked in plain HTTP
    head: bytes
    tunnel: bool
    # Not urllib3's own queue: an answer that the garbage collector closes comes back at any moment,
    # also while this thread holds that queue's lock.
    idle: deque[HTTPConnection] = field(default_factory=deque)

    def connection(self) -> HTTPConnection:
        """One that is open still, else a new one."""
        from urllib3.util.connection import is_connection_dropped

        while self.idle:
            try:
                kept = self.idle.pop()
            except IndexError:  # another thread was faster
                break
            if not is_connection_dropped(kept):
                return kept
            kept.close()
        # Private to urllib3, but steady since its first version. It hands all that the pool knows of
        # certificates and proxies to ConnectionCls; said here, what later versions add would be left out.
        return cast("HTTPConnection", self.pool._new_conn())

    def connect(self, connection: HTTPConnection) -> None:
        if self.tunnel:
            host = self.pool.host
            scheme = "https" if self.pool.proxy and self.pool.proxy.scheme == "https" else "http"
            connection.set_tunnel(
                f"[{host}]" if ":" in host else host,
                self.pool.port,
                self.pool.proxy_headers,
                scheme,
            )
        connection.connect()

    def close(self) -> None:
        while self.idle:
            with suppress(IndexError):
                self.idle.pop().close()
        self.pool.close()


class Wire:
    """All connections of a fetcher; any thread may use it."""

    def __init__(self, settings: Fetch, agent: str) -> None:
        self.guard = Guard(settings)
        self._settings = settings
        self._agent = agent.encode()
        self._kept = max(settings.per_host, 8)  # idle connections to one origin
        self._lock = threading.Lock()
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        self._session: requests.Session | None = None

    def ask(self, home: str, target: str, headers: Mapping[str, str]) -> Reply:
        """GET ``target`` of the server ``home``: the head of its answer. Raises Forbidden, OSError,
        UnicodeError, Garbled, and what requests and urllib3 raise."""
        line = self._line(home)
        request = _request(line, target, headers)
        while True:
            connection = line.connection()
            fresh = connection.is_closed
            try:
                return self._asked(line, connection, request)
            except BaseException as fault:
                with suppress(OSError):
                    connection.close()
                if fresh or not isinstance(fault, (Cut, ConnectionError)):
                    raise
                # The server had closed a kept connection just now: that is no failure of its own.

    def _asked(self, line: _Line, connection: HTTPConnection, request: bytes) -> Reply:
        if connection.is_closed:
            connection.timeout = self._settings.timeout
            line.connect(connection)
        sock = cast("socket.socket", connection.sock)
        sock.sendall(request)

        def release(again: bool) -> None:
            if again and len(line.idle) < self._kept:
                line.idle.append(connection)
            else:
                connection.close()

        return Reply(sock, self._settings.timeout, release)

    def close(self) -> None:
        with self._lock:
            lines, self._lines = list(self._lines.values()), OrderedDict()
            if self._session is not None:
                self._session.close()
        for line in lines:
            line.close()

    def _line(self, home: str) -> _Line:
        with self._lock:
            line = self._lines.get(home)
            if line is None:
                line = self._lines[home] = self._new(home)
                if len(self._lines) > ORIGINS:
                    self._lines.popitem(last=False)[1].close()  # answers that are open stay so
            else:
                self._lines.move_to_end(home)
            return line

    def _new(self, home: str) -> _Line:
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.util.proxy import connection_requires_http_tunnel

        parts = urlsplit(home)
        if self._session is None:
            self._session = requests.Session()
        ours = self._session.merge_environment_settings(f"{home}/", {}, True, None, None)
        proxies = cast("dict[str, str]", ours["proxies"])
        if is_local(parts.hostname or ""):
            proxies = {}  # a proxy's own loopback is not this computer's
        prepared = requests.Request("GET", f"{home}/").prepare()
        adapter = cast(HTTPAdapter, self._session.get_adapter(f"{home}/"))
        verify = ours["verify"] or True
        pool = _pool(adapter, prepared, verify, proxies)
        adapter.cert_verify(  # type: ignore[no-untyped-call]
            pool, f"{home}/", verify, None
        )
        tunnel = bool(
            pool.proxy
            and connection_requires_http_tunnel(pool.proxy, pool.proxy_config, parts.scheme)
        )
        through = adapter.request_url(prepared, cast(Any, proxies)) == f"{home}/"
        if pool.proxy or _socks(pool):
            self.guard.check_name(parts.hostname or "", parts.port)
        else:
            pool.ConnectionCls = cast(Any, guarded(cast(Any, pool.ConnectionCls), self.guard))
        headers = dict(pool.proxy_headers) if through else {}
        return _Line(pool, home if through else "", self._head(parts.netloc, headers), tunnel)

    def _head(self, host: str, proxy: Mapping[str, str]) -> bytes:
        fields = [b"Host: " + host.encode("idna" if not host.isascii() else "ascii")]
        fields += [b"User-Agent: " + self._agent, b"Accept-Encoding: gzip"]
        fields += [f"{name}: {value}".encode("latin-1") for name, value in proxy.items()]
        return b" HTTP/1.1\r\n" + b"\r\n".join(fields) + b"\r\nConnection: keep-alive\r\n"


def _pool(
    adapter: Any, prepared: requests.PreparedRequest, verify: Any, proxies: dict[str, str]
) -> HTTPConnectionPool:
    import requests

    try:
        found = adapter.get_connection_with_tls_context(prepared, verify, proxies=proxies)
    except requests.exceptions.InvalidSchema as fault:
        raise CurateError(
            "the proxy of the environment (ALL_PROXY or HTTPS_PROXY) speaks SOCKS, which needs one "
            "more package",
            "install it with: pip install pysocks; or name the http:// port of the proxy",
        ) from fault
    return cast("HTTPConnectionPool", found)


def _socks(pool: HTTPConnectionPool) -> bool:
    return "SOCKS" in type(pool).__name__


def _request(line: _Line, target: str, headers: Mapping[str, str]) -> bytes:
    own = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    if "Accept" not in headers:
        own += "Accept: */*\r\n"
    if own.count("\n") != own.count("\r\n") or own.count("\n") != len(headers) + (
        "Accept" not in headers
    ):
        raise UnicodeError("a line break in a header")
    start = f"GET {line.prefix}{target}".encode("ascii")
    return start + line.head + own.encode("latin-1") + b"\r\n"
