"""Zenodo: open records with the files deposited in them (developers.zenodo.org).

It answers in its older representation, which names the first licence of several: what the files
themselves say counts besides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import quote

from curate.collection import Source
from curate.collectors.records import zenodo
from curate.collectors.records.fields import link, several, table, text
from curate.collectors.service import Offer, Results, Service, ServiceSource, quoted
from curate.collectors.web import urls
from curate.messages import msg
from curate.model import Message, Said, Trouble

HOME = "https://zenodo.org"
SIZE = 25
"""Records of one answer; strangers may not ask for more."""
PAGES = 400
"""Answers of one search: beyond 10,000 records there are none."""

_CREATIVE = (
    f"CC-{terms}-{version}"
    for terms in ("BY", "BY-SA", "BY-ND", "BY-NC", "BY-NC-SA", "BY-NC-ND")
    for version in ("1.0", "2.0", "2.5", "3.0", "4.0")
)
_OTHERS = """
CC0-1.0 CC-PDM-1.0 PDDL-1.0 Unlicense 0BSD MIT ISC BSD-2-Clause BSD-3-Clause Apache-2.0 MPL-2.0
GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later LGPL-2.1-or-later LGPL-3.0-only
LGPL-3.0-or-later AGPL-3.0-only AGPL-3.0-or-later GFDL-1.3-only GFDL-1.3-or-later OFL-1.1 ODbL-1.0
ODC-By-1.0 OGL-UK-3.0
""".split()
_LICENSES = {license.lower(): license for license in (*_CREATIVE, *_OTHERS)}
"""Its ids are those of SPDX in small letters."""

_CHECKSUM = re.compile(r"md5:[0-9a-f]{32}|sha1:[0-9a-f]{40}|sha256:[0-9a-f]{64}", re.I)
_MIB = 1 << 20

Resource = Literal[
    "", "publication", "poster", "presentation", "dataset", "image", "video", "software", "lesson",
    "other",
]  # fmt: skip


class ZenodoSource(
    ServiceSource, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="zenodo"
):
    """``type = "zenodo"``: files of open records on zenodo.org, under licences that the collection can
    use. ``search`` may hold what its guide to searches describes, such as "title:harbour"."""

    resource: Resource = ""
    """Only records of this type."""
    communities: tuple[str, ...] = ()
    """Only records of these communities, named as in their addresses."""
    suffixes: tuple[str, ...] = ()
    """Which files of a record to take: ".pdf", ".csv"; all where empty."""

    def __post_init__(self) -> None:
        if wrong := [one for one in self.suffixes if not re.fullmatch(r"\.[\w.]+", one)]:
            raise ValueError(
                f"suffixes: {wrong[0]!r} is no end of a file name; it begins with a dot"
            )

    @property
    def place(self) -> str:
        narrowed = ", ".join(filter(None, (self.resource, *self.communities, *self.suffixes)))
        return f"{super().place} ({narrowed})" if narrowed else super().place


class ZenodoCollector(Service):
    """Every file of every record is a candidate of its own."""

    options: ClassVar[type[Source]] = ZenodoSource
    name = "Zenodo"
    documented = (HOME,)
    interval = 2.0  # it allows strangers 30 searches a minute
    source: ZenodoSource

    def worded(self, keyword: str) -> str:
        return quoted(keyword)

    def offers(self, search: str) -> Iterator[Offer | Trouble]:
        ids = " OR ".join(f'"{code}"' for code in self.needed(_LICENSES))
        query: dict[str, object] = {
            "q": f"({search}) AND access_right:open AND license.identifier:({ids})",
            "sort": "bestmatch",
            "size": SIZE,
        }
        if self.source.resource:
            query["type"] = self.source.resource
        if self.source.communities:
            query["communities"] = self.source.communities
        results = Results(f"{self.name}: {search}")
        for page in range(1, PAGES + 1):
            answer = self.ask(f"{HOME}/api/records", query | {"page": page})
            found = table(answer.get("hits"))
            hits = self.entries(found, "hits")[:SIZE]
            if results.repeats(hits, found.get("total")):
                yield results.repeated()
                return
            for record in hits:
                yield from self._files(table(record))
            if len(hits) < SIZE:  # totals do not tell the last page: they change while one reads
                yield from results.missing()
                return
        reason = msg("no more than {count} results of a search are shown", count=PAGES * SIZE)
        yield Trouble(results.place, reason, retry=False)

    def _files(self, record: Mapping[str, Any]) -> Iterator[Offer | Trouble]:
        number = text(record.get("id")) or text(record.get("recid"))
        said = zenodo.said(record)
        if not re.fullmatch("[0-9]{1,15}", number):
            yield _left(said.url or self.name, msg("its record cannot be read"))
            return
        page = said.url or f"{HOME}/records/{number}"
        files = [table(one) for one in several(record.get("files"))]
        if any(one.license == zenodo.RESTRICTED for one in said.statements):
            yield _left(page, msg("its files are not open to everyone"))
        elif not files:
            yield _left(page, msg("there are no files in it"))
        else:
            for file in files:
                yield from self._file(number, file, said)

    def _file(self, number: str, file: Mapping[str, Any], said: Said) -> Iterator[Offer | Trouble]:
        key = text(file.get("key"))
        wanted = tuple(one.lower() for one in self.source.suffixes)
        if not key or (wanted and not key.lower().endswith(wanted)):
            return
        url = _address(number, key, file)
        size, most = file.get("size"), self.fetcher.settings.max_mb
        if isinstance(size, int) and size > most * _MIB:
            yield _left(url, msg("its file is larger than {limit} MiB", limit=most))
            return
        checksum = text(file.get("checksum")).lower()
        known = checksum if _CHECKSUM.fullmatch(checksum) else ""
        yield Offer(url, said, urls.suffix(f"{HOME}/{quote(key)}"), known, known)


def _address(number: str, key: str, file: Mapping[str, Any]) -> str:
    """Where the file lies. A link that leads anywhere else is not believed."""
    stated = link(table(file.get("links")).get("self"))
    if stated.startswith(f"{HOME}/"):
        return stated
    return f"{HOME}/api/records/{number}/files/{quote(key, safe='')}/content"


def _left(locator: str, reason: Message) -> Trouble:
    return Trouble(locator, reason, retry=False, hides=False)
