"""Which licence a folder is under, by its licence files: ``python benchmarks/license_files.py``.

Writes Markdown tables to stdout. The folders are the fixtures of licensee, with the key it expects of
each, below ``CURATE_MATERIAL`` or ``../shared/material`` beside the repository. Where the package osslili
is installed, its answers are measured the same way.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MATERIAL = (
    Path(os.environ.get("CURATE_MATERIAL", Path(__file__).parents[2] / "shared" / "material"))
    / "licenses"
)
FILE = re.compile(
    r"(?:(?:un)?licen[cs]e|copying|copyright|patents)(?:[-_.].{0,40})?|licen[cs]es/.+", re.I
)
CODE = re.compile(r".*\.(?:header|json|.*spec)", re.I)  # a template for other files, not a licence
OTHER, NOTHING = "other", "no-license"
Answer = Callable[[Path, str], "str | None"]


@dataclass(frozen=True, slots=True)
class Row:
    folder: str
    expected: str
    said: str


def expectations() -> dict[str, str]:
    """folder → key; a key without a value is a folder that states nothing."""
    found: dict[str, str] = {}
    for line in (MATERIAL / "fixtures.yml").read_text("utf-8").splitlines():
        if re.fullmatch(r"\S+:", line):
            folder = line[:-1]
        elif line.startswith("  key:"):
            found[folder] = line.partition(":")[2].strip() or NOTHING
    return found


def licence_files(folder: Path) -> list[Path]:
    """The files at the top of a folder and of its LICENSES that are named like a licence."""
    files = [p for p in (*folder.glob("*"), *folder.glob("[Ll][Ii][Cc]*/*")) if p.is_file()]
    names = {path: path.relative_to(folder).as_posix() for path in files}
    return sorted(p for p, name in names.items() if FILE.fullmatch(name) and not CODE.match(name))


def ours(path: Path, text: str) -> str | None:
    """The id, "" for a file that says nothing but whose it is, None where no licence is sure."""
    from curate.spdx import detect
    from curate.spdx.words import words

    match = detect(text)
    if match is None and text.strip() and not words(text):
        return ""
    return match.id if match else None


def osslili() -> Answer:
    import logging

    from osslili import Config
    from osslili.detectors.license_detector import LicenseDetector

    logging.disable(logging.CRITICAL)
    detector = LicenseDetector(Config())

    def answer(path: Path, text: str) -> str | None:
        ids = {
            found.spdx_id
            for found in detector.detect_licenses(path)
            if Path(found.source_file).name == path.name
        }
        return ids.pop() if len(ids) == 1 else None

    return answer


def folder_key(folder: Path, answer: Answer, known: frozenset[str]) -> str:
    """licensee's key of a folder: several licences, and licences it does not know, are "other"."""
    answers = [answer(path, read(path)) for path in licence_files(folder)]
    if not answers:
        answers = [
            answer(path, text)
            for path in sorted(folder.glob("[Rr][Ee][Aa]*"))
            if (text := section(path))
        ]
    told = {said for said in answers if said != ""}
    if told == {"GPL-3.0-only", "LGPL-3.0-only"}:  # the LGPL adds to the GPL, and so comes with it
        told = {"LGPL-3.0-only"}
    if len(told) != 1:
        return OTHER if told else NOTHING
    key = re.sub(r"-(?:only|or-later)$", "", (told.pop() or OTHER).lower())
    return key if key in known else OTHER


def section(path: Path) -> str:
    from curate.spdx import licence_section

    return licence_section(read(path))


def read(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "replace")


def table(title: str, answer: Answer) -> None:
    known = frozenset(json.loads((MATERIAL / "license-hashes.json").read_bytes()))
    start = time.process_time()
    rows = [
        Row(name, expected, folder_key(MATERIAL / name, answer, known))
        for name, expected in expectations().items()
        if (MATERIAL / name).is_dir()
    ]
    spent = (time.process_time() - start) / len(rows) * 1000
    said = [row for row in rows if row.said not in (OTHER, NOTHING)]
    have = [row for row in rows if row.expected not in (OTHER, NOTHING)]
    right = sum(row.said == row.expected for row in said)
    exact = sum(row.said == row.expected for row in rows)
    print(
        f"| {title} | {len(rows)} | {right / len(said):.3f} | {right / len(have):.3f} "
        f"| {exact / len(rows):.3f} | {spent:.0f} |"
    )
    WRONG[title] = [row for row in rows if row.said != row.expected]


WRONG: dict[str, list[Row]] = {}


def main() -> None:
    if not MATERIAL.is_dir():
        sys.exit(f"real material is not here: {MATERIAL} (set CURATE_MATERIAL to its parent)")
    print("## Licences of folders\n")
    print("| | folders | precision | recall | exact | ms each |\n|---|--:|--:|--:|--:|--:|")
    table("curate", ours)
    if importlib.util.find_spec("osslili"):
        table("osslili", osslili())
    for title, rows in WRONG.items():
        print(f"\n{title}: {len(rows)} otherwise than expected")
        for row in rows:
            print(f"- `{row.folder}`: expected {row.expected}, said {row.said}")


if __name__ == "__main__":
    main()
