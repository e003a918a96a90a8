"""Addresses that are not public are refused, wherever they come from."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.fetch.guard import Guard, is_public
from curate.workspace import Fetch
from tests.server import Answer, Server, redirect


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        running.always("/", Answer(body=b"x"))
        yield running


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0.0.0.0", "localhost",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]",
        "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1",
        "240.0.0.1", "255.255.255.255", "192.0.2.1", "[fd00::1]", "[ff02::1]", "[fec0::1]",
        "[2001:db8::1]", "[::ffff:169.254.169.254]", "127.0.0.1.",
    ],
)  # fmt: skip
def test_private_addresses_are_not_asked(host: str, server: Server) -> None:
    port = server.url.rpartition(":")[2]
    slept: list[float] = []
    with (
        Fetcher(Fetch(delay=0, timeout=2), sleep=slept.append) as fetch,
        pytest.raises(CurateError, match=r"not public|cannot be re") as caught,
    ):
        fetch.get(f"http://{host}:{port}/")
    assert server.count() == 0
    if "not public" in caught.value.message:
        assert f"http://{host}:{port}/" in caught.value.message
        assert "[fetch] private = [" in caught.value.hint
        assert not slept, "it is not tried again"


@pytest.mark.parametrize(
    "private", ["127.0.0.1", "127.0.0.0/8", "LOCALHOST", "localhost:{port}", "127.0.0.1:{port}"]
)
def test_a_server_of_ones_own_may_be_named(private: str, server: Server) -> None:
    port = server.url.rpartition(":")[2]
    url = f"http://localhost:{port}/"
    with Fetcher(Fetch(delay=0, private=(private.format(port=port),))) as fetch:
        assert fetch.get(url).body.read() == b"x"


@pytest.mark.parametrize("private", ["127.0.0.1:1", "localhost:1", "10.0.0.0/8", "nas.local"])
def test_naming_one_server_opens_no_other(private: str, server: Server) -> None:
    fetch = Fetcher(Fetch(delay=0, private=(private,)))
    with pytest.raises(CurateError, match="not public"):
        fetch.get(f"{server.url}/")


def test_a_redirect_inward_is_refused(server: Server) -> None:
    with Server() as outer:
        outer.always("/", redirect(f"{server.url}/secret"))
        with (
            Fetcher(Fetch(delay=0, hosts={"https://site.test": outer.url})) as fetch,
            pytest.raises(CurateError, match="not public"),
        ):
            fetch.get("https://site.test/")
    assert server.count() == 0


def test_a_name_is_resolved_once_and_that_address_is_asked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that says a public address first and a private one then (rebinding)."""
    port = int(server.url.rpartition(":")[2])
    answers = [["192.0.2.1", "127.0.0.1"], ["127.0.0.1"]]
    dialled: list[str] = []

    def resolve(host: str, *_: object) -> list[object]:
        found = answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (one, port)) for one in found]

    def connect(self: socket.socket, where: tuple[str, int]) -> None:
        dialled.append(where[0])
        raise ConnectionRefusedError

    guard = Guard(Fetch())
    monkeypatch.setattr("curate.fetch.guard.is_public", lambda one: str(one) == "192.0.2.1")
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(ConnectionRefusedError):
        guard.dial("evil.test", port, 1.0, None)
    assert dialled == ["192.0.2.1"], "of several addresses only the public ones are asked"
    assert len(answers) == 1


@pytest.mark.parametrize(
    "private", ["http://nas.local", "a b", "10.0.0.0/99", "host:99999", "300.1.1.1", "", "[nas]"]
)
def test_a_wrong_entry_is_named(private: str) -> None:
    with pytest.raises(ValueError, match=r"private: .* is no host, host:port or network"):
        Fetch(private=(private,))


@given(st.ip_addresses(v=4))
def test_carried_addresses_count_as_what_they_carry(address: ipaddress.IPv4Address) -> None:
    carried = int(address)
    for prefix in (0xFFFF << 32, 0x64FF9B << 96):
        assert is_public(ipaddress.IPv6Address(prefix | carried)) == is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_public_addresses_are_open(address: str) -> None:
    assert Guard(Fetch()).allows("example.org", 443, address)


def test_through_a_proxy_what_can_be_judged_is(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, server.url)
    server.always("http://example.invalid/", Answer(body=b"by the proxy"))
    with Fetcher(Fetch(delay=0)) as fetch:
        assert fetch.get("http://example.invalid/").body.read() == b"by the proxy"
        for host in ("169.254.169.254", "2852039166", "localhost"):
            with pytest.raises(CurateError, match="not public"):
                fetch.get(f"http://{host}/")
    assert server.count() == 1


def test_localhost_is_this_computer_without_asking_a_name_server(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(*_: object, **__: object) -> list[object]:
        raise socket.gaierror("no name server, and a hosts file without a line for localhost")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    port = server.url.rpartition(":")[2]
    with Fetcher(Fetch(delay=0, private=("localhost",))) as fetch:
        assert fetch.get(f"http://localhost:{port}/").body.read() == b"x"
        with pytest.raises(CurateError, match="cannot be reached"):
            fetch.get(f"http://elsewhere.test:{port}/")
