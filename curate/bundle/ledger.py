"""rights.json: what an independent reader needs to decide anew about every file of a bundle."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from curate import checksum, typed
from curate.bundle import Request
from curate.bundle.layout import Layout, Placed
from curate.bundle.text import one_line
from curate.grant import Held
from curate.messages import render
from curate.model import Decision, Message, Omission, Signal, Statement, Testimony

FILE = "rights.json"
POLICY = "rights-policy.toml"
FORMAT = 1
_LONGEST = 1000  # characters of a statement
_END = b"\n]\n}\n"
_ESCAPED = re.compile(
    "[<\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e0fff]"
)


class Entry(msgspec.Struct, frozen=True):
    """One file and its decision, or something that was left out."""

    path: str  # from the bundle's top; "" for what was left out
    sha256: str
    title: str
    license: str  # the expression under which it is here, a choice resolved
    offered: str  # the whole expression
    basis: str
    rules: tuple[str, ...]
    outcome: str
    obligations: tuple[str, ...]
    holder: str
    grant: str
    by: str
    changes: str
    minor: bool
    grounds: str
    credit: str
    source: str
    retrieved: str
    reasons: tuple[str, ...]  # English
    statements: tuple[Statement, ...]
    signals: tuple[Signal, ...]


def write(path: Path, request: Request, plan: Layout, version: str) -> tuple[int, str]:
    """The buyers' rights.json, item by item: testimony is heard once and held for one item only.

    Gives its size in bytes and its SHA-256.
    """
    with path.open("wb") as file:
        file.write(_head(request, plan, version))
        for number, one in enumerate(plan.placed):
            file.write(b",\n" if number else b"\n")
            file.write(_line(_entry(one)))
        file.write(_END)
    return path.stat().st_size, checksum.of(path)


def complete(path: Path, omissions: Sequence[Omission]) -> None:
    """Make the seller's copy of the buyers': what was left out, and why, joins it."""
    with path.open("r+b") as file:
        file.seek(-len(_END), 2)
        file.truncate()
        file.write(b'\n],\n"left_out": [')
        for number, one in enumerate(omissions):
            file.write((b",\n" if number else b"\n") + _line(_left(one)))
        file.write(_END)


def _head(request: Request, plan: Layout, version: str) -> bytes:
    versions = sorted({one.item.decision.policy for one in plan.placed} - {""})
    policy = {
        "version": ", ".join(versions),
        "file": POLICY if request.policy else "",
        "sha256": hashlib.sha256(request.policy).hexdigest() if request.policy else "",
    }
    told: dict[str, object] = {
        "format": FORMAT,
        "name": request.loaded.name,
        "version": version,
        "policy": policy,
        "use": use(request),
        "grants": [_grant(held) for _, held in sorted(request.grants.items())],
    }
    rows = b",\n".join(_line(name) + b": " + _line(value) for name, value in told.items())
    return b"{\n" + rows + b',\n"items": ['


def use(request: Request) -> Mapping[str, object]:
    """What the files were judged for; as the listing says where the request does not."""
    listing = request.loaded.collection.listing
    return dict(request.use) or {
        "paid": listing.paid,
        "packaging": "compilation",
        "territory": listing.territory,
        "copies": listing.copies,
        "drm": listing.drm,
    }


def _grant(held: Held) -> dict[str, object]:
    """What buyers and auditors may know of it: no order, no price, of its evidence the hash alone."""
    grant = held.grant
    told = {
        name: getattr(grant, name)
        for name in (
            "kind",
            "licensor",
            "license",
            "uses",
            "start",
            "end",
            "territory",
            "max_copies",
        )
    }
    return {"name": held.name, **told, "evidence_sha256": [digest for _, digest in held.evidence]}


def _left(one: Omission) -> dict[str, Any]:
    told: dict[str, Any] = {
        "title": one_line(one.title),
        "source": _public(one_line(one.source)),
        "sha256": one.sha256,
        "reason": _sentence(one.reason),
    }
    if one.decision is None:
        return told
    entry = _told("", one.sha256, told["title"], one.decision, one.testimony())
    whole: dict[str, Any] = msgspec.to_builtins(entry)
    return whole | told


def _entry(placed: Placed) -> Entry:
    item = placed.item
    decision = item.decision
    if decision.by:
        # Who decided, and what they wrote about it, is the seller's: the first reason, see rights.decide.
        decision = msgspec.structs.replace(decision, by="", reasons=decision.reasons[1:])
    entry = _told(f"data/{placed.path}", item.sha256, item.title, decision, item.testimony())
    return msgspec.structs.replace(entry, credit=item.credit, source=item.source)


def _told(path: str, sha256: str, title: str, decision: Decision, testimony: Testimony) -> Entry:
    return Entry(
        path=path,
        sha256=sha256,
        title=title,
        license=decision.license,
        offered=decision.offered or decision.license,
        basis=decision.basis,
        rules=decision.rules,
        outcome=decision.outcome,
        obligations=decision.obligations,
        holder=_valid(decision.holder),
        grant=_valid(decision.grant),
        by=_valid(decision.by),
        changes=_valid(decision.changes),
        minor=decision.minor,
        grounds=_valid(decision.grounds),
        credit="",
        source="",
        retrieved=testimony.retrieved,
        reasons=tuple(map(_sentence, decision.reasons)),
        statements=tuple(map(_statement, testimony.statements)),
        signals=tuple(
            Signal(one.kind, _valid(one.value), _public(one.where)) for one in testimony.signals
        ),
    )


def _statement(one: Statement) -> Statement:
    fields = {name: _valid(getattr(one, name)) for name in Statement.__struct_fields__}
    said: Statement = typed.convert(fields | {"where": _public(one.where)}, Statement)
    return said


def _public(where: str) -> str:
    """A place as buyers may know it: no folder of the seller's computer, no password of a URL."""
    where = _valid(where)
    try:
        parts = urlsplit(where)
        web = parts.scheme.lower() in ("http", "https")
    except ValueError:
        return where if not _absolute(where) else _last(where)
    if web:
        host = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=host).geturl() if "@" in parts.netloc else where
    return _last(where) if _absolute(where) else where


def _absolute(where: str) -> bool:
    return bool(re.match(r"[/\\~]|[A-Za-z]:[/\\]|file:", where))


def _last(where: str) -> str:
    return re.split(r"[/\\]", where.rstrip("/\\"))[-1]


def _valid(text: str) -> str:
    """Bounded, and writable as UTF-8."""
    return text[:_LONGEST].encode("utf-8", "replace").decode()


def _sentence(message: Message) -> str:
    return _valid(render(message, "en"))


def _line(value: Any) -> bytes:
    """JSON on one line, in which no character hides or turns text, or begins a tag."""
    text = msgspec.json.encode(value).decode()
    return _ESCAPED.sub(_escape, text).encode()


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
