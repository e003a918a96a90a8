"""Questions of buyers: answered out of the bundle's own tutorial and the seller's answers, or refused."""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curate.api import Workspace as Api
from curate.errors import ConfigError
from curate.shop import Shop
from curate.shop.aftersales import answers, passages, tickets, wording
from curate.shop.settings import Settings, Sold
from curate.workspace import Workspace

SAMPLE = Path(__file__).parents[1] / "collections" / "sample"
QUESTIONS = Path(__file__).parent / "data" / "questions"
OWN = """
[[answer]]
question = "Can I get an invoice?"
also = ["I need a receipt with VAT"]
answer = "Yes: write to us with the number of your order, and it comes by e-mail."

[[answer]]
question = "可以开发票吗"
answer = "可以，请告诉我们订单号，电子发票会发到您的邮箱。"
"""


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The sample, released once in English and once in Chinese: demo-en, demo-zh."""
    api = Api.init(tmp_path_factory.mktemp("demo"))
    for language in ("en", "zh"):
        folder = api.collections / f"demo-{language}"
        shutil.copytree(SAMPLE, folder)
        file = folder / "collection.toml"
        text = re.sub(r"(?m)^language = .*$", f'language = "{language}"', file.read_text("utf-8"))
        file.write_text(text, "utf-8")
        api.collect(folder.name)
        api.classify(folder.name)
        assert api.package(folder.name).release is not None
    return Workspace.at(api.root)


@pytest.fixture
def workspace(bundles: Workspace, tmp_path: Path) -> Workspace:
    """The same with a state of its own."""
    (tmp_path / "curate.toml").write_text("", "utf-8")
    shutil.copytree(bundles.collections, tmp_path / "collections")
    (tmp_path / "build").symlink_to(bundles.build)
    return Workspace.at(tmp_path)


@dataclass(frozen=True, slots=True)
class Measured:
    first: float
    three: float
    refused: float


def measure(workspace: Workspace, language: str, part: str) -> Measured:
    data: dict[str, Any] = tomllib.loads((QUESTIONS / f"{language}.toml").read_text("utf-8"))
    first = three = 0
    for question, *pieces in data[part]:
        found = answers.find(workspace, f"demo-{language}", question)
        right = [any(piece in one.passage.text for piece in pieces) for one in found]
        first += right[:1] == [True]
        three += any(right)
    foreign = [*data["unrelated"], *data["foreign"]]
    none = sum(not answers.find(workspace, f"demo-{language}", one) for one in foreign)
    count = len(data[part])
    return Measured(first / count, three / count, none / len(foreign))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("part", ["tune", "test", "fresh"])
def test_real_questions_find_their_passage(
    bundles: Workspace, language: str, part: str, record_property: Any
) -> None:
    got = measure(bundles, language, part)
    record_property("figures", f"{got}")
    assert got.first >= 0.8, got
    assert got.three >= 0.85, got
    assert got.refused >= 0.97, got


@pytest.mark.parametrize("engine", ["tantivy", "whoosh"])
def test_either_engine_answers_alike(workspace: Workspace, engine: str) -> None:
    (workspace.root / "curate.toml").write_text(f'[search]\nengine = "{engine}"\n', "utf-8")
    got = measure(workspace, "zh", "tune")
    assert got.three >= 0.95, got
    assert (next((workspace.state / "answers" / "demo-zh").glob("*")) / engine).is_dir()


def test_how_each_kind_is_opened_is_a_passage_of_its_own(bundles: Workspace) -> None:
    found = passages.of_tutorial(bundles.build / "demo-en" / "1.0.0")
    kinds = {one.heading for one in found if one.place.startswith("k-")}
    assert {"Documents · PDF", "Documents · Word", "Tables · CSV", "Images · SVG"} <= kinds
    assert {"open", "check", "rights", "update", "editor"} <= {one.place for one in found}


def test_the_sellers_answers_come_too_and_a_change_is_seen_at_once(workspace: Workspace) -> None:
    file = passages.answers_file(workspace, "demo-en")
    assert answers.find(workspace, "demo-en", "Do you write invoices?") == ()
    file.write_text(OWN, "utf-8")
    (found,) = answers.find(workspace, "demo-en", "Can I get an invoice please")
    assert (found.passage.kind, found.passage.text[:4]) == ("answer", "Yes:")
    assert answers.find(workspace, "demo-en", "is there a receipt with vat?")[0].passage.text[:4] == "Yes:"  # fmt: skip
    assert "电子发票" in answers.find(workspace, "demo-en", "能开发票吗？")[0].passage.text
    file.write_text(OWN.replace("Yes:", "No:"), "utf-8")
    assert answers.find(workspace, "demo-en", "invoice?")[0].passage.text[:3] == "No:"
    file.unlink()
    assert answers.find(workspace, "demo-en", "invoice?") == ()


def test_wrong_answers_are_all_told(workspace: Workspace) -> None:
    file = passages.answers_file(workspace, "demo-en")
    file.write_text(
        '[[answer]]\nquestion = " "\nanswer = "x"\n[[answer]]\nqestion = "q"\n', "utf-8"
    )
    with pytest.raises(ConfigError, match="qestion"):
        answers.find(workspace, "demo-en", "invoice")
    file.write_text('[[answer]]\nquestion = " "\nanswer = "x"\n', "utf-8")
    with pytest.raises(ConfigError, match="answer 1"):
        answers.find(workspace, "demo-en", "invoice")


def test_a_damaged_index_is_made_anew(workspace: Workspace) -> None:
    assert answers.find(workspace, "demo-en", "How do I unzip it on Windows?")
    (place,) = (workspace.state / "answers" / "demo-en").iterdir()
    (place / "tantivy" / "meta.json").write_text("{", "utf-8")
    assert answers.find(workspace, "demo-en", "How do I unzip it on Windows?")
    (place / "passages.json").write_text("[", "utf-8")
    answers._opened.cache_clear()
    assert answers.find(workspace, "demo-en", "How do I unzip it on Windows?")


@pytest.mark.parametrize(
    "question", ["", "?!", "的", "how do I", "{page} {codes}", "a" * 5000, "\x00\ud800", "解" * 400, "NOT (", '"']
)  # fmt: skip
def test_whatever_is_asked_nothing_breaks(bundles: Workspace, question: str) -> None:
    answers.find(bundles, "demo-en", question)


def test_words_that_mean_the_same_are_one_term() -> None:
    assert [term.words for term in wording.terms("How do I unzip the file?")] == [("unzip",)]
    assert wording.is_trade("我要退款")
    assert not wording.is_trade("Are the .DS_Store files a problem?")


def test_what_nothing_answers_becomes_a_ticket(workspace: Workspace) -> None:
    sold = {"G": Sold(collection="demo-en")}
    shop = Shop(workspace, Settings(products=sold), lambda: 1_900_000_000.0)
    helped = tickets.ask(shop, "How do I unzip it on Windows?", sku="G")
    assert (helped.ticket_id, helped.found[0].passage.heading) == (
        None,
        "Open the archive · Windows",
    )
    assert tickets.listed(shop) == []
    lost = tickets.ask(shop, "When does the second volume appear?", sku="G")
    still = tickets.ask(shop, "How do I unzip it on Windows?", sku="G", insist=True)
    assert [one.id for one in tickets.listed(shop)] == [lost.ticket_id, still.ticket_id]
    assert still.ticket_id is not None
    who = [letter.who for letter in tickets.show(shop, still.ticket_id).letters]
    assert who == ["buyer", "faq"]
