"""Reservations of text and data mining (TDMRep, W3C community group report of 2024-05-10)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from curate.collectors.web.scope import Scope

MOST = 10_000
"""Rules of one file; beyond that nobody wrote it."""


@dataclass(frozen=True, slots=True)
class Reservation:
    reserved: bool
    words: str  # "tdm-reservation: 1; tdm-policy: https://…"


@dataclass(frozen=True, slots=True)
class Rule:
    scope: Scope
    reservation: Reservation | None


def stated(values: list[str], policy: str = "") -> Reservation | None:
    """What a header or tags say. Only 0 and 1 mean anything; of both, 1 holds."""
    said = {one.strip() for value in values for one in value.split(",")} & {"0", "1"}
    if not said:
        return None
    tail = f"; tdm-policy: {policy.strip()[:900]}" if policy.strip() else ""
    return Reservation("1" in said, f"tdm-reservation: {max(said)}{tail}")


def parse(data: bytes, base: str) -> tuple[Rule, ...]:
    """The rules of ``/.well-known/tdmrep.json`` in their order; () for what is no such file."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return ()
    entries = found if isinstance(found, list) else [found]
    return tuple(rule for one in entries[:MOST] if (rule := _rule(one, base)))


def _rule(entry: Any, base: str) -> Rule | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("location"), str):
        return None
    scope = Scope.of(entry["location"], base)
    if scope is None:
        return None
    value, policy = entry.get("tdm-reservation"), entry.get("tdm-policy")
    said = [str(value)] if isinstance(value, int | str) else []
    return Rule(scope, stated(said, policy if isinstance(policy, str) else ""))


def holding(rules: tuple[Rule, ...], url: str) -> Reservation | None:
    """What the first rule for ``url`` says; None where it says nothing, or there is no rule."""
    return next((rule.reservation for rule in rules if rule.scope.covers(url)), None)
