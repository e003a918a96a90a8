"""Pictures and fonts inside of pages, and how a page that describes itself nowhere begins."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

from curate.extract import extract
from curate.model import UNREAD, Extracted
from tests.material import material

BY = "https://creativecommons.org/licenses/by/4.0/"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:cc="http://creativecommons.org/ns#"'
    ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><metadata><rdf:RDF><cc:Work rdf:about="">'
    f'<cc:license rdf:resource="{BY}"/></cc:Work></rdf:RDF></metadata></svg>'
)


def made(folder: Path, html: str | bytes) -> Extracted:
    path = folder / "3f9a"
    path.write_bytes(html if isinstance(html, bytes) else html.encode())
    return extract(path, "page.html")


def jpeg(notice: str, side: int = 40) -> bytes:
    exif = Image.Exif()
    exif[0x8298] = notice
    out = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(out, "JPEG", exif=exif)
    return out.getvalue()


def data(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def said(found: Extracted) -> list[tuple[str, str]]:
    return [(one.component, one.raw) for one in found.statements]


def test_each_picture_in_a_page_says_what_it_says(tmp_path: Path) -> None:
    sheet = f"p{{background:url({data('image/jpeg', jpeg('Copyright Bo'))})}}".encode()
    found = made(
        tmp_path,
        f'<link rel="stylesheet" href="{data("text/css", sheet)}">'
        f'<img src="{data("image/jpeg", jpeg("Copyright Ann"))}"><img src="{data("image/jpeg", jpeg("Copyright Ann"))}">'
        f"<img src='{data('image/svg+xml', SVG.encode())}'>",
    )
    assert said(found) == [
        ("image:1", "Copyright Bo"),
        ("image:2", "Copyright Ann"),
        ("image:3", BY),
    ]
    assert all(one.where == "page.html" for one in found.statements)


@pytest.mark.parametrize(
    "written",
    [
        f'<img src="data:image/svg+xml,{quote(SVG)}">',
        '<img src="data:image/svg+xml;utf8,' + SVG.replace('"', "&quot;") + '">',
        "<img src='data:image/svg+xml;charset=utf-8," + SVG.replace("#", "%23") + "'>",
        f'<p style="background: url(data:image/svg+xml,{quote(SVG)})">',
    ],
    ids=["escaped", "entities", "plain", "style"],
)
def test_drawings_are_read_however_they_are_written(tmp_path: Path, written: str) -> None:
    assert said(made(tmp_path, written)) == [("image:1", BY)]


def test_the_text_behind_large_pictures_is_not_lost(tmp_path: Path) -> None:
    big = data("image/png", bytes(9 << 20))
    found = made(tmp_path, f'<title>T</title><p>before</p><img src="{big}"><p>after it</p>')
    assert found.text == "before\nafter it"
    assert not found.truncated
    assert found.statements[0].license == UNREAD


def test_too_many_pictures_are_told(tmp_path: Path) -> None:
    html = "".join(f'<img src="{data("image/jpeg", jpeg(f"© {n}", 8 + n))}">' for n in range(60))
    found = made(tmp_path, html)
    assert "10 of its pictures and fonts were not read" in [one.raw for one in found.statements]


@pytest.mark.parametrize(
    "html",
    [
        '<img src="data:image/png;base64,' + "A" * 5000 + '">',
        '<img src="data:image/jpeg;base64,' + "%" * 5000 + '">',
        '<img src="data:image/svg+xml,' + "%3Csvg" * 500 + '">',
        '<img src="data:image/svg+xml;base64,'
        + base64.b64encode(
            b'<!DOCTYPE s [<!ENTITY a "aaaaaaaaaa">]><svg>' + b"&a;" * 500 + b"</svg>"
        ).decode()
        + '">',
        "data:image/png;base64," * 20_000,
        '"data:image/svg+xml,' * 20_000,
    ],
    ids=["noise", "percent", "unclosed", "entities", "repeated", "open-quotes"],
)
def test_data_that_is_none_costs_only_itself(tmp_path: Path, html: str) -> None:
    found = made(tmp_path, f"<p>here</p>{html}")
    assert found.text.startswith("here")


def test_style_sheets_in_each_other_end_somewhere(tmp_path: Path) -> None:
    inner = f"p{{background:url({data('image/jpeg', jpeg('Copyright Bo'))})}}"
    for _ in range(6):
        inner = f'@import url("{data("text/css", inner.encode())}");'
    found = made(tmp_path, f"<style>{inner}</style><p>x</p>")
    assert found.text == "x"


WORDS = "The tea plant grows in the hills where mist is frequent and the soil is sour. " * 4


def test_a_page_of_nameless_boxes_is_described_by_its_main_text(tmp_path: Path) -> None:
    menu = "".join(f'<li><a href="/{n}">Menu entry {n}</a></li>' for n in range(20))
    html = (
        f'<html><body><div id="menu" class="menu"><ul>{menu}</ul></div>'
        f'<div class="content"><h1>Tea</h1><p>{WORDS}</p></div></body></html>'
    )
    found = made(tmp_path, html)
    assert found.description.startswith("Tea The tea plant grows")
    assert "Menu entry 1" in found.text  # all of it can be searched
    stated = made(tmp_path, f'<meta name="description" content="On tea">{html}')
    assert stated.description == "On tea"


def test_nothing_is_guessed_where_the_page_marks_its_parts(tmp_path: Path) -> None:
    found = made(tmp_path, f"<nav>Menu</nav><main><p>{WORDS}</p></main>")
    assert found.description == ""


def test_real_pages_lose_no_text(tmp_path: Path) -> None:
    page = next(iter(sorted(material("site/zh-cn").rglob("*.html"))))
    found = extract(page, page.name)
    assert len(found.text) > 500
