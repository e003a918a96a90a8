"""Order files as platforms write them: read exactly, or refused row by row."""

from __future__ import annotations

import codecs
import csv
import io
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.errors import CurateError, Problem
from curate.shop.aftersales.refunds import refund
from curate.shop.orders import Line, formats
from curate.shop.orders.formats import spread
from curate.shop.orders.importing import take_file
from curate.shop.settings import Channel
from tests.selling import shop


def read(path: Path, format: str, **channel: Any) -> tuple[list[Line], list[Problem]]:
    told = formats.told("c", Channel(**channel), format)
    found = list(formats.reader(format)(path, told))
    problems = [one for one in found if isinstance(one, Problem)]
    return [one.line for one in found if not isinstance(one, Problem)], problems


def table(path: Path, *rows: dict[str, Any], separator: str = ",", encoding: str = "utf-8") -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


OWN = {
    "order_no": "A-1", "line_no": "2", "sku": "PDF", "variant": "", "quantity": "3", "unit_price": "4.00",
    "discount": "1.50", "paid": "10.50", "currency": "EUR", "fee": "0.40", "status": "paid",
    "paid_at": "2026-03-01T08:00:00+01:00", "refunded": "3.5", "refunded_quantity": "1",
    "buyer_ref": "买家 甲", "email": "a@example.org", "affiliate_code": "li", "campaign_code": "spring",
    "no_return": "2026-1",
}  # fmt: skip


def test_canonical_rows_are_read_whole(tmp_path: Path) -> None:
    (line,), problems = read(table(tmp_path / "o.csv", OWN), "canonical")
    assert problems == []
    assert line == Line(
        channel="c", number="A-1", line_no="2", item="PDF", quantity=3, unit_price=400, discount=150, paid=1050,
        fee=40, currency="EUR", paid_at=at("2026-03-01T07:00:00"), refunded=350, refunded_quantity=1,
        buyer="买家 甲", email="a@example.org", affiliate_code="li", campaign_code="spring",
        acknowledged="2026-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "separator", "mark"),
    [("utf-8", ",", b""), ("utf-8", ";", codecs.BOM_UTF8), ("gb18030", ",", b""), ("utf-16", "\t", b""),
     ("utf-8", "|", b"sep=|\r\n")],
)  # fmt: skip
def test_encodings_and_separators(
    tmp_path: Path, encoding: str, separator: str, mark: bytes
) -> None:
    path = table(tmp_path / "o.csv", OWN, separator=separator, encoding=encoding)
    path.write_bytes(mark + path.read_bytes())
    (line,), problems = read(path, "canonical")
    assert (line.buyer, line.paid, problems) == ("买家 甲", 1050, [])


@pytest.mark.parametrize(
    ("written", "read_as"),
    [("'=1+1", "=1+1"), ("'0012", "0012"), ('="0012"', "0012"), ("\t2226688164543566229", "2226688164543566229"),
     ("'-A", "-A"), ("A\nB", "A B"), ("'Tis", "'Tis"), ("A\x00B", "A B"), ("小吃🍜", "小吃🍜")],
)  # fmt: skip
def test_cells_are_read_without_their_guards(tmp_path: Path, written: str, read_as: str) -> None:
    (line,), _ = read(table(tmp_path / "o.csv", OWN | {"order_no": written}), "canonical")
    assert line.number == read_as


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ({"order_no": "2.22669E+18"}, "rounded by a spreadsheet"), ({"order_no": ""}, "order_no"),
        ({"sku": ""}, "sku"), ({"paid": "12,50"}, "amount of money"), ({"paid": "1.005"}, "more digits"),
        ({"paid": "-1"}, "less than nothing"), ({"quantity": "1.5"}, "whole number"),
        ({"quantity": "9" * 20}, "whole number"), ({"paid_at": "9/6/2026"}, "no date"),
        ({"paid_at": "2026-02-30"}, "no date"), ({"status": "gone"}, "status"), ({"currency": "¥"}, "currency"),
        ({"channel": "other"}, "channel"), ({"order_no": "x" * 300}, "longer than"),
    ],
    ids=str,
)  # fmt: skip
def test_a_row_that_is_not_exact_is_told_and_the_rest_goes_on(
    tmp_path: Path, cell: dict[str, str], said: str
) -> None:
    path = table(tmp_path / "o.csv", {"channel": "c", **OWN}, {"channel": "", **OWN} | cell, OWN)
    lines, (problem,) = read(path, "canonical")
    assert len(lines) == 2
    assert problem.where == "o.csv:3" and said in problem.what


def test_rows_are_counted_as_a_spreadsheet_counts_them(tmp_path: Path) -> None:
    text = 'order_no,sku,paid,title\nA,PDF,1,"two\nlines"\n\nB,PDF,x,\nC,PDF,1,,,surplus\nD,PDF,2\nE,"PDF\n'
    path = tmp_path / "o.csv"
    path.write_text(text, encoding="utf-8")
    lines, problems = read(path, "canonical")
    assert [one.number for one in lines] == ["A", "D", "E"]
    assert [one.where for one in problems] == ["o.csv:4", "o.csv:5"]


@pytest.mark.parametrize(
    ("data", "said"),
    [(b"", "empty"), (b"\n \n", "empty"), (b"a,b\n1,2\n", "no column order_no"), (b"PK\x03\x04..", "spreadsheet"),
     (b"\xff\xff\xff\xff", "neither"), (b"order_no,sku\n" + b"x" * (1 << 21), "more than")],
    ids=["empty", "blank", "columns", "xlsx", "binary", "line"],
)  # fmt: skip
def test_what_is_no_table_is_refused_whole(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "o.csv").write_bytes(data)
    with pytest.raises(CurateError, match=said):
        read(tmp_path / "o.csv", "canonical")


ENTRY = {"order_no": "J1", "sku": "PDF", "paid": "9.90", "quantity": 1, "paid_at": 1790000000}


@pytest.mark.parametrize(
    "text",
    [json.dumps([ENTRY, ENTRY]), json.dumps({"lines": [ENTRY, ENTRY]}, indent=1),
     f"{json.dumps(ENTRY)}\n\n{json.dumps(ENTRY)}\n", "\ufeff" + json.dumps({"orders": [ENTRY, ENTRY]})],
    ids=["list", "object", "lines", "one line"],
)  # fmt: skip
def test_json_in_its_shapes(tmp_path: Path, text: str) -> None:
    (tmp_path / "o.json").write_text(text, encoding="utf-8")
    lines, problems = read(tmp_path / "o.json", "canonical")
    assert [one.paid for one in lines] == [990, 990] and problems == []
    assert lines[0].paid_at == 1790000000


@pytest.mark.parametrize(
    ("value", "said"),
    [('"paid": 9.9', "exact only as text"), ('"paid": 990', "exact only as text"), ('"quantity": true', "whole"),
     ('"quantity": 1.0', "whole"), ('"order_no": ["x"]', "no text"), ('"order_no": null', "empty")],
)  # fmt: skip
def test_json_values_have_to_be_of_their_type(tmp_path: Path, value: str, said: str) -> None:
    name = value.partition(":")[0].strip('"')
    rest = json.dumps({key: one for key, one in ENTRY.items() if key != name})[1:]
    (tmp_path / "o.json").write_text(
        f"[{{{value}, {rest}, {json.dumps(ENTRY)}, 7]", encoding="utf-8"
    )
    lines, problems = read(tmp_path / "o.json", "canonical")
    assert len(lines) == 1
    assert said in str(problems[0]) and [one.where for one in problems] == ["o.json:1", "o.json:3"]


@pytest.mark.parametrize(
    "text",
    ["[" + json.dumps(ENTRY) + ", {broken", "[" * 100_000, '{"a": NaN}', '{"a": 1, "a": 2}', "[1" + "0" * 9_000],
    ids=["cut", "deep", "nan", "twice", "digits"],
)  # fmt: skip
def test_broken_json_is_a_problem_not_a_crash(tmp_path: Path, text: str) -> None:
    (tmp_path / "o.json").write_text(text, encoding="utf-8")
    lines, problems = read(tmp_path / "o.json", "canonical")
    assert len(lines) <= 1 and len(problems) == 1


GUMROAD = {
    "Purchase ID": "GvR2t==", "Item Name": "Snacks", "Buyer Name": "Ann", "Purchase Email": "ann@example.org",
    "Purchase Date": "2026-01-05", "Purchase Time (UTC timezone)": "2026-01-05 12:00:00 UTC",
    "Sale Price ($)": "19.5", "Fees ($)": "1.95", "Refunded?": "0", "Partial Refund ($)": "0.0",
    "Fully Refunded?": "0", "Disputed?": "0", "Dispute Won?": "0", "Variants": "(Full)", "Product ID": "abcde",
    "Quantity": "1", "UTM Campaign": "spring",
}  # fmt: skip


def test_gumroad(tmp_path: Path) -> None:
    totals = {"Purchase ID": "Totals", "Sale Price ($)": "58.5", "Fees ($)": "5.85"}
    path = table(
        tmp_path / "sales.csv", GUMROAD,
        GUMROAD | {"Purchase ID": "b", "Refunded?": "1", "Partial Refund ($)": "5.0"},
        GUMROAD | {"Purchase ID": "c", "Refunded?": "1", "Fully Refunded?": "1", "Giftee Email": "g@example.org"},
        GUMROAD | {"Purchase ID": "d", "Disputed?": "1"}, totals,
    )  # fmt: skip
    lines, problems = read(path, "gumroad")
    first = lines[0]
    assert (first.number, first.item, first.variant, first.paid, first.fee, first.currency) == (
        "GvR2t==", "abcde", "(Full)", 1950, 195, "USD",
    )  # fmt: skip
    assert first.paid_at == at("2026-01-05T12:00:00") and first.campaign_code == "spring"
    assert [(one.refunded, one.refunded_quantity) for one in lines] == [
        (0, 0),
        (500, 0),
        (1950, 1),
        (0, 0),
    ]
    assert lines[2].email == "g@example.org"
    assert [one.where for one in problems] == ["sales.csv:5"]


SHOPIFY = {
    "Name": "#1001", "Email": "a@example.org", "Financial Status": "paid", "Paid at": "2026-02-01 09:50:26 +0200",
    "Currency": "EUR", "Subtotal": "27.00", "Shipping": "0.00", "Taxes": "4.30", "Total": "27.00",
    "Discount Code": "TEN", "Discount Amount": "3.00", "Lineitem quantity": "1", "Lineitem name": "Snacks",
    "Lineitem price": "10.00", "Lineitem sku": "PDF", "Lineitem discount": "0.00", "Cancelled at": "",
    "Refunded Amount": "0.00", "Billing Name": "Ann Lee",
}  # fmt: skip


def more(**cells: str) -> dict[str, str]:
    """A further row of the same order: only what is of the line."""
    own = {name: SHOPIFY[name] for name in SHOPIFY if name == "Name" or name.startswith("Lineitem")}
    return own | {f"Lineitem {name}": value for name, value in cells.items()}


def test_shopify_orders_are_several_rows(tmp_path: Path) -> None:
    path = table(
        tmp_path / "orders.csv", SHOPIFY, more(quantity="2", name="Kit - full", sku=""),
        SHOPIFY | {"Name": "#1002", "Financial Status": "refunded", "Subtotal": "10.00", "Refunded Amount": "10.00"},
        SHOPIFY | {"Name": "#1003", "Financial Status": "pending"},
        SHOPIFY | {"Name": "#1004", "Financial Status": "voided", "Cancelled at": "2026-02-02 09:00:00 +0200"},
    )  # fmt: skip
    lines, problems = read(path, "shopify")
    assert problems == []
    assert [(one.number, one.line_no, one.item, one.quantity, one.paid, one.state) for one in lines] == [
        ("#1001", "1", "PDF", 1, 900, "paid"), ("#1001", "2", "Kit - full", 2, 1800, "paid"),
        ("#1002", "1", "PDF", 1, 1000, "paid"), ("#1003", "1", "PDF", 1, 0, "unpaid"),
        ("#1004", "1", "PDF", 1, 0, "cancelled"),
    ]  # fmt: skip
    assert (lines[2].refunded, lines[2].refunded_quantity) == (1000, 1)
    assert lines[1].email == "a@example.org" and lines[1].paid_at == at("2026-02-01T07:50:26")


def test_shopify_does_not_say_which_line_was_given_back(tmp_path: Path) -> None:
    status = {"Financial Status": "partially_refunded", "Refunded Amount": "4.00"}
    path = table(
        tmp_path / "orders.csv", SHOPIFY | status, more(quantity="2"), SHOPIFY | {"Name": "#2"} | status,
        more() | {"Name": "#9"},
    )  # fmt: skip
    lines, problems = read(path, "shopify")
    assert [one.refunded for one in lines] == [0, 0, 400]
    assert [one.where for one in problems] == ["orders.csv:2", "orders.csv:5"]


WOO = {
    "id": 727, "number": "727", "status": "processing", "currency": "USD", "total": "32.00",
    "date_paid": "2026-03-22T16:28:08", "date_paid_gmt": "2026-03-22T19:28:08",
    "billing": {"first_name": "John", "last_name": "Doe", "email": "john@example.com"},
    "line_items": [
        {"id": 315, "name": "Snacks", "product_id": 93, "variation_id": 0, "quantity": 2, "subtotal": "12.00",
         "total": "10.00", "total_tax": "2.00", "sku": "PDF", "price": 5.0},
        {"id": 316, "name": "Kit", "product_id": 22, "variation_id": 23, "quantity": 1, "subtotal": "20.00",
         "total": "20.00", "total_tax": "0.00", "sku": "KIT", "price": 20},
    ],
    "refunds": [],
}  # fmt: skip


def test_woocommerce_json(tmp_path: Path) -> None:
    single = WOO | {"number": "728", "total": "12.00", "line_items": WOO["line_items"][:1]}  # type: ignore[index]
    part = {"refunds": [{"id": 1, "reason": "", "total": "-6.00"}]}
    orders = [
        WOO, single | part, WOO | {"number": "729", "status": "refunded"}, WOO | {"number": "730"} | part,
        WOO | {"number": "731", "status": "cancelled", "date_paid": None, "date_paid_gmt": None},
        WOO | {"number": "732", "status": "wc-mine"},
    ]  # fmt: skip
    (tmp_path / "o.json").write_text(json.dumps(orders), encoding="utf-8")
    lines, problems = read(tmp_path / "o.json", "woocommerce")
    first, second = lines[:2]
    assert (first.line_no, first.item, first.variant, first.paid, first.discount) == (
        "315",
        "PDF",
        "",
        1000,
        200,
    )
    assert (second.item, second.variant) == ("KIT", "23")
    assert first.paid_at == at("2026-03-22T19:28:08") and first.buyer == "John Doe"
    assert [(one.number, one.refunded, one.refunded_quantity) for one in lines[2:5]] == [
        ("728", 500, 0), ("729", 1000, 2), ("729", 2000, 1),
    ]  # fmt: skip
    assert [one.state for one in lines[-2:]] == ["cancelled", "cancelled"] and lines[-1].paid == 0
    assert [one.where for one in problems] == ["o.json:4", "o.json:6"]


def test_what_a_person_said_of_a_refund_is_not_asked_again(tmp_path: Path) -> None:
    """Also where the channel counts the tax with it, and our lines are without."""
    own = shop(tmp_path, channels={"s": Channel("shopify"), "w": Channel("woocommerce")}).shop

    def asked(path: Path, channel: str) -> list[str]:
        return [one.what for one in take_file(own, path, channel).problems]

    part = {
        "Financial Status": "partially_refunded",
        "Subtotal": "27.00",
        "Refunded Amount": "4.00",
    }
    path = table(tmp_path / "s.csv", SHOPIFY | part, more(quantity="2"))
    assert len(asked(path, "s")) == len(asked(path, "s")) == 1
    refund(own, "s", "#1001", "1", quantity=0, amount=150)
    assert len(asked(path, "s")) == 1
    refund(own, "s", "#1001", "2", quantity=0, amount=250)
    assert asked(path, "s") == []
    table(path, SHOPIFY | part | {"Refunded Amount": "5.00"}, more(quantity="2"))
    assert len(asked(path, "s")) == 1, "more of it was given back"
    table(path, SHOPIFY | part | {"Cancelled at": "2026-02-02 09:00:00 +0200"}, more(quantity="2"))
    assert len(asked(path, "s")) == 1
    for number in "12":
        refund(own, "s", "#1001", number)
    assert asked(path, "s") == []
    orders = [
        WOO | {"refunds": [{"id": 1, "reason": "", "total": "-16.00"}]}
    ]  # 30.00 and 2.00 of tax
    (tmp_path / "w.json").write_text(json.dumps(orders), encoding="utf-8")
    assert len(asked(tmp_path / "w.json", "w")) == 1
    refund(own, "w", "727", "316", quantity=0, amount=1499)
    assert len(asked(tmp_path / "w.json", "w")) == 1
    refund(own, "w", "727", "315", quantity=0, amount=1)
    assert asked(tmp_path / "w.json", "w") == []


def test_woocommerce_csv(tmp_path: Path) -> None:
    row = {
        "order_id": "41", "order_number": "1041", "date": "2026-03-22 16:28:08", "status": "completed",
        "order_currency": "USD", "billing_first_name": "John", "billing_email": "john@example.com",
        "item_id": "9", "item_product_id": "93", "item_name": "Snacks", "item_sku": "PDF", "item_quantity": "2",
        "item_subtotal": "12.00", "item_total": "10.00", "item_refunded": "-5", "item_refunded_qty": "-1",
    }  # fmt: skip
    path = table(tmp_path / "o.csv", row, row | {"order_number": "1042", "status": "failed"})
    lines, problems = read(path, "woocommerce", timezone="America/New_York")
    assert problems == []
    assert [(one.number, one.line_no, one.paid, one.refunded, one.refunded_quantity, one.state) for one in lines] == [
        ("1041", "9", 1000, 500, 1, "paid"), ("1042", "9", 0, 0, 0, "unpaid"),
    ]  # fmt: skip
    assert lines[0].paid_at == at("2026-03-22T20:28:08")
    path = table(tmp_path / "o.csv", row | {"item_refunded_qty": "one"}, row)
    lines, problems = read(path, "woocommerce")
    assert len(lines) == 1 and "item_refunded_qty is no whole number" in str(problems[0])


def test_dujiaoka(tmp_path: Path) -> None:
    row = {
        "id": "1", "order_sn": "ABCDEFGH", "goods_id": "7", "title": "小吃配方 x 2", "goods_price": "9.90",
        "buy_amount": "2", "coupon_discount_price": "1.00", "wholesale_discount_price": "0.00",
        "actual_price": "18.80", "email": "10001", "info": "CARD-1", "status": "4",
        "created_at": "2026-01-05 09:03:00",
    }  # fmt: skip
    path = table(
        tmp_path / "orders.csv", row, row | {"order_sn": "B", "status": "-1"}, row | {"order_sn": "C", "status": "5"},
        encoding="gb18030",
    )  # fmt: skip
    lines, problems = read(path, "dujiaoka")
    assert [(one.number, one.item, one.paid, one.discount, one.state, one.card) for one in lines] == [
        ("ABCDEFGH", "7", 1880, 100, "paid", ""), ("B", "7", 0, 100, "unpaid", ""),
    ]  # fmt: skip
    assert lines[0].title == "小吃配方 x 2" and lines[0].email == ""
    assert lines[0].paid_at == at("2026-01-05T01:03:00")
    assert [one.where for one in problems] == ["orders.csv:4"]
    assert read(path, "dujiaoka", delivery="cards")[0][0].card == "CARD-1"


def test_xianguanjia(tmp_path: Path) -> None:
    order = {
        "order_no": "2226688164543566229", "order_status": 12, "pay_amount": 1600, "pay_time": 1790000000,
        "refund_status": 0, "refund_amount": "0", "refund_time": 0, "buyer_nick": "小王",
        "goods": {"quantity": 1, "price": 1600, "item_id": "900", "outer_id": "", "sku_text": "版本:完整",
                  "sku_outer_id": "", "title": "小吃配方"},
    }  # fmt: skip
    own = {"goods": order["goods"] | {"sku_outer_id": "PDF"}}  # type: ignore[operator]
    orders = [
        order, order | own | {"order_no": "2", "order_status": 23, "refund_status": 5, "refund_amount": "1600"},
        order | {"order_no": "3", "refund_status": 5, "refund_amount": 600, "refund_time": 1790000100},
        order | {"order_no": "4", "order_status": 24, "pay_amount": 0, "pay_time": 0},
        order | {"order_no": "5", "order_status": 99},
    ]  # fmt: skip
    for text in (json.dumps({"code": 0, "data": {"list": orders}}), json.dumps(orders)):
        (tmp_path / "o.json").write_text(text, encoding="utf-8")
        lines, problems = read(tmp_path / "o.json", "xianguanjia")
        assert [(one.item, one.variant, one.state, one.paid, one.refunded, one.refunded_quantity) for one in lines] == [
            ("900", "版本:完整", "paid", 1600, 0, 0), ("PDF", "", "paid", 1600, 1600, 1),
            ("900", "版本:完整", "paid", 1600, 600, 0), ("900", "版本:完整", "cancelled", 0, 0, 0),
        ]  # fmt: skip
        assert [one.where for one in problems] == ["o.json:5"]
    (tmp_path / "o.json").write_text(json.dumps({"code": 0, "data": order}), encoding="utf-8")
    assert len(read(tmp_path / "o.json", "xianguanjia")[0]) == 1


def test_a_column_of_the_channels_own_says_who_agreed(tmp_path: Path) -> None:
    path = table(
        tmp_path / "s.csv",
        GUMROAD | {"No Return": "yes"},
        GUMROAD | {"Purchase ID": "b", "No Return": "no"},
    )
    lines, _ = read(path, "gumroad", acknowledgement="No return")
    assert [one.acknowledged for one in lines] == ["yes", ""]


def test_settings_that_mean_nothing_are_refused() -> None:
    with pytest.raises(CurateError, match="time zone"):
        formats.told("c", Channel(timezone="../../etc/passwd"))
    with pytest.raises(CurateError, match="no format"):
        formats.told("c", Channel(format="taobao"))


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_money_is_spread_to_the_last_cent(amount: int, parts: list[int]) -> None:
    shares = spread(amount, parts)
    assert sum(shares) == (amount if sum(parts) else 0) and min(shares) >= 0


@given(st.sampled_from(sorted(formats.FORMATS)), st.binary(max_size=400), st.booleans())
@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_nothing_that_a_file_holds_brings_it_down(
    tmp_path: Path, format: str, data: bytes, headed: bool
) -> None:
    heads = {
        "gumroad": ",".join(GUMROAD), "shopify": ",".join(SHOPIFY), "canonical": ",".join(OWN),
        "dujiaoka": "order_sn,goods_id,buy_amount,actual_price,status",
        "woocommerce": "order_id,status,item_name,quantity,item_total", "xianguanjia": "[{",
    }  # fmt: skip
    path = tmp_path / "x"
    path.write_bytes((heads[format].encode() + b"\n" if headed else b"") + data)
    with suppress(CurateError):
        read(path, format)
