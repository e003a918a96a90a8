"""curate diff, yank and update."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.options import SHOWN, echo, echo_json, heading, in_workspace, language_of
from curate.cli.reports import tell_packs
from curate.cli.shortened import Shortened
from curate.cli.which import deciding
from curate.errors import CurateError, Exit
from curate.messages import Say, speaker
from curate.model import Language
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.bundle.updates.applying import Updated


@click.command(epilog="Example: curate diff guides 1.0.0 1.1.0")
@click.argument("what", nargs=-1, required=True, metavar="NAME A [B] | PATH PATH")
@click.option("--all", "whole", is_flag=True, help="Name every file, however many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with every file.")
@click.option(
    "--workspace", "folder", metavar="DIR", type=click.Path(path_type=Path),
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)  # fmt: skip
def diff(what: tuple[str, ...], whole: bool, as_json: bool, folder: Path | None) -> None:
    """Show what changed between two versions: added, changed, moved, removed, under other terms.

    Of a collection's releases (without B: the latest one), or of any two bundles by their paths: release
    folders, archives, unpacked bundles. Also tells the version number that follows from it (semver.org).
    """
    from curate.cli import changes
    from curate.pipeline.versions import compared

    if not 2 <= len(what) <= 3:
        raise click.UsageError("give NAME and one or two versions, or two paths")
    workspace = _found(folder)
    found = compared(workspace, what)
    if as_json:
        echo_json(changes.as_json(found))
    else:
        say = speaker(_language(workspace, found.new.name))
        changes.tell(found, say, len(found.old.files) + len(found.new.files) if whole else SHOWN)


def _found(folder: Path | None) -> Workspace | None:
    """None where there is none: buyers have none."""
    if folder:
        return Workspace.at(folder)
    try:
        return Workspace.find()
    except CurateError:
        return None


def _language(workspace: Workspace | None, name: str = "") -> Language:
    try:
        return language_of(workspace, [name]) if workspace else _system()
    except CurateError:
        return _system()


def _system() -> Language:
    """What the system speaks: buyers have no workspace that tells."""
    told = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, told), "").lower().startswith("zh") else "en"


@click.command(epilog="Example: curate yank guides 1.1.0 --why 'chapter 3 is not ours to sell'")
@click.argument("name")
@click.argument("version")
@click.option(
    "--why", metavar="TEXT", default="", help="The reason; buyers of later versions read it."
)
@click.option("--undo", is_flag=True, help="Put it back on sale.")
@click.option("--who", metavar="NAME", default="", help="Who says so; default: your login name.")
@in_workspace
def yank(workspace: Workspace, name: str, version: str, why: str, undo: bool, who: str) -> None:
    """Take a release off sale, with a reason.

    Nothing that was released changes, and whoever has it keeps it: what is listed, exported, published and
    updated from now on is the latest version that is not off sale, and the number is not used again.
    The next changelog tells it.
    """
    from curate.pipeline.versions import yank as run

    if undo == bool(why.strip()):
        raise click.UsageError("give either --why 'the reason' or --undo")
    why = " ".join(why.split())
    changed = run(workspace, name, version, deciding(who), why, undo)
    say = speaker(language_of(workspace, [name]))
    if not changed:
        echo(say("{name} {version}: nothing has changed", name=name, version=version))
    elif undo:
        echo(say("{name} {version} is on sale again", name=name, version=version))
    else:
        echo(say("{name} {version} is off sale: {why}", name=name, version=version, why=why))
    _latest(workspace, name, say)


def _latest(workspace: Workspace, name: str, say: Say) -> None:
    from curate.bundle.history import latest

    now = latest(workspace.build / name)
    echo(
        say("  the latest release is {version}", version=now)
        if now
        else say("  no release of it is on sale")
    )


class _Update(Shortened):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return ["apply", "make"]


@click.group(
    cls=_Update,
    default="apply",
    epilog="Example: curate update Guides-1.0.0 guides-1.0.0-to-1.1.0.zip",
    subcommand_metavar="[apply] FOLDER PACK | make NAME FROM TO",
)
@click.option(
    "--workspace", metavar="DIR", expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml. Buyers need none.",
)  # fmt: skip
def update() -> None:
    """Bring an unpacked bundle to a newer version with an update pack, or make such a pack.

    curate package makes the pack from the release before by itself.
    """


@update.command(epilog="Example: curate update Guides-1.0.0 guides-1.0.0-to-1.1.0.zip")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("pack", type=click.Path(path_type=Path))
@click.option(
    "--key", metavar="PUBLIC", default="",
    help="The seller's public key, or a file with it; default: the one in the folder's VERIFY.html.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Also where files of the bundle were changed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--workspace", metavar="DIR", type=click.Path(path_type=Path),
    help="A workspace whose language is spoken; none is needed.",
)  # fmt: skip
def apply(
    folder: Path, pack: Path, key: str, force: bool, as_json: bool, workspace: Path | None
) -> None:
    """Make the unpacked bundle in FOLDER the version that PACK leads to, checked to the last byte.

    Needs no workspace. May be stopped at any moment: the same command finishes. Files that you added stay
    where they are. Files of the bundle that you changed stop it before anything is touched; with --force,
    those that are replaced or removed are kept as NAME.mine, and the others stay as you made them (exit
    code 3).
    """
    from curate.bundle.updates.applying import update as run

    done = run(folder, pack, _public(key), force)
    if as_json:
        echo_json(
            {
                "version": 1, "folder": str(done.folder), "from": done.before, "to": done.now,
                "unchanged": done.unchanged, "signed": done.signed, "written": done.written,
                "moved": done.moved, "removed": done.removed,
                "kept": [{"path": path, "kept": kept} for path, kept in done.kept],
                "differing": list(done.differing), "added": list(done.added),
            }
        )  # fmt: skip
    else:
        _updated(done, speaker(_language(_found(workspace))))
    if done.differing:
        raise click.exceptions.Exit(Exit.PARTIAL)


def _public(key: str) -> str:
    """A key as minisign -P takes it, also out of a .pub file."""
    path = Path(key)
    try:
        if key and path.is_file():
            return path.read_text("utf-8", "replace").strip().rpartition("\n")[2].strip()
    except OSError:  # too long for a name: it is the key itself
        pass
    return key.strip()


def _updated(done: Updated, say: Say) -> None:
    heading(say("update {folder}", folder=done.folder))
    if done.unchanged:
        echo(say("  this is {version} already", version=done.now))
    else:
        echo(
            say(
                "  {before} → {now}: {written} files written, {moved} moved, {removed} removed",
                before=done.before, now=done.now, written=done.written, moved=done.moved,
                removed=done.removed,
            )
        )  # fmt: skip
    for path, kept in done.kept:
        echo(say("  what you changed in {path} is kept as {kept}", path=path, kept=kept))
    for path in done.differing:
        echo(
            say("  {path} is not as in this version: you changed or deleted it", path=path),
            err=True,
        )
    if done.added:
        echo(say("  {n} files are your own and were left alone", n=len(done.added)))
    echo(
        say("  every file of it is checked, and the seller's key vouches for them")
        if done.signed
        else say("  every file of it is checked by its checksum; no key vouches for them")
    )


@update.command(epilog="Example: curate update make guides 1.0.0 1.2.0")
@click.argument("name")
@click.argument("before", metavar="FROM")
@click.argument("now", metavar="TO")
@in_workspace
def make(workspace: Workspace, name: str, before: str, now: str) -> None:
    """Write the update pack between any two releases of a collection, into the folder of the latter."""
    from curate.pipeline.update import make as run

    packs = run(workspace, name, before, now)
    tell_packs(packs, language_of(workspace, [name]))
    if packs.why:
        raise click.exceptions.Exit(Exit.PROBLEMS)
