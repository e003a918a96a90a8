"""One resource, all that was said about it: what holds as long as nobody decides otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from curate.grant import Held
from curate.messages import msg
from curate.model import NOTICE, UNKNOWN, UNREAD, Decision, Message, Outcome
from curate.model import OWN_WORK as OWN
from curate.rights.evidence import (
    Evidence,
    bare,
    expression,
    nameless,
    names_one_of,
    names_somebody,
    several,
)
from curate.rights.grants import weigh
from curate.rights.joint import (
    Found,
    disagree,
    duties,
    first,
    holder_of,
    judged,
    offers,
    quoted,
    rules,
    territory_of,
    told_own,
)
from curate.rights.normalise import BANS, RESERVED, normalise
from curate.rights.policy import Policy, Use, Verdict, worst


class Case:
    """What is known of one resource, and what would be decided were nobody to answer."""

    def __init__(self, evidence: Evidence, policy: Policy, use: Use, today: date) -> None:
        declared = evidence.declared
        self.evidence = evidence
        self.policy = policy
        self.today = today
        self.use = msgspec.structs.replace(
            use,
            changes="; ".join(dict.fromkeys(one.changes for one in declared if one.changes)),
            minor=bool(declared) and all(one.minor for one in declared),
        )
        self.found = self._weighed()

    def judge(self, license: str, grounds: str = "") -> Verdict:
        return self.policy.judge(license, self.use, bool(grounds))

    def _weighed(self) -> list[Found]:
        here = set(self.evidence.found)
        found = []
        for statement in dict.fromkeys((*self.evidence.found, *self.evidence.elsewhere)):
            one = Found(expression(statement), statement)
            may_allow = statement.component == "whole" and statement in here
            if may_allow or self.judge(one.license, statement.grounds).outcome != "allow":
                found.append(one)
        return found

    def without_answer(self) -> Decision:
        declared = self.evidence.declared
        licenses = tuple(dict.fromkeys(normalise(one.license) for one in declared if one.license))
        grants = tuple(dict.fromkeys(one.grant for one in declared if one.grant))
        holders = tuple(dict.fromkeys(one.own for one in declared if one.own))
        if holders:
            return self._own(holders, (*licenses, *grants))
        if grants:
            return self._granted(self.evidence.grants[grants[0]], (*licenses, *grants[1:]))
        if licenses:
            return self._licensed(licenses)
        return self._unsaid()

    def forbids(self, one: Found) -> bool:
        if one.license in (NOTICE, UNREAD):
            return False
        return self.judge(one.license, one.statement.grounds).outcome == "deny"

    # What the seller declared

    def _own(self, holders: tuple[str, ...], others: tuple[str, ...]) -> Decision:
        names = [name for holder in holders for name in several(holder)]
        holder = ", ".join(dict.fromkeys(several(one)[0] for one in holders if several(one)))
        reasons = [told_own(holder)]
        outcome: Outcome = "allow"
        stated: dict[str, Verdict] = {}
        for one in self.found:
            if one.license == UNREAD:
                continue  # nobody's say
            mine = names_one_of(names, one.statement)
            if one.license in (RESERVED, NOTICE) and (mine or nameless(one.statement)):
                continue  # reserving one's own rights takes nothing from oneself
            if mine and (set(one.license.split(" AND ")) <= BANS or bare(names, one.statement)):
                continue  # nor do one's own terms, or one's name in a field of rights
            verdict = self.judge(one.license, one.statement.grounds)
            foreign = not mine and names_somebody(one.statement)
            if verdict.outcome == "allow" and not foreign:
                # Also given to the public, by whoever made it: those terms are kept, the makers credited.
                stated[verdict.license] = verdict
                reasons.append(quoted("and {where} says “{raw}”", one))
                continue
            outcome = "ask"
            reasons.append(quoted("declared own work, but {where} says “{raw}”", one))
        contested = outcome != "allow"
        for license in others:
            outcome = "ask"
            reasons.append(
                msg(
                    "another source of this collection declares {license} for the same bytes",
                    license=license,
                )
            )
        for statement in dict.fromkeys(self.evidence.earlier):
            once = Found(expression(statement), statement)
            told = {each.statement.where for each in self.found}
            if (
                self.forbids(once)
                and once.license not in (RESERVED, *BANS)
                and statement.where not in told
            ):
                outcome, contested = "ask", True
                reasons.append(
                    quoted(
                        "{where} said “{raw}” before, and no longer does: a person has to decide",
                        once,
                    )
                )
        verdicts = list(stated.values()) or [self.judge(OWN)]
        return Decision(
            outcome, " AND ".join(stated) or OWN, duties(verdicts), tuple(reasons), holder,
            contested=contested, basis="own", rules=rules(verdicts),
        )  # fmt: skip

    def _granted(self, held: Held, others: tuple[str, ...]) -> Decision:
        outcome, reasons = weigh(held, self.use, self.policy, self.today)
        contested = False
        for one in self.found:
            if self._agrees(held, one):
                continue
            contested = True
            outcome = worst(outcome, "ask")
            reasons += (quoted("but {where} says “{raw}”", one),)
        for license in others:
            outcome = worst(outcome, "ask")
            reasons += (
                msg(
                    "another source of this collection declares {license} for the same bytes",
                    license=license,
                ),
            )
        contested = contested or outcome == "deny"
        grant = held.grant
        obligations = tuple(
            duty
            for duty, wanted in (
                ("attribution", grant.attribution),
                ("buyer-terms", grant.buyer_terms),
                ("min-price", grant.min_price),
            )
            if wanted
        )
        return Decision(
            outcome, held.id, obligations, reasons, several(grant.licensor)[0], contested=contested,
            basis="grant", rules=(f"grant-{grant.kind}",), grant=held.name, attribution=grant.attribution,
        )  # fmt: skip

    def _agrees(self, held: Held, one: Found) -> bool:
        """A reservation by its licensor is what a granted file carries; a grant may buy out a public licence."""
        theirs = names_one_of(several(held.grant.licensor), one.statement)
        if one.license == UNREAD:
            return True
        if one.statement.component != "whole" and not theirs:
            return False
        if one.license in (RESERVED, NOTICE):
            return theirs or nameless(one.statement)
        bought_out = held.grant.kind == "permission" and one.license.startswith("CC-")
        return bought_out and (theirs or not names_somebody(one.statement))

    def _licensed(self, licenses: tuple[str, ...]) -> Decision:
        grounds = first(one.grounds for one in self.evidence.declared)
        verdicts = [self.judge(license, grounds) for license in licenses]
        reasons = [judged("declared {license}: {reason} (rule {rule})", one) for one in verdicts]
        if grounds:
            reasons.append(msg("why it is free: {grounds}", grounds=grounds))
        outcome = worst(*(verdict.outcome for verdict in verdicts))
        if len(licenses) > 1:
            outcome = worst(outcome, "ask")
            reasons.append(
                msg("the sources of this collection declare different licences for the same bytes")
            )
        contested = False
        for one in self.found:
            if one.license in licenses or (one.license == NOTICE and not self._foreign(one)):
                continue  # a copyright notice beside a licence is what licensed material carries
            contested = contested or bool(one.statement.raw)  # a field left empty: nobody's say
            outcome = worst(outcome, self._severity(one))
            reasons.append(quoted("but {where} says “{raw}”", one))
        outcome, more = self._limited(outcome, territory_of(self.evidence.declared))
        reasons += more
        contested = contested or outcome == "deny"  # a double under another roof is the same work
        return Decision(
            outcome, " AND ".join(one.license for one in verdicts), duties(verdicts), tuple(reasons), holder_of(self.found),
            contested=contested, basis="license", rules=rules(verdicts), offered=offers(licenses, verdicts), grounds=grounds,
        )  # fmt: skip

    def _severity(self, one: Found) -> Outcome:
        """How much a statement that differs from the declared licence weighs: doubt at least."""
        if one.license in (UNKNOWN, RESERVED) or one.statement.confidence == "inferred":
            return "ask"
        return worst("ask", self.judge(one.license, one.statement.grounds).outcome)

    def _foreign(self, one: Found) -> bool:
        """A notice in a part of it that names somebody whom nothing names for the whole."""
        if one.statement.component == "whole" or nameless(one.statement):
            return False
        whole = [each.statement for each in self.found if each.statement.component == "whole"]
        return not names_one_of([each.holder for each in whole if each.holder], one.statement)

    # What others say

    def _unsaid(self) -> Decision:
        speaking = [one for one in self.found if one.license != NOTICE or self._foreign(one)]
        if not speaking:
            reasons = [
                msg("nobody states any rights in it: all rights are reserved (rule nothing-stated)")
            ]
            reasons += [quoted("{where} says “{raw}”", one) for one in self.found]
            outcome, more = self._limited("deny", ())
            return Decision(
                outcome,
                reasons=(*reasons, *more),
                contested=bool(self.found),
                rules=("nothing-stated",),
            )
        verdicts = [self.judge(one.license, one.statement.grounds) for one in speaking]
        outcome = worst(*(verdict.outcome for verdict in verdicts))
        reasons = [
            quoted("{where} says “{raw}” ({license}): {reason} (rule {rule})", one,
                  license=verdict.license, reason=verdict.reason, rule=verdict.rules[0])
            for one, verdict in zip(speaking, verdicts, strict=True)
        ]  # fmt: skip
        if disagree(speaking, verdicts):
            # Not simply denied: whoever knows better than one of the places may say so.
            outcome = "ask"
            reasons.append(msg("the statements disagree: a person has to decide"))
        elif outcome == "allow" and not any(
            one.statement.confidence == "declared" for one in speaking
        ):
            outcome = "ask"
            reasons.append(
                msg(
                    "this is inferred, not declared: declare the licence of this source in collection.toml if it is right"
                )
            )
        grounds = first(one.statement.grounds for one in speaking)
        if grounds:
            reasons.append(msg("why it is free: {grounds}", grounds=grounds))
        outcome, more = self._limited(outcome, territory_of(one.statement for one in speaking))
        stated = list(dict.fromkeys(one.license for one in speaking))
        taken = list(dict.fromkeys(verdict.license for verdict in verdicts))
        return Decision(
            outcome, " AND ".join(taken), duties(verdicts), (*reasons, *more), holder_of(self.found), contested=outcome != "allow",
            basis="stated", rules=rules(verdicts), offered=offers(stated, verdicts), grounds=grounds,
        )  # fmt: skip

    def _limited(self, outcome: Outcome, territory: Sequence[str]) -> tuple[Outcome, list[Message]]:
        """Where it holds, and whether its places said otherwise before."""
        outcome, reasons = self.within(territory, outcome)
        now = {one.license for one in self.found}
        for statement in dict.fromkeys(self.evidence.earlier):
            if statement.confidence == "declared" and expression(statement) not in {*now, NOTICE}:
                outcome = worst(outcome, "ask")
                reasons.append(
                    quoted("{where} said “{raw}” before, and no longer does: a person has to decide",
                          Found("", statement))
                )  # fmt: skip
        return outcome, reasons

    def within(self, territory: Sequence[str], outcome: Outcome) -> tuple[Outcome, list[Message]]:
        offered = self.use.territory
        if not territory or (offered and set(offered) <= set(territory)):
            return outcome, []
        return worst(outcome, "ask"), [
            msg(
                "it holds in {where} only: name the countries the bundle is offered in (listing.territory)",
                where=", ".join(territory),
            )
        ]
