"""Papers, data and books from four services in one collection, collected, judged and explained."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

from click.testing import CliRunner

from curate.api import Workspace
from curate.cli import main
from tests.server import Answer
from tests.services import Replay, data
from tests.test_service_faults import PAPER, RECORD

SAMPLES = Path(__file__).parent / "data/services"
NOTES = b"Notes from a harbour: the tide turns twice a day, and the boats with it.\n"
BOOK = b"""The Project Gutenberg eBook of A Harbour at Night

This eBook is for the use of anyone anywhere under the terms of the Project Gutenberg License included.

*** START OF THE PROJECT GUTENBERG EBOOK A HARBOUR AT NIGHT ***

The keeper of the harbour light counted eleven ships, and then a twelfth.

*** END OF THE PROJECT GUTENBERG EBOOK A HARBOUR AT NIGHT ***
"""
CONFIG = """title = "Harbours"
keywords = ["harbour"]
[[sources]]
type = "zenodo"
suffixes = [".txt"]
[[sources]]
type = "arxiv"
[[sources]]
type = "gutendex"
format = ["txt"]
[[sources]]
type = "openalex"
[listing]
price = "9.90"
currency = "EUR"
territory = ["US"]
"""
HOSTS = (
    "https://zenodo.org", "https://export.arxiv.org", "https://oaipmh.arxiv.org",
    "https://gutendex.com", "https://www.gutenberg.org", "https://api.openalex.org",
    "https://repository.example",
)  # fmt: skip


def pdf(width: int) -> Answer:
    """A page of its own for each width."""
    import pypdfium2

    document, out = pypdfium2.PdfDocument.new(), io.BytesIO()
    document.new_page(width, 200)
    document.save(out)
    return Answer(body=out.getvalue(), type="application/pdf")


def served(server: Replay) -> None:
    def sample(name: str) -> str:
        return (SAMPLES / name).read_text("utf-8").replace("MD5", hashlib.md5(NOTES).hexdigest())

    works = json.loads(sample("openalex.json"))
    works["meta"]["next_cursor"] = None
    server.file("/robots.txt", Answer(404))
    server.file("/api/records", data(json.loads(sample("zenodo.json"))))
    server.route("/api/records/*", lambda asked: Answer(body=NOTES))
    server.file("/api/query", Answer(body=PAPER.encode()))
    server.file("/oai", Answer(body=RECORD.encode()))
    server.file("/pdf/2401.00001", pdf(100))
    server.file("/books", data(json.loads(sample("gutendex.json"))))
    server.route("/ebooks/*", lambda asked: Answer(body=BOOK))
    server.file("/works", data(works))
    server.file("/1.pdf", pdf(300))


def test_the_whole_way(tmp_path: Path) -> None:
    with Replay() as server:
        served(server)
        workspace = Workspace.init(tmp_path / "w")
        hosts = ", ".join(f'"{home}" = "{server.url}"' for home in HOSTS)
        settings = f"[fetch]\ndelay = 0\nhosts = {{ {hosts} }}\n"
        (workspace.root / "curate.toml").write_text(settings, "utf-8")
        workspace.collection_file("harbours").parent.mkdir()
        workspace.collection_file("harbours").write_text(CONFIG, "utf-8")

        def run(*arguments: str) -> str:
            done = CliRunner().invoke(main, [*arguments, "--workspace", str(workspace.root)])
            assert done.exit_code == 0, done.output
            return done.output

        run("collect", "harbours")
        run("classify", "harbours")
        notes = run(
            "why", "https://zenodo.org/api/records/101/files/field%20notes%2Fday%201.txt/content"
        )
        assert "CC-BY-4.0" in notes and "goes into the bundle" in notes
        paper = run("why", "https://export.arxiv.org/pdf/2401.00001")
        assert "https://arxiv.org/abs/2401.00001 says" in paper and "CC-BY-4.0" in paper
        assert "goes into the bundle" in paper
        book = run("why", "https://www.gutenberg.org/ebooks/9001.txt.utf-8")
        assert "Project Gutenberg" in book and "goes into the bundle" not in book
        work = run("why", "https://repository.example/1.pdf")
        assert "not its version" in work and "goes into the bundle" not in work
        left = run("why", "https://journal.example/three.pdf")
        assert "rejected" in left and "forbids commercial use" in left

        run("package", "harbours")
        (rights,) = workspace.root.glob("build/harbours/*/rights.json")
        packed = {item["title"]: item for item in json.loads(rights.read_text("utf-8"))["items"]}
        assert packed.keys() == {"Harbour spectra", "Waves in harbours"}
        assert packed["Waves in harbours"]["source"] == "https://arxiv.org/abs/2401.00001"

        server.forget()
        run("collect", "harbours")
        asked = sorted(server.paths())
        assert asked == ["/api/query", "/api/records", "/books", "/works"]
