"""The download server on a port of this machine, in a thread; and a client that hides nothing."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import uvicorn

from curate.shop import Shop
from curate.shop.access import grants
from curate.shop.access.grants import Grant
from curate.shop.aftersales import acknowledge
from curate.web import buyers


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def __getitem__(self, name: str) -> str:
        return self.headers.get(name.lower(), "")


@dataclass
class Browser:
    """Keeps cookies, follows nothing."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(
        self, path: str, method: str = "GET", form: Mapping[str, str] | None = None, **headers: str
    ) -> Reply:
        place = urlsplit(self.url)
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if form is not None:
            method, body = "POST", urlencode(form)
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        try:
            connection.request(method, path, body, sent)
            got = connection.getresponse()
            told = {name.lower(): value for name, value in got.getheaders()}
            reply = Reply(got.status, told, got.read())
        finally:
            connection.close()
        for name, value in got.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0].strip('"')
        return reply

    def enter(self, shop: Shop, grant: Grant) -> Reply:
        """With the code, and agreeing that what was downloaded is not returned."""
        entered = self.ask("/open", form={"code": grants.code(shop, grant)})
        if entered.status == 303:
            text = acknowledge.texts()[-1].version
            assert self.ask(f"/order/{grant.serial}/agree", form={"text": text}).status == 303
        return entered

    def link(self, grant: Grant, file: str = "notes-1.0.0.zip") -> Reply:
        return self.ask(f"/order/{grant.serial}/link", form={"file": file})


@contextmanager
def serving(shop: Shop) -> Iterator[Browser]:
    """The application of ``shop`` until the block ends."""
    config = uvicorn.Config(
        buyers.app(shop), port=0, log_config=None, ws="none", lifespan="off", http="h11",
        proxy_headers=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.listen(256)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield Browser(f"http://127.0.0.1:{listening.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join()
