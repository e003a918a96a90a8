"""The words of the trade, as values. Frozen: a stage returns new facts, it never changes any.

Structs of msgspec, not dataclasses: those are compiled one by one when they are imported, which for
these would be a tenth of the time that a search takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import IO, Literal

import msgspec

Language = Literal["en", "zh"]
"""A language that curate itself speaks; the language of material is any ISO 639-1 code."""

Kind = Literal[
    "document", "page", "text", "table", "slides", "image", "audio", "video",
    "archive", "code", "font", "other",
]  # fmt: skip
"""The family a format belongs to; what people filter by and what the tutorial explains."""


class Message(msgspec.Struct, frozen=True):
    """A sentence that can be stored and said later in another language.

    ``text`` is the English template with ``{name}`` places (and the key of its translation), ``args``
    what goes there.
    """

    text: str
    args: Mapping[str, str] = msgspec.field(default_factory=dict)

    def __str__(self) -> str:
        return self.text.format_map(self.args) if self.args else self.text


OWN_WORK = "LicenseRef-own-work"
"""What a seller's own declaration becomes; nobody else can say it."""
NOTICE = "LicenseRef-copyright-notice"
"""A bare "© 2024 Somebody": it says who holds the rights, not what is allowed."""
UNKNOWN = "LicenseRef-unknown"
"""Something is said about rights, and nobody knows what it comes to."""
UNREAD = "LicenseRef-unread"
"""Not all that may say something about rights could be read."""


class Statement(msgspec.Struct, frozen=True):
    """What one place says about the rights in a resource or a part of it, verbatim and normalised."""

    raw: str  # exactly as found: a licence name, a URL, a sentence; "" is a field that was left empty
    channel: str  # declared | html-rel | html-link | json-ld | rdfa | dc | xmp | exif | text | reuse | ...
    where: str  # the path or URL that says it
    confidence: Literal["declared", "inferred"] = "declared"
    component: str = "whole"  # whole | text | cover | image:NAME | font:NAME | code | data
    holder: str = ""  # who owns it, where the place says so
    license: str = (
        ""  # SPDX expression, where the place states one beside its words or was compared
    )
    territory: str = ""  # ISO 3166 code of where it holds, where the place limits it
    grounds: str = ""  # why it is free, where the place says so: the author's death, the employer
    attribution: str = ""  # the credit that the place asks for, in its own words


class Signal(msgspec.Struct, frozen=True):
    """What a place lets machines do with what it shows. It restricts; it never grants anything."""

    kind: Literal["robots", "x-robots-tag", "tdmrep", "rsl", "ai.txt", "content-signal"]
    value: str  # verbatim
    where: str  # the URL that says it


class Said(msgspec.Struct, frozen=True):
    """What a place says about the bytes that lie there, before anyone has opened them."""

    title: str = ""
    creators: tuple[str, ...] = ()
    description: str = ""
    tags: tuple[str, ...] = ()
    url: str = ""  # where a person can see it
    modified: str = ""  # ISO 8601, as the place states it
    statements: tuple[Statement, ...] = ()
    signals: tuple[Signal, ...] = ()


class Candidate(msgspec.Struct, frozen=True):
    """Something a collector found and that may become a resource."""

    locator: str  # unique within the source: a "/"-separated path below the root, or a URL
    stamp: str  # the place's own mark of this version; an equal, non-empty stamp = the same bytes
    said: Said
    open: Callable[[], IO[bytes]]
    """Gives the bytes; called at most once, and only when they are needed. May raise CurateError."""
    suffix: str = ""  # ".pdf"; what the name promises, lower case
    links: tuple[
        str, ...
    ] = ()  # URLs the collector found inside; kept to revisit without a download
    local: bool = False  # opening costs no network
    restates: bool = False  # ``said`` holds even under an equal stamp: a file beside it may speak


class Trouble(msgspec.Struct, frozen=True):
    """A place that could not be read or was not allowed; the rest of its source goes on."""

    locator: str
    reason: Message
    retry: bool = True  # False: a rule forbids it (robots.txt), trying again changes nothing
    hides: bool = True  # other places may lie behind it (a folder, a page): not seen is not gone


class Known(msgspec.Struct, frozen=True):
    """What the last run learned about a place."""

    stamp: str
    links: tuple[str, ...] = ()


SURROUNDINGS = "\f"
"""Parts a text from what stands around it on every page of its site (navigation, footers)."""


def main_text(text: str) -> str:
    """The text itself, without its surroundings: what it is compared, labelled and described by."""
    return text.partition(SURROUNDINGS)[0]


class Extracted(msgspec.Struct, frozen=True):
    """What opening the bytes tells.

    ``text`` is NFC, at most ``extract.MAX_TEXT`` characters, its surroundings last (``main_text``).
    """

    format: str  # "pdf", "docx", "png", ...; "unknown" where nothing fits
    kind: Kind
    mime: str
    title: str = ""
    creators: tuple[str, ...] = ()
    description: str = ""
    created: str = ""
    language: str = ""  # as the file states it, ISO 639-1
    keywords: tuple[str, ...] = ()  # as the file states them
    text: str = ""
    truncated: bool = False  # there was more text than is kept
    properties: Mapping[str, int | float | str] = msgspec.field(default_factory=dict)
    """pages, words, width, height, seconds, rows, sheets, entries, camera, ...: units as named."""
    statements: tuple[Statement, ...] = ()
    thumbnail: bytes = b""  # JPEG, at most 320 pixels a side; empty where the kind has no picture
    problem: str = ""  # the part that could not be read, where the rest could


class Profile(msgspec.Struct, frozen=True):
    """What the text itself tells: computed where nobody stated it."""

    language: str = ""  # ISO 639-1, "" where it cannot be told
    title: str = ""
    keywords: tuple[str, ...] = ()


class Fingerprint(msgspec.Struct, frozen=True):
    """What near duplicates are found by. Empty fields: the resource has no such side."""

    text: bytes = b""  # SHA-256 of the normalised tokens: equal = the same text in any format
    tokens: int = 0
    bands: bytes = b""  # little-endian uint64 keys; documents that share one may be near
    pieces: bytes = b""  # the same; most of a part's are among those of its whole, see dedupe.parts
    image: bytes = b""  # perceptual hash and small picture, see dedupe.images
    page: bytes = b""  # the same of the first page, for documents that show more than they say
    sound: bytes = b""  # little-endian uint32 of an acoustic fingerprint, see dedupe.sound
    film: bytes = b""  # the small pictures of some moments, see dedupe.film


class Facts(msgspec.Struct, frozen=True):
    """All that is known of one resource's content, whatever collection it is in."""

    extracted: Extracted
    profile: Profile
    fingerprint: Fingerprint


Alike = Literal[
    "same-text",
    "near-text",
    "part-text",
    "near-image",
    "turned-image",
    "near-audio",
    "near-video",
    "said",
]
"""How two resources are the same. ``part-text``: one is in the other. ``turned-image``: turned or flipped.
``said``: a person says so."""


class Duplicate(msgspec.Struct, frozen=True):
    """Two resources that are the same to a person, with the evidence. ``a`` < ``b`` (hex SHA-256)."""

    a: str
    b: str
    kind: Alike
    score: float  # 0..1, 1 = the same; of ``part-text`` the share of the part that the whole holds
    evidence: Message | None = None  # what a person can check
    part: Literal["", "a", "b"] = ""  # of ``part-text``: the one that is part of the other


class Label(msgspec.Struct, frozen=True):
    """The category of a resource in one collection. ``category`` is "" where none is sure enough."""

    category: str
    score: float = 0.0  # 0..1: how many of such answers are right
    words: tuple[str, ...] = ()  # the words that decided it, most telling first
    second: str = ""  # the runner-up, or the best guess where none is sure enough
    basis: Literal["words", "model", "example", "person"] = "words"  # what decided it
    by: str = ""  # the person who did


Outcome = Literal["allow", "ask", "deny"]


class Decision(msgspec.Struct, frozen=True):
    """May this resource be in this collection's bundle, and why."""

    outcome: Outcome
    license: str = ""  # SPDX expression; "" where none is known
    obligations: tuple[str, ...] = ()  # attribution, license-text, state-changes, share-alike, ...
    reasons: tuple[Message, ...] = ()
    holder: str = ""
    policy: str = ""  # version of the policy that decided
    contested: bool = False  # somebody other than the seller has a say: holds for look-alikes too
    rules: tuple[str, ...] = ()  # names of the rules that decided, the most restrictive first
    basis: Literal["", "own", "license", "stated", "grant", "answer"] = ""  # what it stands on
    offered: str = (
        ""  # the whole expression, where ``license`` is the branch of an OR that was chosen
    )
    grant: str = ""  # name of the grant it stands on
    attribution: str = ""  # the credit that its owner asks for
    changes: str = ""  # what the seller changed in it
    by: str = ""  # the person who decided, where one did
    decided: str = ""  # ISO 8601, UTC: when they did
    grounds: str = ""  # why it is free, where a rule needs that
    minor: bool = False  # it is only a minor element of something else


class Answer(msgspec.Struct, frozen=True):
    """What a person decided about the rights in one resource of one collection."""

    outcome: Literal["allow", "deny"]
    why: str
    who: str
    when: str  # ISO 8601, UTC
    license: str = ""  # SPDX expression it is under; "" accepts what is stated
    own: str = ""  # whose own work it is
    grant: str = ""  # the grant it stands on
    territory: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()  # hex SHA-256 of files kept with the workspace, never shipped
    basis: str = ""  # digest of what was said about it then
    grounds: str = ""  # why it is free; buyers read it


class Testimony(msgspec.Struct, frozen=True):
    """All that is said about the rights in a resource, and since when: the evidence of its decision."""

    statements: tuple[Statement, ...] = ()
    signals: tuple[Signal, ...] = ()
    retrieved: str = ""  # ISO 8601, when the last of its web pages was first heard to say so


class Document(msgspec.Struct, frozen=True):
    """A resource as the search index sees it; one for each collection it is in."""

    id: str  # hex SHA-256
    collection: str
    title: str
    keywords: tuple[str, ...] = ()
    category: str = ""
    format: str = ""
    kind: str = ""
    language: str = ""
    license: str = ""
    source: str = ""  # the locator a person can follow: a path or a URL
    text: str = ""


class Hit(msgspec.Struct, frozen=True):
    id: str
    collection: str
    title: str
    category: str
    type: str  # the format
    language: str
    license: str
    source: str
    score: float
    snippet: str = ""  # plain text, matches between « and »


class Item(msgspec.Struct, frozen=True):
    """A resource that goes into a bundle, with all that its pages say about it.

    Light on purpose: a bundle of a hundred thousand items holds them all at once, so bytes, text and
    pictures are opened only when they are written.
    """

    sha256: str
    size: int  # bytes
    name: str  # the name it had where it was found, with its suffix
    title: str
    category: str  # name of a category of the collection, or ""
    format: str
    kind: Kind
    mime: str
    language: str
    description: str  # at most some 300 characters
    keywords: tuple[str, ...]
    properties: Mapping[str, int | float | str]
    creators: tuple[str, ...]
    source: str  # where it can be found again by anyone: a URL, or "" for a private folder
    decision: Decision
    credit: str  # one line in the collection's language: title, author, source, licence
    open: Callable[[], IO[bytes]]
    thumbnail: Callable[[], bytes]  # JPEG; b"" where there is none
    testimony: Callable[[], Testimony] = Testimony
    also: tuple[str, ...] = ()  # other URLs of the same thing
    lead: str = ""  # how its text begins, some 160 characters; "" where ``description`` says it


class LicenseInfo(msgspec.Struct, frozen=True):
    """A licence as a bundle has to show it."""

    id: str  # SPDX id or LicenseRef-…
    name: str
    url: str
    text: str = ""  # the full text, where it is at hand


class Omission(msgspec.Struct, frozen=True):
    """A resource that is left out of a bundle, and why."""

    sha256: str
    title: str
    source: str
    reason: Message
    decision: Decision | None = None  # None: it could not even be read
    testimony: Callable[[], Testimony] = Testimony


class Tally(msgspec.Struct, frozen=True):
    """What came of one source in a run."""

    place: str
    counts: Mapping[str, int]
    trouble: Message | None = None  # why it failed as a whole


class Report(msgspec.Struct, frozen=True):
    """What a stage did. ``failed`` names every input that did not make it, with its reason."""

    stage: str
    collection: str
    counts: Mapping[str, int] = msgspec.field(default_factory=dict)
    failed: tuple[tuple[str, Message], ...] = ()
    next: str = ""  # the command that comes next
    sources: tuple[Tally, ...] = ()  # of collecting: one each
    planned: tuple[tuple[str, Message], ...] = ()  # of a rehearsal: what would be taken, and why
