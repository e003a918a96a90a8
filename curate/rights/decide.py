"""One resource, all that was said about it, one decision. The most restrictive statement holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from curate.collection import Declaration
from curate.messages import msg
from curate.model import Decision, Outcome, Statement
from curate.rights.normalise import NOTICE, OWN, RESERVED, UNKNOWN, normalise
from curate.rights.policy import Policy, worst


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that speaks about one resource."""

    declared: Sequence[Declaration]  # of each source of this collection that holds it
    found: Sequence[Statement]  # by the places of this collection and by the bytes themselves
    elsewhere: Sequence[Statement] = ()  # by other places that showed the same bytes


@dataclass(frozen=True, slots=True)
class _Found:
    license: str
    statement: Statement


def decide(evidence: Evidence, policy: Policy, paid: bool) -> Decision:
    """May it be in a bundle that is given away, or sold (``paid``)? Fails closed.

    Own work stands on the seller's word, unless the bytes or a place say that somebody else has a say.
    Licensed material needs its licence allowed by the policy and contradicted by nobody. What is said
    about a part only, or elsewhere about the same bytes, can forbid but never allow.
    """
    found = _weighed(evidence, policy, paid)
    holders = tuple(dict.fromkeys(one.own for one in evidence.declared if one.own))
    licenses = tuple(
        dict.fromkeys(normalise(one.license) for one in evidence.declared if one.license)
    )
    if holders:
        return _own(holders, licenses, found, policy, paid)
    if licenses:
        return _licensed(licenses, found, policy, paid)
    return _unsaid(found, policy, paid)


def _weighed(evidence: Evidence, policy: Policy, paid: bool) -> list[_Found]:
    found = []
    for statement in dict.fromkeys((*evidence.found, *evidence.elsewhere)):
        one = _Found(normalise(statement.raw), statement)
        may_allow = statement.component == "whole" and statement in evidence.found
        if may_allow or policy.judge(one.license, paid).outcome != "allow":
            found.append(one)
    return found


def _own(
    holders: tuple[str, ...],
    licenses: tuple[str, ...],
    found: list[_Found],
    policy: Policy,
    paid: bool,
) -> Decision:
    names = [name.strip() for holder in holders for name in holder.split(";") if name.strip()]
    holder = ", ".join(dict.fromkeys(holder.split(";")[0].strip() for holder in holders))
    reasons = [msg("declared own work of {holder}", holder=holder)]
    outcome: Outcome = "allow"
    stated: dict[str, tuple[str, ...]] = {}
    for one in found:
        mine = _names_one_of(names, one.statement)
        if one.license in (RESERVED, NOTICE) and (mine or _nameless(one.statement)):
            continue  # reserving one's own rights takes nothing from oneself
        verdict = policy.judge(one.license, paid)
        foreign = bool(one.statement.holder) and not mine
        if verdict.outcome == "allow" and not foreign:
            # Also given to the public, by whoever made it: those terms are kept, the makers credited.
            stated[verdict.license] = verdict.obligations
            reasons.append(
                msg("and {where} says “{raw}”", where=one.statement.where, raw=_short(one))
            )
            continue
        outcome = "ask"
        reasons.append(
            msg(
                "declared own work, but {where} says “{raw}”",
                where=one.statement.where,
                raw=_short(one),
            )
        )
    contested = outcome != "allow"
    for license in licenses:
        outcome = "ask"
        reasons.append(
            msg(
                "another source of this collection declares {license} for the same bytes",
                license=license,
            )
        )
    expression = " AND ".join(stated) or OWN
    obligations = tuple(dict.fromkeys(duty for duties in stated.values() for duty in duties))
    return Decision(
        outcome, expression, obligations, tuple(reasons), holder, policy.version, contested
    )


def _licensed(
    licenses: tuple[str, ...], found: list[_Found], policy: Policy, paid: bool
) -> Decision:
    verdicts = [policy.judge(license, paid) for license in licenses]
    reasons = [
        msg("declared {license}: {reason}", license=verdict.license, reason=verdict.reason)
        for verdict in verdicts
    ]
    outcome = worst(*(verdict.outcome for verdict in verdicts))
    if len(licenses) > 1:
        outcome = worst(outcome, "ask")
        reasons.append(
            msg("the sources of this collection declare different licences for the same bytes")
        )
    contested = False
    for one in found:
        if one.license in licenses or one.license == NOTICE:
            continue  # a copyright notice beside a licence is what licensed material carries
        contested = True
        outcome = worst(outcome, _severity(one, policy, paid))
        reasons.append(msg("but {where} says “{raw}”", where=one.statement.where, raw=_short(one)))
    obligations = tuple(dict.fromkeys(o for verdict in verdicts for o in verdict.obligations))
    expression = " AND ".join(verdict.license for verdict in verdicts)
    return Decision(outcome, expression, obligations, tuple(reasons), "", policy.version, contested)


def _unsaid(found: list[_Found], policy: Policy, paid: bool) -> Decision:
    speaking = [one for one in found if one.license != NOTICE]
    if not speaking:
        reasons = [msg("nobody states any rights in it: all rights are reserved")]
        reasons += [
            msg("{where} says “{raw}”", where=one.statement.where, raw=_short(one)) for one in found
        ]
        return Decision("deny", "", (), tuple(reasons), "", policy.version, bool(found))
    stated = list(dict.fromkeys(one.license for one in speaking))
    verdicts = {license: policy.judge(license, paid) for license in stated}
    outcome = worst(*(verdict.outcome for verdict in verdicts.values()))
    reasons = [
        msg(
            "{where} says “{raw}” ({license}): {reason}",
            where=one.statement.where,
            raw=_short(one),
            license=one.license,
            reason=verdicts[one.license].reason,
        )
        for one in speaking
    ]
    if len(stated) > 1:
        outcome = worst(outcome, "ask")
        reasons.append(msg("the statements disagree: a person has to decide"))
    if outcome == "allow" and not any(one.statement.confidence == "declared" for one in speaking):
        outcome = "ask"
        reasons.append(
            msg(
                "this is inferred, not declared: declare the licence of this source in collection.toml if it is right"
            )
        )
    obligations = tuple(
        dict.fromkeys(duty for verdict in verdicts.values() for duty in verdict.obligations)
    )
    expression = " AND ".join(verdict.license for verdict in verdicts.values())
    return Decision(
        outcome, expression, obligations, tuple(reasons), "", policy.version, outcome != "allow"
    )


def _severity(one: _Found, policy: Policy, paid: bool) -> Outcome:
    """How much a statement that differs from the declared licence weighs: doubt at least."""
    if one.license in (UNKNOWN, RESERVED) or one.statement.confidence == "inferred":
        return "ask"
    return worst("ask", policy.judge(one.license, paid).outcome)


def _names_one_of(holders: Sequence[str], statement: Statement) -> bool:
    """Does it name the seller, as whole words? "Li" is not in "Published"."""
    said = f"{statement.raw} {statement.holder}"
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said, re.I) for name in holders)


_NO_NAME = re.compile(
    r"all\s+rights\s+reserved|copyright|版[权權](?:所有|归?)?|(?:侵权|侵權|翻印|盗版|违者|違者)必究|本(?:书|書|站|文|资料|資料)|©|\(c\)|[\d\s\-–—.,;:!。，；：！]",
    re.I,
)


def _nameless(statement: Statement) -> bool:
    """A reservation that names nobody: then it speaks for whoever made the file."""
    return not _NO_NAME.sub("", statement.raw) and not statement.holder


def _short(one: _Found, most: int = 120) -> str:
    raw = " ".join(one.statement.raw.split())
    return raw if len(raw) <= most else raw[: most - 1] + "…"
