"""Electronic books: what the package document declares, and the chapters in reading order."""

from __future__ import annotations

import posixpath
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from curate.errors import CurateError
from curate.extract import notices
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
        size = chapters = 0
        for reference in (one for one in root.iter() if local(one) == "itemref"):
            item = manifest.get(reference.get("idref", ""))
            entry = _entry(folder, item)
            if not package.has(entry):
                continue
            html = decode(package.read(entry), declared=True)
            check_depth(html, f"{name}/{entry}")
            parts.append(bare(html))
            chapters += 1
            size += len(parts[-1])
            if size > MAX_TEXT:
                break
        text, truncated = clean("\n\n".join(parts))
        rights = texts(root, "rights", "license")
        rights += [
            one.get("href", "")
            for one in root.iter()
            if local(one) == "link" and "license" in (one.get("rel") or "").lower()
        ]
        declared = tuple(Statement(line(raw), "dc", name) for raw in rights if raw)
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
            statements=declared + notices.statements(text, name),
            thumbnail=_cover(package, root, manifest, folder),
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


def _cover(package: Package, root: Any, manifest: dict[str, Any], folder: str) -> bytes:
    """EPUB 3 marks the cover as a property, EPUB 2 by a ``meta``; some only by its name."""
    items = [one for one in manifest.values() if "cover-image" in (one.get("properties") or "")]
    for one in root.iter():
        if local(one) == "meta" and one.get("name") == "cover" and one.get("content") in manifest:
            items.append(manifest[one.get("content")])
    items += [
        one
        for key, one in manifest.items()
        if "cover" in key.lower() and (one.get("media-type") or "").startswith("image/")
    ]
    for item in items:
        if found := picture(package, _entry(folder, item)):
            return found
    return b""
