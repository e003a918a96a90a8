"""Globs over "/"-separated paths, as people know them from .gitignore."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """Says whether a path, or a folder above it, matches one of ``patterns``.

    ``*`` and ``?`` stay within one name, ``**`` spans folders, ``[abc]`` and ``[!abc]`` are sets.
    A pattern without a slash holds at any depth, one with a slash starts at the root; a match on a
    folder holds for all below it. Upper and lower case are the same, so ``*.pdf`` finds ``A.PDF``.
    Raises ValueError for a pattern that is empty or holds an unclosed ``[``.
    """
    if "**" in patterns:
        return _everything
    if not patterns:
        return _nothing
    joined = "|".join(_regex(pattern) for pattern in patterns)
    found = re.compile(f"(?:{joined})(?:/|$)", re.IGNORECASE | re.DOTALL).match
    return lambda path: found(path) is not None


def _everything(path: str) -> bool:
    return True


def _nothing(path: str) -> bool:
    return False


_TOKEN = re.compile(r"\*\*/|/\*\*$|\*+|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)


def _regex(pattern: str) -> str:
    body = pattern.strip("/").removeprefix("./")
    if not body:
        raise ValueError(f"the pattern {pattern!r} is empty")
    anchored = pattern.startswith("/") or "/" in body
    parts = [] if anchored else ["(?:.*/)?"]
    for token in _TOKEN.findall(body):
        if token == "**/":
            parts.append("(?:.*/)?")
        elif token == "/**":
            parts.append("/.+")
        elif token[0] == "*":
            parts.append("[^/]*" if len(token) == 1 else ".*")
        elif token == "?":
            parts.append("[^/]")
        elif token == "[":
            raise ValueError(f"the pattern {pattern!r} opens a '[' that it does not close")
        elif token[0] == "[":
            inner = token[1:-1]
            negated, inner = inner.startswith("!"), inner.removeprefix("!")
            chars = re.sub(r"([\\\[\]^&~|])", r"\\\1", inner)
            parts.append(f"[{'^/' if negated else ''}{chars}]")
        else:
            parts.append(re.escape(token))
    try:
        re.compile("".join(parts))
    except re.error as fault:
        raise ValueError(f"the pattern {pattern!r} is not a glob: {fault}") from fault
    return "".join(parts)
