"""Which part of the list of files is in which PDF: one, or several where one would take too much memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curate.bundle.layout import Layout, Placed

MOST = 1_100_000
"""What one PDF may hold: some 6,500 rows. typst keeps all it has laid out, about 100 bytes for each unit,
beside 85 MB for itself and the fonts."""
_ROW, _SECTION = 140, 2000  # units, beside one for each character


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbouring rows of a section; none of a section above the one that a booklet begins with."""

    section: int  # its place in the layout
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Booklet:
    """A PDF."""

    file: str
    label: str  # the first and the last top category in it; "" where it is the only one
    spans: tuple[Span, ...]


def booklets(layout: Layout) -> list[Booklet]:
    """All of them in reading order, cut between sections wherever these are small enough."""
    runs = list(_runs(layout))
    if len(runs) == 1:
        whole = (Span(n, 0, len(rows)) for n, (_, rows) in enumerate(layout.sections))
        return [Booklet("CONTENTS.pdf", "", tuple(whole))]
    return [
        Booklet(f"CONTENTS-{number}.pdf", _label(layout, run), tuple(_led(layout, run)))
        for number, run in enumerate(runs, 1)
    ]


def _runs(layout: Layout) -> Iterator[list[Span]]:
    run: list[Span] = []
    load = 0
    for span, weight in _pieces(layout):
        if run and load + weight > MOST:
            yield run
            run, load = [], 0
        run.append(span)
        load += weight
    yield run


def _pieces(layout: Layout) -> Iterator[tuple[Span, int]]:
    """Every section that has rows, in pieces where it is too large by itself, with their weights."""
    for number, (section, rows) in enumerate(layout.sections):
        start, load = 0, _SECTION + len(section.label)
        for place, row in enumerate(rows):
            weight = _weight(row)
            if place > start and load + weight > MOST:
                yield Span(number, start, place), load
                start, load = place, _SECTION
            load += weight
        if rows:
            yield Span(number, start, len(rows)), load


def _weight(row: Placed) -> int:
    return _ROW + len(row.item.title)


def _led(layout: Layout, run: Sequence[Span]) -> Iterator[Span]:
    """``run``, with the sections that its own lie in: each once, before the first of them."""
    told: set[int] = set()
    for span in run:
        for above in _above(layout, span.section):
            if above not in told:
                told.add(above)
                yield Span(above, 0, 0)
        told.add(span.section)
        yield span


def _above(layout: Layout, section: int) -> list[int]:
    """The sections that one lies in, from the top."""
    found: list[int] = []
    depth = layout.sections[section][0].depth
    for number in range(section - 1, -1, -1):
        if layout.sections[number][0].depth < depth:
            found.append(number)
            depth = layout.sections[number][0].depth
        if not depth:
            break
    return found[::-1]


def _label(layout: Layout, run: Sequence[Span]) -> str:
    ends = [[*_above(layout, one.section), one.section][0] for one in (run[0], run[-1])]
    return " – ".join(layout.sections[number][0].label for number in dict.fromkeys(ends))
