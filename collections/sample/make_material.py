"""Writes the binary files of the sample collection: pictures, PDF, DOCX, XLSX and a damaged file.

    python collections/sample/make_material.py

The same Pillow gives the same bytes; text files are written by hand and not touched.
"""

# SPDX-FileCopyrightText: The curate authors
# SPDX-License-Identifier: CC0-1.0

from __future__ import annotations

import math
import shutil
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

MATERIAL = Path(__file__).parent / "material"
SIZE = (480, 320)
TIME = (2026, 1, 15, 9, 0, 0)  # ZIP entries carry a time; a fixed one keeps the bytes the same

Colour = tuple[int, int, int]
Points = list[tuple[float, float]]


def gradient(top: Colour, bottom: Colour, height: int) -> Image.Image:
    """A vertical blend as wide as the pictures are."""
    share = np.linspace(0, 1, height)[:, None, None]
    rows = np.array(top) * (1 - share) + np.array(bottom) * share
    return Image.fromarray(np.repeat(rows, SIZE[0], axis=1).round().astype("uint8"))


def ridge(base: float, waves: list[tuple[float, float, float]]) -> Points:
    """The outline of a mountain range: sums of triangle waves of (height, length, shift)."""
    points: Points = [(0, SIZE[1])]
    for x in range(0, SIZE[0] + 1, 4):
        y = base - sum(h * (1 - abs(((x + s) / n % 1) * 2 - 1)) for h, n, s in waves)
        points.append((x, y))
    return [*points, (SIZE[0], SIZE[1])]


def mountain_lake() -> Image.Image:
    """A sun, three ranges, and a lake that mirrors them."""
    shore = 210
    picture = gradient((70, 120, 190), (250, 214, 170), SIZE[1])
    draw = ImageDraw.Draw(picture)
    draw.ellipse((330, 48, 382, 100), fill=(255, 240, 196))
    ranges: list[tuple[Colour, float, list[tuple[float, float, float]]]] = [
        ((142, 150, 184), 190, [(70, 260, 40), (18, 70, 5)]),
        ((96, 108, 140), 204, [(64, 340, 190), (14, 48, 0)]),
        ((52, 82, 74), 214, [(34, 210, 80), (9, 30, 11)]),
    ]
    for colour, base, waves in ranges:
        draw.polygon(ridge(base, waves), fill=colour)
    land = picture.crop((0, shore - (SIZE[1] - shore), SIZE[0], shore))
    mirror = land.transpose(Image.Transpose.FLIP_TOP_BOTTOM).filter(ImageFilter.GaussianBlur(2))
    water = Image.new("RGB", mirror.size, (24, 62, 92))
    picture.paste(Image.blend(mirror, water, 0.42), (0, shore))
    draw.polygon([(0, 320), (0, 262), (70, 276), (150, 306), (180, 320)], fill=(38, 54, 40))
    return picture


def harbour() -> Image.Image:
    """Houses with lit windows at dusk and their lights on the water."""
    picture = gradient((28, 30, 66), (226, 120, 84), 200).resize(SIZE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 200, *SIZE), fill=(22, 28, 52))
    left = 0
    for number in range(14):
        width, height = 26 + (number * 17) % 22, 50 + (number * 37) % 74
        draw.rectangle((left, 200 - height, left + width, 200), fill=(30 + number, 26, 40 + number))
        for row in range(200 - height + 8, 190, 14):
            for column in range(left + 5, left + width - 6, 10):
                if (row * 7 + column * 3) % 5 < 2:
                    draw.rectangle((column, row, column + 4, row + 7), fill=(255, 206, 112))
                    length = 20 + (row + column) % 50
                    draw.line((column + 2, 206, column + 2, 206 + length), fill=(150, 112, 78))
        left += width + 4
    for wave in range(214, 320, 9):
        draw.line((wave % 40, wave, SIZE[0] - (wave * 3) % 60, wave), fill=(34, 42, 70))
    draw.polygon([(300, 262), (420, 262), (398, 290), (322, 290)], fill=(110, 34, 30))
    draw.line((356, 262, 356, 170), fill=(210, 200, 190), width=3)
    return picture.filter(ImageFilter.GaussianBlur(0.6))


def exposure_chart() -> Image.Image:
    """The same sphere in five exposures, from too dark to too bright."""
    width = SIZE[0] // 5
    y, x = np.mgrid[0 : SIZE[1], 0:width]
    distance = np.hypot(x - width / 2, y - SIZE[1] / 2) / (width * 0.42)
    lit = np.clip(1.1 - np.hypot(x - width * 0.36, y - SIZE[1] * 0.44) / (width * 0.62), 0.05, 1)
    scene = np.where(distance < 1, lit, 0.18 + 0.25 * y / SIZE[1])
    strips = [np.clip(scene * 2.0 ** (stop * 0.8), 0, 1) for stop in range(-2, 3)]
    grey = np.concatenate(strips, axis=1)
    tint = np.stack([grey, grey * 0.93, grey * 0.84], axis=2)
    return Image.fromarray((tint * 255).round().astype("uint8"))


def pictures() -> None:
    folder = MATERIAL / "photo"
    (folder / "web").mkdir(parents=True, exist_ok=True)
    lake = mountain_lake()
    lake.save(folder / "mountain-lake.png", optimize=True)
    lake.resize((300, 200), Image.Resampling.LANCZOS).save(
        folder / "web" / "mountain-lake-small.jpg", quality=78
    )
    harbour().save(folder / "港口黄昏.png", optimize=True)
    exposure_chart().save(folder / "exposure-from-dark-to-bright.jpg", quality=85)


def pdf(path: Path, title: str, lines: list[str]) -> None:
    """One A6 page. A line that is not Latin is set in the Chinese font that every reader provides."""

    def chinese(text: str) -> bool:
        return not text.isascii()

    steps = ["BT", "14 TL", "24 380 Td"]
    for number, line in enumerate(lines):
        size = 16 if number == 0 else 10
        if chinese(line):
            steps.append(f"/F2 {size} Tf <{line.encode('utf-16-be').hex()}> Tj T*")
        else:
            plain = line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            steps.append(f"/F1 {size} Tf ({plain}) Tj T*")
    stream = "\n".join([*steps, "ET"]).encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (en) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 298 420] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R /F2 6 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H"
        b" /DescendantFonts [7 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000 /FontDescriptor 8 0 R"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880]"
        b" /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
        b"<< /Title (%s) /Author (The curate authors) >>" % title.encode("ascii"),
    ]
    body = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    starts = []
    for number, content in enumerate(objects, 1):
        starts.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % start for start in starts)
    body += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        len(objects),
        table,
    )
    path.write_bytes(body)


def package(path: Path, parts: dict[str, str]) -> None:
    """A ZIP of XML parts: what DOCX and XLSX are (ECMA-376 part 2)."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(
                entry, '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + content
            )


OFFICE = "http://schemas.openxmlformats.org"


def wrapping(main: str, kind: str, title: str) -> dict[str, str]:
    """The parts that every office file begins with."""
    return {
        "[Content_Types].xml": f'<Types xmlns="{OFFICE}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/{main}" ContentType="application/vnd.openxmlformats-officedocument.{kind}.main+xml"/>'
        + (
            '<Override PartName="/xl/worksheets/sheet1.xml" ContentType='
            '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            if kind.startswith("spreadsheet")
            else ""
        )
        + '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{OFFICE}/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument/2006/relationships/officeDocument" Target="{main}"/>'
        f'<Relationship Id="rId2" Type="{OFFICE}/package/2006/relationships/metadata/core-properties"'
        ' Target="docProps/core.xml"/></Relationships>',
        "docProps/core.xml": f'<cp:coreProperties xmlns:cp="{OFFICE}/package/2006/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>{title}</dc:title><dc:creator>The curate authors</dc:creator></cp:coreProperties>",
    }


def docx(path: Path, title: str, paragraphs: list[str]) -> None:
    lines = "".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in [title, *paragraphs])
    document = f'<w:document xmlns:w="{OFFICE}/wordprocessingml/2006/main"><w:body>{lines}</w:body></w:document>'
    wrap = wrapping("word/document.xml", "wordprocessingml.document", title)
    package(path, {**wrap, "word/document.xml": document})


def xlsx(path: Path, title: str, rows: list[list[str | float]]) -> None:
    def cell(value: str | float, at: str) -> str:
        if isinstance(value, str):
            return f'<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>'
        return f'<c r="{at}"><v>{value}</v></c>'

    lines = "".join(
        f'<row r="{number}">'
        + "".join(cell(v, f"{'ABCDE'[n]}{number}") for n, v in enumerate(row))
        + "</row>"
        for number, row in enumerate(rows, 1)
    )
    main = f"{OFFICE}/spreadsheetml/2006/main"
    links = f"{OFFICE}/officeDocument/2006/relationships"
    package(
        path,
        {
            **wrapping("xl/workbook.xml", "spreadsheetml.sheet", title),
            "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{links}"><sheets>'
            '<sheet name="Budget 预算" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{OFFICE}/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{links}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{lines}</sheetData></worksheet>',
        },
    )


def documents() -> None:
    folder = MATERIAL / "handouts"
    folder.mkdir(exist_ok=True)
    pdf(
        folder / "backup-card.pdf",
        "Backup card",
        [
            "Backup card",
            "",
            "Print, fold, and keep it beside the computer.",
            "",
            "Three copies, two kinds of storage, one of them elsewhere.",
            "Every day: texts, tables, invoices.",
            "After every import: photographs and recordings.",
            "Every three months: restore ten files and open them.",
            "",
            "备份卡片：三份副本，两种介质，一份异地。",
            "每季度随机恢复十个文件，逐个打开检查。",
            "",
            "Disk A is at: ______________________",
            "Disk B is at: ______________________",
            "Last restored on: __________________",
        ],
    )
    (MATERIAL / "downloads").mkdir(exist_ok=True)
    shutil.copyfile(folder / "backup-card.pdf", MATERIAL / "downloads" / "backup-card (1).pdf")
    docx(
        folder / "checklist-before-publishing.docx",
        "Checklist before publishing a collection",
        [
            "Copyright: every file has a known author and a written licence, or is your own work.",
            "Licences that forbid commercial use are nowhere in a collection that is sold.",
            "Credits: title, author, source and licence are printed for each file that asks for it.",
            "Names: no two files differ only by capitals, and no name is longer than eighty characters.",
            "Pictures: nobody who can be recognised is shown without having agreed.",
            "Tutorial: someone who has never seen the collection opened every kind of file with it.",
            "Backup: the finished collection is stored twice before the first copy is sold.",
            "出版之前：确认每个文件的作者和许可证，署名写全，教程请别人试读一遍，成品先备份两份。",
        ],
    )
    rows: list[list[str | float]] = [
        ["item 项目", "planned 计划", "spent 实际", "difference 差额"],
        ["two external disks 移动硬盘", 998.0, 958.0, 40.0],
        ["camera card 存储卡", 260.0, 249.0, 11.0],
        ["scanning of old photos 扫描旧照片", 600.0, 720.0, -120.0],
        ["picture licences 图片授权", 350.0, 300.0, 50.0],
        ["layout of the tutorial 教程排版", 800.0, 800.0, 0.0],
        ["reserve 预备金", 300.0, 0.0, 300.0],
    ]
    rows.append(
        ["sum 合计", *(float(math.fsum(float(row[n]) for row in rows[1:])) for n in (1, 2, 3))]
    )
    xlsx(MATERIAL / "sheets" / "project-budget.xlsx", "Project budget", rows)
    whole = (folder / "checklist-before-publishing.docx").read_bytes()
    # A download that broke off: the table of contents of a ZIP stands at its end and is missing.
    (folder / "backup-log-damaged.docx").write_bytes(whole[: len(whole) // 2])


if __name__ == "__main__":
    pictures()
    documents()
