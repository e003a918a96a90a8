"""curate orders import --served: years of orders into the books, and nobody is served twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from curate.api import Workspace
from curate.cli import main
from curate.database.tables import (
    codes,
    commissions,
    contacts,
    deliveries,
    entries,
    grants,
    lines,
    metadata,
    outbox,
    refunds,
    steps,
)
from curate.shop import Shop, delivery, ledger
from curate.shop.aftersales import refunds as giving
from curate.shop.orders import Line, intake
from curate.shop.settings import Channel, Settings, Sold
from tests.postgres import postgres

SHOP = """language = "en"
[products.KEYS]
stock = "unique"
[channels.own]
[distribution]
rule = "usual"
[rules.usual]
percent = "20"
"""
MARCH, APRIL = 1_740_823_200, 1_744_250_400  # 1 March 2025, 10:00; 10 April 2025, 02:00
HISTORY = """order_no,line_no,sku,quantity,paid,fee,status,paid_at,refunded,refunded_quantity,refunded_at,email,affiliate_code
1,1,KEYS,2,20.00,0.12,paid,2025-03-01 10:00,,,,li@example.org,ANN7
2,1,KEYS,1,10.00,0.06,paid,2025-03-01 10:00,10.00,1,2025-04-10 02:00,wang@example.org,
3,1,KEYS,3,30.00,0.18,paid,2025-03-01 10:00,10.00,1,,li@example.org,
4,1,KEYS,1,10.00,0.06,cancelled,2025-03-01 10:00,,,,zhao@example.org,
5,1,KEYS,1,10.00,,unpaid,,,,,qian@example.org,
6,1,777,1,5.00,,paid,2025-03-01 10:00,,,,,
"""


def curate(*arguments: str | Path, at: Path) -> Result:
    words = [*map(str, arguments), "--workspace", str(at)]
    return CliRunner().invoke(main, words, prog_name="curate")


def in_json(*arguments: str | Path, at: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(curate(*arguments, "--json", at=at).stdout)
    return told


@pytest.fixture
def root(tmp_path: Path) -> Path:
    Workspace.init(tmp_path / "w")
    (tmp_path / "w" / "shop.toml").write_text(SHOP, "utf-8")
    (tmp_path / "w" / "history.csv").write_text(HISTORY, "utf-8")
    return tmp_path / "w"


def stocked(root: Path) -> None:
    (root / "codes.txt").write_text("".join(f"KEY-{n:04}\n" for n in range(20)), "utf-8")
    assert curate("stock", "add", "KEYS", root / "codes.txt", at=root).exit_code == 0


def bring(root: Path, *more: str) -> dict[str, Any]:
    return in_json("orders", "import", root / "history.csv", "--channel", "own", *more, at=root)


def everything(shop: Shop) -> dict[str, list[Any]]:
    with shop.database.reading() as connection:
        return {
            table.name: [*connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
        }


def count(shop: Shop, table: Any) -> int:
    with shop.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def states(shop: Shop) -> list[tuple[Any, ...]]:
    query = select(lines.c.order_id, deliveries.c.state, deliveries.c.quantity).join(deliveries)
    with shop.database.reading() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(lines.c.order_id))]


def balances(shop: Shop) -> dict[str, int]:
    return {one.account: one.amount for one in ledger.balances(shop)}


def test_history_goes_into_the_books_and_nothing_is_delivered(root: Path) -> None:
    stocked(root)
    added = curate("affiliates", "add", "--email", "ann@example.org", "--code", "ANN7", at=root)
    assert added.exit_code == 0, added.output
    taken = bring(root, "--served")
    assert (taken["new"], taken["queued"], taken["faults"]) == (6, 0, 0)
    shop = Shop.open(Workspace(root))
    assert states(shop) == [
        (1, "confirmed", 2), (2, "revoked", 1), (3, "confirmed", 2), (4, "revoked", 1), (6, "confirmed", 1),
    ]  # fmt: skip
    assert (count(shop, grants), count(shop, outbox), count(shop, contacts)) == (0, 0, 5)
    with shop.database.reading() as connection:
        assert {*connection.scalars(select(codes.c.state))} == {"free"}
        first = connection.execute(select(steps).order_by(steps.c.id).limit(1)).one()
        back = connection.execute(select(refunds.c.amount, refunds.c.at)).all()
        assert connection.scalar(select(func.sum(commissions.c.amount))) == 400
    assert (first.state, first.at, first.proof) == ("confirmed", MARCH, "served before")
    assert sorted(map(tuple, back)) == [(1000, MARCH), (1000, MARCH), (1000, APRIL)]
    assert balances(shop)["income:sales:KEYS"] == -4000
    assert balances(shop)["expenses:commission:ANN7"] == 400
    before = everything(shop)
    for more in ((), ("--served",)):
        again = bring(root, *more)
        assert (again["new"], again["changed"], again["same"], again["queued"]) == (0, 0, 6, 0)
    sent = curate("outbox", "send", at=root)
    assert sent.exit_code == 0 and everything(shop) == before


def test_people_read_why(root: Path) -> None:
    bring(root, "--served")
    told = curate("orders", "show", "own", "1", at=root).output
    assert "with the buyer served before" in told
    (root / "shop.toml").write_text(SHOP.replace('"en"', '"zh"'), "utf-8")
    assert "此前已交付" in curate("orders", "show", "own", "1", at=root).output
    again = curate("orders", "resend", "own", "1", at=root)
    assert again.exit_code == 1 and "was served before its order came in here" in again.output


def test_a_refund_of_it_is_one_like_any_other(root: Path) -> None:
    bring(root, "--served")
    shop = Shop.open(Workspace(root))
    done = curate("orders", "refund", "own", "1", "--quantity", "1", "--yes", at=root)
    assert done.exit_code == 0, done.output
    assert states(shop)[0] == (1, "confirmed", 1)
    done = curate("orders", "refund", "own", "1", "--yes", at=root)
    assert done.exit_code == 0, done.output
    assert states(shop)[0] == (1, "revoked", 1)
    assert balances(shop)["income:sales:KEYS"] == -2000


def test_what_waited_by_mistake_is_put_right(root: Path) -> None:
    """Who forgot --served says it afterwards; who was given something has it."""
    (root / "codes.txt").write_text("KEY-1\nKEY-2\n", "utf-8")
    assert curate("stock", "add", "KEYS", root / "codes.txt", at=root).exit_code == 0
    bring(root)
    shop = Shop.open(Workspace(root))
    there = dict.fromkeys((1, 2, 3, 4, 6), "")
    there |= {order: state for order, state, _ in states(shop)}
    assert there == {1: "rendered", 2: "revoked", 3: "waiting", 4: "revoked", 6: ""}
    income = balances(shop)
    told = bring(root, "--served")
    assert (told["changed"], told["new"], told["queued"]) == (2, 0, 0)  # 3, and 6 without a product
    assert balances(shop) == income
    assert {order: state for order, state, _ in states(shop)} == {
        1: "rendered", 2: "revoked", 3: "confirmed", 4: "revoked", 6: "confirmed",
    }  # fmt: skip
    stocked(root)
    assert count(shop, outbox) == 1
    before = everything(shop)
    assert bring(root)["changed"] == 0 and everything(shop) == before


@pytest.mark.parametrize("way", ["remap", "import"])
def test_a_product_that_is_mapped_later_is_served_all_the_same(root: Path, way: str) -> None:
    assert bring(root, "--served")["unmapped"][0]["item"] == "777"
    stocked(root)
    with (root / "shop.toml").open("a", encoding="utf-8") as file:
        file.write('[channels.own.products]\n777 = "KEYS"\n')
    told = in_json("orders", "remap", at=root) if way == "remap" else bring(root)
    assert (told["changed"], told["queued"], told["unmapped"]) == (1, 0, [])
    shop = Shop.open(Workspace(root))
    assert count(shop, outbox) == 0 and balances(shop)["income:sales:KEYS"] == -4500
    with shop.database.reading() as connection:
        assert {*connection.scalars(select(deliveries.c.sku))} == {"KEYS"}


SETTINGS = Settings(products={"PDF": Sold(stock="unique")}, channels={"own": Channel()})


def lived(shop: Shop) -> None:
    """Some that wait, some that were served, refunds of both by thousands, and the same once more."""

    def line(number: int, **more: Any) -> Line:
        told: dict[str, Any] = {
            "item": "PDF",
            "quantity": 2,
            "paid": 1000,
            "fee": 7,
            "paid_at": MARCH,
        }
        return Line("own", str(number), **told | {"email": f"b{number % 90}@x.org"} | more)

    new = [line(n, state="cancelled" if n % 17 == 0 else "paid") for n in range(1_200)]
    back = [
        msgspec.structs.replace(one, refunded=500 + 500 * (n % 2), refunded_quantity=1 + n % 2)
        for n, one in enumerate(new[:400])
        if one.state == "paid"
    ]
    assert intake.take(shop, new[:300]).faults == 0
    assert intake.take(shop, [*new, *back], served=True).faults == 0
    assert intake.take(shop, [*new, *back]).changed == 0
    assert intake.take(shop, [line(2, refunded=2_000)]).faults == 1
    assert giving.refund(shop, "own", "700").units_left == 0
    delivery.serve(shop)


def test_postgresql_keeps_the_same(tmp_path: Path) -> None:
    alone = Shop(Workspace(tmp_path), SETTINGS, lambda: APRIL)
    lived(alone)
    with postgres() as server:
        config = msgspec.structs.replace(SETTINGS, database=server.database())
        other = Shop(Workspace(tmp_path), config, lambda: APRIL)
        lived(other)
        found, wanted = everything(other), everything(alone)
        other.database.close()
    for name, kept in wanted.items():
        assert len(found[name]) == len(kept), name
    assert balances(alone) and count(alone, entries) == 1_200 + 71 + 376 + 1
    assert {row.state for row in wanted["deliveries"]} == {"confirmed", "revoked"}
    for name in ("lines", "refunds", "postings", "deliveries"):
        assert sorted(map(str, found[name])) == sorted(map(str, wanted[name])), name
