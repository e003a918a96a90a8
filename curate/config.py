"""TOML files that people write → values, validated whole: every problem at once, with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from curate import typed
from curate.errors import ConfigError, CurateError, Problem

S = TypeVar("S", bound=msgspec.Struct)
Resolve = Callable[[type[msgspec.Struct], dict[str, Any]], type[msgspec.Struct]]
"""Picks the struct for a table whose fields depend on its own content (a source's ``type``)."""

_HEADER = re.compile(r"^\s*\[(\[)?\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"'.]+)\s*=")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|#.*")
_STEP = re.compile(r"\[(\d+)\]|\.([^.\[\]]+)")
Path_ = tuple[str | int, ...]


def read(path: Path, shape: type[S], resolve: Resolve = lambda shape, table: shape) -> S:
    """Read ``path`` as ``shape``. Raises ConfigError with *all* problems, or CurateError if unreadable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as fault:
        raise CurateError(
            f"{path} does not exist", "make it with curate init or curate new"
        ) from fault
    except UnicodeDecodeError as fault:
        raise CurateError(f"{path} is not UTF-8 text: {fault}", "save it as UTF-8") from fault
    except OSError as fault:
        raise CurateError(f"{path} cannot be read: {fault.strerror}") from fault
    try:
        table = tomllib.loads(text)
    except RecursionError as fault:
        problem = Problem(str(path), "its values are nested too deeply")
        raise ConfigError([problem]) from fault
    except ValueError as fault:  # not TOML, or a number of more digits than Python reads
        raise ConfigError(
            [Problem(str(path), f"not valid TOML: {fault}", _quotes(text, fault))]
        ) from fault
    return parse(table, shape, str(path), _lines(text), resolve)


def _quotes(text: str, fault: ValueError) -> str:
    """What to do about letters that TOML does not take as they are, where it stopped at some."""
    found = re.search(r"at line (\d+)", str(fault))
    told = text.splitlines()[int(found[1]) - 1 :][:1] if found else []
    if not told or (line := _QUOTED.sub("", told[0])).isascii():
        return ""
    if re.search("[“”‘’「」＂＇]", line):
        return 'quotes are straight ones: "…"'
    name = re.search(r"[^\s\[\].=\"'#]*[^\x00-\x7f][^\s\[\].=\"'#]*", line)
    return f'what is not A to Z, 0 to 9, - or _ stands in quotes: "{name[0]}"' if name else ""


def parse(
    table: dict[str, Any],
    shape: type[S],
    where: str,
    lines: Mapping[Path_, int] | None = None,
    resolve: Resolve = lambda shape, table: shape,
) -> S:
    """``table`` as ``shape``; ``where`` names it in problems. Raises ConfigError with all of them."""
    check = _Check(where, lines or {}, resolve)
    value = check.struct(table, shape, ())
    if check.problems:
        raise ConfigError(check.problems)
    return value  # type: ignore[no-any-return]


class _Check:
    def __init__(self, where: str, lines: Mapping[Path_, int], resolve: Resolve) -> None:
        self.where = where
        self.lines = lines
        self.resolve = resolve
        self.problems: list[Problem] = []

    def problem(self, at: Path_, what: str, hint: str = "") -> None:
        line = next(
            (self.lines[at[:n]] for n in range(len(at), 0, -1) if at[:n] in self.lines), None
        )
        where = f"{self.where}:{line}" if line else self.where
        key = ".".join(f"{part + 1}" if isinstance(part, int) else part for part in at)
        self.problems.append(Problem(where, f"{key}: {what}" if key else what, hint))

    def struct(self, table: Any, shape: type[msgspec.Struct], at: Path_) -> Any:
        known = len(self.problems)
        if not isinstance(table, dict):
            self.problem(at, f"must be a table, not {_noun(table)}")
            return None
        try:
            shape = self.resolve(shape, table)
        except CurateError as fault:
            self.problem((*at, "type"), fault.message, fault.hint)
            return None
        hints = get_type_hints(shape, include_extras=True)
        fields = {field.encode_name: field for field in msgspec.structs.fields(shape)}
        tag = shape.__struct_config__.tag_field
        for key in table:
            if key not in fields and key != tag:
                near = difflib.get_close_matches(key, fields, 1)
                self.problem(
                    (*at, key),
                    "unknown key",
                    f"did you mean '{near[0]}'?"
                    if near
                    else f"allowed: {', '.join(sorted(fields))}",
                )
        values: dict[str, Any] = {}
        for key, field in fields.items():
            if key in table:
                values[field.name] = self.value(table[key], hints[field.name], (*at, key))
            elif field.required:
                self.problem((*at, key), "is missing")
        if len(self.problems) > known:
            return None
        try:
            return shape(**values)  # runs __post_init__, where a struct checks what types cannot
        except ValueError as fault:
            self.problem(at, str(fault))
            return None

    def value(self, raw: Any, kind: Any, at: Path_) -> Any:
        origin, args = get_origin(kind), get_args(kind)
        some = [one for one in args if one is not NoneType]
        if origin in (Union, UnionType) and len(some) == 1:  # TOML has no word for None
            return self.value(raw, some[0], at)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            return self.struct(raw, kind, at)
        if origin in (list, tuple) and args and isinstance(raw, list):
            got = [self.value(one, args[0], (*at, n)) for n, one in enumerate(raw)]
            return tuple(got) if origin is tuple else got
        if origin is dict and isinstance(raw, dict):
            return {key: self.value(one, args[1], (*at, key)) for key, one in raw.items()}
        try:
            return typed.convert(raw, kind)
        except msgspec.ValidationError as fault:
            inside = _inside(str(fault))
            at, raw = (*at, *inside), _at(raw, inside)
            allowed = "" if inside else _allowed(kind)
            what = "is not allowed" if allowed else _plain(str(fault))
            self.problem(
                at,
                f"{_noun(raw)} {what}" if allowed else f"{what}, not {_noun(raw)}",
                f"allowed: {allowed}" if allowed else "",
            )
            return None


def _allowed(kind: Any) -> str:
    options = [arg for arg in get_args(kind) if isinstance(arg, str)]
    return ", ".join(options)


def _plain(fault: str) -> str:
    told = re.sub(r"^Expected ", "must be ", fault.split(" - at `")[0].split(", got ")[0])
    return re.sub(r"`(object|array)`", lambda found: _IN_TOML[found[1]], told)


_IN_TOML = {"object": "a table", "array": "a list"}
"""What msgspec calls by the names of JSON."""


def _inside(fault: str) -> Path_:
    """Where in a value that msgspec converts whole it found something: "$.a[0]" → ("a", 0)."""
    _, _, place = fault.partition(" - at `$")
    return tuple(int(n) if n else name for n, name in _STEP.findall(place.rstrip("`")))


def _at(value: Any, place: Path_) -> Any:
    for step in place:
        try:
            value = value[step]
        except (LookupError, TypeError):  # "[...]": any key of a table
            return value
    return value


def _noun(value: Any) -> str:
    return f"{value!r}" if isinstance(value, str | int | float | bool) else type(value).__name__


def _lines(text: str) -> dict[Path_, int]:
    """Where each key stands: (table, index, key, ...) → line number, counted from 1."""
    found: dict[Path_, int] = {}
    counts: dict[Path_, int] = {}
    table: Path_ = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            names = tuple(part.strip().strip("\"'") for part in header[2].split("."))
            table = ()
            for name in names[:-1]:
                table = (*table, name)
                if table in counts:
                    table = (*table, counts[table])
            table = (*table, names[-1])
            if header[1]:
                counts[table] = counts.get(table, -1) + 1
                table = (*table, counts[table])
            found.setdefault(table, number)
        elif key := _KEY.match(line):
            parts = tuple(part.strip("\"'") for part in key[1].split("."))
            found.setdefault((*table, *parts), number)
    return found


def schema(shape: Any, title: str) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a configuration file, for editors."""
    made = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(shape)))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **made}
