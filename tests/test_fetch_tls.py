"""Certificates are checked for the host's name, although the address is chosen by us."""

from __future__ import annotations

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection

from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.workspace import Fetch
from tests.server import Answer, Server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For "localhost" and "far.invalid", with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("far.invalid")]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    kind = serialization.Encoding.PEM
    secret = key.private_bytes(
        kind, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(kind) + secret)
    return path


@pytest.fixture
def port(certificate: Path) -> Iterator[int]:
    with Server() as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
        server.always("/", Answer(body=b"secure"))
        yield int(server.url.rpartition(":")[2])


def fetcher() -> Fetcher:
    return Fetcher(Fetch(delay=0, retries=0, timeout=5, private=("127.0.0.1", "::1")))


def test_a_known_certificate_for_this_name(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with fetcher() as fetch:
        for _ in range(2):
            with fetch.get(f"https://localhost:{port}/") as got:
                assert got.body.read() == b"secure"
        with pytest.raises(CurateError, match="no valid certificate"):
            fetch.get(f"https://127.0.0.1:{port}/")


def test_a_certificate_that_nobody_vouches_for(port: int) -> None:
    with fetcher() as fetch, pytest.raises(CurateError, match="no valid certificate"):
        fetch.get(f"https://localhost:{port}/")


@contextmanager
def tunnelling(port: int, asked: list[bytes]) -> Iterator[str]:
    """A proxy that leads every tunnel to ``port`` on this computer."""

    def copy(source: socket.socket, to: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                asked.append(near.recv(65536).partition(b" HTTP/")[0])
                far = socket.create_connection(("127.0.0.1", port))
                near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=copy, args=ends, daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_certificates_through_the_tunnel_of_a_proxy(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    asked: list[bytes] = []
    with tunnelling(port, asked) as proxy:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy)
        with fetcher() as fetch:
            for _ in range(2):
                with fetch.get("https://far.invalid/") as got:
                    assert got.body.read() == b"secure"
            with pytest.raises(CurateError, match="no valid certificate"):
                fetch.get("https://other.invalid:8443/")
    assert asked == [b"CONNECT far.invalid:443", b"CONNECT other.invalid:8443"]


def test_urllib3_has_what_it_does_not_promise() -> None:
    """Each of these is private; where one is gone, urllib3 has to be bounded in pyproject.toml until
    what uses it has found another way."""
    for pool in (HTTPConnectionPool("localhost"), HTTPSConnectionPool("localhost")):
        assert hasattr(pool, "_new_conn"), "curate/fetch/wire.py makes connections with it"
        made = cast("HTTPConnection", pool._new_conn())
        assert isinstance(made, pool.ConnectionCls), "curate/fetch/wire.py puts its own class there"
        assert hasattr(made, "_new_conn"), "curate/fetch/guard.py replaces it to choose the address"
        assert made._dns_host == "localhost", "curate/fetch/guard.py looks that name up"
