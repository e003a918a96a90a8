"""Search against its peers on real documents: ``python benchmarks/search.py [--documents 30000]``.

Needs what debian_docs.py needs. Single-threaded; costs are CPU seconds of the process that has them.
"""

from __future__ import annotations

import gc
import os
import random
import re
import shutil
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click
import search_peers as peers
from report import log, machine, table, write
from search_queries import HAN, Set, choices, chosen, substrings, title_queries

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
PEERS: dict[str, Callable[[Path, Iterable[Document]], peers.Search]] = {
    "curate": peers.curate,
    "tantivy, own analyzer": peers.tantivy,
    "SQLite FTS5 unicode61": peers.fts5,
    "SQLite FTS5 trigram": peers.fts5_trigram,
}
SLOW = {
    "curate": peers.curate,
    "curate, engine whoosh": peers.curate_whoosh,
    "Whoosh": peers.whoosh,
}


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


def cpu(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def timed(searches: dict[str, peers.Search], queries: Sequence[str]) -> dict[str, list[float]]:
    """CPU milliseconds of the first ten for each query, the median of some rounds, engines in turn."""
    taken: dict[str, list[list[float]]] = {name: [[] for _ in queries] for name in searches}
    gc.collect()
    for _ in range(REPEATS + 1):
        for number, query in enumerate(queries):
            for name, search in searches.items():
                taken[name][number].append(cpu(lambda s=search, q=query: s(q, 10)) * 1000)  # type: ignore[misc]
    return {name: [statistics.median(some[1:]) for some in all_] for name, all_ in taken.items()}


def at(share: float, values: Sequence[float]) -> float:
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


class Bench:
    def __init__(self, root: Path, count: int) -> None:
        self.root = root
        log("reading")
        self.library = chosen(count)
        dice = random.Random(4)
        self.small = dice.sample(self.library, min(SMALL, len(self.library)))
        self.built: dict[str, tuple[float, int]] = {}
        self.lines: list[str] = []

    def build(
        self, name: str, maker: Callable[..., peers.Search], what: Sequence[object]
    ) -> tuple[peers.Search, float, int]:
        folder = self.root / re.sub(r"\W+", "-", f"{name}-{len(what)}")
        shutil.rmtree(folder, ignore_errors=True)
        gc.collect()
        search: list[peers.Search] = []
        seconds = cpu(lambda: search.append(maker(folder, what)))
        log(f"{name}, {len(what):,} documents: {seconds:.1f} s")
        return search[0], seconds, peers.size(folder)

    def builds(self) -> list[str]:
        """tantivy with and without us, in turn, on some of the documents."""
        ready = peers.prepared(self.small)
        costs: dict[str, list[float]] = defaultdict(list)
        for _ in range(REPEATS):
            for name, maker, what in (
                ("curate", peers.curate, self.small),
                ("own", peers.tantivy, self.small),
                ("ready", peers.tantivy_ready, ready),
            ):
                costs[name].append(self.build(f"again {name}", maker, what)[1])
        ours = statistics.median(costs["curate"])
        own, alone = statistics.median(costs["own"]), statistics.median(costs["ready"])
        return [
            f"Building with {len(self.small):,} of the documents, {REPEATS} times in turn, medians: curate {ours:.2f} s,"
            f" tantivy with its own analyzer {own:.2f} s: **{ours / own:.2f} ×** (the bar: ≤ 1.3). Given"
            f" curate's tokens ready-made tantivy alone takes {alone:.2f} s: {ours / alone:.1f} × that; the rest is"
            " making tokens of text, in Python, which tantivy's analyzer does in Rust and slower.",
        ]  # fmt: skip

    def run(self) -> list[str]:
        sets = title_queries(self.library, QUERIES)
        pieces = Pieces(self.library)
        kinds = {
            "titles": [
                query.text
                for one in sets
                if one.kind == "title"
                for query in one.queries[: LATENCY // 2]
            ],
            "Chinese pieces": pieces.pieces[:LATENCY],
        }
        lines = [*self.figures(), "", *self.builds(), ""]
        made = {name: self.build(name, maker, self.library) for name, maker in PEERS.items()}
        searches = {name: search for name, (search, _, _) in made.items()}
        quality = {name: self.quality(search, sets) for name, search in searches.items()}
        finds = {name: pieces.recall(search) for name, search in searches.items()}
        took = {kind: timed(searches, queries) for kind, queries in kinds.items()}
        head = [
            "",
            "build, CPU s",
            "MB",
            *(f"{k} p50 / p95, ms" for k in kinds),
            "Chinese recall",
            "either writing",
        ]
        rows = []
        for name, (_, seconds, size) in made.items():
            base = made["curate"][1]
            times = [f"{at(0.5, took[k][name]):.2f} / {at(0.95, took[k][name]):.2f}" for k in kinds]
            rows.append([name, f"{seconds:.1f} ({seconds / base:.2f} ×)", f"{size / 1e6:.0f}", *times,
                         f"{finds[name][0]:.4f}", f"{finds[name][1]:.4f}"])  # fmt: skip
        lines += table(head, rows)
        ratios = [
            f"{kind}: p50 {at(.5, took[kind]['curate']) / at(.5, took[kind]['tantivy, own analyzer']):.2f} ×,"
            f" p95 {at(.95, took[kind]['curate']) / at(.95, took[kind]['tantivy, own analyzer']):.2f} ×"
            for kind in kinds
        ]  # fmt: skip
        lines += [
            "",
            f"A query of curate to one of bare tantivy: {'; '.join(ratios)} (the bar: p95 ≤ 1.3 ×).",
            "",
        ]
        head = ["MRR@10", *(f"{one.kind}, {one.language} ({len(one.queries)})" for one in sets)]
        mended = self.mended()
        rows = [["curate", *(f"{self.one(mended, one):.3f}" for one in sets)]]
        rows += [
            [
                f"{name}{', as written' if name == 'curate' else ''}",
                *(f"{v:.3f}" for v in quality[name]),
            ]
            for name in searches
        ]
        lines += [*table(head, rows), "", *self.extras(sets), "", *self.slow(kinds)]
        return lines

    def figures(self) -> list[str]:
        chinese = sum(one.language == "zh" for one in self.library)
        size = sum(len(one.text) for one in self.library)
        return [
            f"{machine()} {len(self.library):,} documents ({chinese:,} Chinese), {size / 1e6:.0f} million characters."
        ]

    def quality(self, search: peers.Search, sets: Sequence[Set]) -> list[float]:
        return [self.one(search, one) for one in sets]

    @staticmethod
    def one(search: peers.Search, some: Set) -> float:
        ranks = []
        for query in some.queries:
            try:
                ranks.append(rank(search(query.text, 10), query.meant))
            except Exception as fault:  # noqa: BLE001 - a query that an engine refuses finds nothing
                log(f"{query.text}: {fault}")
                ranks.append(0.0)
        return statistics.mean(ranks)

    def mended(self) -> peers.Search:
        """As curate search does it: what finds nothing is mended."""
        index = TantivyIndex(self.root / f"curate-{len(self.library)}")
        texts = {one.id: one.text for one in self.library}

        def search(query: str, limit: int) -> list[str]:
            tree = parse(query)
            found = index.search(tree, Filters(), limit)
            if not found.total:
                better = corrected(tree, index, lambda hit: texts[hit.id])
                found = index.search(better, Filters(), limit)
            return [hit.id for hit in found.hits]

        return search

    def extras(self, sets: Sequence[Set]) -> list[str]:
        """What else a search may do, in CPU milliseconds."""
        index = TantivyIndex(self.root / f"curate-{len(self.library)}")
        search = self.mended()
        slips = [
            query.text
            for one in sets
            if one.kind == "one slip"
            for query in one.queries[: LATENCY // 2]
        ]
        dice = random.Random(5)
        some = dice.sample(self.library, LATENCY // 2)
        wide = choices(self.library, LATENCY)
        took = {
            "any of three common words": [cpu(lambda q=q: index.search(q, Filters(), 10)) for q in wide],
            "the same, with facets": [
                cpu(lambda q=q: (index.search(q, Filters(), 10), index.facets(q, Filters()))) for q in wide
            ],
            "a title with a slip": [cpu(lambda q=q: search(q, 10)) for q in slips],
            "more like one document": [
                cpu(lambda d=d: index.search(telling(d, index), Filters(without=(d.id,)), 10)) for d in some
            ],
            "the 50th page": [cpu(lambda q=q: index.search(q, Filters(), 10, 490)) for q in wide],
        }  # fmt: skip
        more = [
            Document(f"{n:064x}", "new", f"new {n}", text=one.text)
            for n, one in enumerate(some + some[:25])
        ]
        added = cpu(lambda: index.update(more, []))
        rows = [
            [what, f"{at(0.5, all_) * 1000:.1f}", f"{at(0.95, all_) * 1000:.1f}"]
            for what, all_ in took.items()
        ]
        return [
            *table(["curate, CPU ms", "p50", "p95"], rows),
            "",
            f"Adding {len(more)} documents to the {len(self.library):,}: {added:.2f} CPU s.",
        ]

    def slow(self, kinds: dict[str, list[str]]) -> list[str]:
        """Whoosh, on some of the documents."""
        made = {name: self.build(name, maker, self.small) for name, maker in SLOW.items()}
        searches = {name: search for name, (search, _, _) in made.items()}
        queries = [text for some in kinds.values() for text in some[:40]]
        took = timed(searches, queries)
        ours = took["curate"]
        rows = [
            [name, f"{seconds:.1f} ({seconds / made['curate'][1]:.1f} ×)", f"{size / 1e6:.0f}",
             f"{at(.5, took[name]):.2f} ({at(.5, took[name]) / at(.5, ours):.0f} ×)",
             f"{at(.95, took[name]):.2f} ({at(.95, took[name]) / at(.95, ours):.0f} ×)"]
            for name, (_, seconds, size) in made.items()
        ]  # fmt: skip
        head = [f"{len(self.small):,} of them", "build, CPU s", "MB", "p50, ms", "p95, ms"]
        return table(head, rows)


READ = """
How to read: *MRR@10* is the mean of 1/rank of the document whose title was asked for, 0 beyond the tenth. Titles are
those that no other document has (letters and digits compared, case and traditional or simplified aside), drawn at
random; *a word less* drops one word, or the end of a Chinese title; *one slip* has a letter too many, too few, wrong or
swapped, or a wrong Chinese character. curate mends slips by itself, `--exact` shows it without (*as written*).
*Chinese recall* asks for pieces of 2 to 6 characters that stand in documents and compares with a search through all
texts; *either writing* counts the documents that have it in the other script as well. tantivy's own analyzer here
splits by the same rule as curate's tokens (single Han characters, words otherwise), in lower case, without accents and
stemmed; its queries come from its own parser over the same fields with the same weights. FTS5 keeps no copy of the
texts. Times are CPU of one process, for the first ten hits with what is shown of them, without snippets; engines take
turns at every query, medians of three rounds after one to warm up.
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
