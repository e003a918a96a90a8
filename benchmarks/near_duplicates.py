"""Near duplicates and categories on planted truth: ``python benchmarks/near_duplicates.py``.

Writes Markdown tables to stdout. Real material comes from ``CURATE_MATERIAL`` or ``../shared/material``
beside the repository. All is seeded: only the speeds differ from run to run.
"""

from __future__ import annotations

import io
import itertools
import os
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

MATERIAL = Path(
    os.environ.get("CURATE_MATERIAL", Path(__file__).parents[2] / "shared" / "material")
)
EDITS = (1, 2, 5, 10, 20)  # per cent of the words
DOCUMENTS = 400  # originals in each language
TEXT, IMAGE = 0.75, 0.85  # what a collection's [dedupe] starts with
Pairs = set[tuple[int, int]]

TOPICS: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        "science/technology": "science scientist technology research computer internet software physics "
        "chemistry biology genetic atom electron telescope satellite space planet moon rocket 科学 科學 技术 "
        "技術 研究 计算机 電腦 电脑 网络 互联网 網際網路 软件 物理 化学 化學 生物 基因 原子 电子 電子 卫星 衛星 太空 行星 月球 火箭 实验 實驗",
        "travel": "travel tourist tourism hotel flight airline airport passport visa trip cruise ticket "
        "backpack destination resort 旅行 旅游 旅遊 游客 遊客 酒店 飯店 航班 航空 机场 機場 护照 護照 签证 簽證 行程 背包",
        "politics": "politics political government president minister election vote parliament senator "
        "party treaty congress policy protest 政治 政府 总统 總統 部长 总理 總理 选举 選舉 投票 议会 議會 参议员 条约 條約 政策 政党 抗议 抗議",
        "sports": "sport athlete football soccer basketball tennis olympic championship tournament coach "
        "match team player goal race cup 体育 體育 运动员 運動員 足球 篮球 籃球 网球 網球 奥运 奧運 冠军 冠軍 锦标赛 錦標賽 教练 教練 比赛 比賽 "
        "球队 球隊 球员 球員",
        "health": "health disease patient doctor hospital virus infection vaccine medicine medical symptom "
        "drug pandemic injury 健康 疾病 患者 病人 医生 醫生 医院 醫院 病毒 感染 疫苗 药物 藥物 医疗 醫療 症状 症狀",
        "entertainment": "film movie music song album singer actor actress television concert festival "
        "theatre show band celebrity 电影 電影 音乐 音樂 歌曲 专辑 歌手 演员 演員 电视 電視 演唱会 节目 節目 剧院 娱乐",
        "geography": "geography river lake mountain sea ocean island coast valley desert continent climate "
        "region peninsula 地理 河流 湖泊 山脉 山脈 海洋 岛屿 島嶼 海岸 沙漠 大陆 大陸 气候 氣候 半岛 半島 公里 平方",
    }.items()
}
"""A taxonomy as a curator would write it down in ten minutes, for the seven topics of SIB-200."""


def sentences(folder: str) -> list[tuple[str, str]]:
    """(topic, sentence) of one language of SIB-200."""
    rows = []
    for file in ("train.tsv", "dev.tsv"):
        lines = (MATERIAL / "topics" / folder / file).read_text("utf-8").splitlines()[1:]
        rows += [(line.split("\t")[1], line.split("\t")[2]) for line in lines]
    return rows


def planted(folder: str) -> tuple[list[str], list[int]]:
    """Documents, and the number of the original that each is a copy of: it, then ``EDITS`` in order."""
    chance = random.Random(f"{folder} 1")
    said = [sentence for _, sentence in sentences(folder)]
    chinese = folder.startswith("zho")
    words = sorted({word for sentence in said for word in units(sentence, chinese)})
    documents: list[str] = []
    origins: list[int] = []
    for number in range(DOCUMENTS):
        wanted = chance.randint(100, 300) * (1.6 if chinese else 1)
        original: list[str] = []
        while len(original) < wanted:
            original += units(chance.choice(said), chinese)
        for edit in (0, *EDITS):
            edited = list(original)
            for _ in range(round(len(original) * edit / 100)):
                place = chance.randrange(len(edited))
                match chance.randrange(3):
                    case 0:
                        edited[place] = chance.choice(words)
                    case 1:
                        edited.insert(place, chance.choice(words))
                    case _:
                        del edited[place]
            documents.append(("" if chinese else " ").join(edited))
            origins.append(number)
    return documents, origins


def units(text: str, chinese: bool) -> list[str]:
    return list(text) if chinese else text.split()


def ours(documents: Sequence[str]) -> Pairs:
    import numpy as np

    from curate.dedupe.text import BANDS, sign, similarity

    keys = np.zeros((len(documents), BANDS), np.uint64)
    for place, document in enumerate(documents):
        bands = sign(document)[2]
        keys[place] = np.frombuffer(bands, "<u8") if bands else np.arange(BANDS) + place * BANDS
    return {
        pair
        for pair in shared(keys.T)
        if similarity(documents[pair[0]], documents[pair[1]]) >= TEXT
    }


def shared(columns: Iterable[object]) -> list[tuple[int, int]]:
    """Pairs of places that hold the same key in a column."""
    import numpy as np

    pairs: Pairs = set()
    for column in columns:
        order = np.argsort(column, kind="stable")
        edges = np.flatnonzero(np.diff(np.asarray(column)[order])) + 1
        for group in np.split(order, edges):
            pairs.update(itertools.combinations(sorted(group.tolist()), 2))
    return sorted(pairs)


def rensa(chinese: bool) -> Callable[[Sequence[str]], Pairs]:
    """The peer, used as its documentation shows: shingles of three words, LSH, a Jaccard threshold."""
    from rensa import RMinHash, RMinHashLSH

    def found(documents: Sequence[str]) -> Pairs:
        index = RMinHashLSH(threshold=0.5, num_perm=128, num_bands=32)
        hashes = []
        for place, document in enumerate(documents):
            words = units(document.lower(), chinese)
            one = RMinHash(num_perm=128, seed=42)
            one.update([" ".join(words[at : at + 3]) for at in range(max(1, len(words) - 2))])
            hashes.append(one)
            index.insert(place, one)
        pairs: Pairs = set()
        for place, one in enumerate(hashes):
            for other in index.query(one):
                if other > place and one.jaccard(hashes[other]) >= 0.5:
                    pairs.add((place, other))
        return pairs

    return found


def text_tables() -> None:
    print("## Near-duplicate text: planted edits\n")
    print(
        f"{DOCUMENTS} documents of 100–300 words in each language, put together from SIB-200 sentences (so "
        "unrelated documents share some), each with five edited copies: words replaced, inserted, deleted. "
        "Recall by edit counts pairs with the original; precision counts every pair found.\n"
    )
    print(
        "| method | language | precision | "
        + " | ".join(f"R {e} %" for e in EDITS)
        + " | documents/CPU s |"
    )
    print("|---|---|--:|" + "--:|" * (len(EDITS) + 1))
    for folder, language in (("eng_Latn", "English"), ("zho_Hans", "Chinese")):
        documents, origins = planted(folder)
        methods: list[tuple[str, Callable[[Sequence[str]], Pairs]]] = [("curate", ours)]
        try:
            methods.append(("rensa, 3-word shingles", rensa(language == "Chinese")))
        except ImportError:
            print("rensa is not installed: no peer", file=sys.stderr)
        for name, method in methods:
            method(documents[:12])  # tables and imports
            start = time.process_time()
            pairs = method(documents)
            speed = len(documents) / (time.process_time() - start)
            right = sum(origins[a] == origins[b] for a, b in pairs)
            step = len(EDITS) + 1
            recalls = [
                sum((n * step, n * step + at) in pairs for n in range(DOCUMENTS)) / DOCUMENTS
                for at in range(1, step)
            ]
            shown = " | ".join(f"{recall:.3f}" for recall in recalls)
            print(f"| {name} | {language} | {right / len(pairs):.4f} | {shown} | {speed:,.0f} |")
    print()


def real_texts() -> None:
    print("## Near-duplicate text: real files\n")
    from curate.dedupe.text import similarity
    from curate.errors import CurateError
    from curate.extract import extract

    for folder, suffixes, truth in (
        (
            "pride-and-prejudice",
            (".txt", ".htm", ".pdf", ".asciidoc"),
            "editions of one book, and a list of files",
        ),
        ("art-of-command-line", (".md",), "one document in 18 languages; none is a near duplicate"),
    ):
        paths = sorted(
            p for p in (MATERIAL / "documents" / folder).iterdir() if p.suffix in suffixes
        )
        paths = [path for path in paths if folder[0] == "p" or path.name.startswith("README")]
        texts = {}
        for path in paths:
            try:
                texts[path.name] = extract(path, path.name).text
            except CurateError as fault:
                print(f"- {path.name}: {fault.message}")
        start = time.process_time()
        names = [name for name in texts if name not in ("CONTRIBUTING.md",)]
        found = ours([texts[name] for name in names])
        seconds = time.process_time() - start
        print(
            f"`{folder}` ({truth}): {len(names)} texts, {len(found)} near pairs, {seconds:.1f} CPU s\n"
        )
        if found:
            print("| a | b | similarity |\n|---|---|--:|")
            for a, b in sorted(found):
                print(
                    f"| {names[a]} | {names[b]} | {similarity(texts[names[a]], texts[names[b]]):.4f} |"
                )
            print()


def image_tables() -> None:
    import numpy as np
    from PIL import Image, ImageEnhance, ImageFilter, ImageOps

    from curate.dedupe.images import alike, candidates, hashes, signature

    edits: dict[str, Callable[[Image.Image], Image.Image]] = {
        "half size": lambda i: i.resize((i.width // 2, i.height // 2)),
        "square": lambda i: i.resize((256, 256)),
        "JPEG quality 20": _jpeg,
        "32 colours": lambda i: i.quantize(32).convert("RGB"),
        "grey": lambda i: i.convert("L").convert("RGB"),
        "brighter": lambda i: ImageEnhance.Brightness(i).enhance(1.2),
        "darker": lambda i: ImageEnhance.Brightness(i).enhance(0.8),
        "contrast": lambda i: ImageEnhance.Contrast(i).enhance(1.4),
        "saturation": lambda i: ImageEnhance.Color(i).enhance(1.6),
        "blur": lambda i: i.filter(ImageFilter.GaussianBlur(max(1, i.width / 150))),
        "crop 2 %": lambda i: _crop(i, 0.02),
        "crop 5 %": lambda i: _crop(i, 0.05),
        "crop 10 %": lambda i: _crop(i, 0.10),
        "frame": lambda i: ImageOps.expand(i, max(2, i.width // 40), "black"),
        "turned by 1°": lambda i: i.rotate(1, Image.Resampling.BICUBIC),
        "mark in a corner": _mark,
    }
    folder = MATERIAL / "images"
    bases = [
        *sorted((folder / "imagededup" / "base_images").glob("*.jpg")),
        *sorted((folder / "pdq" / "reg-test-input" / "labelme-subset").glob("*.jpg")),
        folder / "pdq" / "bridge-mods" / "aaa-orig.jpg",
        folder / "pdq" / "misc-images" / "c.png",
        folder / "pdq" / "reg-test-input" / "pen-and-coaster.png",
        folder / "imagededup" / "formats_images" / "baboon.pgm",
        MATERIAL / "documents" / "pride-and-prejudice" / "cover.png",
    ]
    signed: list[bytes] = []
    names: list[tuple[int, str]] = []
    spent = 0.0
    scratch = Path(os.environ.get("TMPDIR", "/tmp")) / f"curate-benchmark-{os.getpid()}.png"
    for number, path in enumerate(bases):
        with Image.open(path) as opened:
            original = opened.convert("RGB")
        for name, edit in {"original": lambda i: i, **edits}.items():
            edit(original).save(scratch, compress_level=1)
            start = time.process_time()
            made = signature(scratch)
            spent += time.process_time() - start
            if made:  # a nearly flat picture has none, and is missed in every edit
                signed.append(made)
                names.append((number, name))
    scratch.unlink()
    values = hashes(signed)
    start = time.process_time()
    near = [(a, b) for a, b in candidates(values, values) if a < b]
    found = {(a, b) for a, b in near if alike(signed[a], signed[b]) >= IMAGE}
    verified = time.process_time() - start
    right = sum(names[a][0] == names[b][0] for a, b in found)
    places = {name: place for place, name in enumerate(names)}
    print("## Near pictures: planted edits\n")
    recalls = {
        name: sum(
            (places.get((n, "original")), places.get((n, name))) in found for n in range(len(bases))
        )
        / len(bases)
        for name in edits
    }
    print(
        f"{len(bases)} photographs and drawings, {len(edits)} edits each; every pair counts for precision, "
        "pairs with the original for recall.\n"
    )
    print("| edit | recall |\n|---|--:|")
    for name, recall in recalls.items():
        print(f"| {name} | {recall:.2f} |")
    mean = sum(recalls.values()) / len(recalls)
    print(f"| **all** (precision **{right / len(found):.4f}**) | **{mean:.3f}** |\n")
    print(
        f"Signing {len(signed) / spent:,.0f} PNG pictures per CPU second; {len(near):,} candidates verified at "
        f"{len(near) / verified:,.0f} per CPU second.\n"
    )
    start = time.process_time()
    stored = np.random.default_rng(1).integers(0, 2**63, 50_000, np.uint64)
    list(candidates(stored, stored[:200]))
    each = (time.process_time() - start) / 200 * 1000
    print(f"One picture against 50,000 stored hashes: {each:.2f} ms.\n")
    real = [
        ("pdq/bridge-mods: 11 edits of one photo", "pdq/bridge-mods", "aaa-orig.jpg"),
        (
            "imagededup/mixed_images: a resize, a flip, a turn, a corrupt copy",
            "imagededup/mixed_images",
            "ukbench00120.jpg",
        ),
        (
            "imagededup/formats_images: five formats of one photo",
            "imagededup/formats_images",
            "ukbench09380.jpeg",
        ),
    ]
    print("| real set | near to its original |\n|---|---|")
    for title, place, original_name in real:
        first = signature(folder / place / original_name)
        close = [
            path.name
            for path in sorted((folder / place).iterdir())
            if path.name != original_name and _near(first, signature(path))
        ]
        print(f"| {title} | {', '.join(close)} |")
    print()


def _near(a: bytes, b: bytes) -> bool:
    from curate.dedupe.images import alike, candidates, hashes

    return bool(a and b and list(candidates(hashes([a]), hashes([b])))) and alike(a, b) >= IMAGE


def _jpeg(image):  # type: ignore[no-untyped-def]
    from PIL import Image

    held = io.BytesIO()
    image.save(held, "JPEG", quality=20)
    return Image.open(held).convert("RGB")


def _crop(image, share):  # type: ignore[no-untyped-def]
    x, y = int(image.width * share / 2), int(image.height * share / 2)
    return image.crop((x, y, image.width - x, image.height - y))


def _mark(image):  # type: ignore[no-untyped-def]
    from PIL import ImageDraw

    marked = image.copy()
    width, height = image.size
    box = [width * 0.85, height * 0.9, width * 0.98, height * 0.97]
    ImageDraw.Draw(marked).rectangle(box, fill=(200, 30, 30))
    return marked


def topic_table() -> None:
    from curate.classify.taxonomy import Taxonomy
    from curate.collection import Category

    taxonomy = Taxonomy([Category(name, words=words) for name, words in TOPICS.items()], 0.2)
    print("## Categories by words alone: single sentences of SIB-200\n")
    print("| language | sentences | right | answered | right where answered | µs each |")
    print("|---|--:|--:|--:|--:|--:|")
    for folder in ("eng_Latn", "zho_Hans", "zho_Hant"):
        rows = sentences(folder)
        start = time.process_time()
        said = [taxonomy.label("", (), "", (), text).category for _, text in rows]
        spent = (time.process_time() - start) / len(rows) * 1e6
        right = sum(answer == topic for answer, (topic, _) in zip(said, rows, strict=True))
        answered = sum(map(bool, said))
        print(
            f"| {folder} | {len(rows)} | {right / len(rows):.2f} | {answered / len(rows):.2f} "
            f"| {right / answered:.2f} | {spent:.0f} |"
        )
    print()


def main() -> None:
    if not (MATERIAL / "topics").is_dir():
        sys.exit(f"real material is not here: {MATERIAL} (set CURATE_MATERIAL to its folder)")
    text_tables()
    real_texts()
    image_tables()
    topic_table()


if __name__ == "__main__":
    main()
