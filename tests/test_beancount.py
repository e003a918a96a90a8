"""Another program reads the ledger: Beancount accepts what is exported, and finds the same balances.

It is under the GPL, so that it is only ever run: in a process of its own.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.books import beancount, periods
from curate.errors import CurateError
from curate.shop import Shop, calendar, ledger, money
from curate.shop.ledger import Move
from tests.booking import MONTHS, ZONE, shop_at, trade

PROGRAM = shutil.which("bean-check", path=str(Path(sys.executable).parent)) or shutil.which(
    "bean-check"
)
needs_beancount = pytest.mark.skipif(PROGRAM is None, reason="Beancount is not installed")
LOADER = """
import json, sys
from beancount import loader
from beancount.core import data
found, errors, _ = loader.load_file(sys.argv[1])
assert not errors, errors[:3]
names = {one.account: one.meta["name"] for one in found if isinstance(one, data.Open)}
sums, sources = {}, 0
for one in found:
    if isinstance(one, data.Transaction):
        sources += "source" in one.meta
        for posting in one.postings:
            key = names[posting.account] + " " + posting.units.currency
            sums[key] = sums.get(key, 0) + posting.units.number
print(json.dumps({"sources": sources, "sums": {key: str(total) for key, total in sums.items()}}))
"""


def checked(file: Path) -> str:
    """What bean-check finds wrong; "" where it is content."""
    done = subprocess.run(
        [str(PROGRAM), str(file)], capture_output=True, encoding="utf-8", timeout=110
    )
    assert (done.returncode != 0) == bool(done.stderr + done.stdout)
    return done.stderr + done.stdout


def theirs(file: Path) -> tuple[int, dict[str, int]]:
    """(transactions, balances by account and currency) as Beancount's own loader has them."""
    done = subprocess.run(
        [sys.executable, "-c", LOADER, str(file)], capture_output=True, encoding="utf-8", timeout=110
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    sums = {key: money.minor(total, key.split()[-1]) for key, total in told["sums"].items()}
    return told["sources"], {key: total for key, total in sums.items() if total}


def ours(shop: Shop) -> dict[str, int]:
    return {
        f"{one.account} {one.currency}": one.amount for one in ledger.balances(shop) if one.amount
    }


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shop_at(tmp_path)


@needs_beancount
@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_beancount_accepts_random_books_and_finds_our_balances(shop: Shop, count: int) -> None:
    chance = Random(count)
    trade(shop, chance, count)
    for month in MONTHS[:3]:
        periods.close(shop, month)
    trade(shop, chance, 20)  # some of it comes late
    file = shop.workspace.root / "ledger.beancount"
    written = beancount.write(shop, file)
    assert checked(file) == ""
    assert theirs(file) == (written, ours(shop))
    assert len({key.rpartition(" ")[0] for key in ours(shop)}) > 20
    assert "dated: 2026-0" in file.read_text("utf-8")
    assert periods.check(shop) == ()


@needs_beancount
def test_a_period_begins_with_what_was_there(shop: Shop) -> None:
    trade(shop, Random(2), 200)
    before = None
    for number, month in enumerate(MONTHS):
        file = shop.workspace.root / f"{month}.beancount"
        beancount.write(shop, file, calendar.parse(month, ZONE))
        if number % 4 == 3:
            assert checked(file) == ""
            _, found = theirs(file)
            assert found != before
            before = found
    whole = calendar.parse("2026-01-01/2027-12-31", ZONE)
    beancount.write(shop, shop.workspace.root / "whole.beancount", whole)
    assert theirs(shop.workspace.root / "whole.beancount")[1] == ours(shop)


@needs_beancount
def test_a_cent_that_is_missing_is_found(shop: Shop) -> None:
    trade(shop, Random(3), 50)
    file = shop.workspace.root / "ledger.beancount"
    beancount.write(shop, file)
    text = file.read_text("utf-8")
    first = re.search(r"^  Assets\S+  (-?\d+\.\d)(\d) ", text, re.MULTILINE)
    assert first
    wrong = f"{first[1]}{(int(first[2]) + 1) % 10}"
    file.write_text(text.replace(first[1] + first[2], wrong, 1), encoding="utf-8")
    assert "does not balance" in checked(file)
    left = file.with_name("left.beancount")
    parts = text.split("\n\n")
    taken = next(n for n, part in enumerate(parts) if part.count("CNY") > 1 and " * " in part)
    left.write_text("\n\n".join(parts[:taken] + parts[taken + 1 :]), encoding="utf-8")
    assert "Balance failed" in checked(left)


@needs_beancount
def test_an_empty_ledger_and_hostile_names(shop: Shop) -> None:
    file = shop.workspace.root / "ledger.beancount"
    assert beancount.write(shop, file) == 0
    assert checked(file) == ""
    with shop.database.writing() as connection:
        for number, name in enumerate(
            ('a"\\', "a\nb", "", ":", "-", "🙂 闲", "ＡＢ", "é", "٣", "x" * 300)
        ):
            moves = [Move(ledger.assets(name), ledger.sales(name), 5, "CNY")]
            ledger.post(connection, shop, f'n"{number}\\\n', moves, note=f'{name}\n"\\ \x00')
        ledger.post(connection, shop, "nothing", [], note="")
    assert beancount.write(shop, file) == 11
    assert checked(file) == ""
    assert theirs(file)[1].keys() >= {"assets:channel:é CNY", "assets:channel:🙂 闲 CNY"}
    with shop.database.writing() as connection:
        ledger.post(connection, shop, "y", [Move("else:a", ledger.BANK, 1, "CNY")])
    before = file.read_bytes()
    with pytest.raises(CurateError, match="else:a"):
        beancount.write(shop, file)
    assert file.read_bytes() == before
    assert [one.name for one in file.parent.glob("*.part")] == []


NAMES = st.text(st.sampled_from("aAbB0-: 2D闲é_."), max_size=6) | st.text(max_size=4)


@given(NAMES, NAMES)
@example("ab", "Ab")
@example("A", "a")
@example("Ab-", "ab")
@example(" x", "0 x")
@example("", "0")
@example("-2D-", "-")
def test_two_of_our_accounts_are_never_one_of_theirs(one: str, other: str) -> None:
    if one != other:
        assert beancount.account(ledger.sales(one)) != beancount.account(ledger.sales(other))


@given(st.lists(NAMES, max_size=4))
def test_their_accounts_are_spelled_as_they_want_them(names: list[str]) -> None:
    for name in names:
        for part in beancount.account(ledger.sales(name)).split(":"):
            assert re.fullmatch(r"[^\W_a-z][^\W_]*(-[^\W_]*)*", part), part


def test_entries_are_written_in_order_whatever_was_posted_first(shop: Shop) -> None:
    days = [calendar.parse(f"2026-03-{day:02}", ZONE) for day in (9, 1, 5)]
    with shop.database.writing() as connection:
        for day in days:
            moves = [Move(ledger.BANK, "assets:channel:a", 1, "CNY")]
            ledger.post(connection, shop, day.name, moves, at=day.begin)
    file = shop.workspace.root / "x"
    beancount.write(shop, file)
    assert [*_dates(file)] == ["2026-03-01", "2026-03-05", "2026-03-09"]
    first = file.read_bytes()
    beancount.write(shop, file)
    assert file.read_bytes() == first


def _dates(file: Path) -> Iterator[str]:
    for line in file.read_text("utf-8").splitlines():
        if " * " in line:
            yield line.split()[0]
