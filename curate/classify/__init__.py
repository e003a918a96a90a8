"""What a resource is about: its language, title, keywords, and its category in a collection."""

from __future__ import annotations

from curate.model import Extracted, Profile, main_text

VERSION = 1
"""Part of the key of every stored profile: raise it when a profile of the same text changes."""


def profile(extracted: Extracted, name: str) -> Profile:
    """What the content itself tells where nobody stated it; ``name`` is the file's. Runs in a worker."""
    from curate.classify.keywords import keywords
    from curate.classify.language import detect
    from curate.classify.title import title

    said = main_text(extracted.text)
    text = "" if extracted.kind == "code" else said  # its words are those of its language
    spoken = extracted.language or detect(said)
    return Profile(
        language=spoken,
        title=title(extracted, name),
        keywords=extracted.keywords or keywords(text, spoken),
    )
