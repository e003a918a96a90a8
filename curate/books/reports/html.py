"""Reports as one HTML file that asks no network for anything: tables, a picture beside each, no script."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple

from curate.books.reports import Cell, Report, Table
from curate.books.reports.cells import exact, for_people, heading, is_figure, said
from curate.bundle.pages import press
from curate.exports.text import line
from curate.messages import speaker
from curate.model import Language

if TYPE_CHECKING:
    from curate.books.reports.charts import Drawn


class Shown(NamedTuple):
    """A cell: as it is read, and, of figures, whole."""

    text: str
    exact: str
    is_figure: bool


class Head(NamedTuple):
    text: str
    is_figure: bool


class Part(NamedTuple):
    """A table with its pictures."""

    id: str
    title: str
    head: list[Head]
    rows: list[list[Shown]]
    totals: list[list[Shown]]
    notes: list[str]
    charts: list[Drawn]
    is_named: bool  # rows begin with a text


class Chapter(NamedTuple):
    id: str
    title: str
    notes: list[str]
    parts: list[Part]


def page(reports: Sequence[Report], language: Language, period: str) -> str:
    """All of ``reports`` on one page, which is the same for the same figures."""
    say = speaker(language)
    chapters = [_chapter(one, language) for one in reports]
    title = chapters[0].title if len(chapters) == 1 else say("Overview of the books")
    return str(
        _environment()
        .get_template("page.html.j2")
        .render(
            chapters=chapters, title=title, period=line(period), say=say, style=_style(), policy=_policy(),
            language="zh-CN" if language == "zh" else "en",
        )
    )  # fmt: skip


def _chapter(report: Report, language: Language) -> Chapter:
    notes = [*map(line, report.notes)]
    return Chapter(report.key, line(report.title), notes, [*_parts(report, language)])


def _parts(report: Report, language: Language) -> Iterator[Part]:
    from curate.books.reports import charts

    for table in map(for_people, report.tables):
        pictures = [
            drawn
            for chart in report.charts
            if chart.table == table.key
            for drawn in charts.draw(report, chart, language)
        ]
        head = [
            Head(line(heading(table, place)), is_figure(column))
            for place, column in enumerate(table.columns)
        ]
        rows = [_row(row, table) for row in table.rows]
        totals = [_row(row, table) for row in table.below]
        notes = [*map(line, table.notes)]
        name = f"{report.key}-{table.key}"
        is_named = not is_figure(table.columns[0])
        yield Part(name, line(table.title), head, rows, totals, notes, pictures, is_named)


def _row(row: tuple[Cell, ...], table: Table) -> list[Shown]:
    found = zip(row, said(table, row), table.columns, strict=True)
    return [
        Shown(_figure(text), exact(cell, column), cell is not None)
        if is_figure(column)
        else Shown(line(text), "", False)
        for cell, text, column in found
    ]


def _figure(text: str) -> str:
    """With a minus that is as wide as a plus."""
    return f"−{text[1:]}" if text.startswith("-") else text


@cache
def _style() -> str:
    """The colours of curate's other pages, and what tables and pictures need."""
    own = resources.files("curate.books.reports").joinpath("templates", "page.css").read_bytes()
    return f"{press.source('style.css')}{own.decode().replace(chr(13), '')}"


def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Any:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("curate.books.reports", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
