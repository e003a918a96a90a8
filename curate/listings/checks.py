"""A listing held against a platform's rules: all that breaks one is named at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from curate.errors import CurateError, Problem
from curate.listings import rules
from curate.listings.phrases import line
from curate.listings.rules import Pack, Rule
from curate.messages import Say, speaker
from curate.model import Language
from curate.product import Product, Words

_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<!--|&(?:[a-zA-Z]{2,8}|#\d{1,6});")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture as it lies beside product.json."""

    name: str
    size: int  # bytes
    width: int
    height: int
    format: str  # as Pillow calls it: JPEG; "" where it cannot be opened or is missing


def lint(
    product: Product,
    folder: Path,
    platform: str,
    own: Path | None = None,
    language: Language = "en",
) -> list[Problem]:
    """What ``platform`` would not take, or would show badly; [] = all is well.

    ``folder``: listing/ of the release, ``own``: a folder with rule packs of the seller's, ``language``:
    of the problems. For a platform without rules there is one warning, which says so.
    """
    say = speaker(language)
    if platform not in rules.names(own):
        return [Problem(f"{product.name} → {platform}", say("no rules are known for it, so nothing was checked"), severity="warning")]  # fmt: skip
    return check(product, pictures(product, folder), rules.load(platform, own), language)


def check(
    product: Product, images: Sequence[Picture], pack: Pack, language: Language = "en"
) -> list[Problem]:
    """The same from values alone."""
    words = product.words.get(pack.language or product.language)
    if words is None:
        raise CurateError(
            f"the listing of {product.name} has no words in '{pack.language or product.language}'",
            "build the next version of the release",
        )
    case = _Case(product, words, images, speaker(language), language)
    return [
        Problem(
            f"{product.name} → {pack.name}",
            case.say("{found}: {reason}", found=found, reason=_reason(rule, language))
            if rule.reason
            else found,
            _hint(rule, case.say),
            rule.severity,
        )
        for rule in pack.rule
        for found in _CHECKS[rule.check](case, rule)
    ]


def pictures(product: Product, folder: Path) -> list[Picture]:
    """What the images of ``product`` are; only their beginning is read."""
    from PIL import Image

    found = []
    for name in product.images:
        path = folder / name
        try:
            with Image.open(path) as picture:
                width, height = picture.size
                found.append(Picture(name, path.stat().st_size, width, height, picture.format or ""))  # fmt: skip
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            found.append(Picture(name, 0, 0, 0, ""))
    return found


@dataclass(frozen=True, slots=True)
class _Case:
    product: Product
    words: Words
    images: Sequence[Picture]
    say: Say
    language: Language

    def texts(self, field: str) -> tuple[str, ...]:
        if field == "faq":
            return tuple(text for one in self.words.faq for text in (one.asked, one.answer))
        if field == "keywords":
            return self.words.keywords
        if field == "categories":
            return self.product.categories
        if field == "images":
            return self.product.images
        if field == "sku":
            return (self.product.sku,)
        return (str(getattr(self.words, field)),)

    def name(self, field: str) -> str:
        say = self.say
        return {
            "title": say("the title"),
            "short": say("the short description"),
            "description": say("the description"),
            "html": say("the description in HTML"),
            "keywords": say("a keyword"),
            "faq": say("the questions and answers"),
            "note": say("the note to the buyer"),
            "categories": say("a category"),
            "images": say("a picture"),
            "sku": say("the article number"),
        }[field]


def _reason(rule: Rule, language: Language) -> str:
    return (rule.reason_zh if language == "zh" else "") or rule.reason


def _hint(rule: Rule, say: Say) -> str:
    if rule.verified or not rule.source:
        return rule.source
    return say(
        "{source}, {known}; not verified with the platform", source=rule.source, known=rule.known
    )


def _measured(text: str, unit: str) -> int:
    if unit == "bytes":
        return len(text.encode("utf-8", "replace"))
    if unit == "wide":
        return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
    return len(text)


def _length(case: _Case, rule: Rule) -> Iterator[str]:
    for field in rule.fields:
        for text in case.texts(field):
            yield from _limits(case, rule, case.name(field), _measured(text, rule.unit))


def _joined(case: _Case, rule: Rule) -> Iterator[str]:
    for field in rule.fields:
        length = _measured(",".join(case.texts(field)), rule.unit)
        yield from _limits(case, rule, case.name(field), length)


def _limits(case: _Case, rule: Rule, name: str, length: int) -> Iterator[str]:
    say = case.say
    if length < rule.least:
        yield say("{what} is too short ({n})", what=name, n=f"{length:,}")
    elif rule.most and length > rule.most:
        yield say("{what} is too long ({n})", what=name, n=f"{length:,}")


def _count(case: _Case, rule: Rule) -> Iterator[str]:
    for field in rule.fields:
        number = len(case.texts(field))
        if number < rule.least or (rule.most and number > rule.most):
            say, name = case.say, case.name(field)
            yield say("{what}: there is 1", what=name) if number == 1 else say("{what}: there are {n}", what=name, n=number)  # fmt: skip


def _plain(text: str) -> str:
    return line(unicodedata.normalize("NFKC", text)).casefold()


def _words(case: _Case, rule: Rule) -> Iterator[str]:
    banned = [(word, _plain(word)) for word in rule.words]
    for field in rule.fields:
        said = _plain("\n".join(case.texts(field)))
        for word, plain in banned:
            if _stands(plain, said):
                yield case.say("“{word}” in {what}", word=word, what=case.name(field))


def _stands(word: str, text: str) -> bool:
    """Latin words have to stand by themselves; Chinese knows no borders."""
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])", text) is not None


def _patterns(case: _Case, rule: Rule) -> Iterator[str]:
    for field in rule.fields:
        for text in case.texts(field):
            said = line(unicodedata.normalize("NFKC", text))
            for pattern in rule.patterns:
                if found := re.search(pattern, said):
                    part = found[0].strip()[:_SHOWN]
                    yield case.say("“{word}” in {what}", word=part, what=case.name(field))


def _markup(case: _Case, rule: Rule) -> Iterator[str]:
    for field in rule.fields:
        for text in case.texts(field):
            if found := _TAG.search(text):
                yield case.say("“{word}” in {what}", word=found[0][:_SHOWN], what=case.name(field))


def _price(case: _Case, rule: Rule) -> Iterator[str]:
    say, product = case.say, case.product
    try:
        price = Decimal(product.price)
    except InvalidOperation:
        yield say("the price {price} is no number", price=product.price)
        return
    least, most = Decimal(str(rule.least)), Decimal(str(rule.most))
    if (price < least and not (rule.free and price == 0)) or (most and price > most):
        yield say("the price {price} is out of bounds", price=product.price)
    exponent = price.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > rule.digits:
        yield say("the price {price} has too many digits", price=product.price)
    if rule.currencies and product.currency not in rule.currencies:
        yield say("the price is in {currency}", currency=product.currency)


def _images(case: _Case, rule: Rule) -> Iterator[str]:
    say = case.say
    for one in case.images:
        if not one.format:
            yield say("{file} is missing or damaged", file=one.name)
        elif rule.formats and one.format not in rule.formats:
            yield say("{file} is {format}", file=one.name, format=one.format)
        elif rule.bytes and one.size > rule.bytes:
            yield say("{file} has {n} bytes", file=one.name, n=f"{one.size:,}")
        elif rule.pixels and one.width * one.height > rule.pixels:
            yield say("{file} has {width} × {height} pixels", file=one.name, width=one.width, height=one.height)  # fmt: skip


def _square(case: _Case, rule: Rule) -> Iterator[str]:
    fits = (one.width == one.height and one.width >= rule.least for one in case.images)
    if not any(fits):
        yield case.say("no picture is square and large enough")


_CHECKS: dict[str, Callable[[_Case, Rule], Iterator[str]]] = {
    "length": _length,
    "joined": _joined,
    "count": _count,
    "words": _words,
    "patterns": _patterns,
    "markup": _markup,
    "price": _price,
    "images": _images,
    "square": _square,
}
