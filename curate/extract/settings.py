"""YAML that describes something: what its own keys say about rights.

Only plain pairs are read, with the keys they are under: metadata of a book or a package, a citation file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from curate.extract.claims import claim, fields
from curate.model import Statement

MOST_LINES = 2000

_PAIR = re.compile(r"^([ ]*)(?:- )?([ ]*)([A-Za-z_][\w-]*)[ ]*:(?:[ ]+(.*))?$")
_BELOW = ("~", "null", "|", ">", "|-", ">-", "|+", ">+")
_LICENCES = ("license", "licence", "license_url", "license-url", "rights_url")
_NOTICES = ("rights", "copyright")
_COVERS = ("cover", "covers")


def statements(text: str, where: str) -> Iterator[Statement]:
    """Of the whole, by keys of the first level; of the cover, by keys below ``cover:``."""
    whole: dict[str, list[str]] = {}
    cover: dict[str, str] = {}
    section = ""
    below_of = ""  # the key of the first level whose value stands below it
    for row in text.split("\n")[:MOST_LINES]:
        if row[:1] not in (" ", "-", "#", ""):
            section = ""
        pair = _PAIR.match(row)
        if below_of and row[:1] in (" ", "-") and row.strip(" -"):
            found = _plain((pair[4] or "") if pair else row.strip().removeprefix("-"))
            whole[below_of][-1] = found
            below_of = "" if found else below_of
        if pair is None:
            continue
        key, value = pair[3].lower(), _plain(pair[4] or "")
        if not pair[1] and not row.startswith("-"):
            section = key
            whole.setdefault(key, []).append(value)
            below_of = "" if value else key
        elif section in _COVERS:
            cover.setdefault(key, value)
    licences = [one for key in _LICENCES for one in whole.get(key, ())]
    notices = [one for key in _NOTICES for one in whole.get(key, ())]
    yield from fields(licences, notices, "declared", where)
    for key in (*_LICENCES, *_NOTICES):
        if raw := cover.get(key):
            credit = cover.get("attribution", "")
            yield claim(
                raw, "declared", where, component="cover", holder=credit, attribution=credit
            )


def _plain(value: str) -> str:
    value = value.strip()
    if value[:1] in ("'", '"'):
        return value[1:].partition(value[0])[0]
    return "" if value in _BELOW else value.partition(" #")[0].strip()
