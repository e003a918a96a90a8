"""A collection's categories as a table that spreadsheet programs open, and what people filled in there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from curate.catalog import Catalog
from curate.collection import Loaded
from curate.corrections import Correction
from curate.errors import CurateError
from curate.model import Label, Report
from curate.pipeline.labels import Desk, Filed, Word, category_of, filed, report, sorted_into
from curate.pipeline.ready import ready
from curate.pipeline.table import (
    Row,
    all_of,
    digest,
    find,
    one_line,
    rows,
    shown,
    unsafe,
    write,
)
from curate.workspace import Workspace

SHOWN = ("id", "place", "title", "category", "score", "why", "second")
"""Columns for people to read; what stands there when the sheet comes back is not looked at."""
YOURS = "your category"
"""The column that people fill in; it holds what somebody said before."""
STATE = "state"
"""Column that tells whether a row was edited, and whether somebody spoke of its resource since."""
NOWHERE = "-"
"""What stands in ``YOURS`` for a resource that belongs to none of the categories."""
_NONE = frozenset((NOWHERE, "–", "—", "none", "无"))
_LONGEST = 200  # characters of a category in a cell


def export(workspace: Workspace, name: str, file: IO[bytes], waiting: bool = False) -> int:
    """Write every resource, or with ``waiting`` what waits for review, as CSV. Rows written.

    Raises CurateError: no categories, or it has to be collected or classified first.
    """
    loaded = sorted_into(workspace, name)
    with Catalog(workspace.catalog, readonly=True) as catalog:
        latest = ready(workspace, catalog, loaded).corrections.latest
        found = filed(catalog, name)
    asked = (one for one in found if one.waits or not waiting)
    return write(file, (*SHOWN, YOURS, STATE), (_record(one, latest) for one in asked))


def _record(one: Filed, latest: Mapping[str, Correction]) -> tuple[str, ...]:
    label, held = one.label, _held(latest.get(one.sha256))
    return (
        one.sha256, shown(one.source), one.title, label.category, f"{label.score:.2f}", _why(label), label.second, held,
        digest([held]),
    )  # fmt: skip


def _held(said: Correction | None) -> str:
    """What a person said, as it stands in a cell."""
    return "" if said is None else said.category or NOWHERE


def _why(label: Label) -> str:
    return label.by if label.basis == "person" else "; ".join(label.words)


def bring(workspace: Workspace, name: str, path: Path, who: str) -> Report:
    """Record what people changed in the column for it, all or nothing.

    The report counts ``set`` and ``undone``. Raises SheetError with the problems of all rows; CurateError
    where it is no such sheet, there are no categories, or the collection has to be collected or
    classified first.
    """
    loaded = sorted_into(workspace, name)
    columns = (*SHOWN, YOURS, STATE)
    filled = list(rows(path, columns, ("id", YOURS), "curate classify export"))
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        latest = ready(workspace, catalog, loaded).corrections.latest
        reader = _Reader(loaded, latest, {one.sha256: one for one in filed(catalog, name)}, {})
        words = all_of(path.name, filled, reader.word)
        if words:
            Desk(workspace, catalog, loaded).record(words, who)
        return report(loaded, words)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads rows."""

    loaded: Loaded
    latest: Mapping[str, Correction]
    known: Mapping[str, Filed]
    first: dict[str, int]  # id → its row

    def word(self, row: Row) -> Word | None:
        """What a row says; None where nobody changed it. Raises CurateError."""
        about = find(row, self.known, self.loaded.name, self.first)
        held = _held(self.latest.get(about.sha256))
        now = one_line(unsafe(row.cells.get(YOURS, "")).strip())
        state = row.cells.get(STATE, "").strip()  # "": made by hand
        if now == held or state == digest([now]):
            return None
        if not now and not state:
            return None  # a row that somebody began, or that was cut off: it takes nothing back
        category = self._category(now)
        if (category or NOWHERE) == held and category is not None:
            return None  # as after the first import of the same sheet
        if state and state != digest([held]):
            raise CurateError(
                f"{_told(held)} since this sheet was written",
                "export again, and fill that in",
            )
        return Word(about, category)

    def _category(self, cell: str) -> str | None:
        if len(cell) > _LONGEST:
            raise CurateError(f"{YOURS} is longer than {_LONGEST} characters", "write one category")
        names = _names(self.loaded)
        if cell.casefold() in _NONE and cell.casefold() not in names:
            return ""
        return category_of(self.loaded, cell) if cell else None


def _names(loaded: Loaded) -> Iterable[str]:
    known = loaded.collection.categories
    return {said.casefold() for one in known for said in (one.name, one.title)}


def _told(held: str) -> str:
    if held == NOWHERE:
        return "somebody has said that it belongs nowhere"
    return f"somebody has said '{held}'" if held else "somebody has taken back what was said"
