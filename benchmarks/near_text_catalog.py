"""New signatures against the catalogue's table of a million old ones."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from report import log

from curate.catalog import Catalog, int64s
from curate.dedupe.minhash import BANDS, ROWS
from curate.dedupe.text import hopeless

OLD = int(os.environ.get("CURATE_SIGNATURES", "1000000"))
NEW = OLD // 100
KEPT = 0.3
"""Each minimum of a real document is kept in a made one with this chance, else it is random: then two that were
made of one document share a key about as often as unrelated pages of one manual do."""
BATCH = 200  # as pipeline.match
Signatures = NDArray[np.uint64]


class Cost(NamedTuple):
    old: int
    new: int
    build: float  # CPU seconds
    size: int  # bytes of the catalogue
    table: int  # bytes of its table of keys
    search: float  # CPU seconds for all that is new: candidates, and what their bands tell
    write: float
    candidates: float  # of each new one
    likely: float  # of these, not hopeless by their bands


def catalogue(signed: Sequence[bytes]) -> Cost:
    """``signed``: bands of real documents. Half of them serve as the new ones, all as patterns of the old ones."""
    real = np.frombuffer(b"".join(signed), "<u8").reshape(-1, BANDS)
    new = real[np.arange(NEW) % len(real)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "catalog.db")
        with Catalog(path) as catalog:
            start = time.process_time()
            _build(catalog, real, new)
            build = time.process_time() - start
            table = _size(catalog)
            log(f"{OLD:,} old signatures in {build:.0f} CPU s")
            search, write, found, likely = _compare(catalog)
        size = path.stat().st_size
    return Cost(OLD, NEW, build, size, table, search, write, found / NEW, likely / NEW)


def _build(catalog: Catalog, real: Signatures, new: Signatures) -> None:
    """Everything in the order of its keys, as a catalogue that grew has it after a VACUUM."""
    old = np.empty((OLD, BANDS), np.uint64)
    for start in range(0, OLD, len(real)):
        old[start : start + len(real)] = _made(real, start)[: OLD - start]
    with catalog.transaction():
        db = catalog.db
        db.executemany(
            "INSERT INTO resource (id, sha256, size, stored) VALUES (?, ?, 0, 0)",
            ((n, bytes.fromhex(name(n))) for n in range(OLD + NEW)),
        )
        db.executemany(
            "INSERT INTO print (resource, tokens, bands, matched) VALUES (?, 500, ?, ?)",
            (
                (n, row.tobytes(), n < OLD)
                for rows, first in ((old, 0), (new, OLD))
                for n, row in enumerate(rows, first)
            ),
        )
        for band in range(BANDS):
            order = np.argsort(old[:, band])
            db.executemany(
                "INSERT OR IGNORE INTO band VALUES (?, ?)",
                zip(old[order, band].tolist(), order.tolist(), strict=True),
            )


def _made(real: Signatures, seed: int) -> Signatures:
    chance = np.random.default_rng(seed)
    keep = chance.random((*real.shape, 4), np.float32) < KEPT
    keep[..., ROWS] = True  # the number of the band
    other = chance.integers(0, 1 << 16, keep.shape, np.uint16)
    made = np.where(keep, real.view(np.uint16).reshape(keep.shape), other)
    return np.ascontiguousarray(made).view(np.uint64)[..., 0]


def name(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def _size(catalog: Catalog) -> int:
    (pages,) = catalog.db.execute("PRAGMA page_count").fetchone()
    (size,) = catalog.db.execute("PRAGMA page_size").fetchone()
    (rows,) = catalog.db.execute("SELECT sum(pgsize) FROM dbstat WHERE name = 'band'").fetchone()
    return int(rows or pages * size)


def _compare(catalog: Catalog) -> tuple[float, float, int, int]:
    """What ``pipeline.match`` does for each, but for looking at texts: there are none."""
    search = 0.0
    found = likely = 0
    first = time.process_time()
    for start in range(OLD, OLD + NEW, BATCH):
        with catalog.transaction():
            for number in range(start, min(start + BATCH, OLD + NEW)):
                begin = time.process_time()
                mark = catalog.fingerprint(name(number))
                keys = [key for (key,) in int64s(mark.bands)]
                near = [other for other, _ in catalog.sharing("band", keys, 256)]
                found += len(near)
                likely += sum(
                    not hopeless(mark.bands, catalog.fingerprint(other).bands) for other in near
                )
                search += time.process_time() - begin
                catalog.put_match(name(number), keys, (), ())
    return search, time.process_time() - first - search, found, likely
