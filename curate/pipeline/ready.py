"""Is what is known of a collection what its present configuration would make of it?"""

from __future__ import annotations

from collections.abc import Sequence

from curate.catalog import Catalog
from curate.collection import Loaded, load
from curate.errors import CurateError
from curate.messages import msg
from curate.model import Report
from curate.pipeline.examine import VERSIONS
from curate.pipeline.judge import Judge, source_key
from curate.pipeline.select import Selection
from curate.workspace import Workspace


def chosen(
    workspace: Workspace, names: Sequence[str], stage: str
) -> tuple[list[Loaded], list[Report]]:
    """The collections a command is about, each once; and a report for each that cannot be read.

    Those that are named have to be right; where none is named, one that is wrong does not stop the rest.
    Raises CurateError.
    """
    if names:
        return [load(workspace, name) for name in dict.fromkeys(names)], []
    loaded: list[Loaded] = []
    wrong: list[Report] = []
    for name in workspace.names():
        try:
            loaded.append(load(workspace, name))
        except CurateError as fault:
            where = str(workspace.collection_file(name))
            wrong.append(
                Report(stage, name, failed=((where, msg("{fault}", fault=fault.message)),))
            )
    return loaded, wrong


def ready(workspace: Workspace, catalog: Catalog, loaded: Loaded) -> Judge:
    """The rules of a collection, if all that is known of it follows them.

    Raises CurateError: it was never collected, or has to be collected or classified first.
    """
    catalog.collection_id(loaded.name)  # raises where it was never collected
    judge = Judge(workspace, loaded)
    if found := outdated(catalog, loaded, judge):
        stage, why = found
        raise CurateError(f"'{loaded.name}': {why}", f"run: curate {stage} {loaded.name}")
    return judge


def outdated(catalog: Catalog, loaded: Loaded, judge: Judge) -> tuple[str, str] | None:
    """What has to run before its bundle may be built, and why; None where all is up to date."""
    collection = loaded.collection
    known = {
        (kind, place): number for number, (kind, place) in catalog.sources(loaded.name).items()
    }
    named = {source_key(source): source for source in collection.sources}
    live = {key for key, number in known.items() if catalog.is_live(number)}
    if named.keys() - known.keys() or live - named.keys():
        return "collect", "collection.toml names other sources than were collected"
    for key, source in named.items():
        if catalog.selected_otherwise(known[key], Selection.of(collection, source).basis):
            return "collect", "keywords or tags have changed since it was collected"
    if judge.unheard(catalog):
        return "classify", "decisions were added or taken back since it was classified"
    waiting = catalog.judged_otherwise(loaded.name, judge.basis)
    waiting = waiting or len(catalog.unexamined(loaded.name, VERSIONS))
    if waiting:
        return "classify", f"{waiting} resources are not classified by the present rules yet"
    return None
