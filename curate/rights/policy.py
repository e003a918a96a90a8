"""The decision table: a data file that people review, and the look-up in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from curate.model import Outcome

PORTS = frozenset(
    "AM AR AT AU AZ BE BG BR CA CH CL CN CO CR CZ DE DK EC EE EG ES FI FR GB GE GR GT HK HR HU IE IGO IL IN IT JP "
    "KR LU MK MT MX MY NL NO NZ PE PH PL PR PT RO RS SCOTLAND SE SG SI TH TW UG UK US VE VN ZA".split()
)
"""Countries and organisations that Creative Commons' versions up to 3.0 were adapted to."""
_PORTED = re.compile(r"^(CC-BY(?:-[A-Z]{2})*-[123]\.\d)-([A-Z]{2,8})$")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row: what these licences allow, and why."""

    ids: tuple[str, ...]
    free: Outcome
    paid: Outcome
    obligations: tuple[str, ...]
    reason: str
    ported: bool = False  # holds for national versions too (CC-BY-3.0-DE)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    rule: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the table says of one expression. ``license`` is the branch taken of an OR."""

    outcome: Outcome
    license: str
    obligations: tuple[str, ...]
    reason: str


_RANK: dict[Outcome, int] = {"allow": 0, "ask": 1, "deny": 2}


def worst(*outcomes: Outcome) -> Outcome:
    """The most restrictive of several."""
    return max(outcomes, key=_RANK.__getitem__, default="deny")


class Policy:
    """The decision table, looked up by SPDX expression."""

    def __init__(self, version: str, rules: tuple[Rule, ...]) -> None:
        self.version = version
        self._rules = {id: rule for rule in rules for id in rule.ids}

    def rule(self, id: str) -> Rule | None:
        if id in self._rules:
            return self._rules[id]
        ported = _PORTED.match(id)
        rule = self._rules.get(ported[1]) if ported and ported[2] in PORTS else None
        return rule if rule and rule.ported else None

    def judge(self, expression: str, paid: bool) -> Verdict:
        """AND needs every part, OR takes the first best part; what the table lacks is denied."""
        if rule := self.rule(expression):
            outcome = rule.paid if paid else rule.free
            return Verdict(outcome, expression, rule.obligations, rule.reason)
        if " " not in expression and "(" not in expression:
            reason = "no rule of the policy knows this licence"
            return Verdict("deny", expression, (), reason)
        return self._judge_tree(spdx().parse(expression), paid)

    def _judge_tree(self, tree: object, paid: bool) -> Verdict:
        parts = getattr(tree, "args", ())
        name = type(tree).__name__
        if name == "OR":
            # sorted() is stable: of equally good branches, the one written first.
            return sorted(
                (self._judge_tree(part, paid) for part in parts), key=lambda v: _RANK[v.outcome]
            )[0]
        if name == "AND":
            verdicts = [self._judge_tree(part, paid) for part in parts]
            hardest = max(verdicts, key=lambda v: _RANK[v.outcome])
            united = tuple(dict.fromkeys(o for v in verdicts for o in v.obligations))
            return Verdict(
                hardest.outcome, " AND ".join(v.license for v in verdicts), united, hardest.reason
            )
        return self.judge(str(tree).replace(" ", "_"), paid)


@cache
def spdx() -> Any:
    """The SPDX licence list as a parser of expressions; 0.4 s to build, so only where it is needed."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


@cache
def load() -> Policy:
    """The policy that ships with this version of curate."""
    text = resources.files("curate.rights").joinpath("policy.toml").read_text("utf-8")
    file = msgspec.convert(tomllib.loads(text), _File)
    return Policy(file.version, file.rule)
