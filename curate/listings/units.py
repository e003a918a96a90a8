"""What a number in a seller's text counts, and how much of that is really there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

from curate.collection import Collection
from curate.han import simplified
from curate.listings import Facts
from curate.listings.goods import ITEM_MEASURES, goods
from curate.listings.phrases import files, kinds
from curate.messages import speaker
from curate.model import Item

Test = Callable[[Item], bool]

_KINDS = {
    "document": "document documents doc docs 文档",
    "page": "webpage webpages 网页",
    "text": "text texts 文本",
    "table": "spreadsheet spreadsheets 表格 电子表格",
    "slides": "presentation presentations slidedeck slidedecks 演示文稿 幻灯片",
    "image": "photo photos photograph photographs picture pictures image images 照片 图片 相片 图像 图",
    "audio": "recording recordings track tracks sound sounds 音频 录音",
    "video": "video videos film films clip clips 视频 影片",
    "archive": "archive archives 压缩包",
    "code": "script scripts 脚本 代码文件",
    "font": "font fonts typeface typefaces 字体",
}
_FORMATS = {
    "jpeg": "jpg jpgs jpeg jpegs",
    "xlsx xls ods": "excel 工作簿",
    "docx doc": "word",
    "pptx ppt": "ppt ppts powerpoint",
    "md": "markdown",
    "epub mobi": "ebook ebooks 电子书",
    "txt": "txt txts",
}
_ALL = "file files item items resource resources material materials asset assets 文件 档案 资料 素材 资源 内容 件 份 个 项"
_AMOUNTS = {
    "pages": "page pages 页",
    "words": "word words 词 单词 字",
    "categories": "category categories topic topics section sections 分类 类别 大类 类 主题",
    "languages": "language languages 语言 语种",
    "formats": "format formats 格式 文件格式",
    "licences": "licence licences license licenses 许可 许可证",
    "hours": "hour hours hr hrs h 小时 钟头",
    "minutes": "minute minutes min mins 分钟",
    "KB": "kb kib 千字节",
    "MB": "mb mib m兆 兆 megabyte megabytes",
    "GB": "gb gib gigabyte gigabytes",
    "TB": "tb tib terabyte terabytes",
}
_LANGUAGES = {"en": "english 英文 英语", "zh": "chinese 中文 汉语"}
_MEASURES = {"张": "图片", "页": "页", "字": "字", "分钟": "分钟", "小时": "小时", "类": "类"}
"""Measure words that stand for a thing by themselves; the others are only what grammar asks for."""
_GENERIC = frozenset("枚道期个份项件张本套篇首部段幅条款种门组册卷节集支所家位名户次倍人")
_PEOPLE = (
    "下载",
    "好评",
    "销量",
    "收藏",
    "播放",
    "用户",
    "学员",
    "学生",
    "老师",
    "读者",
    "买家",
    "客户",
    "粉丝",
    "会员",
    "学校",
    "公司",
)
_PRAISE = ("精选", "精品", "优选", "必备")
"""What is said of files without saying which: 100 份精选资料 are 100 files."""
_SIZES = {"KB": (10**3, 2**10), "MB": (10**6, 2**20), "GB": (10**9, 2**30), "TB": (10**12, 2**40)}
_STOP = frozenset(
    "of in for and or with to from that which who is are on at by as it its our your their his her this these those "
    "you we they i the a an all also into per each about over plus including incl can will may love loved used than".split()
)
_LEADS = frozenset("of the our my these those all different unique free".split())
_BEFORE = re.compile(r"([A-Za-z]+|[\u3400-\u9fff]{1,8})(?:\s?([-–—|=:(×*]?)|\s(x))\s?$")
_TOKEN = re.compile(r"(?:[ \t]|-|(?<=[a-z]),[ ])?([A-Za-zÀ-ɏ][\w'’]*)")
_HAN = re.compile(r"\s?([\u3400-\u9fff]{1,24}|[A-Za-z]{1,24})")
_ENDS = re.compile("[的和与及等]|以[上下内]|左右|上下")
_SIZED = re.compile(r"\s?((?:[KMGTkmgt][Ii]?[Bb]|[GMT])(?![A-Za-z])|兆)")
_SIZED_HAN = re.compile(r"个\s?([GMT])(?![A-Za-z恤])")


@dataclass(frozen=True, slots=True)
class Counted:
    """An amount that is true, as people read it: 31 picture files."""

    name: str
    value: Fraction
    step: Fraction = Fraction(1)  # more than 1 where it is measured in larger units


@dataclass(frozen=True, slots=True)
class Unit:
    """What stands behind a number. ``counts``: what it could mean, none where no file can tell."""

    end: int
    counts: tuple[Counted, ...] = ()
    known: bool = False  # its words are among those that count something here
    head: str = ""  # the word that is counted
    sold: bool = False  # that word names what sellers count, here or elsewhere


@dataclass(frozen=True)
class Stock:
    """What a release holds, to compare numbers with."""

    collection: Collection
    facts: Facts
    items: Sequence[Item]
    _counted: dict[tuple[str, ...], int] = field(default_factory=dict)

    @cached_property
    def _tests(self) -> dict[str, Test]:
        tests: dict[str, Test] = {}

        def learn(words: str, test: Test) -> None:
            tests.update(dict.fromkeys(words.casefold().split(), test))

        learn(_ALL, lambda item: True)
        for kind, words in _KINDS.items():
            learn(words, lambda item, kind=kind: item.kind == kind)  # type: ignore[misc]
        for one in {item.format for item in self.items}:
            learn(f"{one} {one}s", lambda item, one=one: item.format == one)  # type: ignore[misc]
        for formats, words in _FORMATS.items():
            among = frozenset(formats.split())
            learn(words, lambda item, of=among: item.format in of)  # type: ignore[misc]
        for code, words in _LANGUAGES.items():
            learn(words, lambda item, code=code: item.language == code)  # type: ignore[misc]
        for name, within in self._categories():
            tests[simplified(name.casefold())] = lambda item, of=within: item.category in of  # type: ignore[misc]
        return tests

    def _categories(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Each name and title with all that lies below it."""
        below: dict[str, set[str]] = {one.name: {one.name} for one in self.collection.categories}
        parents = {one.name: one.parent for one in self.collection.categories}
        for name in parents:
            above, seen = parents[name], {name}
            while above in below and above not in seen:
                below[above].add(name)
                seen.add(above)
                above = parents[above]
        for category in self.collection.categories:
            for word in (category.name, category.label):
                yield word, frozenset(below[category.name])

    def count(self, words: Sequence[str]) -> int:
        """Items that fit all ``words``."""
        key = tuple(words)
        if key not in self._counted:
            tests = [self._tests[word] for word in words]
            self._counted[key] = sum(all(test(item) for test in tests) for item in self.items)
        return self._counted[key]

    def unit(self, text: str, start: int, spelled: bool) -> Unit:
        """What the words at ``start`` of ``text`` mean, as far as they are the thing that is counted."""
        sized = (None if spelled else _SIZED.match(text, start)) or _SIZED_HAN.match(text, start)
        if sized:
            return Unit(sized.end(), self._amount(self._size(sized[1])), True, sized[0].strip())
        follows = text[start : start + 2].lstrip()[:1]
        if "\u3400" <= follows <= "\u9fff":
            return self._chinese(text, start, spelled)
        return self._english(text, start)

    def measures(self, word: str) -> bool:
        """Is it what may stand behind a Chinese number: a measure word, a thing, 多?"""
        word = word.lstrip("多余几来级")
        first = not word or word in _GENERIC or word in _MEASURES
        return first or bool(self._longest(word, 0)) or goods(word)

    @staticmethod
    def _size(name: str) -> str:
        return "MB" if name == "兆" else f"{name[0].upper()}B"

    def _english(self, text: str, start: int) -> Unit:
        """A phrase ends at the first plural, at a word like "of", and at everything but words."""
        phrase: list[str] = []
        end, at = start, start
        single = text[start : start + 1] == "-"
        while len(phrase) < 6 and (found := _TOKEN.match(text, at)):
            word = found[1].casefold().removesuffix("'s").removesuffix("’s")
            if word in _LEADS and not phrase:  # hundreds of our pictures
                at = found.end()
                continue
            if word in _STOP:
                break
            phrase.append(word)
            at = end = found.end()
            whole = self._title(text, end - len(found[1]))
            if whole:
                phrase, end = [*phrase[:-1], whole], end - len(found[1]) + len(whole)
                break
            if self._plural(word) or single:
                break
        return self._unit(phrase, end)

    def _title(self, text: str, at: int) -> str:
        """The title of a category that begins here and has several words."""
        rest = text[at : at + 80].casefold()
        fits = (
            name
            for name in self._tests
            if " " in name and re.match(re.escape(name) + r"(?!\w)", rest)
        )
        return max(fits, key=len, default="")

    def _plural(self, word: str) -> bool:
        return (word.endswith("s") and not word.endswith("ss")) or word in ("media", "footage")

    def _unit(self, phrase: Sequence[str], end: int) -> Unit:
        """The last word is what is counted; those before it narrow it where they can be checked."""
        if not phrase:
            return Unit(end)
        head, narrow = phrase[-1], phrase[:-1]
        amount = _amount_of(head)
        if amount and head not in self._tests:
            return Unit(end, self._amount(amount), True, head)
        if head not in self._tests:
            return Unit(end, head=head, sold=goods(head))
        words = [*(word for word in narrow if word in self._tests), head]
        special = [word for word in words if word not in _ALL.split()] or words[-1:]
        return Unit(end, (Counted(" ".join(special), Fraction(self.count(special))),), True, head)

    def _chinese(self, text: str, start: int, spelled: bool) -> Unit:
        found = _HAN.match(text, start)
        run = found[1] if found else ""
        at = start + (found.end() - len(run) - start if found else 0)
        for measure in sorted(_MEASURES, key=len, reverse=True):
            if run.startswith(measure):
                break
        else:
            measure = run[:1] if run[:1] in _GENERIC else ""
        if run.startswith("大类"):
            measure = ""
        rest = run[len(measure) :]
        if rest.startswith("的"):  # 成千上万的图片
            at, rest = at + 1, rest[1:]
        if not rest and found:  # 500 张 PDF, 12 个 Photos
            more = _HAN.match(text, found.end())
            if more and more[1].casefold() in self._tests:
                return self._han_unit(measure, [more[1].casefold()], more.end())
        phrase, length = self._nouns(rest)
        told = (phrase and self._longest(phrase[-1], 0)) or rest.startswith(_PEOPLE)
        if not measure and not told and (spelled or not any(map(goods, phrase))):
            return Unit(start)  # 百科, 千里马, 985高校: what is counted has a measure word
        return self._han_unit(measure, phrase, at + len(measure) + length)

    def _nouns(self, run: str) -> tuple[list[str], int]:
        """The nouns that ``run`` begins with, and how many characters they have."""
        import rjieba

        stop = _ENDS.search(run)
        run = run[: stop.start()] if stop else run
        phrase: list[str] = []
        length = 0
        while length < len(run):
            known = self._longest(run, length)
            if known:
                phrase.append(known)
                length += len(known)
                continue
            if run.startswith(_PRAISE, length):
                phrase.append(run[length : length + 2])
                length += 2
                continue
            word, kind = next(iter(rjieba.tag(run[length:])))
            if not kind.startswith(("n", "a", "b", "z", "vn", "eng", "j", "l")):
                break
            # A word that is split differently may hide one that counts: 高清照片.
            inside = min(
                (n for n in range(1, len(word)) if self._longest(run, length + n)),
                default=len(word),
            )
            phrase.append(run[length : length + inside])
            length += inside
        return phrase, length

    def _longest(self, run: str, at: int) -> str:
        """The longest word that counts something here and begins at ``at``."""
        most = min(12, len(run) - at)
        for size in range(most, 0, -1):
            word = run[at : at + size].casefold()
            if (size > 1 or word in "图页词") and (word in self._tests or _amount_of(word)):
                return word
        return ""

    def _han_unit(self, measure: str, phrase: list[str], end: int) -> Unit:
        if not phrase:
            meant = _MEASURES.get(measure) or (
                measure if measure in ("个", "份", "件", "项") else ""
            )
            return self._unit([meant], end) if meant else Unit(end)
        unit = self._unit(phrase, end)
        return replace(unit, sold=unit.sold or measure in ITEM_MEASURES)

    def _amount(self, name: str) -> tuple[Counted, ...]:
        facts = self.facts
        if name in _SIZES:
            sizes = [facts.size, *([facts.archive] if facts.archive else [])]
            return tuple(
                Counted(name, Fraction(size, unit), Fraction(1, unit))
                for size in sizes
                for unit in _SIZES[name]
            )
        if name in ("hours", "minutes"):
            value = Fraction(facts.seconds, 3600 if name == "hours" else 60)
            return (Counted(name, value, Fraction(1, 60)),)
        number = {
            "pages": facts.pages,
            "words": facts.words,
            "categories": len(facts.categories),
            "languages": len(facts.languages),
            "formats": len(facts.formats),
            "licences": len(facts.licenses),
        }[name]
        return (Counted(name, Fraction(number)),)

    def before(self, text: str, loose: bool) -> Unit:
        """What a number at the end of ``text`` counts by the word before it: "photos: 500", 照片500+.

        Without a colon or a parenthesis only where ``loose``: in "Excel 365" it is a part of the name.
        """
        found = _BEFORE.search(text)
        if not found or not (found[2] or found[3] or loose):
            return Unit(0)
        word = found[1].casefold()
        ends = [word] if word.isascii() else [word[at:] for at in range(len(word))]
        known = next((one for one in ends if one in self._tests or _amount_of(one)), "")
        return self._unit([known], 0) if known else Unit(0, sold=any(map(goods, ends)))

    def alone(self) -> tuple[Counted, ...]:
        """What a number without a thing means: 共 412."""
        return (Counted("files", Fraction(self.facts.items)),)

    def nearest(self) -> str:
        """The amounts that a seller most likely means, in a sentence."""
        facts = self.facts
        told = [files(facts.items, speaker("en"))]
        told += kinds(facts.kinds[:4], speaker("en"))
        if facts.categories:
            many = len(facts.categories)
            told.append("1 category" if many == 1 else f"{many} categories")
        if facts.pages:
            told.append("1 page" if facts.pages == 1 else f"{facts.pages:,} pages")
        return ", ".join(told)


def _amount_of(word: str) -> str:
    return next((name for name, words in _AMOUNTS.items() if word in words.split()), "")
