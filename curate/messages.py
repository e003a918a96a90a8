"""Sentences that people read, in the two languages of curate.

The English template is the key. ``locale/zh/`` holds the Chinese, one file for each room of the
house; a test checks that no template is missing there and that both sides name the same places.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import Self

from curate.model import Language, Message

Say = Callable[..., str]
_THEIRS = frozenset(
    "channel collection creator file folder name number order path place query seller sku source title url who".split()
)
"""Places of templates that hold people's own words."""


@cache
def _table(language: Language) -> dict[str, str]:
    if language == "en":
        return {}
    table: dict[str, str] = {}
    for file in resources.files("curate").joinpath("locale", language).iterdir():
        if file.name.endswith(".toml"):
            for section in tomllib.loads(file.read_text("utf-8")).values():
                table.update(section)
    return table


def render(message: Message, language: Language) -> str:
    """``message`` as a sentence of ``language``; English where no translation exists.

    What goes into a place is translated too where it is a known sentence itself (a policy's reason), but
    not what people called something: a file may have the title "Contents", and a channel the name "own".
    """
    table = _table(language)
    template = table.get(message.text, message.text)
    if not message.args:
        return template
    return template.format_map(
        {
            key: value if key in _THEIRS else table.get(value, value)
            for key, value in message.args.items()
        }
    )


class Sentence(str):
    """English text that can be said in other languages too: what is kept and counted on stays a text."""

    message: Message

    def __new__(cls, message: Message) -> Self:
        made = super().__new__(cls, message)
        made.message = message
        return made

    def __getnewargs__(self) -> tuple[Message]:  # type: ignore[override]
        return (self.message,)


def sentence(text: str, /, **args: object) -> Sentence:
    return Sentence(msg(text, **args))


def translated(text: str, language: Language) -> str:
    """As ``language`` has it, where ``text`` knows how; else as it is."""
    return render(text.message, language) if isinstance(text, Sentence) else text


def speaker(language: Language) -> Say:
    """A function like gettext's: ``say("{n} files", n=3)`` in ``language``."""

    def say(text: str, /, **args: object) -> str:
        return render(Message(text, {key: str(value) for key, value in args.items()}), language)

    return say


def msg(text: str, /, **args: object) -> Message:
    """A sentence to be stored or said later."""
    return Message(text, {key: str(value) for key, value in args.items()})
