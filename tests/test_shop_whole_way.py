"""From a folder of files to a buyer who was served, and to one who got the money back: by the commands alone."""

from __future__ import annotations

import csv
import json
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
import requests

COLLECTION = """title = "Ink icons"
description = "Notes on ink."
language = "zh"

[[sources]]
type = "folder"
path = "material"
match = "all"
rights = { own = "Ann Lee" }

[listing]
sku = "INK-1"
price = "30.00"
currency = "CNY"
formats = ["sheet", "kit"]
"""


def curate(home: Path, *words: str, code: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "curate", *words], cwd=home, capture_output=True, text=True
    )
    assert done.returncode == code, f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


def told(home: Path, *words: str) -> Any:
    return json.loads(curate(home, *words, "--json"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose bundle is released and exported."""
    root = tmp_path_factory.mktemp("whole")
    curate(root, "init", ".")
    material = root / "collections" / "ink" / "material"
    material.mkdir(parents=True)
    for number, text in enumerate(("松烟墨的做法。", "How to grind ink.", "Paper takes ink."), 1):
        (material / f"墨 {number}.md").write_text(
            f"# 墨 {number}\n\n{text * 9}\n", encoding="utf-8"
        )
    (material.parent / "collection.toml").write_text(COLLECTION, encoding="utf-8")
    for stage in ("collect", "classify", "package"):
        curate(root, stage, "ink")
    curate(
        root,
        "export",
        "shopify",
        "ink",
        "--images",
        "https://img.example.org",
        "--output",
        str(root / "export"),
    )
    return root


def test_from_a_folder_to_a_refund(home: Path, tmp_path: Path) -> None:
    sku = exported_sku(home)
    order(home, sku, tmp_path)
    (line,) = told(home, "orders", "show", "shopify", "#1001")["lines"]
    assert [one["unit"] for one in line["grants"]] == [1, 2, 3]
    codes = message_codes(home)
    assert len(codes) == 3

    with serving(home) as url:
        buyers = [enter(url, code) for code in codes]
        links = [link(buyer, url) for buyer in buyers]
        archive = download(buyers[0], links[0], tmp_path)
        whole = (home / "build" / "ink" / "1.0.0" / archive.name).read_bytes()
        assert archive.read_bytes() == whole
        curate(home, "verify", str(archive))
        names = zipfile.ZipFile(archive).namelist()
        assert sum("墨" in name for name in names) >= 3

        curate(home, "orders", "refund", "shopify", "#1001", "--quantity", "1", "--yes")
        assert [statuses(one) for one in zip(buyers, links, strict=True)] == [200, 200, 410]
        assert balances(home) == (60_00 - 2_00, 2_00, -60_00)

        curate(home, "orders", "refund", "shopify", "#1001", "--yes")
        assert [statuses(one) for one in zip(buyers, links, strict=True)] == [410, 410, 410]
        assert balances(home) == (0, 0, 0)
        assert requests.post(f"{url}/open", data={"code": codes[0]}, timeout=60).status_code == 410
    secret = [code for code in codes for written in written_down(home) if code in written]
    assert not secret


def exported_sku(home: Path) -> str:
    (file,) = (home / "export").rglob("*.csv")
    with file.open(encoding="utf-8-sig", newline="") as opened:
        (row,) = [row for row in csv.DictReader(opened) if row.get("Title")]
    return next(value for key, value in row.items() if key.lower().endswith("sku"))


def order(home: Path, sku: str, folder: Path) -> None:
    """Three pieces, paid, as the shop tells it; told twice."""
    curate(home, "shop", "init")
    with (home / "shop.toml").open("a", encoding="utf-8") as file:
        file.write(
            '[channels.shopify]\nformat = "canonical"\n[serve]\nurl = "http://127.0.0.1:1"\n'
        )
    orders = folder / "orders.csv"
    orders.write_text(
        "order_no,sku,title,quantity,unit_price,paid,fee,currency,paid_at\n"
        f"#1001,{sku},Ink icons,3,30.00,90.00,3.00,CNY,2026-09-01T10:00:00Z\n",
        encoding="utf-8",
    )
    for _ in range(2):
        curate(home, "orders", "import", str(orders), "--channel", "shopify")


def message_codes(home: Path) -> list[str]:
    (message,) = told(home, "outbox", "list")["messages"]
    text = curate(home, "outbox", "show", str(message["id"]))
    curate(home, "outbox", "confirm", str(message["id"]), "--proof", "sent by hand")
    return re.findall(r"/#([A-Z2-7]{26})", text)


@contextmanager
def serving(home: Path) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (home / "serve.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "curate", "serve", "--port", str(port)],
            cwd=home, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(600):
                try:
                    requests.get(f"{url}/healthz", timeout=5)
                    break
                except requests.ConnectionError:
                    assert server.poll() is None, (home / "serve.log").read_text()
                    time.sleep(0.1)
            yield url
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) in (0, -signal.SIGTERM)


def enter(url: str, code: str) -> requests.Session:
    """As a browser does it: give the code, and agree that downloads are not returned."""
    buyer = requests.Session()
    page = buyer.post(f"{url}/open", data={"code": code}, timeout=60).text
    agree = re.search(r'action="([^"]+/agree)".*?name="text" value="([^"]+)"', page, re.DOTALL)
    if agree:  # once for an order, whoever opens it first
        buyer.post(f"{url}{agree[1]}", data={"text": agree[2]}, timeout=60)
    return buyer


def link(buyer: requests.Session, url: str) -> str:
    """The signed address of the archive, as the page's button gives it."""
    page = buyer.get(f"{url}/order", timeout=60).text
    action = re.search(r'action="([^"]+/link)"', page)
    file = re.search(r'name="file" value="([^"]+\.zip)"', page)
    assert action and file, page
    got = buyer.post(f"{url}{action[1]}", data={"file": file[1]}, timeout=60, allow_redirects=False)
    assert got.status_code == 303, got.text
    return url + got.headers["Location"]


def statuses(one: tuple[requests.Session, str]) -> int:
    return one[0].head(one[1], timeout=60).status_code


def download(buyer: requests.Session, link: str, folder: Path) -> Path:
    got = buyer.get(link, timeout=60)
    assert got.status_code == 200
    target = folder / unquote(link.rpartition("/")[2])
    target.write_bytes(got.content)
    return target


def balances(home: Path) -> tuple[int, int, int]:
    """What the channel owes, its fees, and the sales, in 分."""
    from curate.shop import Shop, ledger
    from curate.workspace import Workspace

    found = {one.account: one.amount for one in ledger.balances(Shop.open(Workspace(home)))}
    names = (ledger.assets("shopify"), ledger.fees("shopify"), ledger.sales("INK-1"))
    return tuple(found.get(name, 0) for name in names)  # type: ignore[return-value]


def written_down(home: Path) -> Iterator[str]:
    """All that was written down anywhere but in the message itself."""
    for path in home.rglob("*"):
        if path.is_file():
            yield path.read_bytes().decode("latin-1")
