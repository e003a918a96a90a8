"""Near-duplicate pictures against imagehash and imagededup: ``python benchmarks/near_images.py [ORIGINALS]``.

Needs what ``pictures.py`` needs, and takes ``CURATE_MATERIAL``. Peers, each only where it is installed:
``pip install imagehash`` and ``pip install --no-deps imagededup`` with tqdm, matplotlib, scikit-learn and
PyWavelets (torch is only for its neural network, which is not used here).
"""

from __future__ import annotations

import io
import os
import random
import sys
import time
import types
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pictures
from PIL import Image
from report import log, machine, table, write

from curate.dedupe.images import HEAD, SAME, SIZE, Known, compare, signature

MATERIAL = Path(os.environ.get("CURATE_MATERIAL", Path(__file__).parents[2] / "shared/material"))
UPRIGHT = 2  # edits of each original
TURNS = ("turned by 90°", "turned by 180°", "turned by 270°", "mirrored", "upside down")
BARS = {
    **dict.fromkeys(list(pictures.EDITS)[:9], 0.95),
    "crop 5 %": 0.85,
    "crop 5 %, off the middle": 0.85,
}
DISTANCE = 10  # bits of 64: imagededup's own limit, and what is usual for imagehash
NATURAL = 0.02  # share of pixels that differ in pictures that were the same before any edit
JUDGED = 40_000  # pairs of each method
Hash = Callable[[io.BytesIO | Path], int]
Pairs = set[tuple[int, int]]


@dataclass
class Side:
    """One method: what it found, and what it took."""

    name: str
    sign: Callable[[io.BytesIO | Path], object]
    signed: list[object] = field(default_factory=list)
    spent: float = 0.0
    pairs: Pairs = field(default_factory=set)
    turned: Pairs = field(default_factory=set)


def peers() -> list[Side]:
    sides = [Side("curate", signature)]
    try:
        import imagehash

        sides.append(
            Side("imagehash, phash", lambda file: int(str(imagehash.phash(Image.open(file))), 16))
        )
    except ImportError:
        log("imagehash is not installed")
    try:
        for module, name in (("utils.models", "CustomModel"), ("methods.cnn", "CNN")):
            stand_in = types.ModuleType(f"imagededup.{module}")  # these alone would import torch
            setattr(stand_in, name, type(name, (), {}))
            sys.modules[f"imagededup.{module}"] = stand_in
        from imagededup.methods import PHash

        sides.append(Side("imagededup, PHash", _imagededup(PHash(verbose=False))))
    except ImportError:
        log("imagededup is not installed")
    return sides


def _imagededup(method: object) -> Hash:
    """From a file as its documentation shows; from memory the same steps on the decoded picture."""

    def sign(file: io.BytesIO | Path) -> int:
        if isinstance(file, Path):
            return int(method.encode_image(image_file=str(file)), 16)  # type: ignore[attr-defined]
        image = Image.open(file)
        if image.mode != "RGB":
            image = image.convert("RGBA").convert("RGB")
        return int(method.encode_image(image_array=np.asarray(image)), 16)  # type: ignore[attr-defined]

    return sign


def planted(count: int) -> Iterable[tuple[int, str, bytes]]:
    """(number of the original, edit, bytes): each original, its edits, one of it turned."""
    upright = [name for name in pictures.EDITS if name not in TURNS]
    for number, path in enumerate(pictures.originals()[:count]):
        chance = random.Random(number)
        image = pictures.opened(path)  # on white: the peers would hash what lies under transparency
        yield number, "", pictures.png(image)
        for name in [*chance.sample(upright, UPRIGHT), chance.choice(TURNS)]:
            yield number, name, pictures.EDITS[name](image, chance)


def ours(side: Side) -> tuple[int, float]:
    """Fill in what is found; candidates compared, and seconds."""
    start, tried = time.process_time(), 0
    known, numbers = Known(), []
    for number, signed in enumerate(side.signed):
        if not isinstance(signed, bytes) or len(signed) != SIZE:
            continue
        for place in known.near(signed):
            tried += 1
            found = compare(signed, side.signed[numbers[place]])  # type: ignore[arg-type]
            if found.score >= SAME:
                pair = (numbers[place], number)
                (side.turned if found.turned else side.pairs).add(pair)
        known.add(signed)
        numbers.append(number)
        if number % 1000 == 0:
            log(f"compared {number}: {time.process_time() - start:.0f} s")
    return tried, time.process_time() - start


def theirs(side: Side) -> None:
    """All pairs within ``DISTANCE`` bits: what their searches give, by the quickest way there is."""
    hashes = np.array(side.signed, np.uint64)
    for number, value in enumerate(hashes):
        for other in np.flatnonzero(np.bitwise_count(hashes[:number] ^ value) <= DISTANCE).tolist():
            side.pairs.add((other, number))
    log(f"{side.name}: {len(side.pairs)} pairs")


class Judge:
    """Is a pair right? Copies of one original are; so are originals that can hardly be told apart."""

    def __init__(self, origins: list[int], files: list[Path]) -> None:
        self._origins, self._files = origins, files
        self._known: dict[tuple[int, int, bool], bool] = {}
        self._pixels: dict[int, np.ndarray] = {}

    def right(self, pair: tuple[int, int], turned: bool = False) -> bool:
        a, b = (self._origins[one] for one in pair)
        if a == b:
            return True
        key = (min(a, b), max(a, b), turned)
        if key not in self._known:
            self._known[key] = self._natural(*key)
        return self._known[key]

    def natural(self) -> tuple[int, int]:
        """Pairs of originals asked about, and those that are the same."""
        return len(self._known), sum(self._known.values())

    def _natural(self, a: int, b: int, turned: bool) -> bool:
        one, two = self._of(a), self._of(b)
        turns = [one]
        if turned:
            turns = [w for v in (one, one.swapaxes(0, 1)) for w in (v, v[::-1], v[:, ::-1], v[::-1, ::-1])]  # fmt: skip
        return any((np.abs(way - two).max(axis=2) > 32).mean() <= NATURAL for way in turns)

    def _of(self, number: int) -> np.ndarray:
        if number not in self._pixels:
            small = pictures.opened(self._files[number]).resize((256, 256), Image.Resampling.BOX)
            self._pixels[number] = np.asarray(small)
        return self._pixels[number].astype(np.int16)


def quality(count: int) -> list[str]:
    sides = peers()
    origins: list[int] = []
    edits: list[str] = []
    for number, edit, data in planted(count):
        origins.append(number)
        edits.append(edit)
        for side in sides:
            side.signed.append(side.sign(io.BytesIO(data)))
        if len(origins) % 1000 == 0:
            log(f"signed {len(origins)}")
    tried, seconds = ours(sides[0])
    for side in sides[1:]:
        theirs(side)
    files = pictures.originals()[:count]
    judge = Judge(origins, files)
    wrong = _wrong(
        [pair for pair in sorted(sides[0].pairs) if not judge.right(pair)], origins, files
    )
    unsigned = sum(not signed for signed in sides[0].signed)
    first = {origin: place for place, (origin, edit) in enumerate(zip(origins, edits, strict=True)) if not edit}  # fmt: skip
    rows = []
    for edit in pictures.EDITS:
        wanted = [(first[origins[at]], at) for at, name in enumerate(edits) if name == edit]
        cells: list[object] = [edit, len(wanted), f"≥ {BARS[edit]}" if edit in BARS else "–"]
        for side in sides:
            found = side.pairs | side.turned if edit in TURNS else side.pairs
            cells.append(f"{sum(pair in found for pair in wanted) / max(1, len(wanted)):.3f}")
        rows.append(cells)
    some = [_some(side.pairs) for side in sides]
    precision = [sum(map(judge.right, pairs)) / max(1, len(pairs)) for pairs in some]
    strict = [
        sum(origins[a] == origins[b] for a, b in pairs) / max(1, len(pairs)) for pairs in some
    ]
    rows.append(["**precision**", "", "≥ 0.98", *(f"**{value:.4f}**" for value in precision)])
    rows.append(["the same, no originals judged alike", "", "", *(f"{v:.4f}" for v in strict)])
    turned = sides[0].turned
    right = sum(judge.right(pair, True) for pair in turned) / max(1, len(turned))
    asked, natural = judge.natural()
    return [
        f"{len(files):,} originals, {len(origins):,} pictures with {UPRIGHT} upright edits of each and one turned or"
        f" flipped. Recall: pairs of an edit and its original. Precision: every pair found, among all"
        f" {len(origins) * (len(origins) - 1) // 2:,}. Turned and flipped are found as a kind of their own, of which"
        f" {right:.4f} are right; a collection has to ask for them. {unsigned} pictures show too little to be signed"
        " and are missed.",
        "",
        *table(["edit", "pairs", "bar", *(side.name for side in sides)], rows),
        "",
        f"Comparing: {tried:,} candidates in {seconds:.0f} CPU s, {seconds / len(origins) * 1000:.1f} ms for each new"
        f" picture, {seconds / max(1, tried) * 1000:.2f} ms for each candidate. Of {asked:,} pairs of different"
        f" originals that any method took for the same, {natural:,} differ in at most {NATURAL:.0%} of their pixels"
        f" (by more than 32 of 255 in a channel, at 256 × 256) and count as right. {wrong}",
        "",
    ]


def _wrong(pairs: list[tuple[int, int]], origins: list[int], files: list[Path]) -> str:
    """How many originals the wrong pairs are of, and how many of those are two versions of one drawing."""
    named = pictures.names()
    counts = Counter((origins[a], origins[b]) for a, b in pairs)
    twice = again = 0
    for originals, count in counts.most_common():
        one, two = (named[int(p.stem)] if "pictures" in p.parts else str(p) for p in (files[n] for n in originals))  # fmt: skip
        log(f"{count} wrong pairs: {one} | {two}")
        twice, again = (twice + 1, again + count) if one == two else (twice, again)
    return (
        f"The {len(pairs):,} pairs that curate found and that count as wrong are edits of {len(counts)} pairs of"
        f" originals. {twice} of these, with {again} of the pairs, are one drawing that the package holds twice under the"
        " same name, drawn from files that differ a little."
    )


def _some(pairs: Pairs) -> list[tuple[int, int]]:
    """All of them, or so many drawn that the share of the right ones is known to a tenth of a per cent."""
    ordered = sorted(pairs)
    return ordered if len(ordered) <= JUDGED else random.Random(1).sample(ordered, JUDGED)


def speed() -> list[str]:
    """Files that were read once before, each method in turn on each file."""
    drawn = [path for path in pictures.originals() if "pictures" in path.parts][:300]
    folder = pictures.HOME / "pictures"
    photos = []
    for number, path in enumerate(pictures.wallpapers()[:16]):
        photo = folder / f"photo-{number:02}.jpg"
        if not photo.exists():
            Image.open(path).convert("RGB").resize((3000, 2000)).save(photo, quality=85)
        photos.append(photo)
    rows = []
    costs: dict[str, list[float]] = defaultdict(list)
    for name, files in (("drawings, PNG, 300–500 pixels", drawn), ("photos, JPEG, 6 megapixels", photos)):  # fmt: skip
        sides = peers()
        for path in [*files[:3], *files]:
            for side in sides:
                start = time.process_time()
                side.sign(path)
                side.spent += time.process_time() - start
            if path is files[2] and not side.signed:
                for side in sides:  # tables and imports
                    side.spent, side.signed = 0.0, [True]
        rates = [len(files) / side.spent for side in sides]
        rows.append([name, *(f"{rate:,.0f}" for rate in rates)])
        for side, rate in zip(sides, rates, strict=True):
            costs[side.name].append(rates[0] / rate)
    chance = np.random.default_rng(1)
    heads = chance.integers(-90, 90, (50_000, HEAD), np.int8)
    known = Known(row.tobytes() for row in heads)
    signed = [one for one in map(signature, drawn[:100]) if one]
    start = time.process_time()
    for one in signed:
        known.near(one)
    each = (time.process_time() - start) / len(signed) * 1000
    names = [side.name for side in sides]
    times = [f"{name} {a:.1f} × and {b:.1f} ×" for name, (a, b) in list(costs.items())[1:]]
    return [
        *table(["pictures signed per CPU second", *names], rows),
        "",
        f"Faster than {'; '.join(times)}." if times else "",
        f"One new picture against 50,000 stored ones, in eight positions and three sizes: {each:.2f} ms. A signature"
        f" has {SIZE:,} bytes, of which {HEAD} ({4 * HEAD} in memory) are read for every picture.",
        "",
    ]


def real() -> list[str]:
    """Edits that others made."""
    rows = []
    for title, place, original in (
        ("11 edits of one photo", "pdq/bridge-mods", "aaa-orig.jpg"),
        ("one photo in eight positions", "pdq/reg-test-input/dih", "bridge-1-original.jpg"),
        ("one photo in other colour modes", "pdq/misc-images/modes", "original.jpg"),
        ("a resize, a turn, a flip; another photo", "imagededup/mixed_images", "ukbench00120.jpg"),
        ("one photo in other formats; four others", "imagededup/formats_images", "ukbench09380.jpeg"),
    ):  # fmt: skip
        folder = MATERIAL / "images" / place
        if not folder.is_dir():
            log(f"not here: {folder}")
            continue
        first = signature(folder / original)
        found, missed = [], []
        for path in sorted(folder.iterdir()):
            if path.name != original:
                result = compare(first, signature(path))
                (found if result.score >= SAME else missed).append(path.name)
        rows.append([f"{title} (`{place}`)", len(found), ", ".join(missed) or "–"])
    return table(["real set", "found", "not found"], rows) if rows else []


def main() -> None:
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        if os.environ.get(variable) != "1":
            os.environ[variable] = "1"  # read when numpy is loaded, which it is
            os.execv(sys.executable, [sys.executable, *sys.argv])
    count = int(sys.argv[1]) if len(sys.argv) > 1 else pictures.ORIGINALS
    lines = [
        f"{machine()} One thread, CPU time, all in one run on the same files.",
        "",
        *speed(),
        *quality(count),
        *real(),
        "",
        "How to read: the originals are the 34 wallpapers of plasma-workspace-wallpapers (the largest rendition,"
        " light and dark), the icons of 32 pixels of tango-icon-theme and drawings of openclipart-svg, no two with the"
        " same bytes. 1,375 drawings that a program made (stars of hardly different numbers of points) are left out;"
        " all other series stay in: jigsaw pieces, smileys, flags, letters. Limits were chosen on other pictures: 1,400 drawings with 3 upright edits of each, and 575 small ones with 6 (drawings of 32 pixels, icons of 22 pixels of tango-icon-theme, of 32 of Adwaita)."
        " What fails was looked at here, and two limits were set anew, by the other pictures, after a first run on these"
        " (stronger colours had been dropped too early; small ones compared too rarely). Tried for precision: see-through"
        " words only where the edges beside them agree and they are a third of the picture wide (kept), fewer differing"
        " cells in crops (kept; each further step costs more crops than it drops wrong pairs), a bound on the edges of"
        " whole pictures (left: halves of a drawing disagree with it as much as wrong pairs do)."
        f" The hashes of both peers are taken as alike up to {DISTANCE} bits. A corner mark is a filled box of 22 % ×"
        " 12 % with a word; the words across the middle are half transparent, up to 16 % high. A crop takes away"
        " that share of both sides.",
    ]
    print("\n".join(lines), flush=True)
    if count == pictures.ORIGINALS:
        write("near_images", lines)


if __name__ == "__main__":
    main()
