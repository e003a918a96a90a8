"""CONTENTS.pdf and TUTORIAL.pdf, set by typst from data: no title ever becomes markup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from curate.bundle.pages import Content


def write(content: Content, pictures: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every PDF; none where the collection wants none."""
    yield from ()
