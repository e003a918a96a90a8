"""Electronic books: what the package document declares, and the chapters in reading order."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from curate.errors import CurateError
from curate.extract import embedded, notices
from curate.extract.claims import OWNED, claim, named
from curate.extract.clean import clean, date, keywords, language, line, people, title
from curate.extract.decode import decode
from curate.extract.formats import MAX_TEXT, Format
from curate.extract.package import Package, local, opened, protected, texts
from curate.extract.web import bare, check_depth
from curate.extract.word import picture
from curate.model import Extracted, Statement

_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def read(path: Path, name: str, form: Format) -> Extracted:
    with opened(path, name) as package:
        package.check()
        _refuse_protected(package)
        opf = _package_document(package)
        root = package.xml(opf)
        if root is None:
            raise CurateError(f"{name} is damaged: it has no package document", "leave it out")
        folder = posixpath.dirname(opf)
        manifest = {one.get("id", ""): one for one in root.iter() if local(one) == "item"}
        parts: list[str] = []
        links: dict[str, Statement] = {}
        size = chapters = 0
        for reference in (one for one in root.iter() if local(one) == "itemref"):
            item = manifest.get(reference.get("idref", ""))
            entry = _entry(folder, item)
            if not package.has(entry):
                continue
            html = decode(package.read(entry), declared=True)
            check_depth(html, f"{name}/{entry}")
            parts.append(bare(html))
            for one in linked(html, f"{name}/{entry}"):
                links.setdefault(one.raw, one)
            chapters += 1
            size += len(parts[-1])
            if size > MAX_TEXT:
                break
        text, truncated = clean("\n\n".join(parts))
        cover = _covers(package, root, manifest, folder)
        declared = (*_rights(root, manifest, cover[:1], name), *links.values())
        own = embedded.rights(package, next(iter(cover), ""), _obfuscated(package))
        return Extracted(
            form.id,
            form.kind,
            form.mime,
            title=next((found for raw in texts(root, "title") if (found := title(raw))), ""),
            creators=people(texts(root, "creator")),
            description=line(next((_plain(raw) for raw in texts(root, "description")), "")),
            created=date(next(iter(texts(root, "date")), "")),
            language=language(next(iter(texts(root, "language")), "")),
            keywords=keywords(*texts(root, "subject")),
            text=text,
            truncated=truncated,
            properties={"chapters": chapters},
            statements=(*declared, *notices.statements(text, name), *own),
            thumbnail=next((shown for one in cover if (shown := picture(package, one))), b""),
        )


def _plain(html: str) -> str:
    return bare(html) if "<" in html else html


def _refuse_protected(package: Package) -> None:
    """Obfuscated fonts are usual; anything else that is encrypted is a copy protection."""
    root = package.xml("META-INF/encryption.xml")
    for one in () if root is None else root.iter():
        if local(one) == "EncryptionMethod" and one.get("Algorithm") not in _FONT_METHODS:
            raise protected(package.name)


def _package_document(package: Package) -> str:
    root = package.xml("META-INF/container.xml")
    for one in () if root is None else root.iter():
        if local(one) == "rootfile" and one.get("full-path"):
            return str(one.get("full-path"))
    return next((entry for entry in sorted(package.entries) if entry.endswith(".opf")), "")


def _entry(folder: str, item: Any) -> str:
    if item is None:
        return ""
    href = unquote(item.get("href", "").partition("#")[0])
    return posixpath.normpath(posixpath.join(folder, href))


def _covers(package: Package, root: Any, manifest: dict[str, Any], folder: str) -> list[str]:
    """Entries that may be the cover. EPUB 3 marks it as a property, EPUB 2 by a ``meta``; some only by
    its name."""
    items = [one for one in manifest.values() if "cover-image" in (one.get("properties") or "")]
    for one in root.iter():
        if local(one) == "meta" and one.get("name") == "cover" and one.get("content") in manifest:
            items.append(manifest[one.get("content")])
    items += [
        one
        for key, one in manifest.items()
        if "cover" in key.lower() and (one.get("media-type") or "").startswith("image/")
    ]
    found = dict.fromkeys(_entry(folder, item) for item in items)
    return [one for one in found if package.has(one)]


def _obfuscated(package: Package) -> set[str]:
    """Entries that only readers of books can open: fonts, which may be embedded but not taken out."""
    root = package.xml("META-INF/encryption.xml")
    return {
        unquote(one.get("URI") or "")
        for one in (() if root is None else root.iter())
        if local(one) == "CipherReference"
    }


_TERMS = ("rights", "license", "accessRights")
_LINKED = re.compile(
    r"""href\s*=\s*["']\s*(https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/[^"'\s]{1,300})""",
    re.I,
)


def linked(html: str, where: str) -> Iterator[Statement]:
    """Links of a chapter to a licence: what it says is only seen by who looks at the address."""
    for address in _LINKED.findall(html)[:10]:
        yield claim(address, "html-link", where, inferred=True)


def _rights(
    root: Any, manifest: dict[str, Any], cover: list[str], where: str
) -> Iterator[Statement]:
    """``dc:rights``, and the terms of DCMI and ccREL as elements, metas and links (EPUB 3.3, 5.5)."""
    found: list[tuple[str, str, str]] = []  # term, value, what it refines
    for one in root.iter():
        tag, refined = local(one), (one.get("refines") or "").lstrip("#")
        words = " ".join("".join(one.itertext()).split()) if tag in ("meta", *_TERMS) else ""
        if tag in _TERMS:
            found.append((tag, words, refined))
        elif tag == "meta":
            term = one.get("property") or (one.get("name") or "").replace(".", ":")
            found.append((term, words or one.get("content") or "", refined))
        elif tag == "link":
            found += [
                (term, one.get("href") or "", refined) for term in (one.get("rel") or "").split()
            ]
    credits = {term: value for term, value, refined in found if not refined}
    names = [credits.get("cc:attributionName"), credits.get("cc:attributionURL")]
    credit = ", ".join(filter(None, names))
    for term, value, refined in found:
        name = term.rpartition(":")[2]
        if term.startswith("tdm:"):
            yield claim(f"{term}={value}", "dc", where, inferred=True, license=OWNED)
        elif name in _TERMS and (value or name == "license"):
            yield claim(
                value,
                "dc",
                where,
                component=_refined(refined, manifest, cover),
                holder=credits.get("cc:attributionName", ""),
                attribution=credit,
            )


def _refined(id: str, manifest: dict[str, Any], cover: list[str]) -> str:
    """What a statement is about that refines another element: an item of the book, or all of it."""
    item: Any = manifest.get(id)
    href = "" if item is None else unquote(item.get("href", ""))
    if not href:
        return "whole"
    if cover and cover[0].endswith(href):
        return "cover"
    media = item.get("media-type") or ""
    return named("image", href) if media.startswith("image/") else "text"
