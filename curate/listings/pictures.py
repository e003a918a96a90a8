"""Cover, contact sheet, previews and sample pages: made from the files themselves, watermarked.

A watermark changes a picture, and a crop does. So nothing is shown whose licence forbids changed
versions; what is left out is told, with its reason.
"""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from curate import typeset
from curate.listings import Shown, drawing
from curate.listings.drawing import Excerpt, Task, draw, jpeg
from curate.listings.phrases import amount, files, line, markdown
from curate.messages import msg, render, speaker
from curate.model import Item, Message
from curate.workers import Failed, Limits, unordered

COVER, SQUARE, SHEET, SAMPLE = "cover.jpg", "cover-square.jpg", "contact-sheet.jpg", "sample.pdf"
_TILES = 6  # on a cover
_CARDS = 16  # on the contact sheet
_PREVIEWS = 4
_DOCUMENTS = 4
_LARGEST = 256 * 2**20
"""Bytes of a file that is opened for a preview, at most."""
_LIMITS = Limits(2, 60.0, 2048)
_COLOURS = (
    ("#16324f", "#e8c27a"),
    ("#1d4037", "#e3cf9b"),
    ("#4a1f34", "#f0b8a8"),
    ("#2b2d42", "#f2a65a"),
    ("#0f4650", "#f4d58d"),
    ("#3a2a52", "#e6b3d3"),
)
"""Ground and accent of a cover; which ones, the collection's name decides."""
_NO_CHANGES = frozenset(("verbatim", "cover-texts"))


@dataclass(frozen=True, slots=True)
class Pictures:
    """What was drawn. Names are below the listing's folder."""

    images: tuple[str, ...]  # the cover first
    samples: tuple[str, ...]
    items: tuple[Item, ...]  # that can be seen on one of them
    left: tuple[tuple[str, Message], ...]  # titles of what is not shown, and why


@dataclass(slots=True)
class _Studio:
    """One run: where it writes, and what came of it."""

    shown: Shown
    folder: Path
    room: Path  # for files that are thrown away
    items: list[Item] = field(default_factory=list)
    left: list[tuple[str, Message]] = field(default_factory=list)

    def leave(self, item: Item, reason: Message) -> None:
        self.left.append((line(item.title), reason))


def make(shown: Shown, folder: Path) -> Pictures:
    """Draw everything into ``folder``. Raises CurateError where the fonts are missing."""
    with tempfile.TemporaryDirectory(prefix="curate-kit-") as room:
        studio = _Studio(shown, folder, Path(room))
        allowed = _allowed(studio)
        tiles = _tiles(studio, allowed)
        images = _set(studio, tiles)
        previews, samples = _opened(studio, allowed)
        unique = {item.sha256: item for item in studio.items}
        return Pictures((*images, *previews), samples, tuple(unique.values()), tuple(studio.left))


def _allowed(studio: _Studio) -> list[Item]:
    """What may be shown in changed form: first what asks for no credit, then the rest."""
    allowed = []
    for item in sorted(studio.shown.items, key=lambda one: (one.title, one.sha256)):
        reason = withheld(item, studio.shown)
        if reason is None:
            allowed.append(item)
        elif item.kind == "image" or item.format == "pdf":
            studio.leave(item, reason)
    return sorted(allowed, key=lambda one: "attribution" in one.decision.obligations)


def withheld(item: Item, shown: Shown) -> Message | None:
    """Why no watermarked picture of ``item`` may be shown; None where one may."""
    decision = item.decision
    if _NO_CHANGES & set(decision.obligations):
        return msg("its licence allows no changed versions, and a watermark makes one")
    if decision.minor:
        return msg("it is a minor element of something else, and is not shown by itself")
    held = shown.grants.get(decision.grant) if decision.grant else None
    if decision.grant and (held is None or "edit" not in held.grant.uses):
        return msg("the grant '{grant}' allows no changed versions", grant=decision.grant)
    return None


def spread(items: Iterable[Item], most: int, rank: Callable[[Item], Any]) -> list[Item]:
    """``most`` of ``items``, from each category in turn, the best of each by ``rank`` first."""
    queues: dict[str, list[Item]] = {}
    for item in sorted(items, key=rank):
        queues.setdefault(item.category, []).append(item)
    order = sorted(queues, key=lambda name: (-len(queues[name]), name))
    picked = (
        queues[name][turn] for turn in range(most) for name in order if turn < len(queues[name])
    )
    return [item for item, _ in zip(picked, range(most), strict=False)]


def _tiles(studio: _Studio, allowed: Sequence[Item]) -> list[tuple[Item, bytes]]:
    """Items with a thumbnail that can be opened: pictures first, then the rest."""
    order = {item.sha256: rank for rank, item in enumerate(allowed)}

    def rank(item: Item) -> tuple[Any, ...]:
        return item.kind not in ("image", "video"), order[item.sha256]

    found: list[tuple[Item, bytes]] = []
    for item in spread(allowed, 8 * _CARDS, rank):
        data = item.thumbnail()
        if not data or len(found) == _CARDS:
            continue
        if not _sound(data):
            studio.leave(item, msg("its small picture is damaged"))
        elif item.kind in ("image", "video"):
            found.append((item, data))
        elif top := drawing.top(data):
            found.append((item, top))
    return found


def _sound(data: bytes) -> bool:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > 4_000_000:
                return False
            picture.load()
            return True
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def _set(studio: _Studio, tiles: Sequence[tuple[Item, bytes]]) -> list[str]:
    """Covers and contact sheet, set by typst in one go; the watermark lies in the room then."""
    from PIL import Image

    pictures = {f"tile-{number}.jpg": data for number, (_, data) in enumerate(tiles)}
    template = resources.files("curate.listings").joinpath("templates", "pictures.typ")
    data = _data(studio.shown, [item for item, _ in tiles], list(pictures))
    made = typeset.png(template.read_bytes().replace(b"\r\n", b"\n"), data, pictures, ppi=72)
    names = [COVER, SQUARE, *([SHEET] if tiles else [])]
    _mark(studio).write_bytes(made[-1])
    for name, page in zip(names, made[:-1], strict=True):
        with Image.open(io.BytesIO(page)) as picture:
            (studio.folder / name).write_bytes(jpeg(picture))
    studio.items += [item for item, _ in tiles]
    return names


def _mark(studio: _Studio) -> Path:
    return studio.room / "mark.png"


def _data(shown: Shown, items: Sequence[Item], names: Sequence[str]) -> dict[str, object]:
    facts = shown.facts
    say = speaker(facts.language)
    title = _legible(facts.title) or facts.name
    main, under = _parted(title)
    labels = {one.name: one.label for one in shown.collection.categories}
    number = int(hashlib.sha256(facts.name.encode()).hexdigest(), 16)
    ground, accent = _COLOURS[number % len(_COLOURS)]
    figures = [(f"{facts.items:,}", say("file") if facts.items == 1 else say("files"))]
    if len(facts.categories) > 1:
        figures.append((str(len(facts.categories)), say("categories")))
    if facts.pages > 1:
        figures.append((f"{facts.pages:,}", say("pages")))
    figures.append((amount(facts.size), say("of material")))
    return {
        "language": facts.language,
        "whole": title,
        "title": main,
        "under": under,
        "longest": max(title.split(), key=len) if title.isascii() else "",
        "kicker": say("DIGITAL COLLECTION"),
        "lead": _lead(facts.description),
        "figures": figures,
        "names": [name for name in map(_legible, _names(shown)) if name],
        "ground": ground,
        "accent": accent,
        "tiles": list(names[:_TILES]),
        "cards": [
            {"picture": name, "title": _legible(item.title), "place": _legible(labels.get(item.category, ""))}
            for item, name in zip(items, names, strict=True)
        ],
        "said": say("{shown} of {files}", shown=len(items), files=files(facts.items, say)),
        "mark": f"{title[:28]} · {say('preview')}",
    }  # fmt: skip


def _names(shown: Shown) -> tuple[str, ...]:
    """What a cover without pictures lists: categories, then some of what is in them."""
    facts = shown.facts
    named = tuple(one.name for one in facts.categories[:9])
    return tuple(dict.fromkeys((*named, *facts.highlights)))[:12]


def _parted(title: str) -> tuple[str, str]:
    """Title and subtitle, where a colon or a dash divides it."""
    found = re.fullmatch(r"(.{2,40}?)(?:：|: | [-–—] |——)\s*(.{2,})", title)
    return (found[1], found[2]) if found else (title, "")


def _legible(text: str) -> str:
    return typeset.legible(line(text))


def _lead(description: str) -> str:
    """The beginning of the seller's words, whole sentences where that is possible."""
    said = _legible(description)
    if len(said) <= 170:
        return said
    cut = said[:170]
    end = max(cut.rfind(mark) for mark in (". ", "。", "！", "; ", "；"))
    return (
        cut[: end + 1].strip()
        if end > 60
        else f"{cut[: cut.rfind(' ') if ' ' in cut[100:] else 160].rstrip(',，、 ')}…"
    )


def _opened(studio: _Studio, allowed: Sequence[Item]) -> tuple[list[str], tuple[str, ...]]:
    """Previews of pictures and of pages, and sample.pdf."""
    pictures = [one for one in allowed if one.kind == "image" and one.format != "svg"]
    chosen = spread(pictures, _PREVIEWS + 4, _large)
    documents = [
        one for one in allowed if one.format == "pdf" and drawing.shown(_number(one, "pages"))
    ]
    papers = spread(documents, _DOCUMENTS, lambda one: (-len(one.description), one.sha256))
    drawn = dict(_drawn(studio, [*chosen, *papers]))
    names: list[str] = []
    for item in chosen:
        if item.sha256 in drawn and len(names) < _PREVIEWS:
            names.append(
                _keep(studio, item, f"preview-{len(names) + 1:02}.jpg", drawn[item.sha256][0])
            )
    pages = 0
    for item in papers:
        for data in drawn.get(item.sha256, [])[: drawing.PAGES]:
            pages += 1
            names.append(_keep(studio, item, f"page-{pages:02}.jpg", data))
    opened = [item for item in papers if item.sha256 in drawn]
    return names, _sample(studio, opened)  # fmt: skip


def _keep(studio: _Studio, item: Item, name: str, data: bytes) -> str:
    studio.items.append(item)
    (studio.folder / name).write_bytes(data)
    return name


def _large(item: Item) -> tuple[int, str]:
    """Large pictures first; those that nothing is known of last."""
    return -min(_number(item, "width"), _number(item, "height"), 4000), item.sha256


def _number(item: Item, name: str) -> int:
    value = item.properties.get(name, 0)
    return int(value) if isinstance(value, int | float) and 0 < value < 1e9 else 0


def _drawn(studio: _Studio, items: Sequence[Item]) -> Iterator[tuple[str, list[bytes]]]:
    """Each that could be opened, by SHA-256; the others are left with a reason."""
    tasks: dict[int, Item] = {}

    def handed() -> Iterator[Task]:
        for number, item in enumerate(items):
            path = _lay(studio, item)
            if path:
                tasks[number] = item
                yield Task(number, str(path), str(_mark(studio)), item.format == "pdf")

    done = unordered(draw, handed(), _LIMITS)
    results = {task.number: result for task, result in done if isinstance(task, Task)}
    for number in sorted(results):
        result = results[number]
        if isinstance(result, Failed):
            studio.leave(tasks[number], result.reason)
        else:
            yield tasks[number].sha256, result


def _lay(studio: _Studio, item: Item) -> Path | None:
    """A copy that a worker can open; None where it is too large."""
    if item.size > _LARGEST:
        studio.leave(item, msg("it is too large to be opened for a preview"))
        return None
    path = studio.room / item.sha256
    with item.open() as source, path.open("wb") as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    return path


def _sample(studio: _Studio, items: Sequence[Item]) -> tuple[str, ...]:
    if not items:
        return ()
    paths = tuple(str(studio.room / item.sha256) for item in items)
    for _, result in unordered(draw, [Excerpt(paths)], _LIMITS):
        if isinstance(result, Failed):
            studio.left.append((SAMPLE, result.reason))
        else:
            (studio.folder / SAMPLE).write_bytes(result[0])
            return (SAMPLE,)
    return ()


def told(pictures: Pictures, shown: Shown) -> str:
    """PICTURES.md: whose work the pictures show, and what is not shown and why."""
    language = shown.facts.language
    say = speaker(language)
    parts = [
        f"# {say('Pictures')}",
        say(
            "They show files of this release, made smaller, cropped and watermarked. Where a licence asks "
            "for credit, put these lines beside them; what is under a share-alike licence stays under it."
        ),
        "\n".join(f"- {markdown(item.credit)}" for item in pictures.items),
    ]
    if pictures.left:
        rows = [
            f"- {markdown(title)}: {render(reason, language)}"
            for title, reason in pictures.left[:100]
        ]
        more = len(pictures.left) - 100
        rows += [say("… and {n} more", n=more)] if more > 0 else []
        parts += [f"## {say('Not shown')}", "\n".join(rows)]
    return "\n\n".join(filter(None, parts)) + "\n"


__all__ = ["COVER", "SAMPLE", "SHEET", "SQUARE", "Pictures", "make", "told"]
