"""What a collection could do with things, judged by the real policy, for collectors that ask."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from curate.collection import Declaration
from curate.model import Decision, Said
from curate.rights import Evidence, Use, decide, load


def judge(paid: bool = True, territory: tuple[str, ...] = ("US",)) -> Callable[[Said], Decision]:
    policy, use = load(), Use(paid=paid, territory=territory)

    def decided(said: Said) -> Decision:
        evidence = Evidence([Declaration()], said.statements)
        return decide(evidence, policy, use, date(2026, 1, 1))

    return decided
