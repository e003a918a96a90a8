"""The default engine: tantivy, Lucene's design in Rust."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tantivy
from tantivy import Occur, Query

from curate.errors import CurateError
from curate.indexes import REBUILD, Facet, Filters, IndexBroken, Results
from curate.indexes.fields import (
    COUNTED,
    EXACT,
    SAID,
    TITLE_BONUS,
    WEIGHTS,
    admit,
    clean,
    exact_values,
    facets,
    key,
    rank,
    shown,
    unshown,
    word_fields,
)
from curate.indexes.marker import check_marker
from curate.indexes.query import (
    ANY,
    All,
    And,
    Exact,
    Node,
    Not,
    Nothing,
    Or,
    Phrase,
    parse,
    phrases,
    sentence,
)
from curate.indexes.tokens import completions, stem
from curate.model import Document, Hit

HEAP = 64_000_000  # bytes the writer may fill before it writes a segment
VALUES = 10_000  # of one facet that are counted
_NONE = Filters()
_FIELDS = list(WEIGHTS)
_BONUS = {**WEIGHTS, "title": WEIGHTS["title"] + TITLE_BONUS}
AHEAD = 64  # hits fetched at least: most ties end before, and asking twice costs twice


class TantivyIndex:
    def __init__(self, folder: Path) -> None:
        check_marker(folder, "tantivy", "meta.json")
        self._folder = folder
        self._meta = str(folder / "meta.json")
        self._schema = _schema()
        self._read: tuple[int, int, int] | None = None  # the state that the searcher is of
        self._now: Any = None
        with self._sound():
            self._index = tantivy.Index(self._schema, str(folder))
            # Readers look at the disk when they search; no thread has to watch it.
            self._index.config_reader("manual")
        self._searcher()

    def update(self, documents: Iterable[Document], gone: Iterable[tuple[str, str]]) -> None:
        with self._writer() as writer:
            # Every segment looks up every deletion: an empty index is spared those that find nothing.
            fresh = self._searcher().num_docs == 0
            added: set[str] = set()
            for collection, id_ in gone:
                writer.delete_documents_by_term("key", key(collection, id_))
            for document in documents:
                name = key(document.collection, document.id)
                entry = _entry(document, name)
                with self._sound():
                    if not fresh or name in added:
                        writer.delete_documents_by_term("key", name)
                    writer.add_document(entry)
                if fresh:
                    added.add(name)

    def clear(self) -> None:
        with self._writer() as writer:
            writer.delete_all_documents()

    def count(self) -> int:
        return int(self._searcher().num_docs)

    def frequency(self, field: str, token: str) -> int:
        return int(self._searcher().doc_freq(field, token))

    def vocabulary(self, field: str, start: str) -> list[tuple[str, int]]:
        return sorted(self._searcher().terms_with_prefix(field, start))

    def facets(self, query: Node | str, filters: Filters, most: int = 10) -> tuple[Facet, ...]:
        node = parse(query) if isinstance(query, str) else query
        with self._sound():
            searcher = self._searcher()
            wanted = self._filtered(self._query(node), filters)
            asked = {
                field: {"terms": {"field": field, "size": VALUES}} for field in COUNTED.values()
            }
            told = searcher.aggregate(wanted, asked)

            def best(field: str, value: str) -> Hit | None:
                having = [(Occur.Must, wanted), (Occur.Must, self._term(field, value))]
                _, hits = _page(searcher, Query.boolean_query(having), _scored(node), 0, 1)
                return next(iter(hits), None)

            counts = {
                field: {one["key"]: one["doc_count"] for one in told[field]["buckets"]}
                for field in asked
            }
            return facets(counts, most, best)

    def search(self, query: Node | str, filters: Filters, limit: int, offset: int = 0) -> Results:
        node = parse(query) if isinstance(query, str) else query
        with self._sound():
            return self._search(node, filters, max(limit, 0), max(offset, 0))

    def _search(self, node: Node, filters: Filters, limit: int, offset: int) -> Results:
        searcher = self._searcher()
        wanted = self._filtered(self._ranked(node), filters)
        end = min(offset + limit, searcher.num_docs)
        if end == 0 or limit == 0:
            return Results(searcher.search(wanted, 1).count, ())
        return Results(*_page(searcher, wanted, _scored(node), offset, end))

    def _ranked(self, node: Node) -> Query:
        """``node``, with a bonus for saying all of it in order; the bonus finds nothing by itself."""
        parts = node.parts if isinstance(node, And) else (node,)
        words = tuple(map(stem, sentence(node)))
        phrases = [part for part in parts if isinstance(part, Phrase)]
        if words and ANY not in words and len(phrases) == len(parts):
            return self._said(phrases, words)
        found = self._query(node)
        if len(words) < 2:
            return found
        bonus = [self._boosted(words, "title", TITLE_BONUS)]
        if len(words) <= SAID:
            bonus.append(self._boosted(words, "text", 1.0))
        return Query.boolean_query([(Occur.Must, found), *((Occur.Should, one) for one in bonus)])

    def _said(self, phrases: Sequence[Phrase], words: tuple[str, ...]) -> Query:
        """What most people ask for, words and no more. Tokens have nothing that tantivy's own syntax
        obeys, and its parser makes the same query as `_query` in half the time."""
        whole = " ".join(words)
        if len(phrases) == 1:
            boosts = _BONUS if len(words) > 1 else WEIGHTS
            return self._index.parse_query(f'"{whole}"', _FIELDS, field_boosts=boosts)
        asked = [f'+"{" ".join(map(stem, phrase.tokens))}"' for phrase in phrases]
        asked.append(f'title:"{whole}"^{TITLE_BONUS / WEIGHTS["title"]}')
        if len(words) <= SAID:
            asked.append(f'text:"{whole}"')
        return self._index.parse_query(" ".join(asked), _FIELDS, field_boosts=WEIGHTS)

    def _filtered(self, query: Query, filters: Filters) -> Query:
        if filters == _NONE:
            return query
        conditions = [
            (Occur.Must, Query.const_score_query(self._term(field, value), 0.0))
            for field, value in admit(filters)
        ]
        conditions += [
            (Occur.MustNot, self._beginning("key", key("", id_))) for id_ in filters.without
        ]
        return Query.boolean_query([(Occur.Must, query), *conditions])

    def _query(self, node: Node) -> Query:
        match node:
            case Phrase(tokens, field, prefix):
                names = {field: WEIGHTS[field]} if field else WEIGHTS
                if not prefix:
                    tokens = tuple(map(stem, tokens))
                    return _any([self._boosted(tokens, *one) for one in names.items()])
                return _any([self._begun(tokens, *one) for one in names.items()])
            case Exact(field, value, prefix):
                value = clean(value)
                found = self._beginning(field, value) if prefix else self._term(field, value)
                return Query.const_score_query(found, 1.0)
            case And(parts):
                return Query.boolean_query([self._clause(part) for part in parts])
            case Or(parts):
                return _any([self._query(part) for part in parts])
            case Not():
                return Query.boolean_query([self._clause(node)])
            case All():
                return Query.const_score_query(Query.all_query(), 1.0)
            case Nothing():
                return Query.empty_query()

    def _clause(self, node: Node) -> tuple[Occur, Query]:
        if isinstance(node, Not):
            rest = [(Occur.Must, Query.all_query()), (Occur.MustNot, self._query(node.part))]
            return Occur.Must, Query.const_score_query(Query.boolean_query(rest), 1.0)
        return Occur.Must, self._query(node)

    def _begun(self, tokens: tuple[str, ...], field: str, weight: float) -> Query:
        *before, last = tokens
        shorter = [self._term(field, word) for word in sorted(completions(last))]
        found = _any([self._beginning(field, last), *shorter])
        if before:
            stems = tuple(map(stem, before))
            found = Query.boolean_query(
                [(Occur.Must, found), (Occur.Must, self._boosted(stems, field, 1.0))]
            )
        return Query.const_score_query(found, weight)

    def _boosted(self, stems: tuple[str, ...], field: str, weight: float) -> Query:
        if len(stems) == 1:
            found = self._term(field, stems[0])
        elif ANY in stems:
            known: list[str | tuple[int, str]] = [
                (at, one) for at, one in enumerate(stems) if one != ANY
            ]
            found = Query.phrase_query(self._schema, field, known)
        else:
            found = Query.phrase_query(self._schema, field, list(stems))
        return found if weight == 1.0 else Query.boost_query(found, weight)

    def _term(self, field: str, value: str) -> Query:
        return Query.term_query(self._schema, field, value)

    def _beginning(self, field: str, start: str) -> Query:
        return Query.regex_query(self._schema, field, f"{_escaped(start)}.*")

    def _searcher(self) -> Any:
        """Of what was committed last. Every commit replaces one small file: if that is the same, so is all."""
        try:
            meta = os.stat(self._meta)  # noqa: PTH116 - for every query, and several times as fast
        except OSError as fault:
            raise self._broken(fault) from fault
        state = (meta.st_ino, meta.st_mtime_ns, meta.st_size)
        if state != self._read:
            with self._sound():
                self._index.reload()
                self._now = self._index.searcher()
            self._read = state
        return self._now

    @contextmanager
    def _writer(self) -> Iterator[Any]:
        """A writer whose changes are all committed, or none. Raises CurateError where one is open."""
        try:
            # One thread: the order of documents, and so the files, follow from the input alone.
            writer = self._index.writer(HEAP, 1)
        except ValueError as fault:
            if "LockBusy" in str(fault):
                raise CurateError(
                    f"another process is writing to the search index in {self._folder}",
                    "wait until it is done and run the command again",
                ) from fault
            raise self._broken(fault) from fault
        try:
            self._sweep()
            yield writer
            with self._sound():
                writer.commit()
        except BaseException:
            with suppress(ValueError):  # what went wrong first is what has to be told
                writer.rollback()
            raise
        finally:
            writer.wait_merging_threads()  # also lets go of the lock

    def _sweep(self) -> None:
        """Remove lists of deletions that a writer was killed over, in the writer's lock.

        Each is named after the operation that it is of, and operations are counted on from the last commit: the
        next writer would come to the same name, and tantivy refuses to overwrite.
        """
        try:
            committed = int(json.loads(Path(self._meta).read_bytes())["opstamp"])
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise self._broken(fault) from fault
        for path in self._folder.glob("*.*.del"):
            operation = path.name.split(".")[1]
            if operation.isdecimal() and int(operation) > committed:
                path.unlink(missing_ok=True)

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except (ValueError, OSError) as fault:
            raise self._broken(fault) from fault
        except BaseException as fault:
            # Rust panics on some damaged files; that is no Exception in Python.
            if type(fault).__name__ != "PanicException":
                raise
            raise self._broken(fault) from fault

    def _broken(self, fault: BaseException) -> CurateError:
        first = str(fault).partition("\n")[0][:200]
        if "PermissionDenied" in first or "ReadOnlyFilesystem" in first or "Read-only" in first:
            return CurateError(
                f"the search index in {self._folder} cannot be opened: {first}",
                "tantivy locks a file even to read: search from an account that may write there",
            )
        return IndexBroken(f"the search index in {self._folder} cannot be used: {first}", REBUILD)


def _schema() -> Any:
    builder = tantivy.SchemaBuilder()
    for name in WEIGHTS:
        builder.add_text_field(name, tokenizer_name="whitespace", index_option="position")
    for name in EXACT:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("rank", fast=True)
    builder.add_bytes_field("shown", stored=True)
    return builder.build()


def _entry(document: Document, name: str) -> Any:
    entry = tantivy.Document()
    for field, words in word_fields(document):
        entry.add_text(field, words)
    for field, value in exact_values(document):
        entry.add_text(field, value)
    entry.add_text("key", name)
    entry.add_unsigned("rank", rank(document.id))
    entry.add_bytes("shown", shown(document))
    return entry


def _hit(searcher: Any, at: Any, score: float) -> Hit:
    return unshown(bytes(searcher.doc(at).get_first("shown")), score)


def _page(
    searcher: Any, query: Query, scored: bool, offset: int, end: int
) -> tuple[int, tuple[Hit, ...]]:
    """How many match, and the matches ``offset`` to ``end`` by score, id, collection.

    tantivy orders equal scores by where the documents lie, which changes as segments merge; so all
    that tie with the last one wanted are fetched and ordered here.
    """
    # Where nothing has a score, the engine's own column can order and no tie is large.
    order = {} if scored else {"order_by_field": "rank", "order": tantivy.Order.Asc}
    reach = max(end + 1, AHEAD)
    while True:
        result = searcher.search(query, reach, **order)
        hits = result.hits
        if len(hits) < reach or hits[-1][0] != hits[end - 1][0]:
            break
        reach *= 8
    first, last = _tied(hits, offset, end)
    some, offset, end = hits[first:last], offset - first, end - first
    if len(some) > 2 * (end - offset):  # many ties: their order is known without opening them
        ranks = searcher.fast_field_values("rank", [at for _, at in some])
        rows = sorted(
            ((-value if scored else -1.0, place), number)
            for number, ((value, _), place) in enumerate(zip(some, ranks, strict=True))
        )
        # One resource in several collections has one rank: those around the page belong to its order.
        first, last = _tied(rows, offset, end)
        some, offset, end = (
            [some[number] for _, number in rows[first:last]],
            offset - first,
            end - first,
        )
    page = [_hit(searcher, at, score if scored else 1.0) for score, at in some]
    if len(page) > 1:
        page.sort(key=lambda hit: (-hit.score, rank(hit.id), hit.id, hit.collection))
    return result.count, tuple(page[offset:end])


def _tied(rows: Sequence[tuple[object, object]], offset: int, end: int) -> tuple[int, int]:
    """``offset`` and ``end`` moved outward, beyond rows that begin as the first and the last between them."""
    first, last = min(offset, len(rows)), min(end, len(rows))
    while 0 < first < last and rows[first - 1][0] == rows[first][0]:
        first -= 1
    while first < last < len(rows) and rows[last - 1][0] == rows[last][0]:
        last += 1
    return first, last


def _scored(node: Node) -> bool:
    """Whether ``node`` has words: what has none matches all alike."""
    return next(phrases(node), None) is not None


def _any(queries: list[Query]) -> Query:
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def _escaped(text: str) -> str:
    return "".join(
        c if c.isalnum() or c in " _\x1f" else f"\\{c}" if c.isascii() else c for c in text
    )
