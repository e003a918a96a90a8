"""Office files from before 2007: known for what they are, not opened."""

from __future__ import annotations

from pathlib import Path

from curate.extract.formats import Format
from curate.extract.package import protected
from curate.model import Extracted


def read(path: Path, name: str, form: Format) -> Extracted:
    if form.id == "ole":
        with path.open("rb") as file:
            # How a .docx, .xlsx or .pptx is kept once it has a password.
            if "EncryptedPackage".encode("utf-16-le") in file.read(64 * 2**20):
                raise protected(name)
    return Extracted(
        form.id,
        form.kind,
        form.mime,
        problem=f"the text of a {form.id.upper()} file cannot be read; save it in a newer format",
    )
