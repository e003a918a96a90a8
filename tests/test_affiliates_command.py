"""curate affiliates and curate payouts as a seller meets them; what the documents show of them is true."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli import main
from tests.test_docs import blocks, run, section, shell

__all__ = ["shell"]
HEADING = "Affiliates and payouts"
ORDERS = "order_no,sku,paid,currency,paid_at,email,affiliate_code\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A workspace with the files that the documents show."""
    home = tmp_path / "w"
    Workspace.init(home)
    for block in blocks(section("books.md", HEADING, tmp_path), "toml", "csv"):
        if block.name != "pay.csv":
            (home / block.name).write_text(block.text, encoding="utf-8")
    return home


def curate(*words: str | Path, at: Path, typed: str = "") -> Result:
    arguments = [*map(str, words), "--workspace", str(at)]
    return CliRunner().invoke(main, arguments, prog_name="curate", input=typed)


def in_json(*words: str | Path, at: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(curate(*words, "--json", at=at).stdout)
    return told


def sold(at: Path, *rows: str) -> None:
    (at / "more.csv").write_text(ORDERS + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    done = curate("orders", "import", at / "more.csv", "--channel", "own", at=at)
    assert done.exit_code == 0, done.output


@pytest.mark.slow
def test_what_the_documents_show_is_true(
    place: Path, tmp_path: Path, shell: dict[str, str]
) -> None:
    page = section("books.md", HEADING, tmp_path)
    run(page, place, shell)
    (shown,) = [block for block in blocks(page, "csv") if block.name == "pay.csv"]
    assert (place / "pay.csv").read_text("utf-8-sig").splitlines() == shown.text.splitlines()
    assert stat.S_IMODE((place / "pay.csv").stat().st_mode) == 0o600


def test_from_a_buyer_to_their_money_and_back(place: Path) -> None:
    sold(place, "9,GUIDES,10.00,CNY,2025-02-01 10:00,ann@example.org,")
    done = curate("affiliates", "add", "--order", "own", "9", "--code", "ann7", at=place)
    assert done.exit_code == 0 and "ANN7" in done.stdout
    again = curate("affiliates", "add", "--email", "ann@example.org", at=place)
    assert again.exit_code == 1 and "is the affiliate ANN7 already" in again.output
    sold(place, "10,GUIDES,100.00,CNY,2025-03-01 10:00,li@example.org,ANN7")
    none = in_json("payouts", "prepare", "one", at=place)
    assert none["payouts"] == [] and none["left"][0]["why"].startswith("no account")
    words = ["affiliates", "account", "ANN7", "alipay", "--agreed", "v1"]
    kept = curate(*words, at=place, typed="ann@pay.example\n")
    assert kept.exit_code == 0 and "pay.example" not in kept.output
    made = in_json("payouts", "prepare", "one", "--csv", place / "one.csv", at=place)
    assert [(each["code"], each["amount"]) for each in made["payouts"]] == [("ANN7", "20.00")]
    assert "ann@pay.example" not in json.dumps(made)
    assert "ann@pay.example" in (place / "one.csv").read_text("utf-8-sig")
    assert "was prepared before" in curate("payouts", "prepare", "one", at=place).stdout
    assert "paid" in curate("payouts", "paid", "one", "ANN7", at=place).stdout
    assert "noted before" in curate("payouts", "paid", "one", at=place).stdout
    curate("payouts", "list", "one", "--csv", place / "one.csv", at=place)
    assert "ANN7" not in (place / "one.csv").read_text("utf-8-sig")  # it is not to be paid again
    failed = curate("payouts", "failed", "one", "ANN7", "--why", "account closed", at=place)
    assert "account closed" in failed.stdout
    shown = in_json("affiliates", "show", "ann7", at=place)
    assert shown["account"] == "…mple" and shown["sums"][0]["due"] == "20.00"
    assert "account closed" in curate("affiliates", "show", "ANN7", at=place).stdout
    assert "forgotten" in curate("affiliates", "account", "ANN7", "--withdraw", at=place).stdout
    assert in_json("affiliates", at=place)["affiliates"][0]["account"] == ""


def test_statements_as_a_page_a_sheet_and_json(place: Path) -> None:
    curate("affiliates", "add", "--name", "Ann", "--code", "ANN7", "--language", "zh", at=place)
    sold(place, "10,GUIDES,100.00,CNY,2025-03-01 10:00,li@example.org,ANN7")
    words = ["affiliates", "statement", "ANN7", "--period", "2025-03"]
    done = curate(*words, "--html", place / "a.html", "--csv", place / "a.csv", at=place)
    assert done.exit_code == 0, done.output
    page, sheet = (place / "a.html").read_text("utf-8"), (place / "a.csv").read_text("utf-8-sig")
    assert "ANN7 的对账单" in page and "20.00" in page and "<script" not in page
    assert sheet.splitlines()[1].startswith("2025-03-01,earn,seller,")
    told = in_json(*words, at=place)
    assert "li@example.org" not in page + sheet + json.dumps(told)
    assert curate("affiliates", "statement", "NEVER", at=place).exit_code == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["add", "--name", "A", "--entry-fee", "99"], "an entry fee cannot be expressed"),
        (["add", "--name", "A", "--head-count-bonus", "5"], "pay by heads is forbidden"),
        (["add", "--name", "A", "--level", "3"], "a third level cannot be expressed"),
        (["add", "--name", "A", "--押金", "9"], "an entry fee cannot be expressed"),
        (["set", "ANN7", "--team-bonus=5"], "a third level cannot be expressed"),
    ],
)
def test_what_is_forbidden_is_told_with_the_reason(place: Path, words: list[str], why: str) -> None:
    done = curate("affiliates", *words, at=place)
    assert done.exit_code == 1 and why in done.output and "art. 7" in done.output
    assert "what there is instead" in done.output or "leave it out" in done.output


def test_slips_are_told(place: Path) -> None:
    assert curate("affiliates", "add", "--nmae", "A", at=place).exit_code == 2
    assert curate("affiliates", "set", "ANN7", at=place).exit_code == 2
    assert curate("affiliates", "account", "ANN7", "alipay", at=place).exit_code == 2
    for words in (["affiliates", "link", "X", "https://a.example"], ["payouts", "paid", "X"],
                  ["payouts", "prepare", "--until", "2999-01-01"], ["affiliates", "add"]):  # fmt: skip
        done = curate(*words, at=place)
        assert done.exit_code == 1 and "Hint:" in done.output, done.output
    assert "there are no affiliates" in curate("affiliates", at=place).stdout
    assert "nothing was paid out" in curate("payouts", at=place).stdout
    (place / "bad.csv").write_text("code,at,email\nX,2025-01-01,a@b.example\n")
    done = curate("affiliates", "clicks", place / "bad.csv", at=place)
    assert done.exit_code == 3 and "bad.csv:2" in done.output
    assert in_json("affiliates", "clicks", place / "bad.csv", at=place)["problems"]


def test_rematch_and_coupons(place: Path) -> None:
    sold(place, "10,GUIDES,100.00,CNY,2025-03-01 10:00,li@example.org,LATE")
    curate("affiliates", "add", "--name", "Ann", "--code", "ANN7", at=place)
    curate("affiliates", "coupon", "ANN7", "late", at=place)
    assert "now: 1" in curate("affiliates", "rematch", at=place).stdout
    assert "has ended" in curate("affiliates", "coupon", "ANN7", "late", "--end", at=place).stdout
    done = curate("affiliates", "set", "ANN7", "--state", "ended", at=place)
    assert done.stdout.startswith("ANN7: ended")


def test_an_order_tells_whose_sale_it_is_and_what_is_earned_or_why_nothing(place: Path) -> None:
    curate("affiliates", "add", "--email", "ann@example.org", "--code", "ANN7", at=place)
    rest = "GUIDES,100.00,CNY,2025-03-01 10:00"
    sold(place, f"10,{rest},li@example.org,ANN7", f"11,{rest},ann@example.org,ANN7")
    curate("affiliates", "set", "ANN7", "--state", "paused", at=place)
    sold(place, f"12,{rest},wu@example.org,ANN7", f"13,{rest},wu@example.org,NEVER")
    sold(place, f"14,{rest},hu@example.org,ANN7", f"15,{rest},hu@example.org,")

    def told(number: str) -> dict[str, Any]:
        line: dict[str, Any] = in_json("orders", "show", "own", number, at=place)["lines"][0]
        return line

    own = told("10")
    assert own["affiliate_code"] == "ANN7"
    assert own["attributed"] == {
        "affiliate": "ANN7", "by": "code", "rule": "usual", "why": "",
        "earned": [{"affiliate": "ANN7", "role": "seller", "amount": "20.00"}],
    }  # fmt: skip
    assert told("11")["attributed"]["why"] == "the affiliate bought it themselves"
    assert told("12")["attributed"]["earned"] == []
    assert told("13")["attributed"] is None and told("13")["affiliate_code"] == "NEVER"
    lines = {
        "10": "a sale of ANN7, by a code that the order names; rule usual: ANN7 earned 20.00 CNY",
        "12": "nothing is earned: the affiliate is not active",
        "13": "it names NEVER, by which nothing is earned so far",
    }
    for number, line in lines.items():
        assert line in curate("orders", "show", "own", number, at=place).stdout
    assert "earned" not in curate("orders", "show", "own", "15", at=place).stdout
    assert in_json("affiliates", "show", "ANN7", at=place)["earned_nothing"] == [
        {"why": "the affiliate is not active", "sales": 2},
        {"why": "the affiliate bought it themselves", "sales": 1},
    ]
    shown = curate("affiliates", "show", "ANN7", at=place).stdout
    assert "sales that earned nothing: 2 (the affiliate is not active)" in shown
    settings = place / "shop.toml"
    for path, rest in ((place / "curate.toml", ""), (settings, settings.read_text("utf-8"))):
        path.write_text('language = "zh"\n' + rest, encoding="utf-8")
    assert "没有佣金：分销员本人购买" in curate("orders", "show", "own", "11", at=place).stdout
    shown = curate("affiliates", "show", "ANN7", at=place).stdout
    assert "没有佣金的销售：1 笔（分销员本人购买）" in shown


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom curate.cli import main\n"
        "for words in (['affiliates', 'add', '--help'], ['payouts', 'prepare', '--help']):\n"
        "    main(words, standalone_mode=False)\n"
        "assert not {'sqlalchemy', 'matplotlib', 'alembic'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
