"""What of a collection goes into a bundle, with all that is said about it, and what stays out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import IO

import msgspec

from curate import rights
from curate.catalog import Catalog, Member, Place
from curate.collection import Loaded
from curate.model import Decision, Item, Omission, Testimony, main_text
from curate.pipeline.judge import Judge
from curate.pipeline.keep import choose, left_out
from curate.pipeline.links import EXACT
from curate.pipeline.merged import Told, merged, told
from curate.pipeline.places import basename, taken
from curate.store import Store

DESCRIPTION = 280
"""Most characters of a text's beginning that stand in for a description nobody wrote."""
LEAD = 160
"""Most characters of a text's beginning that an item is found by where somebody described it."""

_MARKUP = " #=-*_>:：。.|"
"""What a text begins with before it says anything."""

_MARKS = re.compile(r"(?m)^[ \t]*\|.*$|^[ \t]*(?:#{1,6}|>|[-*+])[ \t]+|\*\*|__|`+")
"""Marks of Markdown that say nothing where it is read as one line: tables, headings, lists, bold."""
_LINK = re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)")

KEYWORDS = 12
"""Most words that a bundle's pages find an item by."""


class Chooser:
    """Goes through a collection once. ``judge`` knows whom the seller names as creator."""

    def __init__(self, catalog: Catalog, store: Store, loaded: Loaded, judge: Judge) -> None:
        self._catalog, self._store, self._loaded, self._judge = catalog, store, loaded, judge
        self._choice = choose(catalog, loaded)
        self._behind = self._choice.behind(loaded.collection.dedupe)

    def chosen(self) -> tuple[list[Item], list[Omission]]:
        """Items and omissions, in hash order; last the places that could not even be read."""
        catalog, loaded = self._catalog, self._loaded
        items: list[Item] = []
        omissions: list[Omission] = []
        alike: dict[bytes, Decision] = {}  # most items share a few decisions: held once each
        for member in catalog.members(loaded.name):
            reason = left_out(catalog, loaded, member, self._choice)
            if reason:
                heard = partial(_testimony, catalog, loaded.name, member.sha256)
                omissions.append(
                    Omission(
                        member.sha256, member.title, member.source, reason, member.decision, heard
                    )
                )
            else:
                decision = alike.setdefault(msgspec.json.encode(member.decision), member.decision)
                items.append(self._item(member, decision))
        for sighting in catalog.with_state(loaded.name, "failed"):
            if sighting.reason:
                omissions.append(
                    Omission("", basename(sighting.locator), sighting.locator, sighting.reason)
                )
        return items, omissions

    def _item(self, member: Member, decision: Decision) -> Item:
        catalog, loaded = self._catalog, self._loaded
        # What may not be packaged has no words in the bundle either.
        doubles = [
            one for one in self._behind.get(member.sha256, ()) if one in self._choice.allowed
        ]
        exact = {one for one in doubles if self._choice.kept[one].kind in EXACT}
        whole = merged(catalog, member, doubles, self._told)
        begins = _beginning(catalog, member, whole.extracted.format)
        stated = " ".join(whole.description.split())
        return Item(
            sha256=member.sha256,
            size=member.size,
            name=basename(whole.places[0].sighting.locator),
            title=whole.title,
            category=member.label.category,
            format=whole.extracted.format,
            kind=whole.extracted.kind,
            mime=whole.extracted.mime,
            language=whole.language,
            description=_cut(stated or begins, DESCRIPTION),
            keywords=(*whole.keywords, *whole.tags)[:KEYWORDS],
            properties=whole.extracted.properties,
            creators=whole.creators,
            source=whole.url,
            decision=decision,
            credit=rights.credit(
                whole.title, whole.creators, whole.url, decision, loaded.collection.language
            ),
            open=partial(_open, self._store, member.sha256),
            thumbnail=partial(catalog.thumbnail, member.sha256),
            testimony=partial(_testimony, catalog, loaded.name, member.sha256),
            also=whole.elsewhere(exact),
            lead=_cut(begins, LEAD) if stated else "",
        )

    def _told(self, catalog: Catalog, member: Member) -> Told:
        """What is said about a member, and by the seller where nothing else says who made it."""
        own = told(catalog, member)
        declared = self._creator(own.places)
        return own if own.creators or not declared else replace(own, creators=(declared,))

    def _creator(self, places: Sequence[Place]) -> str:
        """Whom the seller names as creator nearest to it."""
        declaration = self._judge.declaration
        near = (declaration(one.kind, one.place, one.sighting.locator) for one in places)
        return next((one.creator for one in near if one.creator), "")


def _testimony(catalog: Catalog, collection: str, sha256: str) -> Testimony:
    """Every statement with the expression it comes to, so that nobody has to read its words again."""
    places = catalog.places(sha256)
    here = taken(places, collection)
    known = catalog.facts(sha256)
    said = [one for place in here for one in place.sighting.said.statements]
    said += known[0].statements if known else ()
    said += [one for place in places for one in place.sighting.said.statements]
    return Testimony(
        tuple(
            msgspec.structs.replace(one, license=rights.expression(one))
            for one in dict.fromkeys(said)
        ),
        tuple(dict.fromkeys(one for place in here for one in place.sighting.said.signals)),
        # A file at hand says what it says whenever it is read; a page may say something else tomorrow.
        max((place.sighting.noted for place in here if place.sighting.said.url), default=""),
    )


def _open(store: Store, sha256: str) -> IO[bytes]:
    return store.open(sha256)


def _beginning(catalog: Catalog, member: Member, format: str) -> str:
    """How its text begins, after its title, on one line."""
    head = main_text(catalog.text(member.sha256))[: 4 * DESCRIPTION]
    if format == "md":
        head = _MARKS.sub("", _LINK.sub(r"\1", head))
    text = " ".join(head.split()).lstrip(_MARKUP)
    if text.casefold().startswith(member.title.casefold()):
        text = text[len(member.title) :].lstrip(_MARKUP)
    return text


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
