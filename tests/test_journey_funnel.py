"""The funnel: distinct contacts, no stage larger than the one before, the same as counted by hand."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.books.journey import events, funnel
from curate.books.journey.events import Event
from curate.books.journey.stages import KINDS, RANK, Happened, fold
from curate.database.tables import STAGES
from curate.errors import CurateError
from curate.shop import Shop, calendar
from curate.shop import settings as shop_settings
from curate.shop.contacts import Buyer, of_buyers
from curate.workspace import MARK, Workspace
from tests.postgres import postgres

NOW = 1_900_000_000
ZONE = ZoneInfo("Asia/Shanghai")
PERIOD = calendar.parse("2030-03", ZONE)
DAY = 86_400


def opened(folder: Path, url: str = "", language: str = "en") -> Shop:
    (folder / MARK).write_text(f'language = "{language}"\n', "utf-8")
    told = shop_settings.Settings(database=url)
    return Shop(Workspace(folder), told, lambda: float(NOW))


def enter(shop: Shop, streams: list[tuple[int, str, list[tuple[int, str]]]]) -> None:
    """(first heard of, channel, [(at, kind)]) of each contact; each event told twice, the last first."""
    with shop.database.writing() as connection:
        told = [Buyer(channel, f"n{n}", "", "", at) for n, (at, channel, _) in enumerate(streams)]
        ids = of_buyers(connection, shop, told)
        some = [
            Event(own, kind, f"{own}:{kind}:{at}", at)
            for own, (_, _, stream) in zip(ids, streams, strict=True)
            for at, kind in stream
            if own is not None
        ]
        events.record(connection, shop, some[::-1])
        events.record(connection, shop, some)


BEGIN = PERIOD.begin
MOMENT = st.integers(BEGIN - 3 * DAY, min(PERIOD.end + 3 * DAY, NOW))
STREAMS = st.lists(
    st.tuples(
        MOMENT, st.sampled_from(["xhs", "抖音", ""]),
        st.lists(st.tuples(MOMENT, st.sampled_from(sorted(KINDS))), max_size=9),
    ),
    max_size=8,
)  # fmt: skip


@settings(max_examples=10)
@given(STREAMS)
def test_counts_are_of_distinct_contacts(
    streams: list[tuple[int, str, list[tuple[int, str]]]],
) -> None:
    with TemporaryDirectory() as folder:
        shop = opened(Path(folder))
        enter(shop, streams)
        found = funnel.steps(shop, PERIOD)
        shop.database.close()
    people = [by_hand(*one) for one in streams]
    mine = [(first, way) for first, way in people if PERIOD.begin <= first < PERIOD.end]
    for step in found:
        rank = RANK[step.stage]
        until = [[at for at in way if at < PERIOD.end] for _, way in mine]
        assert step.reached == sum(len(way) >= rank for way in until)
        assert step.stayed == sum(len(way) == rank for way in until)
        if rank:
            assert step.moved == sum(
                len(way) >= rank and PERIOD.begin <= way[rank - 1] < PERIOD.end for _, way in people
            )
    assert [one.stage for one in found] == [*STAGES]
    assert all(a.reached >= b.reached for a, b in pairwise(found))
    assert sum(one.stayed for one in found) == found[0].reached == len(mine)
    assert sum(one.lost for one in found) == found[0].reached - found[-1].reached


def by_hand(first: int, _: str, stream: list[tuple[int, str]]) -> tuple[int, list[int]]:
    way = fold(Happened(at, kind, f"{kind}{at}") for at, kind in stream)
    return min([first, *(at for at, _ in stream)]), [one.at for one in way.reached]


@given(st.lists(st.integers(0, 9), max_size=20))
def test_the_median_is_the_median(values: list[int]) -> None:
    found = funnel.median((value, values.count(value)) for value in set(values))
    assert found == (Fraction(median(map(Fraction, values))) if values else None)


EXAMPLE = [
    (BEGIN, "xhs", [(BEGIN + DAY, "seen"), (BEGIN + 3 * DAY, "subscribed"), (BEGIN + 4 * DAY, "bought")]),
    (BEGIN, "xhs", [(BEGIN + 3 * DAY, "seen")]),
    (BEGIN, "抖音", []),
    (BEGIN - DAY, "抖音", [(BEGIN + DAY, "bought")]),
]  # fmt: skip


def check(shop: Shop) -> None:
    enter(shop, EXAMPLE)
    report = funnel.report(shop, PERIOD)
    table = report.tables[0]
    rows = {str(row[0]): row for row in table.rows}
    days, lost = table.at("days"), table.at("lost")
    first, aware, interested, *_ = table.rows
    assert [row[1] for row in table.rows] == [3, 2, 1, 1, 1, 1, 1, 1, 0]
    assert (first[days], aware[days], interested[days]) == (
        2,
        2,
        None,
    )  # interested was jumped over
    assert [aware[lost], interested[lost]] == [1, 1]
    assert [row[table.at("passed")] for row in table.rows] == [0, 0, 1, 0, 1, 1, 1, 0, 0]
    assert table.rows[7][table.at("moved")] == 2  # also who was known before
    by_channel = report.tables[1]
    assert by_channel.total[1] == 3
    assert {str(row[0]): row[1] for row in by_channel.rows} == {"xhs": 2, "抖音": 1}
    assert len(rows) == 9
    with pytest.raises(CurateError, match="not told by"):
        funnel.report(shop, PERIOD, "colour")


def test_a_funnel_by_hand(tmp_path: Path) -> None:
    check(opened(tmp_path))
    told = funnel.report(opened(tmp_path, language="zh"), PERIOD, "language")
    assert [row[0] for row in told.tables[0].rows][:3] == ["陌生", "知道", "兴趣"]
    assert told.title == "从陌生到分享"


def test_a_funnel_in_postgresql(tmp_path: Path) -> None:
    with postgres() as server:
        shop = opened(tmp_path, server.database())
        check(shop)
        from curate.books.journey import results

        assert results.report(shop, PERIOD, "bait").tables[0].total[2] == 3
        shop.database.close()
