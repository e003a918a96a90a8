"""Charts by matplotlib, as SVG that becomes part of a page: its text stays text, its colours the page's.

Positions in a picture are floats; what is written in it is made from the exact figures.
"""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from curate.books.reports import Cell, Chart, Column, Money, Report, Table
from curate.books.reports.cells import by_currency, heading, shown
from curate.books.reports.inline import inline
from curate.exports.text import line
from curate.messages import speaker
from curate.model import Language
from curate.shop import money

MOST_BARS = 15
"""Rows that bars are drawn for; the table has all."""
MOST_SERIES = 6
"""Colours that are told apart."""
INK, GRID, ZERO, CARD = "#010101", "#020202", "#030303", "#040404"
SERIES = tuple(f"#0505{n:02}" for n in range(1, MOST_SERIES + 1))
"""Stand-ins: the page's style says what they look like, by day and by night."""
_WIDTH = 420.0
_FONT = 12.0
_SMALL = 11.0
_BAR, _BETWEEN = 15.0, 11.0  # of one bar, between the bars of two rows
_LABEL = 0.36  # of the width, at most, for what stands at the left
_DASHES = ("-", (0, (6, 2)), (0, (2, 2)), (0, (6, 2, 2, 2)), (0, (1, 1)), (0, (9, 3)))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart: ``svg`` is an element for a page, ``series`` are the names of its colours, in their order."""

    key: str
    title: str
    svg: str
    series: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Series:
    title: str
    values: tuple[float | None, ...]
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Picture:
    kind: str
    column: Column  # of the first series: they are all of one kind
    labels: tuple[str, ...]
    series: tuple[_Series, ...]
    language: Language

    @property
    def values(self) -> list[float]:
        return [one for some in self.series for one in some.values if one is not None]


def draw(report: Report, chart: Chart, language: Language, prefix: str = "") -> Iterator[Drawn]:
    """One for each currency in it; none where there is nothing to draw.

    ``prefix`` of the ids within the picture, so that no two of a page have the same.
    """
    table = next(one for one in report.tables if one.key == chart.table)
    currencies = _currencies(table, chart)
    for number, code in enumerate(currencies):
        part = _of_currency(table, chart, code) if len(currencies) > 1 else table
        title = f"{chart.title} ({code})" if len(currencies) > 1 else chart.title
        picture = _picture(part, chart, language)
        if picture.values:
            key = f"{prefix}{report.key}-{chart.key}-{number}"
            yield _drawn(picture, table, part, key, title)


def _drawn(picture: _Picture, table: Table, part: Table, key: str, title: str) -> Drawn:
    say = speaker(picture.language)
    names = tuple(one.title for one in picture.series)
    told = say("{title}: {series}. Every figure stands in the table {table}.", title=title,
               series=say(", ").join(names), table=table.title)  # fmt: skip
    rows, drawn = len(part.rows), len(picture.labels)
    note = say("the first {n} of {all}", n=drawn, all=rows) if drawn < rows else ""
    return Drawn(key, title, inline(_svg(picture), key, title, line(told)), names, note)


def _currencies(table: Table, chart: Chart) -> list[str]:
    """ "" where it is not about money, and its rows are of no currency."""
    return sorted({code for row in table.rows for code in _of(table, chart, row)}) or [""]


def _of(table: Table, chart: Chart, row: tuple[Cell, ...]) -> set[str]:
    """The currencies of what is drawn of a row, else the one that the row is of."""
    cells = (row[table.at(key)] for key in chart.y)
    codes = {cell.currency for cell in cells if isinstance(cell, Money)}
    place = by_currency(table)
    return codes or ({str(row[place])} if place and row[place] else set())


def _of_currency(table: Table, chart: Chart, code: str) -> Table:
    """The rows that are in it."""
    from msgspec.structs import replace as other

    rows = tuple(
        tuple(None if isinstance(cell, Money) and cell.currency != code else cell for cell in row)
        for row in table.rows
        if code in _of(table, chart, row)
    )
    return other(table, rows=rows, total=(), totals=())


def _picture(table: Table, chart: Chart, language: Language) -> _Picture:
    rows = table.rows if chart.kind == "lines" else table.rows[:MOST_BARS]
    x = table.at(chart.x)
    labels = tuple(_clean(shown(row[x], table.columns[x])) for row in rows)
    places = [table.at(key) for key in chart.y[:MOST_SERIES]]
    series = tuple(
        _Series(
            heading(table, place),
            tuple(_height(row[place]) for row in rows),
            tuple(_label(row[place], table, place) for row in rows),
        )
        for place in places
    )
    return _Picture(chart.kind, table.columns[places[0]], labels, series, language)


def _label(cell: Cell, table: Table, place: int) -> str:
    code = cell.currency if isinstance(cell, Money) else ""
    return shown(cell, table.columns[place], code).replace("-", "−")


def _height(cell: Cell) -> float | None:
    if cell is None or isinstance(cell, str):
        return None
    if isinstance(cell, Money):
        return float(cell.amount) / float(10 ** money.digits(cell.currency))
    return float(cell)


def _svg(picture: _Picture) -> bytes:
    import matplotlib

    # Whatever a user's matplotlibrc says, the picture is the same.
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {"svg.fonttype": "none", "svg.hashsalt": "curate", "text.parse_math": False,
             "text.color": INK, "xtick.color": INK, "ytick.color": INK, "font.size": _FONT, "path.simplify": False}
        )  # fmt: skip
        # Fonts are the reader's: which glyphs the measuring one lacks means nothing.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = _lines(picture) if picture.kind == "lines" else _bars(picture)
        figure.patch.set_visible(False)
        stream = io.BytesIO()
        nobody = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(stream, format="svg", metadata=nobody)
    return stream.getvalue()


def _figure(height: float) -> Any:
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    figure = Figure(figsize=(_WIDTH / 72, height / 72), dpi=72)
    FigureCanvasSVG(figure)
    return figure


def _axes(figure: Any, left: float, right: float, top: float, bottom: float, height: float) -> Any:
    """With so much room at its sides, in points."""
    box = (left / _WIDTH, bottom / height, 1 - (left + right) / _WIDTH, 1 - (top + bottom) / height)
    axes = figure.add_axes(box)
    axes.patch.set_visible(False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, pad=5, labelsize=_SMALL)
    axes.set_axisbelow(True)
    return axes


def _bars(picture: _Picture) -> Any:
    """Lying bars, so that long names have room: side by side, stacked, or in the middle as a funnel."""
    beside = len(picture.series) if picture.kind == "bars" else 1
    group = beside * _BAR + _BETWEEN
    bottom = 8.0 if picture.kind == "funnel" else 24.0
    height = 6 + group * len(picture.labels) + bottom
    labels = [_cut(one, _LABEL * _WIDTH) for one in picture.labels]
    told = [one for some in picture.series for one in some.told if picture.kind != "stacked"]
    figures = max(map(_wide, told), default=0.0) * _SMALL / _FONT + 8
    is_negative = picture.kind != "stacked" and min(picture.values) < 0
    left = max(map(_wide, labels)) + 9 + (figures if is_negative else 0)
    figure = _figure(height)
    axes = _axes(figure, left, max(figures, 16.0), 6, bottom, height)
    axes.set_ylim(len(labels) * group, 0)
    axes.set_yticks([group * (n + 0.5) for n in range(len(labels))], labels)
    axes.tick_params(axis="y", labelsize=_FONT, pad=5 + (figures if is_negative else 0))
    {"bars": _beside, "stacked": _stacked, "funnel": _funnel}[picture.kind](axes, picture, group)
    return figure


def _beside(axes: Any, picture: _Picture, group: float) -> None:
    for number, one in enumerate(picture.series):
        for row, value in enumerate(one.values):
            if value is not None:
                y = group * row + _BETWEEN / 2 + _BAR * (number + 0.5)
                axes.barh(y, value, _BAR - 2, color=SERIES[number])
                _write(axes, one.told[row], value, y)
    _scale(axes.xaxis, picture, min(picture.values), max(picture.values))
    axes.axvline(0, color=ZERO, linewidth=1)


def _write(axes: Any, text: str, x: float, y: float) -> None:
    """At the end of a bar, on the side that it points to."""
    side = -1 if x < 0 else 1
    axes.annotate(
        text, (x, y), (4 * side, 0), textcoords="offset points", fontsize=_SMALL, va="center_baseline",
        ha="right" if x < 0 else "left", annotation_clip=False,
    )  # fmt: skip


def _stacked(axes: Any, picture: _Picture, group: float) -> None:
    """What is above zero to the right, what is below to the left."""
    ends = {True: [0.0] * len(picture.labels), False: [0.0] * len(picture.labels)}
    for number, one in enumerate(picture.series):
        for row, value in enumerate(one.values):
            if value:
                end = ends[value > 0]
                y = group * (row + 0.5)
                axes.barh(y, value, _BAR, left=end[row], color=SERIES[number], edgecolor=CARD)
                end[row] += value
    _scale(axes.xaxis, picture, min(ends[False]), max(ends[True]))
    axes.axvline(0, color=ZERO, linewidth=1)


def _funnel(axes: Any, picture: _Picture, group: float) -> None:
    one = picture.series[0]
    most = max(max(picture.values), 0.0) or 1.0
    for row, value in enumerate(one.values):
        if value is not None:
            y = group * (row + 0.5)
            axes.barh(y, value, _BAR + 3, left=-value / 2, color=SERIES[0])
            axes.annotate(
                one.told[row], (most / 2, y), (6, 0), textcoords="offset points", fontsize=_SMALL,
                va="center_baseline", ha="left", annotation_clip=False,
            )  # fmt: skip
    axes.set_xlim(-most / 2, most / 2)
    axes.set_xticks([])


def _lines(picture: _Picture) -> Any:
    height = 210.0
    low, high = min(0.0, *picture.values), max(0.0, *picture.values)
    ticks = _ticks(picture, low, high)
    left = max(_wide(_tick(one, ticks, picture)) for one in ticks) * _SMALL / _FONT + 10
    figure = _figure(height)
    axes = _axes(figure, left, 22, 10, 30, height)
    for number, one in enumerate(picture.series):
        heights = [float("nan") if value is None else value for value in one.values]
        axes.plot(
            range(len(heights)), heights, color=SERIES[number], linewidth=2, linestyle=_DASHES[number],
            marker="o" if len(heights) <= 31 else None, markersize=4, clip_on=False,
        )  # fmt: skip
    count = len(picture.labels)
    labels = [_cut(one, 90) for one in picture.labels]
    room = max(1, int((_WIDTH - left - 22) / (max(map(_wide, labels)) + 12)))
    step = -(-count // room)
    axes.set_xticks([*range(0, count, step)], labels[::step], fontsize=_SMALL)
    axes.tick_params(axis="x", pad=9)  # below the zero of the other axis
    axes.set_xlim(-0.3 if count > 1 else -1, count - 0.7 if count > 1 else 1)
    _scale(axes.yaxis, picture, low, high)
    axes.axhline(0, color=ZERO, linewidth=1)
    return figure


def _scale(axis: Any, picture: _Picture, low: float, high: float) -> None:
    """From zero, with thin lines at round figures, as many as there is room for."""
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = 1.0
    getattr(axis.axes, f"set_{axis.axis_name}lim")(low, high)
    room = axis.axes.get_position().width * _WIDTH
    for most in (4, 3, 2, 1):
        ticks = [one for one in _ticks(picture, low, high, most) if low <= one <= high * 1.001]
        told = [_tick(one, ticks, picture) for one in ticks]
        apart = room * (ticks[1] - ticks[0]) / (high - low) if len(ticks) > 1 else room
        if axis.axis_name == "y" or apart > max(map(_wide, told)) + 6:
            break
    else:
        ticks, told = [0.0], ["0"]
    axis.set_ticks(ticks, told)
    axis.grid(color=GRID, linewidth=0.8)


def _ticks(picture: _Picture, low: float, high: float, most: int = 4) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    whole = picture.column.kind == "count"
    locator = MaxNLocator(nbins=most, steps=[1, 2, 2.5, 5, 10], integer=whole)
    return [float(one) for one in locator.tick_values(low, high if high > low else low + 1)]


_UNITS: dict[Language, tuple[tuple[float, str], ...]] = {
    "zh": ((1e8, "亿"), (1e4, "万")),
    "en": ((1e9, "bn"), (1e6, "m"), (1e4, "k")),
}


def _tick(value: float, ticks: Sequence[float], picture: _Picture) -> str:
    if picture.column.kind == "ratio":
        return f"{100 * value:g}%".replace("-", "−")
    most = max(map(abs, ticks))
    size, unit = next((one for one in _UNITS[picture.language] if most >= one[0]), (1.0, ""))
    if unit == "k":
        size = 1e3
    told = f"{value / size:,.6g}{unit}" if value else "0"
    return told.replace("-", "−")


def _clean(text: str) -> str:
    """Without what orders text about: each label stands for itself."""
    return "".join(one for one in line(text) if unicodedata.category(one) != "Cf")


def _wide(text: str) -> float:
    """In points, whatever font the reader has: rather too much."""
    return sum(map(_em, text)) * _FONT


def _em(char: str) -> float:
    if unicodedata.east_asian_width(char) in "WF":
        return 1.02
    if char in "MWmw@%…":
        return 0.98
    return 0.74 if char.isupper() else 0.6


def _cut(text: str, most: float) -> str:
    if _wide(text) <= most:
        return text
    while text and _wide(f"{text}…") > most:
        text = text[:-1]
    return f"{text.rstrip(' ,;:–-')}…"
