"""A table of addresses and files, and what it says about each: ``type = "csv"``."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import ClassVar, get_args

from msgspec.structs import replace

from curate.collection import Source
from curate.collectors import Context, Memory
from curate.collectors.beside import Beside, Folder, beside
from curate.collectors.folder import check_path
from curate.collectors.table import Row, Table, divided, read
from curate.collectors.walk import Ground, listing
from curate.collectors.web import urls
from curate.collectors.web.visits import Visits
from curate.fetch import shown
from curate.messages import msg
from curate.model import NOTICE, Candidate, Kind, Message, Said, Statement, Trouble

_PEOPLE = ";；、|"
_WORDS = ",;，；、|"


class CsvSource(Source, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="csv"):
    """``type = "csv"``: what a table names, one thing in each row: CSV, TSV, XLSX or ODS.

    Columns, in any order: url, path, title, creator, license, rights, holder, attribution, tags,
    description and page, also by their Chinese names. A path starts at the table's folder, and what
    files there say about rights counts too; where a row has a path and a url, the file is taken, and
    the url says where it came from.
    """

    first: ClassVar[str] = "file"

    file: str
    """The table; relative to the collection's own folder, ``~`` is the home folder."""
    sheet: str = ""
    """Name of the sheet of a workbook; its first where empty."""

    def __post_init__(self) -> None:
        check_path(self.file, "the table that lists the material", "file")

    def is_home(self, locator: str) -> bool:
        return not _is_address(locator)

    def watched(self, folder: Path) -> tuple[Path, ...]:
        return (folder / Path(self.file).expanduser(),)

    @property
    def place(self) -> str:
        return f"{self.file} ({self.sheet})" if self.sheet else self.file


class CsvCollector:
    """Takes in the order of rows; one request at a time."""

    options: ClassVar[type[Source]] = CsvSource

    def __init__(self, options: CsvSource, context: Context) -> None:
        self.source = options
        self.context = context
        self.table = context.folder / Path(options.file).expanduser()
        self._shelf = _Shelf(self.table.parent)

    def candidates(self, memory: Memory) -> Iterator[Candidate | Trouble]:
        """What each row names. Raises CurateError where the table cannot be used."""
        table = read(self.table, self.source.sheet)
        yield from self._about(table)
        visits = Visits(self.context.fetcher, memory, self._own, lambda url: True, get_args(Kind))
        rows, doubles = self._unique(table)
        yield from doubles
        seen = set(rows)
        for locator, (row, said) in rows.items():
            if self.context.again is not None and locator not in self.context.again:
                continue
            if _is_address(locator):
                for found in visits.visit(locator, said):
                    if found.locator == locator or found.locator not in seen:
                        seen.add(found.locator)
                        yield self._numbered(found, row)
            else:
                yield self._numbered(self._file(locator, said), row)
        yield from (one for one in self._shelf.troubles() if one.locator not in seen)

    def _about(self, table: Table) -> Iterator[Trouble]:
        name = self.table.name
        if table.problem:
            reason = msg("only a part of this table can be read: {fault}", fault=table.problem)
            yield Trouble(name, reason, retry=False)
        if table.unused:
            columns = ", ".join(table.unused)[:500]
            reason = msg(
                "these columns mean nothing to curate and are not used: {columns}", columns=columns
            )
            yield Trouble(f"{name}: row 1", reason, retry=False, hides=False)

    # Rows

    def _unique(self, table: Table) -> tuple[dict[str, tuple[Row, Said]], list[Trouble]]:
        """What each place is said to be, in the order of rows, and the rows that name none or one
        again. What all rows state about the rights in one place counts."""
        found: dict[str, tuple[Row, Said]] = {}
        troubles: list[Trouble] = []
        for row in table.rows:
            locator = _locator(row)
            if isinstance(locator, Message):
                troubles.append(self._trouble(row, locator))
            elif locator in found:
                first, said = found[locator]
                more = tuple(dict.fromkeys(said.statements + self._statements(row)))
                found[locator] = first, replace(said, statements=more)
                reason = msg(
                    "row {first} names {locator} already", first=first.number, locator=locator
                )
                troubles.append(self._trouble(row, reason))
            else:
                found[locator] = row, self._said(row, locator)
        return found, troubles

    def _trouble(self, row: Row, reason: Message) -> Trouble:
        return Trouble(self._where(row), reason, retry=False, hides=False)

    def _where(self, row: Row) -> str:
        return f"{self.table.name}: row {row.number}"

    def _said(self, row: Row, locator: str) -> Said:
        page = row.first("page") or ("" if _is_address(locator) else row.first("url"))
        return Said(
            title=row.first("title")[:500],
            creators=tuple(divided(row.cells.get("creator", ()), _PEOPLE))[:50],
            description=row.first("description")[:2000],
            tags=tuple(divided(row.cells.get("tags", ()), _WORDS))[:50],
            url=urls.normal(page) or "" if page else "",
            statements=self._statements(row),
        )

    def _statements(self, row: Row) -> tuple[Statement, ...]:
        """Of its table for now: that a row moves up or down changes nothing that is said in it."""
        holder, credit = row.first("holder")[:200], row.first("attribution")[:300]
        stated = [*row.cells.get("license", ()), *row.cells.get("rights", ())]
        license = ""
        if not stated and (holder or credit):
            stated, license = [holder or credit], NOTICE
        return tuple(
            Statement(
                raw[:1000],
                "table",
                self.table.name,
                holder=holder,
                license=license,
                attribution=credit,
            )
            for raw in dict.fromkeys(stated)
        )

    def _numbered(self, found: Candidate | Trouble, row: Row) -> Candidate | Trouble:
        """The same, saying which row it is from."""
        if isinstance(found, Trouble):
            reason = msg("{where}: {fault}", where=self._where(row), fault=found.reason)
            return replace(found, reason=reason)
        stated = tuple(
            replace(one, where=self._where(row)) if one.where == self.table.name else one
            for one in found.said.statements
        )
        return replace(found, said=replace(found.said, statements=stated))

    # Places

    def _file(self, locator: str, said: Said) -> Candidate | Trouble:
        try:
            path = _inside(self.table.parent, locator)
            status = path.stat()
            self._shelf.beside(locator)
        except (OSError, RuntimeError, ValueError):
            reason = msg("it is not there, or a link that leads nowhere")
            return Trouble(locator, reason, hides=False)
        except _Outside:
            reason = msg("it leads out of the folder of its table")
            return Trouble(locator, reason, retry=False, hides=False)
        if not path.is_file():
            return Trouble(locator, msg("it is not a file"), retry=False, hides=False)
        if not status.st_size:
            return Trouble(locator, msg("it is empty"), retry=False, hides=False)
        found = self._shelf.ground.candidate(
            locator, str(path), status, self._shelf.beside(locator)
        )
        stated = tuple(dict.fromkeys(said.statements + found.said.statements))
        modified = found.said.modified
        return replace(found, said=replace(said, statements=stated, modified=modified))

    def _own(self, locator: str) -> bool:
        """Whether the seller declares what is there to be their own."""
        return bool(self.source.declared(self.context.declared, locator).own)


class _Outside(Exception):
    """A path that leaves the folder of its table."""


def _is_address(locator: str) -> bool:
    return locator.startswith(("http://", "https://"))


def _locator(row: Row) -> str | Message:
    """Where a row says that something is; else why it says nothing of use."""
    path, url = row.first("path"), row.first("url")
    if _is_address(path.lower()):
        path, url = "", path
    if path:
        plain = PurePosixPath(path.replace("\\", "/"))
        if plain.is_absolute() or ".." in plain.parts or path[1:2] == ":":
            return msg("{path} leads out of the folder of its table", path=path[:300])
        return str(plain) if str(plain) != "." else msg("it names no file and no address")
    if not url:
        return msg("it names no file and no address")
    return urls.normal(url) or msg("{url} is not a web address", url=shown(url)[:300])


def _inside(folder: Path, locator: str) -> Path:
    """The file at ``locator``, whichever way its system spells accents. Raises _Outside, OSError."""
    root = os.path.realpath(folder, strict=True)
    for form in ("NFC", "NFD"):
        path = Path(root, unicodedata.normalize(form, locator))
        if path.exists() or form == "NFD":
            real = os.path.realpath(path, strict=True)
            if not real.startswith(os.path.join(root, "")):  # noqa: PTH118
                raise _Outside
            return Path(real)
    raise AssertionError("the last form returns or raises")


class _Shelf:
    """The folder of a table, and what the files in it say about each other's rights."""

    def __init__(self, root: Path) -> None:
        self.ground = Ground(os.path.realpath(root))
        self._said: dict[str, Beside] = {}

    def beside(self, locator: str) -> tuple[Statement, ...]:
        """What licence files, sidecars and the like say of a file. Raises OSError."""
        folder, _, name = locator.rpartition("/")
        return self._of(folder).statements(locator, name)

    def troubles(self) -> Iterator[Trouble]:
        """What of these could not be read."""
        for said in self._said.values():
            yield from said.troubles

    def _of(self, folder: str) -> Beside:
        if folder not in self._said:
            path = os.path.join(self.ground.root, folder)  # noqa: PTH118 - as listings do
            above = self._of(folder.rpartition("/")[0]) if folder else Beside()
            inside = Folder(f"{folder}/" if folder else "", path, listing(path), self.ground.holds)
            self._said[folder] = beside(above, inside)
        return self._said[folder]
