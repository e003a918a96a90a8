"""Sets pages from Jinja2 templates: whatever is put into one is escaped, and nothing in one runs but its own."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from curate.bundle import reuse, text
from curate.bundle.history import Step
from curate.messages import Say

if TYPE_CHECKING:
    from markupsafe import Markup

    from curate.bundle.pages import Content, Part

About = Mapping[str, Any]
"""What all pages of a release share."""


def html(name: str, content: Content, about: About, **more: Any) -> bytes:
    return _page(name, True, content, about, **more).encode()


def markdown(name: str, content: Content, about: About, **more: Any) -> str:
    return _page(name, False, content, about, **more)


@cache
def source(*names: str) -> Markup:
    """Style sheets or scripts of a page, one after the other, as they are."""
    from markupsafe import Markup

    folder = resources.files("curate.bundle").joinpath("templates")
    # Line ends depend on how the sources were checked out; browsers hash them as \n.
    parts = (folder.joinpath(name).read_bytes().replace(b"\r\n", b"\n") for name in names)
    return Markup(b"".join(parts).decode())


def policy(style: Sequence[str], script: Sequence[str] = (), files: bool = False) -> str:
    """A Content-Security-Policy: no network, and of code only these very files (w3.org/TR/CSP3).

    ``files``: the page loads a script that lies beside it.
    """
    scripts = f"{_hashed(script)}{' file:' if files else ''}" if script else "'none'"
    return (
        f"default-src 'none'; img-src 'self' file:; style-src {_hashed(style)}; "
        f"script-src {scripts}; base-uri 'none'; form-action 'none'"
    )


def _hashed(names: Sequence[str]) -> str:
    digest = hashlib.sha256(source(*names).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _environment(html: bool) -> Any:
    """Everything put into a page is escaped, for HTML by Jinja2, for Markdown by its finalizer."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("curate.bundle", "templates"),
        autoescape=html,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=None if html else text.markdown,
    )
    environment.filters.update(size=text.size, address=_address)
    environment.globals.update(source=source, policy=policy)
    return environment


def _page(name: str, html: bool, content: Content, about: About, **more: Any) -> str:
    collection = content.loaded.collection
    say = content.say

    def spoken(template: str, /, **args: object) -> str:
        escaped = {key: text.markdown(value) for key, value in args.items()}
        return text.Markdown(say(template, **escaped))

    page = _environment(html).get_template(name)
    return str(
        page.render(
            about,
            say=say if html else spoken,
            raw=text.Markdown,
            language="zh-CN" if collection.language == "zh" else "en",
            title=collection.title,
            description=collection.description,
            version=content.version,
            file=content.file,
            part=told(content.part, say),
            headings=lambda step: _headings(step, say),
            news=lambda step, first: _news(step, first, say),
            total=lambda items, size: _total(items, size, say),
            linked=lambda expression: _linked(expression, say),
            parts=lambda expression: _parts(expression, say),
            place=lambda id: f"{reuse.FOLDER}/{reuse.file_id(id)}.txt",
            history=content.history,
            chapter=content.tutorial.html,
            public=content.public,
            **more,
        )
    )


def _headings(step: Step, say: Say) -> list[tuple[str, Sequence[str], int]]:
    """A changelog entry's groups (keepachangelog.com): heading, titles shown, how many in all."""
    groups: list[tuple[str, str, Sequence[str]]] = [
        ("added", say("Added"), step.added),
        ("changed", say("Changed"), step.changed),
        ("moved", say("Moved or renamed"), step.moved),
        ("relicensed", say("Under other terms"), step.relicensed),
        ("removed", say("Removed"), step.removed),
    ]
    return [
        (heading, titles, step.counts[name])
        for name, heading, titles in groups
        if step.counts.get(name)
    ]


def _news(step: Step, first: bool, say: Say) -> list[str]:
    """The same in a few words."""
    if first:
        return [say("First version.")]
    lines = [
        say(
            "{heading}: {n} ({titles})",
            heading=heading,
            n=count,
            titles=say(", ").join(titles[:3]) + (" …" if count > 3 else ""),
        )
        for heading, titles, count in _headings(step, say)
    ]
    return lines or [say("Pages and descriptions only; no file has changed.")]


def _total(items: int, size: int, say: Say) -> str:
    files = say("1 file") if items == 1 else say("{n} files", n=items)
    return say("{files}, {size}.", files=files, size=text.size(size))


def told(part: Part | None, say: Say) -> str:
    """Where the rest is; "" where nothing is missing."""
    if not part:
        return ""
    others = (
        say("{file} ({labels})", file=file, labels=say(", ").join(labels))
        for file, labels in part.others
    )
    return say(
        "Part {n} of {count}. The other parts: {others}.",
        n=part.number,
        count=part.count,
        others=say("; ").join(others),
    )


def _linked(expression: str, say: Say) -> text.Markdown:
    """An SPDX expression in Markdown, each licence leading to its text."""
    shown = (
        f"[{text.markdown(word)}]({path})" if path else word
        for word, path in _parts(expression, say)
    )
    return text.Markdown("".join(shown))


def _parts(expression: str, say: Say) -> list[tuple[str, str]]:
    """The words of an expression and where they lead to; a sentence where there is none."""
    found = list(reuse.parts(expression or reuse.RESERVED))
    return found if expression else [(say("All rights reserved by the holder named"), found[0][1])]


def _address(url: str) -> str:
    """A URL between < and > in Markdown."""
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~-._")
