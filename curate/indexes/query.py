"""What people type → a syntax tree, the same for every engine.

    query  = clause+                        all of them; binds weakest
    clause = chain ("OR" chain)*
    chain  = unary ("AND" unary)*
    unary  = ("NOT" | "-") unary | group
    group  = [field ":"] ("(" query ")" | '"' words '"' | word | prefix "*")

So `python guide OR tutorial` asks for python and either of the two. Operators are capitals. Full-width
forms are read like their plain ones. What can only be meant one way is forgiven: a quote or parenthesis
that is never closed, one that was never opened, a word of nothing but punctuation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import Final, TypeAlias

import msgspec

from curate.errors import CurateError
from curate.han import simplified
from curate.indexes.tokens import fold, is_single, split

WORD_FIELDS: Final = ("title", "keywords", "category", "text", "source")
EXACT_FIELDS: Final = ("collection", "type", "language", "license")
ALIASES: Final = {
    "keyword": "keywords", "tag": "keywords", "tags": "keywords", "body": "text", "path": "source",
    "url": "source", "format": "type", "kind": "type", "lang": "language", "licence": "license",
    "标题": "title", "關鍵詞": "keywords", "关键词": "keywords", "标签": "keywords", "分类": "category",
    "正文": "text", "来源": "source", "合集": "collection", "类型": "type", "格式": "type",
    "语言": "language", "许可": "license",
}  # fmt: skip
MAX_WORDS = 256
MAX_DEPTH = 40


ANY: Final = ""
"""Within the tokens of a Phrase: some token, whichever. People cannot ask for it."""


class Phrase(msgspec.Struct, frozen=True):
    """Folded tokens next to each other, in one field or (``""``) in any. One token: a word."""

    tokens: tuple[str, ...]
    field: str = ""
    prefix: bool = False  # the last token only has to begin like this


class Exact(msgspec.Struct, frozen=True):
    """The whole value of a field that is not made of words, or its beginning."""

    field: str
    value: str  # NFKC, case folded
    prefix: bool = False


class And(msgspec.Struct, frozen=True):
    parts: tuple[Node, ...]


class Or(msgspec.Struct, frozen=True):
    parts: tuple[Node, ...]


class Not(msgspec.Struct, frozen=True):
    part: Node


class All(msgspec.Struct, frozen=True):
    """Every document."""


class Nothing(msgspec.Struct, frozen=True):
    """No document: something was asked, but it has no letter or digit in it."""


Node: TypeAlias = Phrase | Exact | And | Or | Not | All | Nothing


def exact(value: str) -> str:
    """``value`` as exact fields and filters compare it."""
    return unicodedata.normalize("NFKC", value).casefold().strip()


def _even(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def parse(text: str) -> Node:
    """The tree of ``text``. Raises CurateError that says where it makes no sense and what to do."""
    return _simple(text) or _Parser(text).whole()


_SIMPLE = re.compile(r"[A-Za-z0-9_.,;&!?@%$'~/\\|<>=+#\[\]{}^`()\s-]{1,200}")
_MINUS = re.compile(r"(?<!\S)-(?![-\s]|\Z)")
_GROUPED = str.maketrans(
    "()", "  "
)  # where all is to be found, it does not matter how it is grouped
_HAN = re.compile(r"[\u4e00-\u9fff\s]{1,200}")
_OPERATORS: Final = frozenset({"AND", "OR", "NOT"})


def _simple(text: str) -> Node | None:
    """What most people type, words and no more, in a tenth of the time; None for anything else."""
    if _HAN.fullmatch(text):
        parts: list[Node] = [Phrase(tuple(simplified(word))) for word in text.split()]
    elif _SIMPLE.fullmatch(text):
        text = text.translate(_GROUPED)
        words = text.split()
        if _MINUS.search(text) or not _OPERATORS.isdisjoint(words):
            return None
        parts = [Phrase(tuple(found)) for word in words if (found := split(fold(word)))]
    else:
        return None
    return _join(parts, And) if parts else None


def phrases(node: Node) -> Iterator[Phrase]:
    """The words that a match contains, in order; not those behind a NOT."""
    match node:
        case Phrase():
            yield node
        case And(parts) | Or(parts):
            for part in parts:
                yield from phrases(part)
        case _:
            return


def has_choice(node: Node) -> bool:
    """Whether a match may lack some of the words: then one that does not exist is not noticed."""
    match node:
        case Or():
            return True
        case And(parts):
            return any(map(has_choice, parts))
        case _:
            return False


def sentence(node: Node) -> tuple[str, ...]:
    """All tokens in order where the query is just words, else (): what a title may say literally."""
    parts = node.parts if isinstance(node, And) else (node,)
    found: list[str] = []
    for part in parts:
        if isinstance(part, Phrase) and not part.field and not part.prefix:
            found.extend(part.tokens)
        elif not isinstance(part, Not):
            return ()
    return tuple(found)


def render(node: Node) -> str:
    """Query text that parses to ``node``."""
    match node:
        case Phrase(tokens, field, prefix):
            words = _spell(tokens)
            quoted = " " in words or len({is_single(token) for token in tokens}) > 1
            if prefix and quoted:
                words = f'"{_spell(tokens[:-1])}" {tokens[-1]}'
            elif quoted:
                words = f'"{words}"'
            return f"{field}:{words}{'*' if prefix else ''}" if field else words + "*" * prefix
        case Exact(field, value, prefix):
            return f'{field}:"{value}"' if not prefix else f"{field}:{value}*"
        case And(parts):
            return " ".join(
                f"({render(p)})" if isinstance(p, And | Or) else render(p) for p in parts
            )
        case Or(parts):
            return " OR ".join(
                f"({render(p)})" if isinstance(p, And | Or) else render(p) for p in parts
            )
        case Not(part):
            inner = render(part)
            return f"-({inner})" if isinstance(part, And | Or | Not) else f"-{inner}"
        case All():
            return ""
        case Nothing():
            return '""'


def _spell(tokens: tuple[str, ...]) -> str:
    """Tokens as a person writes them: characters of scripts without spaces together."""
    runs = groupby(tokens, key=is_single)
    return " ".join(("" if single else " ").join(run) for single, run in runs)


_QUOTES = '"“”„‟＂「」『』'
_PAUSES = "，、。；！？…《》〈〉【】〔〕"  # Chinese punctuation separates as a space does
_LEXEME = re.compile(
    rf"[\s{_PAUSES}]+"
    rf"|(?P<quote>[{_QUOTES}])(?P<inner>[^{_QUOTES}]*)[{_QUOTES}]?"
    r"|(?P<open>[(（])|(?P<close>[)）])"
    rf"|(?P<minus>[-－−](?![-－−\s{_PAUSES}]|\Z))"
    rf"|(?P<word>[^\s{_PAUSES}{_QUOTES}()（）]+)"
)


class _Lexeme(msgspec.Struct, frozen=True):
    kind: str  # open | close | minus | quote | word | AND | OR | NOT | end
    text: str
    at: int  # 1-based


def _lexemes(text: str) -> Iterator[_Lexeme]:
    for match in _LEXEME.finditer(text):
        at = match.start() + 1
        if match["quote"] is not None:
            yield _Lexeme("quote", match["inner"], at)
        elif match.lastgroup is not None:
            word = _even(match[0])
            operator = word in _OPERATORS
            yield _Lexeme(word if operator else match.lastgroup, match[0], at)
    yield _Lexeme("end", "", len(text) + 1)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.lexemes = list(_lexemes(text))
        self.next = 0
        self.depth = 0
        self.words = 0
        self.everything = False  # a lone "*" was asked for

    def whole(self) -> Node:
        parts: list[Node] = []
        while self.peek.kind != "end":
            if self.peek.kind == "close":  # never opened
                self.next += 1
                continue
            parts.extend(self.clauses(""))
        if parts:
            return _join(parts, And)
        blank = self.everything or not self.text.strip()
        return All() if blank else Nothing()

    @property
    def peek(self) -> _Lexeme:
        return self.lexemes[self.next]

    def take(self) -> _Lexeme:
        lexeme = self.lexemes[self.next]
        self.next += 1
        return lexeme

    def clauses(self, field: str) -> list[Node]:
        found = []
        while self.peek.kind not in {"end", "close"}:
            node = self.clause(field)
            if node is not None:
                found.append(node)
        return found

    def clause(self, field: str) -> Node | None:
        return self.chain(field, "OR", Or)

    def chain(self, field: str, operator: str, kind: type[And] | type[Or]) -> Node | None:
        def lower() -> Node | None:
            return self.chain(field, "AND", And) if operator == "OR" else self.unary(field)

        parts = [lower()]
        while self.peek.kind == operator:
            self.take()
            parts.append(lower())
        present = [part for part in parts if part is not None]
        return _join(present, kind) if present else None

    def unary(self, field: str) -> Node | None:
        if self.peek.kind not in {"NOT", "minus"}:
            return self.group(field)
        lexeme = self.take()
        self.deeper(lexeme)
        node = self.unary(field)
        self.depth -= 1
        return None if node is None else Not(node)

    def group(self, field: str) -> Node | None:
        lexeme = self.peek
        if lexeme.kind in {"AND", "OR", "end", "close"}:
            raise self.stray(lexeme)
        self.take()
        if lexeme.kind == "open":
            self.deeper(lexeme)
            parts = self.clauses(field)
            self.depth -= 1
            if self.peek.kind == "close":
                self.take()
            return _join(parts, And) if parts else None
        if lexeme.kind == "quote":
            return self.phrase(lexeme, field)
        return self.word(lexeme, field)

    def word(self, lexeme: _Lexeme, field: str) -> Node | None:
        name, colon, rest = _even(lexeme.text).partition(":")
        found = _field(name) if colon else ""
        if found and rest:
            return self.value(rest, found, lexeme)
        if found:
            if self.peek.kind not in {"word", "quote", "open"}:
                raise CurateError(
                    f"'{lexeme.text}' at character {lexeme.at} of the query has nothing after it",
                    f"write what to look for, such as {name}:word, or quote it to find the word itself",
                )
            self.deeper(lexeme)
            node = self.group(found)
            self.depth -= 1
            return node
        near = _near(name) if colon and rest and name.isalpha() and 2 < len(name) < 13 else ""
        if near:
            raise CurateError(
                f"there is no field '{name}' (character {lexeme.at} of the query)",
                f'did you mean {near}:? To find the text itself, quote it: "{lexeme.text}"',
            )
        return self.value(lexeme.text, field, lexeme)

    def value(self, text: str, field: str, lexeme: _Lexeme) -> Node | None:
        text = _even(text)
        bare = text.rstrip("*")
        prefix = bare != text
        if field in EXACT_FIELDS:
            value = exact(bare)
            return Exact(field, value, prefix) if value else None
        found = self.counted(split(fold(bare)), lexeme)
        if not found:
            self.everything |= prefix and not bare
            return None
        if len(found) == 1 and not prefix:
            return Phrase((found[0],), field)
        runs = [tuple(run) for _, run in groupby(found, key=is_single)]
        parts: list[Node] = [Phrase(run, field) for run in runs]
        # A character is a whole token, so "入门*" asks for nothing more than "入门" does. So does a
        # star that follows punctuation: there is no beginning of a word before it.
        if prefix and not is_single(runs[-1][-1]) and fold(bare).endswith(runs[-1][-1]):
            parts[-1] = Phrase(runs[-1], field, prefix=True)
        return _join(parts, And)

    def phrase(self, lexeme: _Lexeme, field: str) -> Node | None:
        if field in EXACT_FIELDS:
            value = exact(lexeme.text)
            return Exact(field, value) if value else None
        found = self.counted(split(fold(lexeme.text)), lexeme)
        return Phrase(tuple(found), field) if found else None

    def counted(self, found: list[str], lexeme: _Lexeme) -> list[str]:
        self.words += len(found)
        if self.words > MAX_WORDS:
            raise CurateError(
                f"the query has more than {MAX_WORDS} words (from character {lexeme.at} on)",
                "search for its most telling words only",
            )
        return found

    def deeper(self, lexeme: _Lexeme) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CurateError(
                f"the query is nested more than {MAX_DEPTH} deep at character {lexeme.at}",
                "use fewer parentheses",
            )

    def stray(self, lexeme: _Lexeme) -> CurateError:
        before = self.lexemes[self.next - 1] if self.next else None
        if lexeme.kind in {"end", "close"} and before is not None:
            what = f"nothing follows {before.text} at character {before.at} of the query"
            word = before.text
        else:
            what = f"nothing stands before {lexeme.text} at character {lexeme.at} of the query"
            word = lexeme.text
        return CurateError(
            what, f'add the missing word, or write "{word}" in quotes to find the word itself'
        )


_NAMES: Final = (*WORD_FIELDS, *EXACT_FIELDS, *(name for name in ALIASES if name.isascii()))


def _field(name: str) -> str:
    plain = name.casefold()
    return plain if plain in {*WORD_FIELDS, *EXACT_FIELDS} else ALIASES.get(plain, "")


def _near(name: str) -> str:
    """The field that ``name`` may be a slip of; "" where it is more likely just text."""
    import difflib

    return next(iter(difflib.get_close_matches(name.casefold(), _NAMES, 1, 0.75)), "")


def _join(parts: list[Node], kind: type[And] | type[Or]) -> Node:
    """One node of ``parts``, flat: an And directly within an And means the same."""
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else (part,))
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
