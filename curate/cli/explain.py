"""curate why and verify."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from curate.cli.options import echo, echo_json, heading, in_workspace, language_of
from curate.errors import CurateError, Exit, Problem
from curate.messages import Say, render, speaker, translated
from curate.model import Decision, Label, Language, Statement
from curate.pipeline.explain import Explanation, Membership
from curate.rights import expression
from curate.workspace import Workspace


@click.command(epilog="Example: curate why material/guide.md")
@click.argument("resource", metavar="ID-OR-PATH")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def why(workspace: Workspace, resource: str, as_json: bool) -> None:
    """Explain where a resource came from, what was decided about it at each stage, and why."""
    from curate.pipeline.explain import why as run

    found = run(workspace, resource)
    if as_json:
        echo_json({"version": 1, "resources": [_data(one, workspace) for one in found]})
        return
    for one in found:
        names = {place.collection for place in one.places}
        language = language_of(workspace, [*names] if len(names) == 1 else ())
        _tell(one, speaker(language), language)


def _tell(one: Explanation, say: Say, language: Language) -> None:
    title = (
        one.memberships[0].member.title
        if one.memberships
        else (one.profile.title if one.profile else "")
    )
    heading(title or one.places[0].sighting.locator)
    if one.sha256:
        echo(say("  id {id}, {size} bytes", id=one.sha256, size=f"{one.size:,}"))
    echo(say("  found:"))
    for place in one.places:
        sighting = place.sighting
        reason = f": {render(sighting.reason, language)}" if sighting.reason else ""
        echo(
            f"    {place.collection} · {place.kind} {place.place} · {sighting.locator} · {say(sighting.state)}{reason}"
        )
        for statement in sighting.said.statements:
            _statement(statement, say, "      ")
        for signal in sighting.said.signals:
            echo(
                say(
                    "      it says to machines: “{value}” ({kind}, {where})",
                    value=signal.value,
                    kind=signal.kind,
                    where=signal.where,
                )
            )
        if sighting.trouble and sighting.trouble != sighting.reason:
            echo(say("      last trouble: {reason}", reason=render(sighting.trouble, language)))
    if one.extracted:
        _content(one, say, language)
    for membership in one.memberships:
        _membership(membership, say, language)


def _content(one: Explanation, say: Say, language: Language) -> None:
    assert one.extracted is not None and one.profile is not None
    properties = ", ".join(
        f"{key} {value}" for key, value in sorted(one.extracted.properties.items())
    )
    echo(
        say(
            "  content: {format} ({mime}) {properties}",
            format=one.extracted.format,
            mime=one.extracted.mime,
            properties=properties,
        )
    )
    if one.error:
        echo(say("    not read: {error}", error=render(one.error, language)))
    if one.profile.language:
        echo(say("    language {code}", code=one.profile.language))
    if one.profile.keywords:
        echo(say("    keywords {words}", words=", ".join(one.profile.keywords)))
    for statement in one.extracted.statements:
        _statement(statement, say, "    ")


def _statement(one: Statement, say: Say, indent: str) -> None:
    """What is said, about which part, and what it was read as, where its words do not tell."""
    facts = [one.channel, say(one.confidence)]
    if one.component != "whole":
        facts.append(say("about {part} only", part=one.component))
    read = expression(one)
    if read != one.raw.strip():
        facts.append(say("read as {license}", license=read))
    said = say("it says about rights: “{raw}” ({facts})", raw=one.raw, facts=", ".join(facts))
    echo(f"{indent}{said}")


def _membership(one: Membership, say: Say, language: Language) -> None:
    member = one.member
    echo(say("  in {collection}:", collection=member.collection))
    if member.dirty:
        echo(say("    not classified yet"))
        return
    label = member.label
    if label.category:
        echo(_category(label, say))
    elif label.basis == "person":
        echo(say("    no category: {who} says that it belongs nowhere", who=label.by))
    else:
        echo(say("    no category is sure enough (best {score})", score=f"{label.score:.2f}"))
    decision = member.decision
    echo(
        say(
            "    rights: {outcome} {license} (rule {rule}; policy {policy})",
            outcome=say(decision.outcome),
            license=decision.license,
            rule=", ".join(decision.rules) or "-",
            policy=decision.policy,
        )
    )
    if decision.by:
        echo(say("      decided by {who}", who=decision.by))
    if decision.grant:
        echo(say("      by the grant {name}", name=decision.grant))
    for reason in decision.reasons:
        echo(f"      {render(reason, language)}")
    if decision.obligations:
        duties = say(", ").join(say(one) for one in decision.obligations)
        echo(say("      obligations: {obligations}", obligations=duties))
    _duplicates(one, say, language)
    if one.against:
        echo(say("    left out of the bundle: {reason}", reason=render(one.against, language)))
    else:
        echo(say("    goes into the bundle"))


def _duplicates(one: Membership, say: Say, language: Language) -> None:
    """What it stands back for, what stands back for it, and what people said about that."""
    from curate.cli.doubles import alike_line, word_line

    if one.kept:
        echo(
            say(
                "    duplicate of “{title}” ({id}): {reason}",
                title=one.kept.title,
                id=one.kept.keeper[:12],
                reason=render(one.kept.reason, language),
            )
        )
    for double in (one.double, *one.behind):
        if double and double.likeness and double.kept:
            if double is not one.double:
                echo(
                    say(
                        "    it stays before “{title}” ({id}): {reason}",
                        title=double.title,
                        id=double.sha256[:12],
                        reason=render(double.kept.reason, language),
                    )
                )
            echo(f"      {alike_line(double.likeness, say, language)}")
    if one.more:
        echo(say("    … and before {n} more: see curate dedupe", n=one.more))
    for word in one.words:
        echo(f"    {word_line(word, say)}")


def _category(label: Label, say: Say) -> str:
    facts = {
        "category": label.category,
        "score": f"{label.score:.2f}",
        "words": ", ".join(label.words),
    }
    if label.basis == "person":
        return say("    category {category}: {who} says so", category=label.category, who=label.by)
    if label.basis == "example":
        return say("    category {category}, for the example {words}", **facts)
    if label.basis == "model":
        return say("    category {category} ({score}), learned from {words}", **facts)
    return say("    category {category} ({score}), for {words}", **facts)


def _data(one: Explanation, workspace: Workspace) -> dict[str, object]:
    import msgspec

    def plain(value: object) -> object:
        return msgspec.to_builtins(value)

    language = workspace.settings.language
    return {
        "id": one.sha256,
        "size": one.size,
        "places": [
            {
                "collection": place.collection, "collector": place.kind, "place": place.place,
                "locator": place.sighting.locator, "state": place.sighting.state,
                "reason": render(place.sighting.reason, language) if place.sighting.reason else "",
                "said": plain(place.sighting.said),
                "licenses": [expression(each) for each in place.sighting.said.statements],
            }
            for place in one.places
        ],
        "content": plain({key: getattr(one.extracted, key) for key in ("format", "kind", "mime", "title", "creators", "properties", "statements")}) if one.extracted else None,
        "licenses": [expression(each) for each in one.extracted.statements] if one.extracted else [],
        "error": render(one.error, language) if one.error else "",
        "profile": plain(one.profile) if one.profile else None,
        "collections": [
            {
                "name": each.member.collection, "title": each.member.title, "label": plain(each.member.label),
                "decision": _decision(each.member.decision, language),
                "duplicate_of": each.kept.keeper if each.kept else "",
                "keeper_of": [double.sha256 for double in each.behind],
                "left_out": render(each.against, language) if each.against else "",
            }
            for each in one.memberships
        ],
    }  # fmt: skip


def _decision(one: Decision, language: Language) -> dict[str, object]:
    return {
        "outcome": one.outcome, "license": one.license, "offered": one.offered or one.license, "rules": list(one.rules),
        "basis": one.basis, "by": one.by, "grant": one.grant, "holder": one.holder,
        "reasons": [render(reason, language) for reason in one.reasons], "obligations": list(one.obligations),
        "grounds": one.grounds, "changes": one.changes, "policy": one.policy,
    }  # fmt: skip


@click.command(epilog="Example: curate verify build/sample/1.0.0")
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--library", is_flag=True, help="Check every object in the library instead.")
@click.option(
    "--key",
    metavar="KEY",
    default="",
    help="The seller's public key, or a file with it: all has to be signed with it. For bundles inside a "
    "workspace its own key is taken, and signatures that are there have to be by it.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Count what systems leave in folders (.DS_Store, desktop.ini) as added files.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--workspace",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The workspace, for --library.",
)
def verify(
    path: Path | None, library: bool, key: str, strict: bool, as_json: bool, folder: Path | None
) -> None:
    """Check a bundle (archive, unpacked folder or release folder) and print every problem."""
    if library == (path is not None):
        raise click.UsageError("give either the PATH of a bundle or --library")
    if library and (key or strict):
        raise click.UsageError("--key and --strict are for a bundle")
    if library:
        from curate.store import Store

        workspace = Workspace.at(folder) if folder else Workspace.find()
        problems, what = list(Store(workspace.objects).verify()), str(workspace.objects)
    else:
        from curate.bundle import verify as run
        from curate.pipeline.versions import notices

        assert path is not None
        trusted = _public(key) if key else ""
        problems = [*run(path, trusted, strict, signed=bool(key)), *notices(path)]
        what = str(path)
    errors = [one for one in problems if one.severity == "error"]
    if as_json:
        echo_json(
            {
                "version": 1,
                "path": what,
                "ok": not errors,
                "problems": [_problem(one) for one in problems],
            }
        )
    else:
        language = _language(folder)
        say = speaker(language)
        for one in problems:
            told = replace(
                one, what=translated(one.what, language), hint=translated(one.hint, language)
            )
            echo(f"{say(one.severity)}: {told}", err=one.severity == "error")
        n, rest = len(errors), len(problems) - len(errors)
        wrong = say("1 error") if n == 1 else say("{n} errors", n=n)
        doubtful = say("1 warning") if rest == 1 else say("{n} warnings", n=rest)
        echo(
            say("{path}: {errors}, {warnings}", path=what, errors=wrong, warnings=doubtful)
            if problems
            else say("{path} is whole", path=what)
        )
    if errors:
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _public(key: str) -> str:
    """The key itself, from base64 or a file of minisign."""
    from minisign import Error, PublicKey

    try:
        path = Path(key)
        there = len(key) < 1000 and path.is_file()
        found = PublicKey.from_bytes(path.read_bytes()) if there else PublicKey.from_base64(key)
        return str(found.to_base64(), "ascii")
    except (Error, OSError, ValueError) as fault:
        raise CurateError(
            f"--key {key[:100]!r} is neither a public key of minisign nor a file with one",
            "take the line that begins with RW from the seller's page",
        ) from fault


def _language(folder: Path | None) -> Language:
    """The workspace's; a buyer who checks a bundle has none."""
    try:
        return (Workspace.at(folder) if folder else Workspace.find()).settings.language
    except CurateError:
        return "en"


def _problem(one: Problem) -> dict[str, str]:
    return {
        "where": one.where,
        "what": str(one.what),
        "hint": str(one.hint),
        "severity": one.severity,
    }
