"""Passwords, tokens and keys go to their server and nowhere else."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from types import ModuleType

import pytest

from curate.errors import CurateError
from curate.fetch import Fetcher, StatusError
from curate.fetch.credentials import Account, account
from curate.workspace import Fetch
from tests.server import Answer, Server, redirect

KEY = "k3y-of-mine"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(autouse=True)
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)


def fetcher(**settings: object) -> Fetcher:
    made = Fetch(**{"delay": 0.0, "retries": 0, "private": ("127.0.0.1",), **settings})  # type: ignore[arg-type]
    return Fetcher(made)


def test_an_account_from_the_environment(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setenv("CURATE_MY_NAS_2_USER", "ann")
    monkeypatch.setenv("CURATE_MY_NAS_2_PASSWORD", "geheim")
    monkeypatch.setenv("CURATE_HUB_TOKEN", "t0ken")
    server.always("/", Answer(body=b"x"))
    with fetcher() as fetch:
        fetch.get(f"{server.url}/", account="my-nas.2", accept="text/html").close()
        fetch.get(f"{server.url}/", account="hub").close()
        fetch.get(f"{server.url}/").close()
    first, second, third = (request.headers for request in server.requests)
    assert (first["Authorization"], first["Accept"]) == ("Basic YW5uOmdlaGVpbQ==", "text/html")
    assert second["Authorization"] == "Bearer t0ken"
    assert "Authorization" not in third


def test_an_account_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = ModuleType("keyring")
    kept = {
        ("curate", "hub:token"): "t0ken",
        ("curate", "store:user"): "the access key",
        ("curate", "store:password"): "its secret",
        ("curate", "half:password"): "of nobody",
        ("another", "mine:token"): "of another program",
    }
    ring.get_password = lambda service, name: kept.get((service, name))  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", ring)
    assert account("hub") == Account(token="t0ken")
    assert account("store") == Account("the access key", "its secret")
    for name in ("half", "mine"):
        with pytest.raises(CurateError, match=f"account '{name}'") as caught:
            account(name)
        for part in ("token", "user", "password"):
            assert f"keyring set curate {name}:{part}" in caught.value.hint


def test_a_broken_keyring_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = ModuleType("keyring")
    monkeypatch.setitem(sys.modules, "keyring", ring)  # without any function
    with pytest.raises(CurateError, match="account 'hub'") as caught:
        account("hub")
    assert "CURATE_HUB_TOKEN" in caught.value.hint and "CURATE_HUB_USER" in caught.value.hint


def test_another_origin_is_told_nothing(monkeypatch: pytest.MonkeyPatch, server: Server) -> None:
    monkeypatch.setenv("CURATE_HUB_TOKEN", "t0ken")
    with Server() as other:
        other.always("/file?a=1", Answer(body=b"x"))
        server.say(f"/a?key={KEY}", redirect(f"/b?key={KEY}"))
        server.say(f"/b?key={KEY}", redirect(f"{other.url}/file?a=1&key={KEY}"))
        with fetcher() as fetch:
            got = fetch.get(f"{server.url}/a", account="hub", secret={"key": KEY})
        assert got.url == f"{other.url}/file?a=1"
        assert "Authorization" not in other.requests[0].headers
    assert all(one.headers["Authorization"] == "Bearer t0ken" for one in server.requests)


@pytest.mark.parametrize("asked", [{"account": "hub"}, {"secret": {"key": KEY}}], ids=str)
def test_nothing_secret_over_plain_http(
    monkeypatch: pytest.MonkeyPatch, asked: dict[str, object]
) -> None:
    monkeypatch.setenv("CURATE_HUB_TOKEN", "t0ken")
    with pytest.raises(CurateError, match="plain http"):
        fetcher().get("http://example.org/", **asked)  # type: ignore[arg-type]


def test_secrets_are_never_said(
    monkeypatch: pytest.MonkeyPatch, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CURATE_HUB_TOKEN", "t0ken")
    caplog.set_level(logging.DEBUG)
    server.always(f"/ok?q=1&key={KEY}", Answer(body=b"x"))
    server.always(f"/cut?key={KEY}", Answer(body=b"x" * 10, cut=1))
    server.always(f"/gone?key={KEY}", Answer(close=True))
    server.always(f"/away?key={KEY}", redirect("http://["))
    said = ""
    with fetcher() as fetch:
        got = fetch.get(f"{server.url}/ok?q=1", account="hub", secret={"key": KEY})
        said += repr(got) + repr(got.body.read()) + repr(fetch._ask(got.url, "hub", {"k": KEY}, ""))
        for path in ("/none", "/cut", "/gone", "/away"):
            try:
                fetch.get(f"{server.url}{path}", account="hub", secret={"key": KEY}).body.read()
            except CurateError as fault:
                said += "".join(traceback.format_exception(fault)) + fault.hint
                assert isinstance(fault, StatusError) == (path == "/none")
            else:
                raise AssertionError(path)
    said += caplog.text + repr(account("hub"))
    assert KEY not in said and "t0ken" not in said
    assert server.requests[0].path == f"/ok?q=1&key={KEY}"
