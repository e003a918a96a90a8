"""One resource, all that was said about it, one decision. The most restrictive statement holds."""

from __future__ import annotations

from datetime import date

import msgspec

from curate.collection import Declaration
from curate.messages import msg
from curate.model import OWN_WORK as OWN
from curate.model import Answer, Decision, Outcome
from curate.rights.case import Case
from curate.rights.evidence import (
    Evidence,
    digest,
    several,
)
from curate.rights.joint import (
    first,
    holder_of,
    judged,
    offered,
    quoted,
    territory_of,
    told_own,
)
from curate.rights.normalise import normalise
from curate.rights.policy import Policy, Use, worst

_MARK = "public-domain-mark"
_STAYS = frozenset(("LicenseRef-project-gutenberg",))
"""Terms that hold as long as their words stand in the file, whatever else is true of it."""


def decide(evidence: Evidence, policy: Policy, use: Use, today: date) -> Decision:
    """May it be used so? Fails closed.

    A person's answer comes first, as long as what was said is what it was given for. Own work stands on
    the seller's word, a grant on its evidence, unless the bytes or a place say that somebody else has a
    say. Licensed material needs its licence allowed by the policy and contradicted by nobody. What is
    said about a part only, or elsewhere about the same bytes, can forbid but never allow.
    """
    case = Case(evidence, policy, use, today)
    decision = case.without_answer()
    if evidence.answer:
        decision = _answered(case, evidence.answer, decision)
    asked = "" if decision.license == OWN else first(one.attribution for one in evidence.found)
    attribution = decision.attribution or asked
    return msgspec.structs.replace(
        decision,
        changes=case.use.changes,
        attribution=attribution,
        policy=policy.version,
        minor=case.use.minor,
    )


def _answered(case: Case, answer: Answer, otherwise: Decision) -> Decision:
    """``otherwise`` is what would hold had nobody answered."""
    told = msg(
        "{who} decided on {when}: {why}", who=answer.who, when=answer.when[:10], why=answer.why
    )
    if answer.basis != digest(case.evidence):
        changed = msg("but what is said about it has changed since: a person has to decide again")
        return msgspec.structs.replace(
            otherwise,
            outcome=worst(otherwise.outcome, "ask"),
            reasons=(told, changed, *otherwise.reasons),
            contested=True,
        )
    if answer.outcome == "deny":
        # What somebody else had a say in stays so: a double of it is no cleaner for being the only one.
        return Decision(
            "deny", "", (), (told,), contested=otherwise.contested, basis="answer", by=answer.who,
            rules=("answer",),
        )  # fmt: skip
    decision = _bound(case, _accepted(case, answer, otherwise))
    settled = decision.outcome == "allow"
    return msgspec.structs.replace(
        decision, reasons=(told, *decision.reasons), by=answer.who, decided=answer.when,
        contested=otherwise.contested and not settled,
    )  # fmt: skip


def _accepted(case: Case, answer: Answer, otherwise: Decision) -> Decision:
    """A person says what it is; what may be done with such a thing still says the policy."""
    if answer.own:
        verdict = case.judge(OWN)
        return Decision(
            verdict.outcome, OWN, verdict.obligations, (told_own(answer.own),),
            several(answer.own)[0], basis="answer", rules=verdict.rules,
        )  # fmt: skip
    if answer.grant:
        if answer.grant not in case.evidence.grants:
            lost = msg("the grant {name} is not there any more", name=answer.grant)
            return msgspec.structs.replace(
                otherwise,
                outcome=worst(otherwise.outcome, "ask"),
                reasons=(lost, *otherwise.reasons),
            )
        taken = Declaration(grant=answer.grant, changes=case.use.changes, minor=case.use.minor)
        alone = Evidence([taken], (), grants=case.evidence.grants)
        decision = Case(alone, case.policy, case.use, case.today).without_answer()
        return msgspec.structs.replace(decision, basis="grant")
    plain = not answer.license
    against = [one for one in case.found if plain and case.forbids(one)]
    if against:
        stays = [
            quoted(
                "{where} says “{raw}”, which agreeing does not settle: say what it stands on",
                one,
            )
            for one in against
        ]
        return msgspec.structs.replace(otherwise, reasons=(*stays, *otherwise.reasons))
    if plain and otherwise.basis in ("own", "grant"):
        lifted: Outcome = "allow" if otherwise.outcome == "ask" else otherwise.outcome
        return msgspec.structs.replace(otherwise, outcome=lifted)
    license = normalise(answer.license or otherwise.license)
    grounds = answer.grounds or otherwise.grounds
    verdict = case.judge(license, grounds)
    outcome = verdict.outcome
    if plain and outcome == "ask" and (grounds or verdict.rules != (_MARK,)):
        outcome = "allow"  # the policy asks a person, and a person has answered
    reasons = [judged("it is {license}: {reason} (rule {rule})", verdict)]
    territory = answer.territory or territory_of((*case.evidence.declared, *case.evidence.found))
    outcome, limits = case.within(territory, outcome)
    return Decision(
        outcome, verdict.license, verdict.obligations, (*reasons, *limits), holder_of(case.found),
        basis="answer", rules=verdict.rules, offered=offered(license, verdict), grounds=grounds,
    )  # fmt: skip


def _bound(case: Case, decision: Decision) -> Decision:
    """No opinion helps where words in the file bind whoever passes it on with them."""
    held = [one for one in case.found if one.license in _STAYS]
    if not held:
        return decision
    return msgspec.structs.replace(
        decision,
        outcome=worst(decision.outcome, *(case.judge(one.license).outcome for one in held)),
        reasons=(*decision.reasons, *(quoted("but {where} says “{raw}”", one) for one in held)),
    )
