"""What the pages show of each item, by section, and the same as data for the list that readers search."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from curate.bundle import text
from curate.bundle.layout import Layout, Placed
from curate.messages import Say

_WORDS = 200  # characters of a description on a card


@dataclass(frozen=True, slots=True)
class Card:
    """An item on a page."""

    title: str
    href: str
    file: str  # its name in the bundle
    kind: str
    label: str  # of the format
    language: str  # ISO 639-1, or ""
    meta: str  # size, extent, creators
    description: str
    words: str  # what else it is found by: keywords, file name, first lines, the rest of the description
    picture: str  # link; "" where there is none
    license: str
    credit: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A section on a page."""

    id: str
    label: str
    depth: int
    cards: tuple[Card, ...]
    size: int  # bytes


@dataclass(slots=True)
class Branch:
    """A section with those below it."""

    chunk: Chunk
    below: list[Branch] = field(default_factory=list)

    @property
    def files(self) -> int:
        return len(self.chunk.cards) + sum(one.files for one in self.below)


def chunks(layout: Layout, pictures: Mapping[str, str], say: Say) -> list[Chunk]:
    """Every section in reading order. ``pictures``: SHA-256 of an item → its thumbnail's path."""
    return [
        Chunk(
            f"c{number}",
            section.label,
            section.depth,
            tuple(_card(one, pictures, say) for one in placed),
            sum(one.item.size for one in placed),
        )
        for number, (section, placed) in enumerate(layout.sections, 1)
    ]


def _card(placed: Placed, pictures: Mapping[str, str], say: Say) -> Card:
    item = placed.item
    file = placed.path.rpartition("/")[2]
    cut = len(item.description) > _WORDS + 1
    rest = item.description[_WORDS - 20 :] if cut else ""  # whole words on both sides of the cut
    meta = (text.size(item.size), text.extent(item, say), say(", ").join(item.creators[:2]))
    return Card(
        title=item.title,
        href=f"data/{text.url(placed.path)}",
        file=file,
        kind=item.kind,
        label=text.format_label(item.format),
        language=item.language,
        meta=" · ".join(filter(None, meta)),
        description=f"{item.description[:_WORDS].rstrip()}…" if cut else item.description,
        words=" ".join(filter(None, (*item.keywords, file, item.lead, rest))),
        picture=pictures.get(item.sha256, ""),
        license=item.decision.license,
        credit=item.credit or item.title,
    )


def tree(sections: Sequence[Chunk]) -> list[Branch]:
    """The sections as folders lie in folders."""
    top: list[Branch] = []
    path: list[Branch] = []
    for chunk in sections:
        branch = Branch(chunk)
        del path[chunk.depth :]
        (path[-1].below if path else top).append(branch)
        path.append(branch)
    return top


def cover(sections: Sequence[Chunk], most: int = 3) -> list[str]:
    """Pictures to begin with, from different sections where several have some."""
    rows = [[card.picture for card in chunk.cards if card.picture] for chunk in sections]
    rounds = max(map(len, rows), default=0)
    turns = (row[n] for n in range(min(rounds, most)) for row in rows if n < len(row))
    return [picture for picture, _ in zip(turns, range(most), strict=False)]


def data(sections: Sequence[Chunk]) -> str:
    """The cards as JSON that may stand in a script of a page."""
    lines = ",\n".join(
        json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in _rows(sections)
    )
    safe = lines.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"[\n{safe}\n]"


def _rows(sections: Sequence[Chunk]) -> Iterator[tuple[object, ...]]:
    """In the order that the page's script reads them."""
    for number, chunk in enumerate(sections):
        for card in chunk.cards:
            yield (
                number, card.title, card.href, card.kind, card.label, card.meta, card.description,
                card.words, card.picture, card.language, card.license,
            )  # fmt: skip
