"""curate collect and package."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from curate.cli.options import SHOWN, echo, heading, in_workspace, language_of, print_next
from curate.cli.progress import progress
from curate.cli.reports import Counts, finish, print_problems, tell_packs
from curate.messages import Say, render, speaker
from curate.model import Report
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.pipeline.collect import How


@click.command(epilog="Example: curate collect guides --dry-run --sample 10")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--retry", is_flag=True, help="Only what failed, and what could not be read.")
@click.option("--dry-run", is_flag=True, help="Tell what would be taken; take and write nothing.")
@click.option(
    "--sample", type=click.IntRange(min=1), metavar="N", help="At most N of each source, to try it."
)
@click.option(
    "--watch", is_flag=True, help="Go on: collect again whenever something changes, until Ctrl-C."
)
@in_workspace
def collect(
    workspace: Workspace, names: tuple[str, ...], retry: bool, dry_run: bool, sample: int | None,
    watch: bool,
) -> None:  # fmt: skip
    """Bring in what the sources of a collection hold, or of all.

    Only what is new or changed is read. What no keyword matches is left, and remembered with its
    reason. Sources are collected side by side; one that fails is reported and the rest goes on (exit
    code 3).
    """
    from curate.pipeline.collect import How

    if watch and (retry or dry_run or sample):
        raise click.UsageError("--watch goes with no other option")
    if watch:
        _watch(workspace, names)
    else:
        finish(_collect(workspace, names, How(retry, dry_run, sample or 0)))


def _collect(workspace: Workspace, names: Sequence[str], how: How) -> list[Report]:
    from curate.pipeline.collect import collect as run

    named = workspace.chosen(names)
    say = speaker(language_of(workspace, named))
    with progress(say) as listener:
        reports = run(workspace, named, listener, how)
    for report in reports:
        say = speaker(language_of(workspace, [report.collection]))
        (_rehearsed if how.dry_run else _collected)(report, say, workspace)
    return reports


def _watch(workspace: Workspace, names: Sequence[str]) -> None:
    """Runs until it is interrupted; what fails in one round is told, and tried again in the next."""
    from curate.pipeline.collect import WHOLE
    from curate.pipeline.watch import watch

    named = workspace.chosen(names)
    say = speaker(language_of(workspace, named))
    watch(workspace, named, lambda some: _collect(workspace, some, WHOLE), tell=echo, say=say)


def _collected(report: Report, say: Say, workspace: Workspace) -> None:
    count = Counts(report.counts)
    heading(say("collect {name}", name=report.collection))
    echo(
        say(
            "  {taken} taken, {rejected} not taken, {failed} failed, {gone} gone",
            **count.of("taken", "rejected", "failed", "gone"),
        )
    )
    echo(
        say(
            "  this run: {new} new, {changed} changed, {unchanged} unchanged, {left} left; {read} read",
            **count.of("new", "changed", "unchanged", "left", "read"),
        )
    )
    if len(report.sources) > 1:
        _sources(report, say)
    print_problems(report, say, workspace)


def _sources(report: Report, say: Say) -> None:
    for source in report.sources:
        count = Counts(source.counts).of("new", "changed", "unchanged", "left")
        text = "  · {place}: failed" if source.trouble else (
            "  · {place}: {new} new, {changed} changed, {unchanged} unchanged, {left} left"
        )  # fmt: skip
        echo(say(text, place=source.place, **count))


def _rehearsed(report: Report, say: Say, workspace: Workspace) -> None:
    language = language_of(workspace, [report.collection])
    heading(say("collect {name}: what would be done", name=report.collection))
    for place, reason in report.planned:
        echo(f"  + {place}: {render(reason, language)}")
    echo(
        say(
            "  {new} new, {changed} changed, {unchanged} unchanged, {rejected} not taken, {failed} failed; nothing was written",
            **Counts(report.counts).of("new", "changed", "unchanged", "rejected", "failed"),
        )
    )
    print_problems(report, say, workspace)


@click.command(epilog="Example: curate package guides --version 1.0.0")
@click.argument("name")
@click.option(
    "--version",
    default="",
    metavar="X.Y.Z",
    help="Default: what follows from the changes since the last one.",
)
@in_workspace
def package(workspace: Workspace, name: str, version: str) -> None:
    """Build the next version of a collection's bundle into build/NAME/X.Y.Z/.

    What has no known right to be in it is left out and listed. A released version is never changed.
    """
    from curate.pipeline.package import package as run

    language = language_of(workspace, workspace.chosen([name]))
    say = speaker(language)
    with progress(say) as listener:
        packaged = run(workspace, name, version, listener)
    release, report = packaged.release, packaged.report
    heading(say("package {name} {version}", name=name, version=release.version))
    if release.unchanged:
        echo(say("  nothing has changed since this version; nothing was written"))
    echo(_packed(report, say))
    for where, reason in report.failed[:SHOWN]:
        said = render(reason, language)
        echo(say("  left out: {where}: {reason}", where=where, reason=said))
    if len(report.failed) > SHOWN:
        rest, file = len(report.failed) - SHOWN, release.folder / "LEFT-OUT.md"
        echo(say("  … and {n} more: see {file}", n=rest, file=file))
    for one in release.archives:
        echo(say("  {archive} ({size} bytes)", archive=one.path, size=f"{one.size:,}"))
        echo(f"  SHA-256 {one.sha256}")
    if not one.path.with_name(f"{one.path.name}.minisig").exists():
        echo(say("  not signed: curate key new makes a key to sign the next version with"))
    if packaged.updates:
        tell_packs(packaged.updates, language)
    for found in packaged.advice[:SHOWN]:
        echo(say("  listing: {where}: {what}", where=found.where, what=found.what))
    print_next(report, say)


def _packed(report: Report, say: Say) -> str:
    """How much is in a bundle, and how much is not."""
    items, categories = (report.counts.get(name, 0) for name in ("items", "categories"))
    return say(
        "  {items} in {categories}, {omitted} left out",
        items=say("1 item") if items == 1 else say("{items} items", items=f"{items:,}"),
        categories=say("one category")
        if categories == 1
        else say("{categories} categories", categories=f"{categories:,}"),
        **Counts(report.counts).of("omitted"),
    )
