"""A million order lines of one CSV file, imported and reported, beside DuckDB and pandas: ``python benchmarks/books.py``.

    python benchmarks/books.py [--lines 1000000] [--keep DIR] [--dry]

Every way is a process of its own. DuckDB and pandas (``pip install duckdb pandas``) work out from the same file
what the report tells of each product: buyers, revenue net of refunds. The benchmark stops where one of them
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

import measure
from measure import Cost
from report import log, machine, table, write

CURATE = (sys.executable, "-m", "curate")
SKUS = tuple(f"PACK-{n:02}" for n in range(1, 13))
CAMPAIGNS = ("", "", "", *(f"C{n:02}" for n in range(1, 9)))
DAYS = 60
COLUMNS = ("order_no", "line_no", "sku", "quantity", "unit_price", "paid", "fee", "currency", "status", "paid_at",
           "refunded", "refunded_quantity", "email", "campaign_code")  # fmt: skip
Found = dict[str, tuple[int, int]]
"""By SKU: buyers, and revenue in cents."""
DUCKDB = """
SELECT sku, count(DISTINCT email) AS buyers, CAST(sum(paid - refunded) * 100 AS BIGINT) AS revenue
FROM read_csv(?, header = true, types = {'paid': 'DECIMAL(12,2)', 'refunded': 'DECIMAL(12,2)', 'email': 'VARCHAR',
    'order_no': 'VARCHAR', 'campaign_code': 'VARCHAR', 'paid_at': 'TIMESTAMPTZ'})
WHERE status = 'paid' AND paid_at >= ?::TIMESTAMPTZ AND paid_at < ?::TIMESTAMPTZ
GROUP BY sku ORDER BY sku
"""


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
    """Its products are codes of which none is in stock: what is measured is the books, not the delivery."""
    _do((*CURATE, "init", str(root)), root.parent)
    products = "".join(f'[products.{sku}]\nstock = "unique"\nlow = 0\n' for sku in SKUS)
    (root / "shop.toml").write_text(
        f'language = "en"\n{products}[channels.own]\n[books]\ntimezone = "UTC"\n', "utf-8"
    )
    return root


def ours(root: Path, orders: Path, period: str) -> tuple[dict[str, Cost], Found]:
    costs = {
        "import": _do((*CURATE, "orders", "import", str(orders), "--channel", "own"), root),
        "again": _do((*CURATE, "orders", "import", str(orders), "--channel", "own"), root),
        "report": _do((*CURATE, "report", "direct", "--period", period, "--by", "bundle", "--json"), root),
        "page": _do((*CURATE, "report", "direct", "--period", period, "--by", "bundle", "--html", "page.html"), root),
        "start": _do((*CURATE, "report", "--help"), root),
    }  # fmt: skip
    read = json.loads(costs["report"].output)
    rows = next(one for one in read["reports"][0]["tables"] if one["rows"] and "revenue" in one["rows"][0])["rows"]  # fmt: skip
    found = {
        row["bundle"]: (row["buyers"], int(row["revenue"]["amount"].replace(".", "")))
        for row in rows
    }
    return costs, found


def peer(name: str, orders: Path, first: datetime, last: datetime, root: Path) -> tuple[Cost, Found]:  # fmt: skip
    command = (sys.executable, __file__, "--peer", name, str(orders), first.isoformat(), last.isoformat())  # fmt: skip
    cost = _do(command, root)
    return cost, {sku: (buyers, revenue) for sku, buyers, revenue in json.loads(cost.output)}


def duckdb_(orders: str, first: str, last: str) -> list[tuple[str, int, int]]:
    import duckdb

    return [*duckdb.connect().execute(DUCKDB, [orders, first, last]).fetchall()]


def pandas_(orders: str, first: str, last: str) -> list[tuple[str, int, int]]:
    import pandas

    wanted = ["sku", "status", "paid_at", "paid", "refunded", "email"]
    read = pandas.read_csv(orders, usecols=wanted, dtype={"paid": "str", "refunded": "str"})
    at = pandas.to_datetime(read["paid_at"], utc=True)
    kept = read[(read["status"] == "paid") & (at >= first) & (at < last)].copy()
    for name in ("paid", "refunded"):  # whole cents: floats would lose some
        kept[name] = kept[name].str.replace(".", "", regex=False).astype("int64")
    kept["revenue"] = kept["paid"] - kept["refunded"]
    told = kept.groupby("sku").agg(buyers=("email", "nunique"), revenue=("revenue", "sum"))
    return [(str(sku), int(buyers), int(revenue)) for sku, buyers, revenue in told.itertuples()]


PEERS = {"duckdb": duckdb_, "pandas": pandas_}


def run(count: int, root: Path) -> Iterator[str]:
    last = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = last - timedelta(days=DAYS)
    orders = root / "orders.csv"
    make(orders, count, first)
    size = orders.stat().st_size
    log(f"{count:,} lines, {size / 1e6:,.0f} MB")
    # Refunds that an import tells are booked on the day of the import: today belongs to the period.
    end = last + timedelta(days=1)
    costs, found = ours(workspace(root / "w"), orders, f"{first.date()}/{last.date()}")
    database = (root / "w" / "shop.db").stat().st_size
    peers = {}
    for name in PEERS:
        if find_spec(name):
            peers[name], theirs = peer(name, orders, first, end, root)
            if theirs != found:
                raise SystemExit(f"{name} found otherwise:\n{theirs}\ncurate:\n{found}")
    buyers, revenue = sum(one[0] for one in found.values()), sum(one[1] for one in found.values())
    yield (
        f"{count:,} order lines, {size / 1e6:,.0f} MB of CSV; shop.db is {database / 1e6:,.0f} MB afterwards."
        f" All ways found the same for each of {len(found)} products: {buyers:,} buyers of a product,"
        f" {revenue // 100:,}.{revenue % 100:02} CNY net. {machine()}"
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
        "curate orders import": costs["import"],
        "curate orders import, all known": costs["again"],
        "curate report --json": costs["report"],
        "curate report --html, with charts": costs["page"],
        "import and report together": whole,
        "curate's start alone": costs["start"],
    } | {f"{name}, from the CSV": cost for name, cost in peers.items()}
    head = ("", "wall s", "CPU s", "lines/s", "peak MiB")
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
