"""Drives on this machine, spoken to over loopback: WebDAV by wsgidav, S3 by moto, SFTP by OpenSSH."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

USER, PASSWORD = "ann", "geheim-7391"


class Disk:
    """A drive that shows what lies in ``root``."""

    kind = ""

    def __init__(self, root: Path, state: Path) -> None:
        self.root = root
        self.state = state
        self.port = free_port()
        self.asked: list[str] = []
        """Method and path of each request for the bytes of a file; not known of SFTP."""
        self.changed: list[str] = []
        """Method, path and query of all others, of S3; of WebDAV what changes something."""
        self.state.mkdir(exist_ok=True)

    @property
    def options(self) -> dict[str, Any]:
        """Of the source."""
        raise NotImplementedError

    def start(self) -> None: ...

    def stop(self) -> None:
        """At once, whatever is under way."""

    def sync(self) -> None:
        """After ``root`` was changed."""


class WebDavDisk(Disk):
    kind = "webdav"

    @property
    def options(self) -> dict[str, Any]:
        return {"url": f"webdav://127.0.0.1:{self.port}", "account": "nas"}

    def start(self) -> None:
        from cheroot import wsgi
        from wsgidav.wsgidav_app import WsgiDAVApp

        app = WsgiDAVApp(
            {
                "provider_mapping": {"/": str(self.root)},
                "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
                "http_authenticator": {
                    "accept_basic": True, "accept_digest": False, "default_to_digest": False,
                },
                "property_manager": None,
                "verbose": 0,
                "logging": {"enable": False},
            }
        )  # fmt: skip

        def noted(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
            if environ["REQUEST_METHOD"] == "GET":
                path = environ["PATH_INFO"].encode("latin-1").decode()
                self.asked.append(f"GET {path} {environ.get('HTTP_RANGE', '')}".rstrip())
            elif environ["REQUEST_METHOD"] not in ("PROPFIND", "HEAD", "OPTIONS"):
                path = environ["PATH_INFO"].encode("latin-1").decode()
                self.changed.append(f"{environ['REQUEST_METHOD']} {path}")
            return app(environ, start)

        self.server = wsgi.Server(("127.0.0.1", self.port), noted, numthreads=4)
        self.server.shutdown_timeout = 0.2
        self.server.prepare()
        self.thread = threading.Thread(target=self.server.serve, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        for worker in self.server.requests._threads:
            with suppress(OSError):
                if worker.conn is not None:
                    worker.conn.socket.shutdown(socket.SHUT_RDWR)
        self.server.stop()
        self.thread.join()


class S3Disk(Disk):
    kind = "s3"

    @property
    def bucket(self) -> str:
        return f"bucket-{self.port}"  # all servers of moto share their buckets

    @property
    def options(self) -> dict[str, Any]:
        home = f"http://127.0.0.1:{self.port}"
        return {"url": f"s3://{self.bucket}/top", "endpoint": home, "account": "nas"}

    def start(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
        from werkzeug.serving import WSGIRequestHandler, make_server

        talking: set[socket.socket] = set()
        self.talking = talking

        class Quiet(WSGIRequestHandler):
            def setup(self) -> None:
                super().setup()
                talking.add(self.connection)

            def log_request(self, *_: object) -> None:
                pass

        app = DomainDispatcherApplication(create_backend_app)

        def guarded(environ: dict[str, Any], start: Callable[..., Any]) -> Any:
            path = environ["PATH_INFO"].encode("latin-1").decode()
            method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "")
            if "Credential=x/" in environ.get("HTTP_AUTHORIZATION", ""):
                return app(environ, start)
            if method != "GET":
                self.changed.append(f"{method} {path} {query}".rstrip())
            elif path != f"/{self.bucket}/":
                self.asked.append(f"GET {path} {environ.get('HTTP_RANGE', '')}".rstrip())
            if not signed(environ):
                start("403 Forbidden", [("Content-Type", "application/xml")])
                return [b"<Error><Code>SignatureDoesNotMatch</Code></Error>"]
            return app(environ, start)

        self.server = make_server("127.0.0.1", self.port, guarded, True, request_handler=Quiet)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.sync()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        for one in self.talking:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def sync(self) -> None:
        import requests

        home = f"http://127.0.0.1:{self.port}/{self.bucket}"
        scope = "x/20260101/us-east-1/s3/aws4_request"
        host = {
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
        }
        requests.put(home, headers=host, timeout=10)
        for path in sorted(self.root.rglob("*")):
            if path.is_file():
                key = quote(path.relative_to(self.root).as_posix())
                requests.put(f"{home}/top/{key}", path.read_bytes(), headers=host, timeout=10)


def signed(environ: dict[str, Any]) -> bool:
    """Did somebody who knows the secret sign this request? As botocore would have signed it."""
    if "X-Amz-Signature=" in environ.get("QUERY_STRING", ""):
        raw = environ.get("REQUEST_URI") or environ["RAW_URI"]
        return environ["REQUEST_METHOD"] == "GET" and signed_address(
            f"http://{environ['HTTP_HOST']}{raw}"
        )
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    given = environ.get("HTTP_AUTHORIZATION", "")
    names = given.partition("SignedHeaders=")[2].partition(",")[0].split(";")
    headers = {name: environ.get(f"HTTP_{name.upper().replace('-', '_')}", "") for name in names}
    raw = environ.get("REQUEST_URI") or environ["RAW_URI"]
    method = environ["REQUEST_METHOD"]
    request = AWSRequest(method, f"http://{environ['HTTP_HOST']}{raw}", headers=headers)
    request.context["timestamp"] = headers.get("x-amz-date", "")
    auth = S3SigV4Auth(Credentials(USER, PASSWORD), "s3", "us-east-1")
    wanted = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    return given.partition("Signature=")[2] == wanted


def signed_address(url: str) -> bool:
    """The same of an address that holds its signature."""
    import datetime
    from unittest import mock
    from urllib.parse import parse_qs

    from botocore.auth import S3SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    bare, _, query = url.partition("?")
    told = {name: values[0] for name, values in parse_qs(query).items()}
    moment = datetime.datetime.strptime(told["X-Amz-Date"], "%Y%m%dT%H%M%SZ")
    request = AWSRequest("GET", bare)
    with mock.patch("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: moment):
        who, seconds = Credentials(USER, PASSWORD), int(told["X-Amz-Expires"])
        S3SigV4QueryAuth(who, "s3", "us-east-1", expires=seconds).add_auth(request)
    return f"X-Amz-Signature={told['X-Amz-Signature']}" in str(request.url)


class SftpDisk(Disk):
    kind = "sftp"

    def __init__(self, root: Path, state: Path) -> None:
        super().__init__(root, state)
        self.program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/sbin:/usr/bin")
        if self.program is None:
            pytest.skip("there is no sshd on this machine (Debian: openssh-server)")
        if os.geteuid() == 0:
            # Where sshd is a service of the system this is there; sshd itself insists on it.
            with suppress(OSError):
                Path("/run/sshd").mkdir(exist_ok=True)
        import paramiko

        for name in ("host", "user"):
            key = paramiko.ECDSAKey.generate()
            key.write_private_key_file(str(self.state / name))
            setattr(self, name, key)
        user: Any = self.user  # type: ignore[attr-defined]
        (self.state / "authorized").write_text(f"{user.get_name()} {user.get_base64()}\n")
        (self.state / "config").write_text(
            f"""ListenAddress 127.0.0.1
Port {self.port}
HostKey {self.state}/host
AuthorizedKeysFile {self.state}/authorized
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
PidFile none
Subsystem sftp internal-sftp
"""
        )

    @property
    def options(self) -> dict[str, Any]:
        import getpass

        return {
            "url": f"sftp://127.0.0.1:{self.port}{quote(str(self.root))}",
            "user": getpass.getuser(),
            "key": str(self.state / "user"),
            "host_key": self.host.fingerprint,  # type: ignore[attr-defined]
        }

    def start(self) -> None:
        self.process = subprocess.Popen(
            [str(self.program), "-D", "-e", "-f", str(self.state / "config")],
            stderr=(self.state / "log").open("wb"),
        )  # fmt: skip
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        pytest.skip(f"sshd does not start: {(self.state / 'log').read_text()[-200:]}")

    def stop(self) -> None:
        import psutil

        # Each connection is served by a process of its own, in a session of its own.
        for one in (*psutil.Process(self.process.pid).children(recursive=True), self.process):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()


DISKS: dict[str, type[Disk]] = {one.kind: one for one in (WebDavDisk, S3Disk, SftpDisk)}


@contextmanager
def canned(
    answer: Callable[[str, str], tuple[int, dict[str, str], bytes]],
    told: list[str] | None = None,
) -> Iterator[str]:
    """A server that says whatever ``answer`` gives for a method and path. Gives "127.0.0.1:PORT";
    ``told`` takes what was sent as Authorization."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if told is not None:
                told.append(self.headers.get("Authorization", ""))
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, headers, body = answer(self.command, self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if "Content-Length" not in headers:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_PROPFIND = do_HEAD = do_PUT = do_POST = do_MKCOL = do_MOVE = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
