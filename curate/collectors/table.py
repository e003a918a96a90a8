"""Tables that people keep lists in: CSV, TSV and spreadsheets → rows of text by what their columns mean."""

from __future__ import annotations

import csv
import datetime
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from curate.collectors.decoding import decoded
from curate.errors import CurateError

LARGEST = 64 << 20
"""Bytes of a table, packed and unpacked alike eight times as many."""
MOST_ROWS = 100_000
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

_NAMES: dict[str, str] = {
    "url": "url urls link links href address uri download downloadurl 网址 链接 地址 网页地址 下载链接 下载地址",
    "path": "path file filename filepath 路径 文件 文件名 文件路径",
    "title": "title name 标题 名称 题名",
    "creator": "creator creators author authors artist photographer 作者 创作者 著者",
    "license": "license licence licenses licences spdx 许可 许可证 授权 协议 授权协议 许可协议",
    "rights": "rights copyright 版权 版权声明 权利声明",
    "tags": "tags tag keywords keyword subject subjects 标签 关键词 关键字",
    "description": "description summary abstract 描述 简介 摘要 说明",
    "holder": "holder copyrightholder rightsholder owner 权利人 版权人 版权所有者 著作权人",
    "attribution": "attribution credit 署名 署名方式",
    "page": "page pageurl sourceurl landingpage 来源网址 来源页 页面",
}
_MEANING = {name: key for key, names in _NAMES.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Row:
    number: int  # as programs for tables count: the first is 1
    cells: Mapping[str, tuple[str, ...]]  # by meaning, without the empty ones

    def first(self, meaning: str) -> str:
        return next(iter(self.cells.get(meaning, ())), "")


@dataclass(frozen=True, slots=True)
class Table:
    rows: tuple[Row, ...]  # without blank ones
    unused: tuple[str, ...] = ()  # names of columns that mean nothing here
    problem: str = ""  # why only a part of it could be read


def read(path: Path, sheet: str = "") -> Table:
    """The table at ``path``; of a workbook the ``sheet`` of that name, or the first. Raises
    CurateError: not there, damaged, too large, no column that says where anything is."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise _too_large(path)
        if path.suffix.lower() in WORKBOOKS:
            records, problem = _workbook(path, sheet), ""
        else:
            records, problem = _text(decoded(path.read_bytes()), path.suffix.lower())
    except OSError as fault:
        raise CurateError(
            f"{path} cannot be read: {fault.strerror or fault}", "correct `file` in this source"
        ) from fault
    return _table(path, records, problem)


def _table(path: Path, records: Sequence[Sequence[str]], problem: str) -> Table:
    start, header = _header(path, records)
    meanings = [_meaning(name) for name in header]
    rows = []
    for number, record in enumerate(records[start:], start + 1):
        cells: dict[str, tuple[str, ...]] = {}
        for meaning, cell in zip(meanings, record, strict=False):
            if meaning and cell:
                cells[meaning] = (*cells.get(meaning, ()), cell)
        if any(record):
            rows.append(Row(number, cells))
    unused = [name for name, meaning in zip(header, meanings, strict=True) if name and not meaning]
    return Table(tuple(rows), tuple(dict.fromkeys(unused)), problem)


def _header(path: Path, records: Sequence[Sequence[str]]) -> tuple[int, Sequence[str]]:
    """The first row that names where things are, and how many rows it ends after. A title may stand
    above it."""
    named = [(number, one) for number, one in enumerate(records[:50], 1) if any(one)]
    for number, record in named[:10]:
        if {"url", "path"} & set(map(_meaning, record)):
            return number, record
    columns = ", ".join(filter(None, named[0][1]))[:300] if named else "none: it is empty"
    raise CurateError(
        f"{path} has no column of addresses or paths; its columns are {columns}",
        'name one "url" or "path" (网址, 链接, 文件, 路径) in its first row',
    )


def _meaning(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return _MEANING.get(re.sub(r"[\s_\-./:]+", "", folded), "")


# Text


_END = "\ue000end of the table"


def _text(text: str, suffix: str) -> tuple[list[list[str]], str]:
    first, _, rest = text.partition("\n")
    stated = re.fullmatch(r"sep=(.)\r?", first)  # as Excel writes and reads
    mark = stated[1] if stated else "\t" if suffix in (".tsv", ".tab") else _separator(text)
    ended = "" if text.endswith(("\r", "\n")) else "\n"
    whole = f"{rest if stated else text}{ended}{_END}\n"
    records: list[list[str]] = [[]] if stated else []
    problem = ""
    reader = csv.reader(io.StringIO(whole, newline=""), delimiter=mark)
    while len(records) <= MOST_ROWS:
        try:
            record = next(reader)
        except StopIteration:
            if records and records[-1] == [_END]:
                return records[:-1], problem
            return records, f"a quotation mark that opens in row {len(records)} is never closed"
        except csv.Error as fault:
            record = []
            problem = problem or f"row {len(records) + 1}: {fault}"
        records.append([_cell(one) for one in record])
    return records[:MOST_ROWS], f"it has more than {MOST_ROWS} rows"


def _separator(text: str) -> str:
    """The one that makes the most columns known, or else the most columns, of the first rows."""

    def columns(mark: str) -> tuple[int, int]:
        lines = text[:20_000].splitlines()[:10]
        try:
            found = [[_cell(one) for one in record] for record in csv.reader(lines, delimiter=mark)]
        except csv.Error:
            return 0, 0
        known = max((sum(bool(_meaning(one)) for one in record) for record in found), default=0)
        return known, max(map(len, found), default=0)

    return max(",;\t|", key=columns)


# Workbooks


def _workbook(path: Path, sheet: str) -> list[list[str]]:
    from python_calamine import CalamineWorkbook

    if path.suffix.lower() != ".xls":
        try:
            with zipfile.ZipFile(path) as packed:
                if sum(one.file_size for one in packed.infolist()) > 8 * LARGEST:
                    raise _too_large(path)
        except zipfile.BadZipFile as fault:
            raise _damaged(path, fault) from fault
    try:
        with CalamineWorkbook.from_path(path) as book:
            names = book.sheet_names
            if sheet and sheet not in names:
                raise CurateError(
                    f"{path} has no sheet {sheet!r}; it has {', '.join(names)[:300]}",
                    "correct `sheet` in this source",
                )
            if not names:
                return []
            found = book.get_sheet_by_name(sheet or names[0])
            rows = found.to_python(skip_empty_area=False, nrows=MOST_ROWS)
            return [[_cell(_said(cell)) for cell in row] for row in rows]
    except (CurateError, OSError, MemoryError):
        raise
    except Exception as fault:  # the boundary around a foreign parser
        raise _damaged(path, fault) from fault


def _said(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)


def _cell(text: str) -> str:
    """On one line, without what cannot be seen. What looks like a formula is text as any other."""
    return unicodedata.normalize("NFC", " ".join(text.replace("\ufeff", "").split()))[:5000]


def _too_large(path: Path) -> CurateError:
    return CurateError(f"{path} is larger than {LARGEST >> 20} MiB", "divide it into several")


def _damaged(path: Path, fault: Exception) -> CurateError:
    return CurateError(
        f"{path} is no workbook that can be read: {fault}"[:400],
        "open it in the program it was made with and save it again, or save it as CSV",
    )


def divided(cells: Iterable[str], marks: str) -> Iterator[str]:
    """The single values of cells that may each hold some, parted by one of ``marks``."""
    seen = (" ".join(part.split()) for cell in cells for part in re.split(f"[{marks}]", cell))
    return iter(dict.fromkeys(filter(None, seen)))
