"""May two texts differ in this and still be one licence? Whatever is not listed here says no.

The lists are short on purpose: a licence that is not recognised is asked about, a condition that is
overlooked lets somebody sell what may not be sold.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from curate.spdx.words import names, speaks

HOLDERS = frozenset(
    "copyright holder holders author authors contributor contributors licensor licensors developer "
    "developers creator creators organization organizations institution university company regents isc".split()
)
"""Whom a licence speaks of where a copy may put a name. Owners are holders, see ``words.VARIANTS``."""

AROUND = frozenset("the of its their his her and or by other an a name names any nor".split())
"""What stands around ``HOLDERS`` and changes with them: "its contributors", "other contributors"."""

TITLE = frozenset(
    "the of license licenses text full legal code agreement public domain general version v software "
    "project copyright notice information spdx identifier".split()
)
"""What a heading over any licence may say, beside the words of its own name."""

ADDRESS = frozenset(
    "51 59 675 31 franklin street st fifth floor suite 330 500 boston ma 02110 1301 1335 02111 1307 "
    "cambridge mass ave temple place usa 02139 free software foundation inc copyright c 1989 1991 1999 "
    "2000 2001 2002 2007 2008".split()
)
"""Former addresses and years of the Free Software Foundation, which its licences are copied with."""

FAMILIES = frozenset(
    "gpl lgpl agpl gnu bsd mit isc apache mozilla mpl cc cc0 creative commons eclipse epl cddl zlib ofl "
    "sil boost artistic unlicense eupl gfdl wtfpl public polyform eula".split()
)
"""Names of other licences: over a text they make it doubtful which of the two is meant."""

ADDED = re.compile(
    r"\b(?:including the next paragraph"
    r"|back to commons deed"
    r"|this font software is licensed under the sil open font license version 1 1"
    r"|this license is copied below and is also available with a faq at"
    r"|end of (?:terms and conditions|license)"
    r"|for more information please (?:see|refer to)"
    r"|the text of the creative commons public licenses is dedicated to the public domain under the "
    r"cc0 public domain dedication"
    r"|this general public license does not permit incorporating your program into proprietary programs "
    r"if your program is a subroutine library you may consider it more useful to permit linking "
    r"proprietary applications with the library if this is what you want to do use the gnu (?:lesser|library) "
    r"general public license instead of this license)\b"
)
"""Whole phrases that copies of licences have and that say nothing about the work."""

NUMBER = re.compile(r"\d{1,2}|[a-h]|[ivx]{1,4}")
YEAR = re.compile(r"(?:19|20)\d\d")
NUMBERED = frozenset(
    "version versions v ver section sections article exhibit paragraph within".split()
)
ARTICLES = frozenset(("the", "a", "an"))
HEAD = 14  # words at the start of a licence that its title may take
NAME = 14  # words of a name
NOTICE = 40  # words of a copyright notice that shares its line with the licence
TYPO = 6  # letters of a word in which one may be wrong: shorter ones become other words


Span = tuple[int, int, int, int]  # begin and end in the licence, begin and end in the file


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where a licence and a file differ; ``at`` counts the words of the licence before it."""

    at: int
    theirs: tuple[str, ...]  # words of the licence that the file lacks and may not leave out
    mine: tuple[str, ...]  # words of the file that the licence lacks
    spared: bool = False  # in a part that copies leave out, such as how to apply the licence
    beside: frozenset[str] = frozenset()  # the words of the licence before and behind it

    @property
    def size(self) -> int:
        return max(len(self.theirs), len(self.mine))


def gaps(licence: Sequence[str], spared: Sequence[bool], file: Sequence[str]) -> list[list[Gap]]:
    """What stands between the words that both have in the same order (longest common subsequence).

    Gaps with but a word like "of" between them are in one list, that as a whole at its end: "the name of
    X of Y" against "the name of the author" is one difference, not two.
    """
    from rapidfuzz.distance import LCSseq

    groups: list[list[Span]] = []
    for step in LCSseq.opcodes(licence, file):
        if step.tag == "equal":
            continue
        span = (step.src_start, step.src_end, step.dest_start, step.dest_end)
        last = groups[-1][-1] if groups else None
        if last and last[1] == span[0] and last[3] == span[2]:  # the other half of a replacement
            groups[-1][-1] = _joined(last, span)
        elif last and _bridges(licence[last[1] : span[0]]):
            groups[-1].append(span)
        else:
            groups.append([span])

    def gap(span: Span) -> Gap:
        a, end, start, stop = span
        theirs = tuple(licence[n] for n in range(a, end) if not spared[n])
        beside = frozenset((*licence[max(0, a - 1) : a], *licence[end : end + 1]))
        return Gap(a, theirs, tuple(file[start:stop]), any(spared[max(0, a - 1) : a + 1]), beside)

    return [[*map(gap, group), gap(_joined(group[0], group[-1]))] for group in groups]


def _joined(first: Span, last: Span) -> Span:
    return first[0], last[1], first[2], last[3]


def harmless(gap: Gap, title: frozenset[str]) -> bool:
    """Is the licence still itself with this difference? ``title``: the words of its names and its id."""
    theirs, mine = gap.theirs, gap.mine
    if not (theirs or mine) or "".join(theirs) == "".join(mine):
        return True
    if not theirs and len(known := tuple(ADDED.sub("", " ".join(mine)).split())) < len(mine):
        return harmless(replace(gap, mine=known), title)
    if any(speaks(word) and word not in theirs and word not in title for word in mine):
        return False
    either = {*theirs, *mine}
    return (
        either <= ARTICLES
        or either <= ADDRESS
        or (gap.spared and not theirs and len(mine) <= NAME and names(mine))
        or (gap.at <= HEAD and _heading(theirs, mine, title))
        or (gap.at == 0 and _caption(theirs, mine))
        or (not (theirs and mine) and len(either) > 2 and either <= title)  # a heading, said twice
        or _numbering(gap)
        or _holder(theirs, mine)
        or _notice(theirs, mine)
        or _typo(theirs, mine)
    )


def _bridges(shared: Sequence[str]) -> bool:
    return len(shared) <= 2 and all(word in AROUND for word in shared)


def _numbering(gap: Gap) -> bool:
    """Bullets that were counted differently; a number that became another is none, nor is a version.

    One too few may also be "section\\n7. This", where the end of a line made a bullet of it.
    """
    beside = any(word in NUMBERED or word.isdigit() for word in gap.beside)
    if (gap.theirs and gap.mine) or (beside and (gap.mine or gap.at <= HEAD)):
        return False
    return all(NUMBER.fullmatch(word) for word in (*gap.theirs, *gap.mine))


def _holder(theirs: Sequence[str], mine: Sequence[str]) -> bool:
    """A name for "the copyright holder", or one way to say that for another."""
    if not set(theirs) <= HOLDERS | AROUND or not names(mine):
        return False
    if HOLDERS & set(theirs):
        return len(mine) <= NAME
    if not set(mine) <= HOLDERS | AROUND:
        return False
    return bool(HOLDERS & set(mine)) or not {"and", "or", "nor", "any"} & {*theirs, *mine}


def _notice(theirs: Sequence[str], mine: Sequence[str]) -> bool:
    either = theirs or mine
    alone = not (theirs and mine) and either[0] == "copyright"
    return alone and len(either) <= NOTICE and names(either)


def _heading(theirs: Sequence[str], mine: Sequence[str], title: frozenset[str]) -> bool:
    def plain(word: str) -> bool:
        return word in TITLE or word in title or YEAR.fullmatch(word) is not None

    return all(map(plain, mine)) and all(plain(word) or word.isdigit() for word in theirs)


def _caption(theirs: Sequence[str], mine: Sequence[str]) -> bool:
    """The name of the work above its licence, for a heading of the list or beside it."""
    if FAMILIES.intersection(mine) or len(mine) > NAME or not names(mine):
        return False
    return len(theirs) <= HEAD and names([word for word in theirs if word not in TITLE])


def _typo(theirs: Sequence[str], mine: Sequence[str]) -> bool:
    """One wrong letter, not the first: "lawful" and "unlawful" differ in more."""
    from rapidfuzz.distance import Levenshtein

    return (
        len(theirs) == len(mine) == 1
        and min(len(theirs[0]), len(mine[0])) >= TYPO
        and theirs[0][0] == mine[0][0]
        and Levenshtein.distance(theirs[0], mine[0], score_cutoff=1) == 1
    )
