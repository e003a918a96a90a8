"""collection.toml: what to gather, how to sort it and how to present it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import Meta

from curate import config, plugins
from curate.errors import ConfigError, Problem
from curate.model import Language
from curate.workspace import Workspace

Score = Annotated[float, Meta(gt=0, le=1)]


Territory = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2 code of a country."""


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the seller declares about rights. The nearest declaration wins: a folder's over its
    source's, a source's over the collection's."""

    own: str = ""
    """Who made it and holds all rights in it: your name, where it is your own work. Other names that you
    publish under follow after semicolons, so that a notice in your own files is known for yours."""
    license: str = ""
    """SPDX expression under which it was given to you, e.g. "CC-BY-4.0"."""
    grant: str = ""
    """Name of the grant you hold for it: grants/NAME.toml in the workspace."""
    creator: str = ""
    """Whom to credit, where the material itself does not say."""
    grounds: str = ""
    """Why it is in the public domain: when its author died, when it was published, who made it."""
    territory: tuple[Territory, ...] = ()
    """Countries that this holds in, e.g. ["US"]; everywhere where empty."""
    changes: str = ""
    """What you changed in it, e.g. "cropped"; another format alone is no change."""
    minor: bool = False
    """It is a minor element of something you made, never the thing itself: a photo in a template."""

    def __post_init__(self) -> None:
        for field in ("own", "license", "grant"):
            value = getattr(self, field)
            if value and not value.strip(" ;"):
                raise ValueError(f"{field} is blank; write it, or leave the line out")
        if sum(map(bool, (self.own, self.license, self.grant))) > 1:
            raise ValueError(
                "own, license and grant exclude each other: it is your own work, or licensed to the"
                " public, or granted to you"
            )


def below(locator: str, folder: str) -> bool:
    """Does ``locator`` name ``folder`` or something in it? Both are paths below one root, or both addresses.

    A path without a host means that path on any host: "/free" holds "https://example.org/free/a".
    """
    folder = folder.removeprefix("./")
    if "://" in locator and "://" not in folder:
        locator = locator.split("://", 1)[1].partition("/")[2]
    locator, folder = locator.strip("/"), folder.strip("/")
    return locator == folder or locator.startswith((f"{folder}/", f"{folder}?", f"{folder}#"))


class Folder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a source that has rights of its own."""

    path: str
    """A folder or file below the source's root, e.g. "stock/2024"; for a site, the beginning of an address."""
    rights: Declaration

    def __post_init__(self) -> None:
        if not self.path.strip("/ "):
            raise ValueError("path is empty; for the whole source declare its own rights")

    def holds(self, locator: str) -> bool:
        """Does something at ``locator`` of the source lie in it?"""
        return below(locator, self.path)


class Source(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="type"
):
    """What every kind of source can say. A collector's own options extend it."""

    foreign: ClassVar[bool] = False
    """Other people's by its nature, as what a public service finds: what the seller declares for the
    whole collection does not hold for it, only what is declared for this source."""
    first: ClassVar[str] = ""
    """The key that a bare place on the command line fills; "" where a place alone says too little."""

    match: Literal["keywords", "all"] = "keywords"
    """Take what matches one of the collection's keywords, or everything."""
    tags: tuple[str, ...] = ()
    """Words that hold for all that this source gives; keywords match them too."""
    rights: Declaration | None = None
    """Declaration for this source; without it the collection's holds, but never for a public service."""
    folders: tuple[Folder, ...] = ()
    """Parts of this source with rights of their own; the longest path that fits wins."""

    @property
    def place(self) -> str:
        """Where it leads, in one line, for people; also names the source in the catalog."""
        raise NotImplementedError

    def watched(self, folder: Path) -> tuple[Path, ...]:
        """Files and folders of this computer whose change concerns this source, there or not; relative
        paths start at ``folder``, the collection's."""
        return ()

    def is_home(self, locator: str) -> bool:
        """Does what lies at ``locator`` belong to the source itself? What it only leads to, on other
        people's sites, is theirs."""
        return True

    def declared(self, everywhere: Declaration, locator: str = "") -> Declaration:
        """The nearest declaration for something at ``locator``, or for the source as a whole.

        ``everywhere`` is the collection's: it holds for what is at home in the source, and never for
        what is other people's by its nature."""
        parts = [one for one in self.folders if locator and one.holds(locator)]
        if parts:
            return max(parts, key=lambda one: len(one.path.strip("/"))).rights
        if self.rights is not None:
            return self.rights
        foreign = self.foreign or (locator and not self.is_home(locator))
        return Declaration() if foreign else everywhere


class Category(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One class of the taxonomy, a closed vocabulary."""

    name: str
    """Short and stable: the key in the catalog and in searches."""
    title: str = ""
    """What people read; the name where empty."""
    words: tuple[str, ...] = ()
    """Words and phrases, in any language, that speak for this category."""
    parent: str = ""
    """The category that this one is a part of."""
    examples: tuple[str, ...] = ()
    """Things that belong here: paths or URLs as they were found, "*" for any characters, e.g. "invoices/*"."""

    @property
    def label(self) -> str:
        return self.title or self.name


class Dedupe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[float, Meta(ge=0.7, le=1)] = 0.85
    """How alike two texts are (similarity of their token sequences) to count as duplicates; a fifth of
    the words edited leaves some 0.8."""
    image: Annotated[float, Meta(ge=0.8, le=1)] = 0.85
    """How alike two images are."""
    near: Literal["leave-out", "keep"] = "leave-out"
    """What a bundle does with near duplicates; exact ones are never packed twice."""
    media: Annotated[float, Meta(ge=0.8, le=1)] = 0.9
    """How alike two recordings or films are."""
    turned: bool = False
    """Whether a picture that was turned or flipped is the same picture."""
    parts: Literal["keep", "leave-out"] = "keep"
    """What a bundle does with a text that is all in another one: a chapter beside its book."""


class Classify(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: Score = 0.5
    """Least confidence of a category: of the answers with 0.5, half are right. What stays below waits for a
    person, in curate review."""


class Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seller's words in one more language."""

    title: str = ""
    description: str = ""
    tags: tuple[str, ...] = ()


class Packing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the bundle itself looks like."""

    volume_mb: Annotated[int, Meta(ge=1)] = 3993
    """Largest archive, in MiB; more is cut at the border of a category into archives that stand alone. The
    default is what FAT32 and older unpackers bear."""
    pdf: bool = True
    """Whether contents and tutorial are in it as PDF, too."""


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a shop page needs that only the seller knows."""

    price: str = ""
    """Decimal, e.g. "19.90"; empty or "0" where the bundle is free."""
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] = "CNY"
    territory: tuple[Territory, ...] = ()
    """Countries it is sold to, e.g. ["CN", "US"]; everywhere where empty."""
    alone: bool = False
    """The bundle is one thing, sold as the product itself: some licences forbid that, some rights to resell
    allow only that."""
    copies: Annotated[int, Meta(ge=0)] = 0
    """Copies you expect to give or sell; licences and grants may limit them. 0 = not known."""
    drm: bool = False
    """Whether the files are technically protected against copying. Open licences forbid that."""
    tags: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("sheet", "kit")
    """Listing formats to write."""
    platforms: tuple[str, ...] = ()
    """Platforms it is meant for: their rules are checked as soon as the bundle is built, not at export only."""
    sku: str = ""
    """Article number; the collection's name where empty."""
    wording: dict[Language, Wording] = {}
    """Title and description in the language that the collection itself is not written in."""
    claims: dict[str, str] = {}
    """What your description says and no file can prove, with what proves it: "used by 300 schools" = "invoices
    of 2025". Everything else is counted; a number that nothing proves stops the listing."""

    def __post_init__(self) -> None:
        from decimal import Decimal, InvalidOperation

        try:
            price = Decimal(self.price or "0")
        except InvalidOperation:
            raise ValueError(
                f"price {self.price!r} is not a decimal number such as 19.90"
            ) from None
        if not price.is_finite() or price < 0:
            raise ValueError(f"price {self.price!r} must be zero or more")

    @property
    def paid(self) -> bool:
        from decimal import Decimal

        return bool(Decimal(self.price or "0"))


class Collection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """collection.toml, whole."""

    title: str
    sources: tuple[Source, ...]
    language: Language = "en"
    description: str = ""
    keywords: tuple[str, ...] = ()
    """A resource is taken where its title, path, tags or text match one of these."""
    rights: Declaration = Declaration()
    categories: tuple[Category, ...] = ()
    classify: Classify = Classify()
    dedupe: Dedupe = Dedupe()
    listing: Listing = Listing()
    bundle: Packing = Packing()
    name: str = ""
    """Set from the folder; need not be written."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A collection with the folder that its relative paths start from."""

    collection: Collection
    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def tutorial(self) -> Path:
        """The seller's own chapter; may not exist."""
        return self.folder / "tutorial.md"


def _options(shape: type[msgspec.Struct], table: dict[str, Any]) -> type[msgspec.Struct]:
    """A source's struct depends on its type, and a collector brings its own."""
    if shape is not Source:
        return shape
    kind = table.get("type", "folder")
    options: type[Source] = plugins.load("collectors", str(kind)).options
    return options


def load(workspace: Workspace, name: str) -> Loaded:
    """Read and validate ``collections/NAME/collection.toml``. Raises ConfigError with all problems."""
    path = workspace.collection_file(name)
    collection = config.read(path, Collection, _options)
    problems = _check(collection, str(path))
    if problems:
        raise ConfigError(problems)
    return Loaded(msgspec.structs.replace(collection, name=path.parent.name), path.parent)


def _is_own_ancestor(name: str, parents: dict[str, str]) -> bool:
    seen: set[str] = set()
    above = parents.get(name, "")
    while above and above not in seen:
        seen.add(above)
        above = parents.get(above, "")
    return name in seen


def _check(collection: Collection, where: str) -> list[Problem]:
    """What no single field can tell."""
    problems: list[Problem] = []
    if not collection.sources:
        problems.append(Problem(where, "sources: there is none", "add a [[sources]] table"))
    if not collection.keywords and any(source.match == "keywords" for source in collection.sources):
        problems.append(
            Problem(
                where,
                "keywords: there are none, so nothing can match",
                'add some, or set match = "all" in the source',
            )
        )
    places = [
        (type(source).__name__, source.place.rstrip("/").removeprefix("./"))
        for source in collection.sources
    ]
    for _, place in sorted({place for place in places if places.count(place) > 1}):
        problems.append(
            Problem(
                where,
                f"sources: '{place}' stands more than once",
                "make one source of them, or name folders inside it",
            )
        )
    for source in collection.sources:
        folders = [one.path.removeprefix("./").strip("/") for one in source.folders]
        for path in sorted({path for path in folders if folders.count(path) > 1}):
            problems.append(
                Problem(
                    where, f"sources.folders: '{path}' stands more than once in '{source.place}'"
                )
            )
    names = [category.name for category in collection.categories]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(Problem(where, f"categories: '{name}' stands more than once"))
    parents = {category.name: category.parent for category in collection.categories}
    for category in collection.categories:
        if not category.name.strip() or not category.name.isprintable():
            problems.append(
                Problem(where, f"categories: the name {category.name!r} cannot be written out")
            )
        if _is_own_ancestor(category.name, parents):
            problems.append(
                Problem(where, f"categories: '{category.name}' is a part of itself by its parents")
            )
        if category.parent and category.parent not in names:
            problems.append(
                Problem(
                    where,
                    f"categories: the parent '{category.parent}' of '{category.name}' is not a category",
                )
            )
    return problems
