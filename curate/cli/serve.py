"""curate serve and ui: pages in a browser, for buyers and for the seller."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.options import echo, in_workspace, language_of
from curate.errors import CurateError
from curate.messages import Say, speaker
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.shop.settings import Serve

_PASSWORD = "CURATE_UI_PASSWORD"
_SHORTEST = 8
_PORT = click.IntRange(0, 65535)


@click.command(epilog="Example: curate serve --nginx > curate.conf")
@click.option("--host", metavar="ADDRESS", help="Instead of the one in shop.toml.")
@click.option("--port", type=_PORT, help="Instead of the one in shop.toml; 0 for any that is free.")
@click.option(
    "--nginx",
    "front",
    is_flag=True,
    help="Print the configuration of nginx in front of it, and end.",
)
@in_workspace
def serve(workspace: Workspace, host: str | None, port: int | None, front: bool) -> None:
    """Run the download server for buyers until it is stopped.

    What it listens on, and where buyers reach it, stands in shop.toml under [serve]. Of each request the
    log has the first part of its path, and no address whole.
    """
    import msgspec

    from curate.shop import Shop

    found = Shop.open(workspace)
    given = {name: one for name, one in (("host", host), ("port", port)) if one is not None}
    where = msgspec.structs.replace(found.settings.serve, **given)
    shop = Shop(workspace, msgspec.structs.replace(found.settings, serve=where))
    if front:
        from curate.web import nginx

        click.echo(nginx.configuration(shop))
        return
    from curate.web import buyers, server

    say = speaker(language_of(workspace))
    server.run(buyers.app(shop), where, lambda url: _serving(say, url, where))


def _serving(say: Say, url: str, where: Serve) -> None:
    echo(
        say(
            "Buyers are served at {url}, for {outside}; Ctrl-C ends it.",
            url=url,
            outside=where.url or "–",
        )
    )
    if not where.url:
        echo(
            say(
                "shop.toml does not say where buyers reach it: messages to them have no address yet."
            ),
            err=True,
        )
    elif where.url.startswith("http:") and not _local(_host(where.url)):
        echo(
            say("{url} is not encrypted: codes can be read on their way.", url=where.url), err=True
        )


@click.command(epilog="Example: curate ui --no-open --port 8090")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Default: this machine alone.")
@click.option("--port", type=_PORT, default=8090, show_default=True)
@click.option("--no-open", is_flag=True, help="Do not open the browser.")
@click.option(
    "--password-file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help=f"Its first line is the password; else {_PASSWORD}, or you are asked.",
)  # fmt: skip
@in_workspace
def ui(
    workspace: Workspace, host: str, port: int, no_open: bool, password_file: Path | None
) -> None:
    """Open your own page: library, review, bundles, orders and outbox.

    It is for this machine alone. With another --host it asks everybody for a password, which is never
    given on the command line: other users of this machine could read it there.
    """
    password = _password(host, password_file)
    from curate.shop.settings import Serve
    from curate.web import seller, server

    say = speaker(language_of(workspace))

    def ready(url: str) -> None:
        echo(say("Your page: {url}; Ctrl-C ends it.", url=url))
        if not no_open:
            _open(url)

    server.run(seller.app(workspace, password), Serve(host=host, port=port), ready)


def _password(host: str, file: Path | None) -> str:
    """ "" where none is needed and none was given. Raises CurateError."""
    if file is not None:
        try:
            found = next(iter(file.read_text("utf-8").splitlines()), "").strip()
        except UnicodeDecodeError as fault:
            raise CurateError(f"{file} is not UTF-8", "write the password as plain text") from fault
    else:
        found = os.environ.pop(_PASSWORD, "")
    given = file is not None or bool(found)
    if not given and not _local(host):
        if not sys.stdin.isatty():
            raise CurateError(
                f"{host} can be reached by others, and there is no password",
                f"set {_PASSWORD}, or name a file that holds it: --password-file FILE",
            )
        found, given = click.prompt("Password", hide_input=True, confirmation_prompt=True), True
    if given and len(found) < _SHORTEST:
        raise CurateError(
            f"the password has fewer than {_SHORTEST} characters",
            "take a longer one, such as four words",
        )
    return found


def _local(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return urlsplit(url).hostname or ""


def _open(url: str) -> None:
    """In a thread: where only a browser for terminals is there, opening it would wait for its end."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
