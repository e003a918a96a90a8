"""What a buyer may do: the bundle's own terms, and the duties that other licences bring."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from curate.bundle.reuse import OWN
from curate.collection import Collection, Loaded
from curate.errors import CurateError
from curate.messages import Say
from curate.model import Item

FILE = "license.md"
"""The seller's own terms, in the collection's folder."""
MARK = "{{ carve-out }}"
"""Where the seller's terms say that files under licences of their own keep them."""
_MARK = re.compile(r"\{\{[ \t]*carve-out[ \t]*\}\}")
_LARGEST = 1 << 20  # bytes
_OPEN = frozenset(("no-drm", "no-extra-terms", "share-alike", "attribution"))
_UNPROTECTED = frozenset(("no-drm", "no-extra-terms"))


def read(loaded: Loaded, items: Sequence[Item]) -> str:
    """The seller's own terms, Markdown; "" where the built-in ones hold.

    Raises CurateError where the file cannot be read, where it lacks the carve-out that an item
    needs, and where copy protection is announced that an item's licence forbids.
    """
    _protected(loaded, items)
    path = loaded.folder / FILE
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        text = data.decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as fault:
        raise CurateError(f"{path} cannot be read: {fault}", "save it as UTF-8") from fault
    if len(data) > _LARGEST:
        raise CurateError(f"{path} is larger than 1 MB", "terms are a few pages: shorten it")
    if not text.strip():
        raise CurateError(
            f"{path} is empty", "write your terms there, or remove it: the built-in ones hold then"
        )
    _carved(path, text, items)
    return "\n".join(text.splitlines()) + "\n"


def own(item: Item) -> bool:
    """Whether the bundle's own terms may speak about it: the seller's work, or held by a grant."""
    decision = item.decision
    if _OPEN.intersection(decision.obligations):
        return False
    return decision.license == OWN or decision.basis in ("own", "grant")


def filled(text: str, carve_out: str) -> str:
    """The seller's terms with the carve-out in its place. Nothing else of the text is read."""
    return _MARK.sub(lambda _: f"\n\n{carve_out.strip()}\n\n", text)


def seller(collection: Collection) -> str:
    """Who gives the bundle out, where the collection declares work of their own; else ""."""
    declared = [collection.rights]
    for source in collection.sources:
        declared += [source.rights] if source.rights else []
        declared += [folder.rights for folder in source.folders]
    names = (one.own.partition(";")[0].strip() for one in declared)
    return next(filter(None, names), "")


def duties(items: Iterable[Item], say: Say) -> list[tuple[str, list[str]]]:
    """What passing files on asks of the buyer: sentences, each with the licences that ask it."""
    asked: dict[str, Counter[str]] = {}
    for item in items:
        for duty in item.decision.obligations:
            asked.setdefault(duty, Counter())[item.decision.license] += 1
    words = _words(say)
    order = [*words, *sorted(asked.keys() - words.keys())]
    return [
        (words.get(duty, duty), sorted(filter(None, asked[duty])))
        for duty in order
        if duty in asked
    ]


def _words(say: Say) -> dict[str, str]:
    return {
        "attribution": say("Name the author, the source and the licence."),
        "license-link": say("Link to the licence."),
        "license-text": say("Pass the licence text on, too."),
        "notices": say("Keep copyright notices and disclaimers."),
        "state-changes": say("Say what you have changed."),
        "share-alike": say("Give changed versions out under the same licence."),
        "verbatim": say("Pass it on unchanged; another file format is no change."),
        "source-form": say("Offer the source form as well."),
        "transparent-copy": say(
            "Of more than 100 copies, give out an editable form too, or say where it is."
        ),
        "cover-texts": say("Keep its cover texts and its invariant sections."),
        "no-endorsement": say("Do not suggest that its author stands behind you or your use."),
        "network-source": say("Offer its source to those who use it over a network."),
        "no-drm": say("Put no copy protection on it."),
        "no-extra-terms": say("Add no terms that restrict what the licence allows."),
        "not-alone": say("Do not sell it by itself, only together with other things."),
        "non-commercial": say("Do not use it commercially."),
        "buyer-terms": say("Keep to the terms in its licence text."),
        "rename": say("Give a changed font another name."),
        "provenance": say("Keep the note on why and where it is free of copyright."),
    }


def _carved(path: Path, text: str, items: Sequence[Item]) -> None:
    apart = [item for item in items if not own(item)]
    if apart and not (_MARK.search(text) and _marked(text)):
        raise CurateError(
            f"{path}: {len(apart)} of the {len(items)} files are under licences of their own "
            f"(such as '{apart[0].title}', {apart[0].decision.license}), and your terms do not "
            "leave these licences as they are",
            f"write {MARK} on a line of its own where your terms should say so",
        )


def _marked(text: str) -> bool:
    """Whether the mark stands where readers see what it becomes: in no comment and no code."""
    from markdown_it import MarkdownIt

    return any(
        _MARK.search(part.content)
        for token in MarkdownIt("commonmark").parse(text)
        for part in token.children or ()
        if part.type == "text"
    )


def _protected(loaded: Loaded, items: Sequence[Item]) -> None:
    if not loaded.collection.listing.drm:
        return
    free = [item for item in items if _UNPROTECTED.intersection(item.decision.obligations)]
    if free:
        raise CurateError(
            f"'{loaded.name}' is to be copy-protected, and the licences of {len(free)} of its "
            f"{len(items)} files forbid that, such as '{free[0].title}', {free[0].decision.license}",
            f"set drm = false below [listing] in {loaded.folder / 'collection.toml'}, or leave these "
            "files out",
        )
