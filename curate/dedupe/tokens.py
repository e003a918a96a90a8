"""The words of a text as numbers: what all comparing of texts begins with.

Everything is numpy over code points, with constants instead of a seed, so that a token is the same
number on every machine.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

from curate.han import table as han

Hashes = NDArray[np.uint64]
Codes = NDArray[np.uint32]

_SINGLE = np.uint32(1 << 30)  # stands alone, as a Han character does
_RARE = np.uint32(1 << 31)  # its neighbours matter, or it becomes several: needs unicodedata
_LAST = 0x323B0  # where Han ends; nothing above it belongs to a word
_MULTIPLIER = 0x9E3779B97F4A7C15
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_INVERSE = pow(_MULTIPLIER, -1, 1 << 64)

_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x3040, 0x30FF),  # kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, _LAST - 1),  # Han of the supplementary planes
)
"""Scripts written without spaces: each character is a token, for a "word" would be a whole sentence."""
_PLAIN = ((0x3400, 0xA4CF), (0xAC00, 0xD7A3), (0x12000, 0x1CFFF), (0x20000, _LAST - 1))
"""What belongs to words and is compared as it is: Han, Hangul and the ancient scripts, some compatible Han but for."""
_CHANGING = (
    (0, 9),
    (11, 0x33FF),
    (0xA4D0, 0xABFF),
    (0xF900, 0x11FFF),
    (0x1D000, 0x1FFFF),
    (0x2F800, 0x2FA1F),
)
"""What Unicode has to be asked about. Not the line feed: it parts them when they are."""


def tokens(text: str) -> Hashes:
    """One 64-bit hash for each word and each single Han character, in order.

    NFKC, case folded, traditional Chinese as simplified; punctuation, markup signs and white space
    only separate.
    """
    return _hashes(_folded(text))


def places(text: str) -> tuple[str, list[int]]:
    """The text as a person reads it, and where in it each of its ``tokens`` begins."""
    codes = _codes(text)
    if _is_rare(codes):
        normal = unicodedata.normalize("NFKC", text)
        folded = _fold(text)
        text = normal if len(normal) == len(folded) else folded
        codes = _codes(folded) & ~_RARE
    return text, (_starts(codes) - 1).tolist()


def _folded(text: str) -> Codes:
    codes = _codes(text)
    if _is_rare(codes):
        codes = _codes(_fold(text)) & ~_RARE
    return codes


def _fold(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded)  # an ß with an accent is an s with one now


def _is_rare(codes: Codes) -> bool:
    return bool(np.bitwise_or.reduce(codes) & _RARE)


def _codes(text: str) -> Codes:
    """What ``_table`` makes of each character, after one that separates."""
    points = np.frombuffer(f" {text}".encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
    return _table().take(points, mode="clip")


def _starts(codes: Codes) -> NDArray[np.intp]:
    inside = codes != 0
    begins = inside[1:] > inside[:-1]
    if np.bitwise_or.reduce(codes) & _SINGLE:
        single = codes >= _SINGLE
        begins |= single[1:]
        begins |= single[:-1] & inside[1:]
    return np.flatnonzero(begins) + 1


def _hashes(codes: Codes) -> Hashes:
    """A polynomial for each token: one product for all, shifted to a common power by the inverse."""
    starts = _starts(codes)
    if not len(starts):
        return np.empty(0, np.uint64)
    powers, inverse = _powers(max(16, len(codes).bit_length()))  # one table for nearly all
    # What separates is 0, so that a sum may run on to where the next token begins.
    sums = np.add.reduceat(codes * powers[: len(codes)], starts)
    return mix(sums * inverse[starts])


def mix(values: Hashes) -> Hashes:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014): every bit in moves every bit out."""
    mixed = values ^ (values >> _SHIFTS[0])
    mixed *= _FACTORS[0]
    mixed ^= mixed >> _SHIFTS[1]
    mixed *= _FACTORS[1]
    mixed ^= mixed >> _SHIFTS[2]
    return mixed


@cache
def _powers(bits: int) -> tuple[Hashes, Hashes]:
    """The first 2**bits powers of the multiplier and of its inverse, modulo 2**64."""
    both = []
    for base in (_MULTIPLIER, _INVERSE):
        factors = np.full(1 << bits, base, np.uint64)
        factors[0] = 1
        both.append(np.multiply.accumulate(factors))
    return both[0], both[1]


@cache
def _table() -> Codes:
    """For each code point 0 where it only separates, else the one it is compared as, and its marks."""
    table = np.arange(_LAST + 1, dtype=np.uint32)
    table[~_within(table, _PLAIN)] = 0
    points = [point for block in _CHANGING for point in range(block[0], block[1] + 1)]
    folded = unicodedata.normalize("NFKC", "\n".join(map(chr, points))).casefold().split("\n")
    table[points] = [_one(text) for text in folded]
    table = _simplified()[table]
    table[_within(table, _UNSPACED)] |= _SINGLE
    meeting = _meeting(points)
    rare = [
        point
        for point, text in zip(points, folded, strict=True)
        if text[0] in meeting or (len(text) > 1 and any(map(_is_of_word, text)))
    ]
    table[rare] |= _RARE
    return table


def _one(text: str) -> int:
    return ord(text) if len(text) == 1 and _is_of_word(text) else 0


def _is_of_word(character: str) -> bool:
    return character.isalnum()  # unlike \w without the low line


def _meeting(points: list[int]) -> set[str]:
    """Characters that may become one with those before them, or change places with them."""
    meeting = {chr(point) for point in points if unicodedata.combining(chr(point))}
    parts = [unicodedata.decomposition(chr(point)).split() for point in points]
    meeting.update(chr(int(two[1], 16)) for two in parts if len(two) == 2 and two[0][0] != "<")
    return meeting | set(map(chr, range(0x1161, 0x11C3)))  # the later parts of Hangul syllables


def _simplified() -> Codes:
    table = np.arange(_LAST + 1, dtype=np.uint32)
    for traditional, simplified in han().items():
        table[traditional] = simplified
    return table


def _within(points: Codes, blocks: tuple[tuple[int, int], ...]) -> NDArray[np.bool_]:
    found = np.zeros(len(points), bool)
    for first, last in blocks:
        found |= (points >= first) & (points <= last)
    return found
