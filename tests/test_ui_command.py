"""curate ui and curate serve: who may see it, and what the command line never holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fastapi import FastAPI

from curate.api import Workspace
from curate.cli import main
from curate.shop.settings import Serve
from curate.web import seller, server


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Serve]]:
    """The password and the place of each server that was asked for; none is started."""
    Workspace.init(tmp_path / "w")
    found: list[tuple[str, Serve]] = []
    passwords: list[str] = []

    def app(workspace: object, password: str = "") -> FastAPI:
        passwords.append(password)
        return FastAPI()

    monkeypatch.setattr(seller, "app", app)
    monkeypatch.setattr(
        server, "run", lambda app, where, ready: found.append((passwords.pop(), where))
    )
    return found


def ui(tmp_path: Path, *args: str, **how: object) -> Result:
    command = ["ui", "--no-open", "--workspace", str(tmp_path / "w"), *args]
    return CliRunner().invoke(main, command, **how)  # type: ignore[arg-type]


def test_it_is_for_this_machine_and_asks_nothing(
    tmp_path: Path, started: list[tuple[str, Serve]]
) -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        assert ui(tmp_path, "--host", host).exit_code == 0
    assert started[0] == ("", Serve(host="127.0.0.1", port=8090))


def test_where_others_reach_it_there_is_a_password(
    tmp_path: Path, started: list[tuple[str, Serve]]
) -> None:
    refused = ui(tmp_path, "--host", "0.0.0.0")
    assert refused.exit_code == 1 and "there is no password" in refused.output
    secret = "four words make one"
    assert ui(tmp_path, "--host", "0.0.0.0", env={"CURATE_UI_PASSWORD": secret}).exit_code == 0
    (tmp_path / "word").write_text(f"{secret} more\n")
    assert ui(tmp_path, "--host", "::", "--password-file", str(tmp_path / "word")).exit_code == 0
    assert [password for password, _ in started] == [secret, f"{secret} more"]


def test_a_short_or_empty_password_is_none(
    tmp_path: Path, started: list[tuple[str, Serve]]
) -> None:
    (tmp_path / "word").write_text("\n")
    assert "fewer than 8" in ui(tmp_path, "--password-file", str(tmp_path / "word")).output
    assert "fewer than 8" in ui(tmp_path, env={"CURATE_UI_PASSWORD": "short"}).output
    assert (
        ui(tmp_path, "--password", "four words make one").exit_code == 2
    )  # never on the command line
    assert started == []


def test_serve_says_what_is_missing(tmp_path: Path) -> None:
    Workspace.init(tmp_path / "w")
    told = CliRunner().invoke(main, ["serve", "--workspace", str(tmp_path / "w")])
    assert told.exit_code == 1 and "curate shop init" in told.output
    (tmp_path / "w" / "shop.toml").write_text('[serve]\nproxies = ["nowhere"]\n')
    for args in (["--nginx"], []):
        told = CliRunner().invoke(main, ["serve", *args, "--workspace", str(tmp_path / "w")])
        assert told.exit_code == 1 and ("url" in told.output or "proxies" in told.output)
