"""The commands of curate dedupe on collections: what is the same as what, and what people say about it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import click

from curate.cli.doubles import Teller, alike_line, word_line
from curate.cli.options import (
    SHOWN,
    echo,
    echo_json,
    heading,
    in_workspace,
    language_of,
    print_next,
)
from curate.cli.which import deciding
from curate.messages import Say, render, speaker
from curate.model import Duplicate, Language
from curate.pipeline.groups import BYTES, KIND_LABELS, KINDS, Double, Groups
from curate.pipeline.likeness import Saying, Verb
from curate.workspace import Workspace

_GROUPS = 30
"""Groups that are shown; the rest is counted."""
_LINES = 200
"""Lines of a difference that are shown; the rest is counted."""


@click.command(
    short_help="Groups of duplicates: what stays and why.",
    epilog="Example: curate dedupe show guides manual.pdf",
)
@click.argument("collection")
@click.argument("items", nargs=-1, metavar="[ITEM]...")
@click.option("--kind", type=click.Choice(KINDS), help="Only groups that hold this kind.")
@click.option(
    "--limit", default=_GROUPS, show_default=True, type=click.IntRange(1), help="Most groups."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, with all groups.")
@in_workspace
def show(
    workspace: Workspace, collection: str, items: tuple[str, ...], kind: str | None, limit: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Groups of duplicates, what stays of each and why, and what a bundle does with the others.

    ITEM is an id, a path or a URL: its group alone.
    """
    from curate.pipeline.groups import groups

    (name,) = workspace.chosen([collection])
    language = language_of(workspace, [name])
    say = speaker(language)
    most = 0 if as_json else limit
    found = groups(workspace, name, items, kind or "", most, 0 if as_json or items else SHOWN)
    if as_json:
        echo_json(_data(name, found, language))
        return
    heading(say("duplicates in {name}", name=name))
    teller = Teller(name, say, language)
    for group in found.shown:
        teller.group(group)
    if not found.shown:
        echo(say("  nothing else is like it") if items else say("  there are none"))
    for word in found.words:
        echo(f"  {word_line(word, say)}")
    if found.total > len(found.shown):
        told = f"curate dedupe {shlex.quote(name)} --limit {found.total}"
        echo(say("  … and {n} more: {command}", n=found.total - len(found.shown), command=told))
    _counts(found, say)


def _counts(found: Groups, say: Say) -> None:
    back = [
        f"{say(label)} {found.counts[kind]:,}"
        for kind, label in KIND_LABELS.items()
        if kind != BYTES and found.counts.get(kind)
    ]
    echo(
        say(
            "{groups} groups; {n} stand back for another: {kinds}",
            groups=f"{found.counts['groups']:,}",
            n=f"{sum(found.counts.get(kind, 0) for kind in KINDS if kind != BYTES):,}",
            kinds=", ".join(back) or "-",
        )
    )
    echo(
        say(
            "{parts} texts are part of another; {bytes} places show the same bytes as another",
            parts=f"{found.counts['parts']:,}",
            bytes=f"{found.counts[BYTES]:,}",
        )
    )


def _data(name: str, found: Groups, language: Language) -> dict[str, object]:
    return {
        "version": 1,
        "collection": name,
        "counts": dict(found.counts),
        "total": found.total,
        "groups": [
            {
                "items": [_entry(one, one.likeness, language) for one in group.members],
                "parts": [
                    _entry(one.double, one.likeness, language) | {"whole": one.whole}
                    for one in group.parts
                ],
                "reason": render(group.reason, language) if group.reason else "",
            }
            for group in found.shown
        ],
    }


def _entry(one: Double, found: Duplicate | None, language: Language) -> dict[str, Any]:
    evidence = found.evidence if found else None
    return {
        "id": one.sha256, "title": one.title, "format": one.format, "size": one.size, "places": list(one.places),
        "kind": found.kind if found else "", "score": found.score if found else None,
        "evidence": render(evidence, language) if evidence else "",
        "keeper": one.kept.keeper if one.kept else "",
        "reason": render(one.kept.reason, language) if one.kept else "",
        "left_out": render(one.against, language) if one.against else "",
        "by": one.word.who if one.word else "",
    }  # fmt: skip


def _said(
    workspace: Workspace, collection: str, verb: Verb, items: Sequence[str], why: str, who: str
) -> None:
    from curate.pipeline.likeness import say as run

    (name,) = workspace.chosen([collection])
    saying = Saying(verb, tuple(items), deciding(who), why)
    said = run(workspace, name, saying)
    language = language_of(workspace, [name])
    say = speaker(language)
    heading(
        {
            "keep": say("it stays; now:"),
            "split": say("they are not the same; now:"),
            "merge": say("they are the same; now:"),
            "undo": say("taken back; now:"),
        }[verb]
    )
    teller = Teller(name, say, language)
    for one in said.doubles[:SHOWN]:
        teller.double(one, "  ")
        teller.fate(one, one.likeness)
    if len(said.doubles) > SHOWN:
        told = f"curate dedupe {shlex.quote(name)}"
        echo(say("  … and {n} more: {command}", n=len(said.doubles) - SHOWN, command=told))
    for note in said.notes:
        echo(say("Note: {note}", note=render(note, language)))
    print_next(said.report, say)


def _word(command: Any) -> Any:
    """Adds the options of everything that people say."""
    for option in (
        click.option(
            "--who", default="", metavar="NAME", help="Who says so; default: your login name."
        ),
        click.option("--why", default="", metavar="TEXT", help="The reason, for your records."),
    ):
        command = option(command)
    return command


@click.command(
    short_help="Say which one of a group stays.",
    epilog="Example: curate dedupe keep guides manual.pdf --why 'the printed edition'",
)
@click.argument("collection")
@click.argument("item")
@_word
@in_workspace
def keep(workspace: Workspace, collection: str, item: str, why: str, who: str) -> None:
    """ITEM stays of all that are the same: before size, format and date, but not before rights.

    Where it may not be packaged and another one may, that one goes into the bundle.
    """
    _said(workspace, collection, "keep", [item], why, who)


@click.command(
    short_help="Say that items are not the same.",
    epilog="Example: curate dedupe split guides 2023.pdf 2024.pdf --why 'two editions'",
)
@click.argument("collection")
@click.argument("items", nargs=-1, required=True, metavar="ITEM ITEM...")
@_word
@in_workspace
def split(
    workspace: Workspace, collection: str, items: tuple[str, ...], why: str, who: str
) -> None:
    """No two of the ITEMs are the same: none stands back for another.

    If somebody else has a say in one of them, the others are asked about all the same.
    """
    _said(workspace, collection, "split", _two(items), why, who)


@click.command(
    short_help="Say that items are the same.",
    epilog="Example: curate dedupe merge guides draft.docx final.pdf",
)
@click.argument("collection")
@click.argument("items", nargs=-1, required=True, metavar="ITEM ITEM...")
@_word
@in_workspace
def merge(
    workspace: Workspace, collection: str, items: tuple[str, ...], why: str, who: str
) -> None:
    """The ITEMs are the same, whatever was found or not: one stays."""
    _said(workspace, collection, "merge", _two(items), why, who)


@click.command(
    short_help="Take back what was said.",
    epilog="Example: curate dedupe undo guides 2023.pdf 2024.pdf",
)
@click.argument("collection")
@click.argument("items", nargs=-1, required=True, metavar="ITEM...")
@_word
@in_workspace
def undo(workspace: Workspace, collection: str, items: tuple[str, ...], why: str, who: str) -> None:
    """Take back that an ITEM stays, or what was said of any two ITEMs: the rules hold again."""
    _said(workspace, collection, "undo", items, why, who)


def _two(items: tuple[str, ...]) -> tuple[str, ...]:
    if len(items) < 2:
        raise click.UsageError("name at least two items")
    return items


@click.command(
    short_help="Show what differs between two items.",
    epilog="Example: curate dedupe diff guides 2023.pdf 2024.pdf",
)
@click.argument("collection")
@click.argument("one", metavar="ITEM")
@click.argument("other", metavar="ITEM")
@click.option(
    "--limit", default=_LINES, show_default=True, type=click.IntRange(1), help="Most lines of text."
)
@in_workspace
def diff(workspace: Workspace, collection: str, one: str, other: str, limit: int) -> None:
    """What differs between two items: their facts, and the sentences of their texts, however the lines break."""
    from curate.pipeline.differences import differences

    (name,) = workspace.chosen([collection])
    language = language_of(workspace, [name])
    say = speaker(language)
    found = differences(workspace, name, (one, other), limit)
    heading(f"- {found.one.title} · {found.one.source}")
    heading(f"+ {found.other.title} · {found.other.source}")
    for pair in found.found:
        echo(f"  {alike_line(pair, say, language)}")
    if not found.found:
        echo(say("  not found alike"))
    for what, first, second in found.facts:
        echo(f"  {what}: {first or '-'} | {second or '-'}")
    if found.common or found.lines:
        echo(
            say(
                "  {common} sentences are in both; the first has {one}, the second {other}",
                common=found.common,
                one=found.sentences[0],
                other=found.sentences[1],
            )
        )
    for line in found.lines:
        gap = line.sign == "@"
        echo(
            say("@ {n} sentences that are the same", n=line.text)
            if gap
            else f"{line.sign} {line.text}"
        )
    if found.more:
        echo(say("… and {n} more lines: --limit", n=found.more))
