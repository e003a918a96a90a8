"""The engine in pure Python, for places where no wheel of tantivy exists: slower, finds the same."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

from whoosh import columns, index
from whoosh import fields as kinds
from whoosh.analysis.acore import Token
from whoosh.analysis.tokenizers import Tokenizer
from whoosh.codec.whoosh3 import W3Codec, W3Segment
from whoosh.index import LockError
from whoosh.query import compound, positional, qcore, spans, terms, wrappers

from curate.errors import CurateError
from curate.indexes import REBUILD, Facet, Filters, IndexBroken, Results
from curate.indexes.fields import (
    EXACT,
    SAID,
    TITLE_BONUS,
    WEIGHTS,
    admit,
    clean,
    exact_values,
    facets,
    key,
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

MEMORY = 64  # megabytes of postings kept before they are sorted out to disk
# whoosh says that it is typed, but not all of it is.
_EVERY: Any = qcore.Every
_SEGMENT: Any = W3Segment
_MANY = "\x1f"  # between the values of a field that has several
_FIELDS = "\x1e"  # between those of several fields


class Split(Tokenizer):
    """Takes a text apart at a separator: what arrives here are tokens already."""

    def __init__(self, separator: str) -> None:
        self.separator = separator

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Split) and self.separator == other.separator

    def __hash__(self) -> int:
        return hash(self.separator)

    def __call__(self, value: str, positions: bool = False, **options: Any) -> Iterator[Any]:
        token = Token(positions, **{k: v for k, v in options.items() if k in {"mode", "chars"}})
        token.boost = 1.0
        for position, text in enumerate(value.split(self.separator)):
            token.text = text
            token.pos = position
            yield token


class Codec(W3Codec):
    """whoosh's own, but a segment's name never repeats, however others seed the random generator."""

    def new_segment(self, storage: Any, indexname: str) -> Any:
        return _SEGMENT(self, indexname, segid=os.urandom(8).hex())


_CODEC: Any = Codec


class Near(spans.SpanNear):
    """whoosh's own, which cannot be part of an Or."""

    def estimate_size(self, reader: Any) -> int:
        return min(int(self.a.estimate_size(reader)), int(self.b.estimate_size(reader)))


_NEAR: Any = Near
_COLUMN: Any = columns.VarBytesColumn


class WhooshIndex:
    def __init__(self, folder: Path) -> None:
        check_marker(folder, "whoosh", "_MAIN_*.toc")
        self._folder = folder
        with self._sound():
            fresh = not index.exists_in(str(folder))
            opener = index.create_in if fresh else index.open_dir
            self._index: Any = opener(str(folder), **({"schema": _schema()} if fresh else {}))

    def update(self, documents: Iterable[Document], gone: Iterable[tuple[str, str]]) -> None:
        with self._writer() as writer:
            for collection, id_ in gone:
                writer.delete_by_term("key", key(collection, id_))
            added: dict[str, int] = {}
            for document in documents:
                name = key(document.collection, document.id)
                if name in added:
                    # The writer only deletes what earlier writers committed.
                    writer.newsegment.delete_document(added[name])
                elif writer.segments:
                    writer.delete_by_term("key", name)
                added[name] = writer.docnum
                writer.add_document(**_entry(document, name))

    def clear(self) -> None:
        with self._writer() as writer:
            writer.delete_by_query(_EVERY())

    def count(self) -> int:
        with self._sound():
            return int(self._index.doc_count())

    def search(self, query: Node | str, filters: Filters, limit: int, offset: int = 0) -> Results:
        node = parse(query) if isinstance(query, str) else query
        with self._sound(), self._index.searcher() as searcher:
            return _search(searcher, node, filters, max(limit, 0), max(offset, 0))

    def facets(self, query: Node | str, filters: Filters, most: int = 10) -> tuple[Facet, ...]:
        node = parse(query) if isinstance(query, str) else query
        with self._sound(), self._index.searcher() as searcher:
            # One column has all values of a document, and few documents differ in them.
            column = searcher.reader().column_reader("counted")
            rows = Counter(column[at] for _, at in _rows(searcher, node, filters))
            counts: dict[str, Counter[str]] = {field: Counter() for field in EXACT}
            for row, count in rows.items():
                for field, values in zip(EXACT, row.decode().split(_FIELDS), strict=False):
                    counts[field].update({value: count for value in values.split(_MANY) if value})

            def best(field: str, value: str) -> Hit | None:
                having = And((node, Exact(field, value)))
                return next(iter(_search(searcher, having, filters, 1, 0).hits), None)

            return facets(counts, most, best)

    def frequency(self, field: str, token: str) -> int:
        with self._sound(), self._index.reader() as reader:
            return int(reader.doc_frequency(field, token))

    def vocabulary(self, field: str, start: str) -> list[tuple[str, int]]:
        with self._sound(), self._index.reader() as reader:
            if field not in reader.schema:
                return []
            found = reader.iter_prefix(field, start)
            return [(term.decode(), int(info.doc_frequency())) for term, info in found]

    @contextmanager
    def _writer(self) -> Iterator[Any]:
        """A writer whose changes are all committed, or none. Raises CurateError where one is open."""
        try:
            with self._sound():
                writer = self._index.writer(limitmb=MEMORY, codec=_CODEC())
        except LockError as fault:
            raise CurateError(
                f"another process is writing to the search index in {self._folder}",
                "wait until it is done and run the command again",
            ) from fault
        try:
            yield writer
        except BaseException:
            writer.cancel()
            raise
        with self._sound():
            writer.commit()

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except (CurateError, LockError):
            raise
        except Exception as fault:
            # A damaged file raises whatever reading it happens to raise.
            first = f"{type(fault).__name__}: {fault}".partition("\n")[0][:200]
            raise IndexBroken(
                f"the search index in {self._folder} cannot be used: {first}", REBUILD
            ) from fault


def _schema() -> Any:
    words = {name: kinds.TEXT(analyzer=Split(" "), phrase=True) for name in WEIGHTS}
    values = {name: kinds.ID(analyzer=Split(_MANY)) for name in EXACT}
    # The key is also a column: equal scores are ordered by it.
    return kinds.Schema(
        **words,
        **values,
        key=kinds.ID(unique=True, sortable=True),
        shown=kinds.STORED(),
        counted=kinds.COLUMN(_COLUMN()),
    )


def _entry(document: Document, name: str) -> dict[str, Any]:
    values: dict[str, str] = {}
    for field, value in exact_values(document):
        values[field] = f"{values[field]}{_MANY}{value}" if field in values else value
    counted = _FIELDS.join(values.get(field, "") for field in EXACT).encode()
    words = dict(word_fields(document))
    return {**words, **values, "key": name, "shown": shown(document), "counted": counted}


def _rows(searcher: Any, node: Node, filters: Filters) -> list[tuple[float, int]]:
    """(score, document number) of all matches, the highest score first."""
    conditions: list[Any] = [terms.Term(field, value) for field, value in admit(filters)]
    hidden = [terms.Prefix("key", key("", id_)) for id_ in filters.without]
    wanted = _ranked(node)
    if next(phrases(node), None) is None:
        wanted = wrappers.ConstantScoreQuery(wanted)  # no words, no score
    found = searcher.search(
        wanted,
        limit=None,
        filter=compound.And(conditions) if conditions else None,
        mask=compound.Or(hidden) if hidden else None,
    )
    rows: list[tuple[float, int]] = found.top_n
    return rows


def _search(searcher: Any, node: Node, filters: Filters, limit: int, offset: int) -> Results:
    rows = _rows(searcher, node, filters)
    end = min(offset + limit, len(rows))
    if offset >= end:
        return Results(len(rows), ())
    # Only what ties with the page has to be put in order.
    first, last = offset, end
    while first and rows[first - 1][0] == rows[offset][0]:
        first -= 1
    while last < len(rows) and rows[last][0] == rows[end - 1][0]:
        last += 1
    names = searcher.reader().column_reader("key")
    near = sorted((-score, names[at], at) for score, at in rows[first:last])
    page = near[offset - first : end - first]
    return Results(
        len(rows),
        tuple(unshown(searcher.stored_fields(at)["shown"], -score) for score, _, at in page),
    )


def _ranked(node: Node) -> Any:
    """``node``, with a bonus for saying all of it in order; the bonus finds nothing by itself."""
    found = _query(node)
    words = tuple(map(stem, sentence(node)))
    if len(words) < 2:
        return found
    bonus = [_words(words, "title", TITLE_BONUS)]
    if not isinstance(node, Phrase) and len(words) <= SAID:
        bonus.append(_words(words, "text", 1.0))
    return compound.AndMaybe(found, compound.Or(bonus))


def _query(node: Node) -> Any:
    match node:
        case Phrase(tokens, field, prefix):
            names = {field: WEIGHTS[field]} if field else WEIGHTS
            each = _beginning if prefix else _words
            return compound.Or([each(tokens, name, weight) for name, weight in names.items()])
        case Exact(field, value, prefix):
            kind = terms.Prefix if prefix else terms.Term
            return wrappers.ConstantScoreQuery(kind(field, clean(value)))
        case And(parts):
            return compound.And([_query(part) for part in parts])
        case Or(parts):
            return compound.Or([_query(part) for part in parts])
        case Not(part):
            rest = compound.AndNot(_EVERY(), _query(part))
            return wrappers.ConstantScoreQuery(rest)
        case All():
            return wrappers.ConstantScoreQuery(_EVERY())
        case Nothing():
            return qcore.NullQuery


def _words(tokens: tuple[str, ...], field: str, weight: float) -> Any:
    stems = [stem(token) for token in tokens]
    if len(stems) == 1:
        return terms.Term(field, stems[0], boost=weight)
    if ANY in stems:
        return wrappers.ConstantScoreQuery(_gapped(stems, field), weight)
    return positional.Phrase(field, stems, boost=weight)


def _gapped(stems: list[str], field: str) -> Any:
    """``stems`` at their distances; whoosh's own phrases have no gap of a certain width."""
    places = [at for at, one in enumerate(stems) if one != ANY]
    found: Any = terms.Term(field, stems[places[0]])
    for before, at in pairwise(places):
        far = at - before
        found = _NEAR(found, terms.Term(field, stems[at]), slop=far, mindist=far)
    return found


def _beginning(tokens: tuple[str, ...], field: str, weight: float) -> Any:
    *before, last = tokens
    shorter = [terms.Term(field, word) for word in sorted(completions(last))]
    found: Any = compound.Or([terms.Prefix(field, last), *shorter])
    if before:
        found = compound.And([found, _words(tuple(before), field, 1.0)])
    return wrappers.ConstantScoreQuery(found, weight)
