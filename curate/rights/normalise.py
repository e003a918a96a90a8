"""What places say about rights → SPDX expressions; what is not fully understood becomes a LicenseRef.

A statement is read whole: every licence in it counts, and whatever stands beside a licence and is not known
to do no harm makes it one that only a person can judge.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from curate.model import NOTICE, UNKNOWN
from curate.model import OWN_WORK as OWN
from curate.rights.filler import harmless, takes_back
from curate.rights.policy import Use, load, spdx
from curate.rights.wording import CC_URL, RESERVED, parts

__all__ = ["BANS", "NOTICE", "OWN", "RESERVED", "UNKNOWN", "normalise"]

_NOTICE = re.compile(r"©|\(c\)\s*\d{4}|\bcopyright\b|版[权權]", re.I)
CONTRADICTORY = "LicenseRef-contradictory"
_FREE_TO_READ = ("other-oa", "publisher-specific-oa", "bronze", "free to read", "implied-oa")
_NAMES = {
    **dict.fromkeys(_FREE_TO_READ, "LicenseRef-free-to-read"),
    "mit license": "MIT", "the mit license": "MIT", "expat": "MIT", "bsd-3-clause": "BSD-3-Clause", "bsd-2-clause": "BSD-2-Clause",
    "ofl": "OFL-1.1", "apache-2": "Apache-2.0", "mpl-2": "MPL-2.0", "cc0": "CC0-1.0", "cc-zero": "CC0-1.0",
    "public domain dedication": "CC-PDDC", "creative commons public domain dedication": "CC-PDDC",
    "gpl-2+": "GPL-2.0-or-later", "gpl-2": "GPL-2.0-only", "gpl-3+": "GPL-3.0-or-later", "gpl-3": "GPL-3.0-only",
    "lgplv3": "LGPL-3.0-only", "gplv3": "GPL-3.0-only", "gplv2": "GPL-2.0-only", "apache 2.0": "Apache-2.0",
    "not_in_copyright": "CC-PDM-1.0", "xmprights:marked=false": "CC-PDM-1.0", "no known copyright restrictions": "CC-PDM-1.0",
    "public domain": "CC-PDM-1.0", "public-domain": "CC-PDM-1.0", "pd": "CC-PDM-1.0", "pdm": "CC-PDM-1.0",
}  # fmt: skip
_FREE = Use(paid=False)
LONGEST = 2000
"""Characters of a statement that is read; what is longer is a text for people."""
_EXPRESSION = re.compile(r"\s(?:AND|OR|WITH)\s")


@lru_cache(4096)
def normalise(raw: str) -> str:
    """An SPDX expression or LicenseRef for what ``raw`` (a URL, a name, a sentence) says.

    ``LicenseRef-unknown`` where it cannot be told: nothing allows that, so doubt stays doubt.
    """
    visible = "".join(c for c in raw if unicodedata.category(c) != "Cf")
    text = " ".join(unicodedata.normalize("NFKC", visible).split())
    if not text or OWN.lower() in text.lower():
        return UNKNOWN
    if len(text) > LONGEST:
        return UNKNOWN  # a text, not a statement: whoever compared it has said which one it is
    text = text.removesuffix("-migrated")
    if exact := _exact(text):
        return exact
    if _EXPRESSION.search(text) and text.isascii() and not CC_URL.search(text):
        return UNKNOWN  # meant as an expression, and not a valid one
    found, rest = parts(text)
    if not found:
        short = len(text) <= 160 and _NOTICE.search(text) and not takes_back(text)
        return NOTICE if short else UNKNOWN
    # What forbids, forbids; a limit beside a licence is one that its name does not tell.
    forbidding = [one for one in found if load().judge(one, _FREE).outcome != "allow"]
    if _ban(found) and len(forbidding) < len(found):
        return CONTRADICTORY
    unread = re.fullmatch(r"[\w.+\-]+", text) and re.search(
        r"\w", rest
    )  # "CC-BY-3.0-XX": more than its name
    bound = forbidding or "LicenseRef-project-gutenberg" in found
    if not bound and (unread or not harmless(rest)):
        return UNKNOWN
    return " AND ".join(found)


def _ban(found: list[str]) -> bool:
    """Do words of a ban stand among them, and not only licences with conditions?"""
    return any(one in BANS for one in found)


BANS = frozenset(
    ("LicenseRef-study-only", "LicenseRef-research-only", "LicenseRef-no-commercial-use", "LicenseRef-no-redistribution",
     "LicenseRef-personal-use", "LicenseRef-repost-with-credit", "LicenseRef-editorial-only", RESERVED)
)  # fmt: skip


def _exact(text: str) -> str:
    """The text as a whole is a licence id, a common name of one, or a valid SPDX expression."""
    if text.lower() in _NAMES:
        return _NAMES[text.lower()]
    if load().rule(text):
        return text
    if not re.fullmatch(r"[A-Za-z0-9.+\-() ]+", text) or not (
        _EXPRESSION.search(text) or " " not in text
    ):
        return ""
    from license_expression import ExpressionError

    licensing = spdx()
    try:
        tree = licensing.parse(text)
    except ExpressionError:
        return ""
    if tree is None:
        return ""
    if any(not key.startswith("LicenseRef-") for key in licensing.unknown_license_keys(tree)):
        return ""
    return str(tree)
