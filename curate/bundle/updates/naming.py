"""What update packs are called: NAME-1.2.0-part1of3.zip → NAME-1.1.0-to-1.2.0-part1of3.zip, and back."""

from __future__ import annotations


def pack(file: str, before: str, now: str) -> str:
    """The pack that leads from version ``before`` to the archive ``file`` of version ``now``."""
    name, rest = _around(file, now)
    return f"{name}-{before}-to-{now}{rest}"


def since(pack: str, file: str, now: str) -> str:
    """The version that ``pack`` leads from; "" where it is no pack of ``file``."""
    name, rest = _around(file, now)
    end = f"-to-{now}{rest}"
    return (
        pack[len(name) + 1 : -len(end)]
        if pack.startswith(f"{name}-") and pack.endswith(end)
        else ""
    )


def _around(file: str, now: str) -> tuple[str, str]:
    name, _, rest = file.rpartition(f"-{now}")
    return name, rest
