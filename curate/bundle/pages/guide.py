"""Pictures and examples for the tutorial, drawn from what is really in the bundle."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from curate.bundle import layout, text
from curate.bundle.layout import Layout, Placed
from curate.errors import CurateError
from curate.messages import Say
from curate.model import Item

if TYPE_CHECKING:
    from markupsafe import Markup

_ORDER = (
    "document", "page", "text", "table", "slides", "image", "audio", "video", "code", "archive",
    "font", "other",
)  # fmt: skip
_READABLE = {"text", "code", "table"}
_COLUMNS = 58  # half-width characters of a line on a card


@dataclass(frozen=True, slots=True)
class Guide:
    """How to use one kind of file, with an example of it."""

    kind: str
    label: str
    count: int
    formats: tuple[tuple[str, str, int], ...]  # id, label, files
    title: str  # of the example
    href: str
    pictures: tuple[tuple[str, str], ...]  # thumbnails: link, title
    card: Markup  # an SVG where there is no thumbnail; else empty


def guides(plan: Layout, pictures: Mapping[str, str], say: Say) -> list[Guide]:
    """One for each kind in the bundle."""
    kinds: dict[str, list[Placed]] = {}
    for _, placed in plan.sections:
        for one in placed:
            kinds.setdefault(one.item.kind, []).append(one)
    return [_guide(kinds[kind], pictures, say) for kind in _ORDER if kind in kinds]


def _guide(placed: Sequence[Placed], pictures: Mapping[str, str], say: Say) -> Guide:
    from markupsafe import Markup

    kind = placed[0].item.kind
    shown = _varied([one for one in placed if one.item.sha256 in pictures], 3)
    example = shown[0] if shown else placed[0]
    formats = Counter(one.item.format for one in placed)
    return Guide(
        kind,
        layout.kind_label(kind, say),
        len(placed),
        tuple((id, text.format_label(id), n) for id, n in sorted(formats.items(), key=_most)),
        example.item.title,
        f"data/{text.url(example.path)}",
        tuple((pictures[one.item.sha256], one.item.title) for one in shown),
        Markup("") if shown else card(example.item, say),
    )


def _most(pair: tuple[str, int]) -> tuple[int, str]:
    return (-pair[1], pair[0])


def _varied(placed: Sequence[Placed], most: int) -> list[Placed]:
    """Up to ``most``, from different folders where there are several."""
    first: dict[str, Placed] = {}
    for one in placed:
        first.setdefault(one.path.rpartition("/")[0], one)
    rest = [one for one in placed if one not in first.values()] if len(first) < most else []
    return [*first.values(), *rest][:most]


def card(item: Item, say: Say) -> Markup:
    """A sheet of paper with the first lines of the file, or with what is known of it."""
    from markupsafe import Markup

    lines = _lines(item) if item.kind in _READABLE else []
    plain = bool(lines)
    if not lines:
        facts = (text.format_label(item.format), text.size(item.size), text.extent(item, say))
        lines = [*_wrap(item.description, 6), "", *filter(None, facts)]
    rows = "".join(
        f'<text x="28" y="{84 + 19 * n}" class="{"mono" if plain else "sans"}">{escape(line)}</text>'
        for n, line in enumerate(lines)
    )
    height = 84 + 19 * len(lines) + 12
    title = escape(_fit(item.title, 50))
    return Markup(
        f'<svg class="sheet" viewBox="0 0 480 {height}" role="img" aria-label="{title}">'
        f'<rect x="4" y="4" width="472" height="{height - 8}" rx="10" class="paper"/>'
        '<circle cx="28" cy="25" r="5" class="dot a"/><circle cx="46" cy="25" r="5" class="dot b"/>'
        '<circle cx="64" cy="25" r="5" class="dot c"/>'
        f'<text x="82" y="30" class="name">{title}</text>'
        f'<path d="M4 46H476" class="rule"/>{rows}</svg>'
    )


def _lines(item: Item) -> list[str]:
    """First lines of a file that is readable as it is; [] where it is not."""
    try:
        with item.open() as file:
            head = file.read(4096)
    except (OSError, CurateError):
        return []  # the payload is read, and a fault reported, when the archive is written
    words = head.decode("utf-8-sig", "ignore")
    if b"\0" in head or len(words.encode()) < 0.95 * len(head) - 4:
        return []
    shown = [
        _fit("".join(c for c in line.expandtabs(4) if c.isprintable()), _COLUMNS)
        for line in words.splitlines()
    ]
    while shown and not shown[0].strip():
        shown.pop(0)
    return [line.replace("  ", "\u00a0 ") for line in shown[:9]]


def columns(words: str) -> int:
    """Half-width characters that ``words`` take: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words)


def _fit(words: str, most: int) -> str:
    if columns(words) <= most:
        return words
    words = words[:most]  # no character takes less than a column
    while columns(words) > most - 1:
        words = words[:-1]
    return f"{words.rstrip()}…"


def _wrap(words: str, most: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for character in words:
        if columns(line + character) > _COLUMNS:
            head, space, tail = line.rpartition(" ")
            keep = head if space and len(tail) < 16 else line
            lines.append(keep)
            line = (line[len(keep) :] + character).lstrip()
            if len(lines) == most:
                lines[-1] = _fit(f"{lines[-1]} …", _COLUMNS)
                return lines
        else:
            line += character
    return [*lines, line] if line else lines


def tree(top: str, plan: Layout, say: Say) -> Markup:
    """The folder as a file manager shows it."""
    from markupsafe import Markup

    rows: list[tuple[int, str, str, str]] = [(0, "folder", top, "")]
    rows.append((1, "page", "START-HERE.html", say("begin here")))
    rows.append((1, "page", "TUTORIAL.html", say("this page")))
    rows.append((1, "page", "VERIFY.html", say("checks every file")))
    rows.append((1, "folder", "data", say("all files")))
    shown = plan.sections[:14]
    for section, placed in shown:
        note = say("{n} files", n=len(placed)) if len(placed) != 1 else say("1 file")
        name = section.path.rpartition("/")[2]
        rows.append((2 + section.depth, "folder", name, note if placed else ""))
    if len(plan.sections) > len(shown):
        rows.append((2, "more", say("… and {n} more", n=len(plan.sections) - len(shown)), ""))
    rows.append((1, "file", "LICENSE.md, LICENSES.md, ATTRIBUTION.md", say("terms and credits")))
    rows.append((1, "file", "manifest-sha256.txt", say("checksums")))
    height = 30 * len(rows) + 20
    drawn = "".join(_row(n, *row) for n, row in enumerate(rows))
    label = escape(say("Folders of this bundle"))
    return Markup(
        f'<svg class="tree" viewBox="0 0 640 {height}" role="img" aria-label="{label}">'
        f'<rect x="1" y="1" width="638" height="{height - 2}" rx="10" class="paper"/>{drawn}</svg>'
    )


def _row(number: int, depth: int, icon: str, name: str, note: str) -> str:
    x, y = 18 + 26 * depth, 16 + 30 * number
    shapes = {
        "folder": f'<path d="M{x} {y + 3}h7l3 3h10v13h-20z" class="folder"/>',
        "page": f'<path d="M{x + 2} {y + 1}h11l4 4v15h-15z" class="page"/>',
        "file": f'<path d="M{x + 2} {y + 1}h11l4 4v15h-15z" class="file"/>',
    }
    fitted = _fit(name, 44 - 3 * depth)
    weight = " strong" if depth == 0 or icon == "page" else ""
    return (
        f'{shapes.get(icon, "")}<text x="{x + 28}" y="{y + 16}" class="name{weight}">'
        f'{escape(fitted)}</text><text x="622" y="{y + 16}" class="note">{escape(note)}</text>'
    )
