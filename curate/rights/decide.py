"""One resource, all that was said about it, one decision. The most restrictive statement holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from curate.collection import Declaration
from curate.messages import msg
from curate.model import Decision, Outcome, Statement
from curate.rights.normalise import NOTICE, UNKNOWN, normalise
from curate.rights.policy import Policy, worst

OWN = "LicenseRef-own-work"
_RESERVED = "LicenseRef-all-rights-reserved"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that speaks about one resource."""

    declared: Sequence[Declaration]  # of each source of this collection that holds it
    found: Sequence[Statement]  # by any place or by the bytes themselves


@dataclass(frozen=True, slots=True)
class _Found:
    license: str
    statement: Statement


def decide(evidence: Evidence, policy: Policy, paid: bool) -> Decision:
    """May it be in a bundle that is given away, or sold (``paid``)? Fails closed.

    Own work stands on the seller's word, unless the bytes or a place say that somebody else has a say.
    Licensed material needs its licence allowed by the policy and contradicted by nobody.
    """
    found = [_Found(normalise(statement.raw), statement) for statement in evidence.found]
    holders = tuple(dict.fromkeys(one.own for one in evidence.declared if one.own))
    licenses = tuple(
        dict.fromkeys(normalise(one.license) for one in evidence.declared if one.license)
    )
    if holders:
        return _own(holders, licenses, found, policy, paid)
    if licenses:
        return _licensed(licenses, found, policy, paid)
    return _unsaid(found, policy, paid)


def _own(
    holders: tuple[str, ...],
    licenses: tuple[str, ...],
    found: list[_Found],
    policy: Policy,
    paid: bool,
) -> Decision:
    holder = ", ".join(holders)
    reasons = [msg("declared own work of {holder}", holder=holder)]
    outcome: Outcome = "allow"
    obligations: dict[str, None] = {}
    for one in found:
        if one.license == _RESERVED or (one.license == NOTICE and _names(holders, one.statement)):
            continue  # reserving one's own rights takes nothing from oneself
        verdict = policy.judge(one.license, paid)
        if verdict.outcome == "allow":
            obligations.update(dict.fromkeys(verdict.obligations))
            continue
        outcome = "ask"
        reasons.append(
            msg(
                "declared own work, but {where} says “{raw}”",
                where=one.statement.where,
                raw=_short(one),
            )
        )
    for license in licenses:
        outcome = "ask"
        reasons.append(
            msg(
                "another source of this collection declares {license} for the same bytes",
                license=license,
            )
        )
    return Decision(outcome, OWN, tuple(obligations), tuple(reasons), holder, policy.version)


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
    for one in found:
        if one.license in licenses or one.license == NOTICE:
            continue  # a copyright notice beside a licence is what licensed material carries
        outcome = worst(outcome, _severity(one, policy, paid))
        reasons.append(msg("but {where} says “{raw}”", where=one.statement.where, raw=_short(one)))
    obligations = tuple(dict.fromkeys(o for verdict in verdicts for o in verdict.obligations))
    expression = " AND ".join(verdict.license for verdict in verdicts)
    return Decision(outcome, expression, obligations, tuple(reasons), "", policy.version)


def _unsaid(found: list[_Found], policy: Policy, paid: bool) -> Decision:
    speaking = [one for one in found if one.license != NOTICE]
    if not speaking:
        reasons = [msg("nobody states any rights in it: all rights are reserved")]
        reasons += [
            msg("{where} says “{raw}”", where=one.statement.where, raw=_short(one)) for one in found
        ]
        return Decision("deny", "", (), tuple(reasons), "", policy.version)
    stated = list(dict.fromkeys(one.license for one in speaking))
    verdicts = [policy.judge(license, paid) for license in stated]
    outcome = worst(*(verdict.outcome for verdict in verdicts))
    reasons = [
        msg("{where} says “{raw}” ({license}): {reason}", where=one.statement.where, raw=_short(one), license=one.license,
            reason=policy.judge(one.license, paid).reason)
        for one in speaking
    ]  # fmt: skip
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
    obligations = tuple(dict.fromkeys(o for verdict in verdicts for o in verdict.obligations))
    expression = verdicts[0].license if len(stated) == 1 else " AND ".join(stated)
    return Decision(outcome, expression, obligations, tuple(reasons), "", policy.version)


def _severity(one: _Found, policy: Policy, paid: bool) -> Outcome:
    """How much a statement that differs from the declared licence weighs: doubt at least."""
    if one.license in (UNKNOWN, _RESERVED) or one.statement.confidence == "inferred":
        return "ask"
    return worst("ask", policy.judge(one.license, paid).outcome)


def _names(holders: tuple[str, ...], statement: Statement) -> bool:
    said = f"{statement.raw} {statement.holder}".casefold()
    return any(holder.casefold() in said for holder in holders)


def _short(one: _Found, most: int = 120) -> str:
    raw = " ".join(one.statement.raw.split())
    return raw if len(raw) <= most else raw[: most - 1] + "…"
