"""OpenAlex: which copy of a work is offered. Its answers are written after its documentation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from curate.collectors.openalex import API, OpenAlexCollector, OpenAlexSource
from curate.errors import CurateError
from tests.judge import judge
from tests.server import Answer
from tests.services import Query, Replay, Time, candidates, context, data, found, troubles

COPY = "https://repository.example/1.pdf"
HOSTS = (API, "https://repository.example", "https://journal.example")
LAST = {"meta": {"next_cursor": None}, "results": []}


def answer() -> Any:
    sample = Path(__file__).parent / "data/services/openalex.json"
    return json.loads(sample.read_text("utf-8"))


def served(server: Replay) -> None:
    server.route("/works", lambda asked: data(answer() if asked["cursor"] == "*" else LAST))
    server.file("/1.pdf", Answer(body=b"%PDF-1.5", type="application/pdf"))


def collector(server: Replay, tmp_path: Path, time: Time | None = None, **given: Any) -> Any:
    options = OpenAlexSource(**{"search": ("harbour",), **given})
    fetch = server.fetcher(time or Time(), *HOSTS)
    return OpenAlexCollector(options, context(fetch, tmp_path, decide=judge()))


def test_a_copy_needs_a_pdf_and_a_licence_of_its_own(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        seen = found(collector(server, tmp_path))
    (work,) = candidates(seen)
    assert (work.locator, work.suffix) == (COPY, ".pdf")
    assert work.stamp == "https://openalex.org/W1 acceptedVersion"
    assert (work.said.title, work.said.creators) == ("Harbours of Lisbon", ("Ana Lima",))
    assert work.said.url == "https://doi.org/10.1234/one"
    (statement,) = work.said.statements
    assert (statement.raw, statement.license, statement.where) == ("cc-by", "", COPY)
    assert judge()(work.said).outcome == "ask", "the version is not said"
    reasons = troubles(seen)
    assert reasons["https://doi.org/10.1234/two"] == (
        "none of its copies has both a PDF and a licence of its own"
    )
    assert "commercial" in reasons["https://journal.example/three.pdf"]


def test_it_is_asked_only_for_what_the_collection_may_use(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        found(collector(server, tmp_path, types=("article", "book")), read=False)
        first, second = server.queries("/works")
    assert (first["search"], first["per-page"], first["cursor"]) == ("harbour", "100", "*")
    assert second["cursor"] == "Ik5leHQi"
    free, licenses, types = first["filter"].split(",")
    assert (free, types) == ("is_oa:true", "type:article|book")
    codes = licenses.removeprefix("locations.license:").split("|")
    assert {"cc-by", "cc-by-sa", "public-domain"} < set(codes)
    assert not {"cc-by-nc", "cc-by-nc-nd", "other-oa"} & set(codes)


def test_a_cursor_that_comes_again_ends_the_search(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        server.route("/works", lambda asked: data(answer()))
        seen = found(collector(server, tmp_path), read=False)
        assert len(server.requests) == 2
    assert troubles(seen)["OpenAlex: harbour"] == "its pages of results repeat each other"


def test_the_file_is_asked_of_its_own_host_as_that_allows(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        server.file("/robots.txt", Answer(body=b"User-agent: *\nDisallow: /1.pdf"))
        with pytest.raises(CurateError, match=r"robots\.txt does not allow it"):
            found(collector(server, tmp_path))
        assert not server.count("/1.pdf")


def test_a_landing_page_is_no_pdf(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        server.file("/1.pdf", Answer(body=b"<html>Sign in", type="text/html"))
        with pytest.raises(CurateError, match="is text/html, not the file"):
            found(collector(server, tmp_path))


@pytest.mark.parametrize(
    ("status", "hint"), [(429, "budget"), (403, "too fast"), (400, "correct"), (401, "key")]
)
def test_refusals_say_what_to_do(status: int, hint: str, tmp_path: Path) -> None:
    with Replay() as server:
        server.route("/works", lambda asked: Answer(status))
        with pytest.raises(CurateError, match=str(status)) as fault:
            found(collector(server, tmp_path))
    assert hint in fault.value.hint
    assert ("a key is free" in fault.value.hint) == (status in (403, 429))


def test_what_was_found_before_the_budget_ended_stays(tmp_path: Path) -> None:
    def answered(asked: Query) -> Answer:
        if asked["search"] == "harbour" and asked["cursor"] == "*":
            return data(answer())
        return Answer(429) if asked["search"] == "harbour" else data(LAST)

    with Replay() as server:
        served(server)
        server.route("/works", answered)
        seen = found(collector(server, tmp_path, search=("harbour", "quay")))
    assert [one.locator for one in candidates(seen)] == [COPY]
    assert "budget for today" in troubles(seen)["OpenAlex: harbour"]


def test_the_key_goes_to_openalex_and_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURATE_RESEARCH_TOKEN", "s3cret")
    with Replay() as server:
        served(server)
        seen = found(collector(server, tmp_path, account="research"))
        assert {one["api_key"] for one in server.queries("/works")} == {"s3cret"}
        assert not any("s3cret" in one.path for one in server.asked("/1.pdf"))
        server.route("/works", lambda asked: Answer(401))
        with pytest.raises(CurateError, match="401") as fault:
            found(collector(server, tmp_path, account="research"))
    assert "s3cret" not in f"{seen} {fault.value} {fault.value.hint} {OpenAlexSource.place}"


def test_an_account_without_a_key_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    with Replay() as server:
        with pytest.raises(CurateError, match="'nobody'"):
            found(collector(server, tmp_path, account="nobody"))
        assert not server.requests
