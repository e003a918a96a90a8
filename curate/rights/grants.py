"""Does a grant allow a use? Asked whenever a decision is made and again at every build."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from curate.grant import Held
from curate.messages import msg
from curate.model import Message, Outcome
from curate.rights.policy import Policy, Use


def weigh(held: Held, use: Use, policy: Policy, today: date) -> tuple[Outcome, tuple[Message, ...]]:
    """allow, with what it rests on; or deny, with everything that stands against it."""
    against = (*invalid(held, today), *_missing_rights(held, use, policy), *_limits(held, use))
    if against:
        return "deny", against
    return "allow", (
        msg(
            "granted by {licensor} ({kind}, grant {name}, evidence {evidence})",
            licensor=held.grant.licensor,
            kind=held.grant.kind,
            name=held.name,
            evidence=", ".join(digest[:12] for _, digest in held.evidence),
        ),
    )


def invalid(held: Held, today: date) -> tuple[Message, ...]:
    """What stops a build that rests on it: not begun, expired, used up, or its evidence is gone."""
    grant = held.grant
    found: list[Message] = []
    if grant.start and today < grant.start:
        found.append(msg("the grant {name} begins on {start}", name=held.name, start=grant.start))
    if grant.expired(today):
        found.append(msg("the grant {name} ended on {end}", name=held.name, end=grant.end))
    if grant.exhausted:
        found.append(
            msg(
                "the grant {name} is used up: {used} of {most} copies",
                name=held.name,
                used=grant.copies_used,
                most=grant.max_copies,
            )
        )
    for path in held.missing:
        found.append(
            msg("the grant {name} has no evidence: {path} is not there", name=held.name, path=path)
        )
    return tuple(found)


def exceeded(held: Held, use: Use) -> list[Message]:
    """What stops a build that plans more copies than it allows, or does not say how many."""
    grant = held.grant
    found: list[Message] = []
    if grant.max_copies and not use.copies:
        found.append(
            msg(
                "the grant {name} allows {most} copies: say how many you expect (listing.copies)",
                name=held.name,
                most=grant.max_copies,
            )
        )
    elif grant.max_copies and grant.copies_used + use.copies > grant.max_copies:
        found.append(
            msg(
                "the grant {name} allows {most} copies; {used} are used and {planned} are planned",
                name=held.name,
                most=grant.max_copies,
                used=grant.copies_used,
                planned=use.copies,
            )
        )
    return found


def _missing_rights(held: Held, use: Use, policy: Policy) -> list[Message]:
    column = use.column(changed=bool(use.changes))
    lacking = [one for one in policy.grants[column] if one not in held.grant.uses]
    found = [
        msg("the grant {name} does not allow {right}", name=held.name, right=one) for one in lacking
    ]
    if held.grant.editorial_only:
        found.append(msg("the grant {name} is for editorial use only", name=held.name))
    return found


def _limits(held: Held, use: Use) -> list[Message]:
    grant = held.grant
    found: list[Message] = []
    if grant.territory and not (use.territory and set(use.territory) <= set(grant.territory)):
        found.append(
            msg(
                "the grant {name} holds in {where} only, the bundle is offered in {offered}",
                name=held.name,
                where=", ".join(grant.territory),
                offered=", ".join(use.territory) or msg("all countries").text,
            )
        )
    found += exceeded(held, use)
    if use.paid and Decimal(use.price or "0") < Decimal(grant.min_price or "0"):
        found.append(
            msg(
                "the grant {name} asks for a price of at least {least}",
                name=held.name,
                least=grant.min_price,
            )
        )
    return found
