"""Programs that find near-duplicate text, each used as its own documentation shows."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple, Protocol

from report import log

Pairs = set[tuple[int, int]]
SHINGLE = 3  # words
LEAST = 0.5  # Jaccard similarity of such shingles that rensa and datasketch are asked for
_UNITS = re.compile(r"[\u3400-\u9fff]|[^\s\u3400-\u9fff]+")


class Text(NamedTuple):
    text: str
    language: str
    origin: int  # number of the document that it was made of
    edit: int  # per cent of the words; 0: it is an original


class Method(Protocol):
    """``add`` is called with every document in turn, then ``pairs`` once."""

    name: str

    def add(self, text: Text) -> None: ...
    def pairs(self) -> Pairs: ...


def units(text: Text) -> list[str]:
    """Words; in Chinese each Han character is one."""
    lower = text.text.lower()
    return _UNITS.findall(lower) if text.language == "zh" else lower.split()


def shingles(text: Text) -> list[str]:
    words = units(text)
    return [" ".join(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))]


class Rensa:
    name = "rensa, word 3-shingles"

    def __init__(self) -> None:
        from rensa import RMinHashLSH

        self._index = RMinHashLSH(threshold=LEAST, num_perm=128, num_bands=32)
        self._hashes: list[object] = []

    def add(self, text: Text) -> None:
        from rensa import RMinHash

        one = RMinHash(num_perm=128, seed=42)
        one.update(shingles(text))
        self._index.insert(len(self._hashes), one)
        self._hashes.append(one)

    def pairs(self) -> Pairs:
        hashes = self._hashes
        return {
            (place, other)
            for place, one in enumerate(hashes)
            for other in self._index.query(one)
            if other > place and one.jaccard(hashes[other]) >= LEAST  # type: ignore[attr-defined]
        }


class Datasketch(Rensa):
    name = "datasketch, word 3-shingles"

    def __init__(self) -> None:
        from datasketch import MinHashLSH

        self._index = MinHashLSH(threshold=LEAST, num_perm=128)
        self._hashes: list[object] = []

    def add(self, text: Text) -> None:
        from datasketch import MinHash

        one = MinHash(num_perm=128)
        one.update_batch([shingle.encode() for shingle in set(shingles(text))])
        self._index.insert(len(self._hashes), one)
        self._hashes.append(one)


PEERS: dict[str, type[Method]] = {"rensa": Rensa, "datasketch": Datasketch}


def installed() -> list[type[Method]]:
    return [method for name, method in PEERS.items() if find_spec(name)]


def datatrove(texts: Sequence[Text]) -> tuple[Pairs, float] | None:
    """The pairs that its MinHash blocks find and the CPU seconds they take; None where it is not installed."""
    python = os.environ.get("CURATE_DATATROVE", sys.executable)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "texts.json").write_text(json.dumps(texts))
        done = subprocess.run([python, __file__, folder], capture_output=True, text=True)
        if done.returncode:
            log(f"no datatrove: {done.stderr.strip().splitlines()[-1:]}")
            return None
        pairs, seconds = json.loads(Path(folder, "found.json").read_text())
    return {(a, b) for a, b in pairs}, seconds


def _datatrove(folder: Path) -> None:
    """Signatures and buckets with all that it begins with, each language in its own run; imports, loading of
    dictionaries and the joining of pairs to clusters are not counted."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup.minhash import MinhashDedupBuckets, MinhashDedupSignature
    from datatrove.utils.binaryio import read_tuples_from_file

    texts = [Text(*one) for one in json.loads((folder / "texts.json").read_text())]
    found: Pairs = set()
    seconds = 0.0
    for language in ("en", "zh"):
        places = [place for place, text in enumerate(texts) if text.language == language]
        signatures, pairs = str(folder / f"signed-{language}"), folder / f"pairs-{language}"
        step = MinhashDedupSignature(signatures, language=language)
        step.word_tokenizer.word_tokenize("first 第一")
        documents = (Document(texts[place].text, str(place)) for place in places)
        start = time.process_time()
        step.run(documents, 0, 1)
        count = step.config.num_buckets
        for bucket in range(count):
            MinhashDedupBuckets(signatures, str(pairs)).run(None, bucket, count)
        seconds += time.process_time() - start
        for path in pairs.glob("*.dups"):
            with path.open("rb") as file:
                for _, a, _, b in read_tuples_from_file(file, "4I", lines_to_buffer=-1):
                    one, other = sorted((places[a], places[b]))
                    found.add((one, other))
    (folder / "found.json").write_text(json.dumps([sorted(found), seconds]))


if __name__ == "__main__":
    _datatrove(Path(sys.argv[1]))
