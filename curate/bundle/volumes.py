"""Archives of a size that people can carry: one, or several that each are a bundle in themselves.

Split zips open in few programs, and never in Explorer. So parts are independent archives, cut where a
category ends. What they hold is packed once: where the whole turns out too large, its packed files are
copied into parts as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from curate.bundle import Request, archive, bag, ledger
from curate.bundle.bag import Progress
from curate.bundle.layout import Layout, Placed, Section, top
from curate.bundle.pages import Content, Part
from curate.errors import CurateError

_ENTRY = 200  # bytes that headers take for a file, besides its path, twice
_CARD = 1500  # bytes that pages say about an item, packed, as a first guess
_TRIES = 6
_WHOLE = ".whole.zip"


@dataclass(frozen=True, slots=True)
class Volume:
    """An archive that was written."""

    content: Content
    path: Path


@dataclass(frozen=True, slots=True)
class _Packed:
    """Everything packed once: an archive to copy from, and what each item takes."""

    out: archive.Archive
    top: str
    sizes: Mapping[str, int]  # by path below data/

    def put(self, out: archive.Archive, entries: Sequence[archive.Entry], prefix: str) -> None:
        """Write ``entries``, each from here where it is here. ``prefix``: of their paths."""
        for entry in entries:
            path = entry.path.removeprefix(prefix)
            if path in self.sizes:
                out.take(self.out, f"{self.top}/data/{path}", entry.path)
            else:
                for _ in out.add_all([entry]):
                    pass


def write(
    content: Content, request: Request, folder: Path, progress: Progress | None
) -> list[Volume]:
    """The archives of a release in ``folder``, beside the seller's rights.json.

    One item may be larger than ``bundle.volume_mb`` allows; then it has an archive of its own. Raises
    CurateError where pages alone would fill an archive.
    """
    most = content.loaded.collection.bundle.volume_mb << 20
    whole = folder / _WHOLE
    told = folder / ledger.FILE
    fits = sum(one.item.size for one in content.layout.placed) <= most
    with whole.open("w+b", buffering=1 << 20) as file:
        out = archive.Archive(file, archive.stamp())
        if fits:
            bag.write(content, request, out, told, progress)
        else:
            bag.pack(content, out, progress)
            out.close()
        file.flush()
        done = fits and (whole.stat().st_size <= most or len(content.layout.placed) == 1)
        if not done:
            packed = _Packed(out, content.top, _sizes(out, content))
            made = _cut(content, request, folder, packed, most)
    if done:
        return [Volume(content, whole.rename(folder / content.file))]
    whole.unlink()
    if len(made) > 1:  # each part told of its own items
        ledger.write(told, request, content.layout, content.version)
    return made


def _sizes(out: archive.Archive, content: Content) -> dict[str, int]:
    prefix = f"{content.top}/data/"
    payload = {one.path for one in content.layout.placed}
    return {
        path.removeprefix(prefix): size
        for path, size in out.packed.items()
        if path.removeprefix(prefix) in payload
    }


def _cut(
    content: Content, request: Request, folder: Path, packed: _Packed, most: int
) -> list[Volume]:
    """Parts of at most ``most`` bytes: cut by a guess of what pages take, then by what they took."""
    weights = {
        one.path: packed.sizes[one.path] + len(one.item.thumbnail()) + _ENTRY + 6 * len(one.path)
        for one in content.layout.placed
    }
    room = most - min(most // 8, 4 << 20)
    card = _CARD
    for _ in range(_TRIES):
        plans = list(cut(content.layout, {path: n + card for path, n in weights.items()}, room))
        made = [
            _part(content, request, folder, packed, plans, number)
            for number in range(1, len(plans) + 1)
        ]
        pages = [
            one.path.stat().st_size - sum(weights[p.path] for p in one.content.layout.placed)
            for one in made
        ]
        over = [
            amount
            for one, amount in zip(made, pages, strict=True)
            if one.path.stat().st_size > most and len(one.content.layout.placed) > 1
        ]
        if not over:
            return made
        for one in made:
            one.path.unlink()
        room, card = most - max(over) - max(over) // 16, 0
        if room < most // 4:
            raise CurateError(
                f"[bundle] volume_mb = {most >> 20} is too small: "
                f"the pages of a part alone take {max(pages) / (1 << 20):.1f} MiB",
                f"set it to {max(4 * max(pages) >> 20, 1) + 1} or more",
            )
    raise CurateError(
        f"{content.loaded.name} cannot be cut into archives of {most >> 20} MiB",
        "set a larger volume_mb under [bundle]",
    )


def _part(
    content: Content,
    request: Request,
    folder: Path,
    packed: _Packed,
    plans: Sequence[Layout],
    number: int,
) -> Volume:
    many = len(plans)
    if many == 1:
        mine = content
    else:
        others = tuple(
            (_file(content, n, many), _labels(plan))
            for n, plan in enumerate(plans, 1)
            if n != number
        )
        mine = replace(
            content,
            file=_file(content, number, many),
            top=top(content.loaded.collection, f"{content.version}-{number}of{many}"),
            layout=plans[number - 1],
            part=Part(number, many, others),
        )
    path = folder / mine.file
    with path.open("w+b", buffering=1 << 20) as file:
        out = archive.Archive(file, archive.stamp())
        bag.write(mine, request, out, folder / ledger.FILE, None, packed.put)
    return Volume(mine, path)


def _file(content: Content, number: int, count: int) -> str:
    return f"{content.file.removesuffix('.zip')}-part{number}of{count}.zip"


def _labels(plan: Layout) -> tuple[str, ...]:
    """Of the topmost folders, which say what lies below them."""
    return tuple(section.label for section, _ in plan.sections if section.depth == 0)


def cut(plan: Layout, weights: Mapping[str, int], most: int) -> Iterator[Layout]:
    """Parts of ``plan``, in its order, that each weigh at most ``most``. ``weights``: by path, bytes.

    A folder with all below it stays together where it fits into one part, else each folder by itself,
    else items part where they must.
    """
    taken: list[Placed] = []
    weight = 0

    def full() -> Iterator[Layout]:
        nonlocal weight
        if taken:
            yield _only(plan, {one.path for one in taken})
            taken.clear()
            weight = 0

    def add(groups: Sequence[Sequence[Placed]], finer: Sequence[int]) -> Iterator[Layout]:
        nonlocal weight
        for group in groups:
            size = sum(weights[one.path] for one in group)
            if weight + size > most:
                yield from full()
            if size <= most or not finer:
                taken.extend(group)
                weight += size
            else:
                yield from add(_groups(plan, group, finer[0]), finer[1:])

    yield from add(_groups(plan, plan.placed, 0), (1, 2))
    yield from full()


def _groups(plan: Layout, of: Sequence[Placed], level: int) -> list[list[Placed]]:
    """``of`` by top folder (0), by folder (1) or one by one (2), in reading order."""
    wanted = {one.path for one in of}
    found: dict[str, list[Placed]] = {}
    for section, placed in plan.sections:
        for one in placed:
            if one.path in wanted:
                key = (section.path.partition("/")[0], section.path, one.path)[level]
                found.setdefault(key, []).append(one)
    return list(found.values())


def _only(plan: Layout, paths: set[str]) -> Layout:
    """The part of ``plan`` with these items and the folders above them."""
    kept: list[tuple[Section, tuple[Placed, ...]]] = [
        (section, tuple(one for one in placed if one.path in paths))
        for section, placed in plan.sections
    ]
    full = {section.path for section, placed in kept if placed}
    return Layout(
        tuple(
            (section, placed)
            for section, placed in kept
            if any(path == section.path or path.startswith(f"{section.path}/") for path in full)
        )
    )
