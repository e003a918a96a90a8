"""curate export."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.options import echo, echo_json, heading, in_workspace, language_of
from curate.errors import Exit, Problem
from curate.messages import Say, speaker
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.pipeline.export import Exported


@click.command(epilog="Example: curate export vendure guides photos@1.2.0 --output shop/import")
@click.argument("platform", required=False)
@click.argument("names", nargs=-1, metavar="NAME[@VERSION]...")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Where to write; default: build/export/PLATFORM. An export that lies there is replaced.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Write what breaks the platform's rules, too.")
@click.option("--legacy", is_flag=True, help="Shopify: the columns that were used before 2025.")
@click.option(
    "--images", default="", metavar="ADDRESS",
    help="Where you put the images on the web: shops that fetch them get addresses below it.",
)  # fmt: skip
@click.option("--copies", is_flag=True, help="Gumroad: copy the archives instead of linking them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--list", "listed", is_flag=True, help="Show the platforms.")
@in_workspace
def export(
    workspace: Workspace, platform: str | None, names: tuple[str, ...], output: Path | None, force: bool,
    legacy: bool, images: str, copies: bool, as_json: bool, listed: bool,
) -> None:  # fmt: skip
    """Write what a shop or a card machine imports: of the latest release of each NAME, or of VERSION.

    Several collections go into one file. What breaks the platform's rules is left out and told (exit
    code 3). Card machines deliver the links that curate publish recorded.
    """
    from curate.pipeline.export import How
    from curate.pipeline.export import export as run

    if listed:
        _list(workspace, as_json)
        return
    if platform is None or not names:
        raise click.UsageError("name a PLATFORM and a collection, or give --list")
    if images and not images.startswith(("https://", "http://")):
        raise click.UsageError("--images takes an address such as https://shop.example/images")
    asked = {"legacy": legacy, "images": images, "copies": copies}
    options = {key: value for key, value in asked.items() if value}
    told = run(workspace, platform, names, How(output, force, options))
    if as_json:
        echo_json(_data(told))
    else:
        say = speaker(language_of(workspace, [one.name for one in told.offers]))
        _tell(told, say)
        _next(told, shlex.join(["curate", "export", platform, *names]), say)
    if not told.files:
        raise click.exceptions.Exit(Exit.PROBLEMS)
    if not all(one.written for one in told.offers):
        raise click.exceptions.Exit(Exit.PARTIAL)


def _list(workspace: Workspace, as_json: bool) -> None:
    from curate.pipeline.export import platforms

    found = platforms()
    if as_json:
        rows = [{"platform": name, "checked": checked} for name, checked in found]
        echo_json({"version": 1, "platforms": rows})
        return
    say = speaker(workspace.settings.language)
    for name, checked in found:
        echo(f"{name:<14} {_checked(checked, say)}")


def _tell(told: Exported, say: Say) -> None:
    heading(say("export {platform}", platform=told.platform))
    for problem in told.problems:
        _problem(problem, say)
    for one in told.offers:
        text = (
            "  {name} {version}: {price} {currency}"
            if one.written
            else "  {name} {version}: left out"
        )
        echo(say(text, name=one.name, version=one.version, price=one.price, currency=one.currency))
    if not told.files:
        echo(say("  nothing was written"), err=True)
        return
    echo(say("  {n} files in {folder}", n=len(told.files), folder=shlex.quote(told.folder)))
    echo(f"  {_checked(told.checked, say)}")


def _next(told: Exported, again: str, say: Say) -> None:
    if all(one.written for one in told.offers):
        what = say("bring it into {platform}", platform=told.platform)
    else:
        what = say("correct what is named above, then: {command}", command=again)
    echo(say("Next: {command}", command=what))


def _problem(problem: Problem, say: Say) -> None:
    kind = say("warning") if problem.severity == "warning" else say("error")
    echo(f"  {kind}: {problem}", err=True)


def _checked(checked: str, say: Say) -> str:
    if checked == "engine":
        return say("checked with the platform's own importer")
    return say("format-checked, not engine-checked: try it with one product first")


def _data(told: Exported) -> dict[str, object]:
    import msgspec

    body: dict[str, object] = msgspec.to_builtins(told)
    return {"version": 1, **body}
