"""OpenAlex: works of research, with the places that their copies lie at (developers.openalex.org).

A licence belongs to one copy, never to the work, and its version is not said. The files lie on the
servers of publishers and repositories.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from curate.collection import Source
from curate.collectors.records import openalex
from curate.collectors.records.fields import line, link, several, table, text
from curate.collectors.service import ANSWER, Offer, Results, Service, ServiceSource, quoted
from curate.errors import CurateError
from curate.fetch import StatusError
from curate.messages import msg
from curate.model import Trouble

API = "https://api.openalex.org"
SIZE = 100
"""Works of one answer: the most, for each answer is paid from the day's budget."""

_LICENSES = {
    "apache-2-0": "Apache-2.0",
    "cc-by": "LicenseRef-CC-BY-unversioned",
    "cc-by-nc": "LicenseRef-CC-BY-NC-unversioned",
    "cc-by-nc-nd": "LicenseRef-CC-BY-NC-ND-unversioned",
    "cc-by-nc-sa": "LicenseRef-CC-BY-NC-SA-unversioned",
    "cc-by-nd": "LicenseRef-CC-BY-ND-unversioned",
    "cc-by-sa": "LicenseRef-CC-BY-SA-unversioned",
    "gpl-v2": "GPL-2.0-only",
    "gpl-v3": "GPL-3.0-only",
    "isc": "ISC",
    "mit": "MIT",
    "public-domain": "CC-PDM-1.0",
}
"""All its codes but the one that only says free to read."""
_KINDS = ("application/pdf", "application/x-pdf")


class OpenAlexSource(
    ServiceSource, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="openalex"
):
    """``type = "openalex"``: the PDF of works that have a copy with a licence of its own. OpenAlex has a
    budget for each day: without a key it is soon used up."""

    types: tuple[Annotated[str, Meta(pattern="^[a-z-]+$")], ...] = ()
    """Only works of these types: "article", "book", "dataset"; all where empty."""
    account: str = ""
    """Name of the account whose token is your API key: "openalex" is read from CURATE_OPENALEX_TOKEN or the
    keyring. Keys are free (openalex.org/settings/api)."""

    @property
    def place(self) -> str:
        return f"{super().place} ({', '.join(self.types)})" if self.types else super().place


class OpenAlexCollector(Service):
    """Of each work the first copy that has both a PDF and a licence that may do."""

    options: ClassVar[type[Source]] = OpenAlexSource
    name = "OpenAlex"
    documented = (API,)
    source: OpenAlexSource

    def worded(self, keyword: str) -> str:
        return quoted(keyword)

    def offers(self, search: str) -> Iterator[Offer | Trouble]:
        usable = self.needed(_LICENSES)
        filters = ["is_oa:true", f"locations.license:{'|'.join(usable)}"]
        if self.source.types:
            filters.append(f"type:{'|'.join(self.source.types)}")
        query = {"search": search, "filter": ",".join(filters), "per-page": SIZE}
        results = Results(f"{self.name}: {search}")
        cursor, known = "*", {""}
        while cursor not in known:
            known.add(cursor)
            answer = self._page(query | {"cursor": cursor})
            works, meta = self.entries(answer, "results"), table(answer.get("meta"))
            if results.repeats(works, meta.get("count")):
                break
            for work in works:
                yield self._offer(table(work), usable)
            cursor = text(meta.get("next_cursor")) if works else ""
        if cursor:
            yield results.repeated()
        else:
            yield from results.missing()

    def _page(self, query: Mapping[str, object]) -> Mapping[str, Any]:
        try:
            return self.ask(f"{API}/works", query)
        except StatusError as fault:
            hints = {
                400: "correct `search` and `types` in the source",
                401: "the key of `account` is not valid: look at openalex.org/settings/api",
                403: "it is asked too fast, or does not know the key: run again later",
                429: "its budget for today is used up: run again tomorrow",
            }
            hint = hints.get(fault.status, fault.hint)
            if fault.status in (403, 429) and not self.source.account:
                hint += ", or give `account`: a key is free and gives more"
            raise CurateError(fault.message, hint) from fault

    def read(self, url: str) -> bytes:
        if not self.source.account:
            return super().read(url)
        from curate.fetch.credentials import account

        key = account(self.source.account)
        secret = {"api_key": key.token or key.password}
        with self.fetcher.get(url, limit=ANSWER, secret=secret) as got:
            return got.body.read()

    def _offer(self, work: Mapping[str, Any], usable: list[str]) -> Offer | Trouble:
        copies = list(_copies(work))
        fit = [one for one in copies if line(one.get("license")) in usable]
        if not copies:
            reason = msg("none of its copies has both a PDF and a licence of its own")
            page = openalex.said(work).url
            return Trouble(page or self.name, reason, retry=False, hides=False)
        copy = (fit or copies)[0]
        said = openalex.said({**work, "best_oa_location": copy})
        # The date of its record changes daily, the file does not.
        stamp = f"{line(work.get('id'))} {line(copy.get('version'))}"
        return Offer(link(copy.get("pdf_url")), said, ".pdf", stamp, kinds=_KINDS)


def _copies(work: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Places with a PDF and a licence, that which OpenAlex holds for the best first."""
    best = (work.get("best_oa_location"), work.get("primary_location"))
    for copy in map(table, (*best, *several(work.get("locations")))):
        if (
            link(copy.get("pdf_url"))
            and line(copy.get("license"))
            and copy.get("is_oa") is not False
        ):
            yield copy
