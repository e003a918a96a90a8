"""Certificates are checked for the host's name, although the address is chosen by us."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.workspace import Fetch
from tests.server import Answer, Server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For "localhost", with its key, in one file."""
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
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
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
