"""curate rights: what may be packaged and why, and what people decide about it."""

from __future__ import annotations

import functools
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from curate.cli.grants import grants, policy
from curate.cli.options import (
    SHOWN,
    echo,
    echo_json,
    heading,
    in_workspace,
    language_of,
    print_next,
)
from curate.errors import CurateError
from curate.messages import Say, render, speaker
from curate.model import Language
from curate.pipeline.rights import Ask, Group, Ruling, Which, rulings, summary
from curate.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])
_FILTERS = (
    ("--outcome", click.Choice(["allow", "ask", "deny"]), "", "How it was decided."),
    ("--license", None, "SPDX", "An id in its licence expression."),
    ("--rule", None, "NAME", "A rule that decided it."),
    ("--below", None, "FOLDER", "In this folder of its source, or at an address that begins so."),
    ("--says", None, "TEXT", "Words of a statement about it."),
    ("--category", None, "NAME", None),
    ("--grant-held", None, "NAME", "It stands on this grant."),
)  # fmt: skip


def filters(command: F) -> F:
    """Adds the options that say which items are meant, and hands the command one Which."""

    @functools.wraps(command)
    def wrapped(*args: Any, **values: Any) -> Any:
        chosen = {
            name: values.pop(name) or ""
            for name in ("license", "rule", "below", "says", "category")
        }
        which = Which(
            values.pop("items", ()),
            values.pop("outcome"),
            grant=values.pop("grant_held") or "",
            **chosen,
        )
        return command(*args, which=which, **values)

    for name, kind, metavar, text in reversed(_FILTERS):
        wrapped = click.option(name, type=kind, metavar=metavar or None, help=text)(wrapped)
    return wrapped  # type: ignore[return-value]


class _Rights(click.Group):
    """``curate rights NAME`` is short for ``curate rights show NAME``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        place: list[str] = []
        while args and args[0].partition("=")[0] == "--workspace":
            width = 1 if "=" in args[0] else 2
            place, args = place + args[:width], args[width:]
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["show", *args]
        return super().parse_args(ctx, [*args[:1], *place, *args[1:]] if args else [])


@click.group(
    cls=_Rights,
    epilog="Example: curate rights guides --outcome ask",
    subcommand_metavar="[show] COLLECTION | COMMAND …",
)
@click.option(
    "--workspace",
    metavar="DIR",
    expose_value=False,
    help="The workspace; default: the nearest folder upward that holds curate.toml.",
)
def rights() -> None:
    """Show and decide what may be packaged, and why.

    curate rights COMMAND --help tells the options of each; docs/rights.md tells how it all works.
    """


@rights.command(
    short_help="Count and group, or list items.",
    epilog="Example: curate rights show guides --outcome deny",
)
@click.argument("collection")
@filters
@click.option("--items", "all_items", is_flag=True, help="List single items; a filter does so too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def show(
    workspace: Workspace, collection: str, which: Which, all_items: bool, as_json: bool
) -> None:
    """What is allowed, asked and refused, grouped by licence and rule; or item by item."""
    (name,) = workspace.chosen([collection])
    language = language_of(workspace, [name])
    found = rulings(workspace, name, which)
    listed = found if all_items or which else []
    if as_json:
        echo_json(_data(name, found, listed, language))
        return
    say, told = speaker(language), summary(found)
    heading(say("rights of {name}", name=name))
    echo(say("  {allow} allowed, {ask} asked, {deny} refused", **told.counts))
    for one in listed:
        _item(one, say, language)
    for group in () if listed else told.groups:
        _group(group, say, language)
    echo(
        say(
            "No legal advice: each decision names its rule and its evidence; in doubt you are asked."
        )
    )
    _next(name, told.counts, say)


def _next(name: str, counts: dict[str, int], say: Say) -> None:
    place = shlex.quote(name)
    if counts["ask"]:
        echo(
            say("Decide: {command}", command=f"curate rights decide {place} ITEM --allow --why '…'")
        )
    if counts["deny"]:
        told = f"curate rights decide {place} ITEM --as SPDX --why '…'"
        echo(say("If you know better: {command} (or --own, --grant)", command=told))
    if counts["allow"]:
        echo(say("Next: {command}", command=f"curate package {place}"))


def _group(group: Group, say: Say, language: Language) -> None:
    echo(
        say(
            "  {outcome} {count} · {license} (rule {rule})",
            outcome=say(group.outcome),
            count=f"{group.count:,}",
            license=group.license or say("no licence"),
            rule=", ".join(group.rules) or "-",
        )
    )
    for reason in group.reasons:
        echo(f"      {render(reason, language)}")
    echo(say("      such as {place}", place=group.example.source))


def _item(one: Ruling, say: Say, language: Language) -> None:
    (group,) = summary([one]).groups
    facts = [say(one.outcome), one.source, one.sha256[:12], one.title, one.decision.license]
    facts.append(say("rule {rule}", rule=", ".join(one.decision.rules) or "-"))
    echo("  " + " · ".join(fact for fact in facts if fact))
    for reason in group.reasons:
        echo(f"      {render(reason, language)}")


def _data(
    name: str, found: Sequence[Ruling], listed: Sequence[Ruling], language: Language
) -> dict[str, object]:
    told = summary(found)
    groups = [
        {
            "outcome": one.outcome, "license": one.license, "rules": list(one.rules), "count": one.count,
            "reasons": [render(reason, language) for reason in one.reasons], "example": one.example.source,
        }
        for one in told.groups
    ]  # fmt: skip
    items = [
        {
            "id": one.sha256, "place": one.source, "title": one.title, "category": one.category, "outcome": one.outcome,
            "license": one.decision.license, "rules": list(one.decision.rules), "by": one.decision.by,
            "grant": one.decision.grant, "obligations": list(one.decision.obligations),
            "reasons": [render(reason, language) for reason in summary([one]).groups[0].reasons],
        }
        for one in listed
    ]  # fmt: skip
    return {
        "version": 1,
        "collection": name,
        "counts": told.counts,
        "groups": groups,
        "items": items,
    }


@rights.command(
    short_help="Record what you decide about items.",
    epilog="Example: curate rights decide guides photo.jpg --as CC-BY-4.0 --why 'says its page'",
)
@click.argument("collection")
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@filters
@click.option("--allow", is_flag=True, help="Accept what is stated about it.")
@click.option("--deny", is_flag=True, help="Keep it out.")
@click.option("--as", "license_", default="", metavar="SPDX", help="It is under this licence.")
@click.option("--own", default="", metavar="NAME", help="It is this person's own work: yours.")
@click.option("--grant", default="", metavar="NAME", help="You hold it by grants/NAME.toml.")
@click.option("--undo", is_flag=True, help="Take back what was decided before.")
@click.option(
    "--territory", multiple=True, metavar="CC", help="It holds in this country only; repeatable."
)
@click.option("--why", default="", metavar="TEXT", help="The reason; needed unless --undo.")
@click.option("--who", default="", metavar="NAME", help="Who decides; default: your login name.")
@click.option(
    "--evidence", multiple=True, metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What proves it: kept beside the decisions, never shipped; repeatable.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only list what would be decided.")
@in_workspace
def decide(
    workspace: Workspace, collection: str, which: Which, allow: bool, deny: bool, license_: str, own: str, grant: str,
    undo: bool, territory: tuple[str, ...], why: str, who: str, evidence: tuple[Path, ...], dry_run: bool,
) -> None:  # fmt: skip
    """Record what you decide about items: by id, path or URL, or all that fit the filters.

    --as, --own and --grant mean --allow. A decision holds until what is said about the item changes.
    """
    from curate.pipeline.rights import decide as run

    bases = [one for one in (license_, own, grant) if one]
    if len(bases) > 1 or (allow or bool(bases)) + deny + undo != 1:
        raise click.UsageError("give one of --allow, --deny, --as, --own, --grant and --undo")
    _check(license_, territory)
    ask = Ask(
        "deny" if deny or undo else "allow", why, "" if undo else _who(who), license_, own, grant, territory, evidence, undo
    )  # fmt: skip
    language = language_of(workspace, workspace.chosen([collection]))
    say = speaker(language)
    chosen = _meant(workspace, collection, which)
    if dry_run:
        echo(say("{n} would be decided:", n=len(chosen)))
        for one in chosen:
            _item(one, say, language)
        return
    report = run(workspace, collection, which, ask)
    ids = {one.sha256 for one in chosen}
    after = [one for one in rulings(workspace, collection) if one.sha256 in ids]
    echo(say("{n} taken back:" if undo else "{n} decided:", n=report.counts["decided"]))
    for one in after[:SHOWN]:
        _item(one, say, language)
    if len(after) > SHOWN:
        told = f"curate rights {shlex.quote(collection)} --items"
        echo(say("  … and {n} more: see {file}", n=len(after) - SHOWN, file=told))
    print_next(report, say)


def _check(license: str, territory: tuple[str, ...]) -> None:
    from curate.pipeline.sheet import unreadable

    if license and (why := unreadable(license)):
        raise CurateError(why, "see https://spdx.org/licenses/, and: curate rights policy SPDX")
    for code in territory:
        if not re.fullmatch("[A-Z]{2}", code):
            raise click.UsageError(f"--territory takes ISO 3166 codes such as US, not {code!r}")


def _meant(workspace: Workspace, name: str, which: Which) -> list[Ruling]:
    """What will be decided. Raises CurateError where an item that is named is not among it."""
    found = rulings(workspace, name, which) if which else []
    for item in which.items:
        if not any(Which(items=(item,)).fits(one) for one in found):
            raise CurateError(
                f"nothing in '{name}' that fits is called '{item}'",
                f"give a path, a URL or an id as they stand in: curate rights {name} --items",
            )
    return found


def _who(name: str) -> str:
    import getpass

    try:
        return name.strip() or getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise click.UsageError("this system has no login name: say --who NAME") from None


@rights.command(
    short_help="Write a CSV sheet to fill in.",
    epilog="Example: curate rights export guides rights.csv",
)
@click.argument("collection")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@filters
@click.option("--force", is_flag=True, help="Overwrite FILE and what was filled in there.")
@in_workspace
def export(
    workspace: Workspace, collection: str, file: Path | None, which: Which, force: bool
) -> None:
    """Write a CSV sheet for spreadsheet programs, to FILE or standard output.

    Fill in its columns answer (allow or deny), as, own, grant, territory, why, who and evidence, and
    import it again.
    """
    from curate.pipeline.sheet import export as run

    say = speaker(language_of(workspace, workspace.chosen([collection])))
    if file is None:
        run(workspace, collection, sys.stdout.buffer, which)
        return
    if file.exists() and not force:
        raise CurateError(
            f"{file} is there already, perhaps with answers that were not imported",
            "import it first; then export with --force, or give another name",
        )
    part = file.with_name(f".{file.name}.part")
    try:
        with part.open("wb") as stream:
            count = run(workspace, collection, stream, which)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    echo(say("{n} rows written to {path}", n=count, path=file))
    told = f"curate rights import {shlex.quote(collection)} {shlex.quote(str(file))}"
    echo(say("Next: {command}", command=told))


@rights.command(
    "import",
    short_help="Read a filled-in sheet back.",
    epilog="Example: curate rights import guides rights.csv --who 'Ann Lee'",
)
@click.argument("collection")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--who", default="", metavar="NAME", help="Who decided, where a row names nobody new."
)
@in_workspace
def import_(workspace: Workspace, collection: str, file: Path, who: str) -> None:
    """Record what was changed in the answer columns of an exported sheet: all of it or nothing.

    An answer that was cleared is taken back. Every row with a problem is named.
    """
    from curate.pipeline.sheet import bring

    say = speaker(language_of(workspace, workspace.chosen([collection])))
    report = bring(workspace, collection, file, _who(who))
    if report.counts["decided"]:
        echo(
            say(
                "{n} decided: {allow} allowed, {ask} asked, {deny} refused",
                n=report.counts["decided"],
                **_of(report.counts),
            )
        )
    else:
        echo(say("no answer in it has changed; nothing was recorded"))
    print_next(report, say)


def _of(counts: Any) -> dict[str, int]:
    return {name: counts.get(name, 0) for name in ("allow", "ask", "deny")}


rights.add_command(grants)
rights.add_command(policy)
