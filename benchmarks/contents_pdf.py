"""A list of 9,000 files as PDF, by curate and by WeasyPrint: ``python benchmarks/contents_pdf.py [ROWS]``.

The peer only where it is installed: ``pip install weasyprint``, which needs Pango
(``apt-get install libpango-1.0-0 libpangoft2-1.0-0``). Both set the same rows in the same font, each in a
process of its own.
"""

from __future__ import annotations

import html
import io
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pypdfium2
from report import log, machine, table, write

from curate.bundle import layout, pages, text
from curate.bundle.history import Step
from curate.bundle.pages import printed
from curate.bundle.pages.chapter import Chapter
from curate.collection import Category, Collection, Loaded
from curate.messages import speaker
from curate.model import Decision, Item

ROWS = 9000
PARTS = 30
BAR = 5  # times as fast
_HAN = (
    "机器学习资料合集入门教程数据分析图像处理自然语言模型训练方法实践案例研究报告深度网络优化算法统计概率"
    "线性代数编程语言开发工具手册指南繁體中文學習資料開放課程電子書籍參考文獻圖書館藏"
)
_WORDS = "a guide to the practice of open data and learning with small models for people who write".split()


def title(number: int, chance: random.Random) -> str:
    """Two of three are Chinese."""
    if number % 3:
        return "".join(chance.choices(_HAN, k=chance.randint(8, 26)))
    return " ".join(chance.choices(_WORDS, k=chance.randint(3, 9))).capitalize()


def content(rows: int) -> pages.Content:
    chance = random.Random(1)
    kinds = (("document", "pdf"), ("table", "csv"), ("image", "png"), ("audio", "mp3"))
    items = []
    for number in range(rows):
        kind, format = kinds[number % 4]
        items.append(
            Item(
                f"{number:064x}", chance.randint(10_000, 90_000_000), f"{number}.{format}",
                title(number, chance), f"c{number % PARTS}", format, kind, "", "zh", "", (),
                {"pages": 1 + number % 300} if kind == "document" else {}, ("Ann",), "",
                Decision("allow", "CC-BY-4.0"), "", lambda: io.BytesIO(b""), lambda: b"",
            )
        )  # fmt: skip
    categories = tuple(Category(f"c{n}", f"第{n + 1}类资料") for n in range(PARTS))
    collection = Collection(
        title="资料总目", sources=(), language="zh", categories=categories, name="all"
    )
    say = speaker("zh")
    plan = layout.arrange(collection, items, {}, say)
    step = Step("1.0.0", rows, 0)
    return pages.Content(
        Loaded(collection, Path()), "1.0.0", "all-1.0.0.zip", "all-1.0.0", plan, {},
        Chapter("", {}, ""), "", (step,), (),
    )  # fmt: skip


def curate(rows: int) -> bytes:
    """What a bundle is given: the contents, and the tutorial along with it."""
    return joined(
        [one for name, one in printed.write(content(rows), {}) if name != printed.TUTORIAL]
    )


def joined(documents: Sequence[bytes]) -> bytes:
    """One PDF, to be counted: a long list comes as several."""
    whole = pypdfium2.PdfDocument.new()
    for one in documents:
        whole.import_pages(pypdfium2.PdfDocument(one))
    out = io.BytesIO()
    whole.save(out)
    return out.getvalue()


def weasyprint(rows: int) -> bytes:
    """Each row a paragraph: tables of thousands of rows are known to be slow in it."""
    import pylopdf_fonts_zh_cn as noto
    from weasyprint import HTML

    style = f"""@font-face {{ font-family: Noto; src: url({noto.sans_path().as_uri()}) }}
@page {{ size: A4; margin: 25mm 20mm 22mm; @bottom-right {{ content: counter(page) " / " counter(pages) }} }}
body {{ font: 9.2pt/1.55 Noto }} h2 {{ font-size: 17pt; bookmark-level: 1 }} p {{ margin: 0 0 3pt }}
a {{ color: #1b2230; text-decoration: none }} span {{ float: right; font-size: 8pt }}"""
    body = "".join(_lines(content(rows)))
    whole = f'<html lang="zh-CN"><style>{style}</style><body><h1>资料总目</h1>{body}</body></html>'
    made = HTML(string=whole).write_pdf()
    assert isinstance(made, bytes)
    return made


def _lines(content: pages.Content) -> Iterator[str]:
    for section, placed in content.layout.sections:
        yield f"<h2>{html.escape(section.label)}</h2>"
        for one in placed:
            item = one.item
            meta = (
                f"{item.format.upper()} · {text.size(item.size)} {text.extent(item, content.say)}"
            )
            href = f"data/{text.url(one.path)}"
            yield f'<p><span>{meta}</span><a href="{href}">{html.escape(item.title)}</a></p>'


SIDES = {"curate": curate, "WeasyPrint": weasyprint}


def measured(side: str, rows: int, out: Path) -> dict[str, float] | None:
    """By a process of its own; None where the peer is not installed."""
    log(f"{side} …")
    begin = time.perf_counter()
    done = subprocess.run([sys.executable, __file__, side, str(rows), str(out)], check=False)
    wall = time.perf_counter() - begin
    if done.returncode:
        log(f"{side} is not installed, or failed")
        return None
    document = pypdfium2.PdfDocument(out)
    told: dict[str, float] = json.loads(out.with_suffix(".json").read_text())
    return told | {"wall": wall, "pages": len(document), "size": out.stat().st_size / 1e6}


def child(side: str, rows: int, out: Path) -> None:
    out.write_bytes(SIDES[side](rows))
    own = resource.getrusage(resource.RUSAGE_SELF)
    below = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(use.ru_utime + use.ru_stime for use in (own, below))
    told = {"cpu": cpu, "mb": own.ru_maxrss / 1024, "below": below.ru_maxrss / 1024}
    out.with_suffix(".json").write_text(json.dumps(told))


def main(rows: int) -> None:
    with TemporaryDirectory() as folder:
        found = {side: measured(side, rows, Path(folder, f"{side}.pdf")) for side in SIDES}
    ours, peer = found["curate"], found["WeasyPrint"]
    assert ours
    lines = [
        f"{rows:,} rows in {PARTS} categories, two of three titles Chinese. {machine()}",
        "",
        *table(
            ("", "pages", "wall s", "CPU s", "memory MB", "PDF MB"),
            (
                (
                    side, f"{one['pages']:.0f}", f"{one['wall']:.1f}", f"{one['cpu']:.1f}",
                    f"{max(one['mb'], one['below']):.0f}", f"{one['size']:.1f}",
                )
                for side, one in found.items()
                if one
            ),
        ),
    ]  # fmt: skip
    lines += [
        "",
        f"curate runs typst in a process of its own, which takes {ours['below']:.0f} MB and gives them back; the"
        f" building process itself stays at {ours['mb']:.0f} MB.",
    ]
    if peer:
        ratio = peer["wall"] / ours["wall"]
        lines[-1] += (
            f" The whole is {ratio:.1f} times as fast in wall time and"
            f" {peer['cpu'] / ours['cpu']:.1f} times in CPU time (bar: {BAR} times);"
            " the tutorial is set along with it."
        )
    write("contents-pdf", lines)
    log("\n".join(lines))


if __name__ == "__main__":
    if len(sys.argv) == 4:
        child(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        os.environ.pop("SOURCE_DATE_EPOCH", None)
        main(int(sys.argv[1]) if len(sys.argv) == 2 else ROWS)
