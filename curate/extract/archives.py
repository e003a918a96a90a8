"""Archives stay whole: what is counted is how much is inside."""

from __future__ import annotations

import tarfile
from pathlib import Path

from curate.extract.formats import Format
from curate.extract.package import opened
from curate.model import Extracted

MOST_ENTRIES = 1_000_000


def read(path: Path, name: str, form: Format) -> Extracted:
    properties: dict[str, int | float | str] = {}
    if form.id == "zip":
        with opened(path, name) as package:
            files = [one for one in package.file.infolist() if not one.is_dir()]
            properties["entries"] = len(files)
            properties["unpacked"] = sum(one.file_size for one in files)
    elif form.id == "tar":
        with tarfile.open(path, "r:") as archive:
            entries = unpacked = 0
            for member in archive:
                if member.isfile():
                    entries += 1
                    unpacked += member.size
                if entries >= MOST_ENTRIES:
                    break
            properties = {"entries": entries, "unpacked": unpacked}
    return Extracted(form.id, form.kind, form.mime, properties=properties)
