"""What curate's search is compared with: the same documents in other engines, as their manuals show."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from curate.indexes import Filters
from curate.indexes import fields as entries
from curate.indexes.tantivy import TantivyIndex
from curate.indexes.tantivy import _entry as ready
from curate.indexes.tantivy import _schema as schema
from curate.indexes.tokens import stem, tokens
from curate.indexes.whoosh import WhooshIndex
from curate.model import Document

SINGLE = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}"
Search = Callable[[str, int], list[str]]
"""A query as typed, at most so many → ids, best first."""


def curate(folder: Path, documents: Iterable[Document] | None = None) -> Search:
    """The default engine."""
    return _ours(TantivyIndex(folder), documents)


def curate_whoosh(folder: Path, documents: Iterable[Document] | None = None) -> Search:
    return _ours(WhooshIndex(folder), documents)


def _ours(index: Any, documents: Iterable[Document] | None) -> Search:
    if documents is not None:
        index.update(documents, [])

    def search(query: str, limit: int) -> list[str]:
        return [hit.id for hit in index.search(query, Filters(), limit).hits]

    return search


def tantivy(folder: Path, documents: Iterable[Document] | None = None) -> Search:
    """tantivy with its own analyzer that has the same recall, the same fields and stored values."""
    from tantivy import Document as Entry
    from tantivy import Filter, Index, TextAnalyzerBuilder, Tokenizer

    rule = rf"[{SINGLE}]|[^\W_{SINGLE}]+"
    words = TextAnalyzerBuilder(Tokenizer.regex(rule)).filter(Filter.lowercase())
    words = words.filter(Filter.ascii_fold()).filter(Filter.stemmer("english"))
    folder.mkdir(parents=True, exist_ok=True)
    index = Index(_named_schema("words"), str(folder))
    index.register_tokenizer("words", words.build())
    if documents is not None:
        writer = index.writer(64_000_000, 1)
        for one in documents:
            entry = Entry()
            for field, text in (("title", one.title), ("text", one.text), ("source", one.source)):
                entry.add_text(field, text)
            _rest(entry, one)
            writer.add_document(entry)
        writer.commit()
        writer.wait_merging_threads()
    index.reload()
    names = list(entries.WEIGHTS)

    def search(query: str, limit: int) -> list[str]:
        searcher = index.searcher()
        parsed, _ = index.parse_query_lenient(
            _quoted(query), names, field_boosts=entries.WEIGHTS, conjunction_by_default=True
        )
        hits = searcher.search(parsed, limit).hits
        found = [searcher.doc(at).get_first("shown") for _, at in hits]
        return [entries.unshown(bytes(one), 0).id for one in found]

    return search


def tantivy_ready(folder: Path, documents: Iterable[Any] | None = None) -> Search:
    """tantivy given the very tokens that curate makes, in documents (`prepared`) and in queries."""
    from tantivy import Index

    folder.mkdir(parents=True, exist_ok=True)
    index = Index(schema(), str(folder))
    if documents is not None:
        writer = index.writer(64_000_000, 1)
        for entry in documents:
            writer.add_document(entry)
        writer.commit()
        writer.wait_merging_threads()
    index.reload()
    names = list(entries.WEIGHTS)
    asked: dict[str, str] = {}

    def search(query: str, limit: int) -> list[str]:
        if query not in asked:
            words = filter(None, map(tokens, query.split()))
            asked[query] = " ".join(f'"{" ".join(map(stem, one))}"' for one in words)
        searcher = index.searcher()
        parsed = index.parse_query(
            asked[query], names, field_boosts=entries.WEIGHTS, conjunction_by_default=True
        )
        hits = searcher.search(parsed, limit).hits
        found = [searcher.doc(at).get_first("shown") for _, at in hits]
        return [entries.unshown(bytes(one), 0).id for one in found]

    return search


def prepared(documents: Sequence[Document]) -> list[Any]:
    """Entries with all tokens in them, for ``tantivy_ready``."""
    return [ready(one, entries.key(one.collection, one.id)) for one in documents]


def _named_schema(tokenizer: str) -> Any:
    import tantivy as engine

    builder = engine.SchemaBuilder()
    for name in entries.WEIGHTS:
        builder.add_text_field(name, tokenizer_name=tokenizer, index_option="position")
    for name in entries.EXACT:
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic", fast=True)
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("rank", fast=True)
    builder.add_bytes_field("shown", stored=True)
    return builder.build()


def _rest(entry: Any, one: Document) -> None:
    for field, value in entries.exact_values(one):
        entry.add_text(field, value)
    entry.add_text("key", entries.key(one.collection, one.id))
    entry.add_unsigned("rank", entries.rank(one.id))
    entry.add_bytes("shown", entries.shown(one))


def whoosh(folder: Path, documents: Iterable[Document] | None = None) -> Search:
    """Whoosh as its quick start shows, with its stemming analyzer."""
    from whoosh.analysis import StemmingAnalyzer
    from whoosh.fields import ID, TEXT, Schema
    from whoosh.index import create_in, open_dir
    from whoosh.qparser import MultifieldParser

    names = {"title": 4.0, "text": 1.0, "source": 0.5}
    if documents is not None:
        folder.mkdir(parents=True)
        fields = {name: TEXT(analyzer=StemmingAnalyzer()) for name in names}
        writer = create_in(str(folder), Schema(id=ID(stored=True), **fields)).writer(limitmb=64)
        for one in documents:
            writer.add_document(id=one.id, title=one.title, text=one.text, source=one.source)
        writer.commit()
    index = open_dir(str(folder))
    searcher = index.searcher()
    parser = MultifieldParser(list(names), index.schema, fieldboosts=names)

    def search(query: str, limit: int) -> list[str]:
        found = searcher.search(parser.parse(_plain(query)), limit=limit)
        return [hit["id"] for hit in found]

    return search


def fts5(folder: Path, documents: Iterable[Document] | None = None) -> Search:
    return _fts5(folder, documents, "porter unicode61 remove_diacritics 2")


def fts5_trigram(folder: Path, documents: Iterable[Document] | None = None) -> Search:
    return _fts5(folder, documents, "trigram")


def _fts5(folder: Path, documents: Iterable[Document] | None, tokenizer: str) -> Search:
    if documents is not None:
        _filled(folder, documents, tokenizer)
    db = sqlite3.connect(folder / "index.db")

    def search(query: str, limit: int) -> list[str]:
        quoted = " ".join(f'"{word}"' for word in _plain(query).split())
        found = db.execute(
            "SELECT d.id FROM t JOIN d ON d.rowid = t.rowid WHERE t MATCH ?"
            " ORDER BY bm25(t, 4.0, 1.0, 0.5) LIMIT ?",
            (quoted, limit),
        )
        return [row[0] for row in found] if quoted else []

    return search


def _filled(folder: Path, documents: Iterable[Document], tokenizer: str) -> None:
    folder.mkdir(parents=True)
    db = sqlite3.connect(folder / "index.db")
    # Contentless: the others keep no second copy of the texts either.
    db.execute(
        f"CREATE VIRTUAL TABLE t USING fts5(title, text, source, content='', tokenize='{tokenizer}')"
    )
    db.execute("CREATE TABLE d(id TEXT)")
    with db:
        for one in documents:
            at = db.execute("INSERT INTO d VALUES (?)", (one.id,)).lastrowid
            row = (at, one.title, one.text, one.source)
            db.execute("INSERT INTO t(rowid, title, text, source) VALUES (?, ?, ?, ?)", row)
    db.close()


def _quoted(query: str) -> str:
    """Each word in quotes: what is in it is text, and "core::arch" means both in this order, as for curate."""
    return " ".join(f'"{word}"' for word in query.replace('"', " ").split())


def _plain(query: str) -> str:
    """Without what a query language obeys: the others are given words only."""
    words = "".join(c if c.isalnum() or c in "+#" else " " for c in query).split()
    return " ".join(
        word.lower() if word in {"AND", "OR", "NOT", "IN", "TO"} else word for word in words
    )


def size(folder: Path) -> int:
    """Bytes."""
    return sum(file.stat().st_size for file in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.is_file())


ALL: dict[str, Callable[..., Search]] = {
    "curate": curate,
    "curate, engine whoosh": curate_whoosh,
    "tantivy, own analyzer": tantivy,
    "tantivy, curate's tokens": tantivy_ready,
    "SQLite FTS5 unicode61": fts5,
    "SQLite FTS5 trigram": fts5_trigram,
    "Whoosh": whoosh,
}


def main(name: str, folder: str) -> None:
    """Queries as JSON on standard input → CPU milliseconds of the first ten hits of each, after one round to warm up."""
    queries = json.loads(sys.stdin.read())
    search = ALL[name](Path(folder))
    taken = []
    for _ in range(2):
        taken = []
        for query in queries:
            start = time.process_time()
            search(query, 10)
            taken.append((time.process_time() - start) * 1000)
    print(json.dumps(taken))


if __name__ == "__main__":
    main(*sys.argv[1:])
