"""Find the same bytes among 100,000 files, beside jdupes, rmlint and fclones: ``python benchmarks/same_bytes.py``.

The tree is made of the files of Debian's documentation packages (see ``debian_docs``), with a few whole folders
copied once more, in a temporary folder (``TMPDIR``; 2 GB) that is removed afterwards. Peers that are not
installed are left out, and that is said.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import report
from debian_docs import CHINESE, ENGLISH, unpacked

FILES = 100_000
ROUNDS = 5
MORE = ("openclipart-svg", "tango-icon-theme", "plasma-workspace-wallpapers")
COPIED = ("manpages-zh", "debian-handbook", "python3.11-doc")
"""Packages whose files come a second time, until there are enough."""
BAR_FIRST = 1.3


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="same-bytes-") as folder:
        home = Path(folder)
        tree = home / "tree"
        files, size = make(tree)
        report.log(f"{files:,} files, {size / 1e6:,.0f} MB")
        tools = list(installed(home, tree))
        groups = check(tools)
        for tool in tools:
            tool.prepare()
        for number in range(ROUNDS):
            for tool in tools:
                tool.run()
            report.log(f"round {number + 1} of {ROUNDS}")
        report.write("same_bytes", told(tools, files, size, groups))


def make(tree: Path) -> tuple[int, int]:
    """``FILES`` real files below ``tree``; their number and bytes."""
    count = size = 0
    for source, target in islice(_wanted(tree), FILES):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        count, size = count + 1, size + target.stat().st_size
    subprocess.run(["sync", "-f", tree], check=False)
    time.sleep(
        3
    )  # as old as anyone's files are: none is remembered that may still change unnoticed
    return count, size


def _wanted(tree: Path) -> Iterator[tuple[Path, Path]]:
    packages = [(name, name) for name in (*CHINESE, *MORE, *reversed(ENGLISH))]
    for name, target in (*packages, *((name, f"copy of {name}") for name in COPIED)):
        folder = unpacked(name)
        for path in sorted(folder.rglob("*")) if folder else ():
            if path.is_file() and not path.is_symlink():
                yield path, tree / target / path.relative_to(folder)


@dataclass
class Tool:
    name: str
    command: list[str | Path]
    output: Path
    when: str = "first"  # or "second": it may use what it keeps
    before: Callable[[], None] = lambda: None  # every time
    prepare: Callable[[], None] = lambda: None  # once
    environment: dict[str, str] | None = None

    def __post_init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def run(self) -> None:
        self.before()
        with self.output.open("wb") as file:
            start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                self.command,
                stdout=file,
                stderr=subprocess.DEVNULL,
                cwd=self.output.parent,
                env=self.environment,
                check=True,
            )
            self.wall.append(time.perf_counter() - start)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu.append(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)


def installed(home: Path, tree: Path) -> Iterator[Tool]:
    """The tools that are there, those with a memory of their own twice."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(home / "cache")}
    memory = home / "cache" / "curate" / "same-bytes"
    ours: list[str | Path] = [sys.executable, "-m", "curate", "dedupe", "scan", tree, "--json"]
    first = Tool("curate", ours, home / "curate.json", environment=environment)
    first.before = lambda: memory.unlink(missing_ok=True)
    yield first
    yield Tool("curate", ours, home / "curate2.json", "second", environment=environment)
    yield Tool("curate, its start alone", [*ours[:5], "--help"], home / "help", "start")
    if shutil.which("jdupes"):
        yield Tool("jdupes", ["jdupes", "-rq", tree], home / "jdupes")
        yield Tool("jdupes --quick", ["jdupes", "-rqQ", tree], home / "jdupes-q")
    if shutil.which("rmlint"):
        rmlint = ["rmlint", tree, "-T", "df", "--without-fiemap"]
        written = home / "rmlint.json"
        yield Tool("rmlint", [*rmlint, "-o", f"json:{written}"], home / "rmlint")
        attributes = Tool(
            "rmlint --xattr",
            [*rmlint, "--xattr-read", "-o", "json:/dev/null"],
            home / "rmlint-x",
            "second",
        )
        attributes.prepare = (
            lambda: (  # before ours: it writes to the files, which changes their ctime
                subprocess.run(
                    [*rmlint, "--xattr", "-o", "json:/dev/null"], check=True, capture_output=True
                )
                and None
            )
        )
        yield attributes
        replayed = [*rmlint, "--replay", written, "-o", "json:/dev/null"]
        yield Tool("rmlint --replay", replayed, home / "rmlint-r", "second")
    if shutil.which("fclones"):
        fclones: list[str | Path] = ["fclones", "group", tree]
        cache = {**os.environ, "XDG_CACHE_HOME": str(home / "fclones")}
        yield Tool("fclones", fclones, home / "fclones.txt", environment=cache)
        yield Tool(
            "fclones --cache",
            [*fclones, "--cache"],
            home / "fclones2.txt",
            "second",
            environment=cache,
        )


Groups = set[frozenset[str]]


def check(tools: list[Tool]) -> Groups:
    """Run each once, which also warms the caches of the system; raises where jdupes finds other groups."""
    found: dict[str, Groups] = {}
    for tool in tools:
        if tool.name in ("curate", "jdupes"):
            tool.run()
            text = os.fsdecode(tool.output.read_bytes())
            found[f"{tool.name}, {tool.when}"] = (_ours if tool.name == "curate" else _theirs)(text)
            tool.wall.clear()
            tool.cpu.clear()
    first, second = (one for one in tools if one.name == "curate")
    if not _read(first) or _read(second):
        raise SystemExit("the first run remembered something, or the second one nothing")
    sets = list(found.values())
    if any(one != sets[0] for one in sets):
        raise SystemExit(
            f"not the same groups: { {name: len(one) for name, one in found.items()} }"
        )
    return sets[0]


def _read(one: Tool) -> int:
    found: int = json.loads(one.output.read_text("utf-8"))["read"]
    return found


def _ours(text: str) -> Groups:
    return {frozenset(copy[0] for copy in group["copies"]) for group in json.loads(text)["groups"]}


def _theirs(text: str) -> Groups:
    return {frozenset(block.split("\n")) for block in text.strip("\n").split("\n\n") if block}


def told(tools: list[Tool], files: int, size: int, groups: Groups) -> Iterator[str]:
    members = sum(map(len, groups))
    yield (
        f"{files:,} files of Debian's packages, {size / 1e6:,.0f} MB; {members:,} of them in {len(groups):,} groups"
        f" of the same bytes. The page cache is warm; {ROUNDS} rounds, every tool once in each, one after the"
        f" other. {report.machine()}"
    )
    for when, note in (
        ("first", "**First run**: nothing is known."),
        (
            "second",
            "**Second run**: nothing has changed; what a tool keeps may be used. jdupes keeps nothing.",
        ),
    ):
        shown = [
            one for one in tools if one.when == when or (when == "second" and "jdupes" in one.name)
        ]
        mine = next(one for one in shown if one.name == "curate")
        yield ""
        yield note
        yield ""
        head = (
            "",
            "wall s, median",
            "least",
            "CPU s, median",
            "files/s",
            "MB/s",
            "wall of curate to its",
            "CPU",
        )
        yield from report.table(head, (_row(one, mine, files, size) for one in shown))
    yield ""
    yield from verdict(tools)
    yield ""
    yield from READ.strip().splitlines()


def _row(one: Tool, mine: Tool, files: int, size: int) -> tuple[str, ...]:
    wall, cpu = median(one.wall), median(one.cpu)
    return (
        one.name,
        f"{wall:.2f}",
        f"{min(one.wall):.2f}",
        f"{cpu:.2f}",
        f"{files / wall:,.0f}",
        f"{size / wall / 1e6:,.0f}",
        "" if one is mine else f"{median(mine.wall) / wall:.2f}",
        "" if one is mine else f"{median(mine.cpu) / cpu:.2f}",
    )


def verdict(tools: list[Tool]) -> Iterator[str]:
    """The bars, and how far they are reached."""
    first, second = (
        next(one for one in tools if (one.name, one.when) == ("curate", when))
        for when in ("first", "second")
    )
    others = [one for one in tools if not one.name.startswith("curate")]
    for mine, told, bar, rivals in (
        (
            first,
            "First run",
            f"at most {BAR_FIRST}",
            [one for one in others if one.when == "first"],
        ),
        (second, "Second run", "below 1", others),
    ):
        parts = [f"{median(mine.wall) / median(one.wall):.2f} × {one.name}" for one in rivals]
        if parts:
            yield f"- {told}, median wall time: {', '.join(parts)} (bar: {bar} of each)."
    start = next(one for one in tools if one.when == "start")
    yield (
        f"- Starting (`curate dedupe scan --help`) is {median(start.wall):.2f} s of each time of curate, at least"
        f" {min(start.wall):.2f} s; {median(start.cpu):.2f} s of CPU."
    )
    missing = [name for name in ("jdupes", "rmlint", "fclones") if not shutil.which(name)]
    if missing:
        yield f"- Not installed here: {', '.join(missing)}."


READ = """
How to read:

- jdupes and curate find the same groups; the benchmark stops where they do not. curate gives the SHA-256 of each.
  jdupes compares byte by byte as it comes; with `--quick` it trusts its own 64-bit hash and warns that this may
  lose data.
- rmlint runs without looking up where files lie on the disk (`--without-fiemap`): with it, one run took over a
  minute here. `--xattr` keeps hashes in attributes of the files themselves, which changes their time of change;
  `--replay` says again what it said before, of files that are still as they were: it looks for no new ones.
- fclones is neither in Debian nor on PyPI; it is taken into the comparison where it is installed.
- jdupes and `--replay` work in one process, curate in one for each processor. With other work on the machine the ratio of wall times changes with what that work is; *least*
  is what comes nearest to a machine of one's own.
- In its second run curate reads nothing: it lists the folders, looks at the times of each file, and compares
  them with what it kept (88 bytes a file).
- What was tried for the first run, each measured on 123,000 files: hashing every file whose size occurs twice
  (some 1.4 × jdupes, on another tree), hashing only one of several equal files that a process meets, and reading the beginning before
  the whole (the way it is now; for how much to read at first, 1, 2 and 4 KB were tried on this tree and cost
  the same within the noise). What remains is system calls, four a file, which Python pays some 3 µs more for.
"""


if __name__ == "__main__":
    main()
