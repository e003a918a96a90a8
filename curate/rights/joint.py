"""Statements weighed one by one → what they come to together, and the sentences that tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from curate.collection import Declaration
from curate.messages import msg
from curate.model import Message, Statement
from curate.rights.evidence import short
from curate.rights.policy import Verdict


@dataclass(frozen=True, slots=True)
class Found:
    license: str
    statement: Statement


def disagree(speaking: Sequence[Found], verdicts: Sequence[Verdict]) -> bool:
    """Do places say different things of the same part, and at least one would allow it?"""
    parts: dict[str, set[str]] = {}
    for one in speaking:
        parts.setdefault(one.statement.component, set()).add(one.license)
    differ = any(len(licenses) > 1 for licenses in parts.values())
    whole = [
        verdict.outcome
        for one, verdict in zip(speaking, verdicts, strict=True)
        if one.statement.component == "whole"
    ]
    barred = any(
        verdict.outcome == "deny"
        for one, verdict in zip(speaking, verdicts, strict=True)
        if one.statement.component != "whole"
    )
    return differ and any(outcome != "deny" for outcome in whole) and not barred


def holder_of(found: Sequence[Found]) -> str:
    """Whom to credit where the item itself names nobody."""
    whole = (one.statement.holder for one in found if one.statement.component == "whole")
    return ", ".join(dict.fromkeys(filter(None, whole)))


def told_own(holder: str) -> Message:
    return msg("declared own work of {holder} (rule own-work)", holder=holder)


def judged(text: str, verdict: Verdict) -> Message:
    return msg(text, license=verdict.license, reason=verdict.reason, rule=verdict.rules[0])


def quoted(text: str, one: Found, **more: object) -> Message:
    return msg(text, where=one.statement.where, raw=short(one.statement), **more)


def duties(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(duty for verdict in verdicts for duty in verdict.obligations))


def rules(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for verdict in verdicts for name in verdict.rules))


def offered(license: str, verdict: Verdict) -> str:
    return license if license != verdict.license else ""


def offers(licenses: Sequence[str], verdicts: Sequence[Verdict]) -> str:
    several = len(licenses) > 1
    whole = " AND ".join(f"({one})" if several and " OR " in one else one for one in licenses)
    return whole if any(" OR " in one for one in licenses) else ""


def territory_of(said: Iterable[Declaration | Statement]) -> tuple[str, ...]:
    """The countries that all of them hold in."""
    limits = []
    for one in said:
        where = one.territory
        if where:
            limits.append({where} if isinstance(where, str) else set(where))
    if not limits:
        return ()
    return tuple(sorted(set.intersection(*limits))) or ("no country",)


def first(values: Iterable[str]) -> str:
    return next((one for one in values if one), "")
