"""What affiliates earn: whose sale it is, by which rule, and what is taken back."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, update

from curate.database.tables import (
    affiliates,
    attributions,
    commissions,
    deliveries,
    entries,
    grants,
    lines,
    orders,
    pools,
    refunds,
)
from curate.errors import CurateError
from curate.messages import speaker
from curate.shop import Shop, commission, money
from curate.shop.aftersales.refunds import refund
from curate.shop.commission.rules import Sold, frozen, terms
from curate.shop.orders import Line
from curate.shop.orders.intake import remap, take
from curate.shop.settings import Books, Rule, Tier
from curate.shop.settings import read as read_settings
from curate.workspace import Workspace
from tests.asked import Asked
from tests.distribution import DAY, Trade, trade
from tests.postgres import postgres
from tests.selling import START
from tests.test_docs import ROOT, blocks


def test_a_sale_with_a_code_earns_its_share_and_is_held(tmp_path: Path) -> None:
    at = trade(tmp_path)
    at.affiliate("lee")
    at.sell("1", affiliate_code="lee", paid=9_990, fee=60)
    at.sell("2")
    assert at.said() == [("lee", "code", "")]
    assert at.earned() == {"lee": 1_998}
    told = at.rows(commissions, "source", "kind", "base", "amount", "at", "due_at", "currency")
    assert told == [("line:1:seller", "earn", 9_990, 1_998, START, START + 15 * DAY, "CNY")]
    assert at.balances() == {
        ("assets:channel:hand", "CNY"): 19_930, ("expenses:fees:hand", "CNY"): 60,
        ("expenses:commission:lee", "CNY"): 1_998, ("income:sales:G", "CNY"): -19_990,
        ("liabilities:affiliate:lee", "CNY"): -1_998,
    }  # fmt: skip


def test_told_twice_it_is_earned_once(tmp_path: Path) -> None:
    at = trade(tmp_path)
    at.affiliate("lee")
    for _ in range(3):
        at.sell("1", affiliate_code="lee")
    assert at.earned() == {"lee": 2_000} and len(at.rows(commissions, "id")) == 1


@pytest.mark.parametrize("code", ["SUMMER5", "summer5", " Summer5 ", "ｓｕｍｍｅｒ5"])
def test_a_coupon_comes_before_a_code_and_a_code_before_a_click(tmp_path: Path, code: str) -> None:
    at = trade(tmp_path)
    for name in ("coupons", "codes", "clicks"):
        at.affiliate(name)
    at.coupon("SUMMER5", "coupons")
    who = at.contact(handle="B")
    at.click(who, "clicks", START - DAY)
    at.sell("1", buyer="B")
    at.sell("2", buyer="B", affiliate_code="codes")
    at.sell("3", buyer="B", affiliate_code="codes", campaign_code=code)
    at.sell("4", buyer="B", affiliate_code=code)
    assert at.said() == [
        ("clicks", "click", ""), ("codes", "code", ""), ("coupons", "coupon", ""), ("coupons", "coupon", ""),
    ]  # fmt: skip


def test_a_campaign_is_no_affiliate(tmp_path: Path) -> None:
    at = trade(tmp_path)
    at.affiliate("lee")
    at.sell("1", campaign_code="lee")
    assert at.said() == []


def test_a_coupon_that_had_ended_earns_nothing_and_what_else_there_is_counts(
    tmp_path: Path,
) -> None:
    at = trade(tmp_path)
    at.affiliate("lee"), at.affiliate("kim")
    at.coupon("OLD", "lee", ended_at=START)
    at.sell("1", affiliate_code="OLD", paid_at=START - 1)
    at.sell("2", affiliate_code="OLD")
    at.sell("3", affiliate_code="kim", campaign_code="OLD")
    assert at.said() == [
        ("lee", "coupon", ""), ("lee", "coupon", "the coupon had ended"), ("kim", "code", "")
    ]  # fmt: skip
    assert speaker("zh")(at.said()[1][2]) == "优惠券已失效"


@pytest.mark.parametrize(("which", "who"), [("last", "kim"), ("first", "lee")])
def test_the_last_or_the_first_click_within_the_window(
    tmp_path: Path, which: str, who: str
) -> None:
    at = trade(tmp_path, attribution=which, window_days=30)
    at.affiliate("lee"), at.affiliate("kim"), at.affiliate("old")
    buyer = at.contact(handle="B")
    at.click(buyer, "old", START - 30 * DAY - 1)
    at.click(buyer, "lee", START - 30 * DAY)
    at.click(buyer, "kim", START)
    at.click(buyer, None, START)  # of a campaign
    at.click(buyer, "old", START + 1)
    at.sell("1", buyer="B")
    at.sell("2", buyer="C")
    at.sell("3", buyer="B", paid_at=START - 31 * DAY)
    assert at.said() == [(who, "click", "")]


def test_an_affiliate_who_is_not_active_earns_nothing(tmp_path: Path) -> None:
    at = trade(tmp_path)
    at.affiliate("lee", state="paused")
    at.sell("1", affiliate_code="lee")
    assert at.said() == [("lee", "code", "the affiliate is not active")]
    assert at.earned() == {} and at.rows(attributions, "rule_id") == [(None,)]


OWN = {
    "the same contact": ({}, {"buyer": "B"}),
    "their address": ({"email": "Lee@Example.org"}, {"email": "lee@example.ORG", "buyer": "X"}),
    "an address that money goes to": ({"account": "lee@example.org"}, {"email": "lee@example.org"}),
    "a buyer's name that is their address": (
        {"email": "l@example.org"},
        {"buyer": "l@example.org"},
    ),
    "their mailbox by another address": ({"email": "lee@example.org"}, {"email": "lee+2@example.org."}),
    "a mailbox that dots make no other": ({"account": "leeann@gmail.com"}, {"email": "lee.ann+x@googlemail.com"}),
    "a buyer's name that is their number": ({"account": "138 0013 8000"}, {"buyer": "+86 138-0013-8000"}),
}  # fmt: skip


@pytest.mark.parametrize(("who", "order"), OWN.values(), ids=OWN)
@pytest.mark.parametrize("by", ["coupon", "code", "click"])
def test_what_affiliates_buy_themselves_earns_nothing(
    tmp_path: Path, who: dict[str, str], order: dict[str, str], by: str
) -> None:
    at = trade(tmp_path)
    own = at.contact(handle="B")
    at.affiliate("lee", **({} if who else {"contact_id": own}), **who)
    at.coupon("LEE5", "lee")
    code = {"coupon": "LEE5", "code": "lee", "click": ""}[by]
    if by == "click":
        at.sell("0", **order)
        (buyer,) = at.rows(orders, "contact_id")[0]
        at.click(buyer, "lee", START - 1)
    at.sell("1", affiliate_code=code, **order)
    assert at.said() == [("lee", by, "the affiliate bought it themselves")]
    at.sell("2", affiliate_code="lee", buyer="somebody else")
    assert at.earned() == {"lee": 2_000}


def test_money_that_goes_to_one_account_of_both_earns_nothing(tmp_path: Path) -> None:
    at = trade(tmp_path)
    at.affiliate("lee", account="6222 0000 1111")
    at.affiliate("twin", account="622200001111", contact_id=at.contact(handle="B"))
    at.affiliate("kim", account="6222 9999")
    at.sell("1", affiliate_code="lee", buyer="B")
    at.sell("2", affiliate_code="kim", buyer="B")
    assert at.said() == [("lee", "code", "the affiliate bought it themselves"), ("kim", "code", "")]


@pytest.mark.parametrize(
    ("above", "below"),
    [({"account": "6222-0000-1111"}, {"account": "6222 0000 1111"}),
     ({"email": "lee@example.org"}, {"email": "lee+2@example.org"}),
     ({"email": "lee@example.org"}, {"account": "Lee@example.org"})],
)  # fmt: skip
def test_nobody_is_paid_for_introducing_themselves(
    tmp_path: Path, above: dict[str, str], below: dict[str, str]
) -> None:
    rules = {"usual": Rule(percent="20", introducer="5")}
    at = trade(tmp_path, rules=rules, profile="other", depth=2)
    at.affiliate("lee", **above), at.affiliate("twin", level=2, **below)
    at.affiliate("kim", level=2, account="6222 9999")
    at.introduce("twin", "lee"), at.introduce("kim", "lee")
    at.sell("1", affiliate_code="twin", buyer="B")
    assert at.earned() == {"twin": 2_000}
    at.sell("2", affiliate_code="kim", buyer="B")
    assert at.earned() == {"twin": 2_000, "kim": 2_000, "lee": 500}


def test_the_affiliates_rule_comes_before_the_products_and_that_before_the_usual(
    tmp_path: Path,
) -> None:
    rules = {
        "usual": Rule(percent="10"), "h": Rule(percent="20", products=("H",)),
        "vip": Rule(percent="30"), "star": Rule(percent="40", products=("H", "G"), own=True),
    }  # fmt: skip
    at = trade(tmp_path, rules=rules)
    at.affiliate("lee"), at.affiliate("vip", rule="vip"), at.affiliate("star", rule="star")
    at.affiliate("gone", rule="nowhere")
    made = {}
    for number, (who, item) in enumerate((a, b) for a in ("lee", "vip", "star") for b in "GHK"):
        before = at.earned().get(who, 0)
        at.sell(str(number), item, affiliate_code=who)
        made[who, item] = (at.earned()[who] - before) // 100
    at.sell("x", affiliate_code="gone")
    assert made == {
        ("lee", "G"): 10, ("lee", "H"): 20, ("lee", "K"): 10, ("vip", "G"): 30, ("vip", "H"): 30,
        ("vip", "K"): 30, ("star", "G"): 40, ("star", "H"): 40, ("star", "K"): 10,
    }  # fmt: skip
    assert at.said()[-1] == ("gone", "code", "the affiliate's rule is not in shop.toml")


def test_without_a_usual_rule_only_products_that_have_one_earn(tmp_path: Path) -> None:
    at = trade(tmp_path, rules={"g": Rule(percent="5", products=("G",))}, rule="")
    at.affiliate("lee")
    at.sell("1", affiliate_code="lee"), at.sell("2", "H", affiliate_code="lee")
    assert at.said()[1] == ("lee", "code", "no rule is for it") and at.earned() == {"lee": 500}


def test_tiers_are_marginal_and_begin_anew_each_month(tmp_path: Path) -> None:
    rule = Rule(percent="10", tiers=(Tier("100.00", "20"), Tier("200.00", "50")))
    at = trade(tmp_path, rules={"usual": rule})
    at.affiliate("lee")
    for number in range(5):
        at.sell(str(number), affiliate_code="lee", paid=6_000)
    assert at.earned() == {"lee": 1_000 + 2_000 + 5_000}  # of 300.00
    assert [row[0] for row in at.rows(commissions, "amount")] == [600, 800, 1_200, 2_400, 3_000]
    at.sell("next", affiliate_code="lee", paid=6_000, paid_at=START + 31 * DAY)
    assert at.earned() == {"lee": 8_600}
    assert [row[0] for row in at.rows(pools, "base")] == [30_000, 6_000]


def test_no_more_than_the_cap_and_less_again_below_it(tmp_path: Path) -> None:
    at = trade(tmp_path, rules={"usual": Rule(percent="20", cap="30.00")})
    at.affiliate("lee")
    at.sell("1", affiliate_code="lee"), at.sell("2", affiliate_code="lee")
    assert at.earned() == {"lee": 3_000}
    refund(at.shop, "hand", "2", amount=2_500)
    assert at.earned() == {"lee": 3_000}  # 20 % of 175.00 are still more
    refund(at.shop, "hand", "2")
    assert at.earned() == {"lee": 2_000}


def test_so_much_for_each_piece_and_never_more_than_was_paid(tmp_path: Path) -> None:
    at = trade(tmp_path, rules={"usual": Rule(fixed="5.00")})
    at.affiliate("lee")
    at.sell("1", affiliate_code="lee", quantity=3)
    assert at.earned() == {"lee": 1_500}
    refund(at.shop, "hand", "1", quantity=1)
    assert at.earned() == {"lee": 1_000}
    refund(at.shop, "hand", "1", quantity=0, amount=6_267)
    assert at.earned() == {"lee": 400}  # 4.00 is all that is left
    at.sell("free", affiliate_code="lee", paid=0)
    assert at.earned() == {"lee": 400}


def test_a_reseller_keeps_what_is_above_the_wholesale_price_and_nothing_below_the_floor(
    tmp_path: Path,
) -> None:
    at = trade(tmp_path, rules={"usual": Rule(wholesale="12.00", floor="15.00")})
    at.affiliate("lee")
    for number, (quantity, paid) in enumerate([(1, 2_000), (2, 3_000), (1, 1_499), (1, 1_100)]):
        at.sell(str(number), affiliate_code="lee", quantity=quantity, paid=paid)
    assert [row[0] for row in at.rows(commissions, "amount")] == [800, 600, 0, 0]
    refund(at.shop, "hand", "1", quantity=1)
    assert at.earned() == {"lee": 800 + 300}
    refund(at.shop, "hand", "0", quantity=0, amount=1_000)
    assert at.earned() == {"lee": 400 + 300}  # a half of the price, a half of the margin


def test_of_what_is_left_after_the_fee_also_where_the_fee_is_told_later(tmp_path: Path) -> None:
    at = trade(tmp_path, base="after_fee")
    at.affiliate("lee")
    at.sell("1", affiliate_code="lee", fee=1_000)
    at.sell("2", affiliate_code="lee")
    assert at.earned() == {"lee": 1_800 + 2_000}
    refund(at.shop, "hand", "2", amount=5_000)
    at.sell("2", affiliate_code="lee", fee=1_000)
    assert at.earned() == {"lee": 1_800 + 900}
    assert at.rows(commissions, "source", "kind")[-1] == ("fee:2:seller", "adjust")
    for number in "12":
        refund(at.shop, "hand", number)
    assert at.earned() == {"lee": 0}


def test_who_introduced_earns_only_outside_china_and_nobody_above(tmp_path: Path) -> None:
    rule = {"usual": Rule(percent="20", introducer="2.5")}
    at = trade(tmp_path, rules=rule, profile="other", depth=2)
    at.affiliate("lee", level=2), at.affiliate("kim"), at.affiliate("solo")
    at.introduce("lee", "kim")
    at.sell("1", affiliate_code="lee"), at.sell("2", affiliate_code="kim")
    at.sell("3", affiliate_code="solo")
    assert at.earned() == {"lee": 2_000, "kim": 2_250, "solo": 2_000}
    refund(at.shop, "hand", "1", amount=4_000)
    assert at.earned() == {"lee": 1_200, "kim": 2_150, "solo": 2_000}
    refund(at.shop, "hand", "1")
    assert at.earned() == {"lee": 0, "kim": 2_000, "solo": 2_000}


def test_china_pays_nobody_for_what_others_sell(tmp_path: Path) -> None:
    """The introduction may be there, of before: nothing is earned by it."""
    at = trade(tmp_path)
    at.affiliate("lee", level=2), at.affiliate("kim")
    at.introduce("lee", "kim")
    at.sell("1", affiliate_code="lee")
    assert at.earned() == {"lee": 2_000}
    with pytest.raises(ValueError, match="禁止传销条例"):
        trade(tmp_path / "x", rules={"usual": Rule(percent="20", introducer="1")})


def test_who_introduced_earns_nothing_by_what_they_buy_or_when_they_are_gone(
    tmp_path: Path,
) -> None:
    rule = {"usual": Rule(percent="20", introducer="2")}
    at = trade(tmp_path, rules=rule, profile="other", depth=2)
    at.affiliate("lee", level=2), at.affiliate("kim", contact_id=at.contact(handle="B"))
    at.introduce("lee", "kim")
    at.sell("1", affiliate_code="lee", buyer="B")
    assert at.earned() == {"lee": 2_000}
    with at.shop.database.writing() as connection:
        connection.execute(
            update(affiliates).where(affiliates.c.code == "kim").values(state="ended")
        )
    at.sell("2", affiliate_code="lee")
    assert at.earned() == {"lee": 4_000}


def test_a_rule_with_amounts_is_for_its_currency_alone(tmp_path: Path) -> None:
    rules = {
        "usual": Rule(fixed="5.00"),
        "any": Rule(percent="10"),
        "yen": Rule(fixed="500", currency="JPY"),
    }
    at = trade(tmp_path, rules=rules)
    for name in ("lee", "any", "yen"):
        at.affiliate(name, rule=name if name != "lee" else "")
        at.sell(name, affiliate_code=name, currency="JPY")
    assert at.said() == [
        ("lee", "code", "the rule names amounts in another currency"), ("any", "code", ""), ("yen", "code", ""),
    ]  # fmt: skip
    assert at.earned() == {"any": 1_000, "yen": 500}


def test_an_order_is_one_affiliates_or_nobodys(tmp_path: Path) -> None:
    """What bears no code goes with what does, also where that comes later, after a part was given back."""
    at = trade(tmp_path)
    at.affiliate("lee"), at.affiliate("kim")
    at.sell("1", line_no="1")
    refund(at.shop, "hand", "1", amount=5_000)
    assert at.said() == []
    at.sell("1", line_no="2", affiliate_code="lee")
    at.sell("1", line_no="3", affiliate_code="kim")
    assert at.said() == [("lee", "code", "")] * 3
    assert at.earned() == {"lee": 1_000 + 2_000 + 2_000}
    refund(at.shop, "hand", "1", "1")
    assert at.earned() == {"lee": 4_000}


def test_a_line_that_waited_for_its_product_earns_when_it_is_known(tmp_path: Path) -> None:
    at = trade(tmp_path)
    at.affiliate("lee")
    at.sell("1", "unknown", affiliate_code="lee", quantity=2)
    refund(at.shop, "hand", "1", quantity=1)
    assert at.earned() == {}
    told = msgspec.structs.replace(
        at.shop.settings.channels["hand"], products={"unknown": "G"}
    )  # fmt: skip
    shop = Shop(
        at.shop.workspace,
        msgspec.structs.replace(at.shop.settings, channels={"hand": told}),
        at.clock,
    )
    remap(shop)
    assert at.earned() == {"lee": 1_000}
    assert [row[0] for row in at.rows(commissions, "kind")] == ["earn", "reverse"]


def test_a_rule_that_changes_holds_for_what_is_sold_from_then_on(tmp_path: Path) -> None:
    at = trade(tmp_path)
    at.affiliate("lee")
    at.sell("1", affiliate_code="lee")
    more = Trade(
        Shop(
            at.shop.workspace,
            msgspec.structs.replace(at.shop.settings, rules={"usual": Rule(percent="50")}), at.clock,
        ), at.clock, at.numbers,
    )  # fmt: skip
    more.sell("2", affiliate_code="lee")
    assert at.earned() == {"lee": 2_000 + 5_000}
    refund(more.shop, "hand", "1")
    assert at.earned() == {"lee": 5_000}
    assert [row[0] for row in at.rows(pools, "amount")] == [0, 5_000]


def test_a_month_is_the_sellers(tmp_path: Path) -> None:
    at = trade(tmp_path)
    shop = Shop(
        at.shop.workspace,
        msgspec.structs.replace(at.shop.settings, books=Books(timezone="Asia/Shanghai")), at.clock,
    )  # fmt: skip
    at.affiliate("lee")
    take(shop, [Line("hand", "1", item="G", paid=100, paid_at=1_772_294_400, affiliate_code="lee")])
    assert at.rows(pools, "month") == [("2026-03",)]  # 2026-02-28T16:00Z


def test_clicks_that_are_told_after_the_order_count_when_it_is_looked_at_again(
    tmp_path: Path,
) -> None:
    at = trade(tmp_path)
    at.affiliate("lee")
    at.sell("1", buyer="B", quantity=2), at.sell("2", buyer="C")
    refund(at.shop, "hand", "1", quantity=1)
    at.click(at.rows(orders, "contact_id")[0][0], "lee", START - 5)
    assert commission.again(at.shop) == 1
    assert at.said() == [("lee", "click", "")] and at.earned() == {"lee": 1_000}
    assert commission.again(at.shop) == 0


def test_a_whole_refund_by_the_channel_restores_everything(tmp_path: Path) -> None:
    at = trade(tmp_path, base="after_fee", rules={"usual": Rule(percent="33.333333")})
    at.affiliate("lee")
    at.sell("0", affiliate_code="lee", paid=777, fee=13)
    before = at.balances()
    at.sell("1", affiliate_code="lee", paid=1_001, fee=77, quantity=3)
    at.sell(
        "1", affiliate_code="lee", paid=1_001, fee=77, quantity=3, refunded=334, refunded_quantity=1
    )
    at.sell("1", affiliate_code="lee", paid=1_001, fee=77, quantity=3, state="cancelled")
    assert at.balances() == before
    told = at.rows(commissions, "kind", "base", "due_at")
    assert {row[2] for row in told} == {START + 15 * DAY} and sum(row[1] for row in told[1:]) == 0


STATE = (orders, lines, refunds, deliveries, grants, entries, attributions, pools, commissions)


def everything(at: Trade) -> list[Any]:
    with at.shop.database.reading() as connection:
        return [
            [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key))]
            for table in STATE
        ]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from curate.shop import commission, ledger
    from curate.shop.aftersales import refunds, revocation
    from curate.shop.commission import pools
    from tests.distribution import trade

    def die(*a, **k):
        os.kill(os.getpid(), signal.SIGKILL)

    at, where = trade(Path(sys.argv[1])), sys.argv[2]
    if where == "before the commission":
        commission.reversed_ = die
    elif where == "within the commission":
        real = ledger.post_all
        ledger.post_all = lambda c, s, some: die() if some and some[0].source.startswith("commission") else real(c, s, some)
    elif where == "before the access":
        revocation.shrink = die
    else:
        real = revocation.shrink
        revocation.shrink = lambda *a, **k: (real(*a, **k), die())
    refunds.refund(at.shop, "hand", "1", quantity=1)
"""
PLACES = ("before the commission", "within the commission", "before the access", "after everything")


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
@pytest.mark.parametrize("where", PLACES)
def test_killed_in_a_refund_all_of_it_or_nothing_is_done(tmp_path: Path, where: str) -> None:
    at = trade(tmp_path)
    at.affiliate("lee")
    at.sell("1", affiliate_code="lee", quantity=2, paid_at=int(at.clock.now))
    before = everything(at)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), tmp_path, where],
        capture_output=True, encoding="utf-8", env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    assert everything(at) == before
    refund(at.shop, "hand", "1", quantity=1)
    assert at.earned() == {"lee": 1_000} and at.rows(deliveries, "quantity") == [(1,)]


def test_postgresql_does_the_same(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    rule = Rule(percent="10", introducer="1", tiers=(Tier("100.00", "20"),))
    with postgres() as server:
        at = trade(tmp_path, server.database(), {"usual": rule}, profile="other", depth=2)
        at.affiliate("lee", level=2), at.affiliate("kim")
        at.introduce("lee", "kim")
        at.coupon("K5", "kim")

        def sell(number: int) -> None:
            lines = [
                Line("hand", f"{number}-{n}", item="GH"[n % 2], paid=1_001, paid_at=START,
                     affiliate_code=("lee", "kim", "k5")[(n + number) % 3], buyer=f"b{n}")
                for n in range(12)
            ]  # fmt: skip
            assert take(at.shop, lines).problems == ()
            refund(at.shop, "hand", f"{number}-{number}")

        with ThreadPoolExecutor(6) as crowd:
            [*crowd.map(sell, range(6))]
        sold = {"lee": 24 - 2, "kim": 48 - 4}
        due = {
            who: round((10_000 * 10 + (1_001 * n - 10_000) * 20) / 100) for who, n in sold.items()
        }
        made = at.earned()
        assert made["lee"] == due["lee"]
        assert made["kim"] == due["kim"] + round(1_001 * sold["lee"] / 100)
        for number in range(6):
            for n in range(12):
                if n != number:
                    refund(at.shop, "hand", f"{number}-{n}")
        assert at.earned() == {"lee": 0, "kim": 0}
        assert at.balances() == {}


def test_the_example_of_the_documentation_holds(tmp_path: Path) -> None:
    page = ROOT / "docs" / "books.md"
    told = {block.name: block.text for block in blocks(page)}
    (tmp_path / "shop.toml").write_text(
        '[products.HANDBOOK]\nstock = "unique"\n' + told["affiliates.toml"], encoding="utf-8"
    )
    rules = {
        name: terms(frozen(of, name, rule))
        for of in [read_settings(Workspace(tmp_path))]
        for name, rule in of.rules.items()
    }
    shown = re.findall(
        r"^\| `(\w+)`.*\| ([\d.]+) \| ([\d.]+)", page.read_text("utf-8"), re.MULTILINE
    )
    sold = [
        Sold(80_000, 0, 1), Sold(150_000, 0, 2), Sold(150_000, 0, 2, 70_000, 1), Sold(2_970, 0, 3),
        Sold(2_970, 0, 3, 990, 1), Sold(4_000, 0, 2), Sold(4_000, 0, 2, 1_000), Sold(1_400, 0, 1),
    ]  # fmt: skip
    due = [
        (name, money.decimal(one.net, "CNY"), money.decimal(rules[name].due("seller", rules[name].worth(one)), "CNY"))
        for (name, _, _), one in zip(shown, sold, strict=True)
    ]  # fmt: skip
    assert due == shown and len(shown) == 8
    wrong = {
        "distribution.depth": "[distribution]\ndepth = 3\n",
        "rules.usual.recruit_bonus": '[rules.usual]\npercent = "1"\nrecruit_bonus = "1"\n',
        "distribution.entry_fee": '[distribution]\nentry_fee = "1"\n',
    }
    for line, (key, text) in zip(told["forbidden"].splitlines(), wrong.items(), strict=True):
        (tmp_path / "shop.toml").write_text(text, encoding="utf-8")
        with pytest.raises(CurateError) as fault:
            read_settings(Workspace(tmp_path))
        assert line.startswith(key) and line in str(fault.value)


def test_pools_are_found_by_their_affiliates(tmp_path: Path) -> None:
    at = trade(tmp_path)
    at.affiliate("lee")
    with Asked(at.shop) as asked:
        at.sell("1", affiliate_code="lee")
    assert at.said() == [("lee", "code", "")]
    assert "pools" not in asked.scanned()
