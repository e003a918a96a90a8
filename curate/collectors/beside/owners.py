"""Copyright notices → the names in them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from curate.collectors.beside.paper import MAX_RAW

_SIGN = re.compile(
    r"^(?:\s*(?:SPDX-(?:File|Snippet)CopyrightText:|copyright|copr\.|©|\(c\)|版[权權]所有|[,:：]))+", re.I
)  # fmt: skip
_YEARS = re.compile(
    r"^[\s,]*(?:\d{4}(?:\s*[-–—/]\s*(?:\d{4}|\d{2}|present|now))?[\s,;]*)+(?:by\s+)?", re.I
)
_MAIL = re.compile(r"\s*<[^<>]*>")
_NOBODY = ("NONE", "NOASSERTION")
"""What SPDX has people write where there is no name to give."""
MOST = 400


def owners(notices: Iterable[str]) -> str:
    """Whom ``notices`` name, parted by semicolons, without signs, years and mail addresses."""
    names: dict[str, None] = {}
    for notice in notices:
        name = _MAIL.sub("", _YEARS.sub("", _SIGN.sub("", notice[:MOST]))).replace(";", ",")
        name = " ".join(name.split()).strip(" ,.")
        if name and name not in _NOBODY:
            names[name] = None
    return "; ".join(names)[:MOST]


def notice(notices: Iterable[str]) -> str:
    """``notices`` as one, with the sign that REUSE allows to leave out."""
    said = " ".join("; ".join(notices).split())[: MAX_RAW - 20]
    return said if re.search(r"©|\(c\)|copyright\b", said, re.I) else f"Copyright {said}"
