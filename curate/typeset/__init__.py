"""Pages set by typst: a template, data and pictures become a PDF or PNGs, the same bytes everywhere.

Data reaches a template only as JSON, never as source, so no title can become markup. Fonts come from
two installed packages and nowhere else: typst's own, and Noto Sans SC and Noto Serif SC of
``pylopdf-fonts-zh-cn`` (GBK and Big5 complete, static: variable ones show boxes in typst). All are
under the SIL Open Font License, which lets documents embed them without coming under it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path

import msgspec

from curate.errors import CurateError
from curate.typeset import child
from curate.typeset.child import Job, Made

FONTS = "CURATE_FONTS"
"""Environment variable: folders with further fonts, for scripts that the installed ones lack."""
SECONDS = 600
"""What a document may take; one of 6,000 rows takes one."""
TOGETHER = 300_000
"""Bytes of data up to which documents share a process: starting typst takes longer than a short one."""
_FACES, _DATA = "faces.typ", "data.json"
_CHILD = "import sys; sys.path[:] = sys.argv[1:]; from child import main; main()"


class Sheets(msgspec.Struct, frozen=True):
    """A document to be set: see :func:`pdf`."""

    template: bytes
    data: object
    files: Mapping[str, bytes] = {}
    tagged: bool = False


def pdf(
    template: bytes,
    data: object,
    files: Mapping[str, bytes] | None = None,
    *,
    stamp: int,
    tagged: bool = False,
) -> bytes:
    """``template`` set with ``data``, dated ``stamp`` (seconds since 1970).

    The template reads ``json("data.json")``, ``image(NAME)`` of what ``files`` holds by name, and
    imports ``faces.typ``. ``tagged`` adds the structure that screen readers use; a list of many rows
    becomes several times as large by it. Raises CurateError where it cannot be set: a picture that is
    none, a package that is missing.
    """
    return next(pdfs([Sheets(template, data, files or {}, tagged)], stamp))


def pdfs(documents: Iterable[Sheets], stamp: int) -> Iterator[bytes]:
    """Several, one after the other: a large one has a process for itself, and is asked for when its turn
    comes, so that no two of them are in memory at once.
    """
    for jobs in _batches(documents, stamp):
        for pages in _made(jobs):
            yield pages[0]


def _batches(documents: Iterable[Sheets], stamp: int) -> Iterator[list[Job]]:
    batch: list[Job] = []
    size = 0
    for one in documents:
        job = Job("pdf", _sources(one), stamp=stamp, tagged=one.tagged)
        more = len(job.sources[_DATA])
        if batch and size + more > TOGETHER:
            yield batch
            batch, size = [], 0
        batch.append(job)
        size += more
    if batch:
        yield batch


def png(
    template: bytes, data: object, files: Mapping[str, bytes] | None = None, *, ppi: float = 144.0
) -> list[bytes]:
    """The same as one PNG for each page; a point is 1/72 inch, so 72 ``ppi`` make it a pixel."""
    sources = _sources(Sheets(template, data, files or {}))
    return _made([Job("png", sources, ppi=ppi)])[0]


def legible(text: str) -> str:
    """``text`` without emoji, which no installed font draws: a gap is better than a box."""
    if text.isascii() or os.environ.get(FONTS):
        return text
    kept = "".join(c for c in text if not _pictograph(ord(c)))
    return kept if kept == text else " ".join(kept.split())


def _pictograph(code: int) -> bool:
    return (
        0x1F000 <= code <= 0x1FBFF  # emoji and other pictures
        or code in (0x200D, 0x20E3)  # joins and keys of emoji
        or 0xFE00 <= code <= 0xFE0F  # how one is to be drawn
        or 0xE0000 <= code <= 0xE007F  # flags of regions
    )


@cache
def digest() -> str:
    """Of the faces that all templates share."""
    return hashlib.sha256(_faces()).hexdigest()


@cache
def _faces() -> bytes:
    # Line ends depend on how the sources were checked out.
    return resources.files(__name__).joinpath(_FACES).read_bytes().replace(b"\r\n", b"\n")


def _sources(one: Sheets) -> dict[str, bytes]:
    data = msgspec.json.encode(one.data)
    return {**one.files, "main.typ": one.template, _FACES: _faces(), _DATA: data}


def _made(jobs: Sequence[Job]) -> list[list[bytes]]:
    """Done by a process of its own: a large document takes 200 MB, and typst gives none back."""
    jobs = [msgspec.structs.replace(job, fonts=_folders()) for job in jobs]
    command = [sys.executable, "-I", "-c", _CHILD, str(Path(child.__file__).parent), *sys.path]
    try:
        done = subprocess.run(
            command, input=msgspec.msgpack.encode(jobs), capture_output=True, timeout=SECONDS
        )
        made = msgspec.msgpack.decode(done.stdout, type=list[Made])
    except subprocess.TimeoutExpired as fault:
        raise _fault(f"it took more than {SECONDS} seconds") from fault
    except msgspec.DecodeError as fault:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise _fault(last or f"typst ended with {done.returncode}") from fault
    for one in made:
        if one.fault:
            raise _fault(one.fault)
    return [one.pages for one in made]


def _fault(why: str) -> CurateError:
    return CurateError(
        f"a page cannot be typeset: {why[:500]}", "run it again, and report it if it stays"
    )


def _folders() -> list[str]:
    try:
        import pylopdf_fonts_zh_cn as noto
    except ImportError as fault:
        raise CurateError(
            "the Chinese fonts are not installed", "run: pip install pylopdf-fonts-zh-cn"
        ) from fault
    further = os.environ.get(FONTS, "").split(os.pathsep)
    return [str(noto.sans_path().parent), *filter(None, further)]
