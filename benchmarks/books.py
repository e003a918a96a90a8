"""A million order lines of one CSV file, imported and reported, beside DuckDB and pandas: ``python benchmarks/books.py``.

    python benchmarks/books.py [--lines 1000000] [--keep DIR] [--dry]

Every way is a process of its own. DuckDB and pandas (``pip install duckdb pandas``) work out from the same file
what the report tells of each product: buyers, orders, gross, refunds, revenue, fees. The benchmark stops where one of them
finds another cent or buyer. What is not installed is left out, and that is said.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import measure
from measure import Cost
from report import log, machine, table, write

CURATE = (sys.executable, "-m", "curate")
SKUS = tuple(f"PACK-{n:02}" for n in range(1, 13))
CAMPAIGNS = ("", "", "", *(f"C{n:02}" for n in range(1, 9)))
DAYS = 60
COLUMNS = ("order_no", "line_no", "sku", "quantity", "unit_price", "paid", "fee", "currency", "status", "paid_at",
           "refunded", "refunded_quantity", "email", "campaign_code")  # fmt: skip
TOLD = ("buyers", "orders", "gross", "refunded", "revenue", "fees")
Found = dict[str, tuple[int, ...]]
"""By SKU: buyers, orders, and in cents gross, refunded, revenue, fees."""
DUCKDB = """
WITH told AS (
    SELECT sku, email, order_no, CAST(paid * 100 AS BIGINT) AS paid, CAST(refunded * 100 AS BIGINT) AS back,
        CAST(fee * 100 AS BIGINT) AS fee
    FROM read_csv(?, header = true, types = {'paid': 'DECIMAL(12,2)', 'refunded': 'DECIMAL(12,2)',
        'fee': 'DECIMAL(12,2)', 'email': 'VARCHAR', 'order_no': 'VARCHAR', 'campaign_code': 'VARCHAR',
        'paid_at': 'TIMESTAMPTZ'})
    WHERE status = 'paid' AND paid_at >= ?::TIMESTAMPTZ AND paid_at < ?::TIMESTAMPTZ
), shares AS (SELECT *, fee * back // paid AS whole, fee * back % paid AS rest FROM told)
SELECT sku, count(DISTINCT email), count(DISTINCT order_no), CAST(sum(paid) AS BIGINT), CAST(sum(back) AS BIGINT),
    CAST(sum(paid - back) AS BIGINT), CAST(sum(fee - whole - CASE
        WHEN 2 * rest > paid OR (2 * rest = paid AND whole % 2 = 1) THEN 1 ELSE 0 END) AS BIGINT)
FROM shares GROUP BY sku ORDER BY sku
"""
"""Of a fee the platform gives back the share of the money that was, rounded half to even."""


def make(path: Path, count: int, first: datetime) -> None:
    """``count`` lines of orders of one to three, paid within ``DAYS`` since ``first``; 3 % given back, half of
    them in part. The same count gives the same lines."""
    drawn = random.Random(8)
    people = max(1, count // 3)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(COLUMNS)
        order = line = 0
        left = 0
        for _ in range(count):
            if not left:
                order, line, left = order + 1, 0, drawn.choice((1, 1, 1, 2, 3))
                at = first + timedelta(seconds=drawn.randrange(DAYS * 86_400))
                email = f"buyer{int(people * drawn.random() ** 2)}@example.org"
                campaign = drawn.choice(CAMPAIGNS)
            line, left = line + 1, left - 1
            out.writerow(
                _line(drawn, order, line, f"{at:%Y-%m-%d %H:%M:%S}+00:00", email, campaign)
            )


def _line(drawn: random.Random, order: int, line: int, at: str, email: str, campaign: str) -> tuple[object, ...]:  # fmt: skip
    kind = drawn.randrange(len(SKUS))
    price, pieces = 990 + 500 * kind, drawn.choice((1, 1, 1, 1, 2))
    paid = price * pieces
    back, given = 0, 0
    if drawn.random() < 0.03:
        back, given = (paid, pieces) if drawn.random() < 0.5 else (paid // 3, 0)
    cents = (price, paid, round(paid * 6 / 1000))
    unit, whole, fee = (f"{one // 100}.{one % 100:02}" for one in cents)
    returned = f"{back // 100}.{back % 100:02}"
    return (f"N{order:08}", line, SKUS[kind], pieces, unit, whole, fee, "CNY", "paid", at, returned, given, email,
            campaign)  # fmt: skip


def workspace(root: Path) -> Path:
    """Its products are codes: history brings the books what it brings, whatever they are."""
    _do((*CURATE, "init", str(root)), root.parent)
    products = "".join(f'[products.{sku}]\nstock = "unique"\nlow = 0\n' for sku in SKUS)
    (root / "shop.toml").write_text(
        f'language = "en"\n{products}[channels.own]\n[books]\ntimezone = "UTC"\n', "utf-8"
    )
    return root


def ours(root: Path, orders: Path, period: str) -> tuple[dict[str, Cost], Found]:
    costs = {
        "import": _do((*CURATE, "orders", "import", str(orders), "--channel", "own", "--served"), root),
        "again": _do((*CURATE, "orders", "import", str(orders), "--channel", "own", "--served"), root),
        "report": _do((*CURATE, "report", "direct", "--period", period, "--by", "bundle", "--json"), root),
        "page": _do((*CURATE, "report", "direct", "--period", period, "--by", "bundle", "--html", "page.html"), root),
        "start": _do((*CURATE, "report", "--help"), root),
    }  # fmt: skip
    tables = json.loads(costs["report"].output)["reports"][0]["tables"]
    found: dict[str, dict[str, Any]] = {}
    for row in (row for one in tables for row in one["rows"] if "bundle" in row):
        found.setdefault(row["bundle"], {}).update(row)
    return costs, {sku: tuple(map(_exact, map(row.get, TOLD))) for sku, row in found.items()}


def _exact(told: Any) -> int:
    """A count, or money in cents."""
    return told if isinstance(told, int) else int(told["amount"].replace(".", ""))


def peer(name: str, orders: Path, first: datetime, last: datetime, root: Path) -> tuple[Cost, Found]:  # fmt: skip
    command = (sys.executable, __file__, "--peer", name, str(orders), first.isoformat(), last.isoformat())  # fmt: skip
    cost = _do(command, root)
    return cost, {sku: tuple(told) for sku, *told in json.loads(cost.output)}


def duckdb_(orders: str, first: str, last: str) -> list[Any]:
    import duckdb

    return [*duckdb.connect().execute(DUCKDB, [orders, first, last]).fetchall()]


def pandas_(orders: str, first: str, last: str) -> list[Any]:
    import pandas

    wanted = ["sku", "status", "paid_at", "paid", "refunded", "fee", "email", "order_no"]
    read = pandas.read_csv(orders, usecols=wanted, dtype=dict.fromkeys(wanted, "str"))
    at = pandas.to_datetime(read["paid_at"], utc=True)
    kept = read[(read["status"] == "paid") & (at >= first) & (at < last)].copy()
    for name in ("paid", "refunded", "fee"):  # whole cents: floats would lose some
        kept[name] = kept[name].str.replace(".", "", regex=False).astype("int64")
    kept["revenue"] = kept["paid"] - kept["refunded"]
    shared = kept["fee"] * kept["refunded"]
    whole, rest = shared // kept["paid"], 2 * (shared % kept["paid"])
    up = (rest > kept["paid"]) | ((rest == kept["paid"]) & (whole % 2 == 1))
    kept["fees"] = kept["fee"] - whole - up.astype("int64")
    told = kept.groupby("sku").agg(
        buyers=("email", "nunique"), orders=("order_no", "nunique"), gross=("paid", "sum"),
        refunded=("refunded", "sum"), revenue=("revenue", "sum"), fees=("fees", "sum"),
    )  # fmt: skip
    return [(str(sku), *map(int, rest)) for sku, *rest in told.itertuples()]


PEERS = {"duckdb": duckdb_, "pandas": pandas_}


def run(count: int, root: Path) -> Iterator[str]:
    last = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = last - timedelta(days=DAYS)
    orders = root / "orders.csv"
    make(orders, count, first)
    size = orders.stat().st_size
    log(f"{count:,} lines, {size / 1e6:,.0f} MB")
    costs, found = ours(workspace(root / "w"), orders, f"{first.date()}/{last.date()}")
    database = (root / "w" / "shop.db").stat().st_size
    peers = {}
    for name in PEERS:
        if find_spec(name):
            peers[name], theirs = peer(name, orders, first, last, root)
            if theirs != found:
                raise SystemExit(f"{name} found otherwise:\n{theirs}\ncurate:\n{found}")
    buyers, _, _, _, revenue, fees = map(sum, zip(*found.values(), strict=True))
    yield (
        f"{count:,} order lines, {size / 1e6:,.0f} MB of CSV; shop.db is {database / 1e6:,.0f} MB afterwards."
        f" All ways found the same for each of {len(found)} products: {buyers:,} buyers of a product,"
        f" {revenue // 100:,}.{revenue % 100:02} CNY net, {fees // 100:,}.{fees % 100:02} CNY of fees. {machine()}"
    )
    yield ""
    yield from told(costs, peers, count)
    missing = [name for name in PEERS if name not in peers]
    if missing:
        yield ""
        yield f"Not installed here: {', '.join(missing)}."


def told(costs: dict[str, Cost], peers: dict[str, Cost], count: int) -> Iterator[str]:
    whole = _together(costs["import"], costs["report"])
    ways = {
        "curate orders import --served": costs["import"],
        "curate orders import --served, all known": costs["again"],
        "curate report --json": costs["report"],
        "curate report --html, with charts": costs["page"],
        "import and report together": whole,
        "curate's start alone": costs["start"],
    } | {f"{name}, from the CSV": cost for name, cost in peers.items()}
    head: tuple[str, ...] = ("", "wall s", "CPU s", "lines/s", "peak MiB")
    head += tuple(f"{what} / {name}" for name in peers for what in ("wall", "CPU", "memory"))
    rows = []
    for way, cost in ways.items():
        ratios = [f"{a / b:.1f} ×" for one in peers.values() for a, b in _pairs(cost, one)]
        speed = "" if "start" in way else f"{count / cost.wall:,.0f}"
        rows.append((way, f"{cost.wall:.2f}", f"{cost.cpu:.2f}", speed, f"{cost.tree_mb:.0f}", *ratios))  # fmt: skip
    yield from table(head, rows)


def _pairs(a: Cost, b: Cost) -> Sequence[tuple[float, float]]:
    return (a.wall, b.wall), (a.cpu, b.cpu), (a.tree_mb, b.tree_mb)


def _together(a: Cost, b: Cost) -> Cost:
    return Cost(a.wall + b.wall, a.cpu + b.cpu, max(a.main_mb, b.main_mb), max(a.tree_mb, b.tree_mb), 0, "")  # fmt: skip


def _do(command: Sequence[str], folder: Path) -> Cost:
    cost = measure.run(command, folder)
    if cost.code:
        raise SystemExit(f"{' '.join(command)} ended with {cost.code}:\n{cost.output[-2000:]}")
    log(f"{' '.join(command[1:5])}: {cost.wall:.2f} s, CPU {cost.cpu:.2f} s, {cost.tree_mb:.0f} MiB")  # fmt: skip
    return cost


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="leave the file and the workspace here")
    parser.add_argument("--dry", action="store_true", help="print only")
    parser.add_argument("--peer", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.peer:
        name, *rest = asked.peer
        print(json.dumps(PEERS[name](*rest)))
        return
    with tempfile.TemporaryDirectory(prefix="books-") as folder:
        if asked.keep:
            asked.keep.mkdir(parents=True)
        lines = [*run(asked.lines, asked.keep or Path(folder))]
    print("\n".join(lines))
    if not asked.dry:
        write("books", lines)


if __name__ == "__main__":
    main()
