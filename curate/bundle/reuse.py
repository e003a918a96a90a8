"""Licence texts and REUSE.toml: which terms each file of a bundle is under (reuse.software, version 3.3)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from curate import spdx
from curate.bundle.layout import METADATA, Layout
from curate.bundle.text import one_line
from curate.messages import Say
from curate.model import OWN_WORK, Item, LicenseInfo

OWN = OWN_WORK
"""The seller's own work and the bundle's pages: under the bundle's own terms."""
RESERVED = "LicenseRef-all-rights-reserved"
"""What stands for an item whose licence has no name."""
FOLDER = "LICENSES"

_OURS = ("*", "assets/**", f"data/{METADATA}")  # pages and bag files; what follows overrides it
_UNCLAIMED = frozenset(("CC0-1.0", "CC-PDM-1.0", "CC-PDDC", "PDDL-1.0"))
_OPERATORS = spdx.OPERATORS
_PARTS = re.compile(r"[\s()]+|[^\s()]+")
_REFERENCE = re.compile(r"LicenseRef-[A-Za-z0-9.-]{1,80}")
_NOTICE = re.compile(r"^(?:(?:copyright\b|\(c\)|©)[\s:]*)+", re.IGNORECASE)
_NAMES = 300  # characters of a copyright notice

# Files that are no "covered files" of the specification: no tool asks under what terms they are.
_UNCOVERED = re.compile(
    r"(?:LICEN[CS]E|COPYING)(?:[-.].*)?|.*\.license|.*\.spdx(?:.(?:rdf|json|xml|ya?ml))?"
    r"|CAL-1.0(?:-Combined-Work-Exception)?(?:\..+)?|SHL-2.1(?:\..+)?"
)


@cache
def _listed() -> frozenset[str]:
    """Licences and exceptions of the SPDX list that are not deprecated."""
    return spdx.current()


@cache
def file_id(id: str) -> str:
    """What the text of ``id`` is called below LICENSES/: ``id`` where a checker takes it.

    National versions that SPDX does not list, names in other scripts and the like become a
    LicenseRef- of the same meaning.
    """
    if id in _listed() or (_REFERENCE.fullmatch(id) and "Unknown" not in id):
        return id
    if id.endswith("+") and id[:-1] in _listed():
        return id[:-1]
    bare = id.removeprefix("LicenseRef-")
    plain = re.sub(r"[^A-Za-z0-9.]+", "-", bare).replace("Unknown", "unknown")[:60].strip("-.")
    mark = "" if plain == bare else hashlib.sha256(id.encode("utf-8", "replace")).hexdigest()[:8]
    return "-".join(filter(None, ("LicenseRef", plain, mark)))


def parts(expression: str) -> Iterator[tuple[str, str]]:
    """The words of an SPDX expression, each licence with the path of its text, the rest with ""."""
    for word in _PARTS.findall(expression):
        plain = not word.strip(" \t()") or word.upper() in _OPERATORS
        yield word, "" if plain else f"{FOLDER}/{file_id(word)}.txt"


def ids(expression: str) -> list[str]:
    """The licences and exceptions it names, in its order; what reserves all rights where it is ""."""
    return spdx.ids(expression or RESERVED)


def texts(
    used: Iterable[str], licenses: Mapping[str, LicenseInfo], terms: bytes, say: Say
) -> Iterator[tuple[str, bytes]]:
    """LICENSES/ID.txt for every licence used, by path. ``terms``: the bundle's own."""
    written: dict[str, bytes] = {}
    for id in sorted(set(used), key=lambda id: (file_id(id), id)):
        info = licenses.get(id, LicenseInfo(id, id, ""))
        written.setdefault(f"{FOLDER}/{file_id(id)}.txt", _text(info, say))
    yield from sorted({**written, f"{FOLDER}/{OWN}.txt": terms}.items())


def _text(info: LicenseInfo, say: Say) -> bytes:
    lines = info.text.encode("utf-8", "replace").decode().removeprefix("\ufeff").splitlines()
    if not info.text.strip():
        reserved = say("All rights reserved by the holder named")
        name = reserved if info.id == RESERVED else one_line(info.name)
        lines = [f"SPDX-ID: {info.id}", name, one_line(info.url)]
        lines = [line for line in lines if line]
    return ("\n".join(lines).strip("\n") + "\n").encode()


def toml(plan: Layout, pictures: Mapping[str, str], seller: str) -> bytes:
    """REUSE.toml: every file of the bundle, by licence and copyright.

    ``pictures``: SHA-256 of an item → its thumbnail's path; a thumbnail is the item, made small.
    All override, so that tags inside payload files, which may be wrong or of other files, count for
    nothing.
    """
    own = f"© {_names(seller) or 'the publisher of this bundle'}"
    groups: dict[tuple[str, str], list[str]] = {}
    seen: set[str] = {OWN}
    unseen: set[str] = set()
    for one in plan.placed:
        item = one.item
        named = ids(item.decision.license)
        group = groups.setdefault((_expression(item.decision.license), _notice(item, own)), [])
        group.append(f"data/{one.path}")
        picture = pictures.get(item.sha256)
        if picture:
            group.append(picture)
        name = one.path.rpartition("/")[2]
        covered = picture or (item.size and not _UNCOVERED.fullmatch(name))
        (seen if covered else unseen).update(map(_term, named))
    tables = [_annotation(_OURS, own, OWN)]
    tables += [
        _annotation(sorted(paths), notice, expression)
        for (expression, notice), paths in sorted(groups.items())
    ]
    if rest := sorted(unseen - seen):
        # Checkers look at no file called LICENSE and at none that is empty, and would call a text
        # that only these are under unused. The page that names it speaks for them.
        tables.append(_annotation(["LICENSES.md"], own, *(OWN, *rest)))
    return ("version = 1\n" + "".join(tables)).encode()


def _annotation(paths: Iterable[str], notice: str, *expressions: str) -> str:
    rows = "".join(f"  {_string(_pattern(path))},\n" for path in paths)
    named = ", ".join(map(_string, expressions))
    return (
        f'\n[[annotations]]\npath = [\n{rows}]\nprecedence = "override"\n'
        f"SPDX-FileCopyrightText = {_string(notice)}\n"
        f"SPDX-License-Identifier = {named if len(expressions) == 1 else f'[{named}]'}\n"
    )


def _pattern(path: str) -> str:
    """A path as REUSE.toml matches it: a star of a name is no wildcard."""
    return path if path in _OURS else re.sub(r"([\\*])", r"\\\1", path)


def _string(text: str) -> str:
    """A basic string of TOML, which is one of JSON but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _expression(license: str) -> str:
    words = parts(license or RESERVED)
    return "".join(_term(word) if path else word.upper() for word, path in words).strip()


def _term(id: str) -> str:
    return id if id.endswith("+") and file_id(id) == id[:-1] else file_id(id)


def _notice(item: Item, own: str) -> str:
    """Whose it is."""
    decision = item.decision
    names = _names(decision.holder) or _names(", ".join(item.creators))
    if set(ids(decision.license)) <= _UNCLAIMED:
        return f"{names} (no copyright claimed)" if names else "no copyright claimed"
    if names:
        return f"© {names}"
    return own if decision.license == OWN else "© the holder named in ATTRIBUTION.md"


def _names(stated: str) -> str:
    """Names without the marks that notices begin with.

    A comma without its space would join a name to a year before it, which checkers stumble over.
    """
    return re.sub(r",(?=\S)", ", ", _NOTICE.sub("", one_line(stated)))[:_NAMES].strip()
