"""What a hundred documents more cost a library of 20,000 real ones: ``python benchmarks/more.py``.

The documents are those of debian_docs.py, as text files; with ``--made`` those of make_corpus.py, which are short
and need nothing. ``--keep DIR`` leaves the workspaces there.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import measure
from debian_docs import Doc, documents
from measure import Cost
from report import log, machine, table, write

CURATE = (sys.executable, "-m", "curate")
NAME = "docs"
MORE = 100
CATEGORIES = {
    "office": "spreadsheet document cell slide macro 单元格 工作表 文档 幻灯片 單元格 儲存格 文件",
    "system": "kernel package mount daemon boot filesystem 内核 软件包 系统 文件系统 套件",
    "programming": "function class method trait struct exception template iterator 函数 编译",
    "database": "query table index transaction postgresql select 数据库 查询",
    "graphics": "widget window pixel paint render button 图像 窗口 绘制",
}
ROUNDS = ("everything new", "nothing changed", f"{MORE} documents more")
STAGES = ("collect", "classify")


def spread(count: int) -> list[Doc]:
    """``count`` documents, taken evenly from all: every package has its share."""
    found = documents()
    step = len(found) / count
    return [found[int(number * step)] for number in range(count)]


def made(count: int) -> list[Doc]:
    """``count`` invented documents of 0.5 to 4 KB, English and Chinese."""
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        script = Path(__file__).with_name("make_corpus.py")
        _do((sys.executable, str(script), str(count), str(corpus)), Path(folder))
        files = sorted(path for path in corpus.rglob("*") if path.is_file())
        return [Doc(path.name, "", path.stem, path.read_text("utf-8")) for path in files][:count]


def put(docs: Sequence[Doc], folder: Path, first: int) -> None:
    for number, doc in enumerate(docs, first):
        path = folder / f"{number // 500:03}" / f"{number:06} {doc.language}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{doc.title}\n\n{doc.text}\n", "utf-8")


def library(docs: Sequence[Doc], root: Path, match: str) -> dict[tuple[str, str], Cost]:
    """The costs of one library, by (round, stage)."""
    corpus, workspace = root / f"corpus-{match}", root / f"workspace-{match}"
    put(docs[:-MORE], corpus, 0)
    _do((*CURATE, "init", str(workspace)), root)
    place = workspace / "collections" / NAME
    place.mkdir(parents=True)
    (place / "collection.toml").write_text("\n".join(_collection(corpus, match)) + "\n", "utf-8")
    costs = {}
    for number in ROUNDS:
        if number == ROUNDS[2]:
            put(docs[-MORE:], corpus, len(docs) - MORE)
        for stage in STAGES:
            costs[number, stage] = _do((*CURATE, stage, NAME), workspace)
            log(f"{match}, {number}, {stage}: {costs[number, stage].cpu:.2f} s of CPU")
    return costs


def _collection(corpus: Path, match: str) -> Iterator[str]:
    yield 'title = "Real documents"\nrights = { own = "Bench" }'
    yield 'keywords = ["the", "的"]'
    yield f'[[sources]]\ntype = "folder"\npath = {json.dumps(str(corpus))}\nmatch = "{match}"'
    for name, words in CATEGORIES.items():
        said = json.dumps(words.split(), ensure_ascii=False)
        yield f'[[categories]]\nname = "{name}"\nwords = {said}'


def _do(command: Sequence[str], folder: Path) -> Cost:
    cost = measure.run(command, folder)
    if cost.code:
        raise SystemExit(f"{' '.join(command)} ended with {cost.code}:\n{cost.output}")
    return cost


def report(size: int, kind: str, found: dict[str, dict[tuple[str, str], Cost]]) -> Iterator[str]:
    yield f"{machine()} {size:,} {kind} documents; CPU seconds of each command with all its workers, wall in brackets."
    yield ""
    for match, where in (("all", "classify"), ("keywords", "collect")):
        costs = found[match]
        yield f'`match = "{match}"`: the files are read by `{where}`.'
        yield ""
        rows = []
        for stage in STAGES:
            full = costs[ROUNDS[0], stage].cpu
            cells = [
                f"{costs[one, stage].cpu:.2f} ({costs[one, stage].wall:.2f})" for one in ROUNDS
            ]
            rows.append((f"`{stage}`", *cells, f"{100 * costs[ROUNDS[2], stage].cpu / full:.1f} %"))
        both = [sum(costs[one, stage].cpu for stage in STAGES) for one in ROUNDS]
        rows.append(("both", *(f"{one:.2f}" for one in both), f"{100 * both[2] / both[0]:.1f} %"))
        yield from table(("", *ROUNDS, "of the first run"), rows)
        yield ""
    yield (
        "`classify` ends with bringing the index up to date. The bar: classify and index under 3 % of the full run"
        " when 100 documents come to 20,000."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--made", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    docs = (made if options.made else spread)(options.count + MORE)
    with tempfile.TemporaryDirectory(prefix="curate-more-") as home:
        root = options.keep or Path(home)
        root.mkdir(parents=True, exist_ok=True)
        found = {match: library(docs, root, match) for match in ("all", "keywords")}
    lines = list(report(options.count, "made" if options.made else "real", found))
    print("\n".join(lines))
    if options.count == parser.get_default("count"):
        write("more", lines)


if __name__ == "__main__":
    main()
