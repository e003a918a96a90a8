"""Reports in every form say the same: tables as people and as programs read them, CSV, JSON, the terminal."""

from __future__ import annotations

import csv as comma
import io
import json as plain
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.books.reports import (
    Cell,
    Chart,
    Column,
    Kind,
    Money,
    Report,
    Table,
    csv,
    json,
    terminal,
)
from curate.books.reports.cells import fixed, heading, said, shown
from curate.books.reports.charts import draw
from curate.exports.text import commands, line
from curate.shop import money
from tests.reported import HOSTILE, direct, journey

_KINDS: tuple[Kind, ...] = ("text", "count", "money", "ratio", "number")
_CELLS: dict[Kind, st.SearchStrategy[Cell]] = {
    "text": st.text(max_size=30) | st.sampled_from(HOSTILE),
    "count": st.integers(0, 10**18),
    "money": st.builds(
        Money, st.integers(-(10**15), 10**15), st.sampled_from(["CNY", "USD", "JPY", "KWD"])
    ),
    "ratio": st.fractions() | st.integers(0, 1),
    "number": st.fractions() | st.integers(),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    kinds = draw(st.lists(st.sampled_from(_KINDS), min_size=1, max_size=5))
    columns = tuple(Column(f"c{n}", f"Column {n}", kind) for n, kind in enumerate(kinds))
    row = st.tuples(*(st.none() | _CELLS[kind] for kind in kinds))
    rows = draw(st.lists(row, max_size=4))
    totals = draw(st.lists(row, max_size=3))
    one = totals[0] if len(totals) == 1 else ()
    return Table("t", "T", columns, tuple(rows), one, (), () if one else tuple(totals))


def from_json(cell: Any, kind: Kind) -> Cell:
    if isinstance(cell, dict):
        if "amount" in cell:
            return Money(money.minor(cell["amount"], cell["currency"]), cell["currency"])
        assert cell["decimal"] == fixed(Fraction(cell["fraction"]), 6)
        return Fraction(cell["fraction"])
    return line(cell) if kind == "text" and cell is not None else cast(Cell, cell)


def from_csv(cells: Iterator[str], kind: Kind) -> Cell:
    first = next(cells)
    if kind == "money":
        code = next(cells)
        return Money(money.minor(first, code), code) if first else None
    if kind in ("ratio", "number"):
        top, bottom = next(cells), next(cells)
        assert not first or first == fixed(Fraction(int(top), int(bottom)), 6)
        return Fraction(int(top), int(bottom)) if first else None
    if kind == "count":
        return int(first) if first else None
    return first.removeprefix("'") if commands(first.removeprefix("'")) else first


@given(tables())
def test_csv_and_json_hold_the_very_same_cells(table: Table) -> None:
    """Read back from either, they are the cells of the table: nothing is rounded, nothing computes."""
    told = json.told([Report("r", "R", "2026-03", (table,))], "2026-03")
    (read,) = plain.loads(plain.dumps(told))["reports"][0]["tables"]
    header, *rows = [*comma.reader(io.StringIO(csv._file(csv.rows(table)).decode("utf-8-sig")))]
    assert all(len(row) == len(header) for row in rows)
    sources = [*table.rows, *table.below]
    found = [*read["rows"], *read["totals"]]
    assert [row[0] for row in rows][: len(table.rows)] == [
        str(n + 1) for n in range(len(table.rows))
    ]
    assert len(rows) == len(found) == len(sources)
    for source, one, row in zip(sources, found, rows, strict=True):
        cells = iter(row[1:])
        for cell, column in zip(source, table.columns, strict=True):
            wanted = line(cell) if isinstance(cell, str) else cell
            assert from_json(one[column.key], column.kind) == wanted
            assert from_csv(cells, column.kind) == (("" if wanted is None else wanted) if column.kind == "text" else wanted)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_spreadsheet_computes_a_title(text: str) -> None:
    assert not commands(csv.safe(text))
    assert line(text) in csv.safe(text)


def test_a_file_for_each_table_replaces_older_ones(tmp_path: Path) -> None:
    report = direct("zh", hostile=True)
    paths = csv.write(report, tmp_path / "out")
    assert [one.name for one in paths] == [
        "direct-2026-03-channels.csv", "direct-2026-03-weeks.csv", "direct-2026-03-costs.csv",
        "direct-2026-03-notes.csv",
    ]  # fmt: skip
    before = [one.read_bytes() for one in paths]
    assert all(one.startswith(b"\xef\xbb\xbf") for one in before)
    assert [one.read_bytes() for one in csv.write(report, tmp_path / "out")] == before
    assert {one.name for one in (tmp_path / "out").iterdir()} == {one.name for one in paths}
    days = Report("direct", "D", "2026-03-01/2026-03-15", journey("en").tables)
    assert csv.write(days, tmp_path)[0].name == "direct-2026-03-01--2026-03-15-stages.csv"


@pytest.mark.parametrize(
    ("cell", "kind", "text"),
    [
        (Money(-1_234_567_890, "CNY"), "money", "-12,345,678.90 CNY"),
        (Money(1_234_567, "JPY"), "money", "1,234,567 JPY"),
        (Money(-5, "KWD"), "money", "-0.005 KWD"),
        (Fraction(1, 3), "ratio", "33.33%"),
        (Fraction(-1, 8), "ratio", "-12.50%"),
        (Fraction(1, 16000), "ratio", "0.01%"),
        (1, "ratio", "100.00%"),
        (Fraction(2_000_005, 1000), "number", "2,000.00"),  # half to even
        (Fraction(2_000_015, 1000), "number", "2,000.02"),
        (1_234_567, "count", "1,234,567"),
        (None, "money", "–"),
    ],
)
def test_figures_as_people_read_them(cell: Cell, kind: Kind, text: str) -> None:
    assert shown(cell, Column("k", "K", kind)) == text


def test_a_currency_that_all_share_stands_in_the_heading() -> None:
    channels, _, costs = direct("en").tables
    assert heading(channels, channels.at("revenue")) == "Revenue (CNY)"
    assert said(channels, channels.rows[0])[5] == "123,456.78"
    assert heading(costs, costs.at("ads")) == "Ads"
    assert said(costs, costs.rows[3])[1] == "1,000.50 USD"


@pytest.mark.parametrize("columns", [40, 80, 100, 300])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_figure_is_in_the_terminal_and_fits(language: Any, columns: int) -> None:
    from rich.cells import cell_len

    for report in (direct(language), journey(language), direct(language, hostile=True)):
        told = [one.text for one in terminal.lines(report, language, columns)]
        for table in report.tables:
            for row in (*table.rows, *table.below):
                for text, column in zip(said(table, row), table.columns, strict=True):
                    assert column.kind == "text" or any(text in one for one in told), text
        notes = {f"* {line(one)}" for table in report.tables for one in table.notes}
        rules = [cell_len(one) for one in told if one.startswith("─")]
        assert all(one <= columns for one in rules)
        is_turned = report.tables[0].rows[0][0] in told  # row by row: names are not cut
        assert is_turned or all(cell_len(one) <= columns for one in told if one not in notes)
        assert not any("\x1b" in one or "\u202e" in one for one in told if one not in notes)


@pytest.mark.parametrize("text", [
    "Fewer than 30 people, or fewer than 3 levels, with the seller",
    "直接销售与分销的人数少于三十人，或者连同卖家在内少于三个层级",
])  # fmt: skip
def test_a_long_text_goes_on_below_itself(text: str) -> None:
    columns = (Column("a", "A"), Column("b", "B", "count"))
    report = Report("r", "R", "2026", (Table("t", "T", columns, ((text, 7), ("short", 8))),))
    told = [one.text for one in terminal.lines(report, "en", 80)][5:]
    assert len(told) == 3 and told[0].endswith("7") and told[2].startswith("short")
    first = told[0].removesuffix("7").rstrip()
    assert f"{first}{told[1]}".replace(" ", "") == text.replace(" ", "")
    endless = Report("r", "R", "2026", (Table("t", "T", columns, ((text * 50, 7),)),))
    assert len([*terminal.lines(endless, "en", 80)]) == 9


def test_a_table_with_a_hole_is_no_table() -> None:
    columns = (Column("a", "A"), Column("b", "B", "money"))
    with pytest.raises(ValueError, match="2 columns, but a row of 1"):
        Table("t", "T", columns, (("x",),))
    with pytest.raises(ValueError, match="12 in b is no money"):
        Table("t", "T", columns, (("x", 12),))
    table = Table("t", "T", columns, (("x", Money(12, "CNY")),))
    for wrong in (("b", "a"), ("a", "a"), ("a", "c")):
        with pytest.raises(ValueError, match="chart c"):
            Report("r", "R", "2026", (table,), (Chart("c", "C", "bars", "t", wrong[0], wrong[1:]),))


def test_what_is_of_several_currencies_says_so_once_and_is_drawn_apart() -> None:
    columns = (Column("channel", "Channel"), Column("currency", "Currency"),
               Column("revenue", "Revenue", "money"), Column("rate", "Rate", "ratio"))  # fmt: skip
    rows = (("own", "CNY", Money(1_250, "CNY"), Fraction(1, 2)), ("own", "USD", Money(300, "USD"), Fraction(1, 3)))  # fmt: skip
    table = Table("t", "T", columns, rows)
    assert [said(table, row)[2] for row in rows] == ["12.50", "3.00"]
    told = Report("direct", "D", "2026", (table,))
    for figure in ("revenue", "rate"):
        drawn = [*draw(told, Chart("c", "C", "bars", "t", "channel", (figure,)), "en")]
        assert [one.title for one in drawn] == ["C (CNY)", "C (USD)"]
        assert [one.svg.count(">own<") for one in drawn] == [1, 1]
