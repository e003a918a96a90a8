"""Files for programs that name a licence: metadata of KDE, npm, data packages, citations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from curate.collectors.beside.owners import MOST
from curate.collectors.beside.paper import MAX_RAW, Paper, decoded, invalid
from curate.model import Statement

CHANNEL = "sidecar"


def _kde(paper: Paper) -> Iterator[Statement]:
    """``KPlugin.License`` of KDE's metadata.json."""
    data = paper.table()
    if b'"KPlugin"' not in data:
        return  # another program's metadata.json
    plugin = _object(data).get("KPlugin")
    if not isinstance(plugin, dict):
        raise invalid("KPlugin is not an object")
    if "License" in plugin:
        yield _said(paper, plugin["License"], _authors(plugin.get("Authors")))


def _authors(authors: Any) -> str:
    people = authors if isinstance(authors, list) else []
    names = (one.get("Name") for one in people if isinstance(one, dict))
    return "; ".join(dict.fromkeys(name for name in names if isinstance(name, str) and name))[:MOST]


def _desktop(paper: Paper) -> Iterator[Statement]:
    """``X-KDE-PluginInfo-License`` of the older metadata.desktop."""
    keys = dict(
        re.findall(r"(?m)^X-KDE-PluginInfo-(License|Author)[ \t]*=(.*)", decoded(paper.table()))
    )  # fmt: skip
    if "License" in keys:
        yield _said(paper, keys["License"], keys.get("Author", "").strip()[:MOST])


def _npm(paper: Paper) -> Iterator[Statement]:
    """``license`` of package.json; formerly an object, or a list called ``licenses``."""
    table = _object(paper.table())
    if "license" in table:
        yield from _each(paper, table["license"], ("type", "name", "url"))
    else:
        yield from _each(paper, table.get("licenses", []), ("type", "name", "url"))


def _package(paper: Paper) -> Iterator[Statement]:
    """``licenses`` of a data package (specs.frictionlessdata.io)."""
    table = _object(paper.table())
    yield from _each(
        paper, table.get("licenses", table.get("license", [])), ("name", "path", "title")
    )


def _each(paper: Paper, value: Any, keys: tuple[str, ...]) -> Iterator[Statement]:
    """One statement for each licence: a name, or an object that has one under the first of ``keys``."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            one = next((one[key] for key in keys if one.get(key)), "")
        yield _said(paper, one)


def _citation(paper: Paper) -> Iterator[Statement]:
    """``license`` of CITATION.cff: one SPDX id, or a list of which any may be chosen."""
    text = decoded(paper.table())
    found = re.search(
        r"(?m)^(license|license-url):[ \t]*([^#\r\n]*)(?:#.*)?\r?\n?((?:[ \t]*-[^\r\n]*\r?\n?)*)",
        text,
    )
    if not found:
        return
    inline = found[2].strip().strip("[]").split(",")
    listed = re.findall(r"(?m)^[ \t]*-[ \t]*([^#\r\n]*)", found[3])
    ids = [one.strip().strip("\"'") for one in (*inline, *listed)]
    yield _said(paper, " OR ".join(one for one in ids if one))


def _object(data: bytes) -> dict[str, Any]:
    import msgspec

    try:
        value = msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise invalid(fault) from fault
    if not isinstance(value, dict):
        raise invalid("it is not an object")
    return value


def _said(paper: Paper, value: Any, holder: str = "") -> Statement:
    if value is None:
        value = ""
    if not isinstance(value, str) or len(value) > MAX_RAW:
        raise invalid("the licence is not a name")
    return Statement(value.strip(), CHANNEL, paper.where, holder=holder)


READERS: dict[str, Callable[[Paper], Iterator[Statement]]] = {
    "metadata.json": _kde,
    "metadata.desktop": _desktop,
    "package.json": _npm,
    "datapackage.json": _package,
    "citation.cff": _citation,
}
"""By name, lower case. Each raises Unreadable."""
