"""What a database is asked while a block runs, and which tables it has to read whole for it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from curate.shop import Shop


class Asked:
    """Plans do not depend on how many rows there are: nothing here is measured by ``ANALYZE``."""

    def __init__(self, own: Shop) -> None:
        self.engine = own.database.engine
        self.statements: list[tuple[str, Any]] = []

    def __enter__(self) -> Asked:
        event.listen(self.engine, "before_cursor_execute", self._one)
        return self

    def __exit__(self, *_: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._one)

    def _one(self, _: Any, __: Any, text: str, values: Any, ___: Any, many: bool) -> None:
        if not many and text.lstrip().startswith(("SELECT", "UPDATE", "DELETE")):
            self.statements.append((text, values))

    def plans(self) -> list[list[str]]:
        """The steps of each statement, as SQLite tells them."""
        raw = self.engine.raw_connection()
        try:
            cursor = raw.cursor()
            return [
                [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()]
                for text, values in self.statements
            ]
        finally:
            raw.close()

    def scanned(self) -> set[str]:
        """Tables that were read from end to end."""
        steps = [step.split() for plan in self.plans() for step in plan]
        return {words[1] for words in steps if words[0] == "SCAN" and "USING" not in words}
