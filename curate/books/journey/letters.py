"""What a step of a plan says to one contact. It always tells how to get no more of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from curate.exports.text import block, line
from curate.messages import speaker

if TYPE_CHECKING:
    from curate.model import Language
    from curate.shop.settings import Step

_PLACE = re.compile(r" ?\{(name)\}|\{(code|link|unsubscribe)\}")
_NAME, _SUBJECT = 60, 200  # characters


@dataclass(frozen=True, slots=True)
class Facts:
    """``name`` is as people or channels wrote it, "" where nobody did. ``ends``: the address of the page that
    ends these messages, "" where buyers reach no page of this shop."""

    name: str = field(repr=False)
    language: Language
    code: str
    link: str
    ends: str = field(repr=False)


def write(step: Step, facts: Facts) -> tuple[str, str]:
    """(subject, body). What is put into a place is not looked at again: a name that looks like one is none."""
    say = speaker(facts.language)
    ends = facts.ends or say("answer “unsubscribe”")
    values = {"code": facts.code, "link": facts.link, "unsubscribe": ends}
    name = line(facts.name.replace("{", "(").replace("}", ")"))[:_NAME]

    def put(found: re.Match[str]) -> str:
        if not found[1]:
            return values[found[2]]
        blank = found[0][: -len("{name}")]
        return f"{blank}{name}" if name else ""  # "Hello {name}," to nobody in particular: "Hello,"

    subject, body = _PLACE.sub(put, step.subject), _PLACE.sub(put, block(step.text))
    if "{unsubscribe}" not in step.text:
        body += "\n\n" + say("To get no more of these messages: {how}", how=ends)
    return line(subject)[:_SUBJECT], f"{body}\n"
