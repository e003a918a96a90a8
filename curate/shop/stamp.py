"""Copies of single files that bear a visible line: which order they belong to. [products.SKU] stamp = true.

The signed archive stays as it is: a copy is made when it is asked for, in a process of its own that may take
so long and no longer, and kept for a while. Where a licence or a grant allows no changed versions there is none.
"""

from __future__ import annotations

import io
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from curate import typed, typeset, workers
from curate.bundle import history
from curate.errors import CurateError
from curate.messages import speaker
from curate.workers import Failed, Limits

if TYPE_CHECKING:
    from curate.shop import Shop
    from curate.shop.access.shelf import Shelf
    from curate.workspace import Workspace

TYPES = {
    ".pdf": "application/pdf", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png",
}  # fmt: skip
_NO_CHANGES = frozenset(("verbatim", "cover-texts"))
_LARGEST = 128 << 20
"""Bytes of a file that is stamped, at most."""
_LEDGER = 64 << 20  # bytes of rights.json that are read
_PIXELS = 60_000_000
_PAGES = 3_000
_LIMITS = Limits(1, 60.0, 2048)
_KEPT = 2 << 30
"""Bytes of copies that are kept; those that were made first go first."""
_TEMPLATE = """#let told = json("data.json")
#set page(width: auto, height: auto, margin: 1pt, fill: none)
#set text(font: "Noto Sans SC", size: 7.5pt, fill: rgb("#6b6b6b"))
#told.line
"""
_one = threading.Lock()
"""One is made at a time: copies are for people, and must not slow down the downloads."""
_waiting = threading.BoundedSemaphore(4)
"""Who else asks meanwhile is told to come again."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A file of the release that may be stamped."""

    sha256: str
    title: str
    path: str  # below the archive's top folder
    size: int  # bytes

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix.lower()


@dataclass(frozen=True, slots=True)
class Task:
    source: str
    target: str
    suffix: str
    line: str
    mark: bytes = b""  # a PDF that holds the line, for pages


class _Grant(msgspec.Struct):
    name: str
    uses: tuple[str, ...] = ()


class _Entry(msgspec.Struct):
    path: str
    sha256: str
    title: str
    obligations: tuple[str, ...] = ()
    grant: str = ""
    minor: bool = False


class _Rights(msgspec.Struct):
    items: tuple[_Entry, ...]
    grants: tuple[_Grant, ...] = ()


def line(found: Shelf) -> str:
    """What stands on each page."""
    say, grant = speaker(found.language), found.grant
    if grant.stamp in ("", grant.number):
        return say("Order {number} · licensed to its buyer", number=grant.stamp or grant.serial)
    return say("Order {number} · licensed to {name}", number=grant.number or grant.serial, name=grant.stamp)  # fmt: skip


def offered(shop: Shop, found: Shelf) -> tuple[Copy, ...]:
    """What of the buyer's shelf may be stamped, by path; () where the product has no stamp."""
    sold = shop.settings.products.get(found.grant.sku)
    if found.withheld or sold is None or not (sold.stamp and found.grant.stamp):
        return ()
    return _offered(found.folder)


def counted(one: Copy) -> str:
    """By which name its downloads are counted."""
    return f"copies/{one.sha256}"


def home(workspace: Workspace) -> Path:
    """Where copies are kept, a folder for each grant, called by its serial."""
    return workspace.state / "stamped"


def make(shop: Shop, found: Shelf, one: Copy) -> Path | None:
    """The copy of ``one``, made now unless it is there; None where it cannot be made.

    The name of its folder is the grant's serial. Raises CurateError where the archive is damaged.
    """
    root = home(shop.workspace)
    path = root / found.grant.serial / f"{found.version}-{one.sha256[:32]}{one.suffix}"
    if path.is_file():
        return path
    if not _waiting.acquire(blocking=False):
        return None
    try:
        return _kept(root, path, found, one)
    finally:
        _waiting.release()


def _kept(root: Path, path: Path, found: Shelf, one: Copy) -> Path | None:
    with _one:
        if path.is_file():
            return path
        root.mkdir(mode=0o700, parents=True, exist_ok=True)  # they say who bought what
        path.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=root) as room:
            made = _made(found.folder, one, line(found), Path(room))
            if made is None:
                return None
            made.replace(path)
        _tidy(root, path)
    return path


@lru_cache(64)
def _offered(folder: Path) -> tuple[Copy, ...]:
    """A release never changes once it is there."""
    path = folder / "rights.json"
    sizes = {f"data/{one.path}": one.size for one in history.read(folder).items}
    try:
        if path.stat().st_size > _LEDGER:
            return ()
        rights = typed.json(path.read_bytes(), _Rights)
    except (OSError, msgspec.DecodeError):
        return ()  # what is not known to be allowed is not done
    uses = {one.name: one.uses for one in rights.grants}
    return tuple(
        Copy(one.sha256, one.title, one.path, sizes[one.path])
        for one in sorted(rights.items, key=lambda one: one.path)
        if Path(one.path).suffix.lower() in TYPES
        and 0 < sizes.get(one.path, 0) <= _LARGEST
        and _changeable(one, uses)
    )


def _changeable(one: _Entry, uses: dict[str, tuple[str, ...]]) -> bool:
    """A line on a page makes a changed version, and the copy stands by itself."""
    if _NO_CHANGES & set(one.obligations) or one.minor:
        return False
    return not one.grant or "edit" in uses.get(one.grant, ())


def _made(folder: Path, one: Copy, told: str, room: Path) -> Path | None:
    source, target = room / f"source{one.suffix}", room / f"target{one.suffix}"
    if not _unpack(folder, one, source):
        return None
    mark = typeset.pdf(_TEMPLATE.encode(), {"line": typeset.legible(told)}, stamp=0) if one.suffix == ".pdf" else b""  # fmt: skip
    task = Task(str(source), str(target), one.suffix, told, mark)
    for _, result in workers.unordered(put, [task], _LIMITS):
        return None if isinstance(result, Failed) or not target.is_file() else target
    return None


def _unpack(folder: Path, one: Copy, target: Path) -> bool:
    for each in history.read(folder).archives:
        name = f"{each.top}/{one.path}"
        try:
            with zipfile.ZipFile(folder / each.file) as archive:
                if name not in archive.NameToInfo or archive.getinfo(name).file_size != one.size:
                    continue
                with archive.open(name) as packed, target.open("wb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)
                return True
        except (OSError, EOFError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as fault:
            raise CurateError(
                f"{folder / each.file} cannot be read: {fault}", "check it: curate verify"
            ) from fault
    return False


def put(task: Task) -> bool:
    """In a worker. Raises CurateError for what cannot be opened or is too large."""
    try:
        (_pages if task.suffix == ".pdf" else _picture)(task)
    except CurateError:
        raise
    except Exception as fault:  # foreign parsers raise anything
        raise CurateError(f"it cannot be stamped: {fault}", "") from fault
    return True


def _pages(task: Task) -> None:
    import pypdfium2

    document = pypdfium2.PdfDocument(task.source)
    if len(document) > _PAGES:
        raise CurateError(f"it has more than {_PAGES} pages", "")
    mark = pypdfium2.PdfDocument(task.mark)
    width, height = mark[0].get_size()
    drawn = mark.page_as_xobject(0, document)
    for number in range(len(document)):
        page = document[number]
        placed = drawn.as_pageobject()
        placed.transform(_matrix(page, width, height))
        page.insert_obj(placed)
        page.gen_content()
        page.close()
    document.save(task.target)


def _matrix(page: Any, width: float, height: float) -> Any:
    """At the foot of the page as it is seen, in the middle: pages may be turned, and begin anywhere."""
    from pypdfium2 import PdfMatrix

    left, bottom, right, top = page.get_cropbox()
    turned = page.get_rotation()
    across = (top - bottom) if turned in (90, 270) else (right - left)
    scale = min(1.0, 0.9 * across / width)
    start, foot = (across - width * scale) / 2, 4.0
    # Where the line begins, and where "right" and "up" lead for those who read.
    return {
        0: lambda: PdfMatrix(scale, 0, 0, scale, left + start, bottom + foot),
        90: lambda: PdfMatrix(0, scale, -scale, 0, right - foot, bottom + start),
        180: lambda: PdfMatrix(-scale, 0, 0, -scale, right - start, top - foot),
        270: lambda: PdfMatrix(0, -scale, scale, 0, left + foot, top - start),
    }[turned]()


def _picture(task: Task) -> None:
    import pylopdf_fonts_zh_cn as noto
    from PIL import Image, ImageDraw, ImageFont, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # _PIXELS decides, before anything is decoded
    with Image.open(task.source, formats=("JPEG", "PNG")) as opened:
        if opened.width * opened.height > _PIXELS or getattr(opened, "n_frames", 1) > 1:
            raise CurateError("it is too large to be stamped, or moves", "")
        kind, profile = opened.format, opened.info.get("icc_profile")
        picture = ImageOps.exif_transpose(opened)
        picture = picture.convert("RGBA" if kind == "PNG" else "RGB")
    side = max(9, min(28, picture.width // 45))
    font = ImageFont.truetype(str(noto.sans_path()), side)
    brush = ImageDraw.Draw(picture)
    width = brush.textlength(task.line, font=font)
    if width > picture.width * 0.96:
        font = ImageFont.truetype(str(noto.sans_path()), max(5, int(side * picture.width * 0.96 / width)))  # fmt: skip
    corner = (picture.width - side // 2, picture.height - side // 2)
    brush.text(
        corner, task.line, font=font, anchor="rd", fill="#f4f4f4", stroke_width=max(1, side // 12),
        stroke_fill="#555555",
    )  # fmt: skip
    buffer = io.BytesIO()
    if kind == "PNG":
        picture.save(buffer, "PNG", icc_profile=profile)
    else:
        picture.save(buffer, "JPEG", quality=92, icc_profile=profile)
    Path(task.target).write_bytes(buffer.getvalue())


def _tidy(root: Path, newest: Path) -> None:
    """The oldest copies go where there are too many: they can be made again."""
    total = 0
    for path, size in sorted(_copies(root), key=lambda one: -one[0].stat().st_mtime):
        total += size
        if total > _KEPT and path != newest:
            path.unlink(missing_ok=True)


def _copies(root: Path) -> Iterator[tuple[Path, int]]:
    for path in root.glob("*/*"):
        if not path.parent.name.startswith("."):
            yield path, path.stat().st_size
