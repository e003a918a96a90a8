"""What went wrong, what to do about it, and the exit codes that say so to a shell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    PROBLEMS = 1
    USAGE = 2
    PARTIAL = 3


class CurateError(Exception):
    """A fault the user can act on.

    ``message`` names the path, URL or key; ``hint`` says what to do next. Raised where the fact is
    known, caught once at the edge (the command line).
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type[CurateError], tuple[str, str]]:
        # Errors travel back from worker processes, so they have to pickle with both parts.
        return (type(self), (self.message, self.hint))


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file a person wrote or a bundle a person received."""

    where: str  # "collections/x/collection.toml:12" or a path inside a bundle
    what: str
    hint: str = ""
    severity: str = "error"  # or "warning"

    def __str__(self) -> str:
        tail = f" ({self.hint})" if self.hint else ""
        return f"{self.where}: {self.what}{tail}"


class ConfigError(CurateError):
    """Every problem of a configuration at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        noun = "problem" if len(self.problems) == 1 else "problems"
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(
            f"{len(self.problems)} {noun} in the configuration:\n{listing}",
            "correct these lines and run the command again",
        )

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Problem, ...]]]:  # type: ignore[override]
        return (type(self), (self.problems,))
