"""What files say about rights: of the whole, of a part; verbatim, bounded, and never followed."""

from __future__ import annotations

import io
import json
import socket
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from curate.errors import CurateError
from curate.extract import extract
from curate.model import Extracted, Statement
from tests.material import material

BY = "https://creativecommons.org/licenses/by/4.0/"
NC = "https://creativecommons.org/licenses/by-nc/4.0/"
ASIDE = "LicenseRef-copyright-notice"


def made(folder: Path, name: str, data: bytes | str) -> Extracted:
    path = folder / "3f9a"
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8"))
    return extract(path, name)


def said(found: Extracted) -> list[tuple[str, str, str, str]]:
    return [(one.channel, one.raw, one.component, one.confidence) for one in found.statements]


def rows(found: Extracted, component: str = "whole") -> list[tuple[str, str]]:
    return [(one.channel, one.raw) for one in found.statements if one.component == component]


def package(**entries: bytes | str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return out.getvalue()


def picture(kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, kind, **options)
    return out.getvalue()


# Drawings


def drawing(inside: str, before: str = "") -> str:
    return (
        f'{before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:cc="http://web.resource.org/cc/"'
        ' xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<metadata><rdf:RDF><cc:Work rdf:about="">{inside}</cc:Work></rdf:RDF></metadata></svg>'
    )


PUBLIC = '<cc:license rdf:resource="http://web.resource.org/cc/PublicDomain"/>'


@pytest.mark.parametrize(
    ("inside", "raws"),
    [
        (PUBLIC, ["http://web.resource.org/cc/PublicDomain"]),
        ('<cc:license rdf:resource=""/>', [""]),
        ("<cc:license></cc:license>", [""]),
        ("<dc:rights></dc:rights>", []),
        ("<dc:rights><cc:Agent><dc:title></dc:title></cc:Agent></dc:rights>", []),
        (f'<cc:license><cc:License rdf:about="{BY}"/></cc:license>', [BY]),
    ],
    ids=["stated", "left open", "left open too", "no notice", "nobody", "nested"],
)
def test_a_licence_field_that_is_left_open_is_a_statement(
    tmp_path: Path, inside: str, raws: list[str]
) -> None:
    found = made(tmp_path, "a.svg", drawing(inside))
    assert [one.raw for one in found.statements if one.channel == "dc"] == raws


@pytest.mark.parametrize("before", ["<?xml >\n", '<?xml encoding="UTF-8"?>', ""])
def test_a_drawing_that_browsers_show_is_read(tmp_path: Path, before: str) -> None:
    broken = drawing(PUBLIC, before).replace("<metadata>", "<metadata><b & c/>")
    found = made(tmp_path, "a.svg", broken)
    assert rows(found) == [("dc", "http://web.resource.org/cc/PublicDomain")]
    assert "not well-formed" in found.problem


def test_a_broken_drawing_with_entities_is_refused(tmp_path: Path) -> None:
    doctype = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    with pytest.raises(CurateError, match="damaged"):
        made(tmp_path, "a.svg", drawing("<dc:rights>&x;</dc:rights><", doctype))


# Web pages


SCOPED = f"""<html><head><link rel="license" href="{BY}"></head><body>
<figure><img src="/i/my%20cup.jpg?w=3"><figcaption><a rel="license" href="{NC}">CC</a></figcaption></figure>
<figure><img src="a.png"><img src="b.png"><figcaption><a href="{NC}">CC</a></figcaption></figure>
<div about="/photos/tea.jpg" xmlns:cc="http://creativecommons.org/ns#">
  <a rel="cc:attributionURL" property="cc:attributionName" href="https://ann.example/">Ann</a>
  <a rel="license" href="{NC}">CC</a> <a rel="cc:morePermissions" href="https://ann.example/buy">more</a></div>
<p about="https://other.example/work"><a rel="license" href="{NC}">CC</a></p>
<span property="dct:license" resource="{BY}"></span><footer><a href="{NC}">CC</a></footer></body></html>"""


def test_a_licence_speaks_of_what_it_stands_with(tmp_path: Path) -> None:
    found = made(tmp_path, "a.html", SCOPED)
    assert said(found) == [
        ("html-rel", BY, "whole", "declared"),
        ("html-rel", NC, "image:my cup.jpg", "declared"),
        ("html-rel", NC, "image:tea.jpg", "declared"),
        ("html-rel", NC, "whole", "inferred"),
        ("rdfa", BY, "whole", "declared"),
        ("rdfa", "cc:morePermissions=https://ann.example/buy", "image:tea.jpg", "inferred"),
        ("html-link", NC, "image:a.png", "inferred"),
        ("html-link", NC, "image:b.png", "inferred"),
        ("html-link", NC, "whole", "inferred"),
    ]
    tea = found.statements[2]
    assert (tea.holder, tea.attribution) == ("Ann", "Ann, https://ann.example/")
    assert [one.holder for one in found.statements if one.component == "whole"] == [""] * 4
    assert found.statements[5].license == ASIDE


def test_microdata(tmp_path: Path) -> None:
    page = f"""<article itemscope itemtype="https://schema.org/Article"><a itemprop="license" href="{BY}">x</a>
    <meta itemprop="copyrightNotice" content="© 2020 Ann"><b itemprop="creditText">Ann/Tea</b>
    <div itemprop="image" itemscope itemtype="https://schema.org/ImageObject"><img src="cup.jpg">
      <a itemprop="acquireLicensePage" href="https://shop.example/cup">buy</a></div></article>"""
    found = made(tmp_path, "a.html", page)
    assert [one for one in said(found) if one[0] == "microdata"] == [
        ("microdata", BY, "whole", "declared"),
        ("microdata", "© 2020 Ann", "whole", "declared"),
        ("microdata", "https://shop.example/cup", "image:cup.jpg", "inferred"),
    ]
    assert found.statements[0].attribution == "Ann/Tea"


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"license": BY, "acquireLicensePage": "https://x.example/buy"}, [(BY, "whole", "declared")]),
        ({"usageInfo": "https://x.example/terms"}, [("https://x.example/terms", "whole", "inferred")]),
        ({"license": ""}, [("", "whole", "declared")]),
        ({"license": None, "copyrightNotice": ""}, []),
        ({"isBasedOn": {"license": BY}}, [(BY, "whole", "inferred")]),
        ({"image": {"@type": ["ImageObject"], "contentUrl": "/i/a.jpg", "license": {"@id": NC}}},
         [(NC, "image:a.jpg", "declared")]),
        ({"copyrightHolder": {"name": "Ann"}}, [("copyrightHolder=Ann", "whole", "inferred")]),
    ],
)  # fmt: skip
def test_json_ld(
    tmp_path: Path, node: dict[str, object], expected: list[tuple[str, str, str]]
) -> None:
    script = f'<script type="application/ld+json">{json.dumps({"@graph": [node]})}</script>'
    found = made(tmp_path, "a.html", f"<html><head>{script}</head></html>")
    assert [one[1:] for one in said(found)] == expected


def test_terms_for_machines_are_no_licence(tmp_path: Path) -> None:
    link = '<link rel="license" type="application/rsl+xml" href="/license.xml">'
    ((one,)) = made(tmp_path, "a.html", f"<html><head>{link}</head></html>").statements
    assert (one.raw, one.confidence, one.license) == ("/license.xml", "inferred", ASIDE)


def test_a_real_footer_is_a_hint_at_most() -> None:
    path = material("site/about/index.html")
    found = extract(path, path.name)
    assert rows(found)[0] == ("html-link", "http://creativecommons.org/licenses/by/4.0/")
    assert {one.confidence for one in found.statements} == {"inferred"}


# Feeds


def test_atom_entries_have_their_feeds_terms_unless_they_state_others(tmp_path: Path) -> None:
    feed = f"""<feed xmlns="http://www.w3.org/2005/Atom"><link rel="license" href="{BY}"/>
    <rights type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">© <b>Ann</b></div></rights>
    <entry><title>a</title><link rel="license" href="{BY}"/></entry>
    <entry><title>b</title><link rel="license" href="{NC}"/><rights>© Bob</rights></entry></feed>"""
    assert said(made(tmp_path, "a.xml", feed)) == [
        ("feed", BY, "whole", "declared"),
        ("feed", "© Ann", "whole", "declared"),
        ("feed", NC, "text", "declared"),
        ("feed", "© Bob", "text", "declared"),
        ("text", "© Bob", "whole", "inferred"),
    ]


def test_rss_and_its_modules(tmp_path: Path) -> None:
    feed = f"""<rss xmlns:cc="http://backend.userland.com/creativeCommonsRssModule" xmlns:rsl="https://rslstandard.org/rsl"
    xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><copyright>© 2020 Ann</copyright><cc:license>{BY}</cc:license>
    <rsl:content url="/"><rsl:license><rsl:prohibits type="usage">ai-all</rsl:prohibits></rsl:license></rsl:content>
    <item><dc:rights>Bob's</dc:rights></item></channel></rss>"""
    found = made(tmp_path, "a.rss", feed)
    stated = [one for one in said(found) if one[0] != "text"]
    assert stated[:3] == [
        ("feed", "© 2020 Ann", "whole", "declared"),
        ("feed", BY, "whole", "declared"),
        ("feed", "Bob's", "text", "declared"),
    ]
    ((channel, raw, _, confidence),) = stated[3:]
    assert (channel, confidence) == ("feed", "inferred") and "ai-all" in raw


# Pictures


def xmp(inside: str = "", **attributes: str) -> bytes:
    spaces = {
        "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "dc": "http://purl.org/dc/elements/1.1/",
        "xmpRights": "http://ns.adobe.com/xap/1.0/rights/", "cc": "http://creativecommons.org/ns#",
        "plus": "http://ns.useplus.org/ldf/xmp/1.0/", "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "tdm": "http://www.w3.org/ns/tdmrep#",
    }  # fmt: skip
    names = " ".join(f'xmlns:{key}="{value}"' for key, value in spaces.items())
    values = " ".join(f'{key.replace("_", ":")}="{value}"' for key, value in attributes.items())
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {names}><rdf:Description {values}>{inside}'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


PLUS = """<plus:Licensor><rdf:Bag><rdf:li rdf:parseType="Resource"><plus:LicensorName>Big Stock</plus:LicensorName>
</rdf:li></rdf:Bag></plus:Licensor>"""


@pytest.mark.parametrize(
    ("packet", "expected"),
    [
        (xmp(xmpRights_Marked="False"), [("xmpRights:Marked=False", "inferred", "", "")]),
        (xmp(xmpRights_Marked="True"), [("xmpRights:Marked=True", "inferred", "", ASIDE)]),
        (xmp(xmpRights_Marked="True", xmpRights_UsageTerms="CC BY"), [("CC BY", "declared", "", "")]),
        (xmp(plus_LicenseEndDate="2025-01-01"), [("plus:LicenseEndDate=2025-01-01", "declared", "", "")]),
        (xmp(PLUS), [("plus:LicensorName=Big Stock", "inferred", "Big Stock", ASIDE)]),
        (xmp(photoshop_Credit="Big Stock"), [("photoshop:Credit=Big Stock", "inferred", "Big Stock", ASIDE)]),
        (xmp(tdm_reservation="1"), [("tdm:reservation=1", "inferred", "", ASIDE)]),
        (xmp('<cc:license rdf:resource=""/>'), [("", "declared", "", "")]),
        (xmp("<dc:rights><rdf:Alt><rdf:li> </rdf:li></rdf:Alt></dc:rights>"), []),
    ],
    ids=["free", "owned", "said better", "ends", "licensor", "credit", "machines", "left open", "blank"],
)  # fmt: skip
def test_xmp(tmp_path: Path, packet: bytes, expected: list[tuple[str, ...]]) -> None:
    found = made(tmp_path, "a.jpg", picture(xmp=packet))
    assert [(x.raw, x.confidence, x.holder, x.license) for x in found.statements] == expected


def test_xmp_asks_for_a_credit(tmp_path: Path) -> None:
    packet = xmp(
        f'<cc:license rdf:resource="{BY}"/>',
        cc_attributionName="Ann",
        cc_attributionURL="https://ann.example/",
        cc_morePermissions="https://ann.example/buy",
    )
    license, more = made(tmp_path, "a.png", picture("PNG", pnginfo=_chunk(packet))).statements
    assert (license.raw, license.holder) == (BY, "Ann")
    assert license.attribution == "Ann, https://ann.example/"
    assert (more.raw, more.license) == ("cc:morePermissions=https://ann.example/buy", ASIDE)


def _chunk(packet: bytes) -> object:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("XML:com.adobe.xmp", packet.decode())
    return info


def test_iptc_notice_credit_and_byline(tmp_path: Path) -> None:
    rows_ = {116: "© 2020 王小明", 110: "王/茶", 80: "王小明"}
    data = b"".join(
        b"\x1c\x02" + bytes([key]) + struct.pack(">H", len(raw)) + raw
        for key, raw in ((key, text.encode()) for key, text in sorted(rows_.items()))
    )
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    segment = b"Photoshop 3.0\0" + block
    plain = picture()
    marked = plain[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + plain[2:]
    ((one,)) = made(tmp_path, "a.jpg", marked).statements
    assert one == Statement("© 2020 王小明", "iptc", "a.jpg", holder="王小明", attribution="王/茶")


# Books


def font(licence: str) -> bytes:
    raw = licence.encode("utf-16-be")
    record = struct.pack(">HHHHHH", 3, 1, 0x409, 14, len(raw), 0)
    table = struct.pack(">HHH", 0, 1, 6 + len(record)) + record + raw
    head = b"\0\1\0\0" + struct.pack(">HHHH", 1, 0, 0, 0)
    return head + struct.pack(">4sIII", b"name", 0, 28, len(table)) + table


def book(metadata: str, **parts: bytes | str) -> bytes:
    container = '<container><rootfiles><rootfile full-path="o/x.opf"/></rootfiles></container>'
    opf = f"""<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata
    xmlns:dc="http://purl.org/dc/elements/1.1/">{metadata}</metadata><manifest>
    <item id="c" href="i/c.jpg" media-type="image/jpeg" properties="cover-image"/>
    <item id="p" href="i/p.png" media-type="image/png"/><item id="a" href="a.xhtml"/></manifest>
    <spine><itemref idref="a"/></spine></package>"""
    chapter = f'<html><body><p>Words</p><a href="{BY}"><img src="badge.png"/></a></body></html>'
    return package(**{
        "mimetype": "application/epub+zip", "META-INF/container.xml": container, "o/x.opf": opf,
        "o/a.xhtml": chapter, **parts,
    })  # fmt: skip


def test_a_book_and_its_parts_have_terms_of_their_own(tmp_path: Path) -> None:
    metadata = f"""<dc:rights>Public domain in the USA.</dc:rights><dc:rights></dc:rights>
    <meta property="dcterms:license"></meta><link rel="cc:license" href="{BY}"/>
    <meta property="dcterms:rights" refines="#p">© Bob</meta><meta property="tdm:reservation">1</meta>"""
    hidden = '<encryption><x><EncryptionMethod Algorithm="http://www.idpf.org/2008/embedding"/><CipherReference URI="o/f/hidden.ttf"/></x></encryption>'
    found = made(tmp_path, "a.epub", book(metadata, **{
        "o/i/c.jpg": picture(xmp=xmp(f'<cc:license rdf:resource="{NC}"/>')),
        "o/i/logo.svg": drawing(PUBLIC), "o/f/Tea.ttf": font("https://openfontlicense.org"),
        "o/f/hidden.ttf": font("nobody can read this"), "META-INF/encryption.xml": hidden,
        "o/i/broken.png": b"\x89PNG", "o/f/broken.otf": b"OTTO",
    }))  # fmt: skip
    assert said(found) == [
        ("dc", "Public domain in the USA.", "whole", "declared"),
        ("dc", "", "whole", "declared"),
        ("dc", BY, "whole", "declared"),
        ("dc", "© Bob", "image:p.png", "declared"),
        ("dc", "tdm:reservation=1", "whole", "inferred"),
        ("html-link", BY, "whole", "inferred"),
        ("xmp", NC, "cover", "declared"),
        ("declared", "https://openfontlicense.org", "font:Tea.ttf", "declared"),
        ("dc", "http://web.resource.org/cc/PublicDomain", "image:logo.svg", "declared"),
    ]


def test_the_cover_of_a_real_book_is_not_as_free_as_its_text() -> None:
    folder = material("documents/pride-and-prejudice")
    found = extract(folder / "metadata.yaml", "metadata.yaml")
    cover = [one for one in found.statements if one.component == "cover"]
    assert {one.raw for one in cover} == {
        "Attribution-NonCommercial 4.0 International (CC BY-NC 4.0)",
        "https://creativecommons.org/licenses/by-nc/4.0/",
    }
    assert {one.attribution for one in cover} == {"Tim Daniel, 2015"}
    assert ("declared", "CC BY-NC") in rows(found)
    text = extract(folder / "1342-0.txt", "1342-0.txt")
    assert any("Project Gutenberg License" in one.raw for one in text.statements)


# Office


def test_office_files_state_rights_in_properties_footers_and_pictures(tmp_path: Path) -> None:
    word = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    custom = "".join(
        f'<property name="{name}"><vt:lpwstr xmlns:vt="v">{value}</vt:lpwstr></property>'
        for name, value in (("License URL", BY), ("版权声明", "王小明"), ("Licensee", "x"))
    )
    links = f'<Relationships><Relationship Id="r" Type="t/hyperlink" Target="{NC}" TargetMode="External"/></Relationships>'
    found = made(tmp_path, "a.docx", package(**{
        "[Content_Types].xml": "<Types/>",
        "word/document.xml": f"<w:document {word}><w:p><w:r><w:t>Words</w:t></w:r></w:p></w:document>",
        "word/footer1.xml": f"<w:ftr {word}><w:p><w:r><w:t>© 2020 Ann. All rights reserved.</w:t></w:r></w:p></w:ftr>",
        "word/_rels/document.xml.rels": links, "docProps/custom.xml": f"<Properties>{custom}</Properties>",
        "word/media/image1.jpg": picture(exif=_exif("© Bob")),
    }))  # fmt: skip
    assert found.text == "Words"
    assert said(found) == [
        ("declared", BY, "whole", "declared"),
        ("declared", "王小明", "whole", "declared"),
        ("text", "© 2020 Ann. All rights reserved.", "whole", "inferred"),
        ("html-link", NC, "whole", "inferred"),
        ("exif", "© Bob", "image:image1.jpg", "declared"),
    ]


def _exif(notice: str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x8298] = notice.encode()
    return exif


def test_open_documents_state_rights_in_fields_of_their_authors(tmp_path: Path) -> None:
    names = 'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0" xmlns:text="urn:t" xmlns:style="urn:s"'
    found = made(tmp_path, "a.odt", package(**{
        "mimetype": "application/vnd.oasis.opendocument.text",
        "content.xml": f"<d {names}><text:p>Words</text:p></d>",
        "meta.xml": f'<d {names}><meta:user-defined meta:name="License">{BY}</meta:user-defined>'
                    f'<meta:user-defined meta:name="Licence"/></d>',
        "styles.xml": f"<d {names}><style:footer><text:p>版权归作者所有</text:p></style:footer></d>",
    }))  # fmt: skip
    assert rows(found) == [("declared", BY), ("declared", ""), ("text", "版权归作者所有")]


# PDF


def pdf(info: str, links: str) -> bytes:
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R 4 0 R] /Count 2 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] /Annots [{links}] >>",
        f"<< {info} >>",
    ]
    data = b"%PDF-1.4\n"
    offsets = []
    for number, one in enumerate(objects, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{one}\nendobj\n".encode("latin-1")
    start = len(data)
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    end = f"xref\n0 6\n0000000000 65535 f \n{table}trailer << /Size 6 /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF\n"
    return data + end.encode()


def test_pdf_keys_and_badges(tmp_path: Path) -> None:
    link = "<< /Type /Annot /Subtype /Link /Rect [1 1 9 9] /A << /S /URI /URI ({}) >> >>"
    links = link.format(NC) + link.format("http://169.254.169.254/licenses/")
    found = made(tmp_path, "a.pdf", pdf(f"/License ({BY}) /copyright (Ann's)", links))
    assert said(found) == [
        ("declared", BY, "whole", "declared"),
        ("declared", "Ann's", "whole", "declared"),
        ("pdf-link", NC, "whole", "inferred"),
    ]


def test_a_real_pdf_is_marked_as_nobodys() -> None:
    path = material("documents/docling/pdf__sources__picture_classification.pdf")
    ((one,)) = extract(path, path.name).statements
    assert (one.channel, one.raw, one.confidence) == ("xmp", "xmpRights:Marked=False", "inferred")


# Sound


def test_recordings_state_rights_in_many_fields(tmp_path: Path) -> None:
    import mutagen.id3
    import mutagen.mp4

    path = tmp_path / "a"
    path.write_bytes(material("documents/docling/audio__sources__sample_10s.mp3").read_bytes())
    tags = mutagen.id3.ID3(path)
    tags.add(mutagen.id3.WCOP(url=""))
    tags.add(mutagen.id3.TXXX(desc="LICENCE", text=["by email"]))
    tags.add(mutagen.id3.TXXX(desc="Copyright", text=["2020 Ann"]))
    tags.add(mutagen.id3.USER(lang="eng", text="ask me first"))
    tags.add(mutagen.id3.WPAY(url="https://shop.example/"))
    tags.add(mutagen.id3.PRIV(owner="XMP", data=xmp(f'<cc:license rdf:resource="{BY}"/>')))
    tags.add(mutagen.id3.APIC(mime="image/jpeg", data=picture(exif=_exif("© Bob"))))
    tags.save(path)
    found = extract(path, "a.mp3")
    assert said(found) == [
        ("declared", "", "whole", "declared"),
        ("declared", "ask me first", "whole", "declared"),
        ("declared", "by email", "whole", "declared"),
        ("declared", "2020 Ann", "whole", "declared"),
        ("declared", "WPAY=https://shop.example/", "whole", "inferred"),
        ("xmp", BY, "whole", "declared"),
        ("exif", "© Bob", "cover", "declared"),
    ]
    path.write_bytes(material("documents/markitdown/test.m4a").read_bytes())
    film = mutagen.mp4.MP4(path)
    film["cprt"] = "℗ 2020 Ann"
    film.save()
    assert ("declared", "℗ 2020 Ann") in rows(extract(path, "a.m4a"))


# Text


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.py", "#!x\n# SPDX-FileCopyrightText: 2020 Ann\n# SPDX-License-Identifier: MIT OR Apache-2.0\n",
         [("MIT OR Apache-2.0", "2020 Ann", "")]),
        ("a.css", "/* SPDX-License-Identifier: MIT */", [("MIT", "", "")]),
        ("a.html", "<!-- SPDX-License-Identifier: CC-BY-4.0 -->\n<html><p>x</p></html>", [("CC-BY-4.0", "", "")]),
        ("a.svg", "<!-- SPDX-License-Identifier: CC0-1.0 -->\n" + drawing(""), [("CC0-1.0", "", "")]),
        ("a.md", "[//]: # (SPDX-License-Identifier: CC-BY-4.0)\n", [("CC-BY-4.0", "", "")]),
        ("a.txt", "SPDX-FileCopyrightText: 2020 Ann", [("SPDX-FileCopyrightText: 2020 Ann", "2020 Ann", ASIDE)]),
        ("a.md", "Write `SPDX-License-Identifier: MIT` on top.", []),
        ("a.py", "\n" * 20 + "# SPDX-License-Identifier: MIT", []),
    ],
)  # fmt: skip
def test_spdx_tags_at_the_head(
    tmp_path: Path, name: str, text: str, expected: list[tuple[str, str, str]]
) -> None:
    found = made(tmp_path, name, text)
    tags = [one for one in found.statements if one.channel == "spdx-tag"]
    assert [(one.raw, one.holder, one.license) for one in tags] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("前言。转载请注明出处。正文", "转载请注明出处。"),
        ("本文版权归作者王小明所有", "本文版权归作者王小明所有"),
        ("資源僅供學習交流", "資源僅供學習交流"),
        ("This work is licensed under a Creative Commons Attribution-ShareAlike 4.0 International License.",
         "This work is licensed under a Creative Commons Attribution-ShareAlike 4.0 International License."),
        ("Dieses Werk ist lizenziert unter Creative Commons BY 4.0", "Dieses Werk ist lizenziert unter Creative Commons BY 4.0"),
        ("This photo is in the public domain.", "This photo is in the public domain."),
        ("Essays on the public domain and on Creative Commons.", None),
        ("请注明姓名。他转载了消息。", None),
        ("她拥有版权归属的知识", None),
    ],
)  # fmt: skip
def test_sentences_about_rights(tmp_path: Path, text: str, expected: str | None) -> None:
    found = made(tmp_path, "a.txt", text)
    assert rows(found) == ([("text", expected)] if expected else [])


def test_a_licence_in_the_prose_of_twenty_languages() -> None:
    for path in sorted(material("documents/art-of-command-line").glob("README*.md")):
        found = extract(path, path.name)
        assert any("by-sa/4.0" in one.raw for one in found.statements), path.name
        assert {one.confidence for one in found.statements} == {"inferred"}


def test_markdown_front_matter_and_html(tmp_path: Path) -> None:
    text = f'---\nlicense:\ncopyright: Ann\nattribution: Ann & Co\n---\n# T\n<a rel="license" href="{BY}">CC</a>\n'
    found = made(tmp_path, "a.md", text)
    assert rows(found)[:3] == [("declared", ""), ("declared", "Ann"), ("html-rel", BY)]
    assert found.statements[1].attribution == "Ann & Co"
    quoted = made(tmp_path, "b.md", f'# T\n```\n<a rel="license" href="{BY}">CC</a>\n```\n')
    assert all(one.confidence == "inferred" for one in quoted.statements)


@pytest.mark.parametrize(
    "value", ["MIT", "'MIT' # ours", "\n  - MIT", "\n- MIT", "|\n  MIT", "\n  name: MIT"]
)
def test_yaml_values_in_every_notation(tmp_path: Path, value: str) -> None:
    text = f"title: T\nlicense: {value}\nother:\n  license: GPL-2.0-only\n"
    assert rows(made(tmp_path, "a.yaml", text)) == [("declared", "MIT")]
    if value != "'MIT' # ours":
        assert rows(made(tmp_path, "a.md", f"---\n{text}---\n# T\n")) == [("declared", "MIT")]


def test_a_badge_in_a_figure_is_not_what_the_licence_is_about(tmp_path: Path) -> None:
    badge = '<img src="https://licensebuttons.net/l/by/4.0/88x31.png">'
    page = f'<html><body><figure><a rel="license" href="{BY}">{badge}</a></figure></body></html>'
    assert rows(made(tmp_path, "a.html", page)) == [("html-rel", BY)]


def test_a_broken_picture_costs_only_what_it_says(tmp_path: Path) -> None:
    data = book("", **{"o/i/p.jpg": picture(exif=_exif("© Bob"))})
    at = data.index(b"o/i/p.jpg") + 40
    found = made(tmp_path, "a.epub", data[:at] + bytes(30) + data[at + 30 :])
    assert (found.text, rows(found, "image:p.jpg")) == ("Words", [])


# Hostile


HOSTILE = [
    "<script>alert(1)</script>",
    "javascript:alert(document.cookie)",
    "http://169.254.169.254/latest/meta-data/",
    "file:///etc/passwd",
    "\u202eCC-BY\u202c \u2066x\u2069",
    "%s {0} {name} $(id) `id`",
]


def _html(text: str) -> bytes:
    shown = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f'<html><head><meta charset="utf-8"><link rel="license" href="{shown}"></head></html>'.encode()


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


def _id3(text: str) -> bytes:
    import mutagen.id3

    out = io.BytesIO(material("documents/docling/audio__sources__sample_10s.mp3").read_bytes())
    tags = mutagen.id3.ID3()
    tags.add(mutagen.id3.TXXX(desc="LICENSE", text=[text]))
    tags.save(out)
    return out.getvalue()


MAKERS = {
    "a.html": _html,
    "a.svg": lambda text: drawing(f'<cc:license rdf:resource="{_escaped(text)}"/>').encode(),
    "a.epub": lambda text: book(f'<link rel="dcterms:license" href="{_escaped(text)}"/>'),
    "a.mp3": _id3,
    "a.jpg": lambda text: picture(xmp=xmp(f"<cc:license>{_escaped(text)}</cc:license>")),
}


@pytest.mark.parametrize("name", MAKERS)
def test_what_stands_in_a_licence_field_is_data(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    for text in HOSTILE:
        found = made(tmp_path, name, MAKERS[name](text))
        assert text in [one.raw for one in found.statements], found.statements


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.epub", "a.mp3"])
def test_a_megabyte_in_a_licence_field_is_cut(tmp_path: Path, name: str) -> None:
    found = made(tmp_path, name, MAKERS[name]("许" * 350_000))
    first = found.statements[0]
    assert len(first.raw) == 1000 and first.raw.endswith("许…")


def test_statements_of_one_file_are_bounded_and_the_rare_ones_kept(tmp_path: Path) -> None:
    many = "".join(
        f'<figure><img src="{n}.png"><a rel="license" href="{BY}">x</a></figure>'
        for n in range(400)
    )
    page = f"<html><body>{many}<p>版权所有</p></body></html>"
    found = made(tmp_path, "a.html", page)
    assert len(found.statements) == 50
    assert ("text", "版权所有") in rows(found)
    assert made(tmp_path, "a.html", page).statements == found.statements
