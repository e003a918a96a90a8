"""The collector of tables: addresses on a real server, files beside the table, and bad rows."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.collection import Declaration
from curate.collectors import Context
from curate.collectors.csv import CsvCollector, CsvSource
from curate.collectors.table import _text, read
from curate.errors import CurateError
from curate.fetch import Fetcher
from curate.model import NOTICE, Candidate, Known, Trouble
from curate.workspace import Fetch
from tests.server import Answer, Server

HOME = "https://site.test"


class Sheet:
    """A folder for a table and its files, a server, and a collector that remembers."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.known: dict[str, Known] = {}
        self.found: dict[str, Candidate] = {}
        self.told: dict[str, str] = {}
        self.troubles: list[Trouble] = []

    def write(self, text: str | bytes, name: str = "list.csv") -> None:
        data = text if isinstance(text, bytes) else text.encode()
        (self.folder / name).write_bytes(data)

    def collect(self, file: str = "list.csv", **options: object) -> list[str]:
        self.server.forget()
        settings = Fetch(delay=0, retries=0, hosts={HOME: self.server.url})
        context = Context(self.folder, Fetcher(settings), Declaration())
        collector = CsvCollector(CsvSource(file=file, **options), context)  # type: ignore[arg-type]
        self.found, self.troubles = {}, []
        for one in collector.candidates(self.known.get):
            if isinstance(one, Trouble):
                self.troubles.append(one)
            else:
                assert one.locator not in self.found
                self.found[one.locator] = one
                if one.stamp != getattr(self.known.get(one.locator), "stamp", None):
                    one.open().read()
        self.known |= {one.locator: Known(one.stamp, one.links) for one in self.found.values()}
        self.told = {one.locator: str(one.reason) for one in self.troubles}
        return list(self.found)


@pytest.fixture
def sheet(tmp_path: Path) -> Iterator[Sheet]:
    with Server() as server:
        for name in ("a", "b"):
            server.always(
                f"/{name}.pdf",
                Answer(body=b"%PDF", type="application/pdf", headers={"ETag": '"1"'}),
            )
        yield Sheet(server, tmp_path)


def test_a_table_names_files_and_addresses_and_says_what_they_are(sheet: Sheet) -> None:
    (sheet.folder / "pictures").mkdir()
    (sheet.folder / "pictures" / "cup.png").write_bytes(b"png")
    sheet.write(
        "url,path,title,author,licence,tags,description,holder,attribution,page\n"
        'https://site.test/a.pdf,,Book A,Ann; Bo,CC-BY-4.0,"tea, cups",About tea,Ann Ltd,Photo: Ann,\n'
        "https://site.test/from,pictures\\cup.png,Cup,,CC0-1.0,,,,,\n"
    )
    assert sheet.collect() == [f"{HOME}/a.pdf", "pictures/cup.png"]
    said = sheet.found[f"{HOME}/a.pdf"].said
    assert (said.title, said.creators, said.tags) == ("Book A", ("Ann", "Bo"), ("tea", "cups"))
    (stated,) = said.statements
    assert (stated.raw, stated.channel, stated.where) == ("CC-BY-4.0", "table", "list.csv: row 2")
    assert (stated.holder, stated.attribution) == ("Ann Ltd", "Photo: Ann")
    cup = sheet.found["pictures/cup.png"]
    assert (cup.local, cup.suffix, cup.said.url) == (True, ".png", f"{HOME}/from")
    assert cup.open().read() == b"png"
    assert sheet.server.count("/from") == 0
    assert sheet.troubles == []


def test_a_chinese_table_as_excel_saves_it(sheet: Sheet) -> None:
    text = "网址;标题;作者;授权;标签\r\nhttps://site.test/a.pdf;茶;安;CC BY 4.0;茶、杯\r\n"
    for codec in ("utf-8-sig", "gb18030", "utf-16"):
        sheet.write(text.encode(codec))
        assert sheet.collect() == [f"{HOME}/a.pdf"], codec
        said = sheet.found[f"{HOME}/a.pdf"].said
        if codec == "utf-8-sig":  # unchanged afterwards: nothing else is said then
            assert (said.title, said.creators, said.tags) == ("茶", ("安",), ("茶", "杯"))
            assert said.statements[0].raw == "CC BY 4.0"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.tsv", "url\ttitle\n{a}\tA, B\n"),
        ("list.csv", "sep=|\nurl|title\n{a}|A, B\n"),
        ("list.csv", 'My list,,\n\nTitle,URL,\n"A, B",{a},\n'),
        ("list.txt", "url|title\n{a}|A, B\n"),
    ],
    ids=["tabs", "stated", "title-above", "bars"],
)
def test_separators_are_found(sheet: Sheet, name: str, text: str) -> None:
    sheet.write(text.format(a=f"{HOME}/a.pdf"), name)
    assert sheet.collect(name) == [f"{HOME}/a.pdf"]
    assert sheet.found[f"{HOME}/a.pdf"].said.title == "A, B"


def test_a_bad_row_costs_only_itself_and_is_named_by_its_number(sheet: Sheet) -> None:
    (sheet.folder / "inside.txt").write_text("x")
    (sheet.folder / "empty.txt").write_text("")
    sheet.write(
        "url,path,license,colour\n"  # row 1
        "not an address,,,\n"
        ",../../etc/passwd,,\n"
        ",/etc/passwd,,\n"
        ",C:\\x.txt,,\n"
        ",gone.txt,,\n"
        ",empty.txt,,\n"
        f"{HOME}/none.pdf,,,\n"
        ",,CC0-1.0,\n"
        "\n"
        ",inside.txt,,red\n"
        ",./inside.txt,All rights reserved,\n"  # row 12
    )
    assert sheet.collect() == ["inside.txt"]
    assert "is not a web address" in sheet.told["list.csv: row 2"]
    for row in (3, 4, 5):
        assert "leads out of the folder" in sheet.told[f"list.csv: row {row}"]
    assert sheet.told["gone.txt"].startswith("list.csv: row 6: ")
    assert sheet.told["empty.txt"] == "list.csv: row 7: it is empty"
    assert sheet.told[f"{HOME}/none.pdf"].startswith("list.csv: row 8: ")
    assert sheet.told["list.csv: row 9"] == "it names no file and no address"
    assert sheet.told["list.csv: row 12"] == "row 11 names inside.txt already"
    assert "colour" in sheet.told["list.csv: row 1"]
    assert not any(one.hides for one in sheet.troubles)
    # What the second row says about rights is not lost.
    assert [one.raw for one in sheet.found["inside.txt"].said.statements] == ["All rights reserved"]


def test_links_that_lead_out_are_not_followed(sheet: Sheet) -> None:
    (sheet.folder / "out").symlink_to("/etc")
    sheet.write("path\nout/hostname\nlist.csv\n")
    assert sheet.collect() == ["list.csv"]
    assert "leads out of the folder" in sheet.told["out/hostname"]


def test_a_row_that_moves_is_not_fetched_again_but_a_new_licence_is_heard(sheet: Sheet) -> None:
    sheet.write(f"url,license\n{HOME}/a.pdf,CC-BY-4.0\n")
    sheet.collect()
    sheet.write(f"url,license\n{HOME}/b.pdf,CC-BY-4.0\n{HOME}/a.pdf,CC-BY-4.0\n")
    sheet.collect()
    assert sheet.server.count("/a.pdf", 200) == 0 or sheet.server.asked("/a.pdf")[0].headers.get(
        "If-None-Match"
    )
    stamp = sheet.found[f"{HOME}/a.pdf"].stamp
    sheet.write(f"url,license\n{HOME}/a.pdf,CC-BY-NC-4.0\n")
    sheet.collect()
    assert sheet.found[f"{HOME}/a.pdf"].stamp != stamp
    assert sheet.found[f"{HOME}/a.pdf"].said.statements[0].where == "list.csv: row 2"


def test_what_lies_beside_a_file_speaks_too(sheet: Sheet) -> None:
    (sheet.folder / "in").mkdir()
    (sheet.folder / "in" / "cup.png").write_bytes(b"png")
    (sheet.folder / "in" / "cup.png.license").write_text("SPDX-License-Identifier: CC-BY-NC-4.0\n")
    sheet.write("path,license\nin/cup.png,CC-BY-4.0\n")
    sheet.collect()
    said = sheet.found["in/cup.png"].said.statements
    assert [one.where for one in said] == ["list.csv: row 2", "in/cup.png.license"]
    assert "CC-BY-NC-4.0" in (said[1].license or said[1].raw)


def test_a_holder_alone_is_a_notice_and_grants_nothing(sheet: Sheet) -> None:
    sheet.write(f"url,holder\n{HOME}/a.pdf,Ann Ltd\n")
    sheet.collect()
    (stated,) = sheet.found[f"{HOME}/a.pdf"].said.statements
    assert (stated.raw, stated.license, stated.holder) == ("Ann Ltd", NOTICE, "Ann Ltd")


def test_formulas_are_text(sheet: Sheet) -> None:
    sheet.write(f'url,title\n{HOME}/a.pdf,"=HYPERLINK(""http://x"")"\n')
    sheet.collect()
    assert sheet.found[f"{HOME}/a.pdf"].said.title == '=HYPERLINK("http://x")'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "its columns are a, b"),
        ("", "it is empty"),
        (b"\xff\xd8\xff\xe0" * 50, "no column"),
    ],
    ids=["other-columns", "empty", "no-table"],
)
def test_a_table_without_places_is_refused(sheet: Sheet, text: str | bytes, message: str) -> None:
    sheet.write(text)
    with pytest.raises(CurateError, match=message):
        sheet.collect()


def test_a_quotation_mark_that_never_closes_is_told(sheet: Sheet) -> None:
    sheet.write(f'url,title\n{HOME}/a.pdf,"A\n{HOME}/b.pdf,B\n')
    sheet.collect()
    assert "opens in row 2 is never closed" in sheet.told["list.csv"]
    assert any(one.hides for one in sheet.troubles)


@pytest.mark.parametrize("name", ["list.xlsx", "list.ods"])
def test_a_workbook(sheet: Sheet, name: str) -> None:
    build = {"list.xlsx": _xlsx, "list.ods": _ods}[name]
    rows = [
        ["URL", "标题", "Licence"],
        [f"{HOME}/a.pdf", "茶", "CC0-1.0"],
        ["", "", ""],
        [f"{HOME}/b.pdf", "5", ""],
    ]
    build(sheet.folder / name, {"notes": [["hello"]], "list": rows})
    assert sheet.collect(name, sheet="list") == [f"{HOME}/a.pdf", f"{HOME}/b.pdf"]
    said = sheet.found[f"{HOME}/a.pdf"].said
    assert (said.title, said.statements[0].where) == ("茶", f"{name}: row 2")
    with pytest.raises(CurateError, match="no column"):
        sheet.collect(name)
    with pytest.raises(CurateError, match="it has notes, list"):
        sheet.collect(name, sheet="other")


def test_what_is_no_workbook_is_told(sheet: Sheet) -> None:
    sheet.write(b"PK\3\4 nothing", "list.xlsx")
    with pytest.raises(CurateError, match="no workbook"):
        sheet.collect("list.xlsx")
    with pytest.raises(CurateError, match="cannot be read"):
        sheet.collect("none.csv")


@given(st.binary(max_size=300), st.sampled_from([b"", b"url,path\n", b"\xff\xfe", b"sep=;\n"]))
def test_any_bytes_are_a_table_or_none(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, head: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.csv"
    path.write_bytes(head + noise)
    with contextlib.suppress(CurateError):
        read(path)


@given(
    st.lists(
        st.lists(st.text('ab,;"\n| ', max_size=6), min_size=2, max_size=4), min_size=1, max_size=5
    )
)
def test_what_csv_writes_is_what_is_read(rows: list[list[str]]) -> None:
    import csv
    import io

    out = io.StringIO()
    csv.writer(out).writerows([["url", "title", "tags", "path"], *rows])
    records, problem = _text(out.getvalue(), ".csv")
    assert problem == ""
    assert records[1:] == [[" ".join(cell.split()) for cell in row] for row in rows]


# Small workbooks, written by hand


def _xlsx(path: Path, sheets: dict[str, list[list[str]]]) -> None:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(path, "w") as out:
        types = "".join(
            f'<Override PartName="/xl/worksheets/s{n}.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
            for n in range(len(sheets))
        )
        out.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
            f"{types}</Types>",
        )
        package = "http://schemas.openxmlformats.org/package/2006/relationships"
        out.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        names = "".join(
            f'<sheet name="{one}" sheetId="{n + 1}" r:id="r{n}"/>' for n, one in enumerate(sheets)
        )
        out.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>{names}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="r{n}" Type="{rel}/worksheet" Target="worksheets/s{n}.xml"/>'
            for n in range(len(sheets))
        )
        out.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}">{links}</Relationships>',
        )
        for number, rows in enumerate(sheets.values()):
            cells = "".join(
                f'<row r="{r}">'
                + "".join(
                    f'<c r="{"ABCDEF"[c]}{r}" t="inlineStr"><is><t>{text}</t></is></c>'
                    for c, text in enumerate(row)
                    if text
                )
                + "</row>"
                for r, row in enumerate(rows, 1)
            )
            out.writestr(
                f"xl/worksheets/s{number}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{cells}</sheetData></worksheet>',
            )


def _ods(path: Path, sheets: dict[str, list[list[str]]]) -> None:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    tables = "".join(
        f'<table:table table:name="{name}">'
        + "".join(
            "<table:table-row>"
            + "".join(
                f'<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>'
                for text in row
            )
            + "</table:table-row>"
            for row in rows
        )
        + "</table:table>"
        for name, rows in sheets.items()
    )
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        out.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>",
        )
        out.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
