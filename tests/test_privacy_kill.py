"""kill -9 at each step of erasing: running it again finishes it, and so does whatever opens the shop next, once
it was written down."""

from __future__ import annotations

import multiprocessing
import signal
from pathlib import Path

import pytest

from curate.books.privacy import erase
from curate.database.tables import audits, identities
from curate.shop import Shop, erasures, stamp
from tests.people import Known, known
from tests.selling import Counter, count
from tests.selling import shop as counter_of
from tests.test_delivery_kill import deadly

STEPS = {
    "to be written down": ("curate.shop.erasures:note", "before"),
    "written down": ("curate.shop.erasures:note", "after"),
    "half blanked": ("curate.database.personal:erase", "before"),
    "blanked": ("curate.database.personal:erase", "after"),
    "not confirmed": ("curate.books.privacy.audit:note", "after"),
    "confirmed": ("curate.shop.erasures:finish", "before"),
    "copies still there": ("curate.shop.traces:copies", "before"),
    "copies gone": ("curate.shop.traces:copies", "after"),
    "file not clean": ("curate.shop.traces:_sqlite", "before"),
    "file clean": ("curate.shop.traces:_sqlite", "after"),
    "all done": ("curate.shop.erasures:finish", "after"),
}


def _doomed(root: Path, email: str, where: str, moment: str) -> None:
    deadly(where, moment, 1)
    erase.erase(counter_of(root).shop, [email])


def _fresh(counter: Counter) -> Shop:
    """The shop as the next command opens it."""
    counter.shop.database.close()
    return counter_of(counter.shop.workspace.root).shop


def traces(root: Path, who: Known) -> set[str]:
    marks = {mark.encode() for mark in who.marks.values()} | {b"ann-in-a-copy"}
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path.name for path in files if any(mark in path.read_bytes() for mark in marks)}


@pytest.mark.parametrize("again", [True, False], ids=["run again", "opened"])
@pytest.mark.parametrize("step", STEPS)
def test_erasing_is_finished_after_a_kill(tmp_path: Path, step: str, again: bool) -> None:
    counter = counter_of(tmp_path)
    who = known(counter.shop, "ann")
    copy = stamp.home(counter.shop.workspace) / who.serial / "1.0.0-x.pdf"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"ann-in-a-copy")
    counter.shop.database.close()
    running = multiprocessing.get_context("forkserver").Process(
        target=_doomed, args=(tmp_path, who.email, *STEPS[step])
    )
    running.start()
    running.join(120)
    assert running.exitcode == -signal.SIGKILL
    shop = _fresh(counter)
    if again:
        erase.erase(shop, [who.email])
    shop.database  # noqa: B018 - opening it is what finishes
    if step == "to be written down" and not again:
        assert count(shop, identities) == 2 and not erasures.path(shop.workspace).exists()
        return  # nothing was begun, and nobody was told that it was
    shop.database.close()
    assert traces(tmp_path, who) == set()
    shop = _fresh(counter)
    assert count(shop, audits, audits.c.what == "erase") >= 1
    *_, last = erasures.journal(shop.workspace).entries
    assert last.done


def test_a_line_that_was_never_finished_is_no_erasure(tmp_path: Path) -> None:
    counter = counter_of(tmp_path)
    who, other = known(counter.shop, "ann"), known(counter.shop, "bob")
    erase.erase(counter.shop, [who.email])
    file = erasures.path(counter.shop.workspace)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"at":1,"keys":["00')
    shop = _fresh(counter)
    assert count(shop, identities) == 2
    erase.erase(shop, [other.email])
    assert len(erasures.journal(shop.workspace).entries) == 4
    shop.database.close()
    assert traces(tmp_path, other) == set()
