"""What was released: versions, changelog, listing kit, where it is shared, whether it is whole."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from curate import product
from curate.bundle import history, verify
from curate.bundle.history import Record
from curate.errors import CurateError, Problem
from curate.messages import speaker
from curate.pipeline.rightful import against
from curate.pipeline.shared import Standing, standing
from curate.product import Product
from curate.web.seller.desk import Desk, Notice, link
from curate.workspace import check_name

_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}
_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Shelf:
    """The releases of one collection."""

    name: str
    title: str
    versions: tuple[str, ...]  # highest first
    latest: str
    yanked: dict[str, str]
    record: Record | None
    shares: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found when somebody last looked."""

    at: str
    problems: tuple[Problem, ...]


def add(app: FastAPI, desk: Desk) -> None:
    seen: dict[tuple[str, str], Verified] = {}

    @app.get("/bundles")
    def listed(request: Request) -> Response:
        say = speaker(desk.language(request))
        shelves = [_shelf(desk, name) for name in _names(desk)]
        return desk.page(request, "bundles", say("Bundles"), shelves=shelves, link=link)

    @app.get("/bundles/{name}/{version}")
    def release(request: Request, name: str, version: str) -> Response:
        folder = _folder(desk, name, version)
        record = history.read(folder)
        made, why = _product(folder)
        shares = [one for one in _shares(desk, name) if one.share.version == version]
        language = desk.language(request)
        return desk.page(
            request, "release", f"{record.title} {version}", name=name, version=version, record=record, made=made,
            words=made.words.get(language) if made else None, no_kit=why, shares=shares,
            yanked=history.yanked(folder.parent).get(version), against=_against(desk, folder),
            verified=seen.get((name, version)), shown=_PROBLEMS, link=link,
            updates=sorted(one.name for one in folder.glob("*-to-*.zip")),
        )  # fmt: skip

    @app.post("/bundles/{name}/{version}/verify")
    def check(request: Request, name: str, version: str) -> Response:
        folder = _folder(desk, name, version)
        say = speaker(desk.language(request))
        found = tuple(verify(folder))
        seen[name, version] = Verified(time.strftime("%Y-%m-%d %H:%M"), found)
        errors = sum(one.severity == "error" for one in found)
        told = (
            say("Problems found: {n}", n=errors)
            if errors
            else say("It is whole: every file is as it was released.")
        )
        return desk.go(request, link(f"/bundles/{name}/{version}"), Notice(told, bool(errors)))

    @app.get("/bundles/{name}/{version}/listing/{file}")
    def shown(name: str, version: str, file: str) -> Response:
        folder = _folder(desk, name, version)
        made, _ = _product(folder)
        path = folder / "listing" / file
        kind = _TYPES.get(path.suffix.lower(), "")
        listed = made is not None and file in made.images and path.name == file
        if not (listed and kind and path.is_file() and not path.is_symlink()):
            raise HTTPException(404)
        headers = {"Content-Type": kind, "Cache-Control": "private, max-age=3600"}
        return Response(path.read_bytes(), headers=headers)


def _names(desk: Desk) -> list[str]:
    """Every collection, and every other one that was released."""
    build = desk.workspace.build
    released = (
        [path.name for path in build.iterdir() if history.versions(path)] if build.is_dir() else []
    )
    return sorted({*desk.workspace.names(), *released})


def _shelf(desk: Desk, name: str) -> Shelf:
    home = desk.workspace.build / name
    versions = tuple(reversed(history.versions(home)))
    try:
        off = {one.version: one.why for one in history.yanked(home).values()}
        latest = history.latest(home)
        record = history.read(home / (latest or versions[0])) if versions else None
        title = record.title if record else name
        return Shelf(name, title, versions, latest, off, record, len(_shares(desk, name)))
    except CurateError as fault:
        return Shelf(name, name, versions, "", {}, None, 0, fault.message)


def _shares(desk: Desk, name: str) -> Sequence[Standing]:
    return standing(desk.workspace, (name,)) if (desk.workspace.build / name).is_dir() else ()


def _folder(desk: Desk, name: str, version: str) -> Path:
    """A release that is there; no other folder."""
    try:
        home: Path = desk.workspace.build / check_name(name)
    except CurateError as fault:
        raise HTTPException(404) from fault
    if version not in history.versions(home):
        raise HTTPException(404)
    return home / version


def _product(folder: Path) -> tuple[Product | None, str]:
    try:
        return product.read(folder), ""
    except CurateError as fault:
        return None, fault.message


def _against(desk: Desk, folder: Path) -> list[str]:
    try:
        return against(desk.workspace, folder)
    except CurateError as fault:
        return [fault.message]
