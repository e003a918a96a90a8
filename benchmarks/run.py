"""The whole way on made libraries: ``python benchmarks/run.py [--sizes 5000 20000] [--keep DIR]``.

Every stage is a real ``curate`` process in a fresh workspace: once on everything, once with nothing
changed, once with one file changed. Writes its tables into benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import re
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import make_corpus
import measure
from measure import Cost

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
BEGIN, END = "<!-- run:begin -->", "<!-- run:end -->"
CURATE = (sys.executable, "-m", "curate")
NAME = "bench"
QUERIES = (
    "tutorial",
    "备份",
    "recipe AND checklist",
    '"烤箱" OR violin',
    "backup OR 流程",
)
REPEATS = 3  # of each query
STARTS = 15  # of each start-up measurement
STAGES = ("collect", "classify", "package")
ROUNDS = {"first": "everything new", "again": "nothing changed", "one": "one file changed"}


@dataclass(frozen=True, slots=True)
class Measured:
    """One library. ``costs`` by (round, stage)."""

    size: int
    planted: dict[str, int]
    costs: dict[tuple[str, str], Cost]
    searches: list[Cost]

    def total(self, of: str, value: str) -> float:
        return sum(float(getattr(self.costs[of, stage], value)) for stage in STAGES)


def library(size: int, root: Path) -> tuple[Measured, Path]:
    """Everything about one size; also the workspace, which still holds the library."""
    corpus, workspace = root / f"corpus-{size}", root / f"workspace-{size}"
    # A process of its own: a child's peak memory begins with what its parent holds.
    _do((sys.executable, str(HERE / "make_corpus.py"), str(size), str(corpus)), root)
    _do((*CURATE, "init", str(workspace)), root)
    place = workspace / "collections" / NAME
    place.mkdir(parents=True)
    (place / "collection.toml").write_text(_collection(corpus), "utf-8")
    costs: dict[tuple[str, str], Cost] = {}
    searches: list[Cost] = []
    for number in ROUNDS:
        if number == "one":
            _touch(corpus)
        for stage in STAGES:
            costs[number, stage] = _do((*CURATE, stage, NAME), workspace)
            _log(f"{size} {number} {stage}", costs[number, stage])
            if stage == "classify" and number == "first":
                searches = [_search(query, workspace) for query in QUERIES for _ in range(REPEATS)]
                _log(f"{size} search", median(searches))
    planted = json.loads(corpus.with_name(corpus.name + ".planted.json").read_text())
    return Measured(size, planted, costs, searches), workspace


def _collection(corpus: Path) -> str:
    quote = json.dumps  # TOML's basic strings are JSON's
    words = [word for some in make_corpus.KEYWORDS.values() for word in some]
    lines = [
        'title = "Benchmark"',
        f"keywords = {quote(words, ensure_ascii=False)}",
        'rights = { own = "Bench" }',
        "[[sources]]",
        f'type = "folder"\npath = {quote(str(corpus), ensure_ascii=False)}',
    ]
    for name, languages in make_corpus.CATEGORIES.items():
        said = [word for some in languages.values() for word in some]
        lines.append(
            f"[[categories]]\nname = {quote(name)}\nwords = {quote(said, ensure_ascii=False)}"
        )
    return "\n".join(lines) + "\n"


def _touch(corpus: Path) -> None:
    """Other words in one file that is in the library."""
    for path in sorted(corpus.rglob("*.md")):
        text = path.read_text("utf-8")
        if make_corpus.KEYWORDS["en"][0] in text:
            path.write_text(f"{text}\nOne sentence was added to this file.\n", "utf-8")
            return
    raise SystemExit("no file to change")


def _search(query: str, workspace: Path) -> Cost:
    cost = _do((*CURATE, "search", query), workspace)
    if "found" not in cost.output or "nothing found" in cost.output:
        raise SystemExit(f"search {query!r} found nothing:\n{cost.output}")
    return cost


def _do(command: Sequence[str], folder: Path) -> Cost:
    cost = measure.run(command, folder)
    if cost.code:
        raise SystemExit(f"{' '.join(command)} ended with {cost.code}:\n{cost.output}")
    return cost


def _log(what: str, cost: Cost) -> None:
    print(
        f"{what}: {cost.wall:.2f} s, CPU {cost.cpu:.2f} s, {cost.main_mb:.0f} MiB, tree {cost.tree_mb:.0f} MiB",
        file=sys.stderr, flush=True,
    )  # fmt: skip


def median(costs: Iterable[Cost]) -> Cost:
    """A cost of which each figure is the median of its own."""
    some = list(costs)
    middle = {
        name: statistics.median(getattr(one, name) for one in some)
        for name in ("wall", "cpu", "main_mb", "tree_mb")
    }
    return replace(some[0], **middle)


def number(output: str, pattern: str) -> int:
    """The number that ``pattern`` captures in what a command printed."""
    found = re.search(pattern, output)
    if not found:
        raise SystemExit(f"no {pattern!r} in:\n{output}")
    return int(found[1].replace(",", ""))


def sizes_table(measured: Sequence[Measured]) -> Iterator[str]:
    yield "| files | run | stage | wall s | CPU s | files/s | peak MiB, main | peak MiB, tree |"
    yield "|--:|---|---|--:|--:|--:|--:|--:|"
    for one in measured:
        for of, title in ROUNDS.items():
            for stage in STAGES:
                cost = one.costs[of, stage]
                yield (
                    f"| {one.size:,} | {title} | {stage} | {cost.wall:.2f} | {cost.cpu:.2f} | "
                    f"{one.size / cost.wall:,.0f} | {cost.main_mb:.0f} | {cost.tree_mb:.0f} |"
                )
            if of == "first":
                cost = median(one.searches)
                yield (
                    f"| {one.size:,} | {len(QUERIES)} queries, {REPEATS} times, median | search | {cost.wall:.2f} | "
                    f"{cost.cpu:.2f} | | {cost.main_mb:.0f} | {cost.tree_mb:.0f} |"
                )


def growth_table(small: Measured, large: Measured) -> Iterator[str]:
    yield f"| from {small.size:,} to {large.size:,} files ({large.size / small.size:.1f} ×) | wall | CPU | main's memory | tree's memory |"
    yield "|---|--:|--:|--:|--:|"
    for of, title in ROUNDS.items():
        for stage in STAGES:
            a, b = small.costs[of, stage], large.costs[of, stage]
            yield f"| {stage}, {title} | {_ratios(a, b)} |"
    yield f"| search | {_ratios(median(small.searches), median(large.searches))} |"


def _ratios(a: Cost, b: Cost) -> str:
    pairs = ((b.wall, a.wall), (b.cpu, a.cpu), (b.main_mb, a.main_mb), (b.tree_mb, a.tree_mb))
    return " | ".join(f"{new / old:.2f} ×" for new, old in pairs)


def counts_table(measured: Sequence[Measured]) -> Iterator[str]:
    yield "| files | taken / with a keyword | exact duplicates found / planted | near duplicates found / planted | in the bundle / resources less near ones |"
    yield "|--:|--:|--:|--:|--:|"
    for one in measured:
        collected = one.costs["first", "collect"].output
        classified = one.costs["first", "classify"].output
        packaged = one.costs["first", "package"].output
        resources = number(classified, r"([\d,]+) resources from")
        near = number(classified, r"([\d,]+) near dup")
        pairs = (
            (number(collected, r"([\d,]+) taken"), one.planted["matching"]),
            (number(classified, r"([\d,]+) exact"), one.planted["exact"]),
            (near, one.planted["near"]),
            (number(packaged, r"([\d,]+) items"), resources - near),
        )
        cells = (f"{a:,} / {b:,}{'' if a == b else ' **differs**'}" for a, b in pairs)
        yield f"| {one.size:,} | {' | '.join(cells)} |"


def bars_table(measured: Sequence[Measured], workspace: Path) -> Iterator[str]:
    """Each bar beside its figure."""
    yield "| bar | figure | |"
    yield "|---|--:|---|"
    for one in measured:
        for value, name in (("wall", "wall"), ("cpu", "CPU")):
            share = one.total("again", value) / one.total("first", value)
            yield _bar(
                f"collect + classify + package with nothing changed, {one.size:,} files, {name}: under 10 % of the first run",
                f"{share:.1%}", share < 0.1,
            )  # fmt: skip
    for one in measured:
        cost = one.total("one", "cpu") / one.total("first", "cpu")
        yield f"| the same with one file changed, {one.size:,} files, CPU: no bar | {cost:.1%} | |"
    bare = median(_do((sys.executable, "-c", "pass"), workspace) for _ in range(STARTS))
    helped = median(_do((*CURATE, "--help"), workspace) for _ in range(STARTS))
    more = (helped.cpu - bare.cpu) * 1000
    yield _bar(
        f"`curate --help` (median of {STARTS}): under 150 ms of CPU more than `python -c pass` ({bare.cpu * 1000:.0f} ms)",
        f"{more:.0f} ms", more < 150,
    )  # fmt: skip
    last = measured[-1]
    found = median(_search(query, workspace) for query in QUERIES for _ in range(REPEATS))
    for value, name in (("wall", "wall"), ("cpu", "CPU")):
        spent = getattr(found, value) * 1000
        yield _bar(
            f"`curate search`, whole process, {last.size:,} files, {name}: under 400 ms", f"{spent:.0f} ms", spent < 400
        )  # fmt: skip


def _bar(what: str, figure: str, held: bool) -> str:
    return f"| {what} | {figure} | {'yes' if held else '**no**'} |"


def machine(before: str) -> str:
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()}, {platform.python_implementation()} "
        f"{platform.python_version()}; load average of the last minute {before} before the run, {load()} after it "
        "(one busy process is 1)."
    )


def load() -> str:
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


def write(lines: Sequence[str]) -> None:
    """Replace what stands between the markers. Raises SystemExit where README.md has none."""
    text = README.read_text("utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"benchmarks/README.md holds no {BEGIN} … {END}")
    body = "\n".join(lines)
    README.write_text(f"{head}{BEGIN}\n\n{body}\n\n{END}{tail}", "utf-8")


@contextmanager
def _root(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="curate-bench-") as made:
            yield Path(made).resolve()
    else:
        keep.mkdir(parents=True)
        yield keep.resolve()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[5000, 20000])
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="a new folder for the workspaces, which then stay"
    )
    parser.add_argument(
        "--print", dest="only_print", action="store_true", help="print, do not write README.md"
    )
    options = parser.parse_args()
    before = load()
    with _root(options.keep) as root:
        made = [library(size, root) for size in sorted(options.sizes)]
        measured = [one for one, _ in made]
        lines = ["", *sizes_table(measured), ""]
        for small, large in itertools.pairwise(measured):
            lines += [*growth_table(small, large), ""]
        lines += [*counts_table(measured), "", *bars_table(measured, made[-1][1])]
        lines.insert(0, machine(before))
    if options.only_print:
        print("\n".join(lines))
    else:
        write(lines)


if __name__ == "__main__":
    main()
