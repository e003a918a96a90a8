"""curate init, new, status and schema."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from curate import plugins
from curate.cli.options import echo, echo_json, heading, in_workspace
from curate.errors import CurateError, Exit, Problem
from curate.messages import render, speaker
from curate.model import Language
from curate.workspace import MARK, Workspace

_LANGUAGE = click.Choice(["en", "zh"])


@click.command(epilog="Example: curate init my-shop")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--workspace", "where", metavar="DIR", type=click.Path(path_type=Path), help="The same as DIR."
)
@click.option(
    "--language", type=_LANGUAGE, default="en", show_default=True, help="What the commands print."
)
def init(folder: Path | None, where: Path | None, language: Language) -> None:
    """Make a workspace: curate.toml, collections/, build/ and .curate/."""
    from curate.pipeline.setup import init as run

    workspace = run(folder or where or Path(), language)
    say = speaker(language)
    echo(say("made the workspace {root}", root=workspace.root))
    echo(say("Next: {command}", command="curate new NAME --folder PATH --own 'YOUR NAME'"))


@click.command(
    epilog="Example: curate new guides --keyword python --keyword 教程 --folder ~/guides --own 'Ann Lee'"
)
@click.argument("name")
@click.option("--title", default="", help="What people read; default: NAME.")
@click.option("--language", type=_LANGUAGE, help="Of the bundle; default: the workspace's.")
@click.option(
    "--keyword",
    "keywords",
    multiple=True,
    metavar="K",
    help="Take what matches; repeat for more. Without any, everything is taken.",
)
@click.option(
    "--folder",
    "folders",
    multiple=True,
    metavar="PATH",
    help="A folder to collect from; repeat for more.",
)
@click.option(
    "--site",
    "sites",
    multiple=True,
    metavar="URL",
    help="A web site to collect from; repeat for more.",
)
@click.option(
    "--from",
    "sources",
    multiple=True,
    metavar="KIND=PLACE",
    help="Another place to collect from: feed=URL, git=URL, archive=FILE, csv=FILE, remote=URL; or a"
    " service that is searched for the keywords: openverse, commons, zenodo …; repeat for more.",
)
@click.option("--own", default="", metavar="HOLDER", help="It is all your own work: your name.")
@click.option(
    "--license",
    "license_",
    default="",
    metavar="SPDX",
    help="It is all licensed to you under this licence.",
)
@in_workspace
def new(
    workspace: Workspace, name: str, title: str, language: Language | None, keywords: tuple[str, ...],
    folders: tuple[str, ...], sites: tuple[str, ...], sources: tuple[str, ...], own: str, license_: str,
) -> None:  # fmt: skip
    """Write a commented collections/NAME/collection.toml. Asks nothing."""
    from curate.pipeline.setup import Wish
    from curate.pipeline.setup import new as run

    spoken = language or workspace.settings.language
    path = run(
        workspace, name, Wish(title, spoken, keywords, folders, sites, sources, own, license_)
    )
    say = speaker(spoken)
    echo(say("wrote {path}", path=path))
    if not own and not license_:
        echo(say("it declares no rights yet, so nothing could be packaged: set [rights] in it"))
    for folder in folders:
        if not Path(folder).expanduser().is_dir():
            echo(say("there is no folder {folder} yet: make it, or correct `path`", folder=folder))
    if not folders and not sites and not sources:
        echo(say("put your files into {folder}", folder=path.parent / "material"))
    echo(say("Next: {command}", command=f"curate collect {name}"))


@click.command(epilog="Example: curate status --failed")
@click.option(
    "--failed", "what", flag_value="failed",
    help="Every file and place that could not be read, with its reason.",
)  # fmt: skip
@click.option(
    "--rejected", "what", flag_value="rejected",
    help="Everything that was seen and not taken, with its reason.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@in_workspace
def status(workspace: Workspace, what: str | None, as_json: bool) -> None:
    """Show where every collection stands and what comes next."""
    from curate.pipeline.explain import failures, rejections, standings

    language = workspace.settings.language
    say = speaker(language)
    if what:
        rows = failures(workspace) if what == "failed" else rejections(workspace)
        if as_json:
            told = [
                {"collection": name, "where": where, "reason": render(reason, language)}
                for name, where, reason in rows
            ]
            echo_json({"version": 1, what: told})
        else:
            for name, where, reason in rows:
                echo(f"{name}: {where}: {render(reason, language)}")
            count = len(rows)
            echo(
                say("{n} could not be read", n=count)
                if what == "failed"
                else say("{n} were not taken", n=count)
            )
        return
    found = standings(workspace)
    problems = _problems(workspace)
    if as_json:
        echo_json(
            {
                "version": 1,
                "workspace": str(workspace.root),
                "problems": [str(one) for one in problems],
                "collections": [dataclasses.asdict(one) for one in found],
            }
        )
    else:
        echo(say("workspace {root}", root=workspace.root))
        for problem in problems:
            echo(f"  {problem}", err=True)
        for one in found:
            heading(f"{one.name}: {one.title}" if one.title != one.name else one.name)
            if one.problem:
                for line in one.problem.splitlines():
                    echo(f"  {line}", err=True)
            if one.places:
                places = ", ".join(
                    f"{count:,} {say(state)}" for state, count in sorted(one.places.items())
                )
                echo(say("  places: {places}", places=places))
                echo(
                    say(
                        "  resources: {n}, {waiting} waiting to be classified, {unread} unreadable",
                        n=one.resources,
                        waiting=one.waiting,
                        unread=one.unread,
                    )
                )
            if one.review:
                echo(
                    say(
                        "  {n} wait for you to say where they belong: {command}",
                        n=one.review,
                        command=f"curate review {one.name}",
                    )
                )
            if one.versions:
                echo(say("  released: {versions}", versions=", ".join(one.versions)))
            for version, why in one.yanked.items():
                echo(say("  off sale: {version}: {why}", version=version, why=why))
            echo("  " + say("Next: {command}", command=one.next))
        if not found:
            echo(say("Next: {command}", command="curate new NAME"))
    if problems or any(one.problem for one in found):
        raise click.exceptions.Exit(Exit.PROBLEMS)


def _problems(workspace: Workspace) -> list[Problem]:
    """What is wrong with the workspace itself, not with one of its collections."""
    found = []
    engine = workspace.settings.search.engine
    try:
        plugins.check("indexes", engine)
    except CurateError as fault:
        found.append(Problem(f"{workspace.root / MARK}: search.engine", fault.message, fault.hint))
    for name in workspace.misnamed():
        what = "no collection can have this name, so it is left out"
        hint = "rename the folder: letters (Chinese too), digits, '-', '_' and '.' only"
        found.append(Problem(str(workspace.collections / name), what, hint))
    return found


@click.command(epilog="Example: curate schema --output schemas")
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False),
    help="A folder to write them to; default: print them.",
)  # fmt: skip
@click.option(
    "--workspace", "folder", metavar="DIR", type=click.Path(path_type=Path),
    help="Renew the ones in this workspace, which its files refer to.",
)  # fmt: skip
def schema(output: Path | None, folder: Path | None) -> None:
    """Write the JSON Schemas of curate.toml, collection.toml and shop.toml, for completion in editors."""
    from curate.pipeline.setup import schemas, write_schemas
    from curate.shop import settings

    shapes = {**schemas(), settings.SCHEMA: settings.schema()}
    if output is None and folder is None:
        echo_json({"version": 1, **shapes})
        return
    for path in write_schemas(output or Workspace.at(folder or Path()).state, shapes):
        echo(str(path))
