"""How far contacts came: by what they did, in whatever order it is told; no further than it leads."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event as watch
from sqlalchemy import func, select, update

from curate.books.journey import events
from curate.books.journey.events import Event
from curate.books.journey.stages import KINDS, RANK, Happened, Way, fold
from curate.database.tables import (
    STAGES,
    affiliates,
    campaigns,
    contacts,
    lines,
    moves,
    orders,
    refunds,
)
from curate.database.tables import events as table
from curate.errors import CurateError
from curate.messages import render
from curate.shop import Shop
from curate.shop import settings as shop_settings
from curate.shop.contacts import Buyer, of_buyers
from curate.workspace import Workspace

NOW = 1_900_000_000
HAPPENED = st.lists(
    st.builds(
        lambda at, kind, n: Happened(at, kind, f"{kind}:{at}:{n}"),
        st.integers(1, 20), st.sampled_from(sorted(KINDS)), st.integers(0, 1),
    ),
    max_size=20,
)  # fmt: skip


def opened(folder: Path) -> Shop:
    return Shop(Workspace(folder), shop_settings.Settings(), lambda: float(NOW))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return opened(tmp_path)


def somebody(shop: Shop, *names: str, at: int = 1_000) -> list[int]:
    with shop.database.writing() as connection:
        made = of_buyers(connection, shop, [Buyer("xy", name, "", "", at) for name in names])
    return [own for own in made if own is not None]


def record(shop: Shop, *some: Event) -> list[events.Outcome]:
    with shop.database.writing() as connection:
        return events.record(connection, shop, some)


def reached(shop: Shop) -> dict[tuple[int, str], tuple[int, bool]]:
    with shop.database.reading() as connection:
        rows = connection.execute(select(moves))
        return {(row.contact_id, row.stage): (row.at, row.passed) for row in rows}


def told(way: Way) -> list[tuple[str, int, bool]]:
    return [(one.stage, one.at, one.passed) for one in way.reached]


@settings(max_examples=300)
@given(HAPPENED, st.randoms())
def test_the_order_of_telling_and_repeating_change_nothing(
    some: list[Happened], dice: object
) -> None:
    mixed = [*some, *some[: len(some) // 2]]
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert told(fold(some)) == told(fold(mixed))


@settings(max_examples=300)
@given(HAPPENED, HAPPENED)
def test_more_events_never_take_a_stage_away(some: list[Happened], more: list[Happened]) -> None:
    before = {one.stage: one.at for one in fold(some).reached}
    after = {one.stage: one.at for one in fold([*some, *more]).reached}
    assert all(stage in after and after[stage] <= at for stage, at in before.items())


@given(HAPPENED)
def test_stages_come_one_after_the_other(some: list[Happened]) -> None:
    way = fold(some)
    assert [one.stage for one in way.reached] == [*STAGES[1 : len(way.reached) + 1]]
    assert [one.at for one in way.reached] == sorted(one.at for one in way.reached)
    assert all(RANK[one.stage] < RANK[KINDS[one.event.kind].least] for one in way.refused)


def test_an_illegal_jump_is_refused_with_its_reason(shop: Shop) -> None:
    (anna,) = somebody(shop, "anna")
    (one,) = record(shop, Event(anna, "approved", "hand:1", 2_000))
    assert (one.new, one.moved) == (True, ())
    assert one.why
    assert "approving" in render(one.why, "en") and "stranger" in render(one.why, "en")
    assert "认可" in render(one.why, "zh") and "陌生" in render(one.why, "zh")
    assert reached(shop) == {}
    # What came later does not make it good; what was missing before it does.
    record(shop, Event(anna, "subscribed", "hand:2", 3_000))
    assert (anna, "approving") not in reached(shop)
    record(shop, Event(anna, "subscribed", "hand:3", 1_500), Event(anna, "talked", "hand:4", 1_600))
    assert reached(shop)[anna, "approving"] == (2_000, False)
    assert reached(shop)[anna, "aware"] == (1_500, True)


def test_who_buys_may_jump_and_only_a_buyer_shares(shop: Shop) -> None:
    anna, bo = somebody(shop, "anna", "bo")
    record(shop, Event(anna, "recommended", "a", 2_000), Event(anna, "bought", "b", 3_000))
    assert reached(shop)[anna, "trusting"] == (3_000, True)
    assert reached(shop)[anna, "purchased"] == (3_000, False)
    assert (anna, "sharing") not in reached(shop)
    record(shop, Event(bo, "joined", "c", 2_000), Event(bo, "bought", "d", 3_000))
    assert reached(shop)[bo, "sharing"] == (
        3_000,
        False,
    )  # an affiliate is one for as long as it lasts


@pytest.mark.parametrize(
    ("kind", "at"), [("dreamt", 5), ("seen", NOW + 1), ("seen", 0), ("seen", -1)]
)
def test_what_cannot_have_happened_is_an_error(shop: Shop, kind: str, at: int) -> None:
    (anna,) = somebody(shop, "anna")
    with pytest.raises(CurateError):
        record(shop, Event(anna, kind, "x", at))
    with pytest.raises(CurateError, match="no contact 77"):
        record(shop, Event(77, "seen", "x", 5))


STREAM = st.lists(
    st.builds(
        lambda who, at, kind: (who, at, kind),
        st.integers(0, 2), st.integers(1_000, 1_012), st.sampled_from(sorted(KINDS)),
    ),
    max_size=14, unique=True,
)  # fmt: skip


@settings(max_examples=8)
@given(STREAM, st.randoms(), st.integers(1, 5))
def test_the_database_tells_the_same_in_any_order_and_any_pieces(
    some: list[tuple[int, int, str]], dice: object, size: int
) -> None:
    mixed = [*some, *some[: len(some) // 2]]
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        whole, pieces = opened(Path(one)), opened(Path(other))
        for shop, stream, at_once in ((whole, some, 99), (pieces, mixed, size)):
            somebody(shop, "a", "b", "c")
            for n in range(0, len(stream), at_once):
                record(shop, *(Event(who + 1, kind, f"{who}:{kind}:{at}", at)
                               for who, at, kind in stream[n : n + at_once]))  # fmt: skip
        assert reached(whole) == reached(pieces)
        assert _people(whole) == _people(pieces)
        for own, stage, staged, _ in _people(whole):
            ways = fold(Happened(at, kind, f"{who}:{kind}:{at}")
                        for who, at, kind in some if who + 1 == own)  # fmt: skip
            assert stage == ways.stage
            assert staged == (ways.reached[-1].at if ways.reached else 1_000)
        whole.database.close()
        pieces.database.close()


def _people(shop: Shop) -> list[tuple[int, str, int, int]]:
    with shop.database.reading() as connection:
        columns = contacts.c
        query = select(columns.id, columns.stage, columns.staged_at, columns.heard_at)
        return [tuple(row) for row in connection.execute(query.order_by(columns.id))]


def order(shop: Shop, number: int, contact: int | None, campaign: str = "", **how: object) -> int:
    with shop.database.writing() as connection:
        made = connection.execute(
            orders.insert().returning(orders.c.id),
            {"channel": "xy", "number": str(number), "currency": "CNY", "paid_at": 5_000 + number,
             "made_at": 5_000, "contact_id": contact} | how,
        ).scalar_one()  # fmt: skip
        connection.execute(
            lines.insert(),
            {"order_id": made, "line_no": "1", "state": "paid", "quantity": 1, "paid": 900,
             "campaign_code": campaign},
        )  # fmt: skip
        return int(made)


def give_back(shop: Shop, line: int, reference: str, at: int = 6_000) -> None:
    with shop.database.writing() as connection:
        connection.execute(
            refunds.insert(),
            {"line_id": line, "reference": reference, "quantity": 0, "amount": 1, "at": at},
        )


def kinds(shop: Shop) -> dict[str, int]:
    with shop.database.reading() as connection:
        query = select(table.c.kind, func.count()).group_by(table.c.kind)
        return {row[0]: row[1] for row in connection.execute(query)}


def test_orders_refunds_and_affiliates_become_events(shop: Shop) -> None:
    anna, bo = somebody(shop, "anna", "bo", at=9_000)
    with shop.database.writing() as connection:
        connection.execute(campaigns.insert(), {"code": "gz-video", "made_at": 1})
    order(shop, 1, anna, " GZ-Video ")
    order(shop, 2, anna)
    unpaid = order(shop, 3, bo, paid_at=None)
    late = order(shop, 4, None)
    give_back(shop, 1, "r1")
    give_back(shop, 4, "r2")  # of nobody that is known
    assert events.follow(shop) == events.Followed(3, 1)
    assert events.follow(shop) == events.Followed(0, 0)
    with shop.database.writing() as connection:
        connection.execute(update(orders).where(orders.c.id == unpaid).values(paid_at=5_500))
        connection.execute(update(orders).where(orders.c.id == late).values(contact_id=bo))
        connection.execute(
            affiliates.insert(),
            {"code": "bo", "contact_id": bo, "state": "active", "segment": "brand",
             "joined_at": 4_000, "changed_at": 4_000},
        )  # fmt: skip
    give_back(shop, 2, "r3")
    assert events.follow(shop).events == 5  # two orders, r2 with its order, r3, bo who joined
    assert events.follow(shop) == events.Followed(0, 0)
    assert kinds(shop) == {"bought": 4, "refunded": 3, "joined": 1}
    with shop.database.reading() as connection:
        rows = {row.id: row for row in connection.execute(select(contacts))}
    assert (rows[anna].stage, rows[anna].campaign_id, rows[anna].heard_at) == (
        "purchased",
        1,
        9_000,
    )
    assert (rows[bo].stage, rows[bo].acquired_at) == ("sharing", 4_000)


def test_who_was_erased_is_not_followed(shop: Shop) -> None:
    (anna,) = somebody(shop, "anna")
    order(shop, 1, anna)
    with shop.database.writing() as connection:
        connection.execute(update(contacts).values(erased_at=NOW))
    assert events.follow(shop) == events.Followed(0, 0)
    with pytest.raises(CurateError, match="no contact"):
        record(shop, Event(anna, "seen", "x", 2_000))
    assert reached(shop) == {}


@pytest.mark.slow
def test_catching_up_costs_what_is_new(shop: Shop) -> None:
    """Counted in steps of SQLite's machine, not in seconds: the same however much was followed before."""
    made = somebody(shop, *(f"n{n}" for n in range(6_060)))
    cost = []
    for part in range(3):
        few, many = made[part * 20 : part * 20 + 20], made[60 + part * 2_000 :][:2_000]
        first = crowd(shop, f"few{part}-", few)
        give_back(shop, first, "r")
        cost.append(_steps(shop))
        crowd(shop, f"many{part}-", many)
        assert events.follow(shop) == events.Followed(2_000, 2_000)
    assert max(cost) <= 1.3 * min(cost), cost


def crowd(shop: Shop, name: str, people: list[int]) -> int:
    """A paid order of each, with one line; the id of the first line."""
    with shop.database.writing() as connection:
        made = connection.scalars(
            orders.insert().returning(orders.c.id),
            [{"channel": "xy", "number": f"{name}{own}", "currency": "CNY", "paid_at": 5_000,
              "made_at": 5_000, "contact_id": own} for own in people],
        ).all()  # fmt: skip
        query = lines.insert().returning(lines.c.id, sort_by_parameter_order=True)
        return int(connection.scalars(
            query,
            [{"order_id": own, "line_no": "1", "state": "paid", "quantity": 1, "paid": 900}
             for own in made],
        ).all()[0])  # fmt: skip


def _steps(shop: Shop) -> int:
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    @watch.listens_for(shop.database.engine, "checkout")
    def begun(raw: object, *_: object) -> None:
        raw.set_progress_handler(step, 100)  # type: ignore[attr-defined]

    try:
        events.follow(shop)
    finally:
        watch.remove(shop.database.engine, "checkout", begun)
    return count
