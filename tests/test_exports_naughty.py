"""515 strings that have broken programs, as titles and as codes: each survives every format, or is refused."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator

from curate.exports import Offer
from curate.exports.text import line
from tests.offers import offer, product, share, words
from tests.platforms import BATCH
from tests.test_exports import CARDS, rows, run

TITLES = json.loads((Path(__file__).parent / "data" / "naughty.json").read_text("ascii"))["strings"]


def naughty(root: Path) -> list[Offer]:
    """One product for each of the 515, named by its number."""
    made = []
    for number, title in enumerate(TITLES):
        one = product(f"n{number}", title or "\0", images=(), archives=())
        both = {**one.words, "zh": words(title)}
        one = msgspec.structs.replace(one, words=both)
        made.append(Offer(one, root, (share(),)))
    return made


def expected() -> dict[str, str]:
    """By SKU, titles after the one rule: controls and blanks at the ends go, line ends are spaces."""
    return {f"n{n}": line(title) for n, title in enumerate(TITLES) if line(title)}


def test_the_list_of_naughty_strings_is_whole() -> None:
    assert len(TITLES) == 515
    changed = [title for title in TITLES if line(title) != title]
    assert all(title.strip() != title or any(ord(c) < 0xA0 or ord(c) in (0xFEFF, 0xFFFE, 0x2028, 0x2029) for c in title) for title in changed)  # fmt: skip
    assert len(expected()) == 515 - sum(not line(title) for title in TITLES) > 505


READ = {  # byte order mark, column of the title, of the SKU, most characters
    "shopify": (False, "Title", "SKU", 999),
    "woocommerce": (True, "Name", "SKU", 999),
    "vendure": (False, "name:en", "sku", 255),
    "medusa": (False, "Product Title", "Variant Sku", 999),
}


@pytest.mark.parametrize("platform", READ)
def test_naughty_titles_survive_tables(tmp_path: Path, platform: str) -> None:
    folder, problems = run(tmp_path, platform, *naughty(tmp_path))
    bom, title, sku, most = READ[platform]
    found = {row[sku]: row[title] for row in rows(folder / "products.csv", bom)}
    assert found == {key: text for key, text in expected().items() if len(text) <= most}
    left = {one.where for one in problems if one.severity == "error"}
    assert left.isdisjoint(found) and len(left) + len(found) == len(TITLES)


def test_naughty_titles_survive_oscar(tmp_path: Path) -> None:
    folder, _ = run(tmp_path, "oscar", *naughty(tmp_path))
    with (folder / "products.csv").open(encoding="utf-8") as file:
        table = list(csv.reader(file, escapechar="\\"))  # as its importer opens it
    assert {row[2]: row[3] for row in table} == {key: title for key, title in expected().items() if len(title) <= 255}  # fmt: skip
    assert {len(row) for row in table} == {9}


def test_naughty_titles_survive_xianguanjia(tmp_path: Path) -> None:
    folder, problems = run(tmp_path, "xianguanjia", *naughty(tmp_path))
    found = {}
    for path in folder.glob("products-*.json"):
        body = json.loads(path.read_text("utf-8"))
        Draft202012Validator(BATCH).validate(body)
        found.update(
            {one["outer_id"]: one["publish_shop"][0]["title"] for one in body["product_data"]}
        )
    assert found == {sku: title for sku, title in expected().items() if len(title) <= 30}
    assert len(found) + len({one.where for one in problems if one.severity == "error"}) == 515


def test_naughty_titles_survive_gumroad(tmp_path: Path) -> None:
    folder, _ = run(tmp_path, "gumroad", *naughty(tmp_path))
    found = {path.name: (path / "name.txt").read_text("utf-8")[:-1] for path in folder.iterdir()}
    assert found == expected()


@pytest.mark.parametrize("platform", CARDS)
def test_naughty_titles_leave_card_lists_alone(tmp_path: Path, platform: str) -> None:
    folder, _ = run(tmp_path, platform, *naughty(tmp_path))
    assert {path.stem for path in folder.iterdir()} == set(expected())
    assert len({path.read_bytes() for path in folder.iterdir()}) == 1


@pytest.mark.parametrize("platform", CARDS)
def test_naughty_codes_are_one_line_or_refused(tmp_path: Path, platform: str) -> None:
    codes = [*TITLES, "a║b"]
    offers = [
        offer(tmp_path / "build", product(f"n{n}", images=()), share(code=code))
        for n, code in enumerate(codes)
    ]
    folder, problems = run(tmp_path, platform, *offers)
    refused = {one.where for one in problems}
    for number, code in enumerate(TITLES):
        path = folder / f"n{number}{'.csv' if platform == 'dujiao-next' else '.txt'}"
        assert path.exists() is (f"n{number}" not in refused)
        if path.exists():
            text = path.read_text("utf-8")
            read = (
                next(csv.DictReader(io.StringIO(text)))["secret"]
                if platform == "dujiao-next"
                else text[:-1]
            )
            assert "\n" not in read
            assert (f"提取码：{code.strip()} " in read) is bool(code.strip())
    assert f"n{len(TITLES)}" in refused
