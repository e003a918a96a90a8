"""Where every item lies in a bundle: numbered category folders, human file names, no collisions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from curate.bundle import names
from curate.collection import Category, Collection
from curate.messages import Say
from curate.model import Item

METADATA = "ro-crate-metadata.json"
TAGS = "tagmanifest-sha256.txt"
"""Names every page and manifest of a bundle with its SHA-256, and so vouches for all of it."""
_FOLDER = 60  # UTF-8 bytes of a folder's name: two of them leave room for a file's


@dataclass(frozen=True, slots=True)
class Section:
    """A folder of the bundle and what people call it."""

    label: str
    path: str  # below data/; "01-Guides/02-Short"
    depth: int  # 0 = top


@dataclass(frozen=True, slots=True)
class Placed:
    item: Item
    path: str  # below data/


@dataclass(frozen=True, slots=True)
class Layout:
    sections: tuple[tuple[Section, tuple[Placed, ...]], ...]
    """In reading order; a section may be empty where one below it is not."""

    @property
    def placed(self) -> list[Placed]:
        """Every item, by path as bytes."""
        every = (one for _, members in self.sections for one in members)
        return sorted(every, key=lambda one: one.path.encode())


def arrange(
    collection: Collection,
    items: Sequence[Item],
    before: Mapping[str, str],
    say: Say,
) -> Layout:
    """Give every item its place. ``before``: SHA-256 → path in the parent version.

    Names that collide are numbered, and an item keeps the number it had, so that a new file never
    renames an old one.
    """
    folders = _sections(collection, items, say)
    members: dict[str, list[Item]] = {}
    known = {category.name for category in collection.categories}
    for item in items:
        home = item.category if item.category in known else ""
        members.setdefault(home if known else item.kind, []).append(item)
    used = {names.key(METADATA)}
    used.update(names.key(section.path) for section in folders.values())
    room = names.PATH - names.width(f"{top(collection, '999.999.999-99of99')}/data/")
    sections = []
    for home, section in folders.items():
        placed = _place(members.get(home, []), section.path, room, before, used)
        placed.sort(key=lambda one: (natural(one.item.title), one.path))
        sections.append((section, tuple(placed)))
    full = {section.path for section, placed in sections if placed}
    return Layout(
        tuple(
            (section, placed)
            for section, placed in sections
            if any(path == section.path or path.startswith(f"{section.path}/") for path in full)
        ),
    )


def top(collection: Collection, version: str) -> str:
    """The one folder that the archive unpacks to."""
    title = names.safe_name(collection.title, _FOLDER)
    return names.safe_name(f"{title}-{version}")


def _sections(collection: Collection, items: Sequence[Item], say: Say) -> dict[str, Section]:
    """A folder for each category in the collection's order, or for each kind where it has none.

    Numbers count all categories, also empty ones: one that fills later moves no other.
    """
    if not collection.categories:
        kinds = sorted({item.kind for item in items})
        labels = {kind: kind_label(kind, say) for kind in kinds}
        return {kind: Section(labels[kind], names.safe_name(labels[kind]), 0) for kind in kinds}
    children: dict[str, list[Category]] = {}
    known = {category.name: category for category in collection.categories}
    for category in collection.categories:
        children.setdefault(_parent(category, known), []).append(category)
    found: dict[str, Section] = {}

    def descend(parent: str, prefix: str, depth: int) -> None:
        many = len(str(len(children.get(parent, ()))))
        for number, category in enumerate(children.get(parent, ()), 1):
            folder = names.safe_name(f"{number:0{max(many, 2)}}-{category.label}", _FOLDER)
            found[category.name] = Section(category.label, prefix + folder, depth)
            descend(category.name, f"{prefix}{folder}/", depth + 1)

    descend("", "", 0)
    last = "9" * max(len(str(len(children[""]) + 1)), 2)
    other = say("Other")
    found[""] = Section(other, names.safe_name(f"{last}-{other}", _FOLDER), 0)
    return found


def _parent(category: Category, known: Mapping[str, Category]) -> str:
    """The parent, or "" where there is none, or where parents run in a circle or too deep."""
    seen = {category.name}
    above = category.parent
    while above in known and above not in seen and len(seen) < 4:
        seen.add(above)
        above = known[above].parent
    return category.parent if not above else ""


def _place(
    items: Sequence[Item], folder: str, room: int, before: Mapping[str, str], used: set[str]
) -> list[Placed]:
    units = room - names.width(f"{folder}/") - 6  # 6: the number a collision may need
    plain = {
        item.sha256: names.cut(
            names.wanted(item.name, item.title, item.format, item.kind == "page"),
            names.COMPONENT,
            units,
        )
        for item in items
    }

    def kept(item: Item) -> str:
        """The name it had, if that is still the plain one or a numbered form of it."""
        home, _, old = before.get(item.sha256, "").rpartition("/")
        if home != folder or not old:
            return ""
        found = re.search(r" \((\d+)\)(\.[A-Za-z0-9]+)?$", old)
        forms = {plain[item.sha256]}
        if found and len(found[1]) < 9:
            forms.add(names.numbered(plain[item.sha256], int(found[1])))
        return old if old in forms else ""

    placed = []
    for item in sorted(items, key=lambda item: (not kept(item), item.sha256)):
        name = kept(item) or plain[item.sha256]
        number = 2
        while names.key(f"{folder}/{name}") in used:
            name = names.numbered(plain[item.sha256], number)
            number += 1
        used.add(names.key(f"{folder}/{name}"))
        placed.append(Placed(item, f"{folder}/{name}"))
    return placed


def natural(text: str) -> list[tuple[int, int, str]]:
    """A sorting key by which "part 2" comes before "part 10"."""
    parts = re.split(r"([0-9]{1,18})", names.key(text))
    return [(0, int(part), "") if n % 2 else (1, 0, part) for n, part in enumerate(parts)]


def kind_label(kind: str, say: Say) -> str:
    """What people call files of this kind."""
    return {
        "document": say("Documents"),
        "page": say("Web pages"),
        "text": say("Texts"),
        "table": say("Tables"),
        "slides": say("Slides"),
        "image": say("Images"),
        "audio": say("Audio"),
        "video": say("Video"),
        "archive": say("Archives"),
        "code": say("Code"),
        "font": say("Fonts"),
    }.get(kind, say("Other files"))
