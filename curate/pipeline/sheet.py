"""A collection's rights as a table that spreadsheet programs open, and what people filled in there."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from curate import rights as rules
from curate.answers import EVIDENCE
from curate.catalog import Catalog
from curate.collection import Loaded, load
from curate.errors import CurateError, Problem
from curate.messages import render
from curate.model import Answer, Report
from curate.pipeline.judge import Judge
from curate.pipeline.rights import Ask, Ruling, Which, rulings, settle, summary
from curate.rights.normalise import normalise
from curate.workspace import Workspace

SHOWN = ("id", "place", "title", "category", "outcome", "license", "rule", "reasons", "says")
"""Columns for people to read; what stands there when the sheet comes back is not looked at."""
ANSWER = ("answer", "as", "own", "grant", "territory", "why", "who", "evidence")
"""Columns that people fill in; they hold the answer that is in force."""
LARGEST = 256 << 20  # bytes of a sheet
_CELL = 32_000  # characters; spreadsheet programs cut what is longer
_LONGEST = 300  # characters of a statement in a cell
_ANSWER = 4_000  # characters of a cell that a person filled in
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
_HEX = re.compile(r"[0-9a-f]{64}")


class SheetError(CurateError):
    """Every problem of a sheet at once; nothing of it was recorded."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(
            f"{name}: {len(self.problems)} {noun}, nothing was recorded:\n{listing}",
            "correct these rows and import the sheet again",
        )

    def __reduce__(self) -> tuple[type[SheetError], tuple[str, tuple[Problem, ...]]]:  # type: ignore[override]
        return (type(self), (self.message.partition(": ")[0], self.problems))


def export(workspace: Workspace, name: str, file: IO[bytes], which: Which | None = None) -> int:
    """Write what ``which`` fits as CSV: UTF-8 with the mark that spreadsheet programs need. Rows written.

    Raises CurateError: no such collection, or it has to be collected or classified first.
    """
    loaded = load(workspace, name)
    found = rulings(workspace, name, which)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    try:
        writer = csv.writer(text)
        writer.writerow((*SHOWN, *ANSWER))
        judge = Judge(workspace, loaded)
        with Catalog(workspace.catalog, readonly=True) as catalog:
            for one in found:
                cells = (*_shown(one, judge, catalog, loaded), *_filled(_held(one, judge, catalog)))
                writer.writerow([_safe(cell[:_CELL]) for cell in cells])
        text.flush()
    finally:
        text.detach()
    return len(found)


def _shown(one: Ruling, judge: Judge, catalog: Catalog, loaded: Loaded) -> Iterator[str]:
    decision, language = one.decision, loaded.collection.language
    (group,) = summary([one]).groups
    said = judge.evidence(catalog, one.sha256).found
    yield from (one.sha256, one.source, one.title, one.category, one.outcome)
    yield from (decision.license, " ".join(decision.rules))
    yield "; ".join(render(reason, language) for reason in group.reasons)
    yield " | ".join(dict.fromkeys(_line(each.raw)[:_LONGEST] for each in said if each.raw.strip()))


def _held(one: Ruling, judge: Judge, catalog: Catalog) -> Answer | None:
    """The answer that is in force: what is said is still what it was given for."""
    answer = judge.answers.latest.get(one.sha256)
    if answer and answer.basis == rules.digest(judge.evidence(catalog, one.sha256)):
        return answer
    return None


def _filled(answer: Answer | None) -> tuple[str, ...]:
    """The answer columns."""
    if answer is None:
        return ("",) * len(ANSWER)
    return (
        answer.outcome, answer.license, answer.own, answer.grant, " ".join(answer.territory), answer.why,
        answer.who, "; ".join(answer.evidence),
    )  # fmt: skip


def _line(text: str) -> str:
    return " ".join(text.split())


def _safe(cell: str) -> str:
    """No spreadsheet program may take a cell for a formula: titles are other people's."""
    cell = cell.replace("\0", "")
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unsafe(cell: str) -> str:
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell


@dataclass(frozen=True, slots=True)
class _Row:
    number: int  # as spreadsheet programs count: the head is row 1
    cells: Mapping[str, str]  # by column; a column that the sheet lacks is not there

    @property
    def id(self) -> str:
        return self.cells["id"].strip().lower()


def bring(workspace: Workspace, name: str, path: Path, who: str) -> Report:
    """Record what people changed in the answer columns of a sheet, all or nothing.

    ``who`` decided where a row names nobody new. Raises SheetError with the problems of all rows;
    CurateError where it is no such sheet, or the collection has to be collected or classified first.
    """
    loaded = load(workspace, name)
    rows = list(_rows(_decoded(path), path))
    with workspace.writing(), Catalog(workspace.catalog) as catalog:
        known = {one.sha256: one for one in rulings(workspace, name)}
        desk = _Desk(loaded, Judge(workspace, loaded), catalog, path.resolve().parent, who)
        asked: list[tuple[Ruling, Ask]] = []
        problems: list[Problem] = []
        first: dict[str, int] = {}
        for row in rows:
            try:
                ask = desk.ask(row, _find(row, known, name, first))
            except CurateError as fault:
                where = f"row {row.number}"
                problems.append(Problem(where, fault.message, fault.hint))
            else:
                if ask:
                    asked.append((known[row.id], ask))
        if problems:
            raise SheetError(path.name, problems)
        if not asked:
            counts = {"rows": len(rows), "decided": 0}
            return Report("rights", name, counts, next=f"curate rights {name}")
        return settle(workspace, catalog, loaded, asked)


def _find(row: _Row, known: Mapping[str, Ruling], name: str, first: dict[str, int]) -> Ruling:
    if row.id not in known:
        raise CurateError(f"'{_line(row.id)[:64]}' is the id of nothing in '{name}'")
    if row.id in first:
        raise CurateError(f"the same id stands in row {first[row.id]}")
    first[row.id] = row.number
    return known[row.id]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where rows are read and tried."""

    loaded: Loaded
    judge: Judge
    catalog: Catalog
    home: Path  # the sheet's folder, which its paths of evidence start from
    who: str

    def ask(self, row: _Row, one: Ruling) -> Ask | None:
        """What the row asks for; None where nobody changed it. Raises CurateError."""
        held = _held(one, self.judge, self.catalog)
        before = dict(zip(ANSWER, _filled(held), strict=True))
        now = {key: _unsafe(row.cells.get(key, value)).strip() for key, value in before.items()}
        now |= {"answer": now["answer"].lower(), "who": now["who"] or before["who"]}
        if {key: _line(value) for key, value in now.items()} == {
            key: _line(value) for key, value in before.items()
        }:
            return None
        if long := [key for key, value in now.items() if len(value) > _ANSWER]:
            raise CurateError(f"{long[0]} is longer than {_ANSWER:,} characters", "shorten it")
        outcome = now["answer"]
        if not outcome and held:
            return Ask("deny", "", self.who, undo=True)
        if outcome not in ("allow", "deny"):
            told = f"'{_line(now['answer'])[:40]}' is no answer" if outcome else "answer is empty"
            raise CurateError(told, "write allow or deny; clear the whole answer to take it back")
        new = now["who"] if now["who"] != before["who"] else ""
        ask = Ask(
            "allow" if outcome == "allow" else "deny", now["why"], new or self.who, now["as"], now["own"], now["grant"],
            _territory(now["territory"]), tuple(self._evidence(now["evidence"])),
        )  # fmt: skip
        self._try(one, ask)
        return ask

    def _evidence(self, cell: str) -> Iterator[Path]:
        for named in dict.fromkeys(re.split(r"\s*[;；\n]\s*", cell.strip())):
            if not named:
                continue
            if _HEX.fullmatch(named):
                kept = sorted((self.loaded.folder / EVIDENCE).glob(f"{named[:16]}*"))
                if not kept:
                    raise CurateError(
                        f"the evidence {named[:16]}… is not kept with this collection"
                    )
                yield kept[0]
                continue
            path = (self.home / named).resolve()
            if not path.is_relative_to(self.home) or not path.is_file():
                raise CurateError(
                    f"there is no evidence '{_line(named)[:80]}' beside the sheet",
                    "name files in the sheet's own folder, parted by semicolons",
                )
            yield path

    def _try(self, one: Ruling, ask: Ask) -> None:
        """Raises CurateError where the answer could not be recorded, or would not do what it says."""
        if not ask.why:
            raise CurateError("why is empty", "a decision needs its reason")
        grounds = [name for name in (ask.license, ask.own, ask.grant) if name]
        if ask.outcome == "deny":
            if grounds or ask.territory:
                raise CurateError("deny takes no as, own, grant or territory", "clear these cells")
            return
        if len(grounds) > 1:
            raise CurateError("as, own and grant exclude each other", "leave one of them")
        if ask.license and (why := unreadable(ask.license)):
            raise CurateError(why)
        if not grounds and one.decision.outcome == "deny":
            raise CurateError(
                f"it is refused ({', '.join(one.decision.rules)}): allowing it needs what it stands on",
                "fill in as (the licence it is really under), own (whose work it is) or grant",
            )
        basis = rules.digest(self.judge.evidence(self.catalog, one.sha256))
        answer = Answer(
            "allow",
            ask.why,
            ask.who,
            "",
            ask.license,
            ask.own,
            ask.grant,
            ask.territory,
            basis=basis,
        )
        decision = self.judge.answered(self.catalog, one.sha256, answer)
        if decision.outcome != "allow":
            why = "; ".join(str(reason) for reason in decision.reasons[1:])
            raise CurateError(f"it would still not be allowed: {why}")


def unreadable(expression: str) -> str:
    """What is wrong with an expression as the licence of something; "" where it is SPDX."""
    read = normalise(expression)
    if _bare(read) == _bare(expression):
        return ""
    told = f"'{_line(expression)[:80]}' is no SPDX licence expression"
    return told if "LicenseRef-" in read else f"{told}: write {read}"


def _bare(expression: str) -> str:
    return re.sub(r"[\s()]+", " ", expression).strip().lower()


def _territory(cell: str) -> tuple[str, ...]:
    codes = tuple(dict.fromkeys(re.findall(r"[^\s,;，；、]+", cell.upper())))
    if wrong := [code for code in codes if not re.fullmatch("[A-Z]{2}", code)]:
        raise CurateError(
            f"'{wrong[0][:40]}' is no code of a country", "write ISO 3166 codes, e.g. US CN"
        )
    return codes


def _decoded(path: Path) -> str:
    """The text of a sheet, as curate or a spreadsheet program saved it. Raises CurateError."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as fault:
        raise CurateError(f"{path} cannot be read: {fault.strerror}", "check the path") from fault
    if len(data) > LARGEST:
        raise CurateError(f"{path} is larger than {LARGEST >> 20} MB", "import it in parts")
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CurateError(
        f"{path} is neither UTF-8 nor GB18030", "save it as CSV (UTF-8), not as a workbook"
    )


def _rows(text: str, path: Path) -> Iterator[_Row]:
    """Raises CurateError where the head lacks the columns that nothing can be told without."""
    if "\0" in text:
        raise CurateError(f"{path} is no CSV", "save the sheet as CSV (UTF-8), not as a workbook")
    skip = re.match(r"sep=.\r?\n", text)
    try:
        records = _records(text[skip.end() :] if skip else text)
        head = [_unsafe(cell).strip().lower() for cell in next(records, [])]
        for needed in ("id", "answer"):
            if needed not in head:
                raise CurateError(
                    f"{path} has no column '{needed}'",
                    "begin with a sheet of: curate rights export; columns may be moved, not renamed",
                )
        for number, record in enumerate(records, 2):
            if any(cell.strip() for cell in record):
                padded = (
                    *record,
                    *[""] * (len(head) - len(record)),
                )  # some programs cut empty ends
                yield _Row(number, dict(zip(head, padded, strict=False)))
    except csv.Error as fault:
        raise CurateError(f"{path} is no CSV: {fault}", "save the sheet as CSV (UTF-8)") from fault


def _records(text: str) -> Iterator[list[str]]:
    """Parted by whatever parts the head into the most columns that are known."""
    first = text.partition("\n")[0]

    def known(mark: str) -> int:
        cells = next(csv.reader([first], delimiter=mark), [])
        return sum(cell.strip().lower() in (*SHOWN, *ANSWER) for cell in cells)

    return csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=known))
