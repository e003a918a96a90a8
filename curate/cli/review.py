"""curate review: where things belong that no category is sure enough for, one key per answer."""

from __future__ import annotations

import shlex
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice

import click

from curate.cli.columns import cut, fill, wrap
from curate.cli.options import echo, echo_json, heading, in_workspace, language_of, plain
from curate.cli.which import deciding
from curate.collection import Category
from curate.errors import CurateError
from curate.messages import Say, speaker
from curate.pipeline.labels import Filed
from curate.pipeline.review import Review, Shown, queue
from curate.workspace import Workspace

_LINES = 3
"""Lines of a text that are shown at once; each ``o`` shows ``_MORE`` more."""
_MORE = 12
_LONGEST = 40_000  # characters of a text that can be leafed through
_INDENT = "      "
_IME = {"、": "/"}
"""What a key gives while Chinese is being typed, besides the wide forms."""
_ESCAPE, _TAB, _END = "\x1b", "\t", "\x04"
_ENTER = ("\r", "\n")
_ERASE = ("\x7f", "\x08")
_SKIP = ("s", " ")


@click.command(epilog="Example: curate review guides --limit 20")
@click.argument("collection", required=False)
@click.option(
    "--all", "everything", is_flag=True, help="Also what has a category that no person gave it."
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many.")
@click.option(
    "--json", "as_json", is_flag=True, help="List what waits as one JSON object; ask nothing."
)
@click.option("--who", default="", metavar="NAME", help="Who answers; default: your login name.")
@in_workspace
def review(
    workspace: Workspace, collection: str | None, everything: bool, limit: int | None, as_json: bool, who: str,
) -> None:  # fmt: skip
    """Say where things belong that no category is sure enough for: one key for each.

    The least sure come first, by turns of what they may be. Every answer is written down at once: stop
    whenever you like. Without a name: every collection in which something waits.
    """
    names = workspace.chosen([collection] if collection else [])
    if not as_json and not (sys.stdin.isatty() and sys.stdout.isatty()):
        name = shlex.quote(collection or "NAME")
        raise CurateError(
            "curate review asks key by key, and this is no terminal",
            f"use curate classify export {name} FILE.csv and import, or list what waits: --json",
        )
    asked = _queues(workspace, names, everything, limit or 0)
    if as_json:
        items = [one for name, found in asked for one in _data(workspace, name, found)]
        echo_json({"version": 1, "items": items})
        return
    for name, found in asked:
        say = speaker(language_of(workspace, [name]))
        if not _ask(workspace, name, found, deciding(who), say):
            return
    if not any(found for _, found in asked):
        say = speaker(language_of(workspace, [collection] if collection else []))
        echo(say("nothing waits for review; --all asks about what has a category too"))


def _queues(
    workspace: Workspace, names: Sequence[str], everything: bool, limit: int
) -> list[tuple[str, list[Filed]]]:
    """By collection. What is wrong with one that was not named does not stop the others."""
    asked, left = [], limit
    for name in names or workspace.names():
        try:
            found, _ = queue(workspace, name, everything, left)
        except CurateError as fault:
            if names:
                raise
            echo(f"{name}: {fault.message}", err=True)
            continue
        asked.append((name, found))
        left -= len(found)
        if limit and not left:
            break
    return asked


def _data(workspace: Workspace, name: str, found: Sequence[Filed]) -> Iterable[dict[str, object]]:
    with Review(workspace, name, "") as session:
        titles = {one.name: one.label for one in session.categories}
        for one in filter(None, map(session.look, found)):
            guesses = [
                {"category": each.category, "title": titles[each.category], "score": each.score}
                for each in one.guesses
            ]
            yield {
                "collection": name, "id": one.filed.sha256, "place": one.filed.source, "title": one.filed.title,
                "kind": one.kind, "format": one.format, "language": one.language,
                "category": one.filed.label.category, "score": one.filed.label.score, "guesses": guesses,
            }  # fmt: skip


def _ask(workspace: Workspace, name: str, found: Sequence[Filed], who: str, say: Say) -> bool:
    """Go through one collection's queue; False where the person wants no more at all."""
    if not found:
        return True
    with Review(workspace, name, who) as session:
        asking = _Asking(session, found, say)
        heading(say("review {name}: {n} to sort", name=name, n=f"{len(found):,}"))
        echo(say("Every answer is written down at once. ? tells what the keys do."))
        try:
            return asking.run()
        finally:
            click.echo()
            skipped, answered = asking.skipped, session.answered
            echo(say("{answered} answered, {skipped} skipped", answered=answered, skipped=skipped))
            if answered:
                told = f"curate classify {shlex.quote(name)}"
                echo(say("What is like them follows when the model has learned from it."))
                echo(say("Next: {command}", command=told))


class _Asking:
    """A person at the keys."""

    def __init__(self, session: Review, found: Sequence[Filed], say: Say) -> None:
        self._session, self._found, self._say = session, found, say
        self._titles = {one.name: one.label for one in session.categories}
        self._at = 0
        self._passed: set[str] = set()

    @property
    def skipped(self) -> int:
        return len(self._passed)

    def run(self) -> bool:
        """False: quit."""
        while self._at < len(self._found):
            shown = self._session.look(self._found[self._at])
            if shown is None:
                self._at += 1
            elif not self._one(shown):
                return False
        return True

    def _one(self, shown: Shown) -> bool:
        """Ask about one until it is answered, skipped or left for another one; False: quit."""
        pages = _Pages(shown.text)
        self._show(shown, pages)
        while True:
            self._prompt(len(shown.guesses))
            key = _key()
            if key in ("q", _END, ""):
                return False
            if key == "o":
                self._more(pages)
            elif key == "u":
                if self._undone():
                    return True
            elif key in _SKIP:
                click.echo(self._say("skipped"))
                self._passed.add(shown.filed.sha256)
                self._at += 1
                return True
            elif self._given(shown, key):
                return True

    def _given(self, shown: Shown, key: str) -> bool:
        """Did the key answer?"""
        if key == "0":
            return self._answer(shown.filed, "")
        if key.isdecimal() and int(key) <= len(shown.guesses):
            return self._answer(shown.filed, shown.guesses[int(key) - 1].category)
        if key == "/":
            picked = _pick(self._session.categories, self._say)
            return picked is not None and self._answer(shown.filed, picked.name)
        click.echo()
        if key in ("?", "h"):
            self._help()
        return False

    def _answer(self, one: Filed, category: str) -> bool:
        try:
            self._session.answer(one, category)
        except CurateError as fault:  # another command is writing: ask again
            click.echo()
            echo(f"{fault.message}. {fault.hint}", err=True)
            return False
        echo(f"→ {self._titles[category] if category else self._say('none of these')}")
        self._passed.discard(one.sha256)
        self._at += 1
        return True

    def _undone(self) -> bool:
        try:
            one = self._session.undo()
        except CurateError as fault:
            click.echo()
            echo(f"{fault.message}. {fault.hint}", err=True)
            return False
        if one is None:
            echo(self._say("there is nothing to take back"))
            return False
        echo(self._say("taken back: {title}", title=one.title))
        self._at = self._found.index(one)
        return True

    def _show(self, shown: Shown, pages: _Pages) -> None:
        one, columns = shown.filed, _columns()
        click.echo()
        heading(cut(plain(f"[{self._at + 1}/{len(self._found)}] {one.title}"), columns))
        facts = (one.source, f"{shown.kind} {shown.format}".strip(), shown.language)
        click.echo(_INDENT + cut(plain(" · ".join(filter(None, facts))), columns - len(_INDENT)))
        for line in pages.next(_LINES):
            click.echo(click.style(line, dim=True))
        for number, guess in enumerate(shown.guesses, 1):
            words = ", ".join(guess.words[:5])
            said = f"{self._titles[guess.category]}  {guess.score:.2f}" + (
                f"  ({words})" if words else ""
            )
            click.echo(f"  {number}  " + cut(plain(said), columns - 5))
        if not shown.guesses:
            echo("  " + self._say("nothing speaks for any category: / finds one by its name"))

    def _prompt(self, guesses: int) -> None:
        take = {0: "", 1: "[1] "}.get(guesses, f"[1-{guesses}] ")
        keys = self._say("? help · 0 none · / name · s skip · u undo · o more · q quit")
        click.echo(cut(f"{take}{keys}", _columns() - 3) + " > ", nl=False)

    def _more(self, pages: _Pages) -> None:
        click.echo()
        lines = pages.next(_MORE)
        for line in lines:
            click.echo(line)
        if not lines:
            echo(_INDENT + self._say("that is all of its text"))

    def _help(self) -> None:
        say = self._say
        for key, told in (
            ("1-9", say("it belongs there")),
            ("0", say("it belongs to none of the categories")),
            ("/", say("type the beginning of a category's name; Tab takes the next one, Enter answers, Esc goes back")),
            ("s", say("skip it: it comes again the next time (the space bar does so too)")),
            ("u", say("take back the last answer")),
            ("o", say("show more of its text")),
            ("q", say("stop; what you answered is kept")),
        ):  # fmt: skip
            echo(f"  {key:>3}  {told}")


class _Pages:
    """A text to leaf through, in lines as wide as the terminal is when it starts."""

    def __init__(self, text: str) -> None:
        lines = wrap(plain(text[:_LONGEST]), _columns() - len(_INDENT))
        self._lines = (_INDENT + line for line in lines)

    def next(self, count: int) -> list[str]:
        return list(islice(self._lines, count))


def _columns() -> int:
    """Of the terminal, less one: some break the line in the last."""
    return max(shutil.get_terminal_size().columns - 1, 20)


def _typed() -> str:
    """What was typed, at least one character; "" where nothing can come any more. Ctrl-C raises."""
    try:
        return unicodedata.normalize("NFKC", click.getchar())
    except EOFError:
        return ""


def _key() -> str:
    """One key. Of what came all at once only the first: the rest was meant for nothing that was seen."""
    typed = _typed()
    if typed.startswith(_ESCAPE):
        return _ESCAPE
    return _IME.get(typed[:1], typed[:1]).lower()


def _pick(categories: Sequence[Category], say: Say) -> Category | None:
    """The category whose name a person begins to type; None where they go back."""
    typed, at = "", 0
    while True:
        fits = _fitting(categories, typed)
        at = at % len(fits) if fits else 0
        _line(typed, fits, at, say)
        more = _typed()
        if more.startswith(_ESCAPE) or not more or more == _END or (more in _ERASE and not typed):
            click.echo()
            return None
        for char in more:
            if char in _ENTER and fits:
                click.echo()
                return fits[at]
            if char == _TAB:
                at += 1
            elif char in _ERASE:
                typed, at = typed[:-1], 0
            elif char.isprintable():
                typed, at = typed + char, 0
            fits = _fitting(categories, typed)


def _fitting(categories: Sequence[Category], typed: str) -> list[Category]:
    """Those whose name or title begins so, then those that hold it."""
    low = typed.casefold()
    names = [(one, (one.label.casefold(), one.name.casefold())) for one in categories]
    begin = [one for one, said in names if any(each.startswith(low) for each in said)]
    hold = [one for one, said in names if one not in begin and any(low in each for each in said)]
    return [*begin, *hold]


def _line(typed: str, fits: Sequence[Category], at: int, say: Say) -> None:
    turned = [*fits[at:], *fits[:at]]
    shown = " · ".join(f"[{one.label}]" if one is turned[0] else one.label for one in turned)
    shown = plain(f"/{typed}  {shown or say('no category is called so')}")
    click.echo("\r" + fill(shown, _columns()), nl=False)
