"""What is changed in collection.toml asks for curate classify only where a judgement rests on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from curate import product
from curate.api import Workspace
from curate.catalog import Catalog
from curate.errors import CurateError

HOME = """title = "Notes"
description = "{description}"
[listing]
price = "{price}"
{listing}
[[sources]]
type = "folder"
path = "material"
match = "all"
{rights}
"""
GRANT = 'kind = "purchase"\nlicensor = "Bob"\nuses = ["bundle"]\nevidence = ["invoice.txt"]\n'


def write(workspace: Workspace, **said: str) -> None:
    told = {"description": "", "price": "9.00", "listing": "", "rights": 'rights = { own = "Ann" }'}
    file = workspace.collections / "notes" / "collection.toml"
    file.write_text(HOME.format(**{**told, **said}), encoding="utf-8")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.init(tmp_path / "w")
    material = made.collections / "notes" / "material"
    material.mkdir(parents=True)
    (material / "one.md").write_text("# Backups\n\nThree copies.", encoding="utf-8")
    (made.root / "grants").mkdir()
    (made.root / "grants" / "invoice.txt").write_text("Invoice 7", encoding="utf-8")
    return made


def classified(workspace: Workspace, **said: str) -> None:
    write(workspace, **said)
    workspace.collect("notes")
    workspace.classify("notes")


def test_a_price_and_words_for_the_shop_ask_for_nothing(workspace: Workspace) -> None:
    classified(workspace)
    workspace.package("notes")
    write(
        workspace,
        price="12.50",
        description="Sorted notes.",
        listing='currency = "USD"\nsku = "n-1"\ntags = ["notes"]\nplatforms = ["xianyu"]',
    )
    assert workspace.status()[0].next != "curate classify notes"
    made = product.read(workspace.package("notes").release.folder)
    assert (made.price, made.currency, made.sku) == ("12.50", "USD", "n-1")


@pytest.mark.parametrize(
    "said",
    [
        {"price": "0"},
        {"listing": "alone = true"},
        {"listing": 'territory = ["CN"]'},
        {"listing": "copies = 5"},
        {"listing": "drm = true"},
        {"rights": 'rights = { license = "CC-BY-4.0" }'},
        {"rights": '[[categories]]\nname = "backups"\nwords = ["backup"]'},
    ],
    ids=["free", "alone", "territory", "copies", "drm", "rights", "categories"],
)
def test_what_a_judgement_rests_on_asks_for_it(workspace: Workspace, said: dict[str, str]) -> None:
    classified(workspace)
    write(workspace, **said)
    with pytest.raises(CurateError, match="present rules") as caught:
        workspace.package("notes")
    assert caught.value.hint == "run: curate classify notes"


def test_a_price_asks_for_it_where_a_grant_asks_for_a_price(workspace: Workspace) -> None:
    file = workspace.root / "grants" / "deal.toml"
    file.write_text(f'{GRANT}min_price = "9.00"\n', encoding="utf-8")
    held = 'rights = { grant = "deal" }'
    material = workspace.collections / "notes" / "material"
    (material / "two.md").write_text("# Bread\n\nFlour, water and salt.", encoding="utf-8")
    classified(workspace, rights=held)
    workspace.package("notes")
    write(workspace, rights=held, price="8.99")
    with pytest.raises(CurateError, match="present rules"):
        workspace.package("notes")
    workspace.classify("notes")
    with pytest.raises(CurateError, match="nothing to package"):
        workspace.package("notes")


def test_a_decision_is_the_same_at_any_price(workspace: Workspace) -> None:
    """Without such a grant; so what is stored may stand when the price changes."""

    def decided() -> list[object]:
        with Catalog(workspace.catalog, readonly=True) as catalog:
            return [one.decision for one in catalog.members("notes")]

    for license in ("CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-ND-4.0", "GPL-3.0-only", "OFL-1.1"):
        rights = f'rights = {{ license = "{license}" }}'
        classified(workspace, price="0.01", rights=rights)
        cheap = decided()
        classified(workspace, price="99999", rights=rights)
        assert decided() == cheap
