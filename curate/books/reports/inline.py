"""A picture of matplotlib's as an element of a page that allows no style but its own.

Its style attributes become attributes of SVG, its stand-in colours classes, its ids its own within the page;
the document's head and fonts go.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_COLOURS = {"#010101": "ink", "#020202": "grid", "#030303": "zero", "#040404": "card"} | {
    f"#0505{n:02}": f"s{n}" for n in range(1, 7)
}
_DROPPED = {"font-family", "version"}
_REFERENCE = re.compile(r"url\(#([^)]+)\)")


def inline(svg: bytes, prefix: str, title: str, description: str) -> str:
    """``svg`` as an <svg> that assistive programs read as one picture of that title and description."""
    root = ElementTree.fromstring(svg)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.endswith("}style") or child.tag.endswith("}metadata"):
                parent.remove(child)
    for one in root.iter():
        one.tag = one.tag.rpartition("}")[2]
        _settle(one, prefix)
    del root.attrib["width"], root.attrib["height"]  # as wide as the page lets it be
    root.attrib.update(
        {"class": "plot", "role": "img", "aria-labelledby": f"{prefix}-title {prefix}-desc"}
    )
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        told = Element(tag, {"id": f"{prefix}-{tag}"})
        told.text = text
        root.insert(place, told)
    return ElementTree.tostring(root, encoding="unicode")


def _settle(one: Element, prefix: str) -> None:
    """Its attributes, as the page allows them."""
    found = {key.rpartition("}")[2]: value for key, value in one.attrib.items()}
    for part in found.pop("style", "").split(";"):
        name, _, value = part.partition(":")
        if value.strip():
            found[name.strip()] = value.strip()
    classes = []
    for paint, short in (("fill", "f"), ("stroke", "k")):
        if (colour := _COLOURS.get(found.get(paint, ""))) is not None:
            classes.append(f"{short}-{colour}")
            del found[paint]
    one.attrib.clear()
    for name, value in sorted(found.items()):
        if name == "id" and one.tag in ("g", "svg"):
            continue  # matplotlib's names of groups: nobody refers to them
        if name == "id":
            value = f"{prefix}-{value}"
        elif name == "href":
            value = f"#{prefix}-{value.removeprefix('#')}"
        if name not in _DROPPED:
            one.set(name, _REFERENCE.sub(rf"url(#{prefix}-\1)", value))
    if classes:
        one.set("class", " ".join(classes))
