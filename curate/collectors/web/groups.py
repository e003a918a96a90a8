"""The records of files in the manner of robots.txt (RFC 9309, 2.2.1), of whatever name."""

from __future__ import annotations

from dataclasses import dataclass

AGENT = "curate"
MOST = 10_000
"""Records that are read; files with more are made to be a burden."""
_AGENTS = frozenset({"user-agent", "useragent", "user agent"})
_EVERYWHERE = frozenset({"sitemap", "host"})

Record = tuple[str, str]
"""Name in lower case, and value."""


@dataclass(frozen=True, slots=True)
class Records:
    """What is said to us, by name or with everyone, and what is said outside of all groups."""

    group: tuple[Record, ...] = ()
    outside: tuple[Record, ...] = ()

    def named(self, name: str) -> tuple[str, ...]:
        """Values of our group, or else of those that stand outside."""
        for records in (self.group, self.outside):
            if found := tuple(value for one, value in records if one == name and value):
                return found
        return ()


def read(text: str) -> Records:
    """Never fails: lines that are no records are left out."""
    ours: list[Record] = []
    everyone: list[Record] = []
    outside: list[Record] = []
    agents: set[str] = set()
    named, opening = False, False
    for name, value in _records(text):
        if name in _AGENTS:
            agents = agents if opening else set()
            agents.add(value.lower().partition("/")[0].strip())
            opening = True
            named = named or bool(agents & {AGENT, f"{AGENT}*"})
            continue
        opening = opening and name in _EVERYWHERE
        if not agents:
            outside.append((name, value))
        if agents & {AGENT, f"{AGENT}*"}:
            ours.append((name, value))
        elif "*" in agents:
            everyone.append((name, value))
    return Records(tuple(ours if named else everyone), tuple(outside))


def _records(text: str) -> list[Record]:
    found: list[Record] = []
    for line in text.splitlines():
        name, colon, value = line.partition("#")[0].partition(":")
        if colon and len(found) < MOST:
            found.append((" ".join(name.lower().split()), value.strip()))
    return found
