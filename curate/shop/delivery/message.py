"""What a buyer is sent. Written when it is rendered, but for the secrets: places for these are filled when
it is shown or sent, so that they lie in no outbox, and what was refunded meanwhile is not among them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from curate.exports.text import line
from curate.messages import speaker
from curate.model import Language

_LATE = re.compile(r"\{(page|codes|share)\}")
_EARLY = re.compile(r"\{(title|version|order|number)\}")
_SUBJECT = 200  # characters


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when it is rendered."""

    title: str
    version: str  # "" where only codes are sold
    order: str  # number of the order
    number: int  # of pieces
    language: Language
    page: bool  # what there will be
    codes: bool
    share: bool
    address: bool = False  # of the page alone: all of it stands there


def render(facts: Facts, subject: str = "", message: str = "") -> tuple[str, str]:
    """(subject, body): the seller's own where they wrote some, else the usual ones."""
    values = {
        "title": facts.title, "version": facts.version, "order": facts.order, "number": str(facts.number)
    }  # fmt: skip
    say = speaker(facts.language)
    head = _early(subject or say("Your order {order}: {title}", **values), values)
    if message:
        body = _own(message, facts, values)
    else:
        body = "{page}\n" if facts.address else _usual(facts, values)
    return line(head)[:_SUBJECT], body


def fill(body: str, secrets: Mapping[str, str]) -> str:
    """``body`` with its places filled, once: what is put in is not looked at again."""
    return _LATE.sub(lambda found: secrets.get(found[1], ""), body)


def places(body: str) -> frozenset[str]:
    """The late ones that ``body`` has."""
    return frozenset(_LATE.findall(body))


def _early(template: str, values: Mapping[str, str]) -> str:
    return _EARLY.sub(lambda found: _tame(values[found[1]]), template)


def _tame(value: str) -> str:
    """A title that looks like a place is none."""
    return _LATE.sub(lambda found: f"｛{found[1]}｝", value)


def _own(message: str, facts: Facts, values: Mapping[str, str]) -> str:
    """The seller's text; what it forgot to give stands below it."""
    text = _early(message, values)
    there = places(message)
    way_in = not there & {"page", "share"}
    on_page = facts.address and (way_in or "page" in there)
    codes = facts.codes and "codes" not in there and not on_page
    rest = _goods(facts, codes=codes, page=facts.page and way_in, share=facts.share and way_in)
    return "\n\n".join([text.rstrip(), *rest]) + "\n" if rest else text


def _usual(facts: Facts, values: Mapping[str, str]) -> str:
    say = speaker(facts.language)
    told = {name: _tame(value) for name, value in values.items()}
    bought = (
        say("You bought: {title}, version {version}", **told)
        if facts.version
        else say("You bought: {title}", **told)
    )
    parts = [
        say("Thank you for your order {order}.", **told),
        f"{bought} × {facts.number}" if facts.number > 1 else bought,
        *_goods(facts, facts.codes, facts.page, facts.share),
        say("If something does not work, answer this message and name the order {order}.", **told),
    ]
    return "\n\n".join(parts) + "\n"


def _goods(facts: Facts, codes: bool, page: bool, share: bool) -> list[str]:
    say = speaker(facts.language)
    parts = []
    if codes and facts.number > 1:
        parts.append(say("Your codes, each in its line:\n{codes}", codes="{codes}"))
    elif codes:
        parts.append(say("Your code:\n{codes}", codes="{codes}"))
    if page:
        parts.append(say("Your download page:\n{page}", page="{page}"))
        parts.append(say("Whoever has this address gets in: keep it, and give it to nobody."))
    elif share:
        parts.append(say("You get it here:\n{share}", share="{share}"))
    return parts
