"""A collection's rights as a table that spreadsheet programs open, and what people filled in there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from curate import rights as rules
from curate.answers import EVIDENCE, digest_of
from curate.catalog import Catalog
from curate.collection import load
from curate.errors import CurateError
from curate.messages import render
from curate.model import Answer, Language, Report, Statement
from curate.pipeline.decisions import Ask, Desk, Tried
from curate.pipeline.judge import Judge
from curate.pipeline.rulings import Ruling, Which, rulings, select
from curate.pipeline.table import (
    Row,
    SheetError,
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

SHOWN = ("id", "place", "title", "category", "outcome", "license", "rule", "reasons", "says")
"""Columns for people to read; what stands there when the sheet comes back is not looked at."""
ANSWER = ("answer", "as", "own", "grant", "grounds", "territory", "why", "who", "evidence")
"""Columns that people fill in; they hold the answer that is in force."""
STATE = "state"
"""Column that tells whether a row was edited, and whether its resource was decided otherwise since."""
_LONGEST = 300  # characters of a statement in a cell
_ANSWER = 4_000  # characters of a cell that a person filled in
_HEX = re.compile(r"[0-9a-f]{64}")


def export(workspace: Workspace, name: str, file: IO[bytes], which: Which | None = None) -> int:
    """Write what ``which`` fits as CSV: UTF-8 with the mark that spreadsheet programs need. Rows written.

    Raises CurateError: no such collection, or it has to be collected or classified first.
    """
    loaded = load(workspace, name)
    found = rulings(workspace, name, which)
    judge = Judge(workspace, loaded)
    language = loaded.collection.language
    with Catalog(workspace.catalog, readonly=True) as catalog:
        return write(
            file,
            (*SHOWN, *ANSWER, STATE),
            (_record(one, judge, catalog, language) for one in found),
        )


def _record(one: Ruling, judge: Judge, catalog: Catalog, language: Language) -> tuple[str, ...]:
    known = _known(one, judge, catalog)
    return (*_shown(one, known.found, language), *known.cells.values(), known.state)


def _shown(one: Ruling, found: Sequence[Statement], language: Language) -> Iterator[str]:
    decision = one.decision
    yield from (one.sha256, shown(one.source), one.title, one.category, one.outcome)
    yield from (decision.license, " ".join(decision.rules))
    yield "; ".join(render(reason, language) for reason in one.reasons)
    yield " | ".join(
        dict.fromkeys(one_line(each.raw)[:_LONGEST] for each in found if each.raw.strip())
    )


@dataclass(frozen=True, slots=True)
class _Known:
    """What holds of a resource now."""

    found: Sequence[Statement]
    basis: str  # digest of what is said about it
    held: Answer | None  # the answer that is in force: what is said is still what it was given for

    @property
    def cells(self) -> dict[str, str]:
        """The answer columns."""
        one = self.held
        if one is None:
            return dict.fromkeys(ANSWER, "")
        filled = (
            one.outcome, one.license, one.own, one.grant, one.grounds, " ".join(one.territory), one.why, one.who,
            "; ".join(one.evidence),
        )  # fmt: skip
        return dict(zip(ANSWER, filled, strict=True))

    @property
    def state(self) -> str:
        return f"{_digest(self.cells)}-{self.basis[:8]}"


def _known(one: Ruling, judge: Judge, catalog: Catalog) -> _Known:
    evidence = judge.evidence(catalog, one.sha256)
    basis = rules.digest(evidence)
    answer = judge.answers.latest.get(one.sha256)
    return _Known(evidence.found, basis, answer if answer and answer.basis == basis else None)


def _digest(cells: Mapping[str, str]) -> str:
    """Of the answer columns."""
    return digest((cells[ANSWER[0]].lower(), *(cells[key] for key in ANSWER[1:])))


def bring(workspace: Workspace, name: str, path: Path, who: str) -> Report:
    """Record what people changed in the answer columns of a sheet, all or nothing.

    ``who`` decided where a row names nobody new. The report counts ``rows``, those ``decided`` and, where
    there are any, those ``undone``. Raises SheetError with the problems of all rows; CurateError where it
    is no such sheet, or the collection has to be collected or classified first.
    """
    loaded = load(workspace, name)
    filled = list(rows(path, (*SHOWN, *ANSWER, STATE), ("id", "answer"), "curate rights export"))
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        known = {one.sha256: one for one in select(workspace, catalog, loaded, Which())}
        desk = Desk(workspace, catalog, loaded, mark="")
        reader = _Reader(desk, catalog, loaded.folder / EVIDENCE, path.resolve().parent, who)
        first: dict[str, int] = {}
        tried = all_of(
            path.name, filled, lambda row: reader.tried(row, find(row, known, name, first))
        )
        if not tried:
            counts = {"rows": len(filled), "decided": 0}
            return Report("rights", name, counts, next=f"curate rights {name}")
        return desk.record(tried).report


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads rows, and tries what they ask for."""

    desk: Desk
    catalog: Catalog
    kept: Path  # the folder of evidence that is kept already
    home: Path  # the sheet's folder, which its paths of evidence start from
    who: str

    def tried(self, row: Row, one: Ruling) -> Tried | None:
        """What the row asks for; None where nobody changed it. Raises CurateError."""
        known = _known(one, self.desk.judge, self.catalog)
        before = known.cells
        now = {key: unsafe(row.cells.get(key, value)).strip() for key, value in before.items()}
        state = row.cells.get(STATE, "").strip()  # "": made by hand, or by an older version
        if state.partition("-")[0] == _digest(now) or self._same(now, before):
            return None
        if state and state != known.state:
            raise CurateError(
                "it was decided otherwise, or something else is said about it, since this sheet was written",
                "export again, and fill that in",
            )
        ask = self._ask(now, before)
        self.desk.check(ask)
        tried = self.desk.tried(one, ask)
        if tried.against:
            raise CurateError(f"it {tried.against}", tried.hint)
        return tried

    def _same(self, now: Mapping[str, str], before: Mapping[str, str]) -> bool:
        """Is it the answer that holds already, as after the first import of the same sheet?"""
        wanted = {**now, "who": now["who"] or before["who"]}
        if len(now["evidence"]) <= _ANSWER and now["evidence"] != before["evidence"]:
            papers = (digest_of(path) for path in self._evidence(now["evidence"]))
            wanted["evidence"] = "; ".join(papers)
        return _digest(wanted) == _digest(before)

    def _ask(self, now: Mapping[str, str], before: Mapping[str, str]) -> Ask:
        if long := [key for key, value in now.items() if len(value) > _ANSWER]:
            raise CurateError(f"{long[0]} is longer than {_ANSWER:,} characters", "shorten it")
        outcome = now["answer"].lower()
        if not outcome and before["answer"]:
            return Ask("deny", "", self.who, undo=True)
        if outcome not in ("allow", "deny"):
            told = (
                f"'{one_line(now['answer'])[:40]}' is no answer" if outcome else "answer is empty"
            )
            raise CurateError(told, "write allow or deny; clear the whole answer to take it back")
        new = now["who"] if now["who"] != before["who"] else ""
        return Ask(
            "allow" if outcome == "allow" else "deny", now["why"], new or self.who, now["as"], now["own"], now["grant"],
            _territory(now["territory"]), tuple(self._evidence(now["evidence"])), grounds=now["grounds"],
        )  # fmt: skip

    def _evidence(self, cell: str) -> Iterator[Path]:
        for named in dict.fromkeys(re.split(r"\s*[;；\n]\s*", cell.strip())):
            if not named:
                continue
            if _HEX.fullmatch(named):
                kept = sorted(self.kept.glob(f"{named[:16]}*"))
                if not kept:
                    raise CurateError(
                        f"the evidence {named[:16]}… is not kept with this collection"
                    )
                yield kept[0]
                continue
            path = (self.home / named).resolve()
            if not path.is_relative_to(self.home) or not path.is_file():
                raise CurateError(
                    f"there is no evidence '{one_line(named)[:80]}' beside the sheet",
                    "name files in the sheet's own folder, parted by semicolons",
                )
            yield path


def _territory(cell: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(re.findall(r"[^\s,;，；、]+", cell.upper())))
    if wrong := [code for code in codes if not re.fullmatch("[A-Z]{2}", code)]:
        raise CurateError(
            f"'{wrong[0][:40]}' is no code of a country", "write ISO 3166 codes, e.g. US CN"
        )
    return codes


__all__ = ["ANSWER", "SHOWN", "STATE", "SheetError", "bring", "export"]
