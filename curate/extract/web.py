"""HTML: all its text, its title, and every place where it states a licence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from curate.errors import CurateError
from curate.extract import notices, spdx_tags
from curate.extract.claims import bounded
from curate.extract.clean import clean, date, keywords, language, line, people, title
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.inlined import Inlined
from curate.extract.web_claims import claims
from curate.model import SURROUNDINGS, Extracted, Statement

DEEPEST = 2000
"""Elements inside each other; a person writes some dozens, and parsers slow down or crash at more."""

MOST_GUESSED = 1_000_000
"""Characters of HTML in which the main text is looked for."""

LEAST_GUESSED = 100
"""Characters of a main text; less is more likely to be a menu or a button."""

# Without those of the head: a mark there would be text, and text ends the head.
_BLOCKS = (
    "address|article|aside|blockquote|br|caption|center|dd|details|div|dl|dt|fieldset|figcaption"
    "|figure|footer|form|h[1-6]|header|hr|legend|li|main|nav|ol|option|p|pre|section|summary|table"
    "|tbody|td|tfoot|th|thead|tr|ul"
)
_BLOCK = re.compile(rf"(?=</?(?:{_BLOCKS})[\s/>])", re.I)
_MARK = "\ue000"  # where a block begins or ends; from the private use area, so no text has it
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*?(/?)>")
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "source",
        "track",
        "wbr",
        "p",
        "li",
        "td",
        "tr",
    ]
)


def read(path: Path, name: str, form: Format) -> Extracted:
    inlined = Inlined(name)
    html, more = inlined.load(path)
    page = Page(html, name)
    main, around = parts(html)
    text, truncated = clean(main)
    if around:
        text = f"{text}{SURROUNDINGS}{clean(around)[0]}"[:MAX_TEXT]
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        title=page.title(),
        creators=people([page.meta("author", "dc.creator", "dcterms.creator", "article:author")]),
        description=line(page.meta("description", "og:description", "dc.description"))
        or ("" if around else opening(html)),
        created=date(
            page.meta(
                "dcterms.created", "dc.date", "article:published_time", "dcterms.date", "date"
            )
        ),
        language=page.language(),
        keywords=keywords(page.meta("keywords")),
        text=text,
        truncated=truncated or more,
        properties={"links": page.links()},
        statements=(
            *spdx_tags.statements(html, name),
            *page.statements(),
            *notices.statements(text, name),
            *inlined.statements(),
        ),
    )


def opening(html: str) -> str:
    """How the main text begins, where no element says which it is; "" where that cannot be told.

    Only to describe a page: code and short paragraphs are not in it.
    """
    if len(html) > MOST_GUESSED:
        return ""
    from resiliparse.extract.html2text import extract_plain_text

    found = extract_plain_text(html, main_content=True, links=False, alt_texts=False)
    return line(found) if len(found) >= LEAST_GUESSED else ""


def check_depth(html: str, name: str) -> None:
    """Raises CurateError for elements nested beyond any real page. Reads tags only."""
    if html.count("<") < DEEPEST:
        return
    depth = 0
    for closing, tag, empty in _TAG.findall(html):
        if empty or tag.lower() in _VOID:
            continue
        depth = max(0, depth - 1) if closing else depth + 1
        if depth > DEEPEST:
            raise CurateError(
                f"{name} nests more than {DEEPEST} elements in each other",
                "no real page does; leave it out",
            )


_AROUND = "nav, header, footer, aside, [role=navigation], [role=banner], [role=contentinfo]"


def bare(html: str) -> str:
    """The text of ``html``, one line for each block; head, scripts and styles left out."""
    main, around = parts(html)
    return "\n".join(part for part in (main, around) if part)


def parts(html: str) -> tuple[str, str]:
    """The text of ``html`` as ``bare`` gives it, and apart from it what surrounds it on every page of a site.

    That is what HTML itself calls navigation, header, footer and aside; an article's own header is its
    title. A page that marks everything so has nothing around it.
    """
    from selectolax.lexbor import LexborHTMLParser

    marked = LexborHTMLParser(_BLOCK.sub(_MARK, html.replace(_MARK, "")))
    marked.strip_tags(["head", "script", "style", "template"])
    if marked.root is None:
        return "", ""
    whole = marked.text(deep=True)
    around = []
    for node in marked.css(_AROUND):
        if node.tag != "header" or not _within_article(node):
            around.append(node.text(deep=True))
            node.decompose()
    main = _lines(marked.text(deep=True)) if around else _lines(whole)
    return (main, _lines(_MARK.join(around))) if main else (_lines(whole), "")


def _within_article(node: Any) -> bool:
    while node is not None:
        if node.tag in ("article", "main"):
            return True
        node = node.parent
    return False


def _lines(text: str) -> str:
    found = (" ".join(part.split()) for part in text.split(_MARK))
    return "\n".join(part for part in found if part)


class Page:
    """A parsed page; ``where`` is what its statements are attributed to."""

    def __init__(self, html: str, where: str) -> None:
        from selectolax.lexbor import LexborHTMLParser

        check_depth(html, where)
        self.html = html
        self.where = where
        self.tree: Any = LexborHTMLParser(html)
        self.metas: dict[str, str] = {}
        for node in self.tree.css("meta"):
            found = node.attributes
            key = found.get("name") or found.get("property") or found.get("itemprop")
            if key and (content := found.get("content")):
                self.metas.setdefault(key.lower().strip(), content)

    def meta(self, *names: str) -> str:
        return next((self.metas[name] for name in names if self.metas.get(name)), "")

    def links(self) -> int:
        nodes = self.tree.css("a[href], link[href], area[href]")
        return sum(bool(node.attributes.get("href")) for node in nodes)

    def title(self) -> str:
        for node in self.tree.css("head > title, body > title"):
            if found := title(node.text()):
                return found
        if found := title(self.meta("og:title", "dc.title", "dcterms.title")):
            return found
        heading = self.tree.css_first("h1") or self.tree.css_first("h2")
        return line(heading.text(), 200) if heading is not None else ""

    def language(self) -> str:
        node = self.tree.css_first("html")
        stated = (node.attributes.get("lang") or node.attributes.get("xml:lang")) if node else ""
        return language(stated or self.meta("dc.language", "dcterms.language", "og:locale"))

    def statements(self) -> tuple[Statement, ...]:
        return bounded(claims(self.tree, self.where))
