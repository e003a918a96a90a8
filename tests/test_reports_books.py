"""The reports of a real shop: imported, worked out by the books themselves, and looked at in a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from curate.api import Workspace
from curate.books.direct.dimensions import ALL
from curate.books.reports.builders import BUILDERS
from curate.cli import main
from curate.shop import money, settings
from tests.browser import browser, faults, opened
from tests.test_reports_page import NARROW, OUTSIDE, OVERLAPPING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

__all__ = ["browser"]
_SHOP = """[products.GUIDES]
stock = "unique"
[products."<b>=1+1</b>"]
stock = "unique"
[channels.own]
[channels.post]
"""


@pytest.fixture(params=["en", "zh"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two channels that nothing was sold in yet, in either language."""
    workspace = Workspace.init(tmp_path / "w")
    (workspace.root / "curate.toml").write_text(f'language = "{request.param}"\n', "utf-8")
    settings.path(workspace).write_text(_SHOP, "utf-8")
    monkeypatch.chdir(workspace.root)
    return workspace.root


def sell(*currencies: str) -> dict[str, int]:
    """Forty-five orders of March in each channel, some given back in part; what is left of each currency."""
    head = "order_no,sku,quantity,paid,fee,currency,paid_at,refunded,email,campaign_code"
    left = dict.fromkeys(currencies, 0)
    for channel in ("own", "post"):
        rows = [head]
        for n in range(45):
            code, back = currencies[n % len(currencies)], 250 if n % 7 == 0 else 0
            sku = ("GUIDES", "<b>=1+1</b>")[n % 2]
            rows.append(
                f"{channel}{n},{sku},1,{n + 9}.90,0.06,{code},2026-03-{n % 28 + 1:02} 10:00:00 +0800,"
                f"{back // 100}.{back % 100:02},p{n % 30}@example.org,=spring{n % 3}"
            )
            left[code] += (n + 9) * 100 + 90 - back
        Path(f"{channel}.csv").write_text("\n".join(rows), "utf-8")
        done = CliRunner().invoke(
            main, ["orders", "import", f"{channel}.csv", "--channel", channel]
        )
        assert done.exit_code == 0, done.output
    return left


def test_all_reports_are_told_in_every_form(shop: Path, browser: Browser) -> None:
    sell("CNY", "USD")
    asked = ["report", "--period", "2026", "--html", "all.html", "--csv", "sheets", "--json"]
    done = CliRunner().invoke(main, asked)
    assert done.exit_code == 0, done.output
    read = json.loads(done.stdout)["reports"]
    assert [one["key"] for one in read] == [*BUILDERS]
    sheets = {one.name for one in Path("sheets").iterdir()}
    tables = {f"{one['key']}-{table['key']}.csv" for one in read for table in one["tables"]}
    assert {
        name.replace("2026-01-01--2026-12-31-", "").replace("2026-", "") for name in sheets
    } >= tables
    for size, dark in (((1280, 800), False), (NARROW, True)):
        with opened(browser, Path("all.html").resolve(), size, dark) as (page, watch):
            assert faults(page) == []
            assert watch.outside == [] and watch.complaints == []
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            assert page.evaluate(OUTSIDE) == [] and page.evaluate(OVERLAPPING) == []
            assert page.locator("h2").count() == len(BUILDERS)
            assert page.locator("svg.plot").count() >= 3
    told = CliRunner().invoke(main, ["report", "--period", "2026"])
    assert told.exit_code == 0, told.output
    for one in read:
        assert one["title"] in told.output


@pytest.mark.parametrize(("kind", "by"), [("direct", "colour"), ("journey", "bundle")])
def test_what_a_report_is_not_told_by_is_said(shop: Path, kind: str, by: str) -> None:
    done = CliRunner().invoke(main, ["report", kind, "--period", "2026-03", "--by", by])
    assert done.exit_code == 1 and f"not told by '{by}'" in done.output
    assert "channel" in done.output  # what there is instead


def test_columns_add_up_to_the_ledger_in_each_currency(shop: Path) -> None:
    """Paid less given back, to the cent, whatever it is told by; and no row is a sum of others."""
    left = sell("CNY", "USD")
    made = [told("direct", by) for by in ALL] + [told(kind) for kind in BUILDERS]
    for report in made:
        for table in report["tables"]:
            money_of = [one["key"] for one in table["columns"] if one["kind"] == "money"]
            for key in money_of if table["totals"] else ():
                where = report["key"], table["key"], key
                assert added(table["rows"], key) == added(table["totals"], key), where
    for report in (one for one in made if one["key"] in ("direct", "distribution")):
        assert added(report["tables"][0]["rows"], "revenue") == left, report["title"]
        assert len(report["tables"][0]["totals"]) == 2


def told(kind: str, by: str = "") -> Any:
    words = ["report", kind, "--period", "2026", "--json", *(["--by", by] if by else [])]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["reports"][0]


def added(rows: list[dict[str, Any]], key: str) -> dict[str, int]:
    """Minor units by currency."""
    sums: dict[str, int] = {}
    for cell in [row[key] for row in rows if row[key]]:
        code = cell["currency"]
        sums[code] = sums.get(code, 0) + money.minor(cell["amount"], code)
    return sums
