"""Marks in every personal column, and in real order files, letters and copies; after one command none of them is
found in any file: not in the database's bytes nor its log, not in what the server wrote, not in a restored backup.

All through the command line, in processes of their own, while `curate serve` runs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curate.books.reports.builders import BUILDERS
from curate.shop import Shop, stamp
from curate.workspace import Workspace
from tests.people import Known, known, personal_columns
from tests.serving import Browser

SHOP = """
[products.KEYS]
stock = "unique"
[channels.own]
[serve]
port = 0
"""
ORDERS = """channel,order_no,line_no,sku,quantity,paid,fee,currency,status,paid_at,buyer_ref,email,card
own,real-1,1,KEYS,1,9.00,0.06,CNY,paid,2026-09-01 10:00:00 +0800,ann-handle,ann-email@marked.example,
own,real-2,1,KEYS,1,9.00,0.06,CNY,paid,2026-09-02 10:00:00 +0800,ann-handle,ANN-email@marked.example,
own,real-3,1,KEYS,1,9.00,0.06,CNY,paid,2026-09-03 10:00:00 +0800,bob-handle,bob-email@marked.example,
"""
LETTER = (
    "From: ann-email@marked.example\nSubject: ann-subject real-1\n\nann-letter: where is my code?\n"
)
TEAM = "month,person_ref,hours,rate,channel\n2026-09,ann-of-the-team,2.5,40.00,own\n"
KEPT = ("code-ann", "ann-1", "ann-SERIAL")
"""What is no mark: the affiliate's code, the order's number, the grant's serial."""


TOLD = """
import json, sys
from click.testing import CliRunner
from curate.cli import main
done = [CliRunner().invoke(main, words) for words in json.load(sys.stdin)]
assert not any(one.exit_code for one in done), [one.output for one in done]
print(json.dumps([one.stdout for one in done]))
"""


@dataclass
class Home:
    root: Path
    ann: Known
    bob: Known
    log: Path

    def curate(self, *words: str | Path, code: int = 0, told: str = "") -> str:
        done = subprocess.run(
            [sys.executable, "-m", "curate", *map(str, words), "--workspace", str(self.root)],
            capture_output=True, encoding="utf-8", input=told, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def several(self, *wanted: list[str]) -> list[str]:
        """Commands one after the other in one process of their own, and what they print."""
        words = [[*one, "--workspace", str(self.root)] for one in wanted]
        done = subprocess.run(
            [sys.executable, "-c", TOLD], capture_output=True, encoding="utf-8",
            input=json.dumps(words), timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        printed: list[str] = json.loads(done.stdout)
        return printed

    def found(self, *files: Path) -> set[str]:
        """Marks of Ann in any file of the shop, or in ``files``, by file."""
        marks = [mark.encode() for mark in self.ann.marks.values()]
        wild = re.compile(rb"(?i)ann-[\w@.~-]*")
        kept = {one.encode() for one in KEPT}
        seen = set()
        for path in files or [one for one in self.root.rglob("*") if one.is_file()]:
            data = path.read_bytes()
            hits = {mark for mark in marks if mark in data}
            hits |= {hit for hit in wild.findall(data) if not any(hit.startswith(k) for k in kept)}
            seen |= {f"{path.name}: {hit.decode()}" for hit in hits}
        return seen


@contextmanager
def served(home: Home) -> Iterator[Browser]:
    """A real `curate serve`, its log in a file."""
    with home.log.open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "curate", "serve", "--workspace", str(home.root)],
            stdout=subprocess.PIPE, stderr=log, encoding="utf-8", env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert running.stdout is not None
        found = re.search(r"http://[\d.:]+", running.stdout.readline())
        assert found
        try:
            yield Browser(found[0])
        finally:
            running.send_signal(signal.SIGTERM)
            assert running.wait(60) is not None


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A shop in which all is known of Ann and Bob, by the real path and by hand."""
    outside = tmp_path_factory.mktemp("outside")
    root = tmp_path_factory.mktemp("shops") / "w"
    root.mkdir()
    (root / "curate.toml").touch()
    (root / "shop.toml").write_text(SHOP, encoding="utf-8")
    shop = Shop.open(Workspace.at(root))
    made = Home(root, known(shop, "ann"), known(shop, "bob"), outside / "serve.log")
    shop.database.close()
    (outside / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (outside / "codes.txt").write_text("AAAA-1\nBBBB-2\nCCCC-3\n", encoding="utf-8")
    (outside / "letter.txt").write_text(LETTER, encoding="utf-8")
    (outside / "team.csv").write_text(TEAM, encoding="utf-8")
    *_, told = made.several(
        ["orders", "import", str(outside / "orders.csv"), "--channel", "own"],
        ["stock", "add", "KEYS", str(outside / "codes.txt")],
        ["outbox", "list", "--json"],
    )
    anns = [str(one["id"]) for one in json.loads(told)["messages"] if one["number"] != "real-3"]
    assert len(anns) == 2
    made.several(
        ["outbox", "confirm", *anns, "--proof", "ann-proof, in the chat"],
        ["orders", "refund", "own", "real-2", "--reason", "ann-reason", "--yes"],
        ["tickets", "ask", "--email", str(outside / "letter.txt")],
        ["costs", "import", str(outside / "team.csv")],
    )
    copy = stamp.home(shop.workspace) / made.ann.serial / "1.0.0-x.pdf"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"Order 7 \xc2\xb7 licensed to ann-in-a-pdf")
    return made


def reports(home: Home) -> list[Any]:
    """All that counts people and money, as exact as it is told."""
    wanted = [["report", "--period", period, "--json"] for period in ("2026", "2026-09")]
    wanted += [
        ["report", "direct", "--period", "2026", "--by", by, "--json"]
        for by in ("channel", "campaign", "bundle", "cohort", "affiliate")
    ]
    wanted += [["ledger", "balances", "--json"], ["campaigns", "results", "--json"]]
    told = [json.loads(one) for one in home.several(*wanted)]
    assert {one["key"] for one in told[0]["reports"]} == set(BUILDERS)
    return told


def changes(before: Any, after: Any, where: str = "") -> list[str]:
    """Where two values are not the same."""
    if isinstance(before, dict) and isinstance(after, dict) and before.keys() == after.keys():
        return [one for key in before for one in changes(before[key], after[key], f"{where}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [one for n, pair in pairs for one in changes(*pair, f"{where}[{n}]")]
    return [] if before == after else [f"{where}: {before} -> {after}"]


def test_marks_of_everything_are_gone_after_erasing(home: Home, tmp_path: Path) -> None:
    outside = home.log.parent
    there = home.found()
    assert set(home.ann.marks) == personal_columns() - {"costs.person"}
    assert any("ann-of-the-team" in one for one in there) and any("pdf" in one for one in there)
    before = reports(home)

    home.curate("privacy", "export", "-", "--to", tmp_path / "ann", told=home.ann.email)
    copy = (tmp_path / "ann" / "person.json").read_text("utf-8")
    assert [name for name, mark in home.ann.marks.items() if mark not in copy] == []
    for real in ("ann-proof", "ann-reason", "ann-subject", "ann-letter", "real-1", "real-2"):
        assert real in copy
    assert (
        not [name for name, mark in home.bob.marks.items() if mark in copy] and "real-3" not in copy
    )

    backup = tmp_path / "backup.zip"
    home.curate("shop", "backup", backup)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    plain = tmp_path / "plain"
    plain.mkdir()
    for path in home.root.glob("shop.db*"):
        shutil.copy(path, plain)
    assert home.found(*plain.iterdir())

    with served(home) as browser:
        for path in ("/ann-in-a-path", "/order?who=ann-in-a-query", "/open"):
            browser.ask(path, User_Agent="ann-browser", Referer="http://ann-referer.example")
        browser.ask("/open", form={"code": "ann-in-a-form", "number": "ann-number"})
        browser.ask("/d/1/2/ann-link/1.0.0/ann-file.zip")
        told = home.curate("privacy", "erase", "-", "--anyway", "--json", told=home.ann.email)
        assert json.loads(told)["people"] == 1
        home.curate("privacy", "erase", "person:ann-of-the-team")
        browser.ask("/ann-after")

    assert home.found() == set()
    assert home.found(home.log) == set() and "POST /open" in home.log.read_text("utf-8")
    assert not stamp.home(Workspace.at(home.root)).joinpath(home.ann.serial).exists()
    assert changes(before, reports(home)) == []
    said = "".join(
        home.several(
            ["outbox", "list", "--sent", "--json"], ["orders", "list", "--json"],
            ["tickets", "list", "--all", "--json"], ["privacy", "log", "--json"],
        )
    )  # fmt: skip
    assert "ann-email" not in said and "ann-handle" not in said and "ann-letter" not in said

    left = {path for path in home.root.rglob("*") if path.is_file()}
    bobs = b"".join(path.read_bytes() for path in left)
    assert [name for name, mark in home.bob.marks.items() if mark.encode() not in bobs] == []

    home.curate("orders", "import", outside / "orders.csv", "--channel", "own")
    assert home.found() == set() and changes(before, reports(home)) == []

    told = home.curate("shop", "restore", backup, code=1)
    assert "--replace" in told
    told = home.curate("shop", "restore", backup, "--replace", "--json")
    assert json.loads(told)["forgotten"] == 2
    assert home.found() == set() and changes(before, reports(home)) == []

    for path in home.root.glob("shop.db*"):
        path.unlink()
    for path in plain.iterdir():
        shutil.copy(path, home.root)
    assert home.found()
    assert changes(before, reports(home)) == []  # whatever opens the shop first
    assert home.found() == set()
