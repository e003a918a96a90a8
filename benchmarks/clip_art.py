"""Rights on a real library of 7,458 drawings: ``python benchmarks/clip_art.py [--from FOLDER]``.

The drawings are those of the Debian package openclipart-svg, installed or unpacked (CURATE_DEBIAN, see
tests/debian.py). Prints Markdown: what was decided and what it cost, beside reading and hashing the same
files, and beside ``reuse lint`` and ``bagit.py --validate`` on the unpacked bundle.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import measure
from measure import Cost

CURATE = (sys.executable, "-m", "curate")
PACKAGE = "openclipart-svg"
BELOW = "usr/share/openclipart/svg"
FLOOR = """
import hashlib, pathlib, sys
seen = {hashlib.sha256(p.read_bytes()).digest() for p in pathlib.Path(sys.argv[1]).rglob("*") if p.is_file()}
print(len(seen))
"""
COLLECTION = """title = "Clip art"
[listing]
price = "9.00"
[rights]
license = "CC-PDDC"
grounds = "dedicated to the public by those who drew it, as the library and each drawing say"
[[sources]]
type = "folder"
path = {path}
match = "all"
"""


def library() -> Path:
    unpacked = os.environ.get("CURATE_DEBIAN", "")
    for root in (Path(unpacked) / PACKAGE, Path("/")):
        if (root / BELOW).is_dir():
            return root / BELOW
    raise SystemExit(f"{PACKAGE} is not here: install it, or unpack it and set CURATE_DEBIAN")


def workspace(root: Path, drawings: Path) -> Path:
    folder = root / "workspace"
    measure.run([*CURATE, "init", str(folder)], root)
    home = folder / "collections" / "clips"
    home.mkdir(parents=True)
    text = COLLECTION.format(path=json.dumps(str(drawings)))
    (home / "collection.toml").write_text(text, encoding="utf-8")
    return folder


def costs(folder: Path) -> Iterator[tuple[str, Cost]]:
    for command in (
        ["collect", "clips"], ["classify", "clips"], ["rights", "clips"], ["package", "clips"],
        ["collect", "clips"], ["classify", "clips"],
    ):  # fmt: skip
        yield " ".join(command[:1]), measure.run([*CURATE, *command], folder)


def decisions(folder: Path) -> Counter[str]:
    cost = measure.run([*CURATE, "rights", "clips", "--items", "--json"], folder)
    found = json.loads(cost.output)
    return Counter(one["outcome"] for one in found["items"])


_AUTHOR = re.compile(rb"<dc:creator>.*?<dc:title>\s*(.*?)\s*</dc:title>", re.S)


def credited(bundle: Path) -> tuple[int, int, int]:
    """(items that name an author, credit lines that have that name, items)."""
    ledger = json.loads((bundle / "rights.json").read_text("utf-8"))
    named = right = 0
    for item in ledger["items"]:
        found = _AUTHOR.search((bundle / item["path"]).read_bytes())
        name = " ".join(found[1].decode("utf-8", "replace").split()) if found else ""
        if name and not re.search("<|&|^(anonymous|unknown)$", name, re.I):
            named += 1
            right += name in item["credit"]
    return named, right, len(ledger["items"])


def row(name: str, cost: Cost, floor: Cost) -> str:
    return (
        f"| {name} | {cost.wall:.1f} | {cost.cpu:.1f} | {cost.cpu / floor.cpu:.1f} × |"
        f" {cost.main_mb:.0f} | {cost.tree_mb:.0f} |"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--from", dest="drawings", type=Path, default=None)
    drawings = options.parse_args().drawings or library()
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        folder = workspace(root, drawings)
        floor = measure.run([sys.executable, "-c", FLOOR, str(drawings)], root)
        rows = [row("reading and hashing every file", floor, floor)]
        seen: Counter[str] = Counter()
        for name, cost in costs(folder):
            seen[name] += 1
            again = ", nothing changed" if seen[name] > 1 else ""
            rows.append(row(f"`curate {name}`{again}", cost, floor))
        outcomes = decisions(folder)
        archive = next(iter((folder / "build" / "clips").glob("*/*.zip")))
        with zipfile.ZipFile(archive) as bundle:
            bundle.extractall(root)
            top = root / bundle.namelist()[0].split("/")[0]
        for name, command in (
            ("`reuse lint` on its bundle", [sys.executable, "-m", "reuse", "--root", str(top), "lint", "-q"]),
            ("`bagit.py --validate` on its bundle", [sys.executable, "-m", "bagit", "--validate", str(top)]),
        ):  # fmt: skip
            cost = measure.run(command, root)
            rows.append(row(f"{name} (exit code {cost.code})", cost, floor))
        named, right, items = credited(top)
    print("| decided | drawings |\n|---|---:|")
    for outcome in ("allow", "ask", "deny"):
        print(f"| {outcome} | {outcomes[outcome]:,} |")
    print(
        f"\n{items:,} drawings are in the bundle; {named:,} name their author, {right:,} credits do.\n"
    )
    print("| | wall, s | CPU, s | CPU, against the floor | peak, main, MiB | peak, tree, MiB |")
    print("|---|---:|---:|---:|---:|---:|\n" + "\n".join(rows))


if __name__ == "__main__":
    main()
