"""Everything that speaks about the rights in one resource, before anyone weighs it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from curate.collection import Declaration
from curate.grant import Held
from curate.model import Answer, Statement
from curate.rights.normalise import NOTICE, UNKNOWN, normalise


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was declared, said and decided."""

    declared: Sequence[Declaration]  # the nearest for each place of this collection that holds it
    found: Sequence[Statement]  # by the places of this collection and by the bytes themselves
    elsewhere: Sequence[Statement] = ()  # by other places that showed the same bytes
    earlier: Sequence[Statement] = ()  # by the places of this collection, until they said otherwise
    answer: Answer | None = None
    grants: Mapping[str, Held] = field(default_factory=dict)  # those that anything here names


def expression(statement: Statement) -> str:
    """The SPDX expression that a statement comes to: its own where it has one, else its words'."""
    return normalise(statement.license) if statement.license else normalise(statement.raw)


def digest(evidence: Evidence) -> str:
    """Of what was said, not of who repeats it: an answer holds as long as this stays the same."""
    said = {
        (meaning if meaning != UNKNOWN else one.raw, one.component, one.holder)
        for one in (*evidence.found, *evidence.elsewhere)
        if (meaning := expression(one)) != NOTICE or one.holder
    }
    return hashlib.sha256(repr(sorted(said)).encode()).hexdigest()[:16]


def short(statement: Statement, most: int = 120) -> str:
    """What it says, on one line."""
    raw = " ".join(statement.raw.split()) or statement.license
    return raw if len(raw) <= most else raw[: most - 1] + "…"


def several(names: str) -> list[str]:
    """Names that stand in one field, parted by semicolons."""
    return [name.strip() for name in names.split(";") if name.strip()]


def names_one_of(holders: Sequence[str], statement: Statement) -> bool:
    """Does it name one of them, as whole words? "Li" is not in "Published"."""
    said = f"{statement.raw} {statement.holder}"
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said, re.I) for name in holders)


_NO_NAME = re.compile(
    r"all\s+rights\s+reserved|copyright|版[权權](?:所有|归?)?|(?:侵权|侵權|翻印|盗版|违者|违者)必究|本(?:书|書|站|文|资料|資料)|©|\(c\)|[\d\s\-–—.,;:!。，；：！]",
    re.I,
)


def nameless(statement: Statement) -> bool:
    """A reservation that names nobody: then it speaks for whoever made the file."""
    return not _NO_NAME.sub("", statement.raw) and not statement.holder
