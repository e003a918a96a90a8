"""Pages that do nothing: without what runs, moves on, or means another thing to the next reader."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from curate.collectors.web.tags import attribute, rels

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

NOWHERE: Final = "about:invalid"
ADDRESSES = frozenset(
    "action background cite data formaction href longdesc lowsrc poster src xlink:href".split()
)
"""Attributes that hold an address, on whatever element."""
_GONE = frozenset({"srcdoc", "ping", "codebase", "classid", "archive", "manifest"})
_EQUIVALENTS = frozenset(
    {"refresh", "content-security-policy", "content-security-policy-report-only", "set-cookie"}
)
_HINTS = frozenset(
    {"preload", "prefetch", "prerender", "preconnect", "dns-prefetch", "modulepreload", "manifest"}
)
_ANIMATIONS = ("animate", "set", "animatetransform", "animatemotion")
_PLAIN = frozenset({"[document]", "html", "head", "body"})
_RAW = ("iframe", "noembed", "noframes", "noscript", "plaintext", "textarea", "title", "xmp")
"""What is inside these is elements to one parser and mere text to another."""
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f]+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.I)
_WEB = frozenset({"http", "https", "mailto", "tel"})

IN_PICTURES = re.compile(r"data:image/", re.I)
IN_SHEETS = re.compile(r"data:text/css\b", re.I)
IN_STYLES = re.compile(
    r"data:(?:image/|font/|text/css\b|application/(?:[\w.-]*font|octet-stream\b)|[;,])", re.I
)
"""Inside style, where nothing but pictures, fonts and more style is ever read."""
ELSEWHERE = re.compile(r"data:(?:image/(?!svg)|font/|text/css\b)", re.I)
"""Where data may become a document of its own: a drawing could hold scripts."""


def harmless(address: str, inside: re.Pattern[str]) -> str:
    """``address`` where it leads to the web, within the page, to a person or to data such as
    ``inside`` permits; else one that leads nowhere."""
    # Browsers pass over blanks and control characters before they look for the scheme.
    bare = _UNSEEN.sub("", address)
    scheme = _SCHEME.match(bare)
    if scheme is None or scheme[1].lower() in _WEB:
        return address
    return address if inside.match(bare) else NOWHERE


def quiet(soup: BeautifulSoup) -> None:
    """Take out what runs, moves on, forbids what is inside, or asks for something beforehand."""
    for tag in soup.find_all(["script", "base"]):
        if tag.name == "base" or not _told(tag):
            tag.decompose()
    for tag in soup.find_all("meta", attrs={"http-equiv": True}):
        if _UNSEEN.sub("", attribute(tag, "http-equiv")).lower() in _EQUIVALENTS:
            tag.decompose()
    for tag in soup.find_all("link"):
        if rels(tag) & _HINTS:
            tag.decompose()
    for tag in soup.find_all(_ANIMATIONS):
        name = _UNSEEN.sub("", attribute(tag, "attributename")).lower()
        if name.startswith("on") or name.rpartition(":")[2] in ("href", "src"):
            tag.decompose()
    for tag in soup.find_all(True):
        for key in [key for key in tag.attrs if not _kept(key.lower())]:
            del tag[key]
    _comments(soup)


def _kept(attribute: str) -> bool:
    return (
        not attribute.startswith("on")
        and attribute not in _GONE
        and re.fullmatch(r"[\w:.@-]+", attribute) is not None
    )


def _told(script: Tag) -> bool:
    """Scripts that run nothing: they tell what the page is, and who holds the rights in it."""
    kind = attribute(script, "type").strip().lower()
    if kind == "application/ld+json":
        if "<" in (told := script.get_text()):
            # Within a string, the only place that JSON has for it, this is the same sign.
            script.string = told.replace("<", "\\u003c")
        return True
    return kind == "application/rsl+xml" and all(one.name in _PLAIN for one in script.parents)


def _comments(soup: BeautifulSoup) -> None:
    """Drop what readers of HTML do not agree on where it ends."""
    from bs4.element import Comment, Doctype, PreformattedString

    for found in [one for one in soup.descendants if isinstance(one, PreformattedString)]:
        if isinstance(found, Comment):
            odd = found.startswith((">", "->")) or "--" in found or found.endswith(("-", "<!"))
            kept = not odd and ("<" not in found or found.find_parent(_RAW) is None)
        else:
            kept = isinstance(found, Doctype) and not set("<>") & set(found)
        if not kept:
            found.extract()


_OPENS = re.compile(r"<(?=[A-Za-z/!?])")


def style(css: str) -> str:
    """``css`` without anything that could be taken for a tag where style is no raw text, as in SVG."""
    return _OPENS.sub(r"\\3c ", css)
