"""What a text says about its own rights, where such things stand: at its beginning and its end."""

from __future__ import annotations

import re

from curate.model import Statement

REACH = 3000
"""Characters of head and of tail that are read."""

_PLAIN = re.compile(
    r"project gutenberg license|start of th(?:e|is) project gutenberg|small print!|版权所有|版權所有"
    r"|禁止转载|禁止轉載|未经许可|未經許可|禁止商用|不得商用|仅供学习|僅供學習|all rights reserved"
    r"|https?://(?:www\.)?creativecommons\.org/(?:licenses|publicdomain)/[\w./-]+"
    r"|licen[sc]ed under [^\n.;]{0,80}(?:creative\s+commons|\bcc[ -](?:by|0)|\b(?:mit|apache|bsd|gpl|gnu)\b)"
    r"|(?:released|available|distributed|published) under [^\n.;]{0,60}(?:creative\s+commons|\bcc[ -](?:by|0))"
    r"|(?:采用|採用|使用|基于|遵循)[^\n。；]{0,40}(?:知识共享|知識共享|创作共用|creative commons|\bCC[ -]BY)",
    re.I,
)
# No search begins unless one of these is there: most texts say nothing of their rights.
_HINTS = (
    "gutenberg", "small print", "版权所有", "版權所有", "转载", "轉載", "未经许可", "未經許可", "商用",
    "供学习", "供學習", "rights reserved", "creativecommons.org", "creative", "licen", "cc-by", "cc by",
    "知识共享", "知識共享", "创作共用", "cc0",
)  # fmt: skip
_STOPS = "。！？；\n"


def statements(text: str, where: str) -> tuple[Statement, ...]:
    """Every marker of a licence, a reservation or a ban, with its sentence: inferred, not declared."""
    found: dict[str, None] = {}
    parts = (text,) if len(text) <= 2 * REACH else (text[:REACH], text[-REACH:])
    for part in parts:
        lower = part.lower()
        if not any(hint in lower for hint in _HINTS):
            continue
        for match in _PLAIN.finditer(part):
            found[_sentence(part, match)] = None
    return tuple(
        Statement(raw=raw, channel="text", where=where, confidence="inferred") for raw in found
    )[:20]


def _sentence(text: str, match: re.Match[str]) -> str:
    """The sentence around ``match``, or the marker itself where that would be long."""
    start = max(text.rfind(stop, 0, match.start()) for stop in (*_STOPS, ". ")) + 1
    ends = [at for stop in (*_STOPS, ". ") if (at := text.find(stop, match.end())) >= 0]
    raw = " ".join(text[start : min(ends, default=len(text)) + 1].split())
    return raw if len(raw) <= 300 else " ".join(match[0].split())
