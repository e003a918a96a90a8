"""The decision table: a data file that people review, and the look-up in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import msgspec

from curate import typed
from curate.model import Outcome

PORTS = frozenset(
    "AM AR AT AU AZ BE BG BR CA CH CL CN CO CR CZ DE DK EC EE EG ES FI FR GB GE GR GT HK HR HU IE IGO IL IN IT JP "
    "KR LU MK MT MX MY NL NO NZ PE PH PL PR PT RO RS SCOTLAND SE SG SI TH TW UG UK US VE VN ZA".split()
)
"""Countries and organisations that Creative Commons' versions up to 3.0 were adapted to."""
_PORTED = re.compile(r"^(CC-BY(?:-[A-Z]{2})*-[123]\.\d)-([A-Z]{2,8})$")
_SYMBOL = re.compile(r"\(|\)|[^\s()]+")
FILE = "policy.toml"

Column = Literal[
    "free", "free-adapted", "paid", "adapted", "alone", "alone-adapted", "minor", "minor-adapted",
]  # fmt: skip


class Use(msgspec.Struct, frozen=True):
    """What is to be done with an item: how the collection is offered, and what was done to the item."""

    paid: bool = False
    alone: bool = False  # the item is the product itself, not one of several things
    territory: tuple[str, ...] = ()  # ISO 3166 codes it is offered to; empty = everywhere
    copies: int = 0  # how many are expected; 0 = nobody knows
    price: str = ""  # decimal
    drm: bool = False
    changes: str = ""  # what the seller changed in it
    minor: bool = False  # a minor element of something else

    def column(self, changed: bool) -> Column:
        """The column of the table that this use is judged by."""
        if self.minor and not (self.paid and self.alone):  # what is sold alone is no minor element
            return "minor-adapted" if changed else "minor"
        if not self.paid:
            return "free-adapted" if changed else "free"
        if self.alone:
            return "alone-adapted" if changed else "alone"
        return "adapted" if changed else "paid"


class _Many(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    over: int
    obligations: tuple[str, ...]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """One row: what these licences allow, and why."""

    name: str
    ids: tuple[str, ...]
    free: Outcome
    free_adapted: Outcome
    paid: Outcome
    adapted: Outcome
    alone: Outcome
    reason: str
    source: str
    minor: Outcome | None = None
    obligations: tuple[str, ...] = ()
    adapted_obligations: tuple[str, ...] = ()
    many: _Many | None = None
    paid_needs: Literal["", "grounds"] = ""
    still_unchanged: tuple[str, ...] = ()
    because: dict[str, str] = {}
    ported: bool = False  # holds for national versions too (CC-BY-3.0-DE)
    exceptions: tuple[str, ...] = ()

    def outcome(self, column: Column, paid: bool) -> Outcome:
        plain = self.paid if paid else self.free
        if column == "minor":
            return self.minor or plain
        if column == "minor-adapted":
            changed = self.adapted if paid else self.free_adapted
            return worst(self.minor, changed) if self.minor else changed
        if column == "alone-adapted":
            return worst(self.alone, self.adapted)
        found: Outcome = getattr(self, column.replace("-", "_"))
        return found

    def changed(self, changes: str) -> bool:
        """Do these changes make it another version, by this licence?"""
        said = [one for one in re.split(r"[,;，；、]|\band\b|和", changes.lower()) if one.strip()]
        return any(not any(word in one for word in self.still_unchanged) for one in said)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    reviewed: str
    rule: tuple[Rule, ...]
    grant: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the table says of one expression. ``license`` is the branch taken of an OR."""

    outcome: Outcome
    license: str
    obligations: tuple[str, ...]
    reason: str
    rules: tuple[str, ...] = ()  # names, the most restrictive first


_RANK: dict[Outcome, int] = {"allow": 0, "ask": 1, "deny": 2}


def worst(*outcomes: Outcome) -> Outcome:
    """The most restrictive of several."""
    return max(outcomes, key=_RANK.__getitem__, default="deny")


class Policy:
    """The decision table, looked up by SPDX expression."""

    def __init__(self, file: _File) -> None:
        self.version = file.version
        self.grants = file.grant
        self._rules = {id: rule for rule in file.rule for id in rule.ids}
        self._order = {rule.name: number for number, rule in enumerate(file.rule)}
        self._exceptions = {one: rule for rule in file.rule for one in rule.exceptions}

    def rule(self, id: str) -> Rule | None:
        """The row of one licence, or of one ``ID WITH exception``."""
        if id in self._rules:
            return self._rules[id]
        base, _, exception = id.partition(" WITH ")
        if exception:
            rule = self.rule(base)
            return rule if rule and self._exceptions.get(exception) is rule else None
        ported = _PORTED.match(id)
        rule = self._rules.get(ported[1]) if ported and ported[2] in PORTS else None
        return rule if rule and rule.ported else None

    def judge(self, expression: str, use: Use, grounds: bool = False) -> Verdict:
        """AND needs every part, OR takes the best branch; what the table lacks is denied.

        ``grounds``: it is recorded why the item is free, which some rules need.
        """
        if _simple(expression):
            return self._judge_one(expression, use, grounds)
        tree = spdx().parse(expression)
        return self._judge_tree(tree, use, grounds)

    def _judge_one(self, id: str, use: Use, grounds: bool) -> Verdict:
        rule = self.rule(id)
        if rule is None:
            reason = "no rule of the policy knows this licence"
            return Verdict("deny", id, (), reason, ("unknown-license",))
        changed = rule.changed(use.changes)
        column = use.column(changed)
        outcome = rule.outcome(column, use.paid)
        if outcome == "allow" and rule.paid_needs and use.paid and not grounds:
            outcome = "ask"
        obligations = rule.obligations + (rule.adapted_obligations if changed else ())
        if rule.many and (use.copies == 0 or use.copies > rule.many.over):
            obligations += rule.many.obligations
        reason = rule.because.get(column, rule.reason)
        return Verdict(outcome, id, obligations, reason, (rule.name,))

    def _judge_tree(self, tree: Any, use: Use, grounds: bool) -> Verdict:
        parts = getattr(tree, "args", ())
        name = type(tree).__name__
        if name == "OR":
            branches = [self._judge_tree(part, use, grounds) for part in parts]
            return min(branches, key=self._preference)
        if name == "AND":
            verdicts = [self._judge_tree(part, use, grounds) for part in parts]
            verdicts.sort(key=lambda v: (-_RANK[v.outcome], self._preference(v)))
            united = tuple(dict.fromkeys(o for v in verdicts for o in v.obligations))
            rules = tuple(dict.fromkeys(name for v in verdicts for name in v.rules))
            license = " AND ".join(
                sorted({one for v in verdicts for one in v.license.split(" AND ")})
            )
            return Verdict(verdicts[0].outcome, license, united, verdicts[0].reason, rules)
        return self._judge_one(str(tree), use, grounds)

    def _preference(self, verdict: Verdict) -> tuple[int, int, str]:
        """Of equally good branches, the one whose rule stands first in the file."""
        place = max((self._order.get(name, len(self._order)) for name in verdict.rules), default=0)
        return _RANK[verdict.outcome], place, verdict.license


def _simple(expression: str) -> bool:
    words = _SYMBOL.findall(expression)
    return len(words) == 1 or (len(words) == 3 and words[1] == "WITH")


@cache
def spdx() -> Any:
    """The SPDX licence list as a parser of expressions; 0.4 s to build, so only where it is needed."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def file() -> bytes:
    """The policy that ships with this version of curate, as it is read and shipped in bundles."""
    return resources.files("curate.rights").joinpath(FILE).read_bytes()


@cache
def load() -> Policy:
    """The policy that ships with this version of curate."""
    return Policy(typed.convert(tomllib.loads(file().decode("utf-8")), _File))
