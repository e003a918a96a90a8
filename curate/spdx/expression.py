"""SPDX licence expressions as words: which licences and exceptions one names."""

from __future__ import annotations

import re

OPERATORS = ("AND", "OR", "WITH")
_WORD = re.compile(r"[^\s()]+")


def ids(expression: str) -> list[str]:
    """The licences and exceptions of ``expression``, each once, in its order."""
    words = _WORD.findall(expression)
    return list(dict.fromkeys(word for word in words if word.upper() not in OPERATORS))
