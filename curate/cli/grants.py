"""curate rights grants and policy: what people were granted, and what the decision table says."""

from __future__ import annotations

from collections.abc import Sequence

import click

from curate.cli.options import echo, echo_json, heading, in_workspace
from curate.errors import Exit
from curate.messages import Say, render, speaker
from curate.model import Language
from curate.pipeline.grants import Holding
from curate.rights import Use
from curate.workspace import Workspace


@click.command(
    short_help="List your grants and what rests on them.", epilog="Example: curate rights grants"
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def grants(workspace: Workspace, as_json: bool) -> None:
    """List grants/*.toml: whether each holds, and the collections and released versions that rest on it."""
    from curate.pipeline.grants import holdings

    language = workspace.settings.language
    say, found = speaker(language), holdings(workspace)
    if as_json:
        echo_json({"version": 1, "grants": [_row(one, language) for one in found]})
    for one in () if as_json else found:
        _tell(one, say, language)
    if not found and not as_json:
        where = workspace.root / "grants" / "NAME.toml"
        echo(
            say(
                "there are no grants: what you bought or were permitted goes into {path}",
                path=where,
            )
        )
        echo(
            say(
                "with kind, licensor, uses and evidence (its invoice or letter): see docs/rights.md"
            )
        )
    if any(one.problem for one in found):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _state(one: Holding, language: Language) -> list[str]:
    if one.problem:
        return one.problem.splitlines()
    return [render(reason, language) for reason in one.against]


def _tell(one: Holding, say: Say, language: Language) -> None:
    heading(one.name)
    if one.held:
        terms = one.held.grant
        facts = [say(terms.kind), terms.licensor, terms.license, ", ".join(terms.uses)]
        if terms.end:
            facts.append(say("until {day}", day=terms.end))
        echo("  " + " · ".join(fact for fact in facts if fact))
    for line in _state(one, language) or [say("valid")]:
        echo(f"  {line}")
    for name, count in sorted(one.resting.items()):
        echo(
            say("  1 item of {collection} rests on it", collection=name)
            if count == 1
            else say("  {n} items of {collection} rest on it", n=count, collection=name)
        )
    _copies(one, say)
    for name, why in sorted(one.stops.items()):
        reasons = "; ".join(render(reason, language) for reason in why)
        echo(say("  a build of {collection} stops: {reasons}", collection=name, reasons=reasons))
    if one.released:
        echo(say("  released with it: {versions}", versions=", ".join(one.released)))


def _copies(one: Holding, say: Say) -> None:
    terms = one.held.grant if one.held else None
    if terms is None or not terms.max_copies:
        return
    echo(say("  {used} of {most} copies are used", used=terms.copies_used, most=terms.max_copies))
    for name, count in sorted(one.planned.items()):
        if count:
            echo(say("  {collection} plans {n} copies", collection=name, n=count))


def _row(one: Holding, language: Language) -> dict[str, object]:
    terms = one.held.grant if one.held else None
    return {
        "name": one.name, "valid": not one.problem and not one.against, "state": _state(one, language),
        "kind": terms.kind if terms else "", "licensor": terms.licensor if terms else "",
        "uses": list(terms.uses) if terms else [], "end": str(terms.end or "") if terms else "",
        "copies": {
            "most": terms.max_copies if terms else 0, "used": terms.copies_used if terms else 0,
            "planned": dict(sorted(one.planned.items())),
        },
        "stops": {
            name: [render(reason, language) for reason in why] for name, why in sorted(one.stops.items())
        },
        "collections": dict(sorted(one.resting.items())), "released": list(one.released),
    }  # fmt: skip


_WORDS = {
    "free": "given away in a bundle, unchanged",
    "free-adapted": "given away in a bundle, changed",
    "paid": "in a sold bundle, unchanged",
    "adapted": "in a sold bundle, changed",
    "alone": "sold as the product itself, unchanged",
    "alone-adapted": "sold as the product itself, changed",
    "minor": "a minor element of something else, sold",
}
"""The columns of the table."""


@click.command(
    short_help="Show what the decision table says.",
    epilog="Example: curate rights policy 'CC-BY-SA-4.0 OR GPL-2.0-or-later' --paid",
)
@click.argument("expression", required=False, default="")
@click.option("--paid/--free", "paid", default=None, help="Only this: sold, or given away.")
@click.option("--alone", is_flag=True, help="Only this: sold as the product itself.")
@click.option("--changed", default="", metavar="TEXT", help="What was changed in it, e.g. cropped.")
@in_workspace
def policy(
    workspace: Workspace, expression: str, paid: bool | None, alone: bool, changed: str
) -> None:
    """What the decision table says of a licence, for each way of using it; or the whole table."""
    from curate.rights import load
    from curate.rights.normalise import normalise

    if alone and paid is False:
        raise click.UsageError("--free and --alone exclude each other: what is free is not sold")
    say = speaker(workspace.settings.language)
    heading(say("policy {version}", version=load().version))
    if not expression:
        _table(say)
        return
    license = normalise(expression)
    if license != expression:
        echo(say("  “{raw}” is read as {license}", raw=expression, license=license))
    whole = paid is None and not alone and not changed
    _judged(license, _uses() if whole else [Use(paid is not False, alone, changes=changed)], say)


def _uses() -> list[Use]:
    changes = "-"  # no licence has a word for it: a change
    return [
        Use(), Use(changes=changes), Use(True), Use(True, changes=changes), Use(True, True),
        Use(True, True, changes=changes), Use(True, minor=True),
    ]  # fmt: skip


def _judged(license: str, uses: Sequence[Use], say: Say) -> None:
    from curate.rights import load
    from curate.spdx import ids

    sources: dict[str, str] = {}
    for use in uses:
        verdict = load().judge(license, use)
        rows = [row for id in ids(verdict.license) if (row := load().rule(id))]
        sources.update((row.name, row.source) for row in rows)
        column = use.column(any(row.changed(use.changes) for row in rows))
        echo(
            say(
                "  {use}: {outcome} {license}: {reason} (rule {rule})",
                use=say(_WORDS[column]),
                outcome=say(verdict.outcome),
                license=verdict.license,
                reason=verdict.reason,
                rule=", ".join(verdict.rules),
            )
        )
        if verdict.obligations and verdict.outcome != "deny":
            duties = say(", ").join(say(one) for one in verdict.obligations)
            echo(say("      obligations: {obligations}", obligations=duties))
        if verdict.outcome == "ask" and load().judge(license, use, True).outcome == "allow":
            echo(say("      allowed where it is recorded why it is free (grounds)"))
    for name, source in sources.items():
        echo(say("  source of {rule}: {source}", rule=name, source=source))


def _table(say: Say) -> None:
    import tomllib

    from curate.rights import file

    for row in tomllib.loads(file().decode())["rule"]:
        told = ", ".join(
            f"{say(_WORDS[column])}: {say(row[column])}"
            for column in ("free", "paid", "adapted", "alone")
        )
        echo(f"  {row['name']}: {say(row['reason'])}")
        echo(f"      {told}")
