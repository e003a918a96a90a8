"""What open-licence services say about one item. The samples beside this file are written after the
services' documentation; recorded answers are read besides, except for Zenodo, Gutendex and OpenAlex."""

from __future__ import annotations

import copy
import json
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.collectors.records import (
    arxiv,
    commons,
    gutendex,
    internet_archive,
    licenses,
    openalex,
    openverse,
    zenodo,
)
from curate.collectors.records.fields import plain
from curate.model import Said, Statement
from tests.material import material

Record = dict[str, Any]


def recorded(name: str) -> Any:
    return json.loads(material(f"apis/{name}").read_text("utf-8"))


def page(title: str) -> Record:
    """A page of a recorded Commons answer."""
    for name in ("wmc_pretty123", "wmc_pretty4", "wmc_pretty_nocontinue"):
        pages = recorded(f"wikimedia-commons/{name}.json")["query"]["pages"]
        for one in pages.values():
            if one["title"] == f"File:{title}":
                return dict(one)
    raise LookupError(title)


def only(said: Said) -> Statement:
    (statement,) = said.statements
    return statement


SAMPLES = Path(__file__).parent / "data" / "records"


def sample(service: str) -> Record:
    record: Record = json.loads((SAMPLES / f"{service}.json").read_text("utf-8"))
    return record


PHOTO, COMMONS, SCAN = sample("openverse"), sample("commons"), sample("internet-archive")
WORK, DEPOSIT, BOOK = sample("openalex"), sample("zenodo"), sample("gutendex")
PAPER = (SAMPLES / "arxiv.xml").read_text("utf-8")
HARVESTED = (SAMPLES / "arxiv-oai.xml").read_text("utf-8")


@pytest.mark.parametrize(
    ("code", "version", "id"),
    [
        ("by", "2.0", "CC-BY-2.0"),
        ("by-nc-sa", "3.0", "CC-BY-NC-SA-3.0"),
        ("by-nd-nc", "1.0", "CC-BY-NC-ND-1.0"),
        ("cc-by-sa-4.0", "", "CC-BY-SA-4.0"),
        ("cc-by-sa-3.0-de", "", "CC-BY-SA-3.0-DE"),
        ("cc-by-sa-3.0-migrated", "", "CC-BY-SA-3.0"),
        ("cc-by-sa-3.0-2.5-2.0-1.0", "", "CC-BY-SA-3.0"),
        ("cc0", "", "CC0-1.0"),
        ("cc-zero", "1.0", "CC0-1.0"),
        ("pdm", "1.0", "CC-PDM-1.0"),
        ("by", "", ""),
        ("by", "9.9", ""),
        ("by-nd-sa", "4.0", ""),
        ("by-by", "4.0", ""),
        ("sampling+", "1.0", ""),
        ("nc-sampling+", "1.0", ""),
        ("cc-sa-1.0", "", ""),
        ("cc-by-4.0-de", "", ""),
        ("cc-by-2.0-stma", "", ""),
    ],
)
def test_a_code_means_a_licence_only_with_its_version(code: str, version: str, id: str) -> None:
    assert licenses.of_code(code, version) == id


@pytest.mark.parametrize(
    ("url", "id"),
    [
        ("http://creativecommons.org/licenses/by-sa/3.0/de/deed.en", "CC-BY-SA-3.0-DE"),
        ("https://creativecommons.org/licenses/by/4.0/deed.zh-hans", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by/4.0/legalcode.zh", "CC-BY-4.0"),
        ("https://creativecommons.org/licenses/by/3.0/igo/", "CC-BY-3.0-IGO"),
        ("http://creativecommons.org/publicdomain/zero/1.0/deed.en", "CC0-1.0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "CC-PDM-1.0"),
        ("http://creativecommons.org/licenses/publicdomain/", "CC-PDDC"),
        ("https://creativecommons.org/licenses/by/", ""),
        ("https://creativecommons.org/licenses/sampling+/1.0/", ""),
        ("https://creativecommons.org/licenses/by/4.0/but-not-for-sale", ""),
        ("https://creativecommons.org.example/licenses/by/4.0/", ""),
        ("see https://creativecommons.org/licenses/by/4.0/", ""),
    ],
)
def test_an_address_means_a_licence_only_as_a_whole(url: str, id: str) -> None:
    assert licenses.of_url(url) == id


def test_openverse_says_licence_credit_and_where_it_can_be_seen() -> None:
    said = openverse.said(PHOTO)
    assert (said.title, said.creators, said.url) == (
        "Quiet harbour",
        ("Ana Lima",),
        "https://photos.example/1",
    )
    assert said.tags == ("harbour",), "what a machine guessed is nobody's word"
    assert only(said) == Statement(
        "https://creativecommons.org/licenses/by-nd/4.0/",
        "api:openverse",
        "https://api.openverse.org/v1/images/1/",
        holder="Ana Lima",
        license="CC-BY-ND-4.0",
        attribution='"Quiet harbour" by Ana Lima is licensed under CC BY-ND 4.0.',
    )


@pytest.mark.parametrize(
    ("changed", "stated"),
    [
        (
            {"license": "pdm", "license_version": "1.0", "license_url": None},
            [("PDM 1.0", "CC-PDM-1.0")],
        ),
        ({"license": "by", "license_version": None, "license_url": None}, [("CC BY", "")]),
        (
            {"license": "sampling+", "license_version": "1.0", "license_url": ""},
            [("CC SAMPLING+ 1.0", "")],
        ),
        (
            {
                "license": "nc-sampling+",
                "license_version": "1.0",
                "license_url": "https://creativecommons.org/licenses/nc-sampling+/1.0/",
            },
            [("https://creativecommons.org/licenses/nc-sampling+/1.0/", "")],
        ),
        (
            {"license": "by", "license_version": "4.0"},
            [("CC BY 4.0", "CC-BY-4.0"), (PHOTO["license_url"], "CC-BY-ND-4.0")],
        ),
        ({"license": None, "license_version": None, "license_url": None}, []),
    ],
    ids=["pdm", "unversioned", "sampling", "nc-sampling", "fields disagree", "nothing said"],
)
def test_openverse_licences_are_read_one_by_one(
    changed: Record, stated: list[tuple[str, str]]
) -> None:
    said = openverse.said(PHOTO | changed)
    assert [(one.raw, one.license) for one in said.statements] == stated


def test_openverse_as_recorded() -> None:
    examples = runpy.run_path(str(material("apis/openverse/image_responses.py.txt")))
    (bark,) = examples["image_search_200_example"]["application/json"]["results"]
    assert (only(openverse.said(bark)).license, only(openverse.said(bark)).holder) == (
        "CC0-1.0",
        "",
    )
    (exam,) = examples["image_related_200_example"]["application/json"]["results"]
    assert only(openverse.said(exam)).license == "CC-BY-2.0"


def test_commons_asks_for_the_credit_of_its_attribution_field() -> None:
    said = commons.said(recorded("wikimedia-commons/image_data_example.json"))
    assert (said.title, said.creators) == (
        "20120925 PlozevetBretagne LoneTree DSC07971 PtrQs",
        ("PtrQs",),
    )
    statement = only(said)
    assert (statement.raw, statement.license) == ("CC BY-SA 4.0", "CC-BY-SA-4.0")
    assert (statement.holder, statement.attribution) == ("PtrQs", "Photo by PtrQs")
    ported = only(commons.said(page("2002-04-02 Hauptstraße, Heidelberg IMG 0404.jpg")))
    assert ported.license == "CC-BY-SA-3.0-DE"
    assert ported.attribution == "Photo: Eckhard Henkel / Wikimedia Commons / CC BY-SA 3.0 DE"


def test_commons_work_of_nasa_is_free_in_the_united_states() -> None:
    statement = only(commons.said(page("Minchinmavida Volcano.jpg")))
    assert (statement.raw, statement.license) == ("Public domain", "CC-PDM-1.0")
    assert (statement.territory, statement.holder) == ("US", "")
    assert statement.grounds == "work of NASA, an agency of the United States"


def test_commons_public_domain_without_a_known_template_has_no_grounds() -> None:
    said = commons.said(page("Edvard Munch - Night in Nice (1891).jpg"))
    assert said.title == "Night in Nice", "labels for machines are hidden in the same field"
    assert (only(said).license, only(said).territory, only(said).grounds) == ("CC-PDM-1.0", "", "")


def test_commons_licence_without_its_address_is_a_label_only() -> None:
    info = recorded("wikimedia-commons/image_info_missing_license_url.json")
    statement = only(commons.said(info))
    assert (statement.raw, statement.license, statement.confidence) == (
        "CC BY-SA 4.0",
        "LicenseRef-commons-unaddressed",
        "inferred",
    )


def test_commons_no_restrictions_is_no_licence() -> None:
    statement = only(commons.said(page("QST (1915) (14571847418).jpg")))
    assert (statement.raw, statement.license) == ("No restrictions", "")


def commons_with(**fields: str) -> Record:
    record = copy.deepcopy(COMMONS)
    record["imageinfo"][0]["extmetadata"] |= {key: {"value": one} for key, one in fields.items()}
    return record


def test_commons_fields_that_differ_are_all_kept() -> None:
    assert only(commons.said(COMMONS)).license == "CC-BY-SA-3.0"
    said = commons.said(commons_with(LicenseUrl="https://creativecommons.org/licenses/by-nc/3.0/"))
    assert {one.license for one in said.statements} == {"CC-BY-SA-3.0", "CC-BY-NC-3.0"}


def test_commons_limits_are_statements_of_their_own() -> None:
    said = commons.said(commons_with(Restrictions="trademarked", NonFree="true"))
    assert [(one.raw, one.license) for one in said.statements[1:]] == [
        ("Restrictions: trademarked", "LicenseRef-commons-restrictions"),
        ("NonFree: true", "LicenseRef-commons-nonfree"),
    ]


@pytest.mark.parametrize(
    ("category", "code", "territory"),
    [
        ("PD USGov", "pd", "US"),
        ("PD-USGov-Military-Army", "pd", "US"),
        ("PD US Government", "pd", "US"),
        ("PD NASA related deletion requests", "pd", ""),
        ("Photographs by NASA", "pd", ""),
        ("PD NASA", "cc-by-sa-3.0", ""),
    ],
)
def test_commons_grounds_need_a_template_of_the_public_domain(
    category: str, code: str, territory: str
) -> None:
    said = commons.said(commons_with(License=code, Categories=f"Boats|{category}"))
    assert said.statements[-1].territory == territory


def test_internet_archive_states_what_the_uploader_claims() -> None:
    said = internet_archive.said(SCAN)
    assert (said.title, said.creators) == ("Quiet harbour", ("Ana Lima", "B. Costa"))
    assert said.url == "https://archive.org/details/quiet%20harbour%2F1"
    assert only(said).license == "CC-BY-3.0-US"


@pytest.mark.parametrize(
    ("fields", "raws"),
    [
        ({"collection": ["books", "inlibrary", "printdisabled"]}, ["inlibrary", "printdisabled"]),
        ({"collection": [*map(str, range(300)), "InLibrary"]}, ["inlibrary"]),
        ({"access-restricted-item": "true"}, ["access-restricted-item"]),
        ({"access-restricted-item": [True]}, ["access-restricted-item"]),
        ({"access-restricted-item": "false"}, []),
    ],
)
def test_internet_archive_restrictions_stand_beside_any_licence(
    fields: Record, raws: list[str]
) -> None:
    statements = internet_archive.said({"metadata": SCAN["metadata"] | fields}).statements
    assert [one.raw for one in statements[1:]] == raws
    assert all(one.license == "LicenseRef-ia-restricted" for one in statements[1:])


def test_internet_archive_copyright_status_is_what_somebody_concluded() -> None:
    statement = only(
        internet_archive.said(
            {
                "identifier": "x",
                "possible-copyright-status": "NOT_IN_COPYRIGHT",
                "copyright-region": "US",
            }
        )
    )
    assert (statement.license, statement.confidence, statement.territory) == (
        "CC-PDM-1.0",
        "inferred",
        "US",
    )


def test_internet_archive_as_recorded_states_no_licence() -> None:
    docs = recorded("internet-archive/advanced_search_response.json")["response"]["docs"]
    assert all(internet_archive.said(doc).url for doc in docs)
    guesses = [one for doc in docs for one in internet_archive.said(doc).statements]
    assert {(one.raw, one.confidence) for one in guesses} == {("collection: nasa", "inferred")}
    terms = only(internet_archive.said(recorded("internet-archive/nasa.json")))
    assert (terms.raw, terms.license) == ("NASA Images Terms & Conditions", "")


def test_arxiv_feed_names_no_licence() -> None:
    said = arxiv.said(PAPER)
    assert said.title == "Heat-bath random walks with Markov bases"
    assert (said.creators, said.tags) == (("Ana Lima",), ("math.CO",))
    assert (said.url, said.statements) == ("http://arxiv.org/abs/1605.08386v1", ())
    assert arxiv.said(PAPER.encode()) == said


@pytest.mark.parametrize(
    ("url", "license"),
    [
        ("http://arxiv.org/licenses/nonexclusive-distrib/1.0/", "LicenseRef-arxiv-nonexclusive"),
        ("http://creativecommons.org/licenses/by/4.0/", "CC-BY-4.0"),
        ("http://arxiv.org/licenses/assumed-1991-2003/", ""),
    ],
)
def test_arxiv_record_names_its_licence(url: str, license: str) -> None:
    said = arxiv.said(HARVESTED.replace("LICENSE", url))
    assert (said.url, said.creators) == ("https://arxiv.org/abs/1605.08386", ("Ana Lima",))
    assert said.tags == ("math.CO", "math.AC")
    assert (only(said).raw, only(said).license) == (url, license)


def test_arxiv_as_recorded() -> None:
    said = arxiv.said(recorded("arxiv/id_1707.08567_s0_m100_6a1afebfc6a3.json")["body"])
    assert said.title.startswith("Proceedings of Workshop AEW10")
    assert (len(said.creators), said.statements) == (34, ())
    for empty in ("id_abc_s0_m100_b79c8dcf6bc3", "id_0000.0000_s0_m100_8b51d9633a68"):
        assert arxiv.said(recorded(f"arxiv/{empty}.json")["body"]) == Said()


def test_arxiv_opens_no_file_that_its_xml_names() -> None:
    entity = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    assert arxiv.said(f"{entity}<entry><title>a&x;b</title></entry>").title in ("ab", "a&x;b")


@pytest.mark.parametrize("license", ["cc-by", "other-oa", "public-domain", "publisher-specific-oa"])
def test_openalex_codes_without_a_version_stay_words(license: str) -> None:
    work = WORK | {"best_oa_location": WORK["best_oa_location"] | {"license": license}}
    said = openalex.said(work)
    assert (said.title, said.creators) == ("Harbours of Lisbon", ("Ana Lima",))
    assert only(said) == Statement(license, "api:openalex", "https://journal.example/x.pdf")


def test_openalex_licence_of_one_copy_is_not_that_of_another() -> None:
    silent = WORK | {"best_oa_location": {"pdf_url": "https://a.example/x.pdf", "license": None}}
    assert openalex.said(silent).statements == ()
    assert only(openalex.said(WORK | {"best_oa_location": None})).raw == "publisher-specific-oa"


def test_zenodo_states_every_licence_of_a_deposit() -> None:
    assert only(zenodo.said(DEPOSIT)).license == "CC-BY-4.0"
    rights = [
        {"id": "cc-by-4.0", "title": {"en": "Creative Commons Attribution 4.0"}},
        {"id": "cc-by-nc-sa-4.0"},
        {"title": {"en": "House terms"}, "link": "https://x.example/terms"},
    ]
    metadata = {"title": "Spectra", "creators": [{"person_or_org": {"name": "Lima, Ana"}}]}
    said = zenodo.said({"metadata": metadata | {"rights": rights}})
    assert said.creators == ("Lima, Ana",)
    assert [(one.raw, one.license) for one in said.statements] == [
        ("cc-by-4.0", "CC-BY-4.0"),
        ("cc-by-nc-sa-4.0", "CC-BY-NC-SA-4.0"),
        ("House terms", ""),
    ]


def test_zenodo_embargo_stands_beside_the_licence() -> None:
    closed = {"metadata": DEPOSIT["metadata"] | {"access_right": "embargoed"}}
    assert zenodo.said(closed).statements[1].license == "LicenseRef-zenodo-restricted"
    hidden = DEPOSIT | {"access": {"record": "public", "files": "restricted"}}
    assert zenodo.said(hidden).statements[1].raw == "access.files: restricted"


def test_gutendex_finds_no_copyright_in_the_united_states_only() -> None:
    said = gutendex.said(BOOK)
    assert said.url == "https://www.gutenberg.org/ebooks/1342"
    assert only(said) == Statement(
        "copyright: false",
        "api:gutendex",
        said.url,
        license="CC-PDM-1.0",
        territory="US",
        grounds="Project Gutenberg found no copyright in the USA",
    )
    held = only(gutendex.said(BOOK | {"copyright": True}))
    assert (held.raw, held.license) == ("copyright: true", "")
    for unsure in (None, "false", 0):
        assert gutendex.said(BOOK | {"copyright": unsure}).statements == ()


@pytest.mark.parametrize(
    ("markup", "seen"),
    [
        ("<a href='//x'>Jeff &amp; Brian</a> from\n Eastbourne", "Jeff & Brian from Eastbourne"),
        ("one<br>two<div>three</div>", "one two three"),
        ('Night<div style="display: none;">label <b>QS</b></div> in Nice', "Night in Nice"),
        ("<script>alert(1)</script>Ana", "Ana"),
        ("a < b", "a < b"),
        ("<![broken[x]]> Ana", "Ana"),
    ],
)
def test_markup_is_read_as_people_see_it(markup: str, seen: str) -> None:
    assert plain(markup) == seen


GOOD: dict[str, tuple[Callable[[Any], Said], Record]] = {
    "openverse": (openverse.said, PHOTO),
    "commons": (commons.said, commons_with(Attribution="Ana", Restrictions="trademarked")),
    "internet_archive": (
        internet_archive.said,
        {"metadata": SCAN["metadata"] | {"rights": "x", "possible-copyright-status": "x"}},
    ),
    "openalex": (openalex.said, WORK),
    "zenodo": (zenodo.said, DEPOSIT),
    "gutendex": (gutendex.said, BOOK),
}

HOSTILE: list[Any] = [
    None, True, -1, 4.0, 10**5000, "", "\ud800\x00", "x" * (1 << 20), "<a " * 300_000, "<![x[",
    [], [None, [[]], {}], ["by", "by-nc"], [{}] * 1000, {}, {"value": {"value": []}}, {"a": "b"},
    "javascript:alert(1)", 'https://x.example/"><script>', "//x.example/\n",
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for key, one in inside:
        yield from places(one, (*path, key))


def put(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.copy(record)
    changed[path[0]] = put(record[path[0]], path[1:], value)
    return changed


def check(said: Said) -> None:
    msgspec.json.encode(said)  # would refuse what no file can hold
    for statement in said.statements:
        assert statement.raw
        assert max(map(len, msgspec.structs.astuple(statement))) <= 1000
        assert not statement.where or statement.where.startswith("https://")
    assert not said.url or ("<" not in said.url and said.url.startswith("http"))
    assert len(said.tags) <= 200 and len(said.title) <= 300 and len(said.description) <= 2000


@pytest.mark.parametrize("service", GOOD)
def test_any_field_may_hold_anything(service: str) -> None:
    read, record = GOOD[service]
    check(read(record))
    for path in places(record):
        for value in HOSTILE:
            check(read(put(record, path, value)))


@given(st.text(st.sampled_from("<>/!?&;[]'\"=- \n\x00abdiv"), max_size=200))
def test_any_markup_becomes_text(markup: str) -> None:
    plain(markup)
    check(arxiv.said(markup))
    check(arxiv.said(f"<entry><id>{markup}</id><license>{markup}</license></entry>"))
