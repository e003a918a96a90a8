"""How duplicates are told to people: groups, single ones, and what becomes of them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from curate.cli.options import echo
from curate.likeness import Word
from curate.messages import Say, render
from curate.model import Duplicate, Language, Message
from curate.pipeline.groups import KIND_LABELS, Double, Group

_PLACES = 5


@dataclass(frozen=True, slots=True)
class Teller:
    """Prints the duplicates of one collection."""

    collection: str
    say: Say
    language: Language

    def group(self, group: Group) -> None:
        """Its members, each with its parts and what becomes of it."""
        say = self.say
        echo("")
        for number, one in enumerate(group.members):
            self.double(one, "  " if number == 0 or one.kept is None else "    ")
            if number == 0 and group.reason:
                echo(say("      stays: {reason}", reason=render(group.reason, self.language)))
            self.fate(one, one.likeness, group.reason)
            for part in group.parts:
                if part.whole == one.sha256:
                    self.double(part.double, "    ")
                    self.fate(part.double, part.likeness)
        if group.more:
            echo(say("    … and {n} more of this group", n=group.more))

    def double(self, one: Double, indent: str) -> None:
        """What it is and where."""
        say = self.say
        place = one.places[0] if one.places else ""
        size = say("{n} bytes", n=f"{one.size:,}")
        facts = (one.title, place, one.format, size, one.sha256[:12])
        echo(f"{indent}{' · '.join(filter(None, facts))}")
        others = one.places[1:]
        if others:
            more = say(", … ({n} in all)", n=len(others)) if len(others) > _PLACES else ""
            told = ", ".join(others[:_PLACES]) + more
            echo(
                say(
                    "      the same bytes at {n} places, also: {places}",
                    n=len(one.places),
                    places=told,
                )
            )

    def fate(self, one: Double, found: Duplicate | None, told: Message | None = None) -> None:
        """What it is to what is kept, and what a bundle does with it; ``told``: the reason given before."""
        say, language = self.say, self.language
        if found:
            echo(f"      {alike_line(found, say, language)}")
        if one.kept and one.kept.kind != "part-text" and one.kept.reason != told:
            why = render(one.kept.reason, language)
            echo(say("      “{title}” stays before it: {reason}", title=one.kept.title, reason=why))
        if one.word:
            echo(f"      {word_line(one.word, say)}")
        if one.outcome != "allow":
            # The reasons of a decision fill a page, and here they would for each of a group.
            see = f"curate rights {shlex.quote(self.collection)} {one.sha256[:12]}"
            outcome = say(one.outcome)
            echo(
                say(
                    "      a bundle leaves it out for its rights: {outcome}; see {command}",
                    outcome=outcome,
                    command=see,
                )
            )
        elif one.against:
            reason = render(one.against, language)
            echo(say("      a bundle leaves it out: {reason}", reason=reason))
        else:
            echo(say("      goes into the bundle"))


def alike_line(found: Duplicate, say: Say, language: Language) -> str:
    """How two are the same, with the evidence."""
    evidence = f": {render(found.evidence, language)}" if found.evidence else ""
    return f"{say(KIND_LABELS[found.kind])} {found.score:.2f}{evidence}"


def word_line(word: Word, say: Say) -> str:
    """What a person said about duplicates, in one line."""
    others = ", ".join(f"“{title}”" for title in word.titles)
    told = {
        "keep": say("{who} chose it on {when}", who=word.who, when=word.when[:10]),
        "split": say("{who} said on {when}: not the same: {titles}", who=word.who, when=word.when[:10], titles=others),
        "merge": say("{who} said on {when}: the same: {titles}", who=word.who, when=word.when[:10], titles=others),
    }.get(word.verb, "")  # fmt: skip
    return say("{told}: {why}", told=told, why=word.why) if word.why else told
