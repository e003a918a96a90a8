"""Numbers in what a seller writes, in English and Chinese, in digits and in words.

Left out is what clearly counts nothing: years, dates, versions, prices, resolutions, ages, ordinals,
numbers that are a part of a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

How = Literal["exact", "least", "most", "about"]


@dataclass(frozen=True, slots=True)
class Amount:
    """A number as it stands in a text. ``low`` = ``high`` but for "5 to 10"."""

    start: int  # of the number, or of "over" before it
    end: int  # behind the number, and behind "+" or 余
    low: Fraction
    high: Fraction
    step: Fraction  # what its last digit is worth: 100 in 1.2k
    how: How
    spelled: bool = False  # in words or Chinese numerals


_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {word: value for value, word in enumerate(_ONES)}
_WORDS.update({word: 20 + 10 * rank for rank, word in enumerate(_TENS)})
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_HAN = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2, "〇": 0}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_LATIN_SCALES = {"k": 1000, "thousand": 1000, "hundred": 100, "million": 10**6}

_NUMBER = r"\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)*"
_DIGITS = re.compile(
    rf"(?P<low>{_NUMBER})(?:\s?(?:-|–|—|~|至|到|to)\s?(?P<high>{_NUMBER}))?"
    r"(?P<scale>\s?(?:thousand|hundred|million)\b|k(?![a-z0-9])|[十百千万亿]+)?(?P<more>\s?\+|[多余来]?)",
    re.IGNORECASE,
)
_NAME = "|".join([*_WORDS, *(f"{one}s?" for one in _SCALES)])
_SPELLED = re.compile(
    rf"\b(?:(?P<some>several|a few|many)\s+|an?\s+)?(?P<words>(?:{_NAME})(?:[\s-]+(?:and\s+)?(?:{_NAME}))*)\b(?P<more>\+?)",
    re.IGNORECASE,
)
_HAN_NUMBER = re.compile(
    r"(?P<some>[数几]?)(?P<words>[零〇一二两三四五六七八九十百千万亿]+)(?P<more>[多余几来]?)"
)

_BEFORE: tuple[tuple[How, re.Pattern[str]], ...] = (
    (
        "most",
        re.compile(
            r"(?:\b(?:under|less than|fewer than|below|at most|no more than)\s+"
            r"|(?:不到|不足|少于|小于|最多|不超过|[<≤])\s?)$"
        ),
    ),
    (
        "least",
        re.compile(
            r"(?:\b(?:over|more than|above|at least|no less than|no fewer than|upwards of|exceeding|up to|as many as)\s+"
            r"|上|(?:超过|超|逾|多于|大于|不少于|不低于|至少|起码|多达|高达|突破|[>≥])\s?)$"
        ),
    ),
    (
        "about",
        re.compile(
            r"(?:\b(?:almost|nearly|close to|about|around|approximately|approx\.?|roughly|some|circa)\s+"
            r"|(?:将近|接近|近|大约|约|大概|差不多|[~≈])\s?)$"
        ),
    ),
)
_AFTER: tuple[tuple[How, re.Pattern[str]], ...] = (
    ("least", re.compile(r"\s*(?:及?以上|or more\b|and more\b|plus\b)")),
    ("about", re.compile(r"\s*(?:左右|上下|or so\b)")),
    ("most", re.compile(r"\s*(?:以内|以下|or less\b|or fewer\b)")),
)

_GLUED = re.compile(
    r"[A-Za-z_][-–]?$|[A-Za-z0-9)][/.]$|\d:$|[A-Za-z0-9]-$|第$|[#]$|\b(?:no|nr)\.\s?$", re.I
)
"""What a number is a part of: MP3, COVID-19, 24/7, 10:30, 第3, no. 7."""
_MONEY = re.compile(r"(?:[¥￥$€£]|\b(?:CNY|RMB|USD|EUR|GBP|JPY|HKD))\s?$", re.I)
_NUMBERED = re.compile(
    r"\b(?:version|ver|v|edition|release|part|vol|volume|chapter|lesson|level|grade|step|number|page|"
    r"unit|figure|table|top|python|windows|office|html|css|java|mac ?os|android|ios|cc|cc by|cc by-sa|year)"
    r"\.?\s$",
    re.I,
)
_NO_COUNT = re.compile(
    r"\s?(?:dpi|ppi|px|pixels?|mp|megapixels?|bits?|kbps|mbps|fps|k?hz|mm|cm|km|inch(?:es)?|kg|lb|am|pm|usd|eur|cny|rmb|gbp|"
    r"yuan|dollars?|euros?|pounds?|edition|ed|century|st|nd|rd|th|p|d|x)(?![A-Za-z])"
    r"|\s?[x×*]\s?\d|\s?[-/.:]\s?\d|\s?(?:年级|年代|年|月|日|号|点|岁|元|块|折|星|维|代|届|楼|世纪|美元|度|级|版|像素|分(?![钟类])|厘米|毫米|英寸)"
    r"|\s?years? old",
    re.I,
)
_GRAMS = re.compile(r"\s?[gm](?![A-Za-z])")
"""Grams and metres; G and M are what files are measured in."""
_LASTS = re.compile(r"\s?-?(?:days?|weeks?|months?|years?)\b|\s?(?:天|周|个月)", re.I)
_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_SCREENS = frozenset((2, 4, 5, 6, 8, 12, 16))
"""Thousands of pixels that screens and pictures are named after: 4K."""


def amounts(text: str) -> Iterator[Amount]:
    """Every number of ``text`` that may count something, in their order."""
    taken = [found.span() for found in _DATE.finditer(text)]
    for pattern, read in ((_DIGITS, _digits), (_SPELLED, _spelled), (_HAN_NUMBER, _han)):
        for found in pattern.finditer(text):
            if any(start < found.end() and found.start() < end for start, end in taken):
                continue
            taken.append(found.span())
            amount = read(text, found)
            if amount is not None:
                yield amount


def shift(text: str, end: int) -> How | None:
    """What stands behind the thing that is counted: 以上, or more."""
    return next((how for how, pattern in _AFTER if pattern.match(text, end)), None)


def _digits(text: str, found: re.Match[str]) -> Amount | None:
    low, high = _value(found["low"]), _value(found["high"] or found["low"])
    before, after = text[: found.start()], text[found.end() :]
    if low is None or high is None or _GLUED.search(before) or _MONEY.search(before):
        return None
    scale = _scale((found["scale"] or "").strip().lower())
    how, start = _how(before, found["more"])
    if how == "exact" and high * scale < 2:
        return None
    screen = (found["scale"] or "").strip().lower() == "k" and low in _SCREENS
    if screen and how == "exact":
        return None
    if _GRAMS.match(after) or _NO_COUNT.match(after) or (_LASTS.match(after) and how == "exact"):
        return None
    if how == "exact" and not found["scale"]:
        year = re.fullmatch(r"1[5-9]\d\d|20\d\d|2100", found["low"]) and not _thing(after)
        if year or _NUMBERED.search(before):
            return None
    step = Fraction(1, 10 ** len(found["low"].partition(".")[2])) * scale
    return Amount(start, found.end(), low * scale, high * scale, step, how)


def _thing(after: str) -> bool:
    """Does something follow that could be counted? "in 2024 we" does not, "2024 photos" does."""
    return re.match(r"\s?(?:[A-Za-z]+s\b|[张份个本套篇页首部件])", after) is not None


def _value(digits: str) -> Fraction | None:
    """None for a version such as 1.2.3."""
    plain = digits.replace(",", "")
    return Fraction(plain) if plain.count(".") < 2 and len(plain) < 13 else None


def _scale(name: str) -> int:
    if name in _LATIN_SCALES:
        return _LATIN_SCALES[name]
    value = 1
    for char in name:
        value *= _HAN_SCALES[char]
    return value


def _how(before: str, more: str) -> tuple[How, int]:
    """How the number is meant, and where its words begin."""
    lowered = before.lower()
    for how, pattern in _BEFORE:
        if found := pattern.search(lowered):
            return how, found.start()
    return _more(more.strip()), len(before)


def _more(mark: str) -> How:
    return {"": "exact", "来": "about"}.get(mark, "least")  # type: ignore[return-value]


def _spelled(text: str, found: re.Match[str]) -> Amount | None:
    words = re.findall(r"[a-z]+", found["words"].lower())
    value = _english([word for word in words if word != "and"])
    if value < 2:
        return None
    how, start = _how(text[: found.start()], found["more"])
    if found["some"] or (words[-1].rstrip("s") in _SCALES and words[-1].endswith("s")):
        how, value = "least", max(2 * value, 2) if len(words) == 1 or found["some"] else value
    if _NO_COUNT.match(text[found.end() :]):
        return None
    amount = Fraction(value)
    return Amount(start, found.end(), amount, amount, Fraction(1), how, True)


def _english(words: list[str]) -> int:
    total = part = 0
    for word in words:
        scale = _SCALES.get(word.rstrip("s") if word not in _WORDS else "")
        if scale is None:
            part += _WORDS[word]
        elif scale < 1000:
            part = max(part, 1) * scale
        else:
            total, part = total + max(part, 1) * scale, 0
    return total + part


def _han(text: str, found: re.Match[str]) -> Amount | None:
    value = han(found["words"])
    before, after = text[: found.start()], text[found.end() :]
    if value is None or value < 2 or before.endswith("第") or _NO_COUNT.match(after):
        return None
    how, start = _how(before, found["more"])
    if found["some"]:
        how, value = "least", 2 * value  # 数百 is two hundred at least
    amount = Fraction(value)
    return Amount(start, found.end(), amount, amount, Fraction(1), how, True)


def han(numeral: str) -> int | None:
    """The value of a Chinese numeral: 三百二十 = 320. None for a row of digits (二〇二四, 两三) and for
    what is none (万亿万)."""
    if re.search(r"[零〇一二两三四五六七八九]{2}", numeral.replace("零", "")):
        return None
    total = part = digit = 0
    for char in numeral:
        if char in _HAN:
            digit = _HAN[char]
            continue
        scale = _HAN_SCALES[char]
        if scale < 10**4:
            part, digit = part + max(digit, 1) * scale, 0
        else:
            whole = part + digit
            total, part, digit = (total + (whole or 1) * scale if whole or not total else total * scale), 0, 0  # fmt: skip
    return total + part + digit
