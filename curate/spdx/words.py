"""A licence text as the words that matter, by the SPDX matching guidelines.

https://spdx.github.io/spdx-spec/v2.3/license-matching-guidelines-and-templates/: case, white space,
punctuation, markup, bullets, copyright notices and spelling variants do not tell licences apart.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

MAX = 200_000
"""Characters; the longest text of the list has 46,000."""

VARIANTS = {
    "acknowledgement": "acknowledgment",
    "acknowledgements": "acknowledgments",
    "analog": "analogue",
    "authorisation": "authorization",
    "authorised": "authorized",
    "calibre": "caliber",
    "cancelled": "canceled",
    "capitalisations": "capitalizations",
    "catalogue": "catalog",
    "categorise": "categorize",
    "centre": "center",
    "emphasised": "emphasized",
    "favour": "favor",
    "favourite": "favorite",
    "fulfil": "fulfill",
    "fulfilment": "fulfillment",
    "initialise": "initialize",
    "judgement": "judgment",
    "labelling": "labeling",
    "labour": "labor",
    "licence": "license",
    "licences": "licenses",
    "licenced": "licensed",
    "maximise": "maximize",
    "merchantibility": "merchantability",
    "modelled": "modeled",
    "modelling": "modeling",
    "offence": "offense",
    "optimise": "optimize",
    "organisation": "organization",
    "organisations": "organizations",
    "owner": "holder",
    "owners": "holders",
    "practise": "practice",
    "programme": "program",
    "realise": "realize",
    "recognise": "recognize",
    "signalling": "signaling",
    "utilisation": "utilization",
    "whilst": "while",
    "wilful": "willful",
}
"""Words the guidelines call the same; both sides are turned, so the choice does not matter."""

SAYS = frozenset(
    "this that these those your it not no nor neither never none without unless except only solely "
    "may might must shall should would can cannot could is are be been being was were has have had "
    "do does did if when where which who whom whose what as such than then but however per provided "
    "provides subject under use used uses user users using copy copies copied copying publish term terms "
    "allow allowed allows internal evaluation educational academic nonprofit charge fee fees gratis "
    "consent written limit limits limitation notice notices above following hereby reproduce reproduced "
    "obtain obtained accept nc nd proprietary confidential trial demo required requires reserve void rescind rescinded "
    "nicht kein keine keinen nur darf dürfen verboten untersagt ne pas interdit interdite sauf sin sans "
    "senza non solo soltanto nunca prohibido vietato vietata proibido proibida somente zonder niet geen"
    "".split()
)
"""Words that a name or a copyright notice does not have, a condition does."""

CONDITION = re.compile(
    r"(?:un)?(?:permi(?:t|ss)|restrict|authori[sz]|licen[sc]|sublicen[sc])|prohib|forbid|disallow|"
    r"(?:non)?com+erc|kommerz|gewerb|(?:re|un)?(?:sell(?:s|ing|ers?)?|sales?|sold)$|verkauf|vend(?!or)|vente|"
    r"(?:re)?distribut|modif|grant(?:s|ed|ing)$|condition|agree|purpose|personal|warrant|liab|claim|"
    r"royalt|pay(?:ment|able|ing)|charg|exclud|exclus|purchas|weitergab|"
    r"[不禁勿仅僅限止只非商售卖賣用许許授准得须須]"
)
"""How words of conditions begin, in the languages that licensors add sentences in."""

_TAGS = (
    "html head body title div span p br hr b i u em strong small big tt code pre center font a img ul ol "
    "li dl dt dd table thead tbody tr td th h1 h2 h3 h4 h5 h6 blockquote sup sub section article header "
    "footer main link meta cite abbr kbd"
).replace(" ", "|")
_VALUE = r"""(?:"[^"<>]{0,300}"|'[^'<>]{0,300}'|[^\s"'<>]{1,200})"""
_TAG = re.compile(
    rf"</?(?:{_TAGS})(?:\s{{1,20}}[\w:-]{{1,40}}={_VALUE}){{0,9}}\s{{0,20}}/?>|<[!?](?:xml|doctype)\b[^<>]{{0,300}}>",
    re.I,
)
# Attributes have values: "<p not for sale>" in plain text is something to read.
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-f]{1,5}|[a-z]{2,8});", re.I)
_LINK = re.compile(r"\]\([^()\s]{0,300}\)")
_URL = re.compile(
    r"(?:https?|ftp|mailto):\S{1,400}|\bwww\.\S{1,200}|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}"
    r"|\b[a-z][a-z0-9-]{1,60}(?:\.[a-z][a-z0-9-]{1,60}){1,4}/\S{0,300}",
    re.I,
)
_BULLET = re.compile(
    r"^[^\w(\n]*(?:\(?(?:\d{1,2}(?:\.\d{1,2}){0,3}|[a-z]|[ivx]{1,5})[.)]\W{0,3}){1,2}(?=\s|$)",
    re.I | re.M,
)
_RESERVED = re.compile(r"\ball\s+rights?\s+reserved\b")
_NOTICE = re.compile(
    r"\W*(?:(?:portions?|parts?)\s+(?:of this \w+ )?(?:are\s+)?)?"
    r"(?:(?:copyright|copr|copyleft|spdx-filecopyrighttext)\b\W{0,4}(?:\(c\)|[©<\[{`]|\d{4}|by\b|yyyy|years?\b|c\b)"
    r"|©|\(c\)\W{0,3}\d{4})"
)
_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
_INSTITUTES = frozenset(
    "institute center centre society association office agency council network foundation laboratory "
    "academy organization school department initiative".split()
)  # the Institute for ...
_ELSEWHERE = frozenset("details more full present".split())  # see AUTHORS for details
_NAMES = 40  # words of one line of a copyright notice


def words(text: str) -> tuple[str, ...]:
    """``text`` (at most ``MAX`` characters of it) as lower-case words, without what the guidelines ignore.

    A copyright line goes only where it is nothing but a notice: one that says more stays, and so keeps
    the text from being taken for the licence.
    """
    plain = _unmarked(unicodedata.normalize("NFKC", text[:MAX])[:MAX]).lower()
    plain = _BULLET.sub(" ", _URL.sub(" ", _LINK.sub("] ", plain)).replace("_", " "))
    plain = _RESERVED.sub(" ", "\n".join(_without_notices(plain.splitlines())))
    return tuple(VARIANTS.get(word, word) for word in _WORD.findall(plain))


def speaks(word: str) -> bool:
    """May this word belong to a condition? False: to a name, a date or a title."""
    return word in SAYS or word in PARTS or CONDITION.match(word) is not None or _foreign(word)


PARTS = frozenset(
    "clause addendum amendment photo photos photograph photographs picture pictures image images icon icons"
    " music sound sounds illustration illustrations graphics artwork asset assets video videos"
    " foto fotos bild bilder ausgenommen imagenes imágenes immagini photographies sauf excepto salvo eccetto".split()
)
"""What a line beside a licence may take out of it."""
_BANNING = re.compile("[不非勿禁仅僅限除需购購售卖賣谢謝绝絕归歸]")


def _foreign(word: str) -> bool:
    """In a script whose conditions nobody here can read, or in Chinese with a character that limits."""
    if word.isascii() or _BANNING.search(word):
        return not word.isascii()
    return not all(
        "\u00c0" <= char <= "\u024f" or "\u3400" <= char <= "\u9fff" or char.isascii()
        for char in word
    )


def names(found: Sequence[str]) -> bool:
    """Are these words nothing but names, dates and what holds them together?"""
    return not any(
        speaks(word) or (word in ("for", "to") and not _joins(found, place))
        for place, word in enumerate(found)
    )


def _joins(found: Sequence[str], place: int) -> bool:
    before, behind = found[max(0, place - 1) : place], found[place + 1 : place + 2]
    return bool(_INSTITUTES.intersection(before) or _ELSEWHERE.intersection(behind))


def _without_notices(lines: list[str]) -> list[str]:
    kept: list[str] = []
    inside = False
    for line in lines:
        inside = bool(line.strip()) and (inside or _NOTICE.match(line) is not None)
        inside = inside and _is_name(line)
        if not inside:
            kept.append(line)
    return kept


def _is_name(line: str) -> bool:
    found = _WORD.findall(_RESERVED.sub(" ", line))
    return len(found) <= _NAMES and names(found)


def _unmarked(text: str) -> str:
    """Without tags and entities, and in a page without what a reader does not see."""
    start = text[:2000].lower()
    if "<html" in start or "<!doctype html" in start:
        for opening, closing in (
            ("<!--", "-->"),
            ("<style", "</style"),
            ("<script", "</script"),
            ("<head", "</head"),
        ):
            text = _cut(text, opening, closing)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    return text


def _cut(text: str, opening: str, closing: str) -> str:
    # One pass with find: a pattern over an opening that never closes would be quadratic.
    lower, kept, at = text.lower(), [], 0
    if len(lower) != len(text):  # a letter whose lower case is two
        return text
    while (start := lower.find(opening, at)) >= 0 and (end := lower.find(closing, start)) >= 0:
        kept.append(text[at:start])
        at = end + len(closing)
    return "".join([*kept, text[at:]])


def _character(entity: re.Match[str]) -> str:
    import html

    return html.unescape(entity[0])
