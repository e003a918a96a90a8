"""Money in whole minor units: cents, 分. Never a float."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from curate.errors import CurateError

_DIGITS = {  # ISO 4217, where it is not two
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
    "UGX": 0, "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0, "BHD": 3, "IQD": 3, "JOD": 3,
    "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3, "CLF": 4, "UYW": 4,
}  # fmt: skip
_AMOUNT = re.compile(r"-?(\d{1,3}(,\d{3})+|\d{1,16})(\.\d{1,6})?", re.ASCII)
_SIGNS = "¥￥$€£元"
_CURRENCY = re.compile(r"[A-Z]{3}")


@lru_cache(4096)  # of a million lines the prices are few
def minor(text: str, currency: str) -> int:
    """ "12.50" → 1250 of ``currency``. Raises CurateError for what is no amount, or has parts of a cent."""
    bare = text.strip().strip(_SIGNS).strip()
    if not _AMOUNT.fullmatch(bare):
        raise CurateError(f"{text[:40]!r} is no amount of money", "write it as 12.50")
    try:
        scaled = Decimal(bare.replace(",", "")).scaleb(digits(currency))
        if scaled != scaled.to_integral_value():
            raise CurateError(
                f"{text[:40]!r} has more digits than {currency} has", "round it where it comes from"
            )
    except InvalidOperation as fault:
        raise CurateError(f"{text[:40]!r} is no amount of money", "write it as 12.50") from fault
    return int(scaled)


def decimal(amount: int, currency: str) -> str:
    """1250 → "12.50"."""
    places = digits(currency)
    return str(Decimal(amount).scaleb(-places).quantize(Decimal(1).scaleb(-places)))


def digits(currency: str) -> int:
    """After the point, by ISO 4217."""
    return _DIGITS.get(currency, 2)


@lru_cache(256)
def check_currency(code: str) -> str:
    """``code`` in capitals. Raises CurateError where it is none."""
    code = code.strip().upper()
    if not _CURRENCY.fullmatch(code):
        raise CurateError(f"{code[:20]!r} is no currency", "write its ISO 4217 code, such as CNY")
    return code


def share(amount: int, part: int, whole: int) -> int:
    """``part``/``whole`` of ``amount``, rounded half to even."""
    return round(Fraction(amount * part, whole)) if whole else 0
