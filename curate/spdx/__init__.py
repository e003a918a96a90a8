"""The SPDX licence list: full texts, names, and which of them a text is."""

from __future__ import annotations

from curate.spdx.detector import Match, detect, detect_all
from curate.spdx.section import licence_section
from curate.spdx.texts import deprecated, known, name, text, url

__all__ = [
    "Match",
    "deprecated",
    "detect",
    "detect_all",
    "known",
    "licence_section",
    "name",
    "text",
    "url",
]
