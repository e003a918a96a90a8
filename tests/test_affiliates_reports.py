"""What is told of affiliates: both systems side by side, statements that name no buyer, what the law asks."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import String, func, insert, select, update

from curate.books.affiliates import (
    balances,
    clicks,
    compliance,
    links,
    payouts,
    register,
    report,
    statement,
)  # fmt: skip
from curate.books.reports import Money, Report, terminal
from curate.books.reports import html as page
from curate.database.tables import affiliates as table
from curate.database.tables import (
    attributions,
    contacts,
    entries,
    lines,
    metadata,
    orders,
    pools,
    postings,
    rules,
)  # fmt: skip
from curate.shop import Shop, calendar
from curate.shop.calendar import Period
from curate.shop.orders import Line, intake
from curate.shop.settings import Rule
from tests.asked import Asked
from tests.distributing import BATCH, DAY, HOLD, books_hold, give_back, join, market, sell
from tests.postgres import postgres
from tests.selling import SKU, START, Counter, count, shop

ZONE = ZoneInfo("Asia/Shanghai")
MARCH = calendar.parse("2030-03", ZONE)
YEARS = calendar.parse("2029-01-01/2031-12-31", ZONE)


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return market(tmp_path)


def rows(told: Report, key: str) -> list[dict[str, Any]]:
    (found,) = [one for one in told.tables if one.key == key]
    names = [column.key for column in found.columns]
    return [dict(zip(names, row, strict=True)) for row in (*found.rows, *found.below)]


def test_both_systems_are_the_whole_and_no_order_is_in_both(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN", segment="affection")
    register.add(own, register.New(name="Ben", code="BEN", segment="brand"))
    sell(own, "1", 10_000, "ANN", fee=300)
    sell(own, "2", 5_000, fee=100)
    sell(own, "3", 8_000, "BEN")
    give_back(own, "3", 2_000)
    intake.take(own, [
        Line("hand", "4", "1", item=SKU, paid=1_000, affiliate_code="ANN", paid_at=own.now()),
        Line("hand", "4", "2", item="BOOK", paid=2_000, paid_at=own.now()),
    ])  # fmt: skip
    told = report(own, MARCH)
    assert [(row["system"], row["orders"], row["revenue"].amount, row["fees"].amount,
             row["commission"].amount, row["profit"].amount) for row in rows(told, "systems")] == [
        ("direct", 1, 5_000, 100, 0, 4_900),
        ("affiliates", 3, 19_000, 300, 3_800, 14_900),
        ("together", 4, 24_000, 400, 3_800, 19_800),
    ]  # fmt: skip
    assert [(row["affiliate"], row["segment"], row["orders"], row["revenue"].amount, row["commission"].amount)
            for row in rows(told, "affiliates")] == [
        ("ANN", "affection", 2, 13_000, 2_600), ("BEN", "brand", 1, 6_000, 1_200),
    ]  # fmt: skip
    assert [(row["segment"], row["affiliates"], row["revenue"].amount) for row in rows(told, "segments")] == [
        ("affection", 1, 13_000), ("brand", 1, 6_000),
    ]  # fmt: skip
    empty = report(own, calendar.parse("2030-01", ZONE))
    assert [one.rows for one in empty.tables] == [(), (), ()]


@pytest.mark.slow
def test_postgresql_tells_the_same(tmp_path: Path) -> None:
    with postgres() as server:
        told = [
            everything(market(tmp_path / name, url))
            for name, url in (("a", ""), ("b", server.database()))
        ]
    assert told[0] == told[1]


def everything(counter: Counter) -> list[object]:
    own = counter.shop
    join(own, "ANN", segment="affection")
    join(own, "BEN", segment="brand")
    sell(own, "1", 10_000, "ANN", fee=300, email="li@home.example")
    sell(own, "2", 5_000, fee=100, email="li@home.example")
    sell(own, "3", 8_000, "BEN")
    give_back(own, "3", 2_000)
    register.change(own, "BEN", state="ended")
    counter.clock.now += HOLD * DAY
    payouts.prepare(own, BATCH, own.now())
    payouts.paid(own, BATCH, "ANN")
    payouts.failed(own, BATCH, "BEN", "sent back")
    payouts.prepare(own, "april", own.now())
    books_hold(own)
    sums = [
        msgspec.structs.replace(each, reference="")
        for each in statement.statement(own, "ANN", YEARS).lines
    ]
    return [
        report(own, YEARS), compliance.report(own, YEARS), sums, balances.standings(own),
        [(one.code, one.amount, one.state) for one in payouts.listed(own)], register.listed(own, "active"),
    ]  # fmt: skip


def test_who_is_new_and_who_was_known_before(counter: Counter, tmp_path: Path) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 1_000, email="old@home.example")  # direct: from then on they are known
    counter.clock.now += DAY
    sell(own, "2", 1_000, "ANN", email="old@home.example")
    sell(own, "3", 1_000, "ANN", email="new@home.example")
    counter.clock.now += DAY
    sell(own, "4", 1_000, "ANN", email="new@home.example")  # again: known by now
    sell(own, "5", 1_000, "ANN")  # nobody says who
    file = tmp_path / "clicks.csv"
    file.write_text("code,at,email\nANN,2030-03-19 00:00,link@home.example\n")
    clicks.take(own, file)
    counter.clock.now += DAY
    sell(own, "6", 1_000, email="link@home.example")  # heard of by the affiliate's own link
    (row,) = rows(report(own, MARCH), "affiliates")
    assert (row["orders"], row["new"], row["known"]) == (5, 2, 2)
    assert row["new_share"] == Fraction(1, 2)


class _Said(NamedTuple):
    orders: list[list[tuple[int, int, int, int]]]  # per line: affiliate or 0, earns, revenue, fee
    costs: list[int]


AMOUNT = st.integers(-50_000, 500_000)
SAID = st.builds(
    _Said,
    st.lists(
        st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1), AMOUNT, AMOUNT), min_size=1, max_size=4),
        max_size=12,
    ),
    st.lists(AMOUNT, max_size=4),
)  # fmt: skip


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty shop.db: its migrations take longer than what is tested."""
    root = tmp_path_factory.mktemp("blank")
    shop(root).shop.database.close()
    return root / "shop.db"


@settings(max_examples=25)
@given(told=SAID)
def test_direct_and_affiliate_are_the_ledger_to_the_cent(blank: Path, told: _Said) -> None:
    """Any books at all, also what the shop itself would never write: half an order of somebody."""
    with tempfile.TemporaryDirectory() as root:
        shutil.copy(blank, root)
        own = shop(Path(root)).shop
        expected = write(own, told)
        made = report(own, YEARS)
        found = {row["affiliate"]: row["profit"].amount for row in rows(made, "affiliates")}
        systems = {row["system"]: row for row in rows(made, "systems")}
        with own.database.reading() as connection:
            account = postings.c.account
            owned = account.startswith("income:") | account.startswith("expenses:")
            ledger = int(connection.scalar(select(func.sum(postings.c.amount)).where(owned)) or 0)
        if systems:
            parts = systems["direct"]["profit"].amount, systems["affiliates"]["profit"].amount
            assert sum(parts) == systems["together"]["profit"].amount == -ledger
            direct, orders_of = expected[0], expected[2]
            assert (parts[0], systems["affiliates"]["orders"]) == (direct, orders_of)
            assert systems["direct"]["orders"] + orders_of == len(told.orders)
            assert sum(found.values()) == parts[1]
            by_segment = rows(made, "segments")
            assert sum(row["profit"].amount for row in by_segment) == parts[1]
        assert found == expected[1]
        own.database.close()


def write(own: Shop, told: _Said) -> tuple[int, dict[str, int], int]:
    """The books as ``told``; (profit of direct, by affiliate, orders of affiliates), found the slow way."""
    profits, sold, number = dict[str, int](), 0, 0
    with own.database.writing() as connection:
        start(connection)
        for n, some in enumerate(told.orders, 1):
            order = {"id": n, "channel": "c", "number": str(n), "currency": "CNY"}
            connection.execute(insert(orders).values(paid_at=START, made_at=START, **order))
            owner = next((f"A{who}" for who, earns, _, _ in some if who and earns), "")
            sold += bool(owner)
            for who, earns, revenue, fee in some:
                number += 1
                claim(connection, number, n, who, bool(earns))
                mine = f"A{who}" if who and earns else owner
                taken = abs(revenue) // 7 if mine else 0
                brought(connection, number, mine, revenue, fee, taken)
                profits[mine] = profits.get(mine, 0) + revenue - fee - taken
        for n, amount in enumerate(told.costs):
            account = ["expenses:ads", "expenses:team:c", "expenses:commission:A1"][n % 3]
            post(connection, f"cost:{n}", None, {account: amount, "liabilities:suppliers": -amount})
            mine = "A1" if n % 3 == 2 else ""
            profits[mine] = profits.get(mine, 0) - amount
    return profits.pop("", 0), profits, sold


def start(connection: Any) -> None:
    """Three affiliates and a rule."""
    for n in (1, 2, 3):
        who = {"id": n, "code": f"A{n}", "state": "active", "segment": ["brand", "interest"][n % 2]}
        connection.execute(insert(table).values(joined_at=0, changed_at=0, **who))
    connection.execute(insert(rules).values(id=1, digest=b"1", name="r", text="{}"))


def claim(connection: Any, line: int, order: int, who: int, earns: bool) -> None:
    """A line, and whose it is; 0 for nobody's."""
    told = {"line_no": str(line), "state": "paid", "quantity": 1}
    connection.execute(insert(lines).values(id=line, order_id=order, **told))
    if who:
        by = {
            "by": "code",
            "at": START,
            "why": "" if earns else "no",
            "rule_id": 1 if earns else None,
        }
        connection.execute(insert(attributions).values(line_id=line, affiliate_id=who, **by))


def brought(connection: Any, line: int, mine: str, revenue: int, fee: int, taken: int) -> None:
    """What a line brought in, and what its affiliate earned by it."""
    money = {"income:sales:S": -revenue, "expenses:fees:c": fee, "assets:channel:c": revenue - fee}
    post(connection, f"line:{line}", line, money)
    if mine:
        owed = {f"expenses:commission:{mine}": taken, f"liabilities:affiliate:{mine}": -taken}
        post(connection, f"commission:line:{line}:seller", line, owed)


def post(connection: Any, source: str, line: int | None, accounts: dict[str, int]) -> None:
    entry = insert(entries).values(source=source, at=START, line_id=line).returning(entries.c.id)
    made = connection.execute(entry).scalar_one()
    told = [{"entry_id": made, "account": name, "amount": amount, "currency": "CNY"}
            for name, amount in accounts.items()]  # fmt: skip
    connection.execute(insert(postings), told)


def test_a_statement_adds_up_and_goes_on_where_the_last_one_ended(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    sell(own, "2", 5_000, "ANN")
    give_back(own, "2", 2_500)
    counter.clock.now += HOLD * DAY
    payouts.prepare(own, BATCH, own.now())
    payouts.paid(own, BATCH)
    counter.clock.now += DAY
    payouts.failed(own, BATCH, "ANN", "sent back")
    march, april = (
        statement.statement(own, "ann", each) for each in (MARCH, calendar.parse("2030-04", ZONE))
    )
    (first,), (second,) = march.sums, april.sums
    assert (first.opening, first.earned, first.reversed, first.closing) == (0, 3_000, -500, 2_500)
    assert (second.opening, second.paid, second.closing) == (2_500, 0, 2_500)
    assert [(one.kind, one.amount, one.batch) for one in april.lines] == [
        ("paid", -2_500, BATCH), ("returned", 2_500, BATCH),
    ]  # fmt: skip
    assert [(one.kind, one.base, one.amount) for one in march.lines] == [
        ("earn", 10_000, 2_000), ("earn", 5_000, 1_000), ("reverse", -2_500, -500),
    ]  # fmt: skip
    one, other, back = (each.reference for each in march.lines)
    assert other == back != one
    assert balances.standings(own)[0].owed == second.closing
    books_hold(own)


@pytest.mark.parametrize(
    ("rule", "bases", "earned"),
    [
        (Rule(fixed="5.00"), [None, None], [500, 0]),
        (Rule(wholesale="60.00"), [None, None], [4_000, -1_000]),
        (Rule(percent="20"), [10_000, -2_500], [2_000, -500]),
    ],
)
def test_a_statement_tells_what_was_sold_and_of_what_a_percentage_is(
    tmp_path: Path, rule: Rule, bases: list[int | None], earned: list[int]
) -> None:
    own = market(tmp_path, rules={"usual": rule}).shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    give_back(own, "1", 2_500)
    told = statement.statement(own, "ANN", MARCH).lines
    some = [one for one in zip(bases, earned, [10_000, -2_500], strict=True) if one[1]]
    assert [(one.base, one.amount, one.sold) for one in told] == some
    shown = rows(statement.report(own, "ANN", MARCH), "lines")
    assert [one["sold"] for one in shown] == [Money(one.sold or 0, "CNY") for one in told]


def test_a_reference_leads_from_one_affiliate_to_nobody_elses(tmp_path: Path) -> None:
    two, told = {"profile": "other", "depth": 2}, {"usual": Rule(percent="20", introducer="5")}
    own = market(tmp_path, distribution=two, rules=told).shop
    join(own, "ONE")
    join(own, "TWO", "two@pay.example", introducer="ONE")
    sell(own, "1", 10_000, "TWO")
    (above,), (seller,) = (statement.statement(own, code, MARCH).lines for code in ("ONE", "TWO"))
    assert above.reference != seller.reference
    assert (above.role, seller.role) == ("introducer", "seller")


MARK = "MARKER"


def planted(own: Shop) -> int:
    """The marker in every column that tells who somebody is, but for those of the affiliates themselves."""
    count = 0
    with own.database.writing() as connection:
        for one in metadata.sorted_tables:
            if one.name in ("affiliates", "payouts"):
                continue
            for column in one.columns:
                if column.info.get("personal") and isinstance(column.type, String):
                    connection.execute(update(one).values({column.name: f"{MARK}-{column.name}"}))
                    count += 1
        told = {"number": f"{MARK}-number-" + func.cast(orders.c.id, String)}
        connection.execute(update(orders).values(told))
        titled = dict.fromkeys(("title", "item", "variant", "line_no", "campaign_code"), MARK)
        for n, line in enumerate(connection.scalars(select(lines.c.id)).all()):
            own_line = {name: f"{value}{n}" for name, value in titled.items()}
            connection.execute(update(lines).where(lines.c.id == line).values(own_line))
    return count


def test_no_buyer_is_in_anything_that_an_affiliate_gets(counter: Counter, tmp_path: Path) -> None:
    own = counter.shop
    join(own, "ANN", language="zh")
    mark = {"buyer": f"{MARK}-b", "title": f"{MARK}-t"}
    for n in range(3):
        sell(own, f"{MARK}-{n}", 10_000, "ANN", email=f"{MARK}{n}@home.example", **mark)
    give_back(own, f"{MARK}-0", 3_000)
    counter.clock.now += HOLD * DAY
    made = payouts.prepare(own, BATCH, own.now()).payouts
    payouts.paid(own, BATCH)
    assert planted(own) >= 10
    sheet, batch = io.BytesIO(), io.BytesIO()
    told = statement.statement(own, "ANN", YEARS)
    assert statement.write(sheet, told) == len(told.lines) == 5
    payouts.write(batch, made)
    shown = statement.report(own, "ANN", YEARS)
    everything = "\n".join(
        [
            sheet.getvalue().decode(), batch.getvalue().decode(), repr(told), repr(shown),
            page.page([shown], "zh", "2030"), repr(report(own, YEARS)), repr(compliance.report(own, YEARS)),
            links.link(own, "ANN", "https://shop.example/guides"), repr(balances.standings(own)),
            *(line.text for line in terminal.lines(shown, "zh", 100)),
        ]
    )  # fmt: skip
    assert "ANN" in everything and "对账单" in everything
    assert MARK not in everything and "home.example" not in everything
    with own.database.reading() as connection:
        assert MARK in str(connection.execute(select(orders)).all())


def test_a_statement_as_csv_has_no_formula(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    counter.clock.now += HOLD * DAY
    payouts.prepare(own, "=cmd|x", own.now())
    payouts.paid(own, "=cmd|x")
    counter.clock.now += 1
    give_back(own, "1", 10_000)
    written = io.BytesIO()
    statement.write(written, statement.statement(own, "ANN", YEARS))
    found = [*csv.DictReader(io.StringIO(written.getvalue().decode("utf-8-sig")))]
    assert [one["batch"] for one in found] == ["'=cmd|x", "'=cmd|x", ""]
    assert [one["kind"] for one in found] == ["earn", "paid", "reverse"]
    # What is below nothing is a number, too: else a spreadsheet leaves it out of its sums.
    assert [one["amount"] for one in found] == ["20.00", "-20.00", "-20.00"]


def checks(told: Report) -> list[str]:
    return [row["fine"] for row in rows(told, "checks")]


def test_what_the_law_asks_is_told_with_its_figures(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    give_back(own, "1", 5_000)
    told = compliance.report(own, MARCH)
    assert checks(told) == ["yes"] * 6
    assert rows(told, "levels")[-1] == {"level": "together", "people": 2, "active": 2}
    assert [(row["role"], row["kind"], row["count"], row["amount"]) for row in rows(told, "paid")] == [
        ("their own sales", "earned", 1, Money(2_000, "CNY")),
        ("their own sales", "given back", 1, Money(-1_000, "CNY")),
    ]  # fmt: skip
    assert [row["rule"] for row in rows(told, "rules")] == ["half", "usual"]
    assert compliance.report(own, calendar.parse("2029", ZONE)).tables[2].rows == ()


def test_what_is_not_kept_is_told(tmp_path: Path) -> None:
    """Books that were kept by another profile's rules, and of many people."""
    two = {"profile": "other", "depth": 2}
    own = market(
        tmp_path, distribution=two, rules={"usual": Rule(percent="20", introducer="5")}
    ).shop
    join(own, "ONE")
    for n in range(28):
        register.add(own, register.New(name=f"N{n}", code=f"N{n}", introducer="ONE"))
    assert checks(compliance.report(own, MARCH)) == ["yes", "yes", "yes", "no", "yes", "yes"]
    sell(own, "1", 10_000, "N1")
    with own.database.writing() as connection:
        alone = {"state": "active", "segment": "brand", "joined_at": 0, "changed_at": 0}
        connection.execute(insert(table).values(code="OLD", account="1", **alone))
    cn = market(tmp_path).shop
    made = compliance.report(cn, MARCH)
    assert checks(made) == ["no", "no", "yes", "no", "yes", "no"]
    assert made.tables[1].notes == ("The most that one affiliate introduced: 28",)
    assert count(cn, pools) == 2 and count(cn, contacts) == 29


def test_reports_are_said_in_chinese(tmp_path: Path) -> None:
    own = market(tmp_path, language="zh").shop  # what an affiliate reads is in the buyers' language
    (own.workspace.root / "curate.toml").write_text('language = "zh"\n', "utf-8")
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    period: Period = MARCH
    for told in (
        report(own, period),
        compliance.report(own, period),
        statement.report(own, "ANN", period),
    ):
        said = [told.title, *told.notes]
        for each in told.tables:
            said += [each.title, *each.notes, *(column.title for column in each.columns)]
        assert all(any("一" <= char <= "鿿" for char in one) for one in said), said


def test_a_statement_does_not_read_the_whole_ledger(counter: Counter) -> None:
    own = counter.shop
    join(own, "ANN")
    sell(own, "1", 10_000, "ANN")
    counter.clock.now += HOLD * DAY
    payouts.prepare(own, "march", own.now())
    payouts.paid(own, "march")
    with Asked(own) as asked:
        made = statement.statement(own, "ANN", calendar.parse("2030", ZONE))
    assert [line.kind for line in made.lines] == ["earn", "paid"]
    assert not asked.scanned() & {"commissions", "entries", "lines", "postings"}
