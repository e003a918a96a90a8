"""The commands of curate publish."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import click

from curate.cli.options import SHOWN, echo, echo_json, in_workspace, language_of
from curate.cli.progress import progress
from curate.errors import Exit
from curate.messages import Say, render, speaker
from curate.shares import BAR, Share, fits
from curate.workspace import Workspace

_STATES = {"alive": "alive", "gone": "dead", "unknown": "nobody can tell from here"}
_DAYS = re.compile(r"(\d{1,4})d")


class _Until(click.ParamType[str]):
    """A day as YYYY-MM-DD, or so many days from now: "30d"."""

    name = "day"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = str(value)
        if not text:
            return ""
        if days := _DAYS.fullmatch(text):
            return (datetime.now(UTC).date() + timedelta(days=int(days[1]))).isoformat()
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            self.fail(f"{text!r} is no day: write it as 2027-01-31, or as 30d", param, ctx)


class _Code(click.ParamType[str]):
    """What fits on one line of what a buyer gets."""

    name = "text"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        text = str(value)
        if not fits(text):
            self.fail(
                f"a code has at most 100 characters, all to be seen, and no {BAR}", param, ctx
            )
        return text


def _split(name: str) -> tuple[str, str]:
    """NAME@VERSION."""
    collection, _, version = name.partition("@")
    return collection, version


_expires = click.option(
    "--expires", type=_Until(), default="", metavar="DAY",
    help="Until when the share holds: 2027-01-31, or 30d from now.",
)  # fmt: skip
_json = click.option("--json", "as_json", is_flag=True, help="One JSON object.")


@click.command(epilog="Example: curate publish put guides@1.2.0 --to nas --with-listing")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--to", required=True, metavar="TARGET", help="A [publish.TARGET] of curate.toml.")
@click.option(
    "--code", type=_Code(), default="", help="What buyers have to give beside the address (提取码)."
)
@_expires
@click.option(
    "--with-listing", is_flag=True, help="The listing kit too: product.json and what it names."
)
@_json
@in_workspace
def put(
    workspace: Workspace, name: str, to: str, code: str, expires: str, with_listing: bool, as_json: bool
) -> None:  # fmt: skip
    """Put a release on a target; without a version the latest that is not yanked.

    The release is verified first. What lies there already is left, what is missing is sent, and every byte is
    read back and compared by SHA-256; only then the share is recorded. A run that broke off is finished by
    running it again: an S3 upload goes on where it was, a file for a folder or WebDAV is sent anew. Nobody ever
    sees half of a file under its name.
    """
    from curate.pipeline.publish import Wish, publish

    collection, version = _split(name)
    say = speaker(language_of(workspace, [collection]))
    with progress(say) as listener:
        done = publish(
            workspace, Wish(collection, version, to, code, expires, with_listing), listener
        )
    if as_json:
        echo_json(
            {
                "version": 1, "name": done.name, "release": done.version, "target": done.target,
                "files": [{"path": one.path, "size": one.size, "how": one.how} for one in done.files],
                "shares": [_data(one) for one in done.shares], "public": done.public,
                "leftovers": list(done.leftovers), "not_sent": list(done.others),
            }
        )  # fmt: skip
        return
    how = Counter(one.how for one in done.files)
    echo(
        say(
            "{name} {version} is on {target}: {sent} files sent, {replaced} replaced, {kept} were there; every byte was read back",
            name=done.name, version=done.version, target=done.target,
            sent=how["sent"], replaced=how["replaced"], kept=how["kept"],
        )
    )  # fmt: skip
    for share in done.shares:
        echo(f"  {_line(share, say)}")
    if done.others:
        told = ", ".join(done.others[:SHOWN]) + (", …" if len(done.others) > SHOWN else "")
        echo(say("  not sent from listing/, since it is no part of the kit: {files}", files=told))
    for one in done.leftovers:
        echo(
            say("  a killed run has left this, and it cannot be removed: {path}", path=one),
            err=True,
        )

    if done.public:
        _next(say, "check", done.name)
    else:
        echo(say("Buyers do not get in there: share it by hand, and note it"))
        _next(say, "record", name, "--url …")


@click.command(
    epilog="Example: curate publish record guides --url https://pan.baidu.com/s/1abc --code x7y2 --expires 365d"
)
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--url", required=True, help="The address of the share, as the drive shows it.")
@click.option(
    "--code", type=_Code(), default="", help="What buyers have to give beside it (提取码)."
)
@_expires
@click.option("--target", default="", help="What you call the drive; default: its server.")
@in_workspace
def record(workspace: Workspace, name: str, url: str, code: str, expires: str, target: str) -> None:
    """Note a share that was made by hand, as on 百度网盘, 夸克网盘 and the like."""
    from curate.pipeline.shared import Noted
    from curate.pipeline.shared import record as run

    collection, version = _split(name)
    share = run(workspace, collection, version, Noted(url, code, expires, target))
    say = speaker(language_of(workspace, [collection]))
    echo(say("noted for {name} {version}: {share}", name=collection, version=share.version, share=_line(share, say)))  # fmt: skip
    _next(say, "check", collection)


@click.command("list", epilog="Example: curate publish list guides")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_json
@in_workspace
def list_(workspace: Workspace, names: tuple[str, ...], as_json: bool) -> None:
    """Show where releases are shared, as far as it is known since the last check."""
    from curate.pipeline.shared import standing

    found = standing(workspace, names)
    if as_json:
        shares = [{"name": one.name, **_data(one.share), "yanked": one.yanked is not None} for one in found]  # fmt: skip
        echo_json({"version": 1, "shares": shares})
        return
    say = speaker(language_of(workspace, names))
    for one in found:
        state = say(_STATES["gone"]) if one.share.verb == "gone" else ""
        yanked = say("yanked") if one.yanked is not None else ""
        _told(one.name, one.share, say, state, yanked)
    if not found:
        echo(say("nothing is shared: see curate publish --help"))


@click.command(epilog="Example: curate publish check --deep")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--deep", is_flag=True, help="Read every byte back and compare it.")
@_json
@in_workspace
def check(workspace: Workspace, names: tuple[str, ...], deep: bool, as_json: bool) -> None:
    """See whether shares are still there; those of all collections where none is named.

    dead: not found, expired, or another file lies there (exit code 1). A page, a captcha, a login, a server that
    has a fault of its own, no network: nobody can tell from here (exit code 3), and it is never called dead.
    What is shared and may not be sold any more, by a decision or the end of a grant, is named too (exit code 1).
    """
    from curate.pipeline.shared import check as run

    language = language_of(workspace, names)
    say = speaker(language)
    with progress(say) as listener:
        found = run(workspace, names, deep, listener=listener)
    if as_json:
        shares = [
            {
                "name": one.name, **_data(one.share), "state": one.state,
                "why": render(one.why, language) if one.why else "", "yanked": one.yanked is not None,
                "against": list(one.against),
            }
            for one in found
        ]  # fmt: skip
        echo_json({"version": 1, "shares": shares})
    else:
        for one in found:
            why = render(one.why, language) if one.why else ""
            yanked = _off(one.yanked, say) if one.yanked is not None else ""
            _told(one.name, one.share, say, say(_STATES[one.state]), why, yanked)
            for line in one.against:
                echo(say("    may not be sold any more: {what}", what=line), err=True)
            if one.against:
                hint = "    take it down there, and: curate yank {name} {version} --why …"
                echo(say(hint, name=one.name, version=one.share.version), err=True)
        if not found:
            echo(say("nothing is shared: see curate publish --help"))
    states = {one.state for one in found}
    if "gone" in states or any(one.against for one in found):
        raise click.exceptions.Exit(Exit.PROBLEMS)
    if "unknown" in states:
        raise click.exceptions.Exit(Exit.PARTIAL)


@click.command(epilog="Example: curate publish drop guides --url https://pan.baidu.com/s/1abc")
@click.argument("name", metavar="NAME[@VERSION]")
@click.option("--url", default="", help="The share at this address.")
@click.option("--target", default="", help="The shares on this target.")
@in_workspace
def drop(workspace: Workspace, name: str, url: str, target: str) -> None:
    """Forget shares. What lies at the target stays there: remove it there by hand."""
    from curate.pipeline.shared import drop as run

    collection, version = _split(name)
    if not (version or url or target):
        raise click.UsageError("say which: NAME@VERSION, --url or --target")
    say = speaker(language_of(workspace, [collection]))
    for one in run(workspace, collection, version, url, target):
        echo(say("forgotten: {share}", share=_line(one, say)))


def _next(say: Say, command: str, name: str, more: str = "") -> None:
    words = f"curate publish {command} {shlex.quote(name)} {more}".rstrip()
    echo(say("Next: {command}", command=words))


def _off(why: str, say: Say) -> str:
    return say("its version is yanked, take it away there: {why}", why=why or "…")


def _told(name: str, share: Share, say: Say, *facts: str) -> None:
    told = " · ".join(filter(None, facts))
    echo(f"{name} {share.version} · {_line(share, say)}{f' · {told}' if told else ''}")


def _line(share: Share, say: Say) -> str:
    facts = [share.target, share.url]
    if share.code:
        facts.append(say("code {code}", code=share.code))
    if share.expires:
        facts.append(say("until {date}", date=share.expires))
    return " · ".join(facts)


def _data(share: Share) -> dict[str, object]:
    return {
        "release": share.version, "target": share.target, "url": share.url, "code": share.code,
        "expires": share.expires, "when": share.when, "gone": share.verb == "gone",
        "archives": [{"file": one.file, "size": one.size, "sha256": one.sha256} for one in share.archives],
    }  # fmt: skip
