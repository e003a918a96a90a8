"""Campaigns: codes that can be read and are one each; what came of them adds up to the orders, to the cent."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from curate.books import costs
from curate.books.direct import sums
from curate.books.journey import campaigns, results
from curate.books.journey.campaigns import LONGEST, candidates
from curate.books.journey.results import Result, ranks
from curate.database.tables import affiliates, contacts, lines, orders, refunds, visits
from curate.errors import CurateError
from curate.shop import Shop, calendar, ledger
from curate.shop import settings as shop_settings
from curate.shop.contacts import Buyer, Identity, Person, of_buyers, of_people
from curate.shop.settings import Books, Channel, Sold
from curate.workspace import MARK, Workspace

NOW = 1_900_000_000
ZONE = ZoneInfo("Asia/Shanghai")
PERIOD = calendar.parse("2030-03", ZONE)


def opened(folder: Path) -> Shop:
    (folder / MARK).touch()
    known = shop_settings.Settings(
        products={"G": Sold(stock="unique")},
        channels={"xy": Channel()},
        books=Books(least_sample=3),
    )
    return Shop(Workspace(folder), known, lambda: float(NOW))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return opened(tmp_path)


@pytest.mark.parametrize(
    ("elements", "code"),
    [
        (("WeChat", "video", "", ""), r"wechat-video"),
        (("公众号", "", "", ""), r"[a-z0-9]{4}"),
        (("公众号", "Video 3", "字体 PDF", "Café"), r"video-3-pdf-cafe-[a-z0-9]{4}"),
        (("wechat-official-account", "a very long guide", "free fonts", "limited"),
         r"[a-z0-9-]+-[a-z0-9]{4}"),
        (("x" * 100, "y" * 100, "z" * 100, "w" * 100), r"x{5}-y{5}-z{5}-w{5}-[a-z0-9]{4}"),
    ],
)  # fmt: skip
def test_codes_can_be_read(shop: Shop, elements: tuple[str, ...], code: str) -> None:
    made = campaigns.add(shop, *elements)
    assert re.fullmatch(code, made.code), made.code
    assert len(made.code) <= LONGEST
    assert campaigns.add(shop, *elements) == made


WORDS = st.text(
    st.sampled_from("abcXYZ 公众号抖音视频领取é-_/%=<>'\"😀0123"), max_size=60
).map(lambda text: " ".join(text.split()))  # fmt: skip


@settings(max_examples=300)
@given(st.tuples(WORDS, WORDS, WORDS, WORDS))
def test_every_candidate_is_a_code_and_all_differ(elements: tuple[str, ...]) -> None:
    found = [*candidates(elements)]
    assert len(set(found)) == len(found) >= 20
    assert all(campaigns.spelled(code) == code and len(code) <= LONGEST for code in found)
    assert found == [*candidates(elements)]


def test_hundreds_of_alike_campaigns_have_codes_of_their_own(shop: Shop) -> None:
    long = "我们的公众号在三月里的第一篇很长的文章" * 4
    made = [campaigns.add(shop, "公众号", f"{long}{n}", "字体", "限时").code for n in range(100)]
    made += [campaigns.add(shop, f"ä{'x' * 40}{n}").code for n in range(100)]
    assert len(set(made)) == 200


def test_a_code_is_nobody_elses(shop: Shop) -> None:
    with shop.database.writing() as connection:
        connection.execute(
            affiliates.insert(),
            {"code": "WECHAT", "state": "active", "segment": "brand", "joined_at": 1, "changed_at": 1},
        )  # fmt: skip
    assert re.fullmatch("wechat-[a-z0-9]{4}", campaigns.add(shop, "WeChat").code)
    with pytest.raises(CurateError, match="something else"):
        campaigns.add(shop, "xhs", code="wechat")
    assert campaigns.add(shop, "xhs", code=" XHS-1 ").code == "xhs-1"
    for bad in ("", "-a", "a-", "a b", "字", "a" * 31, "a/b", "a%2fb"):
        with pytest.raises(CurateError):
            campaigns.spelled(bad)


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "//evil.example/", "shop.example", "https://a:b@c.example/", "https://x y.example/",
     "https://例子.example/", "https://x.example/\n", "https://{code}.example/", "https://" + "a" * 2_000,
     "http://[::1", "https://good.example\\@evil.example/", "https://files.example.org/go/other"],
)  # fmt: skip
def test_a_link_leads_to_a_page_or_is_refused(shop: Shop, address: str) -> None:
    served = msgspec.structs.replace(
        shop.settings, serve=shop_settings.Serve(url="https://files.example.org/")
    )
    shop = Shop(shop.workspace, served, shop.clock)
    with pytest.raises(CurateError):
        campaigns.add(shop, "wechat", target=address)
    made = campaigns.add(shop, "wechat")
    assert campaigns.leads_to(made) == ""
    with pytest.raises(CurateError):
        campaigns.retarget(shop, made.code, address)
    moved = campaigns.retarget(shop, made.code, "https://x.example/{code}")
    assert campaigns.leads_to(moved) == "https://x.example/wechat"


def test_a_code_finds_its_campaign_however_it_is_typed(shop: Shop) -> None:
    codes = [campaigns.add(shop, f"渠道{n}").code for n in range(20)]
    with shop.database.reading() as connection:
        found = [campaigns.find(connection, f" {code.upper()} ").channel for code in codes]
    assert found == [f"渠道{n}" for n in range(20)]


def day(number: int) -> int:
    return calendar.begin(date(2030, 3, number), ZONE) + 60


def sell(
    shop: Shop, number: str, amount: int, at: int, buyer: str = "", code: str = "", currency: str = "CNY"
) -> int:  # fmt: skip
    """A paid line that is in the ledger; its id."""
    with shop.database.writing() as connection:
        (who,) = of_buyers(connection, shop, [Buyer("xy", buyer, "", "", at)])
        order = connection.execute(
            orders.insert().returning(orders.c.id),
            {"channel": "xy", "number": number, "currency": currency, "paid_at": at, "made_at": at,
             "contact_id": who},
        ).scalar_one()  # fmt: skip
        line = connection.execute(
            lines.insert().returning(lines.c.id),
            {"order_id": order, "line_no": "1", "sku": "G", "state": "paid", "quantity": 1,
             "paid": amount, "campaign_code": code},
        ).scalar_one()  # fmt: skip
        ledger.earned(connection, shop, line)
        return int(line)


def give_back(shop: Shop, line: int, amount: int, at: int) -> None:
    with shop.database.writing() as connection:
        made = connection.execute(
            refunds.insert().returning(refunds.c.id),
            {"line_id": line, "reference": "r", "quantity": 0, "amount": amount, "at": at},
        ).scalar_one()
        connection.execute(lines.update().where(lines.c.id == line).values(refunded=amount))
        ledger.reversed_(connection, shop, made)


def bring(shop: Shop, code: str, *names: str, at: int) -> None:
    with shop.database.writing() as connection:
        own = campaigns.find(connection, code).id
        some = [
            Person((Identity("handle", name, "xy"),), "xy", at, campaign_id=own) for name in names
        ]
        of_people(connection, shop, some)


def of(found: tuple[Result, ...]) -> dict[str, Result]:
    return {one.value: one for one in found}


def test_results_by_each_element(shop: Shop) -> None:
    fonts = campaigns.add(shop, "公众号", "文章", "字体", "限时").code
    video = campaigns.add(shop, "抖音", "视频", "字体", "免费").code
    maps = campaigns.add(shop, "抖音", "视频", "地图", "免费").code
    bring(shop, fonts, "a", "b", "c", at=day(2))
    bring(shop, video, "d", at=day(3))
    bring(shop, maps, "e", "f", "g", "h", at=day(4))
    sell(shop, "1", 1_000, day(5), "a")  # by who brought the buyer
    line = sell(shop, "2", 2_000, day(5), "a", code=maps.upper())  # by its own code
    sell(shop, "3", 500, day(6), "stranger")
    sell(shop, "4", 700, day(6), currency="EUR")
    give_back(shop, line, 300, day(9))
    costs.add(shop, "ads", 900, "CNY", date(2030, 3, 1), channel="xy", campaign=fonts)
    costs.add(shop, "ads", 400, "CNY", date(2030, 3, 1), channel="xy", campaign=maps)
    costs.add(shop, "team", 50, "CNY", date(2030, 3, 1))
    with shop.database.writing() as connection:
        connection.execute(visits.insert(), [
            {"code": fonts, "day": "2030-03-31", "count": 7}, {"code": fonts, "day": "2030-04-01", "count": 9},
        ])  # fmt: skip
    baits = of(results.results(shop, PERIOD, "bait"))
    assert [(one.value, one.contacts, one.buyers) for one in baits.values()] == [
        ("地图", 4, 0), ("字体", 4, 1), ("", 1, 1)
    ]  # fmt: skip
    assert dict(baits["字体"].revenue) == {"CNY": 1_000} and baits["字体"].visits == 7
    assert dict(baits["地图"].revenue) == {"CNY": 1_700}
    assert dict(baits[""].revenue) == {"CNY": 500, "EUR": 700}
    assert baits["字体"].per_contact("CNY") == Fraction(900, 4)
    assert baits["字体"].per_buyer("CNY") == 900
    assert dict(baits[""].cost) == {"CNY": 50}
    hooks = of(results.results(shop, PERIOD, "hook"))
    assert (hooks["免费"].contacts, hooks["限时"].contacts) == (5, 3)
    assert len(results.results(shop, PERIOD, "campaign")) == 4
    told = results.report(shop, PERIOD, "bait").tables[0]
    assert told.rows[0][told.at("contact_rank")] == 1 and told.rows[1][told.at("contact_rank")] == 2
    assert told.total[told.at("contacts")] == 9
    with pytest.raises(CurateError, match="no part of a campaign"):
        results.results(shop, PERIOD, "colour")


def test_nothing_is_ranked_on_too_few() -> None:
    cheap, dear = (
        Result("cheap", contacts=99, cost={"CNY": 1}),
        Result("dear", contacts=100, cost={"CNY": 900}),
    )
    free = Result("free", contacts=500)
    assert ranks([cheap, dear, free], 100, "contact", "CNY") == {}  # one alone is no ranking
    cheap.contacts = 100
    assert ranks([cheap, dear, free], 100, "contact", "CNY") == {"cheap": 1, "dear": 2}
    dear.cost = {"CNY": 1}
    assert ranks([cheap, dear], 100, "contact", "CNY") == {"cheap": 1, "dear": 1}
    assert ranks([cheap, dear], 100, "buyer", "CNY") == {}


@settings(max_examples=6)
@given(st.integers(0, 10**6))
def test_all_rows_together_are_the_orders(seed: int) -> None:
    dice = Random(seed)
    with TemporaryDirectory() as folder:
        shop = opened(Path(folder))
        codes = [campaigns.add(shop, channel, "", bait).code
                 for channel in ("抖音", "wechat") for bait in ("字体", "maps", "")]  # fmt: skip
        names = [f"n{n}" for n in range(12)]
        for name in names[:8]:
            bring(shop, dice.choice(codes), name, at=day(dice.randint(1, 28)))
        for n in range(15):
            at = day(dice.randint(1, 31))
            code = dice.choice([*codes, "", "unknown", codes[0].upper()])
            amount = dice.randint(0, 9_999)
            line = sell(shop, str(n), amount, at, dice.choice([*names, ""]), code,
                        dice.choice(["CNY", "JPY"]))  # fmt: skip
            if amount and dice.random() < 0.5:
                day_of = date(2030, 3, dice.randint(1, 28))
                costs.add(shop, "ads", amount, "CNY", day_of, campaign=f" {code} ")
            if amount and dice.random() < 0.4:
                give_back(shop, line, dice.randint(1, amount), at + 60)
        with shop.database.reading() as connection:
            query = select(orders.c.currency, func.sum(lines.c.paid - lines.c.refunded)).join(
                orders, orders.c.id == lines.c.order_id
            )
            wanted = {
                row[0]: int(row[1]) for row in connection.execute(query.group_by(orders.c.currency))
            }
            people = connection.scalar(select(func.count()).select_from(contacts))
        for by in results.BY:
            found = results.results(shop, calendar.parse("2030", ZONE), by)
            total = Result("")
            for one in found:
                total.add(one)
            assert dict(total.revenue) == wanted
            assert total.contacts == people
        same_in_own_sales(shop, calendar.parse("2030", ZONE))
        shop.database.close()


def same_in_own_sales(shop: Shop, period: calendar.Period) -> None:
    """Own sales by campaign: every order, cost and contact counts for the same one there."""
    found = results.results(shop, period, "campaign")
    codes = {one.value for one in found}
    wanted: dict[tuple[str, str], list[int]] = {}
    people: dict[str, int] = {}  # the same in each currency; a code that nobody made brought none
    for told in sums.sums(shop, period, "campaign").rows:
        key = told.key if told.key in codes else ""
        known = wanted.setdefault((key, told.currency), [0, 0])
        wanted[key, told.currency] = [known[0] + told.revenue, known[1] + told.traffic]
        if told.key == key:
            people[key] = told.users
    for one in found:
        for currency in {*one.revenue, *one.cost}:
            assert wanted.pop((one.value, currency)) == [
                one.revenue.get(currency, 0), one.cost.get(currency, 0)
            ]  # fmt: skip
        assert people.get(one.value, one.contacts) == one.contacts
    assert not any(revenue or cost for revenue, cost in wanted.values())
