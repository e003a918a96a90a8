"""Rule packs: what a platform asks of a listing, as data, with where each rule is from.

``rules/*.toml`` here, and ``rules/*.toml`` of a workspace, which add to them or replace them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from curate import config
from curate.errors import CurateError
from curate.model import Language

Field = Literal[
    "title", "short", "description", "html", "keywords", "faq", "note", "categories", "images", "sku",
]  # fmt: skip
Severity = Literal["error", "warning"]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is asked. Which keys count, ``check`` decides."""

    name: str
    """Stable: a rule of the same name in a pack that extends this one replaces it."""
    check: Literal[
        "length", "joined", "count", "words", "patterns", "markup", "price", "images", "square"
    ] = "length"
    """length of each text, joined: of all together; count of entries; words and patterns that must not be
    there; markup: none; price; images: bytes, pixels, formats of each; square: at least one is."""
    fields: tuple[Field, ...] = ()
    least: Annotated[float, Meta(ge=0)] = 0
    most: Annotated[float, Meta(ge=0)] = 0
    """0: no limit."""
    unit: Literal["characters", "bytes", "wide"] = "characters"
    """wide: characters of Chinese, Japanese and Korean count as two."""
    words: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    """Regular expressions of Python, looked for in text whose full-width letters were made usual ones."""
    digits: int = 9
    """Behind the point of a price, at most."""
    free: bool = False
    """Whether a price of 0 is fine although ``least`` is more."""
    currencies: tuple[str, ...] = ()
    """Those that are taken; any where empty."""
    bytes: int = 0
    pixels: int = 0
    formats: tuple[str, ...] = ()
    severity: Severity = "error"
    reason: str = ""
    reason_zh: str = ""
    source: str = ""
    """Where the rule is from."""
    known: str = ""
    """When that was looked up: "2026-11"."""
    verified: bool = False
    """Whether it was read at the platform itself or in its source; if not, it may have changed."""
    off: bool = False
    """The rule of this name does not hold."""

    def __post_init__(self) -> None:
        for pattern in self.patterns:
            try:
                re.compile(pattern)
            except re.error as fault:
                raise ValueError(f"the pattern {pattern!r} of rule '{self.name}' is wrong: {fault}") from fault  # fmt: skip


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of rules."""

    title: str = ""
    title_zh: str = ""
    extends: tuple[str, ...] = ()
    """Packs whose rules hold here, too."""
    language: Language | None = None
    """Of the listing there; the collection's where there is none."""
    base: bool = False
    """It is no platform and is only extended."""
    severity: dict[str, Severity] = {}
    """Of rules that other packs bring, by their names."""
    rule: tuple[Rule, ...] = ()
    name: str = ""
    """Set from the file."""


def names(own: Path | None = None) -> list[str]:
    """Every platform that has rules, sorted. ``own``: a folder with the seller's."""
    return sorted(name for name in _files(own) if not _read(name, own).base)


def load(name: str, own: Path | None = None) -> Pack:
    """The pack ``name`` with all that it extends; the seller's own file of this name extends it first.

    Raises CurateError: there is none, it is wrong, or packs extend each other in a ring.
    """
    return _whole(name, own, ())


def _whole(name: str, own: Path | None, above: tuple[str, ...]) -> Pack:
    if name in above:
        raise CurateError(
            f"rule packs extend each other in a ring: {' → '.join((*above, name))}",
            "take one of them out of extends",
        )
    pack = _read(name, own)
    rules: dict[str, Rule] = {}
    language = pack.language
    for below in pack.extends:
        whole = _whole(below, own, (*above, name))
        rules.update({rule.name: rule for rule in whole.rule})
        language = language or whole.language
    rules.update({rule.name: rule for rule in pack.rule})
    for rule, severity in pack.severity.items():
        if rule in rules:
            rules[rule] = msgspec.structs.replace(rules[rule], severity=severity)
    left = tuple(rule for rule in rules.values() if not rule.off)
    return msgspec.structs.replace(pack, rule=left, language=language, name=name)


def _read(name: str, own: Path | None) -> Pack:
    """One file; where both we and the seller have it, both together."""
    files = _files(own)
    if name not in files:
        near = difflib.get_close_matches(name, files, 1)
        guess = f"did you mean '{near[0]}'? " if near else ""
        known = ", ".join(sorted(files))
        raise CurateError(f"no rules are known for '{name}'", f"{guess}known: {known}; your own go to rules/{name}.toml")  # fmt: skip
    packs = [_parse(file, name) for file in files[name]]
    first, *rest = packs
    for more in rest:
        rules = {rule.name: rule for rule in first.rule} | {rule.name: rule for rule in more.rule}
        first = Pack(
            more.title or first.title, more.title_zh or first.title_zh,
            tuple(dict.fromkeys((*first.extends, *more.extends))), more.language or first.language,
            first.base and more.base, first.severity | more.severity, tuple(rules.values()),
        )  # fmt: skip
    return first


def _parse(file: Traversable, name: str) -> Pack:
    import tomllib

    if isinstance(file, Path):
        pack: Pack = config.read(file, Pack)
        return pack
    table: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    return config.parse(table, Pack, name)


def _files(own: Path | None) -> dict[str, list[Traversable]]:
    """By name, ours first."""
    found: dict[str, list[Traversable]] = {}
    for folder in _folders(own):
        for file in sorted(folder.iterdir(), key=lambda one: one.name):
            if file.name.endswith(".toml"):
                found.setdefault(file.name.removesuffix(".toml"), []).append(file)
    return found


def _folders(own: Path | None) -> Iterator[Traversable]:
    yield resources.files("curate.listings").joinpath("rules")
    if own is not None and own.is_dir():
        yield own
