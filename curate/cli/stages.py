"""curate collect, classify and package."""

from __future__ import annotations

from collections.abc import Sequence

import click

from curate.cli.options import (
    SHOWN,
    echo,
    heading,
    in_workspace,
    language_of,
    print_failures,
    print_next,
)
from curate.cli.progress import progress
from curate.errors import Exit
from curate.messages import Say, render, speaker
from curate.model import Report
from curate.workspace import Workspace


@click.command(epilog="Example: curate collect guides")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--retry", is_flag=True, help="Read again what could not be read and so was not taken."
)
@in_workspace
def collect(workspace: Workspace, names: tuple[str, ...], retry: bool) -> None:
    """Bring in what the sources of a collection hold, or of all.

    Only what is new or changed is read. What no keyword matches is left, and remembered with its
    reason. A source that fails is reported and the rest goes on (exit code 3).
    """
    from curate.pipeline.collect import collect as run

    named = workspace.chosen(names)
    say = speaker(language_of(workspace, named))
    with progress(say) as listener:
        reports = run(workspace, named, listener, retry)
    for report in reports:
        _collected(report, speaker(language_of(workspace, [report.collection])), workspace)
    _finish(reports)


def _collected(report: Report, say: Say, workspace: Workspace) -> None:
    count = _Counts(report)
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
    _problems(report, say, workspace)


@click.command(epilog="Example: curate classify guides --retry")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--retry", is_flag=True, help="Read again what could not be read before.")
@in_workspace
def classify(workspace: Workspace, names: tuple[str, ...], retry: bool) -> None:
    """Read what was collected, find duplicates, sort it into categories, judge its rights, index it.

    A file that cannot be read costs only itself and is listed with the reason (exit code 3).
    """
    from curate.pipeline.classify import classify as run

    named = workspace.chosen(names)
    say = speaker(language_of(workspace, named))
    with progress(say) as listener:
        reports = run(workspace, named, listener, retry)
    for report in reports:
        _classified(report, speaker(language_of(workspace, [report.collection])), workspace)
    _finish(reports)


def _classified(report: Report, say: Say, workspace: Workspace) -> None:
    count = _Counts(report)
    heading(say("classify {name}", name=report.collection))
    echo(
        say(
            "  {resources} resources from {places} places: {copies} exact and {duplicates} near duplicates",
            **count.of("resources", "places", "copies", "duplicates"),
        )
    )
    echo(
        say(
            "  {categories} categories, {uncategorised} uncategorised",
            **count.of("categories", "uncategorised"),
        )
    )
    if report.counts.get("partial"):
        echo(
            say("  {partial} read only in part: see curate status --failed", **count.of("partial"))
        )
    echo(
        say(
            "  rights: {allow} allowed, {ask} to decide, {deny} denied",
            **count.of("allow", "ask", "deny"),
        )
    )
    echo(
        say(
            "  this run: {examined} read, {compared} compared, {labelled} judged and indexed",
            **count.of("examined", "compared", "labelled"),
        )
    )
    _problems(report, say, workspace)


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
    count = _Counts(report)
    echo(
        say(
            "  {items} items in {categories} categories, {omitted} left out",
            **count.of("items", "categories", "omitted"),
        )
    )
    for where, reason in report.failed[:SHOWN]:
        said = render(reason, language)
        echo(say("  left out: {where}: {reason}", where=where, reason=said))
    if len(report.failed) > SHOWN:
        rest, file = len(report.failed) - SHOWN, release.folder / "LEFT-OUT.md"
        echo(say("  … and {n} more: see {file}", n=rest, file=file))
    echo(say("  {archive} ({size} bytes)", archive=release.archive, size=f"{release.size:,}"))
    echo(f"  SHA-256 {release.sha256}")
    print_next(report, say)


def _problems(report: Report, say: Say, workspace: Workspace) -> None:
    if report.failed:
        echo(say("  {n} could not be read:", n=len(report.failed)), err=True)
        print_failures(report.failed, say, language_of(workspace, [report.collection]))
    print_next(report, say)


def _finish(reports: Sequence[Report]) -> None:
    if any(report.failed for report in reports):
        raise click.exceptions.Exit(Exit.PARTIAL)


class _Counts:
    """The counts of a report by name; what was not counted is zero."""

    def __init__(self, report: Report) -> None:
        self._counts = report.counts

    def of(self, *names: str) -> dict[str, str]:
        return {name: f"{self._counts.get(name, 0):,}" for name in names}
