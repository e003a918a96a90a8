"""Real documents, English and Chinese, from Debian's documentation packages: ``python benchmarks/debian_docs.py``.

Needs ``apt-get`` and ``dpkg`` and a mirror; nothing is installed. Packages are unpacked below ``CURATE_DEBIAN``
(default: ``~/.cache/curate-debian``), the texts kept there in ``documents.jsonl.gz``.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import NamedTuple

from report import log

HOME = Path(os.environ.get("CURATE_DEBIAN", Path.home() / ".cache" / "curate-debian"))
CHINESE = (
    "libreoffice-help-zh-cn", "libreoffice-help-zh-tw", "manpages-zh", "debian-handbook",
    "debian-reference-zh-cn", "debian-reference-zh-tw", "debian-faq-zh-cn", "kicad-doc-zh",
)  # fmt: skip
ENGLISH = (
    "libreoffice-help-en-us", "manpages", "manpages-dev", "python3.11-doc", "qtbase5-doc-html",
    "openjdk-17-doc", "postgresql-doc-15", "perl-doc", "python-django-doc", "libglib2.0-doc", "libgtk-3-doc",
    "llvm-14-doc", "libboost1.81-doc", "kicad-doc-en", "debian-reference-en", "debian-faq", "rust-doc",
)  # fmt: skip
"""The Chinese first: there are fewer of them."""
LEAST = 300  # characters of text
_MAN = re.compile(r"\.[1-9][a-z]*\.gz$")
_HAN = re.compile("[\u4e00-\u9fff]")
_DOTTED = re.compile(r"(?m)^[.'].*$|\\f.|\\-")


class Doc(NamedTuple):
    name: str  # package/path
    language: str  # en | zh
    title: str
    text: str


def unpacked(package: str) -> Path | None:
    """The folder of a package's files, fetched where it is missing; None where it cannot be had."""
    folder = HOME / package
    if not folder.is_dir():
        HOME.mkdir(parents=True, exist_ok=True)
        part = HOME / f".{package}"
        try:
            subprocess.run(["apt-get", "download", "-qq", package], cwd=HOME, check=True)
            archive = next(HOME.glob(f"{package}_*.deb"))
            subprocess.run(["dpkg", "-x", archive, part], check=True)
        except (OSError, subprocess.CalledProcessError, StopIteration):
            log(f"no {package} here: run apt-get update, or go without it")
            return None
        archive.unlink()
        part.rename(folder)
    return folder


def documents() -> list[Doc]:
    """All of them, each text once, in the order of packages and paths."""
    cache = HOME / "documents.jsonl.gz"
    if not cache.exists():
        part = cache.with_suffix(f".{os.getpid()}")
        with gzip.open(part, "wt", encoding="utf-8", compresslevel=3) as file:
            for doc in _read():
                file.write(json.dumps(doc, ensure_ascii=False) + "\n")
        part.rename(cache)
    with gzip.open(cache, "rt", encoding="utf-8") as file:
        return [Doc(*json.loads(line)) for line in file]


def _read() -> Iterator[Doc]:
    seen: set[int] = set()
    files = [
        (package, folder, path)
        for package in (*CHINESE, *ENGLISH)
        if (folder := unpacked(package))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and _wanted(path.name)
    ]
    with Pool() as pool:
        for doc in pool.imap(_doc, files, chunksize=64):
            if doc and hash(doc.text) not in seen:
                seen.add(hash(doc.text))
                yield doc


def _wanted(name: str) -> bool:
    return name.endswith((".html", ".htm", ".xhtml")) or _MAN.search(name) is not None


def _doc(file: tuple[str, Path, Path]) -> Doc | None:
    package, folder, path = file
    name = f"{package}/{path.relative_to(folder)}"
    if _MAN.search(path.name):
        text = _DOTTED.sub("", gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))
        title = path.name.removesuffix(".gz")
    else:
        from selectolax.lexbor import LexborHTMLParser

        page = LexborHTMLParser(path.read_bytes())
        for node in page.css("script, style"):
            node.decompose()
        text = page.body.text(separator=" ") if page.body else ""
        head = page.css_first("title")
        title = head.text() if head else ""
    text = re.sub(r"\s+", " ", text).strip()
    if len(text) < LEAST:
        return None
    chinese = len(_HAN.findall(text[:4000])) > 0.1 * len(text[:4000])
    return Doc(name, "zh" if chinese else "en", " ".join(title.split()), text)


if __name__ == "__main__":
    found = documents()
    log(f"{len(found):,} documents, {sum(len(doc.text) for doc in found):,} characters")
    log(str(Counter((doc.name.partition("/")[0], doc.language) for doc in found)))
