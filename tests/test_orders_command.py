"""curate shop and curate orders as a seller meets them: from nothing to a served order."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.api import Workspace
from curate.cli import main
from curate.errors import Problem
from curate.pipeline.setup import Wish
from curate.shop import Shop, notices
from curate.shop.orders import formats
from curate.shop.settings import Channel
from tests.test_docs import ROOT, blocks

ORDERS = """order_no,sku,variant,title,quantity,paid,currency,paid_at,buyer_ref,no_return
1001,guides,,Guides,1,9.90,CNY,2026-09-01 10:00,li,2026-1
1002,777,light,Light edition,2,5.00,CNY,2026-09-01 10:05,wang,
1003,guides,,Guides,1,9.9 0,CNY,2026-09-01 10:06,zhao,
"""


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with one released collection, and one that never was; not to be changed by a test."""
    workspace = Workspace.init(tmp_path_factory.mktemp("shop"))
    for name in ("guides", "drafts"):
        workspace.new(name, Wish(title=name.title(), own="Ann Lee"))
        material = workspace.collection_file(name).parent / "material"
        (material / "note.md").write_text("# Backups\n\nThree copies.\n", encoding="utf-8")
    config = workspace.collection_file("guides")
    head, _, _ = config.read_text("utf-8").partition("[listing]")
    text = f'{head}[listing]\nsku = "guides"\nprice = "9.90"\nformats = ["sheet", "kit"]\n'
    config.write_text(text, encoding="utf-8")
    workspace.collect()
    workspace.classify()
    workspace.package("guides")
    return workspace.root


@pytest.fixture
def shop(released: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    subprocess.run(["cp", "-r", str(released), str(tmp_path / "w")], check=True)
    return tmp_path / "w"


def curate(*arguments: str | Path, at: Path) -> Result:
    words = [*map(str, arguments), "--workspace", str(at)]
    return CliRunner().invoke(main, words, prog_name="curate")


def in_json(*arguments: str | Path, at: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(curate(*arguments, "--json", at=at).stdout)
    assert told["version"] == 1
    return told


def test_init_writes_what_is_released_and_never_overwrites(shop: Path) -> None:
    done = curate("shop", "init", at=shop)
    assert done.exit_code == 0, done.output
    assert "curate orders import" in done.output and "drafts" in done.output
    written = (shop / "shop.toml").read_text("utf-8")
    assert tomllib.loads(written)["products"] == {"guides": {"collection": "guides"}}
    assert "[products.guides]  # Guides" in written
    (shop / "shop.toml").write_text(written + "# mine\n", encoding="utf-8")
    again = curate("shop", "init", at=shop)
    assert again.exit_code == 1 and "exists already" in again.output
    assert (shop / "shop.toml").read_text("utf-8").endswith("# mine\n")


def test_its_remarks_are_in_the_workspaces_language(shop: Path) -> None:
    (shop / "curate.toml").write_text('language = "zh"\n', encoding="utf-8")
    curate("shop", "init", at=shop)
    written = (shop / "shop.toml").read_text("utf-8")
    assert "卖什么" in written and "away" not in written
    held = tomllib.loads(written)
    assert (held["language"], held["products"]) == ("zh", {"guides": {"collection": "guides"}})
    examples = "\n".join(
        line.removeprefix("# ") for line in written.split("# [channels", 1)[1].split("\n")
    )
    assert tomllib.loads("[channels" + examples)["channels"]["xianyu"]["format"] == "xianguanjia"


def ready(shop: Path, channels: str = "[channels.own]\n") -> Path:
    curate("shop", "init", at=shop)
    with (shop / "shop.toml").open("a", encoding="utf-8") as file:
        file.write(channels + '[serve]\nurl = "https://files.example.org"\n')
    (shop / "orders.csv").write_text(ORDERS, encoding="utf-8")
    return shop / "orders.csv"


def test_from_a_file_to_a_served_order(shop: Path) -> None:
    file = ready(shop)
    done = curate("orders", "import", file, "--channel", "own", at=shop)
    assert done.exit_code == 3, done.output
    assert "orders.csv:4" in done.stderr and "no amount of money" in done.stderr
    assert '"777:light" = "guides"  # Light edition' in done.stderr
    assert [one["number"] for one in in_json("orders", "list", "--waiting", at=shop)["lines"]] == [
        "1002"
    ]
    (first,) = in_json("orders", "show", "own", "1001", at=shop)["lines"]
    assert [one["state"] for one in first["steps"]][:2] == ["waiting", "allocated"]
    assert len(first["grants"]) == 1 and set(first["grants"][0]) == {
        "serial", "unit", "version", "expires_at", "revoked_at", "revoked_why",
    }  # fmt: skip
    with (shop / "shop.toml").open("a", encoding="utf-8") as toml:
        toml.write('[channels.own.products]\n"777:light" = "guides"\n')
    mapped = in_json("orders", "remap", at=shop)
    assert (mapped["changed"], mapped["queued"], mapped["unmapped"]) == (1, 1, [])
    again = in_json("orders", "import", file, "--channel", "own", at=shop)
    assert (again["new"], again["changed"], again["same"], again["faults"]) == (0, 0, 2, 1)
    told = curate("orders", "show", "own", "1002", at=shop).output
    assert "Light edition" in told and "access" in told and "5.00 CNY" in told
    assert (
        "agreed that nothing is returned" in curate("orders", "show", "own", "1001", at=shop).output
    )


def test_status_counts_and_check_compares(shop: Path) -> None:
    file = ready(
        shop, '[channels.own]\n[channels.mail]\ndelivery = "email"\ntimezone = "Mars/Base"\n'
    )
    curate("orders", "import", file, "--channel", "own", at=shop)
    seen = in_json("shop", "status", at=shop)
    assert (seen["orders"], seen["lines"], seen["waiting"]) == (2, {"paid": 2}, {"sku": 1})
    assert "1: shop.toml does not say which product it is" in curate("shop", at=shop).output
    with (shop / "shop.toml").open("a", encoding="utf-8") as toml:
        toml.write(
            '[products.new]\ncollection = "drafts"\n[products.gone]\ncollection = "gnoe"\n'
            '[products.codes]\nstock = "unique"\n'
        )
    done = curate("shop", "check", at=shop)
    problems = in_json("shop", "check", at=shop)["problems"]
    assert done.exit_code == 1
    assert {(one["where"].rpartition(": ")[2], one["severity"]) for one in problems} == {
        ("products.new", "error"), ("products.gone", "error"), ("products.codes", "warning"),
        ("channels.own", "warning"), ("channels.mail", "warning"), ("channels.mail", "error"),
    }  # fmt: skip
    told = " ".join(one["what"] for one in problems)
    for said in (
        "has no release yet",
        "no collection 'gnoe'",
        "no time zone",
        "names no server",
        "maps no products",
    ):
        assert said in told


def test_a_channel_that_is_none_says_what_to_add(shop: Path) -> None:
    file = ready(shop)
    done = curate("orders", "import", file, "--channel", "owm", at=shop)
    assert done.exit_code == 1 and "did you mean 'own'?" in done.output
    assert curate("orders", "show", "own", "9", at=shop).exit_code == 1
    assert (
        curate("orders", "import", file, "--channel", "own", "--format", "x", at=shop).exit_code
        == 1
    )


def test_the_secret_goes_into_a_file_and_is_never_printed(shop: Path) -> None:
    ready(shop)
    to = shop / "own.secret"
    done = curate("shop", "secret", "own", "--file", to, at=shop)
    assert done.exit_code == 0 and to.read_text() not in done.output
    assert "https://files.example.org/notices/own" in done.output
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    assert curate("shop", "secret", "own", "--file", to, at=shop).exit_code == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_languages_say_everything(shop: Path, language: str) -> None:
    file = ready(shop)
    text = (
        (shop / "shop.toml")
        .read_text("utf-8")
        .replace('language = "en"', f'language = "{language}"')
    )
    (shop / "shop.toml").write_text(text, encoding="utf-8")
    for words in (["orders", "import", file, "--channel", "own"], ["orders", "list"], ["shop", "status"],
                  ["orders", "show", "own", "1001"], ["shop", "check"], ["orders", "list", "--waiting"]):  # fmt: skip
        done = curate(*words, at=shop)
        assert done.exit_code in (0, 3) and not isinstance(done.exception, (KeyError, TypeError)), (
            done.output
        )


def test_without_shop_toml_there_is_a_hint(tmp_path: Path) -> None:
    Workspace.init(tmp_path)
    done = curate("shop", "status", at=tmp_path)
    assert done.exit_code == 1 and "curate shop init" in done.output


def test_no_heavy_import_for_help() -> None:
    code = (
        "import sys\nfrom curate.cli import main\n"
        "for words in (['shop', '--help'], ['orders', 'list', '--help']):\n"
        "    main(words, standalone_mode=False)\n"
        "assert not {'sqlalchemy', 'fastapi', 'alembic'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def example(name: str) -> str:
    """What docs/shop.md shows as the file ``name``."""
    found, *_ = [block.text for block in blocks(ROOT / "docs" / "shop.md") if block.name == name]
    return found


def test_the_examples_of_the_documentation_hold(tmp_path: Path) -> None:
    Workspace.init(tmp_path)
    (tmp_path / "shop.toml").write_text(example("shop.toml") + "[channels.own]\n", encoding="utf-8")
    open_shop = Shop.open(Workspace.at(tmp_path), lambda: time.time())
    told = formats.told("own", Channel(), "canonical")
    (tmp_path / "orders.csv").write_text(example("orders.csv"), encoding="utf-8")
    (found,) = formats.reader("canonical")(tmp_path / "orders.csv", told)
    assert not isinstance(found, Problem) and found.line.acknowledged == "2026-1"
    (tmp_path / "xianguanjia.json").write_text(example("xianguanjia.json"), encoding="utf-8")
    told = formats.told("xianyu", open_shop.settings.channels["xianyu"], "xianguanjia")
    (found,) = formats.reader("xianguanjia")(tmp_path / "xianguanjia.json", told)
    assert not isinstance(found, Problem)
    assert (found.line.item, found.line.variant) == ("3364202298717566230", "版本:完整")
    assert (found.line.paid, found.line.state, found.line.refunded) == (990, "paid", 0)
    notices.make_secret(open_shop, "own", tmp_path / "own.secret")
    made: dict[str, Any] = {"secret": (tmp_path / "own.secret").read_text()}
    exec(example("notice.py"), made)
    headers = {
        "X-Curate-Timestamp": made["at"], "X-Curate-Nonce": made["nonce"],
        "X-Curate-Signature": made["signature"],
    }  # fmt: skip
    answer = notices.receive(open_shop, "own", headers, made["body"])
    assert answer.status == 200 and answer.body["lines"][0]["sku"] == "GUIDES"
