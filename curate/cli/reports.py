"""What the commands that run stages print of their reports, and how they end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from curate.cli.options import echo, language_of, print_failures, print_next
from curate.errors import Exit
from curate.messages import Say, render, speaker
from curate.model import Language, Report
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.bundle.updates.making import Packs


def print_problems(report: Report, say: Say, workspace: Workspace) -> None:
    if report.failed:
        echo(say("  {n} could not be read:", n=len(report.failed)), err=True)
        print_failures(report.failed, say, language_of(workspace, [report.collection]))
    print_next(report, say)


def finish(reports: Sequence[Report]) -> None:
    if any(report.failed for report in reports):
        raise click.exceptions.Exit(Exit.PARTIAL)


def tell_packs(packs: Packs, language: Language) -> None:
    """The update packs of a release, or why it has none."""
    say = speaker(language)
    if packs.why:
        echo(f"  {render(packs.why, language)}")
    for pack in packs.made:
        echo(
            say(
                "  update pack {path} ({size} bytes, {percent} % of the archive)",
                path=pack.path, size=f"{pack.size:,}", percent=f"{100 * pack.size / pack.full:.1f}",
            )
        )  # fmt: skip


class Counts:
    """Counts by name; what was not counted is zero."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def of(self, *names: str) -> dict[str, str]:
        return {name: f"{self._counts.get(name, 0):,}" for name in names}
