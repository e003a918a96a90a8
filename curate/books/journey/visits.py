"""How often links were followed, by day; by whom is asked of nobody.

Whoever follows a link does not wait for that: counts are kept for a moment and written together. A process that
is killed loses the last moment's, one that ends writes them.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from curate.database.tables import visits
from curate.errors import CurateError
from curate.shop import calendar

if TYPE_CHECKING:
    from curate.shop import Shop

_MOMENT = 0.5
_MOST = 10_000
"""Pairs of code and day that are kept where the database takes none."""
_log = logging.getLogger("curate.serve")


class Visits:
    """Counts of one shop, from any thread."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._zone = calendar.zone(shop.settings.books.timezone)
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self._begun = False

    def add(self, code: str) -> None:
        """One more, today."""
        day = str(calendar.day(self._shop.now(), self._zone))
        with self._lock:
            if len(self._counts) < _MOST or (code, day) in self._counts:
                self._counts[code, day] += 1
            begin, self._begun = not self._begun, True
        if begin:
            # No daemon: Python waits for it at the end, and so nothing is lost.
            threading.Timer(_MOMENT, self.write).start()

    def write(self) -> None:
        """What was counted since the last time; kept for the next time where the database does not take it."""
        with self._lock:
            counts, self._counts, self._begun = self._counts, Counter(), False
        if not counts:
            return
        rows = [{"code": code, "day": day, "count": n} for (code, day), n in sorted(counts.items())]
        query = self._shop.database.insert(visits)
        more = {"count": visits.c.count + query.excluded.count}
        try:
            with self._shop.database.writing() as connection:
                connection.execute(
                    query.on_conflict_do_update(index_elements=["code", "day"], set_=more), rows
                )
        except (SQLAlchemyError, CurateError) as fault:
            _log.error("visits are not counted: %s", type(fault).__name__)
            with self._lock:
                self._counts.update(counts)
