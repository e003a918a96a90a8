"""curate report on the way that a seller goes: files, languages, what cannot be made."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner, Result

from curate.books.reports import Report, builders
from curate.cli import main
from curate.errors import CurateError
from curate.shop import Shop, settings
from curate.shop.calendar import Period
from tests import reported
from tests.test_docs import ROOT, blocks

_FILES = ["direct-2026-03-channels.csv", "direct-2026-03-costs.csv", "direct-2026-03-notes.csv",
          "direct-2026-03-weeks.csv"]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop whose builders make what these tests know, but for one that has nothing to tell."""
    from curate.api import Workspace as Made

    workspace = Made.init(tmp_path / "w")
    settings.path(workspace).write_text('language = "en"\n', "utf-8")
    monkeypatch.chdir(workspace.root)
    asked: list[tuple[str, str]] = []

    def maker(kind: str) -> Any:
        def make(shop: Shop, period: Period, by: str = "") -> Report:
            asked.append((period.name, by))
            if kind == "review":
                raise CurateError("nothing is planned for 2026-03", 'write [targets."2026-03"]')
            language = shop.workspace.settings.language
            return reported.journey(language) if kind == "journey" else reported.direct(language)

        return make

    for kind, name in builders.BUILDERS.items():
        module = ModuleType(name)
        module.report = maker(kind)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, module)
    return workspace.root


def curate(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(main, ["report", *arguments])
    assert done.exit_code == code, done.output
    return done


def test_one_report_in_every_form(home: Path) -> None:
    told = curate("direct", "--period", "2026-03", "--by", "channel").output
    assert "Own sales · 2026-03" in told and "123,456.78" in told and "2.84%" in told
    written = curate("direct", "--period", "2026-03", "--html", "out/march.html", "--csv", "sheets")
    assert written.output.splitlines() == [
        f"{Path('out/march.html')} is written",
        *(
            f"{Path('sheets') / name} is written"
            for name in (_FILES[0], _FILES[3], _FILES[1], _FILES[2])
        ),
    ]
    assert sorted(one.name for one in (home / "sheets").iterdir()) == _FILES
    page = (home / "out" / "march.html").read_bytes()
    curate("direct", "--period", "2026-03", "--html", "out/march.html")
    assert (home / "out" / "march.html").read_bytes() == page
    assert [one.name for one in (home / "out").iterdir()] == ["march.html"]
    read = json.loads(curate("direct", "--period", "2026-03", "--json").stdout)
    assert read["version"] == 1 and read["period"] == "2026-03"
    first = read["reports"][0]["tables"][0]["rows"][0]
    assert first["revenue"] == {"amount": "123456.78", "currency": "CNY"}
    assert first["conversion"] == {"fraction": "37/1301", "decimal": "0.028440"}
    (home / "curate.toml").write_text('language = "zh"\n', "utf-8")
    assert "自营销售" in curate("direct", "--period", "2026-03").output


def test_without_a_kind_all_are_told_and_what_cannot_be_made_is_named(home: Path) -> None:
    done = curate("--period", "2026-03", code=3)
    assert done.stdout.count("Own sales · 2026-03") == 4 and "Journey · 2026-03" in done.stdout
    assert "Tables that are not shown: 2. curate report direct --period 2026-03" in done.stdout
    assert (
        'left out: review: nothing is planned for 2026-03 (write [targets."2026-03"])'
        in done.stderr
    )
    done = curate("--period", "2026-03", "--json", "--html", "all.html", code=3)
    assert [one["key"] for one in json.loads(done.stdout)["reports"]] == ["direct", "direct", "journey", "direct", "direct"]  # fmt: skip
    assert (home / "all.html").read_text("utf-8").count("<h2") == 5
    assert "nothing is planned" in curate("review", code=1).output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["sales"], "'sales' is no report"),
        (["ledger", "--by", "channel"], "the report ledger is not told by 'channel'"),
        (["direct", "--period", "March"], "'March' is no period"),
        (["direct", "--period", "0001"], "'0001' is no period"),
        (["review", "--period", "1969-12-31"], "'1969-12-31' is no period"),
        (["review", "--period", "9999"], "of the years 1970 to 9998"),
        (["direct", "--period", "2026-03-09/2026-03-01"], "ends before it begins"),
        (["direct", "--html", "curate.toml"], "curate.toml is no name for a page"),
        (["direct", "--csv", "curate.toml"], "curate.toml"),
    ],
)  # fmt: skip
def test_what_is_meant_otherwise_is_told(home: Path, arguments: list[str], told: str) -> None:
    before = (home / "curate.toml").read_bytes()
    done = CliRunner().invoke(main, ["report", *arguments])
    assert done.exit_code in (1, 2) and told in done.output and "Traceback" not in done.output
    assert (home / "curate.toml").read_bytes() == before


def commands() -> Iterator[str]:
    """What the documents tell to type."""
    page = (ROOT / "docs" / "books.md").read_text("utf-8")
    part = page.partition("\n## Reports\n")[2].partition("\n## ")[0]
    for block in re.findall(r"^```sh\n(.*?)^```$", part, re.MULTILINE | re.DOTALL):
        yield from (line.partition("#")[0].strip() for line in block.splitlines())


def test_what_the_documents_tell_to_type_works(home: Path) -> None:
    told = [*commands()]
    assert len(told) >= 5
    for one in told:
        name, report, *arguments = shlex.split(one)
        assert (name, report) == ("curate", "report")
        done = CliRunner().invoke(main, ["report", *arguments])
        assert done.exit_code in (0, 3), done.output
    (shown,) = [one for one in blocks(ROOT / "docs" / "books.md", "json") if one.name == "report"]
    row = json.loads(shown.text)
    read = json.loads(curate("direct", "--period", "2026-03", "--json").stdout)
    assert row.items() <= read["reports"][0]["tables"][0]["rows"][0].items()
