"""A made library of small files: ``python benchmarks/make_corpus.py N FOLDER [--seed S]``.

Half English, half Chinese; Markdown, HTML, text and CSV of 0.5 to 4 KB in folders of 500. Words are
drawn from some 20,000 in each language by Zipf's law, each document with a few dozen of its own, so
documents share frequent words as real ones do and are still no near duplicates of one another.
Planted are 2 % exact copies and 2 % near ones (5 % of the words edited). The same seed makes the
same bytes. What was planted is printed and written to FOLDER.planted.json.
"""

from __future__ import annotations

import argparse
import html
import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

EXACT = NEAR = 0.02
EDITED = 0.05  # of a near duplicate's words
MATCHING = 0.9  # of the documents say a keyword in their text, and nowhere else
SORTED = 0.8  # of the documents say words of a category
FOLDER = 500
FORMATS = {"md": 8, "html": 5, "txt": 4, "csv": 3}  # how often each

KEYWORDS = {
    "en": ("backup", "tutorial", "checklist", "workflow"),
    "zh": ("备份", "教程", "清单", "流程"),
}
CATEGORIES: dict[str, dict[str, tuple[str, ...]]] = {
    "cooking": {"en": ("recipe", "oven", "flour", "simmer"), "zh": ("菜谱", "烤箱", "面粉")},
    "garden": {"en": ("seedling", "compost", "prune", "soil"), "zh": ("幼苗", "堆肥", "修剪")},
    "travel": {"en": ("itinerary", "luggage", "ferry", "hostel"), "zh": ("行程", "行李", "渡轮")},
    "music": {"en": ("melody", "chord", "violin", "tempo"), "zh": ("旋律", "和弦", "小提琴")},
    "money": {"en": ("invoice", "savings", "mortgage", "tax"), "zh": ("发票", "储蓄", "贷款")},
    "craft": {"en": ("knitting", "chisel", "varnish", "loom"), "zh": ("编织", "凿子", "清漆")},
}

FREQUENT = {
    "en": "the of and to in a is that for it as was with be by on not he this are or his from at which but have an "
    "had they you were their one all we can her has there been if more when will would who so no",
    "zh": "的 一 是 在 不 了 有 和 人 这 中 大 为 上 个 国 我 以 要 他 时 来 用 们 生 到 作 地 于 出 就 分 对 成 会 可 主 发 年 动",
}
ROOTS = (
    "act art base bell bird blue board boat bone book bread bridge bright brown build burn cap car care cast chain "
    "chair clay clear clock cloth cloud coal coat cold cook corn court craft cross crown dark day deep desk door dream "
    "drift dust earth east edge farm fast feather field fine fire fish flag flat floor flow foam fold foot forest frame "
    "free fresh front frost gate gear glass gold grain grass green ground guard guide half hall hand harbour hard head "
    "heart heat hedge high hill home hook horse house ice iron island join key king lamp land lane law leaf light line "
    "lock log long loud main map mark market mast meadow metal mill mind mist moon moss mountain night north note oak "
    "ocean open over paint paper park path pearl pilot pine plain plant plate play point pond port power press print "
    "quick quiet rail rain red reed rich ridge ring river road rock roof root rope rose round sail salt sand school "
    "sea shade sharp shell ship shore silk silver sky slow smoke snow soft song south spring square stage star steam "
    "steel stem step stone storm stream street summer sun swift table tall tea thread tide timber tower town track "
    "trade tree under valley wall warm watch water wave west wheel white wild wind window winter wire wood wool yard"
)
ENDINGS = ("", "s", "ed", "ing", "er", "ly", "ness", "ful", "less", "able")
SIGNS = (
    "山水火土木金石田禾竹米豆茶花草树叶根果林森河江湖海岛岸沙云雨雪风雷电光明暗星月日春夏秋冬早晚晨夜昼时节气温热冷寒"
    "东西南北前后左右内外高低长短宽窄深浅厚薄轻重快慢新旧老少男女父母子孙兄弟姐妹友邻师生学校书本纸笔字词句文章诗歌画图"
    "色红黄蓝绿白黑青紫声音乐琴鼓舞戏影视报刊网站机器车船飞桥路街巷门窗墙房屋楼台厅室床桌椅灯锅碗盘刀针线布衣帽鞋袜"
    "手足头面目耳口鼻心脑骨血肉皮毛牛马羊鸡鸭鱼虫鸟兽龙虎熊象猫狗兔吃喝走跑坐立看听说读写想知道做造建修改换买卖借还收"
    "送开关进退升降起落来去动静存取拿放推拉抬搬运输送计算量度数字方法理论实验研究调查分析综合比较判断结论原因结果问题答案"
    "城市乡村国家民族社会经济政治法律制度组织管理技术科工农商业产品市场价值质量安全健康医药病院环境资源能源材料信息系统"
)


@dataclass(frozen=True, slots=True)
class Made:
    """One document: a title, and blocks of words, each with the sign that ends its sentence."""

    language: str
    format: str
    title: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]
    fixed: frozenset[str]  # words that make it match, which no edit may take

    def edited(self, chance: random.Random, words: Sequence[str]) -> Made:
        places = [
            (b, w)
            for b, block in enumerate(self.blocks)
            for w, word in enumerate(block)
            if word not in self.fixed
        ]
        blocks = [list(block) for block in self.blocks]
        for b, w in chance.sample(places, max(1, round(len(places) * EDITED))):
            blocks[b][w] = chance.choice(words)
        return replace(self, blocks=tuple(map(tuple, blocks)))

    def text(self) -> str:
        space, stop = ("", "。") if self.language == "zh" else (" ", ".")
        title = space.join(self.title)
        said = [(space.join(block) + stop) for block in self.blocks]
        if self.language == "en":
            title, said = title.capitalize(), [one[0].upper() + one[1:] for one in said]
        paragraphs = [said[at : at + 4] for at in range(0, len(said), 4)]
        heads = [space.join(block[:4]) for block in self.blocks[::4]]
        joint = " " if self.language == "en" else ""
        match self.format:
            case "md":
                parts = [
                    f"## {h}\n\n{joint.join(p)}" for h, p in zip(heads, paragraphs, strict=True)
                ]
                return f"# {title}\n\n" + "\n\n".join(parts) + "\n"
            case "html":
                body = "\n".join(
                    f"<h2>{html.escape(h)}</h2>\n<p>{html.escape(joint.join(p))}</p>"
                    for h, p in zip(heads, paragraphs, strict=True)
                )
                return (
                    f'<!doctype html>\n<html lang="{self.language}"><head><meta charset="utf-8">'
                    f"<title>{title}</title></head>\n<body><h1>{title}</h1>\n{body}\n</body></html>\n"
                )
            case "csv":
                rows = [
                    f"{n},{space.join(block)},{len(block)}"
                    for n, block in enumerate(self.blocks, 1)
                ]
                return "\n".join((f"number,{title},length", *rows)) + "\n"
            case _:
                return title + "\n\n" + "\n\n".join(map(joint.join, paragraphs)) + "\n"


@dataclass(frozen=True, slots=True)
class Planted:
    files: int
    matching: int
    exact: int
    near: int
    bytes: int
    seed: int


class Words:
    """Words of one language with Zipf's weights, and sentences of them."""

    def __init__(self, language: str) -> None:
        self.language = language
        chance = random.Random(f"words {language}")
        roots = ROOTS.split()
        if language == "en":
            made = {a + b + e for a, b in itertools.permutations(roots, 2) for e in ("", "s")}
            made = set(chance.sample(sorted(made), 18_000))
            made |= {root + end for root in roots for end in ENDINGS}
        else:
            signs = sorted(set(SIGNS))
            pairs = sorted({a + b for a, b in itertools.permutations(signs, 2)})
            made = set(chance.sample(pairs, 20_000))
        reserved = {w for t in CATEGORIES.values() for w in t[language]} | set(KEYWORDS[language])
        self.rare = sorted(made - reserved)
        chance.shuffle(self.rare)
        self.all = (*FREQUENT[language].split(), *self.rare)
        self._weights = list(itertools.accumulate(1 / rank for rank in range(3, len(self.all) + 3)))

    def draw(self, chance: random.Random, count: int) -> list[str]:
        return chance.choices(self.all, cum_weights=self._weights, k=count)

    def document(self, chance: random.Random, matching: bool) -> Made:
        size = chance.triangular(0.5, 4, 1.4)  # KB
        count = int(size * (115 if self.language == "en" else 140))
        own = chance.sample(self.rare, 30)
        body = self.draw(chance, count)
        for at in range(0, count, 3):  # what this document is about
            body[at] = chance.choice(own)
        fixed: set[str] = set()
        if matching:
            keyword = chance.choice(KEYWORDS[self.language])
            fixed.add(keyword)
            body[chance.randrange(20, count)] = keyword
        if chance.random() < SORTED:
            words = CATEGORIES[chance.choice(sorted(CATEGORIES))][self.language]
            for place in chance.sample(range(20, count), 4):
                if body[place] not in fixed:
                    body[place] = chance.choice(words)
        blocks = []
        while body:
            length = chance.randint(7, 22)
            blocks.append(tuple(body[:length]))
            body = body[length:]
        return Made(
            self.language, chance.choices(list(FORMATS), list(FORMATS.values()))[0], tuple(chance.sample(own, 4)), tuple(blocks),
            frozenset(fixed),
        )  # fmt: skip


def write(count: int, folder: Path, seed: int = 1) -> Planted:
    """``count`` files below ``folder``, which must not exist yet."""
    chance = random.Random(f"corpus {seed}")
    languages = [Words("en"), Words("zh")]
    exact, near = round(count * EXACT), round(count * NEAR)
    fresh = count - exact - near
    matching = round(fresh * MATCHING)
    plan = [True] * matching + [False] * (fresh - matching)
    chance.shuffle(plan)
    copied = chance.sample([at for at, taken in enumerate(plan) if taken], exact + near)
    # Copies come in between the others, so that they lie in other folders than their originals.
    tasks: list[tuple[int, str]] = [(at, "") for at in range(fresh)]
    tasks += [(at, "exact") for at in copied[:exact]] + [(at, "near") for at in copied[exact:]]
    chance.shuffle(tasks)
    total = 0
    for place, (at, copy) in enumerate(tasks):
        words = languages[at % 2]
        made = words.document(random.Random(f"{seed} {at}"), plan[at])
        if copy == "near":
            made = made.edited(random.Random(f"{seed} {at} near"), words.rare)
        stem = ("" if words.language == "zh" else "-").join(chance.sample(words.rare, 2))
        path = folder / f"{place // FOLDER:04d}" / f"{stem}-{place:06d}.{made.format}"
        path.parent.mkdir(parents=True, exist_ok=True)
        data = made.text().encode()
        path.write_bytes(data)
        total += len(data)
    planted = Planted(count, matching + exact + near, exact, near, total, seed)
    file = folder.with_name(folder.name + ".planted.json")
    file.write_text(json.dumps(asdict(planted), indent=2) + "\n")
    return planted


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", 1)[0])
    parser.add_argument("count", type=int, metavar="N")
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.folder.exists():
        parser.error(f"{options.folder} exists already")
    made = write(options.count, options.folder, options.seed)
    print(
        f"{made.files:,} files, {made.bytes:,} bytes; {made.matching:,} match a keyword; "
        f"planted: {made.exact:,} exact and {made.near:,} near duplicates"
    )


if __name__ == "__main__":
    main()
