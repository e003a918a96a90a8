"""How large an update pack is beside the full archive: ``python benchmarks/update_pack.py``.

About 100 MB of real files from Debian's packages (see ``debian_docs``), released twice: 5 % of the files added,
1 % changed, 2 % removed, 2 % renamed. Three ways to treat what only moved are measured, and the update is applied
by the command and by unzip and deleting. Under a minute; binary differences only where xdelta3 is installed.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import report
from debian_docs import unpacked

from curate.bundle import Release, Request, package
from curate.bundle.updates import applying, making
from curate.collection import Category, Collection, Loaded
from curate.model import Decision, Item, LicenseInfo

PACKAGES = ("plasma-workspace-wallpapers", "debian-handbook", "openclipart-svg", "python3.11-doc")
EACH = 26_000_000  # bytes of each package
KINDS = {".html": "page", ".svg": "image", ".png": "image", ".jpg": "image", ".txt": "text"}
_DECISION = Decision("allow", "CC0-1.0")


def main() -> None:
    with TemporaryDirectory(prefix="update-pack-") as folder:
        report.write("update_pack", list(measured(Path(folder))))


def measured(home: Path) -> Iterator[str]:
    files = list(chosen())
    old, new = versions(files)
    first, second = (release(home, items) for items in (old, new))
    size = sum(item.size for item in new)
    report.log(f"{len(new):,} files, {size / 1e6:,.0f} MB")
    rows = []
    for name, whole in (
        ("all moved ones moved", 0.0),
        ("as it is", making.WHOLE),
        ("all shipped", 1.0),
    ):
        seconds, packs = made(first, second, whole)
        (pack,) = packs.made
        with zipfile.ZipFile(pack.path) as archive:
            names = archive.namelist()
            lists = [archive.read(one).count(b"\n") if one in names else 0 for one in ("MOVED.txt", "REMOVED.txt")]  # fmt: skip
        rows.append(
            (name, f"{pack.size / 1e6:.1f}", f"{100 * packs.ratio:.1f}", *lists, f"{seconds:.1f}")
        )
        if whole == making.WHOLE:
            applied = tried(home, first, second, pack.path)
    yield (
        f"{len(new):,} files of Debian's packages, {size / 1e6:.0f} MB, in an archive of "
        f"{second.size / 1e6:.0f} MB: 5 % of the files added, 1 % changed, 2 % removed, 2 % renamed since "
        f"the version before. {report.machine()}"
    )
    yield ""
    head = (
        "what only moved",
        "MB",
        "% of the archive",
        "to move by hand",
        "to delete",
        "s to make",
    )
    yield from report.table(head, rows)
    if delta := binary(first, second, home):
        yield ""
        yield f"xdelta3 makes a difference of {delta / 1e6:.1f} MB of the two archives, which needs xdelta3 to apply."
    yield ""
    yield (
        f"Applying it with `curate update`, all bytes checked before and after, took {applied[0]:.1f} s; unpacking "
        f"the new archive {applied[1]:.1f} s. Both ways, and unzip with deleting what REMOVED.txt lists, left the "
        "same bytes."
    )
    yield ""
    yield (
        f"What only moved is shipped whole, the smallest files first, until it is {making.WHOLE:.0%} of the "
        "archive: by hand, copying is done by unpacking, and what is left is a list of files to delete. Only what "
        f"is beyond has to be moved. A pack larger than {making.WORTH:.0%} of the archive is not made."
    )


def chosen() -> Iterator[Path]:
    """Real files, each content once."""
    seen: set[bytes] = set()
    for name in PACKAGES:
        folder, size = unpacked(name), 0
        for path in sorted(folder.rglob("*")) if folder else ():
            if not path.is_file() or path.is_symlink() or path.suffix not in KINDS:
                continue
            data = path.read_bytes()
            digest = hashlib.sha256(data).digest()
            if digest not in seen and len(data) > 100:
                seen.add(digest)
                size += len(data)
                yield path
            if size > EACH:
                break


def versions(files: list[Path]) -> tuple[list[Item], list[Item]]:
    """Items of the old and of the new version."""
    order = list(range(len(files)))
    random.Random(7).shuffle(order)
    part = len(files) // 100
    added, removed, renamed, changed = (
        set(order[a * part : b * part]) for a, b in ((0, 5), (5, 7), (7, 9), (9, 10))
    )
    old, new = [], []
    for number, path in enumerate(files):
        name = f"{number:05}-{path.name}"
        if number not in added:
            old.append(item(name, path.read_bytes(), path))
        if number in changed:
            new.append(item(name, path.read_bytes() + b"\n<!-- mended -->\n"))
        elif number not in removed:
            new.append(
                item(f"renamed-{name}" if number in renamed else name, path.read_bytes(), path)
            )
    return old, new


def item(name: str, data: bytes, path: Path | None = None) -> Item:
    from io import BytesIO

    suffix = Path(name).suffix
    kind = KINDS[suffix]
    return Item(
        hashlib.sha256(data).hexdigest(), len(data), name, Path(name).stem, kind, suffix[1:],
        "image" if kind == "image" else "text", "", "en", "", (), {}, (), "", _DECISION, name,
        (lambda: path.open("rb")) if path else (lambda: BytesIO(data)), lambda: b"",
    )  # fmt: skip


def release(home: Path, items: list[Item]) -> Release:
    categories = tuple(Category(kind, kind.title()) for kind in dict.fromkeys(KINDS.values()))
    collection = Collection(title="Material", sources=(), categories=categories, name="material")
    (home / "material").mkdir(exist_ok=True)
    licenses = {"CC0-1.0": LicenseInfo("CC0-1.0", "CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/", "Text.")}  # fmt: skip
    return package(
        Request(Loaded(collection, home / "material"), items, (), licenses), home / "build"
    )


def made(first: Release, second: Release, whole: float) -> tuple[float, making.Packs]:
    """How long it took, and the pack where at most ``whole`` of the archive may be shipped of what moved."""
    for path in second.folder.glob("*-to-*"):
        path.unlink()
    usual, making.WHOLE = making.WHOLE, whole
    try:
        start = time.perf_counter()
        packs = making.make(second.folder.parent, first.version, second.version)
        return time.perf_counter() - start, packs
    finally:
        making.WHOLE = usual


def tried(home: Path, first: Release, second: Release, pack: Path) -> tuple[float, float]:
    """Seconds of updating and of unpacking the new archive; stops where the ways differ."""
    ways = [home / name for name in ("new", "command", "hand")]
    for way, archive in zip(ways, (second, first, first), strict=True):
        start = time.perf_counter()
        subprocess.run(["unzip", "-q", archive.archive, "-d", way], check=True)
        if way.name == "new":
            unpacking = time.perf_counter() - start
    top = second.archives[0].top
    start = time.perf_counter()
    applying.update(ways[1] / first.archives[0].top, pack)
    seconds = time.perf_counter() - start
    by_hand(ways[2], first.archives[0].top, top, pack)
    for way in ways[1:]:
        subprocess.run(["diff", "-r", ways[0] / top, way / top], check=True)
    for way in ways:
        shutil.rmtree(way)
    return seconds, unpacking


def by_hand(place: Path, old: str, new: str, pack: Path) -> None:
    """What HOW-TO-UPDATE.txt says."""
    (place / old).rename(place / new)
    subprocess.run(["unzip", "-qo", pack], cwd=place, check=True)
    moved = place / "MOVED.txt"
    for line in moved.read_text("utf-8").splitlines() if moved.exists() else ():
        before, now = line.split("\t")
        (place / new / before).rename(place / new / now)
    for line in (place / "REMOVED.txt").read_text("utf-8").splitlines():
        (place / new / line).unlink()


def binary(first: Release, second: Release, home: Path) -> int:
    """Bytes of xdelta3's difference; 0 where it is not installed."""
    if not shutil.which("xdelta3"):
        return 0
    subprocess.run(
        ["xdelta3", "-e", "-9", "-B", str(256 << 20), "-s", first.archive, second.archive, home / "delta"],
        check=True,
    )  # fmt: skip
    return (home / "delta").stat().st_size


if __name__ == "__main__":
    main()
