"""curate key new and show."""

from __future__ import annotations

import os
from pathlib import Path

import click

from curate import signing
from curate.cli.options import echo, echo_json, in_workspace
from curate.cli.shortened import Shortened
from curate.messages import Say, speaker
from curate.workspace import Workspace


@click.group(
    cls=Shortened,
    default="show",
    bare=True,
    epilog="Example: curate key new",
    subcommand_metavar="[show] | new",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def key() -> None:
    """Make or show the key that your bundles are signed with.

    It lies in keys/ of the workspace. Every bundle that is built after it was made is signed.
    """


@key.command(epilog="Example: curate key new --password")
@click.option(
    "--password", is_flag=True,
    help=f"Protect it with a password: asked for now, or taken from {signing.PASSWORD}. Whoever builds "
    "a bundle has to set that variable.",
)  # fmt: skip
@in_workspace
def new(workspace: Workspace, password: bool) -> None:
    """Make the key, one for all that you sell. An old one is never overwritten."""
    say = speaker(workspace.settings.language)
    signing.vacant(workspace.keys)
    signer = signing.create(workspace.keys, _password(say) if password else "")
    echo(say("made the key {path}", path=workspace.keys / signing.SECRET))
    _tell(signer.public, workspace.keys, say)
    echo(
        say("Keep a copy of {path} in a safe place, apart from this computer.", path=workspace.keys)
    )
    echo(
        say(
            "If you lose it, nobody can sign new versions that buyers check with this public key; whoever"
            " gets it can sign in your name."
        )
    )  # fmt: skip


@key.command(epilog="Example: curate key show")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def show(workspace: Workspace, as_json: bool) -> None:
    """Print the public key, where it lies, and how a buyer checks a bundle with it."""
    public = signing.public(workspace.keys)
    if as_json:
        path = str(workspace.keys / signing.PUBLIC)
        echo_json({"version": 1, "public_key": public, "path": path})
        return
    _tell(public, workspace.keys, speaker(workspace.settings.language))


def _password(say: Say) -> str:
    """From the environment, or asked for twice without showing it."""
    word = os.environ.get(signing.PASSWORD, "")
    return word or str(
        click.prompt(
            say("Password"), hide_input=True, confirmation_prompt=say("Once more"), err=True
        )
    )


def _tell(public: str, folder: Path, say: Say) -> None:
    echo(say("public key: {key}", key=public))
    echo(say("its file: {path}", path=folder / signing.PUBLIC))
    echo(say("Publish it where you sell. Buyers check a bundle with VERIFY.html in it, or with:"))
    echo(f"  minisign -Vm NAME-1.0.0.zip -P {public}")
