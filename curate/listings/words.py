"""What a shop page says, in either language, whatever the collection's own is. Every number is counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from curate.collection import Wording
from curate.listings import Count, Facts, Shown
from curate.listings.keywords import keywords
from curate.listings.phrases import amount, files, kinds, language_name, line, places, text
from curate.messages import Say, speaker
from curate.model import Item, Language
from curate.product import Question, Words

SHORT = 160
"""Characters that a search result or a shop's card shows of a description."""
_TITLES = 8
_ADDRESS = re.compile(r"\s*\(?\b(?:https?://|www\.)\S+", re.IGNORECASE)
_NAMED = 30
"""Categories, formats or licences that are listed before the rest is summed up."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the description: paragraphs, or a list, below a heading or none."""

    lines: tuple[str, ...]
    heading: str = ""
    listed: bool = False
    before: str = ""  # a sentence before a list


def words(shown: Shown, language: Language, pictured: Sequence[Item] = ()) -> Words:
    """All that is said of a release in ``language``: the seller's words, where there are any in it, and
    what is counted. Nothing is translated by machine: without words of the seller the title stays.

    ``pictured``: what the pictures of the listing show; who asks for credit gets it."""
    say = speaker(language)
    own = wording(shown, language)
    parts = _parts(shown, own, say)
    if credits := _credits(shown, pictured, say):
        parts.append(_Part(credits, say("Whose work the pictures show"), listed=True))
    return Words(
        title=line(own.title) or line(shown.collection.title),
        short=_short(shown.facts, say),
        description="\n\n".join(map(_plain, parts)),
        html="".join(map(_html, parts)),
        keywords=_keywords(shown, own, language),
        faq=tuple(_faq(shown, say)),
        note=_note(shown, say),
        variants=_variants(line(own.title) or line(shown.collection.title), shown.facts, say),
    )


def wording(shown: Shown, language: Language) -> Wording:
    """The seller's own words in ``language``; empty ones where there are none."""
    collection = shown.collection
    written = collection.listing.wording.get(language, Wording())
    if language != collection.language:
        return written
    return Wording(
        written.title or collection.title,
        written.description or collection.description,
        written.tags or collection.listing.tags,
    )


def _parts(shown: Shown, own: Wording, say: Say) -> list[_Part]:
    facts = shown.facts
    parts = [_Part((paragraph,)) for paragraph in text(own.description).split("\n\n") if paragraph]
    parts.append(_Part(tuple(_counted(facts, say)), say("What you get")))
    if facts.categories:
        parts.append(_Part(_rows(places(facts, say), say), say("Contents"), listed=True))
    if facts.highlights:
        titles = tuple(filter(None, map(line, facts.highlights[:_TITLES])))
        parts.append(_Part(titles, say("Some of what is inside"), listed=True))
    parts.append(_Part(tuple(_with_it(say)), say("Also in it"), listed=True))
    if facts.licenses:
        said = say("Every file keeps its own terms; author, source and licence of each are named.")
        parts.append(_Part(_rows(facts.licenses, say), say("Licences"), True, said))
    parts.append(_Part(tuple(_delivery(shown, say)), say("Delivery")))
    return parts


def _counted(facts: Facts, say: Say) -> Iterable[str]:
    yield _whole(facts, say)
    if facts.kinds:
        yield say("By kind: {kinds}.", kinds=say(", ").join(kinds(facts.kinds, say)))
    if facts.formats:
        named = _some([f"{one.name.upper()} {one.items:,}" for one in facts.formats], say)
        yield say("Formats: {formats}.", formats=named)
    if facts.pages > 1:
        yield say("Documents of {n} pages together.", n=f"{facts.pages:,}")
    if facts.seconds >= 120:
        yield say("Sound and film of {n} minutes together.", n=f"{facts.seconds // 60:,}")
    if facts.languages:
        named = _some(
            [f"{language_name(one.name, say)} {one.items:,}" for one in facts.languages], say
        )
        yield say("Languages of the texts: {languages}.", languages=named)


def _whole(facts: Facts, say: Say) -> str:
    many = len(facts.categories)
    if not many:
        return say(
            "{files}, {size} in all.", files=files(facts.items, say), size=amount(facts.size)
        )
    return say(
        "{files} in {categories}, {size} in all.",
        files=files(facts.items, say),
        categories=say("1 category") if many == 1 else say("{n} categories", n=many),
        size=amount(facts.size),
    )


def _rows(counts: Sequence[Count], say: Say) -> tuple[str, ...]:
    rows = [
        say("{name}: {files}", name=line(one.name), files=files(one.items, say))
        for one in counts[:_NAMED]
    ]
    rest = counts[_NAMED:]
    if rest:
        items = sum(one.items for one in rest)
        rows.append(say("{n} more: {files}", n=len(rest), files=files(items, say)))
    return tuple(rows)


def _some(names: Sequence[str], say: Say) -> str:
    more = [say("{n} more", n=len(names) - _NAMED)] if len(names) > _NAMED else []
    return say(", ").join([*names[:_NAMED], *more])


def _with_it(say: Say) -> Iterable[str]:
    yield say("A start page with pictures and a search that works without a network")
    yield say("A tutorial for the kinds of files that are really inside")
    yield say("Licence and credit of every file")
    yield say("Checksums, to see that all has arrived whole")


def _credits(shown: Shown, pictured: Sequence[Item], say: Say) -> tuple[str, ...]:
    """Title, author, licence; addresses stand in PICTURES.md, since marketplaces forbid them in texts."""
    told = []
    for item in pictured:
        if "attribution" in item.decision.obligations:
            info = shown.licenses.get(item.decision.license)
            names = (
                item.decision.attribution or say(", ").join(item.creators) or item.decision.holder
            )
            told.append(
                say(
                    "“{title}” by {names}, {licence}, made smaller",
                    title=line(item.title), names=_ADDRESS.sub("", line(names)),
                    licence=info.name if info else item.decision.license,
                )
            )  # fmt: skip
    return tuple(dict.fromkeys(told))


def _delivery(shown: Shown, say: Say) -> Iterable[str]:
    facts, zips = shown.facts, shown.archives
    size = amount(facts.archive)
    if len(zips) > 1:
        yield say(
            "Version {version}, {n} ZIP archives of {size} together; each opens by itself.",
            version=facts.version, n=len(zips), size=size,
        )  # fmt: skip
    else:
        yield say("Version {version}, one ZIP archive of {size}.", version=facts.version, size=size)
    for one in zips:
        yield say("SHA-256 of {file}: {sum}", file=one.file, sum=one.sha256)
    if shown.public_key:
        yield say("Signed with minisign, public key: {key}", key=shown.public_key)


def _short(facts: Facts, say: Say) -> str:
    """As much as fits on a card: files, categories, then kinds, the most frequent first."""
    whole = _whole(facts, say)
    named = kinds(facts.kinds, say)
    for shown in range(len(named), 0, -1):
        told = say("By kind: {kinds}.", kinds=say(", ").join(named[:shown]))
        if len(whole) + 1 + len(told) <= SHORT and shown == len(named):
            return f"{whole}{say(' ')}{told}"
        more = say("{kinds} and more", kinds=say(", ").join(named[:shown]))
        told = say("By kind: {kinds}.", kinds=more)
        if len(whole) + 1 + len(told) <= SHORT:
            return f"{whole}{say(' ')}{told}"
    return whole


def _variants(title: str, facts: Facts, say: Say) -> tuple[str, ...]:
    """Other titles with what was counted, to try which is found more often."""
    found = [
        say("{title}: {what}", title=title, what=files(facts.items, say)),
        say("{title}: {what}", title=title, what=say(", ").join(kinds(facts.kinds, say)[:2])),
        say("{title} ({what})", title=title, what=amount(facts.size)),
    ]
    if len(facts.categories) > 1:
        named = say(", ").join(line(one.name) for one in facts.categories[:3])
        found.append(say("{title}: {what}", title=title, what=named))
    return tuple(dict.fromkeys(found))


def _keywords(shown: Shown, own: Wording, language: Language) -> tuple[str, ...]:
    """The seller's, then what can be searched for in ``language``."""
    facts, tags = shown.facts, own.tags
    if not tags:  # of the other language: a name reads the same
        tags = shown.collection.listing.tags
    return keywords(
        tags, shown.collection.keywords, [one.name for one in facts.categories],
        [(one.name, one.items) for one in facts.kinds], [(one.name, one.items) for one in facts.formats],
        shown.items, language,
    )  # fmt: skip


def _faq(shown: Shown, say: Say) -> Iterable[Question]:
    facts = shown.facts
    named = _some([one.name.upper() for one in facts.formats], say)
    yield Question(
        say("What exactly do I get?"),
        say(" ").join((_whole(facts, say), *list(_counted(facts, say))[1:2])),
    )
    yield Question(
        say("What do I need to open the files?"),
        say(
            "A computer or a phone that unpacks ZIP archives, and programs for: {formats}. "
            "The tutorial inside names one for every kind.",
            formats=named,
        ),
    )
    yield Question(
        say("Do I need to be online?"),
        say("Only to download it. The start page, its search and the tutorial work offline."),
    )
    yield Question(
        say("What may I do with the files?"),
        say(
            "What their licences allow: {licences}. LICENSE.md and ATTRIBUTION.md inside tell "
            "the terms of every file.",
            licences=_some([line(one.name) for one in facts.licenses], say) or say("see inside"),
        ),
    )
    yield Question(
        say("How do I know that the download is whole?"),
        say(
            "Open VERIFY.html inside and choose the folder: every file is checked on your own computer. "
            "Or compare the archive with the SHA-256 on this page."
        ),
    )
    if Decimal(facts.price) == 0:
        yield Question(say("What does it cost?"), say("Nothing."))


def _note(shown: Shown, say: Say) -> str:
    """What a buyer reads after paying."""
    zips = shown.archives
    steps = [
        say("Download all {n} archives and unpack them into the same folder.", n=len(zips))
        if len(zips) > 1
        else say("Download the archive and unpack it."),
        say("Open START-HERE.html in a browser: it lists everything and finds it."),
        say(
            "VERIFY.html checks that every file is whole; TUTORIAL.html tells how to open each kind."
        ),
    ]
    steps += [say("SHA-256 of {file}: {sum}", file=one.file, sum=one.sha256) for one in zips]
    if shown.public_key:
        steps.append(say("Signed with minisign, public key: {key}", key=shown.public_key))
    steps.append(say("Does something not open? Write to the seller and name the file."))
    return "\n".join(steps)


def _plain(part: _Part) -> str:
    lines = [f"· {one}" for one in part.lines] if part.listed else list(part.lines)
    return "\n".join([*filter(None, (part.heading, part.before)), *lines])


def _html(part: _Part) -> str:
    heading = f"<h3>{escape(part.heading)}</h3>" if part.heading else ""
    if part.listed:
        heading += f"<p>{escape(part.before)}</p>" if part.before else ""
        return f"{heading}<ul>{''.join(f'<li>{escape(one)}</li>' for one in part.lines)}</ul>"
    # A line break inside a paragraph of the seller's is none in HTML.
    return heading + "".join(f"<p>{escape(' '.join(one.split()))}</p>" for one in part.lines)
