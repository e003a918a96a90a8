"""curate listing check and rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from curate.cli.options import echo, echo_json, heading, in_workspace, language_of
from curate.errors import Exit
from curate.messages import Say, speaker
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.listings.rules import Pack, Rule
    from curate.pipeline.listing import Checked


@click.group(epilog="Example: curate listing check guides --platform xianyu")
def listing() -> None:
    """Check the texts and pictures of a listing by a platform's rules.

    They are written when a bundle is built, into listing/ of its release. Each command takes --workspace DIR.
    """


@listing.command(epilog="Example: curate listing check guides --platform xianyu --platform taobao")
@click.argument("name")
@click.option(
    "--platform", "platforms", multiple=True, metavar="P",
    help="Where it is to be listed; may be given several times. Default: platforms of its collection.toml.",
)  # fmt: skip
@click.option("--version", default="", metavar="X.Y.Z", help="Default: the latest release.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def check(
    workspace: Workspace, name: str, platforms: tuple[str, ...], version: str, as_json: bool
) -> None:
    """Hold the listing of a release against the rules of platforms.

    Exit code 1 where a platform would not take it; warnings alone leave it 0.
    """
    from curate.pipeline.listing import check as run

    checked = run(workspace, name, platforms, version)
    if as_json:
        echo_json({"version": 1, "checked": [_object(one) for one in checked]})
    else:
        say = speaker(language_of(workspace, [name]))
        for one in checked:
            _tell(one, say)
    if any(problem.severity == "error" for one in checked for problem in one.problems):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _object(one: Checked) -> dict[str, object]:
    problems = [
        {"severity": found.severity, "what": found.what, "source": found.hint}
        for found in one.problems
    ]
    return {
        "name": one.name,
        "release": one.version,
        "platform": one.platform,
        "problems": problems,
    }


def _tell(one: Checked, say: Say) -> None:
    heading(
        say("{name} {version} on {platform}", name=one.name, version=one.version, platform=one.platform)
    )  # fmt: skip
    for found in one.problems:
        kind = say("error") if found.severity == "error" else say("warning")
        echo(say("  {kind}: {what}", kind=kind, what=found.what))
        if found.hint:
            echo(f"    {found.hint}")
    if not one.problems:
        echo(say("  it keeps every rule that is known"))


@listing.command(epilog="Example: curate listing rules xianyu")
@click.argument("platform", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def rules(workspace: Workspace, platform: str | None, as_json: bool) -> None:
    """Show what a platform asks of a listing and where that is from, or name the platforms.

    Your own rules lie in rules/NAME.toml of the workspace; they add to these, replace or switch them off.
    """
    from curate.pipeline.listing import pack, platforms

    chosen = [platform] if platform else platforms(workspace)
    packs = [pack(workspace, one) for one in chosen]
    say = speaker(workspace.settings.language)
    if as_json:
        import msgspec

        echo_json({"version": 1, "packs": msgspec.to_builtins(packs)})
    elif platform:
        _show(packs[0], say, workspace.settings.language == "zh")
    else:
        for one in packs:
            echo(f"{one.name}: {_title(one, say, workspace.settings.language == 'zh')}")


def _title(shown: Pack, say: Say, zh: bool) -> str:
    title = (shown.title_zh if zh else "") or shown.title
    n = len(shown.rule)
    return f"{title}{say(', ')}{say('1 rule') if n == 1 else say('{n} rules', n=n)}"


def _show(shown: Pack, say: Say, zh: bool) -> None:
    heading(f"{shown.name}: {(shown.title_zh if zh else '') or shown.title}")
    for rule in shown.rule:
        kind = say("error") if rule.severity == "error" else say("warning")
        reason = (rule.reason_zh if zh else "") or rule.reason
        echo(say("  {name} ({kind}): {reason}", name=rule.name, kind=kind, reason=reason))
        echo(f"    {_source(rule, say)}")


def _source(rule: Rule, say: Say) -> str:
    text = "{source}, {known}" if rule.verified else "{source}, {known}; not verified"
    return say(text, source=rule.source or say("your own"), known=rule.known or "–")
