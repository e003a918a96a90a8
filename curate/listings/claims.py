"""What a seller's text says of a release has to be so: each number is compared with what is really in it.

"over 400 files" needs 400 files or more, "400 files" exactly so many; a number that counts nothing that
is here, and words such as "the largest" or 全网最全, need a proof of the seller's in ``[listing.claims]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from curate.collection import Collection
from curate.errors import ConfigError, Problem
from curate.han import simplified
from curate.listings import Shown
from curate.listings.amounts import Amount, How, amounts, around, shift
from curate.listings.goods import neutral
from curate.listings.numerals import HAN, normal, usual
from curate.listings.superlatives import superlatives
from curate.listings.units import Counted, Stock, Unit

_TOTAL = re.compile(
    r"(?:共计?|总计|合计|一共|总共|文件[数量]*[:：]?|\bfiles:|\btotal(?: of)?:?|\b(?:count(?: them)?|qty|quantity):?|\b(?:you get|contains?|includes?|comes with|holds)|包含|内含|收录|数量[:：]?|\b(?:packs?|sets?|bundles?|box|collections?|librar(?:y|ies)) of)\s*$",
    re.IGNORECASE,
)
_IN_ONE = re.compile(r"\s?-?(?:in|合)-?\s?(?:1|one|一)\b|\s?合[1一]", re.IGNORECASE)
_ENDS = re.compile(r"\s*(?:$|[.!?,;)。！？，；）》”\"])")
_LEADS = frozenset("数几上成好约近超过破达" + HAN)
_BRACKET = re.compile(r"[)\]]\s?|[/_](?=[A-Za-z]{3})")
_SAYING = re.compile(r"\b(?:one|once|\w+ at|at|worth)(?: in)?\s+$", re.IGNORECASE)
_TITLE = re.compile(r"《[^《》]{1,60}》|“[^“”]{1,80}”|\"[^\"]{1,80}\"")
_SHOWN = 200
_COMPARED = "no file can tell how it compares with others"
_PERCENT = re.compile(r"\s?(?:%|per ?cent\b)", re.IGNORECASE)
_HAN_RUN = re.compile("[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Unproven:
    """A claim with no fact behind it."""

    where: str  # the key of collection.toml
    claim: str  # as the seller wrote it
    missing: str  # the fact that would prove it
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
            f"“{one.claim}” is claimed, and nothing in the bundle proves it: {one.missing}; the bundle has {one.near}",
            f'write what is true, or name your proof under [listing.claims]: "{one.claim}" = "what proves it"',
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


def _faults(where: str, text: str, stock: Stock, claims: Mapping[str, str]) -> Iterator[Unproven]:
    said = normal(text)
    proven = _proven(said, claims)
    for start, end, claim, needed in sorted(_claims(said, stock)):
        if not any(begin <= start and end <= finish for begin, finish in proven):
            yield Unproven(where, claim, needed or _COMPARED, stock.nearest())


def _proven(said: str, claims: Mapping[str, str]) -> list[tuple[int, int]]:
    """Where the claims stand that the seller proves."""
    spans = []
    for claim, proof in claims.items():
        wanted = normal(claim)
        if wanted and proof.strip():
            spans += [found.span() for found in re.finditer(re.escape(wanted), said, re.IGNORECASE)]
    return spans


def _claims(said: str, stock: Stock) -> Iterator[tuple[int, int, str, str]]:
    """Those that no file proves: (start, end, words, what would have to be so). Traditional characters are
    read as simplified ones."""
    text = usual(simplified(said))
    for start, end in superlatives(text):
        yield start, end, said[start:end], ""
    named = _marked(len(text), _names(text, stock))
    quoted = _marked(len(text), (found.span() for found in _TITLE.finditer(text)))
    for amount in amounts(text):
        if _PERCENT.match(text, amount.end):
            continue  # among the superlatives
        if named[amount.start]:
            continue
        found = _missing(text, amount, stock, bool(quoted[amount.start]))
        if found is not None:
            end, counts = found
            needed = needs(amount, shift(text, end) or amount.how, counts)
            yield amount.start, end, said[amount.start : end][:_SHOWN].strip(), needed


def _marked(length: int, spans: Iterable[tuple[int, int]]) -> bytearray:
    """1 at every place of the spans."""
    marks = bytearray(length)
    for start, end in spans:
        marks[start:end] = b"\1" * (end - start)
    return marks


def _missing(
    text: str, amount: Amount, stock: Stock, title: bool
) -> tuple[int, tuple[Counted, ...]] | None:
    """Where the claim of ``amount`` ends and what it could be of; None where it holds, or claims nothing."""
    unit = stock.unit(text, amount.end, amount.spelled)
    how = shift(text, unit.end) or amount.how
    if neutral(text, (amount.start, amount.end), unit.end, unit.head):
        return None
    if (
        title
        and amount.spelled
        and unit.head in ("个", "份", "项")
        and not _ENDS.match(text, unit.end)
    ):
        return None  # 《十万个为什么》
    if unit.end == amount.end and not unit.counts:
        unit = _around(text, amount, stock) or unit
        if not unit.counts and not unit.sold and (how != "least" or amount.low < 100):
            return None  # nothing is said to be counted
    known = unit.known or unit.sold or bool(unit.counts)
    if amount.spelled and not known and (amount.high < 100 or title):
        return None  # "two friends", 三步, “One Hundred Years of Solitude”: a way of speaking
    return None if any(holds(amount, how, count) for count in unit.counts) else (unit.end, unit.counts)  # fmt: skip


def _around(text: str, amount: Amount, stock: Stock) -> Unit | None:
    """What an amount counts that has no thing behind it: "photos: 500", 共 500, "500 in 1", "half a million!"."""
    (before, _), end = around(text, amount.start, amount.end), amount.end
    unit = stock.before(before, loose=amount.how != "exact" or amount.spelled)
    if unit.counts or unit.sold:
        return replace(unit, end=end)
    bracket = _BRACKET.match(text, end)
    if bracket and (inner := stock.unit(text, bracket.end(), amount.spelled)).end > bracket.end() and (inner.known or inner.sold):  # fmt: skip
        return inner
    together = _IN_ONE.match(text, end)
    large = amount.low >= 100 and not _SAYING.search(before) and _ENDS.match(text, end)
    if _TOTAL.search(before) or together or (large and (amount.spelled or amount.scaled or text[end : end + 1] == "!")):  # fmt: skip
        return Unit(together.end() if together else end, stock.alone(), True)
    return None


def _names(text: str, stock: Stock) -> Iterator[tuple[int, int]]:
    """Words of the dictionary that numerals are a part of: 百科, 四川, 千岛湖, 唐诗三百首."""
    import rjieba

    for run in _HAN_RUN.finditer(text):
        at = run.start()
        for word in rjieba.cut(run[0], False):
            rest = word.lstrip(HAN)
            lead = len(word.rstrip(HAN))
            if (len(rest) < len(word) and rest and not stock.measures(rest)) or (
                1 < lead < len(word) and not set(word[:lead]) <= _LEADS
            ):
                yield at, at + len(word)
            at += len(word)


def needs(amount: Amount, how: How, counts: tuple[Counted, ...]) -> str:
    """The fact that is missing, in English."""
    least = {"least": "at least ", "most": "at most ", "about": "about ", "exact": ""}[how]
    low, high = (f"{float(min(n, Fraction(10**15))):,.16g}" for n in (amount.low, amount.high))
    number = low if low == high else f"{low} to {high}"
    if not counts:
        return f"no file is known to be one of these {least}{number}"
    there = f"{float(counts[0].value):,.4g}" if counts[0].step != 1 else f"{int(counts[0].value):,}"
    verb = "is" if there == "1" else "are"
    return f"it needs {least}{number} ({counts[0].name}), and there {verb} {there}"


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
