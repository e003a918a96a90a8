"""Numerals as people read them: a text with its digits written in the usual way, and numbers in words.

Whoever writes １００００, 1 0 0 0 0, 10⁴, ❿, 💯 or 1OOO with letters means a number that a buyer reads.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from curate.listings.phrases import line

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
WORDS = {word: value for value, word in enumerate(_ONES)} | {"couple": 2}
WORDS.update({word: 20 + 10 * rank for rank, word in enumerate(_TENS)})
SCALES = {
    "ten": 10, "dozen": 12, "score": 20, "hundred": 100, "gross": 144, "thousand": 1000, "grand": 1000, "myriad": 10**4,
    "lakh": 10**5, "million": 10**6, "mil": 10**6, "mn": 10**6, "crore": 10**7, "billion": 10**9, "bn": 10**9,
    "trillion": 10**12,
}  # fmt: skip
SHORT_SCALES = {"k": 1000, "m": 10**6, "w": 10**4}
_HAN = dict(zip("零一二三四五六七八九", range(10), strict=True)) | {"两": 2, "〇": 0}
_HAN_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
_HAN_SUMS = {"廿": 20, "卅": 30, "卌": 40, "皕": 200}
HAN = "".join((*_HAN, *_HAN_SCALES, *_HAN_SUMS))

_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_PICTURED = {"🔟": " 10 ", "💯": " 100 "}
_POWER = re.compile("(?<=\\d)[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_STARS = re.compile(r"(?<!\d)\*+|\*+(?!\d)")
"""Of Markdown; between two digits it multiplies."""
_GROUPED = re.compile(r"(?<![\d.,'’])\d{1,3}(?:[ '’_·،٬˙]\d{3})+(?!\d)")
_SPREAD = re.compile(r"(?<![\w.,])\d(?: \d){2,}(?!\d)")
_ROUND = re.compile(r"(?<![\w.])\d[\d,]{0,12}[OoОо][\d,OoОо]{0,12}(?![A-Za-z0-9])")
"""The letter O for a zero, Latin or Cyrillic."""
_ELL = re.compile("(?<!\\w)[Il](?=[0OoО]{2,}(?!\\w))")
"""And I or l for a one."""
_APART = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_FORMAL = re.compile(
    "[壹贰叁肆伍陆柒捌玖](?=[拾佰仟百千万亿])|(?<=[壹贰叁肆伍陆柒捌玖])[拾佰仟]|(?<=[一二两三四五六七八九十几数上0-9])[佰仟]"
)
"""Numerals of cheques; single ones are parts of words: 大陆, 队伍."""
_USUAL = dict(zip("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千", strict=True))


def normal(text: str) -> str:
    """One line as people see it: every digit as the usual one, and nothing between two characters that only
    a program finds there."""
    text = _POWER.sub(lambda found: "^" + unicodedata.normalize("NFKC", found[0]), text)
    seen = ""
    for char in text:
        kind = unicodedata.category(char)
        over = kind in ("Mn", "Me") and (kind == "Me" or seen[-1:].isdigit())  # keycaps, struck out
        if kind != "Cf" and char not in _UNSEEN and not over and not "\ufe00" <= char <= "\ufe0f":
            seen += _digits(char, seen[-1:].isdigit())
    plain = unicodedata.normalize("NFKC", seen).replace("\u2044", "/")
    plain = _STARS.sub(" ", line(plain))
    plain = _ELL.sub("1", plain)
    plain = _ROUND.sub(lambda found: re.sub("[OoОо]", "0", found[0]), plain)
    plain = _SPREAD.sub(lambda found: found[0].replace(" ", ""), plain)
    grouped = _GROUPED.sub(lambda found: re.sub("[ '’_·،٬˙]", ",", found[0]), plain)
    return line(_APART.sub("", grouped))


def _digits(char: str, behind: bool) -> str:
    """Digits of other scripts and in circles as the usual ones; ``behind``: a digit stands before it."""
    if char in _PICTURED:
        return _PICTURED[char]
    kind = unicodedata.category(char)
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    if kind == "No":
        value = unicodedata.numeric(char)
        if value == int(value):
            return str(int(value))
        return f" {char}" if behind else char  # 1½ is no 11/2
    if kind == "Nl" and "\u3021" <= char <= "\u3029":
        return str(int(unicodedata.numeric(char)))
    return char


def usual(text: str) -> str:
    """Numerals of cheques as the usual ones; the length stays."""
    return _FORMAL.sub(lambda found: _USUAL[found[0]], text)


def scale_of(word: str) -> int | None:
    """What a word such as "dozens" multiplies by."""
    return SCALES.get(word, SCALES.get(word.removesuffix("s")))


def english(words: list[str]) -> Fraction:
    """The value of "two hundred and five", "one and a half thousand", "half a million", "a dozen dozen"."""
    total = part = Fraction(0)
    for word in words:
        scale = scale_of(word)
        if word in ("half", "quarter"):
            part += Fraction(1, 2 if word == "half" else 4)
        elif scale is None:
            part += WORDS[word]
        elif scale < 1000:
            part = (part or Fraction(1)) * scale
        else:
            total, part = (total + (part or Fraction(1)) * scale if part or not total else total * scale), Fraction(0)  # fmt: skip
    return total + part


def han(numeral: str) -> int | None:
    """The value of a Chinese numeral: 三百二十 = 320, 五〇〇 = 500, 廿五 = 25. None for what is none (两三)."""
    if all(char in _HAN for char in numeral) and len(numeral) > 1:
        if len(numeral) == 2 and not set(numeral) & set("零〇"):
            return None
        return int("".join(str(_HAN[char]) for char in numeral[:12]))
    if re.search(r"[一二两三四五六七八九]{2}", numeral):
        return None
    total = part = digit = 0
    for char in numeral:
        if char in _HAN:
            digit = _HAN[char]
            continue
        if char in _HAN_SUMS:
            part, digit = part + _HAN_SUMS[char], 0
            continue
        scale = _HAN_SCALES[char]
        if scale < 10**4:
            part, digit = part + max(digit, 1) * scale, 0
        else:
            whole = part + digit
            total, part, digit = (total + (whole or 1) * scale if whole or not total else total * scale), 0, 0  # fmt: skip
    return total + part + digit


_BETWEEN = re.compile("(.*?)([一二两三四五六七八九])([一二两三四五六七八九])([十百千万亿]*)$")


def between(numeral: str) -> tuple[int, int] | None:
    """What a numeral that leaves it open means: 三五百 is 300 to 500, 两三 is 2 to 3."""
    found = _BETWEEN.match(numeral)
    if not found:
        return None
    low, high = (han(found[1] + found[n] + found[4]) for n in (2, 3))
    return (low, high) if low is not None and high is not None and low < high else None


def roman(numeral: str) -> int:
    """The value of a well-formed Roman numeral."""
    values = dict(zip("IVXLCDM", (1, 5, 10, 50, 100, 500, 1000), strict=True))
    digits = [values[char] for char in numeral]
    after = [*digits[1:], 0]
    return sum(-one if one < two else one for one, two in zip(digits, after, strict=True))
