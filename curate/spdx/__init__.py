"""The SPDX licence list: full texts, names, and which of them a text is."""

from __future__ import annotations

from dataclasses import dataclass

from curate.spdx.expression import OPERATORS, ids
from curate.spdx.texts import current, deprecated, known, name, text, url

__all__ = [
    "OPERATORS",
    "Match",
    "current",
    "deprecated",
    "detect",
    "detect_all",
    "ids",
    "known",
    "licence_section",
    "name",
    "text",
    "url",
]

# The patterns that texts are read with are compiled when one is read: a name or a text needs none.


@dataclass(frozen=True, slots=True)
class Match:
    """``id`` is of the SPDX list; ``score`` the share of words that are its own, 1 = all of them."""

    id: str
    score: float


def detect(text: str) -> Match | None:
    """The one licence whose text ``text`` is, None where that is not sure.

    The text of a licence cannot say "or later", nor that a document has no invariant sections: the
    answer is the id that promises less (``GPL-3.0-only``, ``GFDL-1.3-only``). Any string may come; one
    of more than 200,000 characters is no licence.
    """
    from curate.spdx.detector import detect

    return detect(text)


def detect_all(text: str) -> tuple[Match, ...]:
    """Every licence whose text stands whole somewhere in ``text``, in its order.

    What stands around them is not looked at: it may take back what they give, or say that one of them
    holds for a part only.
    """
    from curate.spdx.detector import detect_all

    return detect_all(text)


def licence_section(text: str) -> str:
    """What a README says under its headings about licence, copyright, 许可, 版权 or 授权; "" = none is there."""
    from curate.spdx.section import licence_section

    return licence_section(text)
