"""Thirty things that sellers meet, each with the decision that is expected for a sold bundle.

The items are real files or recorded answers of real services where such lie at hand (``material``,
``debian``); where none does, a few lines in the shape of the real thing stand in and say so.
"""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec
import pytest

from curate import rights
from curate.api import Workspace
from curate.collection import Declaration
from curate.collectors.records import arxiv, commons, internet_archive, openalex, openverse, zenodo
from curate.errors import CurateError
from curate.messages import render
from curate.model import Decision, Said
from curate.pipeline.rulings import Ruling, rulings
from curate.rights.policy import Use, load
from tests.debian import debian
from tests.material import material

TODAY = date(2026, 11, 22)
SAMPLES = Path(__file__).parent / "data" / "records"
PROSE = "\n\n".join(
    f"Paragraph {n} of a text about lighthouses, harbours and tides, long enough to be one." * 3
    for n in range(8)
)
Content = str | bytes | Path


@dataclass(frozen=True)
class Shelf:
    """A workspace with one collection of real files."""

    workspace: Workspace

    def of(self, name: str) -> Ruling:
        found = [one for one in rulings(self.workspace, "c") if one.source.endswith(name)]
        assert len(found) == 1, [one.source for one in rulings(self.workspace, "c")]
        return found[0]


def shelf(
    tmp_path: Path,
    files: Mapping[str, Content],
    *,
    declared: str = "",
    listing: str = 'price = "9.00"',
    grants: Mapping[str, str] | None = None,
    more: str = "",
) -> Shelf:
    workspace = Workspace.init(tmp_path / "w")
    home = workspace.collections / "c"
    home.mkdir()
    for name, content in files.items():
        target = home / "material" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, target)
        else:
            target.write_bytes(content.encode() if isinstance(content, str) else content)
    for name, text in (grants or {}).items():
        folder = workspace.root / "grants"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    (home / "collection.toml").write_text(
        f'title = "Cases"\n[listing]\n{listing}\n[rights]\n{declared}\n'
        f'[[sources]]\ntype = "folder"\npath = "material"\nmatch = "all"\n{more}\n',
        encoding="utf-8",
    )
    workspace.collect("c")
    workspace.classify("c")
    return Shelf(workspace)


def told(decision: Decision) -> str:
    return "; ".join(render(reason, "en") for reason in decision.reasons)


def expect(decision: Decision, outcome: str, rule: str) -> None:
    assert decision.outcome == outcome, told(decision)
    assert rule in decision.rules, decision.rules
    assert rule in told(decision) or decision.basis in ("grant", "answer"), told(decision)


def by_record(said: Said, use: Use | None = None, **declared: str) -> Decision:
    """The decision on what a service says about an item."""
    declaration = Declaration(**declared)  # type: ignore[arg-type]
    evidence = rights.Evidence([declaration], said.statements)
    return rights.decide(evidence, load(), use or Use(paid=True), TODAY)


def sample(name: str) -> dict[str, object]:
    found: dict[str, object] = json.loads((SAMPLES / f"{name}.json").read_text("utf-8"))
    return found


def recorded(name: str) -> object:
    return json.loads(material(f"apis/{name}").read_text("utf-8"))


# What a licence file or a README says


def test_01_a_page_below_a_cc_by_licence_file(tmp_path: Path) -> None:
    licence = material("licenses/cc-by-4.0_markdown/LICENSE.md")
    made = shelf(tmp_path, {"LICENSE.md": licence, "pages/tar.md": f"# tar\n\n{PROSE}"})
    decision = made.of("pages/tar.md").decision
    expect(decision, "allow", "cc-by")
    assert "attribution" in decision.obligations
    page = made.workspace.package("c").release
    with zipfile.ZipFile(page.archive) as archive:
        names = archive.namelist()
        credits = archive.read(next(n for n in names if n.endswith("ATTRIBUTION.md"))).decode()
    assert "CC BY 4.0" in credits and "tar" in credits


def test_02_a_book_under_a_non_commercial_licence(tmp_path: Path) -> None:
    licence = material("licenses/cc-by-nc-sa/LICENSE")
    made = shelf(tmp_path, {"LICENSE": licence, "book.md": f"# Book\n\n{PROSE}"})
    expect(made.of("book.md").decision, "deny", "cc-nc")


def test_03_a_magazine_whose_readme_alone_says_nd(tmp_path: Path) -> None:
    # No such magazine lies at hand: its README in one line.
    readme = "# Magazine\n\n## License\n\nThis work is licensed under CC BY-NC-ND 4.0.\n"
    made = shelf(tmp_path, {"README.md": readme, "issues/01.md": f"# One\n\n{PROSE}"})
    expect(made.of("issues/01.md").decision, "deny", "cc-nc")


def test_04_a_guide_whose_readme_says_share_alike(tmp_path: Path) -> None:
    guide = material("documents/art-of-command-line/README.md")
    made = shelf(tmp_path, {"guide/README.md": guide})
    expect(made.of("README.md").decision, "allow", "cc-by-sa")
    archive = made.workspace.package("c").release.archive
    with zipfile.ZipFile(archive) as bundle:
        terms = next(one for one in bundle.namelist() if one.endswith("/LICENSE.md"))
        assert "CC-BY-SA-4.0" in bundle.read(terms).decode()  # left to its own licence


def test_05_a_handbook_under_a_choice_of_licences(tmp_path: Path) -> None:
    root = "usr/share/doc/debian-handbook"
    page = debian("debian-handbook", f"{root}/html/en-US/apt.html")
    terms = debian("debian-handbook", f"{root}/copyright")
    made = shelf(tmp_path, {"copyright": terms, "html/apt.html": page})
    decision = made.of("apt.html").decision
    expect(decision, "allow", "cc-by-sa")
    assert decision.license == "CC-BY-SA-3.0"
    assert " OR " in decision.offered  # the branch that was not taken is on record


# Open clip art and wallpapers


def clip_art(name: str) -> Path:
    return debian("openclipart-svg", f"usr/share/openclipart/svg/{name}")


DEDICATED = (
    'license = "CC-PDDC"\ngrounds = "dedicated to the public by who drew it, says the library"'
)


def test_06_a_drawing_that_says_gpl_among_public_domain(tmp_path: Path) -> None:
    wall = clip_art("computer/firewall_denco_01.svg")
    made = shelf(tmp_path, {"firewall.svg": wall}, declared=DEDICATED)
    decision = made.of("firewall.svg").decision
    expect(decision, "ask", "public-domain-mark")
    assert "GPL" in told(decision)


def test_07_a_drawing_with_an_empty_licence_field(tmp_path: Path) -> None:
    ball = clip_art("recreation/toys/beachball_v0.1.svg")
    made = shelf(tmp_path, {"ball.svg": ball}, declared=DEDICATED)
    expect(made.of("ball.svg").decision, "ask", "public-domain-mark")


def test_08_a_wallpaper_whose_two_papers_differ(tmp_path: Path) -> None:
    root = "usr/share"
    package = "plasma-workspace-wallpapers"
    photos = debian(package, f"{root}/wallpapers/Altai/contents/images")
    made = shelf(
        tmp_path,
        {
            "debian/copyright": debian(package, f"{root}/doc/{package}/copyright"),
            "Altai/metadata.json": debian(package, f"{root}/wallpapers/Altai/metadata.json"),
            "Altai/contents/images/photo.png": next(iter(sorted(photos.iterdir()))),
        },
    )
    decision = made.of("photo.png").decision
    expect(decision, "ask", "copyleft")
    assert "CC-BY-SA-4.0" in told(decision) and "GPL" in told(decision)


# A classic


US = 'price = "9.00"\nterritory = ["US"]'


def test_09_a_classic_with_and_without_its_header(tmp_path: Path) -> None:
    classic = material("documents/pride-and-prejudice/1342-0.txt").read_text("utf-8-sig")
    body = classic[classic.index("It is a truth universally") :][:60_000]
    stripped = 'license = "CC-PDM-1.0"\nterritory = ["US"]\ngrounds = "published 1813, its author died 1817"'
    made = shelf(
        tmp_path,
        {"whole/classic.txt": classic, "stripped/novel.txt": body},
        listing=US,
        more=f'[[sources.folders]]\npath = "stripped"\n[sources.folders.rights]\n{stripped}',
    )
    expect(made.of("classic.txt").decision, "deny", "project-gutenberg")
    expect(made.of("novel.txt").decision, "allow", "public-domain-mark")


def test_10_a_cover_with_terms_of_its_own(tmp_path: Path) -> None:
    cover = material("documents/pride-and-prejudice/cover.png")
    # Its terms stand in the project's record, as a sidecar they lie beside it.
    sidecar = "SPDX-License-Identifier: CC-BY-NC-4.0\nSPDX-FileCopyrightText: its designer\n"
    made = shelf(tmp_path, {"cover.png": cover, "cover.png.license": sidecar})
    expect(made.of("cover.png").decision, "deny", "cc-nc")


# What services record


def test_11_by_nd_as_it_is_and_cropped() -> None:
    record = sample("openverse") | {"license": "by-nd", "license_version": "4.0", "license_url": ""}
    said = openverse.said(record)
    expect(by_record(said), "allow", "cc-by-nd")
    expect(by_record(said, license="CC-BY-ND-4.0", changes="cropped"), "deny", "cc-by-nd")


def test_12_a_public_domain_mark_with_and_without_a_reason() -> None:
    url = "https://creativecommons.org/publicdomain/mark/1.0/"
    record = sample("openverse") | {"license": "pdm", "license_version": "1.0", "license_url": url}
    said = openverse.said(record)
    expect(by_record(said), "ask", "public-domain-mark")
    known = by_record(said, license="CC-PDM-1.0", grounds="its painter died in 1890")
    expect(known, "allow", "public-domain-mark")


def test_13_the_credit_that_its_author_asks_for() -> None:
    said = commons.said(_page("wikimedia-commons/image_data_example.json"))
    decision = by_record(said)
    expect(decision, "allow", "cc-by-sa")
    line = rights.credit(said.title, said.creators, said.url, decision, "en")
    assert "Photo by PtrQs" in line and "CC BY-SA 4.0" in line


def _page(name: str) -> dict[str, object]:
    found = recorded(name)
    while isinstance(found, dict) and not {"imageinfo", "extmetadata"} & found.keys():
        inner = [found.get(key) for key in ("query", "pages")]
        step = next((one for one in inner if one), None)
        found = step if step is not None else next(iter(found.values()))
    assert isinstance(found, dict)
    return found


def test_14_a_photo_by_nasa() -> None:
    pages = recorded("wikimedia-commons/wmc_pretty123.json")
    text = json.dumps(pages)
    assert "18263872" in text
    page = _find(pages, "18263872")
    said = commons.said(page)
    expect(by_record(said, Use(paid=True, territory=("US",))), "allow", "public-domain-mark")
    expect(by_record(said), "ask", "public-domain-mark")  # elsewhere nobody says so


def _find(value: object, key: str) -> dict[str, object]:
    waiting: list[object] = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if key in one:
                return one[key]  # type: ignore[no-any-return]
            if str(one.get("pageid")) == key:
                return one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    raise AssertionError(key)


def test_15_a_label_without_its_licence() -> None:
    said = commons.said(_page("wikimedia-commons/image_info_missing_license_url.json"))
    expect(by_record(said), "deny", "unknown-license")


def test_16_a_preprint_known_by_its_feed_alone() -> None:
    answer = recorded("arxiv/id_1707.08567_s0_m100_6a1afebfc6a3.json")
    assert isinstance(answer, dict)
    said = arxiv.said(answer["body"])
    assert said.title
    expect(by_record(said), "deny", "nothing-stated")


def test_17_a_licence_without_its_version() -> None:
    decision = by_record(openalex.said(sample("openalex")))
    expect(decision, "ask", "cc-unversioned")
    assert {"attribution", "license-link", "state-changes"} <= set(decision.obligations)


def test_18_a_data_set_with_two_licences() -> None:
    record = {"metadata": {"rights": [{"id": "cc-by-4.0"}, {"id": "cc-by-nc-sa-4.0"}]}}
    decision = by_record(zenodo.said(record))
    expect(decision, "ask", "cc-nc")
    assert "disagree" in told(decision)


def test_19_a_film_in_the_collection_of_nasa() -> None:
    answer = recorded("internet-archive/advanced_search_response.json")
    assert isinstance(answer, dict)
    for document in answer["response"]["docs"]:
        assert "licenseurl" not in document
        expect(by_record(internet_archive.said(document)), "ask", "public-domain-mark")


# Terms that are stricter than their neighbours


def test_20_research_data_inside_an_mit_repository(tmp_path: Path) -> None:
    made = shelf(
        tmp_path,
        {
            "LICENSE": material("licenses/mit/LICENSE.txt"),
            "code/tool.py": f'"""A tool.\n\n{PROSE}"""\n',
            "data/LICENSE": "This data set may be used for research purposes only.\n",
            "data/table.csv": "id,value\n" + "\n".join(f"{n},{n * n}" for n in range(300)),
        },
    )
    expect(made.of("table.csv").decision, "deny", "study-only")
    expect(made.of("tool.py").decision, "allow", "permissive")


def test_21_a_stock_photo_that_was_only_resized(tmp_path: Path) -> None:
    photo = next(iter(sorted(material("images/pdq").rglob("*.jpg"))))
    declared = 'license = "LicenseRef-scancode-pixabay-content"\nchanges = "resized to 800 px"'
    made = shelf(tmp_path, {"bridge.jpg": photo}, declared=declared)
    expect(made.of("bridge.jpg").decision, "deny", "pixabay")


def test_22_a_pack_of_free_photos(tmp_path: Path) -> None:
    photos = sorted(material("images/imagededup").rglob("*.jpg"))[:4]
    files = {f"{n}.jpg": photo for n, photo in enumerate(photos)}
    declared = 'license = "LicenseRef-scancode-unsplash"'
    made = shelf(tmp_path, files, declared=declared)
    found = rulings(made.workspace, "c")
    assert found
    for one in found:
        expect(one.decision, "deny", "unsplash")


# What was bought


def grant(evidence: str = "invoice.txt", **fields: str) -> str:
    lines = {"kind": '"purchase"', "licensor": '"Ebook House"', "uses": '["bundle"]'} | fields
    return "".join(f"{key} = {value}\n" for key, value in lines.items()) + (
        f'evidence = ["{evidence}"]\n'
    )


def bought(tmp_path: Path, text: str, listing: str = 'price = "9.00"', more: str = "") -> Decision:
    folder = tmp_path / "w" / "grants"
    folder.parent.mkdir()
    folder.mkdir()
    (folder / "invoice.txt").write_text("Invoice 17, paid", encoding="utf-8")
    made = shelf(
        tmp_path,
        {"ebook.md": f"# Ebook\n\n{PROSE}"},
        declared=f'grant = "ebook"\n{more}',
        listing=listing,
        grants={"ebook": text},
    )
    return made.of("ebook.md").decision


def test_23_resell_rights_that_forbid_packaging(tmp_path: Path) -> None:
    terms = '"You may use it; you may not resell it."'
    text = grant(kind='"mrr"', uses='["resell", "sublicense_rr"]', buyer_terms=terms)
    decision = bought(tmp_path, text)
    expect(decision, "deny", "grant-mrr")
    assert "bundle" in told(decision)
    shutil.rmtree(tmp_path / "w")
    expect(bought(tmp_path, text, 'price = "9.00"\nalone = true'), "allow", "grant-mrr")


@pytest.mark.parametrize(
    ("fields", "listing"),
    [
        ({"end": "2020-01-31"}, 'price = "9.00"'),
        ({"territory": '["CN"]'}, 'price = "9.00"\nterritory = ["US"]'),
        ({"territory": '["CN"]'}, 'price = "9.00"'),
        ({"min_price": '"19.00"'}, 'price = "9.00"'),
        ({"max_copies": "100", "copies_used": "100"}, 'price = "9.00"'),
        ({"editorial_only": "true"}, 'price = "9.00"'),
    ],
    ids=["expired", "sold elsewhere", "sold everywhere", "too cheap", "used up", "editorial"],
)
def test_24_private_label_rights_at_their_limits(
    tmp_path: Path, fields: dict[str, str], listing: str
) -> None:
    expect(bought(tmp_path, grant(kind='"plr"', **fields), listing), "deny", "grant-plr")


def test_25_a_stock_picture_as_a_minor_element(tmp_path: Path) -> None:
    text = grant(kind='"stock"', uses='["template"]', max_copies="500000")
    listing = 'price = "9.00"\ncopies = 2000'
    expect(bought(tmp_path, text, listing, "minor = true"), "allow", "grant-stock")
    shutil.rmtree(tmp_path / "w")
    expect(bought(tmp_path, text, listing), "deny", "grant-stock")  # the picture itself
    shutil.rmtree(tmp_path / "w")
    unproven = grant("lost.pdf", kind='"stock"', uses='["template"]')
    decision = bought(tmp_path, unproven, listing, "minor = true")
    expect(decision, "deny", "grant-stock")
    assert "lost.pdf" in told(decision)


# What else is in the bundle


def test_26_a_font_alone_and_in_a_template_bundle(tmp_path: Path) -> None:
    # The declared licence decides here; what a font itself says is read by the extractors.
    fonts = 'license = "OFL-1.1"'
    more = f'[[sources.folders]]\npath = "fonts"\n[sources.folders.rights]\n{fonts}'
    font, page = b"\0\1\0\0 a font's bytes", f"# Template\n\n{PROSE}"
    both = shelf(
        tmp_path / "both",
        {"fonts/Sans.ttf": font, "template.md": page},
        declared='own = "Ann"',
        more=more,
    )
    expect(both.of("Sans.ttf").decision, "allow", "open-font")
    assert both.workspace.package("c").release.items == 2
    only = shelf(tmp_path / "only", {"fonts/Sans.ttf": font}, more=more)
    with pytest.raises(CurateError, match=r"allows no sale by itself.*open-font"):
        only.workspace.package("c")


def test_27_a_manual_for_more_than_a_hundred_buyers(tmp_path: Path) -> None:
    manual = next(iter(sorted(material("documents/pdf-samples").rglob("*.pdf"))))
    declared = 'license = "GFDL-1.3-no-invariants-or-later"'
    many = shelf(
        tmp_path, {"manual.pdf": manual}, declared=declared, listing='price = "9"\ncopies = 150'
    )
    decision = many.of("manual.pdf").decision
    expect(decision, "allow", "gfdl")
    assert "transparent-copy" in decision.obligations


def test_28_a_licence_and_a_ban_in_one_breath(tmp_path: Path) -> None:
    readme = "# 项目\n\n## 许可\n\nAGPL-3.0。仅供学习交流，禁止商用\n"
    made = shelf(tmp_path, {"README.md": readme, "doc/guide.md": f"# Guide\n\n{PROSE}"})
    expect(made.of("guide.md").decision, "ask", "contradiction")


OPEN = 'license = "CC-BY-SA-4.0"'


def test_29_copy_protection_over_an_open_licence(tmp_path: Path) -> None:
    listing = 'price = "9.00"\ndrm = true'
    made = shelf(tmp_path, {"a.md": f"# A\n\n{PROSE}"}, declared=OPEN, listing=listing)
    with pytest.raises(CurateError, match="copy-protected"):
        made.workspace.package("c")


def test_30_terms_without_a_carve_out(tmp_path: Path) -> None:
    made = shelf(tmp_path, {"a.md": f"# A\n\n{PROSE}"}, declared=OPEN)
    terms = made.workspace.collections / "c" / "license.md"
    terms.write_text("You may not resell anything in this bundle.\n", encoding="utf-8")
    with pytest.raises(CurateError, match="licences of their own"):
        made.workspace.package("c")
    terms.write_text("You may not resell my files.\n\n{{ carve-out }}\n", encoding="utf-8")
    assert made.workspace.package("c").release.items == 1


def test_every_decision_names_its_rule_and_its_policy(tmp_path: Path) -> None:
    made = shelf(tmp_path, {"a.md": f"# A\n\n{PROSE}", "b.txt": PROSE[::-1]}, declared=OPEN)
    found: Iterable[Ruling] = rulings(made.workspace, "c")
    for one in found:
        assert one.decision.rules and one.decision.policy == load().version
        assert msgspec.json.encode(one.decision)
