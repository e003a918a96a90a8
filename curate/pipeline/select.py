"""What a source's keywords take, and why."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from curate.classify.match import Keywords
from curate.collection import Collection, Source
from curate.extract import holds_text
from curate.messages import msg
from curate.model import Candidate, Extracted, Message, Profile, Said
from curate.pipeline.examine import VERSIONS


@dataclass(frozen=True, slots=True)
class Selection:
    """The rule of one source. ``basis`` changes whenever another answer is possible."""

    everything: bool
    keywords: Keywords
    tags: tuple[str, ...]
    basis: str
    text_basis: str  # the basis of what the text decided: newer extractors may read more

    @classmethod
    def of(cls, collection: Collection, source: Source) -> Selection:
        everything = source.match == "all"
        keywords = Keywords(collection.keywords)
        rule = "all" if everything else "\n".join((keywords.digest, *source.tags))
        basis = hashlib.sha256(rule.encode()).hexdigest()[:16]
        readers = ".".join(str(version) for _, version in sorted(VERSIONS.items()))
        return cls(everything, keywords, source.tags, basis, f"{basis} {readers}")

    def at_sight(self, locator: str, said: Said) -> Message | None:
        """Why it is taken, judged without its bytes; None where that cannot tell."""
        if self.everything:
            return msg("the source takes everything")
        for text, reason in (
            (said.title, "“{word}” is in its title"),
            (locator, "“{word}” is in its path"),
            ("\n".join((*said.tags, *self.tags)), "“{word}” is among its tags"),
            (said.description, "“{word}” is in its description"),
        ):
            if word := self.keywords.find(text):
                return msg(reason, word=word)
        return None

    def inside(self, extracted: Extracted, profile: Profile, text: str) -> Message | None:
        """Why it is taken, judged by what its bytes say."""
        for part, reason in (
            (f"{extracted.title}\n{profile.title}", "“{word}” is in its title"),
            ("\n".join(extracted.keywords), "“{word}” is among its tags"),
            (extracted.description, "“{word}” is in its description"),
            (text, "“{word}” is in its text"),
        ):
            if word := self.keywords.find(part):
                return msg(reason, word=word)
        return None


def worth_opening(candidate: Candidate) -> bool:
    """May its bytes hold a keyword? A local file is cheap to ask, a download only where text is likely."""
    return candidate.local or holds_text(candidate.suffix)
