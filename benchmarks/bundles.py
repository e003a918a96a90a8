"""Bundles of 1 GB of real files beside zip, 7z and bagit: ``python benchmarks/bundles.py``.

Files of Debian packages (see ``debian_docs``; some 700 MB more to fetch), half of them under Chinese names, are
copied to a temporary folder (``TMPDIR``; 5 GB) that is removed afterwards. Every program does its work once in
a run, one after the other; ``--rounds N`` repeats that and shows medians.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import IO, Any

import report
from debian_docs import unpacked
from measure import Cost, run

MIB = 1 << 20
SOURCES = (
    (("texlive-pictures-doc",), (".pdf",), 230),
    (("wesnoth-1.16-music",), (".ogg",), 130),
    (("plasma-workspace-wallpapers",), (".jpg", ".png"), 95),
    (("openclipart-png", "tango-icon-theme"), (".png",), 165),
    (("openclipart-svg",), (".svg",), 100),
    (("libreoffice-help-zh-cn", "debian-handbook", "manpages-zh"), (".html",), 60),
    (("python3.11-doc", "postgresql-doc-15", "qtbase5-doc-html", "openjdk-17-doc"), (".html", ".txt"), 180),
)  # fmt: skip
"""Packages, endings and MiB that are taken."""
WHO = {
    "zip": "zip -r",
    "7z": "7z -tzip",
    "bagit": "copy + bagit.py --sha256 + zip -r",
    "archive": "curate, the archive alone",
    "release": "curate, a whole release",
}
BARS = {"zip": 4.0, "7z": 5.0, "bagit": 7.0}


@dataclass(frozen=True, slots=True)
class Made:
    """What a program made of the corpus, and what it cost."""

    cost: Cost
    size: int  # bytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--do", nargs="+", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.do:
        (archive if asked.do[0] == "archive" else release)(*map(Path, asked.do[1:]))
        return
    with tempfile.TemporaryDirectory(prefix="bundles-") as folder:
        report.write("bundles", measured(Path(folder), asked.rounds))


def measured(home: Path, rounds: int) -> Iterator[str]:
    load = os.getloadavg()[0]
    kinds = corpus(home / "corpus")
    size = sum(size for _, size in kinds.values())
    files = sum(count for count, _ in kinds.values())
    report.log(f"{files:,} files, {size / 1e6:,.0f} MB")
    made: dict[str, list[Made]] = {}
    for _ in range(rounds):
        for name, way in ways(home).items():
            made.setdefault(name, []).append(way())
            report.log(
                f"{name}: {made[name][-1].cost.wall:.1f} s, {made[name][-1].cost.cpu:.1f} s CPU"
            )
    checks = {name: check() for name, check in verifying(home).items()}
    again = rebuilt(home)
    gains = {gain: _gain(home, gain) for gain in ("0.03", "0.10")}
    told = ", ".join(f"{n:,} {end} ({b / 1e6:,.0f} MB)" for end, (n, b) in sorted(kinds.items()))
    yield f"{files:,} files, {size / 1e6:,.0f} MB: {told}. {report.machine()} Load before: {load:.1f}."
    yield ""
    yield from packing(made, size)
    yield ""
    yield from verified(checks, size)
    yield ""
    yield "What a rebuild costs, a whole release with pages and PDFs each time:"
    yield ""
    rows = [(what, f"{cost.wall:.1f}", f"{cost.cpu:.1f}") for what, cost in again.items()]
    yield from report.table(("", "wall s", "CPU s"), rows)
    yield ""
    yield "What compressing has to save for a file to be compressed:"
    yield ""
    shown = [
        (
            f"{float(gain):.0%}",
            f"{one.cost.wall:.1f}",
            f"{one.cost.cpu:.1f}",
            f"{one.size / size:.1%}",
        )
        for gain, one in gains.items()
    ]
    yield from report.table(("", "wall s", "CPU s", "size"), shown)


def corpus(folder: Path) -> dict[str, tuple[int, int]]:
    """Real files in folders of 300; number and bytes of each ending."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    number = 0
    for packages, endings, most in SOURCES:
        roots = [root for name in packages if (root := unpacked(name))]
        found = [
            path
            for root in roots
            for path in sorted(root.rglob("*"))
            if path.suffix in endings and path.is_file() and not path.is_symlink()
        ]
        random.Random(7).shuffle(found)
        rest = most * MIB
        for path in found:
            size = path.stat().st_size
            if not size or size > rest:
                continue
            rest -= size
            place = folder / endings[0][1:] / f"{number // 300:03}"
            place.mkdir(parents=True, exist_ok=True)
            name = f"资料-{number}-{path.name}" if number % 2 else f"{number}-{path.name}"
            shutil.copyfile(path, place / name)
            number, counts[path.suffix] = number + 1, counts[path.suffix] + 1
            sizes[path.suffix] += size
    plan = [
        (str(path), path.stat().st_size, _sha256(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]  # as the library knows it; every byte is hashed anew when it is packed
    (folder.parent / "plan.json").write_text(json.dumps(plan), "utf-8")
    subprocess.run(["sync", "-f", folder], check=False)
    return {end: (counts[end], sizes[end]) for end in counts}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def ways(home: Path) -> dict[str, Callable[[], Made]]:
    """Every program that is here, in the order of ``WHO``."""
    bagging = (
        ["cp", "-r", "corpus", "bag"],
        [sys.executable, "-m", "bagit", "--quiet", "--sha256", "bag"],
        ["zip", "-q", "-r", "bagit.zip", "bag"],
    )
    seven = shutil.which("7z") or shutil.which("7zz")
    chains: dict[str, tuple[list[str], ...]] = {}
    if shutil.which("zip"):
        chains["zip"] = (["zip", "-q", "-r", "zip.zip", "corpus"],)
        chains["bagit"] = bagging
    if seven:
        chains["7z"] = ([seven, "a", "-tzip", "-bso0", "-bsp0", "7z.zip", "corpus"],)
    chains["archive"] = ([*_self(), "archive", "plan.json", "archive.zip"],)
    chains["release"] = ([*_self(), "release", "plan.json", "work", "release.zip"],)
    return {name: partial(_make, home, name, *chains[name]) for name in WHO if name in chains}


def _self() -> list[str]:
    return [sys.executable, str(Path(__file__).resolve()), "--do"]


def _chain(home: Path, *commands: list[str]) -> Cost:
    """What commands cost together, one after the other."""
    costs = [run(command, home) for command in commands]
    assert all(cost.code == 0 for cost in costs), costs
    return Cost(
        sum(cost.wall for cost in costs), sum(cost.cpu for cost in costs),
        max(cost.main_mb for cost in costs), max(cost.tree_mb for cost in costs), 0, "",
    )  # fmt: skip


def _make(home: Path, name: str, *commands: list[str]) -> Made:
    out = home / f"{name}.zip"
    out.unlink(missing_ok=True)
    for left in ("bag", "work"):
        shutil.rmtree(home / left, ignore_errors=True)
    return Made(_chain(home, *commands), out.stat().st_size)


def _opener(path: str) -> Callable[[], IO[bytes]]:
    return lambda: Path(path).open("rb")


def archive(plan: Path, out: Path) -> None:
    """One bag with its manifests, in an archive: what bagit.py and zip make together."""
    from curate.bundle import archive as zips
    from curate.bundle import bag, crate
    from curate.bundle.archive import blocks

    blocks.GAIN = float(os.environ.get("GAIN", blocks.GAIN))
    corpus = f"{plan.parent.resolve() / 'corpus'}/"
    entries = [
        zips.Entry(
            f"bag/data/{path.removeprefix(corpus)}",
            size, sha256, _opener(path), path.rpartition(".")[2] in bag._PACKED,
        )
        for path, size, sha256 in json.loads(plan.read_text("utf-8"))
    ]  # fmt: skip
    entries.sort(key=lambda entry: entry.path.encode())
    with out.open("w+b", buffering=MIB) as file:
        made = zips.Archive(file, zips.stamp())
        for _ in made.add_all(entries):
            pass
        tags = []
        rows = [(entry.path.removeprefix("bag/"), entry.sha256) for entry in entries]
        for name, data in (
            ("bagit.txt", crate.DECLARATION),
            ("manifest-sha256.txt", crate.manifest(rows)),
        ):
            tags.append((name, made.add(f"bag/{name}", data)))
        made.add("bag/tagmanifest-sha256.txt", crate.manifest(tags))
        made.close()


def release(plan: Path, work: Path, out: Path) -> None:
    """A release with pages and PDFs, by ``curate.bundle.package``."""
    from curate.bundle import Request, package
    from curate.collection import Category, Collection, Loaded
    from curate.model import OWN_WORK, Decision, Item, LicenseInfo

    kinds: dict[str, Any] = {
        "pdf": "document",
        "ogg": "audio",
        "svg": "image",
        "png": "image",
        "jpg": "image",
    }
    items = []
    for path, size, sha256 in json.loads(plan.read_text("utf-8")):
        name = Path(path).name
        ending = name.rpartition(".")[2]
        items.append(
            Item(
                sha256=sha256, size=size, name=name, title=name.rpartition(".")[0], category=ending,
                format=ending, kind=kinds.get(ending, "page"), mime="application/octet-stream",
                language="en", description="", keywords=(), properties={}, creators=("Ann Lee",), source="",
                decision=Decision("allow", OWN_WORK, holder="Ann Lee"), credit=name,
                open=_opener(path), thumbnail=bytes,
            )
        )  # fmt: skip
    categories = tuple(Category(end, end.upper()) for end in sorted({one.format for one in items}))
    collection = Collection("Real files 真实文件", (), categories=categories, name="real")
    (work / "real").mkdir(parents=True, exist_ok=True)
    licenses = {OWN_WORK: LicenseInfo(OWN_WORK, "Own work", "")}
    made = package(Request(Loaded(collection, work / "real"), items, (), licenses), work / "build")
    out.unlink(missing_ok=True)
    os.link(made.archive, out)


def verifying(home: Path) -> dict[str, Callable[[], Cost]]:
    bundle = home / "release.zip"
    curate = [sys.executable, "-m", "curate", "verify", str(bundle)]
    chains: dict[str, tuple[list[str], ...]] = {"curate verify, in place": (curate,)}
    if shutil.which("unzip"):
        out = home / "out"
        out.mkdir(exist_ok=True)
        chains["unzip + bagit.py --validate"] = (
            ["unzip", "-q", "-d", str(out), str(bundle)],
            [sys.executable, "-m", "bagit", "--quiet", "--validate", str(out / _top(bundle))],
        )
        chains["unzip -t (CRC-32 alone)"] = (["unzip", "-tqq", str(bundle)],)
    if seven := shutil.which("7z") or shutil.which("7zz"):
        chains["7z t (CRC-32 alone)"] = ([seven, "t", "-bso0", "-bsp0", str(bundle)],)
    return {name: partial(_chain, home, *chain) for name, chain in chains.items()}


def _top(bundle: Path) -> str:
    with zipfile.ZipFile(bundle) as archive:
        return archive.namelist()[0].partition("/")[0]


def rebuilt(home: Path) -> dict[str, Cost]:
    """The same release again, and one in which one item is another."""
    command = [*_self(), "release", "plan.json", "work", "release.zip"]
    same = run(command, home)
    plan = json.loads((home / "plan.json").read_text("utf-8"))
    path = Path(next(path for path, _, _ in plan if path.endswith(".html")))
    path.write_bytes(path.read_bytes() + b"<!-- another -->")
    plan = [
        (one, path.stat().st_size, _sha256(path)) if one == str(path) else (one, size, sha256)
        for one, size, sha256 in plan
    ]
    (home / "plan.json").write_text(json.dumps(plan), "utf-8")
    other = run(command, home)
    assert (same.code, other.code) == (0, 0), same.output + other.output
    return {"nothing has changed": same, "one item has changed": other}


def _gain(home: Path, gain: str) -> Made:
    command = ["env", f"GAIN={gain}", *_self(), "archive", "plan.json", "archive.zip"]
    return _make(home, "archive", command)


def packing(made: dict[str, list[Made]], size: int) -> Iterator[str]:
    wall = {name: median(one.cost.wall for one in every) for name, every in made.items()}
    cpu = {name: median(one.cost.cpu for one in every) for name, every in made.items()}
    rows = []
    for name, every in made.items():
        peak = max(one.cost.tree_mb for one in every)
        rows.append(
            (
                WHO[name], f"{wall[name]:.1f}", f"{cpu[name]:.1f}", f"{size / 1e6 / wall[name]:,.0f}",
                f"{every[0].size / size:.1%}", f"{peak:,.0f}",
                f"{wall[name] / wall['archive']:.1f} / {cpu[name] / cpu['archive']:.1f}",
            )
        )  # fmt: skip
    head = ("", "wall s", "CPU s", "MB/s", "size", "peak MiB", "its wall / CPU to the archive's")
    yield from report.table(head, rows)
    yield ""
    for name, bar in BARS.items():
        if name in made:
            yield (
                f"- {WHO[name]}: {wall[name] / wall['archive']:.1f} × the wall time and "
                f"{cpu[name] / cpu['archive']:.1f} × the CPU of the archive (bar: {bar:.0f})."
            )
    if "zip" in made:
        more = (made["archive"][0].size - made["zip"][0].size) / size * 100
        yield f"- {more:+.2f} points of size beside zip -r (bar: 1.5)."


def verified(checks: dict[str, Cost], size: int) -> Iterator[str]:
    own = checks["curate verify, in place"]
    rows = [
        (
            name, f"{cost.wall:.1f}", f"{cost.cpu:.1f}", f"{size / 1e6 / cost.wall:,.0f}",
            f"{cost.wall / own.wall:.1f} / {cost.cpu / own.cpu:.1f}",
        )
        for name, cost in checks.items()
    ]  # fmt: skip
    yield from report.table(("", "wall s", "CPU s", "MB/s", "its wall / CPU to curate's"), rows)


if __name__ == "__main__":
    main()
