"""Search against its peers on real documents: ``python benchmarks/search.py [--documents 30000]``.

Needs what debian_docs.py needs. Single-threaded; costs are CPU seconds of the process that has them.
"""

from __future__ import annotations

import gc
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import click
import search_peers as peers
from report import log, machine, table, write
from search_queries import HAN, Set, choices, chosen, substrings, title_queries

from curate.errors import CurateError
from curate.han import simplified
from curate.indexes import Filters
from curate.indexes.like import telling
from curate.indexes.query import parse
from curate.indexes.tantivy import TantivyIndex
from curate.indexes.typos import corrected
from curate.model import Document

SMALL = 3000  # documents for what would take too long with all
REPEATS = 3
QUERIES = 300  # of each kind and language
LATENCY = 150  # of them are timed
BARE = "tantivy, own analyzer"
READY = "tantivy, curate's tokens"
PEERS = ("curate", BARE, "SQLite FTS5 unicode61", "SQLite FTS5 trigram")
SLOW = ("curate", "curate, engine whoosh", "Whoosh")


def rank(found: Sequence[str], meant: str) -> float:
    return 1 / (found.index(meant) + 1) if meant in found else 0.0


class Pieces:
    """Pieces of Chinese texts, and which documents have them: by a search through all texts."""

    def __init__(self, library: Sequence[Document]) -> None:
        self.pieces = substrings(library, QUERIES)
        self.most = len(library)
        texts = [(one.id, f"{one.title}\n{one.text}") for one in library]
        han = [(id_, text, simplified(text)) for id_, text in texts if HAN.search(text)]
        self.same = [{id_ for id_, text, _ in han if piece in text} for piece in self.pieces]
        plain = [simplified(piece) for piece in self.pieces]
        self.either = [{id_ for id_, _, text in han if piece in text} for piece in plain]

    def recall(self, search: peers.Search) -> tuple[float, float]:
        """Of the documents that have a piece as it is, and in either way of writing."""
        found = [set(search(piece, self.most)) for piece in self.pieces]
        return tuple(
            sum(len(a & b) for a, b in zip(told, found, strict=True)) / sum(map(len, told))
            for told in (self.same, self.either)
        )  # type: ignore[return-value]


def cpu(work: Callable[..., object], *given: object) -> float:
    """Milliseconds."""
    start = time.process_time()
    work(*given)
    return (time.process_time() - start) * 1000


def mean_rank(search: peers.Search, some: Set) -> float:
    ranks = []
    for query in some.queries:
        try:
            ranks.append(rank(search(query.text, 10), query.meant))
        except CurateError as fault:  # a query that is refused finds nothing
            log(f"{query.text}: {fault}")
            ranks.append(0.0)
    return statistics.mean(ranks)


def timed(folders: dict[str, Path], queries: Sequence[str]) -> dict[str, list[float]]:
    """CPU milliseconds of the first ten for each query: medians of rounds, each in a process of its own, in turn."""
    taken: dict[str, list[list[float]]] = defaultdict(list)
    for _ in range(REPEATS):
        for name, folder in folders.items():
            command = [sys.executable, peers.__file__, name, str(folder)]
            told = subprocess.run(
                command, input=json.dumps(queries), stdout=subprocess.PIPE, text=True, check=True
            )
            taken[name].append(json.loads(told.stdout))
    return {
        name: [statistics.median(one) for one in zip(*rounds, strict=True)]
        for name, rounds in taken.items()
    }


def ratio(took: dict[str, list[float]], name: str, share: float) -> float:
    return at(share, took["curate"]) / at(share, took[name])


def at(share: float, values: Sequence[float]) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


class Built(NamedTuple):
    folder: Path
    search: peers.Search
    seconds: float
    megabytes: float


class Bench:
    def __init__(self, root: Path, count: int) -> None:
        self.root = root
        log("reading")
        self.library = chosen(count)
        dice = random.Random(4)
        self.small = dice.sample(self.library, min(SMALL, len(self.library)))
        self.sets = title_queries(self.library, QUERIES)
        self.pieces = Pieces(self.library)
        titles = [one.queries[: LATENCY // 2] for one in self.sets if one.kind == "title"]
        self.kinds = {
            "titles": [query.text for some in titles for query in some],
            "Chinese pieces": self.pieces.pieces[:LATENCY],
        }

    def build(self, name: str, what: Sequence[object], turn: int = 0) -> Built:
        maker = peers.ALL[name]
        folder = self.root / re.sub(r"\W+", "-", f"{name}-{len(what)}-{turn}")
        shutil.rmtree(folder, ignore_errors=True)
        gc.collect()
        start = time.process_time()
        search = maker(folder, what)
        seconds = time.process_time() - start
        log(f"{name}, {len(what):,} documents: {seconds:.1f} s")
        return Built(folder, search, seconds, peers.size(folder) / 1e6)

    def run(self) -> list[str]:
        lines = [*self.figures(), "", *self.builds(), ""]
        made = {name: self.build(name, self.library) for name in PEERS}
        lines += [*self.costs(made), "", *self.quality(made), "", *self.extras(made["curate"])]
        return [*lines, "", *self.slow()]

    def builds(self) -> list[str]:
        """tantivy with and without us, in turn, on some of the documents."""
        ready = peers.prepared(self.small)
        costs: dict[str, list[float]] = defaultdict(list)
        for turn in range(REPEATS):
            for name in ("curate", BARE, READY):
                what = ready if name == READY else self.small
                costs[name].append(self.build(name, what, turn).seconds)
        ours, own, alone = (statistics.median(one) for one in costs.values())
        return [
            f"Building with {len(self.small):,} of the documents, {REPEATS} times in turn, medians: curate {ours:.2f} s,"
            f" tantivy with its own analyzer {own:.2f} s: **{ours / own:.2f} ×** (the bar: ≤ 1.3). Given"
            f" curate's tokens ready-made tantivy alone takes {alone:.2f} s: {ours / alone:.1f} × that; the rest is"
            " making tokens of text, in Python here, in Rust in tantivy's analyzer.",
        ]  # fmt: skip

    def costs(self, made: dict[str, Built]) -> list[str]:
        folders = {name: one.folder for name, one in made.items()}
        folders[READY] = made["curate"].folder  # the same index, asked without curate
        took = {kind: timed(folders, queries) for kind, queries in self.kinds.items()}
        base = made["curate"].seconds
        rows = []
        for name, one in made.items():
            times = [
                f"{at(0.5, some[name]):.2f} / {at(0.95, some[name]):.2f}" for some in took.values()
            ]
            found = [f"{share:.4f}" for share in self.pieces.recall(one.search)]
            cost = f"{one.seconds:.1f} ({one.seconds / base:.2f} ×)"
            rows.append([name, cost, f"{one.megabytes:.0f}", *times, *found])
        head = ["", "build, CPU s", "MB", *(f"{kind}, p50 / p95 ms" for kind in took)]
        ratios = "; ".join(
            f"{name}: {kind} p50 {ratio(some, name, 0.5):.2f} ×, p95 **{ratio(some, name, 0.95):.2f} ×**"
            for name in (BARE, READY)
            for kind, some in took.items()
        )
        return [
            *table([*head, "Chinese recall", "either writing"], rows),
            "",
            f"A query of curate to one of {ratios} (the bar: ≤ 1.3).",
        ]

    def quality(self, made: dict[str, Built]) -> list[str]:
        searches = {"curate": self.mended(made["curate"])}
        searches |= {name: one.search for name, one in made.items() if name != "curate"}
        searches["curate --exact"] = made["curate"].search
        head = [
            "MRR@10",
            *(f"{one.kind}, {one.language} ({len(one.queries)})" for one in self.sets),
        ]
        rows = [
            [name, *(f"{mean_rank(search, one):.3f}" for one in self.sets)]
            for name, search in searches.items()
        ]
        return table(head, rows)

    def figures(self) -> list[str]:
        chinese = sum(one.language == "zh" for one in self.library)
        size = sum(len(one.text) for one in self.library)
        return [
            f"{machine()} {len(self.library):,} documents ({chinese:,} Chinese), {size / 1e6:.0f} million characters."
        ]

    def mended(self, built: Built) -> peers.Search:
        """As curate search does it: what finds nothing is mended."""
        index = TantivyIndex(built.folder)
        texts = {one.id: one.text for one in self.library}

        def search(query: str, limit: int) -> list[str]:
            tree = parse(query)
            found = index.search(tree, Filters(), limit)
            if not found.total:
                better = corrected(tree, index, lambda hit: texts[hit.id])
                found = index.search(better, Filters(), limit)
            return [hit.id for hit in found.hits]

        return search

    def extras(self, built: Built) -> list[str]:
        """What else a search may do, in CPU milliseconds."""
        index = TantivyIndex(built.folder)
        search = self.mended(built)
        slips = [one.queries[: LATENCY // 2] for one in self.sets if one.kind == "one slip"]
        some = random.Random(5).sample(self.library, LATENCY // 2)
        wide = choices(self.library, LATENCY)
        plain = Filters()
        took = {
            "any of three common words": [cpu(index.search, one, plain, 10) for one in wide],
            "its facets": [cpu(index.facets, one, plain) for one in wide],
            "its 50th page": [cpu(index.search, one, plain, 10, 490) for one in wide],
            "a title with a slip": [cpu(search, one.text, 10) for part in slips for one in part],
            "what is most like a document": [
                cpu(
                    lambda one: index.search(telling(one, index), Filters(without=(one.id,)), 10),
                    one,
                )
                for one in some
            ],
        }
        rows = [
            [what, f"{at(0.5, all_):.1f}", f"{at(0.95, all_):.1f}"] for what, all_ in took.items()
        ]
        more = [
            Document(f"{n:064x}", "new", f"new {n}", text=one.text) for n, one in enumerate(some)
        ]
        added = cpu(index.update, more, [])
        return [
            *table(["curate, CPU ms", "p50", "p95"], rows),
            "",
            f"Adding {len(more)} documents to the {len(self.library):,}: {added:.0f} ms,"
            f" {added / 10 / built.seconds:.1f} % of building them all.",
        ]

    def slow(self) -> list[str]:
        """Whoosh, on some of the documents."""
        made = {name: self.build(name, self.small, 9) for name in SLOW}
        queries = [text for some in self.kinds.values() for text in some[:40]]
        took = timed({name: one.folder for name, one in made.items()}, queries)
        base, ours = made["curate"].seconds, took["curate"]
        rows = []
        for name, one in made.items():
            cells = [
                f"{at(share, took[name]):.2f} ({at(share, took[name]) / at(share, ours):.0f} ×)"
                for share in (0.5, 0.95)
            ]
            cost = f"{one.seconds:.1f} ({one.seconds / base:.1f} ×)"
            rows.append([name, cost, f"{one.megabytes:.0f}", *cells])
        return table(
            [f"{len(self.small):,} of them", "build, CPU s", "MB", "p50, ms", "p95, ms"], rows
        )


READ = """
How to read: *MRR@10* is the mean of 1/rank of the document whose title was asked for, 0 beyond the tenth. Titles are
those that no other document has (letters and digits compared, case and traditional or simplified aside), drawn at
random; *a word less* drops one word, or the end of a Chinese title; *one slip* has a letter too many, too few, wrong or
swapped, or a wrong Chinese character (the rules were made on another draw of titles). curate mends slips by itself, `--exact` leaves them.
*Chinese recall* asks for pieces of 2 to 6 characters that stand in documents and compares with a search through all
texts; *either writing* counts the documents that have it in the other script as well. tantivy's own analyzer here
splits by the same rule as curate's tokens (single Han characters, words otherwise), in lower case, without accents and
stemmed, but cannot make traditional characters simplified, so it looks through less; its queries come from its own
parser over the same fields with the same weights. *tantivy, curate's tokens* is handed them ready-made, in documents and
in queries: the engine's work alone. FTS5 keeps no copy of the texts. Times are CPU of a process that has one index open, for the first ten hits with what is shown of them, without
snippets; engines take turns, medians of three processes each, all queries once before to warm up.
"""


@click.command()
@click.option("--documents", "count", default=30_000, show_default=True)
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the indexes in this folder.")
@click.option("--dry", is_flag=True, help="Print only.")
def main(count: int, keep: Path | None, dry: bool) -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        lines = [*Bench(keep or Path(folder), count).run(), "", *READ.strip().splitlines()]
    print("\n".join(lines))
    if not dry:
        write("search", lines)


if __name__ == "__main__":
    main()
