"""curate report: what the books hold, as tables and charts."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from curate.cli.options import echo, echo_json, heading, in_workspace
from curate.errors import CurateError, Exit
from curate.messages import Say, speaker
from curate.workspace import Workspace

if TYPE_CHECKING:
    from curate.books.reports import Report
    from curate.model import Language
    from curate.shop import Shop
    from curate.shop.calendar import Period

_WIDE = 100
"""Columns where the output is no terminal that tells its own."""


@click.command(
    epilog="Example: curate report direct --period 2026-03 --by campaign --html march.html"
)
@click.argument("kind", required=False, default="")
@click.option(
    "--period", "told", metavar="PERIOD", default="",
    help="2026-03, 2026, 2026-03-01 or 2026-03-01/2026-03-15, in the time zone of [books]; default: this month.",
)  # fmt: skip
@click.option(
    "--by", metavar="DIMENSION", default="",
    help="What direct is told by: channel, campaign, bundle, cohort or affiliate; journey: channel, campaign or language.",
)  # fmt: skip
@click.option(
    "--html", "page", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
    help="Write a page with charts, one file that needs no network.",
)  # fmt: skip
@click.option(
    "--csv", "sheets", metavar="DIR", type=click.Path(path_type=Path, file_okay=False),
    help="Write a CSV file for each table.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object with exact figures.")
@in_workspace
def report(
    workspace: Workspace,
    kind: str,
    told: str,
    by: str,
    page: Path | None,
    sheets: Path | None,
    as_json: bool,
) -> None:
    """Show what was sold, what it cost and what came of it: direct, distribution, journey, review, compliance or
    ledger; without a KIND the first table of each.

    Files hold all tables, and replace older ones of their names. Exit code 3 where a report had to be left out.
    """
    from curate.shop import Shop, calendar

    shop = Shop.open(workspace)
    language = shop.workspace.settings.language
    say = speaker(language)
    _check(page)
    zone = calendar.zone(shop.settings.books.timezone)
    period = calendar.parse(told or calendar.month(shop.now(), zone), zone)
    made, left_out = _made(shop, kind, period, by)
    if as_json:
        from curate.books.reports import json

        echo_json(json.told(made, period.name))
    elif not (page or sheets):
        _show(made, language, 0 if kind else 1)
    for path in _written(made, language, period, page, sheets):
        echo(say("{path} is written", path=path), err=as_json)
    _finish(left_out, say)


def _check(page: Path | None) -> None:
    """Before anything is worked out; and no other file is replaced by a slip."""
    if page and page.suffix.lower() not in (".html", ".htm"):
        raise CurateError(f"{page} is no name for a page", f"call it {page.with_suffix('.html')}")


def _made(
    shop: Shop, kind: str, period: Period, by: str
) -> tuple[list[Report], list[tuple[str, CurateError]]]:
    """The report that is asked for; or all, with those that cannot be made and why."""
    from curate.books.reports.builders import BUILDERS, build

    if kind:
        return [build(shop, kind, period, by)], []
    made, left_out = [], []
    for name in BUILDERS:
        try:
            made.append(build(shop, name, period, by if name == "direct" else ""))
        except CurateError as fault:
            left_out.append((name, fault))
    if not made:
        raise left_out[0][1]
    return made, left_out


def _show(made: Sequence[Report], language: Language, most: int) -> None:
    from curate.books.reports import terminal

    columns = shutil.get_terminal_size((_WIDE, 24)).columns
    for number, one in enumerate(made):
        if number:
            echo("")
        for line in terminal.lines(one, language, columns, most):
            (heading if line.is_heading else echo)(line.text)


def _written(
    made: Sequence[Report],
    language: Language,
    period: Period,
    page: Path | None,
    sheets: Path | None,
) -> list[Path]:
    paths = []
    if page:
        from curate.books.reports import csv, html

        paths.append(csv.replace(page, html.page(made, language, period.name).encode()))
    if sheets:
        from curate.books.reports import csv

        paths += [path for one in made for path in csv.write(one, sheets)]
    return paths


def _finish(left_out: Sequence[tuple[str, CurateError]], say: Say) -> None:
    for name, fault in left_out:
        echo(say("  left out: {name}: {why}", name=name, why=f"{fault.message} ({fault.hint})"), err=True)  # fmt: skip
    if left_out:
        raise click.exceptions.Exit(Exit.PARTIAL)
