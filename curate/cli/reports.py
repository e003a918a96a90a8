"""What the commands that run stages print of their reports, and how they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from curate.cli.options import echo, language_of, print_failures, print_next
from curate.errors import Exit
from curate.messages import Say
from curate.model import Report
from curate.workspace import Workspace


def print_problems(report: Report, say: Say, workspace: Workspace) -> None:
    if report.failed:
        echo(say("  {n} could not be read:", n=len(report.failed)), err=True)
        print_failures(report.failed, say, language_of(workspace, [report.collection]))
    print_next(report, say)


def finish(reports: Sequence[Report]) -> None:
    if any(report.failed for report in reports):
        raise click.exceptions.Exit(Exit.PARTIAL)


class Counts:
    """Counts by name; what was not counted is zero."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def of(self, *names: str) -> dict[str, str]:
        return {name: f"{self._counts.get(name, 0):,}" for name in names}
