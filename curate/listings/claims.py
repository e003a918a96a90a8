"""What a seller's text says of a release has to be so: each number is compared with what is really in it.

"over 400 files" needs 400 files or more, "400 files" exactly so many; a number that counts nothing that
is here, and words such as "the largest" or 全网最全, need a proof of the seller's in ``[listing.claims]``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from curate.collection import Collection
from curate.errors import ConfigError, Problem
from curate.han import simplified
from curate.listings import Shown
from curate.listings.amounts import Amount, How, amounts, shift
from curate.listings.phrases import line
from curate.listings.units import Counted, Stock

_SUPERLATIVES = re.compile(
    r"全网最?[\u4e00-\u9fff]?|最(?:全|大|好|强|齐全|完整|丰富|权威|专业|优质|便宜|低价|实用|火|热门|畅销|先进)"
    r"|史上最\w?|世界(?:第)?一流|(?:全国|全球|世界|行业|销量|排名)第一|独家|唯一|绝无仅有|顶级|顶尖|国家级|世界级|百分之?百|万能"
    r"|\b(?:the|our) (?:very )?(?:best|largest|biggest|cheapest|finest|greatest|ultimate|only)(?! (?:of|practi|way|thing|part|as|to|in (?:this|it)))\b"
    r"|\bmost (?:complete|comprehensive|extensive|popular|advanced)\b|\bworld'?s \w+est\b|\b(?:number one|no\. ?1)\b|#1\b"
    r"|\b(?:best[- ]selling|unbeatable|unrivall?ed|unique(?=ly)?)\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"\d+(?:\.\d+)?\s?%|\b(?:one|a) hundred percent\b", re.IGNORECASE)
_TOTAL = re.compile(
    r"(?:共计?|总计|合计|一共|总共|文件[数量]*[:：]?|\bfiles:|\btotal(?: of)?:?)\s*$", re.IGNORECASE
)
_STARS = re.compile(r"(?<!\d)\*+|\*+(?!\d)")
"""Of Markdown; between two digits it multiplies."""
_GROUPED = re.compile(r"(?<![\d.,'’])\d{1,3}(?:[ '’]\d{3})+(?!\d)")
_APART = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")
_FORMAL = re.compile("[壹贰叁肆伍陆柒捌玖](?=[拾佰仟百千万亿])|(?<=[壹贰叁肆伍陆柒捌玖])[拾佰仟]")
"""Numerals of cheques; single ones are parts of words: 大陆, 队伍."""
_USUAL = dict(zip("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千", strict=True))


@dataclass(frozen=True, slots=True)
class Unproven:
    """A claim with no fact behind it."""

    where: str  # the key of collection.toml
    claim: str  # as the seller wrote it
    near: str  # what is true


def unproven(shown: Shown) -> list[Unproven]:
    """Every claim in the seller's words that neither the files nor ``[listing.claims]`` prove."""
    stock = Stock(shown.collection, shown.facts, shown.items)
    return [
        fault
        for where, text in _texts(shown.collection)
        for fault in _faults(where, text, stock, shown.collection.listing.claims)
    ]


def check(shown: Shown) -> None:
    """Raises ConfigError that names every claim without a proof, what is true, and what to do."""
    place = f"collections/{shown.collection.name}/collection.toml"
    problems = [
        Problem(
            f"{place}: {one.where}",
            f"“{one.claim}” is claimed, and nothing in the bundle proves it; there are {one.near}",
            f'write what is true, or prove it in [listing.claims]: "{one.claim}" = "what proves it"',
        )
        for one in unproven(shown)
    ]
    problems += [
        Problem(f"{place}: listing.claims", f"“{claim}” has no proof", "write what proves it")
        for claim, proof in shown.collection.listing.claims.items()
        if not proof.strip()
    ]
    if problems:
        raise ConfigError(problems)


def _texts(collection: Collection) -> Iterator[tuple[str, str]]:
    yield "title", collection.title
    yield "description", collection.description
    for tag in collection.listing.tags:
        yield "listing.tags", tag
    for language, own in sorted(collection.listing.wording.items()):
        yield f"listing.wording.{language}.title", own.title
        yield f"listing.wording.{language}.description", own.description
        for tag in own.tags:
            yield f"listing.wording.{language}.tags", tag


def normal(text: str) -> str:
    """One line as people see it: full-width digits and letters as the usual ones, and nothing between two
    characters that only a program finds there."""
    seen = "".join(one for one in text if unicodedata.category(one) != "Cf")
    plain = _STARS.sub(" ", line(unicodedata.normalize("NFKC", seen)))
    grouped = _GROUPED.sub(lambda found: re.sub("[ '’]", ",", found[0]), plain)
    return line(_APART.sub("", grouped))


def _faults(where: str, text: str, stock: Stock, claims: Mapping[str, str]) -> Iterator[Unproven]:
    said = normal(text)
    proven = _proven(said, claims)
    for start, end, claim in sorted(_claims(said, stock)):
        if not any(begin <= start and end <= finish for begin, finish in proven):
            yield Unproven(where, claim, stock.nearest())


def _proven(said: str, claims: Mapping[str, str]) -> list[tuple[int, int]]:
    """Where the claims stand that the seller proves."""
    spans = []
    for claim, proof in claims.items():
        wanted = normal(claim)
        if wanted and proof.strip():
            spans += [found.span() for found in re.finditer(re.escape(wanted), said, re.IGNORECASE)]
    return spans


def _claims(said: str, stock: Stock) -> Iterator[tuple[int, int, str]]:
    """Those that no file proves: (start, end, words). Traditional characters are read as simplified ones."""
    text = _FORMAL.sub(lambda found: _USUAL[found[0]], simplified(said))
    for pattern in (_SUPERLATIVES, _PERCENT):
        for found in pattern.finditer(text):
            yield found.start(), found.end(), said[found.start() : found.end()]
    for amount in amounts(text):
        if re.match(r"\s?(?:%|percent\b)", text[amount.end :]):
            continue
        unit = stock.unit(text, amount.end, amount.spelled)
        how = shift(text, unit.end) or amount.how
        counts = unit.counts
        alone = _TOTAL.search(text[: amount.start])
        if unit.end == amount.end and not counts:
            counts = stock.before(text[: amount.start], loose=amount.how != "exact")
            if not counts and alone:
                counts = stock.alone()
            elif not counts and (amount.how != "least" or amount.low < 100):
                continue  # nothing is said to be counted
        if amount.spelled and amount.high < 100 and not unit.known and not alone:
            continue  # "two friends", 三步: a way of speaking
        if not any(holds(amount, how, count) for count in counts):
            yield amount.start, unit.end, said[amount.start : unit.end].strip()


def holds(amount: Amount, how: How, count: Counted) -> bool:
    """Is ``amount``, meant as ``how`` says, true of ``count``? A number is never rounded up."""
    value = count.value
    if how == "least":
        return value >= amount.low
    if how == "most":
        return value <= amount.high
    if how == "about":
        return amount.low * 9 <= value * 10 and value * 10 <= amount.high * 11
    if amount.low != amount.high:
        return amount.low <= value <= amount.high
    if count.step == 1 and amount.step <= 1:
        return value == amount.low
    # 1.2k, 3万, 12 GB: as exact as it is written.
    return amount.low <= value < amount.low + amount.step or (
        count.step != 1 and abs(value - amount.low) * 2 <= amount.step
    )
