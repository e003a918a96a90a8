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

from curate.listings.goods import goods
from curate.listings.numerals import (
    HAN,
    SCALES,
    SHORT_SCALES,
    WORDS,
    between,
    english,
    han,
    roman,
    scale_of,
)

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
    scaled: bool = False  # 10k, 1/2 million: digits with a word or letter that multiplies


_LATIN = "|".join(sorted(SCALES, key=len, reverse=True))
_NUMBER = r"\d{1,4}(?:,\d{2,4})+(?:\.\d+)?(?!\d)|\d+(?:\.\d+)*(?:e\+?\d{1,2}(?![\w])|\^\d{1,2})?"
_SCALE = (
    rf"(?:[\s-]?(?:{_LATIN})s?\b)+|\s?k(?![a-z0-9])|m(?=\s?\+)|(?-i:M)(?=\s+[a-z]{{3,}}s\b)"
    r"|w(?=\s?[+多余]?\s?[\u4e00-\u9fff])|[十百千万亿]+"
)
_DIGITS = re.compile(
    rf"(?<!\d)(?:(?P<whole>\d{{1,6}})\s)?(?P<above>\d{{1,6}})/(?P<below>[1-9]\d?)\s?(?:of an? )?(?P<of>{_LATIN})s?\b(?P<plus>\s?\+)?"
    rf"|(?P<low>{_NUMBER})(?:\s?(?:-|–|—|~|至|到|to)\s?(?P<high>{_NUMBER}))?"
    rf"(?P<scale>{_SCALE})?(?P<more>\s?\+|'?s(?=\s+of\s)|[多余来]?)",
    re.IGNORECASE,
)
_NAME = "|".join([*WORDS, *(f"{one}s?" for one in SCALES)])
_MANY = "|".join(f"{one}s" for one in SCALES)
_SPELLED = re.compile(
    rf"\b(?:(?P<some>several|a few|many|a couple of|(?:{_MANY}) (?:of|upon|and))\s+|(?:(?P<part>half|quarter)\s+(?:of\s+)?)?an?\s+(?:(?P<later>half|quarter)\s+(?:of\s+an?\s+)?)?|(?P<bare>half|quarter)\s+)?"
    rf"(?P<words>(?:{_NAME})(?:[\s-]+(?:and\s+(?:a\s+(?:half|quarter)\s+)?)?(?:{_NAME}))*)\b(?P<more>\+|[\s-]plus\b)?",
    re.IGNORECASE,
)
_HAN_NUMBER = re.compile(rf"(?P<some>数以|[数几成]?)(?P<words>[{HAN}]+)(?P<more>[多余几来]?)")
_GRADE = re.compile("级(?!别)")
_ONE_SIZE = re.compile(
    r"\b(?P<half>half\s+)?(?:an?|one)(?=\s+(?:tera|giga|mega)byte)", re.IGNORECASE
)
_ROMAN = re.compile(
    r"\b(?!XXL\b|MIX\b)(?=[MDCLXVI]{3})(?P<words>M{0,9}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))\b(?=\+?\s+(?P<thing>[a-z]+))"
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
            r"|上|(?:超过|超|逾|多于|大于|不少于|不低于|至少|起码|多达|高达|突破|[破过]|[>≥])\s?)$"
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
    r"(?!(?<![A-Za-z])x)[A-Za-z_][-–]?$|[A-Za-z0-9)][/.]$|\d:$|[A-Za-z0-9]-$|第$|[#]$|\b(?:no|nr)\.\s?$",
    re.I,
)
"""What a number is a part of: MP3, COVID-19, 24/7, 10:30, 第3, no. 7."""
_MONEY = re.compile(r"(?:[¥￥$€£]|\b(?:CNY|RMB|USD|EUR|GBP|JPY|HKD))\s?$", re.I)
_NUMBERED = re.compile(
    r"\b(?:version|ver|v|edition|release|part|vol|volume|chapter|lesson|level|grade|step|number|page|"
    r"unit|figure|table|top|route|room|python|windows|office|html|css|java|mac ?os|android|ios|cc|cc by|cc by-sa|year)"
    r"\.?\s$",
    re.I,
)
_NO_COUNT = re.compile(
    r"\s?(?:dpi|ppi|px|pixels?|mp|megapixels?|bits?|kbps|mbps|fps|k?hz|mm|gsm|cm|km|inch(?:es)?|kg|lb|am|pm|usd|eur|cny|rmb|gbp|"
    r"yuan|dollars?|euros?|pounds?|edition|ed|century|st|nd|rd|th|d)(?![A-Za-z])"
    r"|\s?[x×*]\s?\d+(?!\s?[张个份套])|\s?[-/.:]\s?\d|\s?(?:年级|年代|年|月|日|号|点|岁|元|块|折|星|维|代|届|楼|世纪|美元|度|级|版|像素|分(?![钟类])|厘米|毫米|英寸)"
    r"|\s?years? old",
    re.I,
)
_GRAMS = re.compile(r"\s?[gm](?![A-Za-z])")
"""Grams and metres; G and M are what files are measured in."""
_LASTS = re.compile(r"\s?-?(?:days?|weeks?|months?|years?)\b|\s?(?:天|周|个月)", re.I)
_DATE = re.compile(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_NEAR = 80
"""Characters that decide what a number means; so a long text takes only as many times longer."""
_DOTTED = re.compile(r"\d{1,3}(?:\.\d{3})+")
_MEASURED = re.compile(r"\s?(?:[KMGT]i?B|[GMT]\b|兆|hours?|minutes?|小时|%)", re.I)
_ENGLISH = re.compile(r"\s?(?:[A-Za-z]|$|[.,;)])")
_SIDE = re.compile(r"(?<!\d)(\d{1,5})\s?[x×*]\s?$", re.I)
_TIMES = re.compile(r"(\s?[x×])\s+[A-Za-z]{3}", re.I)
_LINES = re.compile(r"\s?p(?![A-Za-z])", re.I)
_SCREEN_LINES = frozenset("240 360 480 540 576 720 1080 1440 2160 4320".split())
_SAID = ("千千万万", "三三两两", "万一", "万千")
_ROMAN_LEADS = frozenset("over than about only get the with all".split())
_SCREENS = frozenset((2, 4, 5, 6, 8, 12, 16))
"""Thousands of pixels that screens and pictures are named after: 4K."""


def amounts(text: str) -> Iterator[Amount]:
    """Every number of ``text`` that may count something, in their order."""
    taken = bytearray(len(text))  # 1 where a number has been read
    for date in _DATE.finditer(text):
        taken[date.start() : date.end()] = b"\1" * len(date[0])
    readers = (
        (_DIGITS, _digits), (_SPELLED, _spelled), (_HAN_NUMBER, _han), (_ROMAN, _roman), (_ONE_SIZE, _one),
    )  # fmt: skip
    for pattern, read in readers:
        for found in pattern.finditer(text):
            if any(taken[found.start() : found.end()]):
                continue
            taken[found.start() : found.end()] = b"\1" * len(found[0])
            amount = read(text, found)
            if amount is not None:
                yield amount


def shift(text: str, end: int) -> How | None:
    """What stands behind the thing that is counted: 以上, or more."""
    return next((how for how, pattern in _AFTER if pattern.match(text, end)), None)


def _digits(text: str, found: re.Match[str]) -> Amount | None:
    before, after = around(text, found.start(), found.end())
    if found["above"]:
        return _fraction(before, found)
    low, high = _value(found["low"], after), _value(found["high"] or found["low"], after)
    if low is None or high is None or _GLUED.search(before) or _MONEY.search(before):
        return None
    side = _SIDE.search(before)
    if side and _ENGLISH.match(after) and not (int(side[1]) < 16 and low >= 100):
        return None  # 64x64 icons
    named = (found["scale"] or "").strip().lower()
    scale = _scale(named)
    how, start = _how(before, found.start(), found["more"])
    if how == "exact" and high * scale < 2 and not _MEASURED.match(after):
        return None
    if named == "k" and low in _SCREENS and how == "exact" and not _things(after):
        return None
    end = found.end()
    if scale >= 10**4 and (grade := _GRADE.match(after)):
        how, end = "least", end + grade.end()
    elif times := _TIMES.match(after):
        end, after = end + times.end(1), after[times.end(1) :]
    elif (
        _GRAMS.match(after)
        or _NO_COUNT.match(after)
        or (_LASTS.match(after) and how == "exact")
        or (_LINES.match(after) and found["low"] in _SCREEN_LINES)
    ):
        return None
    if how == "exact" and not found["scale"]:
        year = re.fullmatch(r"1[5-9]\d\d|20\d\d|2100", found["low"]) and not _thing(after)
        if year or _NUMBERED.search(before):
            return None
    if re.fullmatch("'?s", found["more"]):  # 100s of photos
        low = high = 2 * low
    step = Fraction(1, 10 ** len(found["low"].partition(".")[2])) * scale
    if re.search("[eE^]", found["low"]) or _DOTTED.fullmatch(found["low"]):
        step = Fraction(1)
    return Amount(start, end, low * scale, high * scale, step, how, scaled=bool(named))


def _fraction(before: str, found: re.Match[str]) -> Amount | None:
    """1/2 million."""
    share = Fraction(int(found["above"]), int(found["below"])) + int(found["whole"] or 0)
    how, start = _how(before, found.start(), found["plus"])
    value = share * (scale_of(found["of"].lower()) or 1)
    return Amount(start, found.end(), value, value, Fraction(1), how, scaled=True)


def _thing(after: str) -> bool:
    """Does something follow that could be counted? "in 2024 we" does not, "2024 photos" does."""
    return re.match(r"\s?(?:[A-Za-z]+s\b|[张份个本套篇页首部件])", after) is not None


def _things(after: str) -> bool:
    """Does the very next word name what is sold? "16K icons", and not "16K pictures of" a screen."""
    found = re.match(r"\s+([a-z]+)s\b|\s?[张个份套款]", after)
    return found is not None and (not found[1] or goods(found[1]))


def _value(digits: str, after: str) -> Fraction | None:
    """None for a version such as 1.2.3."""
    plain = digits.replace(",", "").lower()
    if _DOTTED.fullmatch(plain) and not _MEASURED.match(after):
        plain = plain.replace(".", "")  # 10.000 photos, as Germans write it
    power = re.fullmatch(r"([\d.]+)(e\+?|\^)(\d+)", plain)
    if power and power[1].count(".") < 2:
        first, exponent = Fraction(power[1]), int(power[3])
        if power[2] == "^":
            return Fraction(int(first) ** exponent) if first < 1000 and exponent < 13 else None
        return first * Fraction(10) ** min(exponent, 15)
    return Fraction(plain) if plain.count(".") < 2 and len(plain) < 13 else None


def _scale(name: str) -> int:
    if name in SHORT_SCALES:
        return SHORT_SCALES[name]
    value = 1
    for word in re.findall("[a-z]+", name):
        value *= scale_of(word) or 1
    for char in re.sub(r"[a-z\s-]", "", name):
        value *= han(char) or 1
    return value


def around(text: str, start: int, end: int) -> tuple[str, str]:
    """What stands before and behind a place, as far as it can matter."""
    return text[max(0, start - _NEAR) : start], text[end : end + _NEAR]


def _how(before: str, at: int, more: str | None) -> tuple[How, int]:
    """How the number is meant, and where its words begin."""
    lowered = before.lower()
    for how, pattern in _BEFORE:
        if found := pattern.search(lowered):
            return how, at - len(found[0])
    return _more((more or "").strip()), at


def _more(mark: str) -> How:
    return {"": "exact", "来": "about"}.get(mark, "least")  # type: ignore[return-value]


def _spelled(text: str, found: re.Match[str]) -> Amount | None:
    words = re.findall(r"[a-z]+", found["words"].lower())[:12]
    part = (found["part"] or found["later"] or found["bare"] or "").lower()
    before, after = around(text, found.start(), found.end())
    if len(words) == 1 and words[0] in ("score", "gross", "grand", "mil", "couple") and not after.startswith(" of "):  # fmt: skip
        return None  # the full score, gross weight
    value = english([word for word in words if word not in ("and", "a")])
    value *= {"half": Fraction(1, 2), "quarter": Fraction(1, 4)}.get(part, 1)
    if value < 2 or found["words"].lower() == "fifty-fifty":
        return None
    how, start = _how(before, found.start(), found["more"])
    many = words[-1] not in WORDS and words[-1].endswith("s") and words[-1] != "gross"
    if found["some"] or many:
        how, value = "least", 2 * value if len(words) == 1 or found["some"] else value
    if _NO_COUNT.match(after):
        return None
    return Amount(start, found.end(), value, value, Fraction(1), how, True)


def _han(text: str, found: re.Match[str]) -> Amount | None:
    span = between(found["words"])
    low, high = span or (han(found["words"]),) * 2
    before, after = around(text, found.start(), found.end())
    if low is None or high is None or high < 2 or before.endswith("第") or found[0] in _SAID:
        return None
    how, start = _how(before, found.start(), found["more"])
    end = found.end()
    if low >= 10**4 and (grade := _GRADE.match(after)):
        how, end = "least", end + grade.end()
    elif _NO_COUNT.match(after):
        return None
    if found["some"]:
        how, low = "least", 2 * low  # 数百 is two hundred at least
        end += found["some"] == "数以" and after.startswith("计")
        high = low
    return Amount(start, end, Fraction(low), Fraction(high), Fraction(1), how, True)


def _one(text: str, found: re.Match[str]) -> Amount:
    """A terabyte: one of it is much."""
    before, _ = around(text, found.start(), found.end())
    how, start = _how(before, found.start(), None)
    value = Fraction(1, 2 if found["half"] else 1)
    return Amount(start, found.end(), value, value, value, how, True)


def _roman(text: str, found: re.Match[str]) -> Amount | None:
    """MMM icons; a name stands before it in World War III and Part XIV."""
    named = re.search(r"([A-Z][a-z]+)\s$", text[: found.start()])
    if not goods(found["thing"]) or (named and named[1].lower() not in _ROMAN_LEADS):
        return None
    before, _ = around(text, found.start(), found.end())
    how, start = _how(before, found.start(), None)
    value = Fraction(roman(found["words"]))
    return Amount(start, found.end(), value, value, Fraction(1), how)
