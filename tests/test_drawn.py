"""Documents that show more than they say: charts with the same labels are not the same chart."""

from __future__ import annotations

from pathlib import Path

from curate.api import Workspace
from curate.catalog import Catalog


def chart(bars: list[int], label: str) -> bytes:
    """A one-page PDF: some bars, and the same few words under them."""
    drawn = "".join(
        f"0.2 0.3 0.7 rg {40 + 60 * n} 60 45 {height} re f\n" for n, height in enumerate(bars)
    )
    words = f"BT /F1 12 Tf 40 30 Td ({label}) Tj ET"
    stream = (drawn + words).encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 400 400] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + b"xref\n0 5\n0000000000 65535 f \n%strailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (table, len(out))
    )


def test_same_words_under_other_bars(tmp_path: Path) -> None:
    workspace = Workspace.init(tmp_path / "w")
    folder = workspace.collections / "charts" / "material"
    folder.mkdir(parents=True)
    config = 'title = "c"\n[rights]\nown = "me"\n[[sources]]\ntype = "folder"\npath = "material"\nmatch = "all"\n'
    workspace.collection_file("charts").write_text(config, encoding="utf-8")
    label = "backup size by year: one two three four five"
    (folder / "rising.pdf").write_bytes(chart([20, 60, 120, 200, 300], label))
    (folder / "falling.pdf").write_bytes(chart([300, 200, 120, 60, 20], label))
    (folder / "rising again.pdf").write_bytes(chart([20, 60, 120, 200, 301], label))
    workspace.collect("charts")
    workspace.classify("charts")
    with Catalog(workspace.catalog) as catalog:
        names = {one.sha256: one.source for one in catalog.members("charts")}
        pairs = {frozenset((names[one.a], names[one.b])) for one in catalog.duplicates()}
    assert pairs == {frozenset(("rising.pdf", "rising again.pdf"))}
