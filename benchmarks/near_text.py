"""Near-duplicate text: planted edits of real documents, beside rensa, datasketch and datatrove.

``python benchmarks/near_text.py``. Needs the documents of ``debian_docs.py``. Peers are optional: ``pip
install rensa datasketch``; datatrove is run by the interpreter that ``CURATE_DATATROVE`` names, or by this
one. All but the speeds is the same on every run.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

from near_text_catalog import KEPT, Cost, catalogue
from near_text_corpus import COPIES, DOCUMENTS, EDITS, LANGUAGES, edited, planted, vocabulary
from near_text_peers import Method, Pairs, Text, datatrove, installed
from report import log, machine, table, write

from curate.dedupe import near
from curate.dedupe.text import sign
from curate.han import simplified

NEAR = 0.75  # what a collection's [dedupe] starts with
CALIBRATION = 25  # per cent of the words replaced: what is still NEAR
CHECKED = 4_000  # of the pairs that nobody planted, by method and language
CHUNK = 250
SAMPLE = 2_000  # documents that datatrove is given, some
BARS = {"rensa": 1, "datasketch": 2, "datatrove": 15}
TROVE = "datatrove MinHash"
Lines = list[str]
HOW = """### How to read it

- {documents:,} documents of Debian's documentation packages: 2 in 9 Chinese (all there are), the rest English, as evenly
  from the packages as they allow. Of {copies:,} in each language and for each step there is a copy, in which 1, 2, 5,
  10 or 20 % of the words are replaced, inserted or deleted at random places, each a third; a Chinese word is one
  character here. {texts:,} texts in all, in random order. *R* is the share of the copies of a step that were
  paired with their original.
- Real documentation is full of near duplicates that nobody planted: pages for each class of one template, two
  versions of one page. So every pair found that was not planted, or {checked:,} drawn from them for each method
  and language, is judged by a measure that no method uses: the exact Jaccard similarity of all runs of five
  characters, in lower case, without spaces, traditional Chinese as simplified. It is near from the value that
  99 of 100 documents have with themselves when {calibration} % of their words are replaced, which is what a
  similarity of 0.75 means. *Precision* counts planted pairs and those; *planted* says how few of all
  pairs were planted.
- rensa and datasketch are asked, as their documentation shows, for a Jaccard similarity of 0.5 over shingles of
  three words (characters in Chinese), which 20 % of edits leave behind: their recall there is no fault of
  theirs. curate calls texts near from 0.75 of the words in common and in order, and aligns each pair for it.
- CPU seconds of one thread: signing, finding, verifying. All but datatrove took turns every {chunk} documents.
  datatrove is given some {sample:,} of the texts, each copy with its original, signs them with its own tokenizers (spaCy, jieba), and compares them by
  its buckets; its time is divided by these.
- Shingles and bands were chosen on 4,000 English documents, some of them also among these, and on other edits of 450 of the Chinese. Where
  the time goes was looked at with these very texts, and so the estimate below which a pair is not aligned (0.3)
  was set: it leaves out pairs that are 0.7 to 0.75 alike, and no planted one.
- The old signatures are made: each minimum of a real one is kept with a chance of {kept}, else random. Texts
  are not looked at there, for there are none; it costs some 0.3 ms to read one and 0.01 to 1 ms to align a pair.
- Tried and left: 144 permutations of each shingle (a third of the speed, the same recall), 32 bands (recall
  0.996 at 20 %), bands of two rows (twice the candidates), bands of four (recall 0.96), all pairs aligned in
  full (half the speed: now 256 letters first, which never say less)."""


class Curate:
    name = "curate"

    def __init__(self) -> None:
        self._texts = near.Texts()

    def add(self, text: Text) -> None:
        self._texts.add(text.text)

    def pairs(self) -> Pairs:
        return {(a, b) for a, b, _ in self._texts.pairs(NEAR)}


@lru_cache(maxsize=2048)
def grams(text: str) -> frozenset[str]:
    """Runs of five characters, spaces left out: what pairs that nobody planted are judged by."""
    plain = simplified("".join(text.lower().split()))
    return frozenset(plain[at : at + 5] for at in range(len(plain) - 4))


def overlap(a: str, b: str) -> float:
    """Exact Jaccard similarity of ``grams``."""
    one, two = grams(a), grams(b)
    common = len(one & two)
    return common / (len(one) + len(two) - common or 1)


def limits(texts: Sequence[Text]) -> dict[str, float]:
    """For each language the ``overlap`` that 99 of 100 texts have with themselves when a quarter of their
    words is replaced: from here on a pair counts as near."""
    found = {}
    for language in LANGUAGES:
        chance = random.Random(f"limits {language}")
        some = [text for text in texts if text.language == language and not text.edit]
        words = vocabulary(some)
        values = sorted(
            overlap(text.text, edited(text.text, CALIBRATION, words, chance, 1))
            for text in chance.sample(some, min(500, len(some)))
        )
        found[language] = values[len(values) // 100]
    return found


class Figures(NamedTuple):
    """Of one method in one language."""

    found: int
    planted: int
    right: float  # share of the found pairs that nobody planted
    recalls: tuple[float, ...]  # by EDITS

    @property
    def precision(self) -> float:
        other = self.found - self.planted
        return (self.planted + self.right * other) / max(1, self.found)

    @property
    def recall(self) -> float:
        return sum(self.recalls) / len(self.recalls)


def judged(texts: Sequence[Text], pairs: Pairs, language: str, limit: float) -> Figures:
    first = {text.origin: place for place, text in enumerate(texts) if not text.edit}
    of = {pair for pair in pairs if texts[pair[0]].language == language}
    sought = {
        edit: {
            tuple(sorted((first[text.origin], place)))
            for place, text in enumerate(texts)
            if text.edit == edit and text.language == language
        }
        for edit in EDITS
    }
    planted = set.union(*sought.values()) & of
    others = sorted(of - planted)
    chance = random.Random(f"judged {language}")
    some = chance.sample(others, min(CHECKED, len(others)))
    right = sum(overlap(texts[a].text, texts[b].text) >= limit for a, b in some)
    recalls = tuple(len(of & sought[edit]) / len(sought[edit]) for edit in EDITS)
    return Figures(len(of), len(planted), right / max(1, len(some)), recalls)


def run(texts: Sequence[Text]) -> tuple[dict[str, Pairs], dict[str, float]]:
    """Pairs and CPU seconds of each method: all in turn on every few documents, so that none has the machine
    to itself."""
    kinds: list[type[Method]] = [Curate, *installed()]
    for kind in kinds:  # tables and imports
        kind().add(texts[0])
    methods = [kind() for kind in kinds]
    spent = dict.fromkeys((method.name for method in methods), 0.0)
    for start in range(0, len(texts), CHUNK):
        for method in methods:
            begin = time.process_time()
            for text in texts[start : start + CHUNK]:
                method.add(text)
            spent[method.name] += time.process_time() - begin
    pairs: dict[str, Pairs] = {}
    for method in methods:
        signed, begin = spent[method.name], time.process_time()
        pairs[method.name] = method.pairs()
        spent[method.name] += time.process_time() - begin
        log(f"{method.name}: {signed:.1f} + {spent[method.name] - signed:.1f} CPU s")
    return pairs, spent


def sampled(texts: Sequence[Text]) -> list[Text]:
    """Some ``SAMPLE`` texts, each copy with its original."""
    return [text for text in texts if text.origin % max(1, len(texts) // SAMPLE) == 0]


def shown(texts: Sequence[Text], found: dict[str, Pairs], speeds: dict[str, float]) -> Lines:
    """The table of quality, and the bars."""
    limit = limits(texts)
    rows, figures = [], {}
    for name, pairs in found.items():
        sample = texts if name != TROVE else sampled(texts)
        for language, title in LANGUAGES.items():
            one = figures[name, language] = judged(sample, pairs, language, limit[language])
            recalls = [f"{recall:.4f}" for recall in one.recalls]
            rows.append(
                [
                    name,
                    title,
                    f"{one.precision:.4f}",
                    *recalls,
                    f"{one.found:,}",
                    f"{one.planted:,}",
                ]
            )
    head = ["method", "language", "precision", *(f"R {edit} %" for edit in EDITS)]
    lines = table([*head, "pairs found", "planted"], rows, 2)
    lines += [
        "",
        "Near is from an overlap of "
        + ", ".join(f"{limit[k]:.3f} ({v})" for k, v in LANGUAGES.items())
        + ".",
        "",
    ]
    ours = {language: figures["curate", language] for language in LANGUAGES}
    bars = [
        [
            "precision, each language: 0.998 or more",
            *at_least(0.998, min(one.precision for one in ours.values())),
        ],
        [
            "recall, each step and language: 0.995 or more",
            *at_least(0.995, min(min(one.recalls) for one in ours.values())),
        ],
        [
            "Chinese below English, precision or mean recall: 0.01 or less",
            *at_most(
                0.01,
                max(
                    ours["en"].precision - ours["zh"].precision,
                    ours["en"].recall - ours["zh"].recall,
                ),
            ),
        ],
    ]
    for name, speed in speeds.items():
        if name != "curate":
            least = BARS[name.partition(",")[0].partition(" ")[0]]
            bars.append(
                [
                    f"documents per CPU second, beside {name}: {least} × or more",
                    *at_least(least, speeds["curate"] / speed, " ×"),
                ]
            )
    return [*lines, *table(["bar", "figure", ""], bars)]


def at_least(bar: float, figure: float, unit: str = "") -> tuple[str, str]:
    return f"{figure:.4g}{unit}", "yes" if figure >= bar else "**no**"


def at_most(bar: float, figure: float) -> tuple[str, str]:
    return f"{figure:.4g}", "yes" if figure <= bar else "**no**"


def costs(cost: Cost, kept: int) -> Lines:
    each = cost.new / 1000
    return [
        f"Kept of each document: {kept} bytes of fingerprint (32 of digest, {kept - 32} of bands), and"
        f" {cost.table / cost.old:,.0f} bytes of the catalogue's table of keys.",
        "",
        *table(
            [
                f"{cost.new:,} new signatures against {cost.old:,} old ones, in the catalogue",
                "figure",
            ],
            [
                ["building it, keys in order, CPU s", f"{cost.build:,.0f}"],
                ["its file, MB", f"{cost.size / 1e6:,.0f}"],
                [
                    "finding candidates and dropping the hopeless, ms of CPU a document",
                    f"{cost.search / each:.2f}",
                ],
                ["writing keys, ms of CPU a document", f"{cost.write / each:.2f}"],
                ["all, documents per CPU second", f"{cost.new / (cost.search + cost.write):,.0f}"],
                ["candidates of a document", f"{cost.candidates:.0f}"],
                ["of these not hopeless by their bands", f"{cost.likely:.1f}"],
            ],
        ),
    ]


def main() -> None:
    texts = planted()
    log(f"{len(texts):,} texts, {sum(bool(text.edit) for text in texts):,} of them copies")
    found, spent = run(texts)
    speeds = {name: len(texts) / seconds for name, seconds in spent.items()}
    some = sampled(texts)
    if other := datatrove(some):
        found[TROVE], speeds[TROVE] = other[0], len(some) / other[1]
    signed = [bands for text in texts if not text.edit and (bands := sign(text.text)[2])]
    rows = [
        [name, f"{speed:,.0f}", f"{speeds['curate'] / speed:.2f} ×"]
        for name, speed in speeds.items()
    ]
    write(
        "near_text",
        [
            machine(),
            "",
            *shown(texts, found, speeds),
            "",
            *table(["method", "documents per CPU second", "curate's, beside it"], rows),
            "",
            *costs(catalogue(signed), 32 + len(signed[0])),
            "",
            HOW.format(
                texts=len(texts),
                documents=DOCUMENTS,
                copies=COPIES,
                checked=CHECKED,
                sample=SAMPLE,
                calibration=CALIBRATION,
                kept=KEPT,
                chunk=CHUNK,
            ),
        ],
    )


if __name__ == "__main__":
    main()
