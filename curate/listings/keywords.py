"""Words a buyer would search for: what the seller says, categories, kinds of file, and what titles repeat."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from curate.messages import Say, speaker
from curate.model import Item, Language

MOST = 15
"""Shops take 10 to 20; what comes last is searched least."""
_OWN = 20
_SHARE = 8
"""A kind or format is named where it is at least one file in so many."""
_STOP = frozenset(
    "there here the and for with from that this these those are was were has have had not but all any can will you your our their his her its "
    "into onto over under about after before between through during per via out off than then them they she him who what "
    "which when where why how one two three four five six seven eight nine ten first second third part volume vol chapter "
    "section appendix edition revised version new old more most other some such only own same very just also each use used using get "
    "make made how-to des der die das und les une del los las von van".split()
)
_DEBRIS = frozenset(
    "img image images dsc dscn dscf pict pic screenshot scan scanned untitled unnamed noname copy final draft temp tmp test sample file "
    "files document doc docx pdf jpg jpeg png gif svg svgz webp tif tiff bmp txt html htm xml json csv tsv zip tar epub mobi md readme "
    "index main default page pages thumb thumbnail small medium large big original preview "
    "license licence copying copyright author unknown none null misc various other others data assets content contents "
    "http https www com org net item items resource resources download downloads export output input hash collection untagged "
    "mon tue wed thu fri sat sun jan feb mar apr jun jul aug sep sept oct nov dec".split()
)
_STOP_HAN = frozenset("文件 图片 副本 新建 未命名 最终 版本 目录 附录 其他 其它 我们 你们 他们 自己 这个 那个 什么 怎么 如何 可以 一个 第一 方面 时候 问题 情况 部分 内容 作者 全部 所有".split())  # fmt: skip
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]+(?:['’-][A-Za-zÀ-ɏ]+)*")
_HAN = re.compile("[\u3400-\u9fff]+")
_CODE = re.compile(r"[_/\\@{}<>=|]|\d|\.\w|https?:|^[A-Z]+$|[a-z][A-Z]")
"""Names of files, addresses, numbers, abbreviations nobody spells out: IMG_2041, iconSmall."""


def keywords(
    own: Sequence[str], searched: Sequence[str], categories: Sequence[str],
    kinds: Sequence[tuple[str, int]], formats: Sequence[tuple[str, int]], items: Sequence[Item], language: Language,
) -> tuple[str, ...]:  # fmt: skip
    """At most 15, unless the seller (``own``) has more. ``searched``: words the collection was made with;
    ``kinds`` and ``formats``: with the number of files."""
    say = speaker(language)
    common = _common(items, language)
    found = [
        *_fits(searched, language),
        *(name for name in categories if _useful(name)),
        *common[:5],
        *_kinds(kinds, say),
        *(name.upper() for name in _large(formats) if name.isalnum()),
        *common[5:],
    ]
    told: dict[str, str] = {}
    for word in map(_line, own):
        told.setdefault(word.casefold(), word)
    told = dict([*filter(lambda pair: pair[0], told.items())][:_OWN])
    for word in map(_line, found):
        if len(told) >= MOST:
            break
        if word and not {word.casefold(), singular(word.casefold())} & {*told, *map(singular, told)}:  # fmt: skip
            told[word.casefold()] = word
    return tuple(told.values())


def singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if re.search("[^sui]s$", word) else word


def _line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _fits(words: Sequence[str], language: Language) -> list[str]:
    """Those in the script of ``language``; all where there are none."""
    ours = [word for word in words if bool(_HAN.search(word)) == (language == "zh")]
    return ours or list(words)


def _useful(word: str) -> bool:
    """Would a buyer type it?"""
    plain = _line(word)
    if _HAN.search(plain):
        return 1 < len(plain) <= 12 and plain not in _STOP_HAN
    parts = plain.casefold().split()
    return 2 < len(plain) <= 40 and len(parts) <= 4 and not set(parts) <= _STOP | _DEBRIS


def _common(items: Sequence[Item], language: Language) -> list[str]:
    """What several items are about, the most frequent first: keywords and words of titles."""
    counts: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = {}
    for item in items:
        words = {word for text in item.keywords if not _CODE.search(text) for word in [_line(text).casefold()] if _useful(word)}  # fmt: skip
        words |= set(_titled(item.title))
        for word in {word for word in words if bool(_HAN.search(word)) == (language == "zh")}:
            base = singular(word)
            counts[base] += 1
            forms.setdefault(base, Counter())[word] += 1
    least = max(2, len(items) // 200)
    ranked = sorted((one for one in counts if counts[one] >= least), key=lambda one: (-counts[one], one))  # fmt: skip
    return [min(forms[one], key=lambda word: (-forms[one][word], word)) for one in ranked[:MOST]]


def _titled(title: str) -> Iterator[str]:
    """Nouns, as far as that can be known, of a title; of Chinese ones by the dictionary."""
    import rjieba

    for found in _LATIN.finditer(title):
        word = found[0].casefold().removesuffix("'s").removesuffix("’s")
        beside = title[max(0, found.start() - 1) : found.start()] + title[found.end() : found.end() + 1]  # fmt: skip
        debris = re.search(r"[\d./\\@]", beside.rstrip(".")) or word in _STOP or word in _DEBRIS
        if len(word) > 2 and not debris:
            yield word
    for run in _HAN.findall(title):
        for word, kind in rjieba.tag(run[:80]):
            if kind.startswith(("n", "vn", "l")) and _useful(word):
                yield word


def _large(counts: Sequence[tuple[str, int]]) -> list[str]:
    whole = sum(number for _, number in counts)
    return [name for name, number in counts if number * _SHARE >= whole][:3]


def _kinds(counts: Sequence[tuple[str, int]], say: Say) -> Iterable[str]:
    names = {
        "document": say("documents"), "page": say("web pages"), "text": say("texts"), "table": say("tables"),
        "slides": say("presentations"), "image": say("pictures"), "audio": say("sound recordings"),
        "video": say("films"), "code": say("program texts"), "font": say("fonts"),
    }  # fmt: skip
    return [names[name] for name in _large(counts) if name in names]
