"""Everything that speaks about the rights in one resource, before anyone weighs it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from curate.collection import Declaration
from curate.grant import Held
from curate.messages import msg
from curate.model import NOTICE, UNKNOWN, Answer, Statement
from curate.rights.normalise import normalise


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was declared, said and decided."""

    declared: Sequence[Declaration]  # the nearest for each place of this collection that holds it
    found: Sequence[Statement]  # by the places of this collection and by the bytes themselves
    elsewhere: Sequence[Statement] = ()  # by other places that showed the same bytes
    earlier: Sequence[Statement] = ()  # by the places of this collection, until they said otherwise
    answer: Answer | None = None
    grants: Mapping[str, Held] = field(default_factory=dict)  # those that anything here names
    purpose: str = ""  # what it is decided for, as far as another answer could follow: free, paid


def expression(statement: Statement) -> str:
    """The SPDX expression that a statement comes to: its own where it has one, else its words'."""
    return normalise(statement.license) if statement.license else normalise(statement.raw)


def digest(evidence: Evidence) -> str:
    """Of what was said, not of who repeats it: an answer holds as long as this stays the same."""
    said = {
        (meaning if meaning != UNKNOWN else one.raw, one.component, one.holder, one.territory)
        for one in (*evidence.found, *evidence.elsewhere)
        if (meaning := expression(one)) != NOTICE or one.holder
    }
    said |= {
        (one.license, one.grant, "own" if one.own else "", ",".join(one.territory))
        for one in evidence.declared
    }
    return hashlib.sha256(repr((evidence.purpose, sorted(said))).encode()).hexdigest()[:16]


def short(statement: Statement, most: int = 120) -> str:
    """What it says, on one line."""
    raw = " ".join(statement.raw.split()) or statement.license or msg("an empty field").text
    return raw if len(raw) <= most else raw[: most - 1] + "…"


def several(names: str) -> list[str]:
    """Names that stand in one field, parted by semicolons."""
    return [name.strip() for name in names.split(";") if name.strip()]


_SIGN = r"(?:©|\(c\)|\bcopyright\b|版[权權](?:所有|归|歸)?+|归|歸|[作著]者[:：])"
_BEFORE = rf"{_SIGN}[\s,:：;；\-–—©(c)\d年]*"
_AFTER = r"[\s.,。，]*(?:$|©|\(c\)|copyright|all\s+rights|版[权權]|保留|所有)"
_ENDS = r"(?!\s+(?!All\b|Alle\b|Licen|CC\b|Creative|Some\b|This\b|The\b|For\b|No\b|Not\b)[A-Z])"
"""A name goes on where another capital follows: "Li Wei" is not Li."""


def names_one_of(holders: Sequence[str], statement: Statement) -> bool:
    """Does it name one of them as the holder? "Li" is not in "Published", and a portrait of Ann Lee is not hers.

    Where the place states a holder, that alone counts; else the name beside the sign, the years or the
    reservation, and nobody beside another sign.
    """
    known = [name for name in holders if name]
    if statement.holder:
        folded = {name.casefold() for name in known}
        parts = _holders(statement.holder)
        return bool(parts) and folded.issuperset(parts)
    raw = statement.raw
    if any(raw.strip(" .。").casefold() == name.casefold() for name in known):
        return True
    mine = "|".join(_whole(name) for name in known)
    if not mine:
        return False
    others = re.search(
        rf"(?i:{_SIGN})[\s©(c),:：\d\-–—年]*(?!(?i:{mine}))(?=[A-Z\u00c0-\u024f]|[\u3400-\u9fff]{{2}})(?!All\b)",
        raw,
    )
    said = re.search(rf"(?i:{_BEFORE})(?i:{mine}){_ENDS}|^\W*(?i:{mine})(?i:{_AFTER})", raw)
    return said is not None and others is None


def bare(holders: Sequence[str], statement: Statement) -> bool:
    """Is it nothing but one of these names?"""
    return statement.raw.strip(" .。").casefold() in {name.casefold() for name in holders}


def _holders(stated: str) -> list[str]:
    """The single names in a field of holders, without signs, years and mail addresses."""
    parts = re.split(r"[;,/&、，；]|\band\b|和", re.sub(r"<[^>]*>", " ", stated))
    bare = (re.sub(r"(?i)©|\(c\)|\bcopyright\b|\b\d{4}\b|[-–—]", " ", part) for part in parts)
    return [" ".join(part.split()).strip(" .。").casefold() for part in bare if part.strip()]


_SOMEBODY = re.compile(
    r"(?:©|\(c\)|\b(?i:copyright)\b|\b(?i:by)\b|\b(?i:author|artist|photographer)\b:?)[\s©(c),:\d\-–]*(?!(?:CC|Creative)\b)"
    r"[A-Z\u00c0-\u024f\u3400-\u9fff]"
)


def names_somebody(statement: Statement) -> bool:
    """Does it say whose it is?"""
    raw = re.sub(r"(?i)creative\s+commons\S*|\bcc[\s-]by\S*", " ", statement.raw)
    return bool(statement.holder) or _SOMEBODY.search(raw) is not None


def _whole(name: str) -> str:
    """The name as whole words; Chinese has no borders between them."""
    before = r"(?<![A-Za-z0-9])" if name[0].isascii() else ""
    after = r"(?![A-Za-z0-9])" if name[-1].isascii() else ""
    return f"{before}{re.escape(name)}{after}"


_NO_NAME = re.compile(
    r"xmpRights:Marked=True|all\s+rights\s+reserved|copyright|版[权權](?:所有|归?)?|(?:侵权|侵權|翻印|盗版|违者|违者)必究|本(?:书|書|站|文|资料|資料)|©|\(c\)|[\d\s\-–—.,;:!。，；：！]",
    re.I,
)


def nameless(statement: Statement) -> bool:
    """A reservation that names nobody: then it speaks for whoever made the file."""
    return not _NO_NAME.sub("", statement.raw) and not statement.holder
