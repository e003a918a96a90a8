"""What stops a build: rights that hold no longer, or that what is left of the bundle does not fit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import takewhile

import msgspec

from curate import rights
from curate.catalog import Catalog
from curate.collection import Loaded
from curate.errors import CurateError
from curate.messages import msg, render
from curate.model import Item, Message, Omission
from curate.pipeline.judge import Judge, source_key
from curate.workspace import Workspace


def grants_hold(workspace: Workspace, catalog: Catalog, loaded: Loaded, judge: Judge) -> None:
    """Raises CurateError where something in the collection rests on a grant that ended since.

    Leaving it out without a word would let the seller go on selling what was released with it.
    """
    today = date.today()
    ended = {
        name: why
        for name, held in judge.grants.items()
        if (why := (*rights.invalid(held, today), *rights.exceeded(held, judge.use)))
    }
    if not ended:
        return
    counts = Counter(
        member.decision.grant
        for member in catalog.members(loaded.name)
        if member.decision.grant in ended
    )
    if not counts:
        return
    lines = []
    for name, count in sorted(counts.items()):
        reasons = "; ".join(render(one, "en") for one in ended[name])
        told = released_with(workspace, name)
        where = f"; released with it: {', '.join(told)}" if told else ""
        stays = judge.grants[name].grant.after_expiry == "sold-copies-stay"
        after = " (copies sold before stay with their buyers)" if stays else " (withdraw them)"
        rest = (
            f"{count} items of '{loaded.name}' rest"
            if count > 1
            else f"1 item of '{loaded.name}' rests"
        )
        lines.append(f"{reasons}: {rest} on it{where}{after if told else ''}")
    first = next(iter(sorted(counts)))
    raise CurateError(
        "\n".join(lines),
        f"renew it in grants/{first}.toml, or leave those items out: curate rights decide {loaded.name}"
        f" --grant-held {first} --deny --why '…'",
    )


def released_with(workspace: Workspace, grant: str) -> list[str]:
    """Released versions that hold something by this grant: "NAME VERSION"."""
    name = b'"name":' + msgspec.json.encode(grant)
    found = []
    for path in sorted(workspace.build.glob("*/*/rights.json")):
        with path.open("rb") as file:
            # Its head alone, one value a line: the items may be hundreds of megabytes.
            head = takewhile(lambda line: not line.startswith(b'"items"'), file)
            held = any(line.startswith(b'"grants"') and name in line for line in head)
        if held:
            found.append(f"{path.parent.parent.name} {path.parent.name}")
    return found


def empty_folders(catalog: Catalog, loaded: Loaded) -> Iterator[tuple[str, Message]]:
    """Folders that declare rights for nothing: a slip there would let the wider declaration hold."""
    for number, key in catalog.sources(loaded.name).items():
        source = next((one for one in loaded.collection.sources if source_key(one) == key), None)
        for folder in source.folders if source else ():
            if not any(folder.holds(locator) for locator in catalog.locators(number)):
                yield (
                    f"sources.folders {folder.path}",
                    msg(
                        "nothing that was taken from {place} lies there: check the path and its capitals",
                        place=key[1],
                    ),
                )


def folders_hold(catalog: Catalog, loaded: Loaded) -> None:
    """Raises CurateError where a folder that declares rights holds nothing."""
    if found := list(empty_folders(catalog, loaded)):
        told = "\n".join(f"{where}: {why}" for where, why in found)
        raise CurateError(
            f"'{loaded.name}': {told}",
            f"correct or remove it in collections/{loaded.name}/collection.toml",
        )


def fitting(
    catalog: Catalog, loaded: Loaded, judge: Judge, items: Sequence[Item]
) -> tuple[list[Item], list[Omission]]:
    """What may stay, knowing what else is in the bundle. Raises CurateError where listing.alone is wrong."""
    listing = loaded.collection.listing
    if listing.alone and len(items) > 1:
        raise CurateError(
            f"listing.alone is set for '{loaded.name}', but {len(items)} items would go into its bundle",
            "narrow its sources and keywords to the one thing, or remove alone from [listing]",
        )
    if not listing.paid or not items:
        return list(items), []
    if all(item.decision.minor for item in items):
        why = msg(
            "it is declared a minor element, and there is nothing that it could be an element of"
        )
        return [], [_left(item, why) for item in items]
    if all("not-alone" in item.decision.obligations for item in items):
        why = msg(
            "its licence allows no sale by itself, and nothing else is in the bundle (rule {rule})",
            rule=items[0].decision.rules[0],
        )
        return [], [_left(item, why) for item in items]
    if len(items) == 1:
        alone = judge.decide(judge.evidence(catalog, items[0].sha256), alone=True)
        if alone.outcome != "allow":
            told = "; ".join(render(one, loaded.collection.language) for one in alone.reasons)
            return [], [
                _left(items[0], msg("it may not be sold as the only thing: {why}", why=told))
            ]
    return list(items), []


def _left(item: Item, why: Message) -> Omission:
    return Omission(item.sha256, item.title, item.source or item.name, why)
