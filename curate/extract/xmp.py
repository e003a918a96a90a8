"""XMP: the packet of RDF that pictures, PDFs and recordings carry, and what it says about rights."""

from __future__ import annotations

import re
from collections.abc import Iterator

from curate.extract.claims import OWNED, claim, verbatim
from curate.extract.clean import line
from curate.model import Statement

MOST_BYTES = 4 * 2**20

Fields = dict[str, tuple[str, ...]]
"""Values by the local name of their property, in the order of the packet."""

_RESOURCE = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}resource"
_PACKET = re.compile(rb"<(?:\w+:)?(?:xmpmeta|RDF)[\s>].*</(?:\w+:)?(?:xmpmeta|RDF)>", re.S)
_DESCRIPTIVE = ("title", "creator", "description", "subject", "CreateDate")
_TERMS = ("license", "WebStatement", "UsageTerms", "rights")
_OWNERS = ("Owner", "CopyrightOwnerName", "attributionName", "creator", "LicensorName")
_CREDIT = ("Credit", "attributionName", "attributionURL")
# Properties that restrict: said with their names, for a bare date or a list of countries tells nothing.
_LIMITS = {
    "LicenseStartDate": "plus:LicenseStartDate",
    "LicenseEndDate": "plus:LicenseEndDate",
    "RegionConstraints": "plus:RegionConstraints",
    "ImageDuplicationConstraints": "plus:ImageDuplicationConstraints",
}
# Properties that tell whom to ask, or that speak to machines: neither grants nor takes anything.
_ASIDE = {
    "Certificate": "xmpRights:Certificate",
    "morePermissions": "cc:morePermissions",
    "LicensorName": "plus:LicensorName",
    "LicensorURL": "plus:LicensorURL",
    "DataMining": "plus:DataMining",
    "reservation": "tdm:reservation",
    "policy": "tdm:policy",
}
_MARKED = "Marked"
_KNOWN = frozenset((*_DESCRIPTIVE, *_TERMS, *_OWNERS, *_CREDIT, *_LIMITS, *_ASIDE, _MARKED))
_TDM = ("reservation", "policy")  # common words: only of their own namespace


def packet(data: bytes) -> Fields:
    """The fields of a packet; RDF writes them as elements or as attributes. {} where it is broken."""
    found = _PACKET.search(data) if len(data) <= MOST_BYTES else None
    if not found:
        return {}
    from lxml import etree

    from curate.extract.package import parser

    try:
        root = etree.fromstring(found[0], parser())
    except (etree.XMLSyntaxError, ValueError):
        return {}
    fields: dict[str, list[str]] = {}
    for element in root.iter(etree.Element):
        for key, value in element.attrib.items():
            if name := _known(str(key)):
                fields.setdefault(name, []).append(verbatim(value))
        if name := _known(element.tag):
            items = [
                verbatim("".join(item.itertext()))
                for item in element.iter()
                if str(item.tag).endswith("}li")
            ]
            resource = element.get(_RESOURCE)
            fields.setdefault(name, []).extend(
                items or [verbatim(resource or "".join(element.itertext()))]
            )
    return {
        name: tuple(dict.fromkeys(one for one in values if one or name == "license"))
        for name, values in fields.items()
    }


def _known(tag: str) -> str:
    space, _, name = tag.rpartition("}")
    return name if name in _KNOWN and (name not in _TDM or "tdm" in space) else ""


def first(fields: Fields, *names: str) -> str:
    return next((value for name in names for value in fields.get(name, ()) if value), "")


def rights(fields: Fields, where: str, component: str = "whole") -> Iterator[Statement]:
    """What a packet declares: the licence it names, the page about it, the terms, the notice; then its
    limits, whose it is and whom to ask, each with its name (``plus:LicenseEndDate=2025-01-01``)."""
    holder = first(fields, *_OWNERS)
    credit = credited(fields)
    said = [(raw, key) for key in _TERMS for raw in fields.get(key, ())]
    for raw, _ in said:
        yield claim(raw, "xmp", where, component=component, holder=holder, attribution=credit)
    for name, shown in _LIMITS.items():
        for raw in fields.get(name, ()):
            yield claim(f"{shown}={raw}", "xmp", where, component=component, holder=holder)
    for name, shown in _ASIDE.items():
        for raw in fields.get(name, ()):
            yield claim(
                f"{shown}={raw}",
                "xmp",
                where,
                inferred=True,
                component=component,
                holder=raw if name == "LicensorName" else holder,
                license=OWNED,
            )
    yield from _marked(fields, where, component, holder, said=bool(said))
    if credit and not said:
        yield claim(
            f"photoshop:Credit={credit}" if "Credit" in fields else f"cc:attributionName={credit}",
            "xmp",
            where,
            inferred=True,
            component=component,
            holder=holder or credit,
            attribution=credit,
            license=OWNED,
        )


def _marked(
    fields: Fields, where: str, component: str, holder: str, said: bool
) -> Iterator[Statement]:
    """``xmpRights:Marked``: False = nobody owns it; True = somebody does, which any words beside it say
    better."""
    for raw in fields.get(_MARKED, ()):
        owned = raw.lower() in ("true", "1")
        if not (owned and said):
            yield claim(
                f"xmpRights:Marked={raw}",
                "xmp",
                where,
                inferred=True,
                component=component,
                holder=holder,
                license=OWNED if owned else "",
            )


def credited(fields: Fields) -> str:
    """The credit that a packet asks for: its own line, or ccREL's name and address."""
    parts = (first(fields, "attributionName"), first(fields, "attributionURL"))
    return first(fields, "Credit") if not parts[0] else line(", ".join(filter(None, parts)))
