"""What was spent: each row once, exact, in the ledger in the same transaction."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from curate.books import costs, periods
from curate.books.costs import team
from curate.database import tables
from curate.errors import CurateError
from curate.shop import Shop, calendar, ledger
from curate.shop import settings as shop_settings
from curate.shop.settings import Channel
from curate.workspace import Workspace

HEAD = "Date,Expenses,Currency,UTMSource,UTMCampaign,UTMMedium,UTMTerm,UTMContent,Clicks\n"
NOW = 1_775_000_000  # 2026-04-01 in Shanghai
ZONE = calendar.zone("Asia/Shanghai")


def shop_at(root: Path) -> Shop:
    channels = {"xianyu": Channel(), "小红书": Channel()}
    return Shop(Workspace(root), shop_settings.Settings(channels=channels), lambda: float(NOW))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shop_at(tmp_path)


def ads(shop: Shop, rows: str, **how: Any) -> costs.Taken:
    path = shop.workspace.root / "ads.csv"
    path.write_text(HEAD + textwrap.dedent(rows), encoding="utf-8")
    return costs.take_ads(shop, path, **how)


def hours(shop: Shop, rows: str) -> costs.Taken:
    path = shop.workspace.root / "team.csv"
    path.write_text("month,person_ref,hours,rate,channel\n" + rows, encoding="utf-8")
    return costs.take_team(shop, path)


def of(shop: Shop) -> dict[str, int]:
    return {f"{one.account} {one.currency}": one.amount for one in ledger.balances(shop)}


def test_advertising_is_taken_in_once_and_stands_in_the_ledger(shop: Shop) -> None:
    rows = """\
    2026-03-01,12.34,CNY,XianYu,spring,cpc,,,10
    2026-03-01,12.34,CNY,XianYu,spring,cpc,,,10
    2026-03-02,5,RUB,yandex,spring,cpc,"pdf, 教程",,3
    """
    taken = ads(shop, rows)
    assert (taken.new, taken.same, taken.shared) == (3, 0, 1)
    assert taken.amounts == (("CNY", 2468), ("RUB", 500))
    expected = {
        "expenses:ads RUB": 500, "expenses:ads:xianyu CNY": 2468, "liabilities:suppliers CNY": -2468,
        "liabilities:suppliers RUB": -500,
    }  # fmt: skip
    assert of(shop) == expected
    again = ads(shop, rows.replace("12.34", "'12.340"))  # as a spreadsheet writes it
    assert (again.new, again.same, again.problems) == (0, 3, ())
    assert of(shop) == expected
    assert next((one.amount, one.campaign_code, one.clicks) for one in costs.listed(shop)) == (
        "12.34", "spring", 10,
    )  # fmt: skip
    assert periods.check(shop) == ()


def test_of_no_channel_it_is_of_the_one_that_is_named(shop: Shop) -> None:
    ads(shop, "2026-03-01,1,CNY,yandex,,,,,\n2026-03-01,2,CNY,小红书,,,,,\n", channel="xianyu")
    assert {one for one in of(shop) if "expenses" in one} == {
        "expenses:ads:xianyu CNY",
        "expenses:ads:小红书 CNY",
    }
    with pytest.raises(CurateError, match="no channel 'xianyv'"):
        ads(shop, "", channel="xianyv")


def test_a_cost_over_months_is_cut_up_by_its_days(shop: Shop) -> None:
    assert ads(shop, "2026-01-30/2026-03-01,10.00,CNY,,,,,,\n").new == 1
    found = [(one.first_day, one.last_day, one.amount) for one in costs.listed(shop)]
    assert found == [
        ("2026-01-30", "2026-01-31", "0.65"),  # 2, 28 and 1 of 31 days
        ("2026-02-01", "2026-02-28", "9.03"),
        ("2026-03-01", "2026-03-01", "0.32"),
    ]
    assert ads(shop, "2026-01-30/2026-03-01,10.00,CNY,,,,,,\n").same == 1
    (march,) = costs.listed(shop, calendar.parse("2026-03", ZONE))
    assert march.amount == "0.32"


def test_what_cannot_be_read_is_told_by_its_row_and_the_rest_goes_on(shop: Shop) -> None:
    taken = ads(
        shop,
        """\
        2026-03-01,1.00,CNY,,,,,,
        yesterday,1.00,CNY,,,,,,
        2026-03-01,1.001,CNY,,,,,,
        2026-03-01,-1,CNY,,,,,,
        2026-02-30,1,CNY,,,,,,
        2026-03-05/2026-03-01,1,CNY,,,,,,
        2026-03-01,1,yuan,,,,,,
        2026-03-01,,CNY,,,,,,
        1026-03-01,1,CNY,,,,,,
        2026-03-01,9999999999999999,CNY,,,,,,
        2025-01-01/2026-12-31,1,CNY,,,,,,
        """,
    )
    assert (taken.new, len(taken.problems)) == (1, 10)
    assert [one.where for one in taken.problems] == [f"ads.csv:{n}" for n in range(3, 13)]
    assert of(shop) == {"expenses:ads CNY": 100, "liabilities:suppliers CNY": -100}


def test_other_figures_of_the_same_are_told_and_not_counted_beside_it(shop: Shop) -> None:
    ads(shop, "2026-03-31,1.00,CNY,,spring,,,,1\n")
    taken = ads(shop, "2026-03-31,2.50,CNY,,spring,,,,4\n2026-03-31,7,CNY,,autumn,,,,\n")
    assert (taken.new, len(taken.problems)) == (1, 1)
    assert "other figures are known" in str(taken.problems[0])
    assert costs.add(shop, "ads", 150, "CNY", date(2026, 3, 31), campaign="spring")
    assert of(shop)["expenses:ads CNY"] == 950


def test_hours_are_multiplied_exactly_and_rounded_once(shop: Shop) -> None:
    told = "2026-03,ann,7.5,33.33,xianyu\n2026-03,bo,0.5,0.01,\n2026-03,bo,1.5,0.01,小红书\n"
    taken = hours(shop, told)
    assert taken.problems == ()
    balances = of(shop)
    assert balances["expenses:team:xianyu CNY"] == 24998  # 249.975
    assert balances["expenses:team:小红书 CNY"] == 2  # 0.015
    assert "expenses:team CNY" not in balances  # 0.005
    assert hours(shop, told.replace("7.5,", "7.50,")).same == 3
    again = hours(
        shop, "2026-03,ann,8,33.33,xianyu\n2026-03,ann,8,33.33,nowhere\n2026-3,ann,1,1,\n"
    )
    assert (again.new, len(again.problems)) == (0, 3)


@given(
    st.decimals(0, 10_000, places=4, allow_nan=False), st.decimals(0, 10_000, places=4, allow_nan=False),
    st.sampled_from(["CNY", "JPY", "KWD"]),
)  # fmt: skip
def test_of_hours_and_rate_nothing_is_lost_but_half_a_cent(
    one: Any, rate: Any, currency: str
) -> None:
    exact = Fraction(one) * Fraction(rate) * {"CNY": 100, "JPY": 1, "KWD": 1000}[currency]
    found = team.priced(str(one), str(rate), currency)
    assert abs(found - exact) <= Fraction(1, 2)
    assert found % 2 == 0 or abs(found - exact) < Fraction(1, 2)


def test_a_cost_by_hand_counts_once_by_its_reference(shop: Shop) -> None:
    day = date(2026, 3, 5)
    for _ in range(2):
        assert costs.add(shop, "other", 100, "CNY", day)
    assert costs.add(shop, "other", 300, "cny", day, reference="INV-1", channel="xianyu")
    assert not costs.add(shop, "other", 300, "CNY", day, reference="INV-1", channel="xianyu")
    assert of(shop)["expenses:other:xianyu CNY"] == 300
    assert of(shop)["expenses:other CNY"] == 200
    assert costs.add(shop, "other", -300, "CNY", day, reference="INV-1 back", channel="xianyu")
    assert of(shop)["expenses:other:xianyu CNY"] == 0
    for wrong in (
        {"amount": 301, "reference": "INV-1", "channel": "xianyu"}, {"amount": 0}, {"amount": 10**16},
        {"kind": "rent"}, {"channel": "nowhere"}, {"reference": "#1"}, {"note": "a\nb"}, {"currency": "¥"},
        {"last": date(2026, 3, 1)},
        {"reference": "INV-1", "amount": 300, "channel": "xianyu", "last": date(2026, 4, 2)},
    ):  # fmt: skip
        how: dict[str, Any] = {
            "kind": "other",
            "amount": 1,
            "currency": "CNY",
            "first": day,
            **wrong,
        }
        with pytest.raises(CurateError):
            costs.add(shop, **how)
    assert periods.check(shop) == ()


def test_neither_ledger_nor_source_tells_whose_hours_they_are(shop: Shop) -> None:
    hours(shop, "2026-03,MARKER,7.5,33,xianyu\n")
    with shop.database.reading() as connection:
        text = [
            str([*connection.execute(select(table))]) for table in (tables.entries, tables.postings)
        ]
        assert "MARKER" not in "".join(text)
        assert "MARKER" not in str([*connection.execute(select(tables.costs.c.source))])
    with shop.database.writing() as connection:  # may be erased, and nothing else of it
        connection.execute(tables.costs.update().values(person=""))
    assert hours(shop, "2026-03,MARKER,7.5,33,xianyu\n").same == 1
    for change in (tables.costs.update().values(amount=1), tables.costs.delete()):
        with (
            pytest.raises(Exception, match="only ever added"),
            shop.database.writing() as connection,
        ):
            connection.execute(change)


KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import event
from curate.books import costs
from tests.test_costs import shop_at
shop, file, left = shop_at(Path(sys.argv[1])), Path(sys.argv[2]), int(sys.argv[3])
def count(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
event.listen(shop.database.engine, "before_cursor_execute", count)
event.listen(shop.database.engine, "commit", count)
costs.take_ads(shop, file)
"""


@pytest.mark.skipif(os.name == "nt", reason="kills by a signal that Windows has not")
def test_an_import_that_is_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    file = tmp_path / "ads.csv"
    rows = (f"2026-03-{1 + n % 28:02},{n}.25,CNY,,c{n % 7},,,,{n}\n" for n in range(1_300))
    file.write_text(HEAD + "".join(rows), encoding="utf-8")
    (tmp_path / "whole").mkdir()
    whole = shop_at(tmp_path / "whole")
    assert costs.take_ads(whole, file).new == 1_300
    (tmp_path / "killed").mkdir()
    killed = shop_at(tmp_path / "killed")
    killed.database.close()
    (tmp_path / "killed" / "keys").mkdir(exist_ok=True)
    seen = set()
    for left in (6, 11, 3):
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(tmp_path / "killed"), str(file), str(left)],
            cwd=Path(__file__).parents[1], capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode in (-signal.SIGKILL, 0), done.stderr
        seen.add(len([*costs.listed(killed)]))
        assert periods.check(killed) == ()
    assert len(seen) > 1 and 1_300 not in seen  # killed between the batches, and within them
    costs.take_ads(killed, file)
    assert [*costs.listed(killed)] == [*costs.listed(whole)]
    assert of(killed) == of(whole)
