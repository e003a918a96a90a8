"""How far a contact came: what they did, in the order in which it happened, gives the stages they reached.

Nothing here knows of a database. The same events give the same stages in whatever order they are told and
however often, and more events never take a stage away: what was refused for coming too early counts as soon
as what was missing turns out to have happened before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from curate.database.tables import STAGES
from curate.messages import msg
from curate.model import Message

FIRST = STAGES[0]
RANK = {stage: rank for rank, stage in enumerate(STAGES)}


class Kind(NamedTuple):
    """What an event does. ``stage``: that it leads to; "" for none. ``least``: that must have been reached before.

    ``lasting``: what began then goes on, so that it counts once ``least`` is reached later.
    """

    says: str
    stage: str = ""
    least: str = FIRST
    lasting: bool = False


KINDS = {
    "seen": Kind("saw what is shown", "aware"),
    "clicked": Kind("followed a link", "aware"),
    "took": Kind("took the bait", "interested"),
    "asked": Kind("asked something", "interested"),
    "subscribed": Kind("agreed to be written to, or added us", "following"),
    "talked": Kind("answered, or came to talk", "familiar", "following"),
    "approved": Kind("said that it is good", "approving", "familiar"),
    "trusted": Kind("relied on us: on advice, in a group, by a pre-order", "trusting", "approving"),
    "bought": Kind("bought something", "purchased"),
    "recommended": Kind("told others of it", "sharing", "purchased"),
    "joined": Kind("became an affiliate", "sharing", "purchased", lasting=True),
    "refunded": Kind("got money back"),
    "unsubscribed": Kind("does not want to be written to any more"),
}
"""What contacts do. Who buys may have come by any way; the stages between are marked as passed by."""
MOVING = tuple(name for name, kind in KINDS.items() if kind.stage)


class Happened(NamedTuple):
    """One event of one contact."""

    at: int
    kind: str
    source: str
    id: int = 0


class Reached(NamedTuple):
    """``passed``: jumped over by the event that led further."""

    stage: str
    at: int
    passed: bool
    event_id: int


class Refused(NamedTuple):
    """An event that led nowhere, for the contact was only at ``stage``."""

    event: Happened
    stage: str

    @property
    def why(self) -> Message:
        kind = KINDS[self.event.kind]
        return msg(
            "“{event}” leads to “{to}” only from “{least}” on, and the contact was at “{stage}” then",
            event=self.event.kind, to=kind.stage, least=kind.least, stage=self.stage,
        )  # fmt: skip


class Way(NamedTuple):
    """How far one contact came. ``reached`` in the order of the stages, without the first."""

    reached: tuple[Reached, ...]
    refused: tuple[Refused, ...]

    @property
    def stage(self) -> str:
        return self.reached[-1].stage if self.reached else FIRST


def fold(events: Iterable[Happened]) -> Way:
    """Of one contact's events, of any kind of :data:`KINDS`."""
    reached: list[Reached] = []
    refused: list[Refused] = []
    waiting: list[Happened] = []
    for one in sorted(events, key=_order):
        kind, rank = KINDS[one.kind], len(reached)
        if not kind.stage or RANK[kind.stage] <= rank:
            continue
        if rank < RANK[kind.least]:
            (waiting.append(one) if kind.lasting else refused.append(Refused(one, STAGES[rank])))
            continue
        _reach(reached, one, one.at)
        for other in [each for each in waiting if len(reached) >= RANK[KINDS[each.kind].least]]:
            waiting.remove(other)
            _reach(reached, other, one.at)
    # Of what waits to the end nothing was refused for good; it is told as it stands.
    refused += [Refused(one, STAGES[_rank_at(reached, one.at)]) for one in waiting]
    return Way(tuple(reached), tuple(refused))


def _order(one: Happened) -> tuple[int, int, str]:
    """What happened in the same second happened in the order of the stages."""
    return one.at, RANK.get(KINDS[one.kind].stage, 0), one.source


def _reach(reached: list[Reached], one: Happened, at: int) -> None:
    goal = RANK[KINDS[one.kind].stage]
    for rank in range(len(reached) + 1, goal + 1):
        reached.append(Reached(STAGES[rank], at, rank < goal, one.id))


def _rank_at(reached: Iterable[Reached], at: int) -> int:
    return sum(one.at <= at for one in reached)
