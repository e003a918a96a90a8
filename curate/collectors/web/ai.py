"""ai.txt (spawning.ai): which files may be used to train models."""

from __future__ import annotations

from dataclasses import dataclass

from curate.collectors.web import groups
from curate.collectors.web.scope import Scope


@dataclass(frozen=True, slots=True)
class Rule:
    scope: Scope
    allows: bool
    words: str  # "Disallow: *.pdf"


def parse(data: bytes, base: str) -> tuple[Rule, ...]:
    """The rules for everyone or for us; () for what is no such file."""
    text = data.decode("utf-8-sig", "replace")
    if text.lstrip().startswith("<"):
        return ()  # a page that says there is no such file
    found = []
    for name, value in groups.read(text).group:
        if name in ("allow", "disallow") and (scope := Scope.of(value, base)):
            found.append(Rule(scope, name == "allow", f"{name.title()}: {value[:900]}"))
    return tuple(found)


def holding(rules: tuple[Rule, ...], url: str) -> Rule | None:
    """The rule that is most about ``url``; of equal ones, the one that allows (RFC 9309, 2.2.2)."""
    return max(
        (rule for rule in rules if rule.scope.covers(url)),
        key=lambda rule: (rule.scope.size, rule.allows),
        default=None,
    )
