"""One row of an order file, and how what stands in it is understood: exactly, or refused with a reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

import msgspec

from curate.errors import CurateError, Problem
from curate.shop import money

_MOMENT = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?"
    r"(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?)?"
    r"\s*(?:(Z|UTC|GMT)|([+-])(\d{2}):?(\d{2}))?",
    re.ASCII,
)
_STAMP = re.compile(r"\d{9,10}|\d{13}", re.ASCII)
_ROUNDED = re.compile(r"\d(\.\d+)?[Ee]\+?\d+", re.ASCII)
_GUARDED = "=+-@|%'\t\r\n0123456789"
"""What spreadsheets and careful exporters put an apostrophe before."""
_EVEN = re.compile(r"\d{1,9}\.0+")
_WHOLE = re.compile(r"\d{1,9}", re.ASCII)
_ADDRESS = re.compile(r"[^@\s<>\"]{1,64}@[^@\s<>\"]{1,255}")
_FUTURE = 4_102_444_800  # 2100
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
"""Of Unicode's Default_Ignorable_Code_Point, what is no format character."""
_NONE = ("", "NULL", "\\N")  # as phpMyAdmin and mysqldump write nothing


def bare(raw: str) -> str:
    """A cell without what keeps spreadsheets from computing it, and in one line."""
    if raw.isalnum() and raw.isascii():  # most are, and there is nothing to take out of them
        return "" if raw == "NULL" else raw
    plain = raw.isprintable()
    text = raw.strip(" ") if plain else raw.strip(" \t\r\n\ufeff\u200b")
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        text = text[2:-1].replace('""', '"')
    elif text[:1] == "'" and text[1:2] and text[1] in _GUARDED:
        text = text[1:]
    if not plain:
        text = "".join(char if char.isprintable() or char == "\u3000" else " " for char in text)
    return "" if text in _NONE else text.strip()


def known_by(raw: str) -> str:
    """What orders and lines are known by, the same however it is written: in another normal form or width, or
    with characters between that nobody sees. Else one order would be served once for each way."""
    if raw.isascii():
        return " ".join(raw.split())
    found = unicodedata.normalize("NFKC", raw)
    seen = (one for one in found if unicodedata.category(one) != "Cf" and not _UNSEEN.match(one))
    return " ".join("".join(seen).split())


def moment(text: str, zone: tzinfo) -> int:
    """Seconds since 1970 of a date and time; ``zone`` where the text names none. Raises CurateError."""
    if _STAMP.fullmatch(text):
        seconds = int(text) // (1000 if len(text) == 13 else 1)
    else:
        seconds = _parsed(text, zone)
    if not 0 < seconds < _FUTURE:
        raise CurateError(
            f"{text[:40]!r} is no time of this century", "see which column it stands in"
        )
    return seconds


def _parsed(text: str, zone: tzinfo) -> int:
    found = _MOMENT.fullmatch(text)
    if not found:
        raise CurateError(f"{text[:40]!r} is no date", "write it as 2027-01-31 09:30:00 +0800")
    year, month, day, hour, minute, second = [
        int(part or 0) for part in found.group(1, 2, 3, 4, 5, 6)
    ]
    if found[7] or found[9] == found[10] == "00":
        zone = UTC
    elif found[8]:
        shift = timedelta(hours=int(found[9]), minutes=int(found[10]))
        zone = timezone(-shift if found[8] == "-" else shift) if shift < timedelta(days=1) else zone
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=zone).timestamp())
    except (ValueError, OverflowError) as fault:
        raise CurateError(f"{text[:40]!r} is no date: {fault}") from fault


class Row(msgspec.Struct, frozen=True):
    """``number`` counts as a spreadsheet does, the header being 1; in JSON it counts the entries."""

    file: str
    number: int
    cells: Mapping[str, Any]
    exact: bool = False
    """From JSON, where values have types: amounts have to be texts, for numbers there are not exact."""

    @property
    def where(self) -> str:
        return f"{self.file}:{self.number}"

    def problem(self, fault: CurateError) -> Problem:
        return Problem(self.where, fault.message, fault.hint)

    def inside(self, cells: object) -> Row:
        """What stands in one of its values, as a row of its own. Raises CurateError where that is no object."""
        if not isinstance(cells, Mapping):
            raise CurateError(f"{str(cells)[:40]!r} stands where an object belongs")
        return Row(self.file, self.number, cells, self.exact)

    def text(self, *names: str, most: int = 200) -> str:
        """The first that is not empty. Raises CurateError for what is no text, or too long a one."""
        for name in names:
            value = self.cells.get(name)
            if value is None or value == "":
                continue
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise CurateError(f"{name} is no text", 'write it between quotes: "…"')
            text = bare(str(value))
            if len(text) > most:
                raise CurateError(f"{name} is longer than {most} characters")
            if text:
                return text
        return ""

    def need(self, *names: str) -> str:
        """As ``text``, and there has to be one."""
        return self._there(self.text(*names), names)

    def number_of_line(self, *names: str) -> str:
        """By which a line is known within its order; "" where there is none."""
        first = self.cells.get(names[0])
        if isinstance(first, str) and first.isalnum() and first.isascii() and len(first) <= 200:
            return bare(first)  # as most are: nothing is to be taken out of it
        return bare(known_by(self._raw(*names)))

    def _raw(self, *names: str) -> str:
        """The first of ``text``, before anything is taken out of it."""
        first = next((one for one in names if self.text(one)), "")
        return str(self.cells[first]) if first else ""

    def _there(self, text: str, names: tuple[str, ...]) -> str:
        if not text:
            raise CurateError(f"{' or '.join(names[:2])} is empty")
        return text

    def number_of_order(self, *names: str) -> str:
        """As ``need``; not what a spreadsheet made of a long number."""
        text = self._there(self.number_of_line(*names), names)
        if _ROUNDED.fullmatch(text):
            raise CurateError(
                f"the order's number {text} was rounded by a spreadsheet",
                "import the file as the channel gave it, without saving it from a spreadsheet",
            )
        return text

    def title(self, *names: str) -> str:
        """Cut where it is long."""
        return self.text(*names, most=100_000)[:500]

    def email(self, *names: str) -> str:
        """ "" where there is none: shops let people write anything into that field."""
        text = self.text(*names, most=1_000)
        return text if _ADDRESS.fullmatch(text) else ""

    def amount(self, *names: str, currency: str) -> int:
        """In minor units of ``currency``, 0 where there is none. Raises CurateError, also for less than 0."""
        for name in names:
            value = self.cells.get(name)
            if value is None or value == "":
                continue
            if not isinstance(value, str):
                raise CurateError(f"{name} is no text", 'amounts are exact only as text: "12.50"')
            text = value if value[0].isdigit() else bare(value)
            if not text:
                continue
            found = money.minor(text, currency)
            if found < 0:
                raise CurateError(f"{name} is less than nothing: {text[:40]}")
            return found
        return 0

    def count(self, *names: str, default: int = 1) -> int:
        """A whole number of at most nine digits. Raises CurateError."""
        for name in names:
            value = self.cells.get(name)
            if value is None or value == "":
                continue
            typed = isinstance(value, str | int) and not isinstance(value, bool)
            text = bare(str(value)) if typed else str(value)
            if typed and not text:
                continue
            whole = text.partition(".")[0] if _EVEN.fullmatch(text) else text
            if not typed or not _WHOLE.fullmatch(whole):
                raise CurateError(f"{name} is no whole number: {text[:40]!r}")
            return int(whole)
        return default

    def time(self, *names: str, zone: tzinfo) -> int | None:
        """Seconds since 1970. Raises CurateError where something else stands there."""
        for name in names:
            value = self.cells.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                if value:  # nothing is written as 0, too
                    return moment(str(value), zone)
            elif text := self.text(name):
                return moment(text, zone)
        return None

    def yes(self, *names: str) -> bool:
        return self.text(*names).casefold() in ("1", "true", "yes", "y", "是", "已同意")
