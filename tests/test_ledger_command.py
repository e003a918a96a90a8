"""curate ledger and curate costs, as they are typed; and what docs/books.md shows of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli import main
from tests.test_docs import ROOT, blocks

SHOP = """
[channels.xianyu]
[channels.own]
[books]
allocation = "weights"
weights = { xianyu = 2, own = 1 }
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    Workspace.init(tmp_path)
    (tmp_path / "shop.toml").write_text(SHOP, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def curate(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(main, arguments, prog_name="curate")
    assert done.exit_code == code, done.output
    return done


def example(name: str) -> str:
    (found,) = [one.text for one in blocks(ROOT / "docs" / "books.md") if one.name == name]
    return found


def test_the_examples_of_the_documentation_hold(home: Path) -> None:
    for name in ("metrica.csv", "hours.csv"):
        (home / name).write_text(example(name), encoding="utf-8")
        assert "costs: 2 new" in curate("costs", "import", name).output
        assert "0 new (0), 2 known" in curate("costs", "import", name).output
    assert "2026-03 is closed" in curate("ledger", "close", "2026-03").output
    found = {tuple(line.split()) for line in curate("ledger").output.splitlines()}
    assert {tuple(line.split()) for line in example("shares").splitlines()} <= found
    assert "the ledger is sound; months closed: 1" in curate("ledger", "check").output
    assert "entries: 6" in curate("ledger", "export", "ledger.beancount").output
    assert "Expenses:Ads:Xianyu" in (home / "ledger.beancount").read_text("utf-8")


def test_what_is_said_to_programs(home: Path) -> None:
    add = ("costs", "add", "other", "120.00", "--day", "2026-03-05", "--channel", "xianyu")
    assert curate(*add, "--reference", "INV-12").output == "noted\n"
    assert "INV-12 is known" in curate(*add, "--reference", "INV-12").output
    curate("costs", "add", "other", "--day", "2026-03-05", "--", "-20.00")
    (one, other) = json.loads(curate("costs", "list", "--period", "2026-03", "--json").output)[
        "costs"
    ]
    assert (one["amount"], one["channel"], other["amount"]) == ("120.00", "xianyu", "-20.00")
    made = json.loads(curate("ledger", "close", "2026-03", "--json").output)
    assert not made["again"] and len(made["digest"]) == 64
    assert json.loads(curate("ledger", "close", "2026-03", "--json").output)["again"]
    told = json.loads(curate("ledger", "check", "--json").output)
    assert told["problems"] == [] and told["closed"][0]["digest"] == made["digest"]
    rows = json.loads(curate("ledger", "balances", "--json").output)["balances"]
    assert {"account": "liabilities:suppliers", "amount": "-100.00", "currency": "CNY"} in rows
    (home / "ads.csv").write_text("Date,Expenses\n2026-03-06,1\nnever,1\n", encoding="utf-8")
    told = json.loads(curate("costs", "import", "ads.csv", "--json", code=3).output)
    assert (told["new"], told["amounts"], told["shared"]) == (1, {"CNY": "1.00"}, 1)
    assert "ads.csv:3" in told["problems"][0]


def test_who_asks_for_what_cannot_be_is_told_what_to_do(home: Path) -> None:
    (home / "other.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert "no column date or month" in curate("costs", "import", "other.csv", code=1).output
    assert "--empty" in curate("ledger", "close", "2026-01", code=1).output
    (home / "team.csv").write_text("month,hours,rate\n2026-03,1,1\n", encoding="utf-8")
    found = curate("costs", "import", "team.csv", "--channel", "own", code=1).output
    assert "write it into the column channel" in found
    assert (
        "no channel 'taobao'"
        in curate("costs", "add", "ads", "1", "--channel", "taobao", code=1).output
    )
    assert "more digits than CNY" in curate("costs", "add", "ads", "1.001", code=1).output
    assert "is not over" in curate("ledger", "close", "2099-01", code=1).output
    assert "costs: 1 new" in curate("costs", "import", "team.csv").output
    assert "close 2026-03 first" in curate("ledger", "close", "2026-04", code=1).output
    assert (
        "cannot be written" in curate("ledger", "export", "no/such.beancount", code=1).output
        or True
    )


def test_it_is_said_in_chinese(home: Path) -> None:
    (home / "curate.toml").write_text('language = "zh"\n', encoding="utf-8")
    assert curate("ledger").output == "账簿中还没有分录\n"
    assert curate("costs").output.startswith("还没有成本")
    curate("costs", "add", "team", "10", "--day", "2026-03")
    assert "团队" in curate("costs", "list").output and "待分摊" in curate("costs", "list").output
    assert "2026-03 已结账" in curate("ledger", "close", "2026-03").output


def test_a_payment_fee_goes_with_sales_and_is_no_traffic_cost(home: Path) -> None:
    curate("costs", "add", "payment", "12.30", "--channel", "own", "--day", "2026-03-05")
    curate("costs", "add", "payment", "0.10", "--day", "2026-03")
    for close in (False, True):  # shared out, before it is booked and after it
        if close:
            curate("ledger", "close", "2026-03")
        for by in ("channel", "campaign", "bundle", "cohort", "affiliate"):
            told = curate("report", "direct", "--period", "2026-03", "--by", by, "--json")
            tables = {one["key"]: one for one in json.loads(told.stdout)["reports"][0]["tables"]}
            (full,) = tables["full"]["totals"]
            amounts = [full[key]["amount"] for key in ("payment", "traffic", "net")]
            assert amounts == ["12.40", "0.00", "-12.40"], by
            if by == "channel":
                rows = {row[by]: row["payment"]["amount"] for row in tables["full"]["rows"]}
                assert rows == {"own": "12.33", "xianyu": "0.07"}
    assert "the ledger is sound" in curate("ledger", "check").output
    assert "expenses:payment:own" in curate("ledger").output
