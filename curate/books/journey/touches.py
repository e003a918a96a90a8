"""Steps of plans whose time has come are prepared: a letter in the outbox, for a person or for the mail.

Each few of them are one transaction that looks at everything anew, so that ``run`` may be killed anywhere and
run again, by several processes at once: what is due is prepared once. It costs a few statements for every
200 that are due, however many contacts there are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import Connection, and_, bindparam, or_, select, tuple_, update

from curate.books.journey import campaigns, consent, events, letters, plans
from curate.books.journey.letters import Facts
from curate.database.tables import contacts, identities, outbox, touches
from curate.errors import CurateError
from curate.shop import quiet, unsubscribe
from curate.shop.delivery import permission
from curate.shop.unsubscribe import Whose

if TYPE_CHECKING:
    from curate.model import Language
    from curate.shop import Shop
    from curate.shop.settings import Step

AT_ONCE = 200
_TOLD = {"queued": "put_off", "skipped": "skipped", "cancelled": "cancelled"}
_BY_HAND = ("wechat", "handle", "phone", "email")
"""How a person reaches a contact, the closest first."""


@dataclass(frozen=True, slots=True)
class Done:
    """What one run did. ``reasons``: (put_off, skipped or cancelled; why; how many). ``trouble``: plans that could
    not be gone on with, and the campaign they lack."""

    begun: int = 0
    prepared: int = 0
    put_off: int = 0
    skipped: int = 0
    cancelled: int = 0
    late: int = 0  # events that began nothing any more
    reasons: tuple[tuple[str, str, int], ...] = ()
    trouble: tuple[tuple[str, str], ...] = ()

    def __add__(self, other: Done) -> Done:
        numbers = (one.name for one in fields(Done) if one.name not in ("reasons", "trouble"))
        summed = {name: getattr(self, name) + getattr(other, name) for name in numbers}
        whys: Counter[tuple[str, str]] = Counter()
        for what, why, number in self.reasons + other.reasons:
            whys[what, why] += number
        return Done(**summed, reasons=_reasons(whys), trouble=self.trouble + other.trouble)


def _reasons(whys: Mapping[tuple[str, str], int]) -> tuple[tuple[str, str, int], ...]:
    return tuple((what, why, number) for (what, why), number in sorted(whys.items()))


def _cancelled(whys: Mapping[str, int]) -> Done:
    reasons = _reasons({("cancelled", why): number for why, number in whys.items() if number})
    return Done(cancelled=sum(whys.values()), reasons=reasons)


@dataclass(frozen=True, slots=True)
class _Fate:
    """What becomes of one touch. ``at``: when it is looked at again."""

    state: Literal["queued", "prepared", "skipped", "cancelled"]
    why: str = ""
    at: int = 0


@dataclass(slots=True)
class _Person:
    """A contact as far as a letter has to know them. ``times``: of what they got, or have coming, within the cap."""

    row: Any
    addresses: dict[str, str] = field(default_factory=dict)
    times: list[int] = field(default_factory=list)

    def address(self, way: str) -> str:
        kinds = ("email",) if way == "email" else _BY_HAND
        return next((self.addresses[kind] for kind in kinds if self.addresses.get(kind)), "")


def run(shop: Shop) -> Done:
    """All that is due now, with what orders and refunds tell of. Sends nothing: what it prepares lies in the
    outbox, and is asked about once more when it is sent."""
    events.follow(shop)
    done = _cancelled({"edited": plans.edited(shop)})
    begun = plans.begin(shop)
    done += Done(begun=begun.begun, late=begun.late) + _cancelled(begun.stopped)
    done += _cancelled(_look_again(shop))
    with shop.database.reading() as connection:
        lacking = plans.broken(connection, shop)
    while found := _some(shop, sorted(lacking)):
        done += found
    return done + Done(trouble=tuple(sorted(lacking.items())))


def _look_again(shop: Shop) -> Counter[str]:
    """What lies in the outbox and may not go out any more; how much, by why."""
    place = tuple_(outbox.c.due_at, outbox.c.id)  # as their index is sorted
    query = (
        select(touches, outbox.c.due_at.label("lies_at"))
        .join(outbox, outbox.c.id == touches.c.outbox_id)
        .where(outbox.c.state == "rendered", outbox.c.purpose != "")
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(plans.AT_ONCE)
    )
    last, count = (-1, 0), Counter[str]()
    with shop.database.reading() as connection:
        while some := connection.execute(query.where(place > last)).all():
            over = permission.over(connection, shop, some)
            last = some[-1].lies_at, some[-1].outbox_id
            count += _withdrawn(shop, [one.id for one in some if one.id in over])
    return count


def _withdrawn(shop: Shop, ids: Sequence[int]) -> Counter[str]:
    """Held, and asked once more: it may be on its way since."""
    if not ids:
        return Counter()
    # The state is looked at here: asked for it SQLite would go through all that lies there.
    query = (
        select(touches, outbox.c.state.label("lies"))
        .join(outbox, outbox.c.id == touches.c.outbox_id)
        .where(touches.c.id.in_(ids))
        .order_by(touches.c.id)
        .with_for_update()
    )
    with shop.database.writing() as connection:
        some = [one for one in connection.execute(query) if one.lies == "rendered"]
        over = permission.over(connection, shop, some)
        mine = {one.id: (one.outbox_id, over[one.id]) for one in some if one.id in over}
        plans.withdraw(connection, shop, mine)
    return Counter(why for _, why in mine.values())


def _some(shop: Shop, lacking: Sequence[str]) -> Done | None:
    """The next few that are due; None where none is."""
    query = (
        select(touches)
        .where(touches.c.state == "queued", touches.c.due_at <= shop.now())
        .where(touches.c.plan.not_in(lacking))
        .order_by(touches.c.due_at, touches.c.id)
        .limit(AT_ONCE)
    )
    with shop.database.reading() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return None
    with shop.database.writing() as connection:
        plans.alone(connection)
        some = connection.execute(query.with_for_update()).all()
        return _Batch(connection, shop, some).done() if some else None


class _Batch:
    """A few touches that are due, decided in the order in which they were."""

    def __init__(self, connection: Connection, shop: Shop, some: Sequence[Any]) -> None:
        self.connection, self.shop, self.some = connection, shop, some
        self.now = shop.now()
        self.denied = permission.denied(connection, shop, some)
        self.people = _people(connection, shop, {one.contact_id for one in some})
        self.targets = _targets(connection, shop)

    def done(self) -> Done:
        fates = [(one, self._fate(one)) for one in self.some]
        self._settle(fates)
        self._prepare([one for one, fate in fates if fate.state == "prepared"])
        self._go_on(fates)
        counted = [fate.state for _, fate in fates]
        whys = Counter((_TOLD[fate.state], fate.why) for _, fate in fates if fate.why)
        return Done(
            prepared=counted.count("prepared"), put_off=counted.count("queued"),
            skipped=counted.count("skipped"), cancelled=counted.count("cancelled"),
            reasons=_reasons(whys),
        )  # fmt: skip

    def _fate(self, one: Any) -> _Fate:
        if one.id in self.denied:
            return _Fate("cancelled", self.denied[one.id])
        how, person, step = self.shop.settings.touch, self.people[one.contact_id], self._step(one)
        if self.now > one.planned_at + how.late:
            return _Fate("skipped", "late")
        if not step.fits(person.row.stage):
            return _Fate("skipped", "stage")
        if not person.address(step.way):
            return _Fate("skipped", "address")
        free = _free(person.times, how.cap, how.window, self.now)
        at = quiet.until(free, how.hours, how.zone(person.row.channel))
        if at > self.now:
            return _Fate("queued", "cap" if free > self.now else "quiet", at)
        person.times.append(self.now)
        return _Fate("prepared")

    def _step(self, one: Any) -> Step:
        found: Step = self.shop.settings.plans[one.plan].steps[one.step - 1]
        return found

    def _settle(self, fates: Iterable[tuple[Any, _Fate]]) -> None:
        rows = [
            {"own": one.id, "to": fate.state, "told": fate.why, "at": fate.at or one.due_at}
            for one, fate in fates
        ]
        query = update(touches).where(touches.c.id == bindparam("own"))
        query = query.values(
            state=bindparam("to"),
            why=bindparam("told"),
            due_at=bindparam("at"),
            changed_at=self.now,
        )
        self.connection.execute(query, rows)

    def _prepare(self, some: Sequence[Any]) -> None:
        """Into the outbox, and the number it has there to the touch."""
        if not some:
            return
        query = (
            self.shop.database.insert(outbox)
            .on_conflict_do_nothing(index_elements=["key"])
            .returning(outbox.c.id, outbox.c.key)
        )
        made = self.connection.execute(query, [self._row(one) for one in some])
        rows = [
            {"own": int(row.key.removeprefix(permission.PREFIX)), "there": row.id} for row in made
        ]
        mine = update(touches).where(touches.c.id == bindparam("own"))
        self.connection.execute(mine.values(outbox_id=bindparam("there")), rows)

    def _row(self, one: Any) -> dict[str, Any]:
        plan, step = self.shop.settings.plans[one.plan], self._step(one)
        person = self.people[one.contact_id]
        whose = Whose(one.contact_id, plan.purpose)
        subject, body = letters.write(
            step,
            Facts(
                name=person.row.name, language=_language(self.shop, person.row), code=plan.campaign,
                link=self.targets.get(plan.campaign, ""), ends=unsubscribe.page(self.shop, whose),
            ),
        )  # fmt: skip
        return {
            "key": f"{permission.PREFIX}{one.id}", "kind": "touch", "contact_id": one.contact_id,
            "purpose": plan.purpose, "way": step.way, "recipient": person.address(step.way),
            "subject": subject, "body": body, "state": "rendered", "due_at": self.now,
            "made_at": self.now, "changed_at": self.now,
        }  # fmt: skip

    def _go_on(self, fates: Iterable[tuple[Any, _Fate]]) -> None:
        """The step after each that was prepared, or left out."""
        rows = [
            self._next(one, fate) for one, fate in fates if fate.state in ("prepared", "skipped")
        ]
        if rows := [row for row in rows if row]:
            self.connection.execute(
                self.shop.database.insert(touches).on_conflict_do_nothing(), rows
            )

    def _next(self, one: Any, fate: _Fate) -> dict[str, Any]:
        steps = self.shop.settings.plans[one.plan].steps
        if one.step >= len(steps):
            return {}
        base = self.now if fate.state == "prepared" else one.planned_at
        when = base + steps[one.step].wait
        return {
            "contact_id": one.contact_id, "plan": one.plan, "version": one.version,
            "step": one.step + 1, "trigger": one.trigger, "state": "queued", "due_at": when,
            "planned_at": when, "changed_at": self.now,
        }  # fmt: skip


def _free(times: Sequence[int], cap: int, window: int, now: int) -> int:
    """When one more is within the cap, if nothing else is sent until then."""
    if len(times) < cap:
        return now
    return sorted(times)[-cap] + window


def _language(shop: Shop, row: Any) -> Language:
    if row.language in ("en", "zh"):
        found: Language = row.language
        return found
    return shop.settings.language


def _people(connection: Connection, shop: Shop, ids: set[int]) -> dict[int, _Person]:
    """Held until the end of the transaction."""
    query = select(contacts).where(contacts.c.id.in_(ids)).order_by(contacts.c.id)
    found = {row.id: _Person(row) for row in connection.execute(query.with_for_update())}
    known = select(identities).where(identities.c.contact_id.in_(ids)).order_by(identities.c.id)
    for row in connection.execute(known):
        found[row.contact_id].addresses.setdefault(row.kind, row.value)
    for contact, at in _got(connection, shop, ids):
        found[contact].times.append(at)
    return found


def _got(connection: Connection, shop: Shop, ids: set[int]) -> Iterator[tuple[int, int]]:
    """(contact, time) of what was sent to them within the window of the cap. What lies in the outbox still may be
    sent at any time from now on; what was cancelled on its way may have been taken all the same."""
    now = shop.now()
    since = now - shop.settings.touch.window
    waits = outbox.c.state.in_(("rendered", "sending"))
    taken = or_(outbox.c.state != "cancelled", outbox.c.tries > 0)
    query = select(outbox.c.contact_id, waits, outbox.c.changed_at).where(
        outbox.c.contact_id.in_(ids),
        outbox.c.purpose != "",
        or_(waits, and_(taken, outbox.c.changed_at > since)),
    )
    for contact, waiting, at in connection.execute(query):
        yield contact, now if waiting else at


def _targets(connection: Connection, shop: Shop) -> dict[str, str]:
    """Where a campaign's link leads: by this shop, which counts it, where it has an address."""
    codes = sorted({one.campaign for one in shop.settings.plans.values() if one.campaign})
    leads = partial(campaigns.link, shop) if shop.settings.serve.url else campaigns.leads_to
    found = {}
    for code in codes:
        with suppress(CurateError):  # its plan is told of, and waits
            found[code] = leads(campaigns.find(connection, code))
    return found


def leave(shop: Shop, whose: Whose, source: str) -> bool:
    """The contact gets no more of this purpose: noted, and what waits for them is cancelled; False where they had
    not agreed to any. ``source``: where they said so."""
    contact, purpose = whose
    with shop.database.writing() as connection:
        new = consent.may_send(connection, contact, purpose)
        if new:
            consent.withdraw(connection, shop, contact, purpose, source)
        _clear(connection, shop, contact, purpose)
    return new


def _clear(connection: Connection, shop: Shop, contact: int, purpose: str) -> None:
    mine = [name for name, plan in shop.settings.plans.items() if plan.purpose == purpose]
    now = {"why": "consent", "changed_at": shop.now()}
    waits = (touches.c.contact_id == contact) & (touches.c.state == "queued")
    connection.execute(
        update(touches).where(waits, touches.c.plan.in_(mine)).values(state="cancelled", **now)
    )
    query = select(touches.c.id, touches.c.outbox_id).join(
        outbox, outbox.c.id == touches.c.outbox_id
    )
    lying = query.where(
        outbox.c.contact_id == contact, outbox.c.purpose == purpose, outbox.c.state == "rendered"
    )
    found = connection.execute(lying.order_by(outbox.c.id).with_for_update()).all()
    plans.withdraw(connection, shop, {one.id: (one.outbox_id, "consent") for one in found})
