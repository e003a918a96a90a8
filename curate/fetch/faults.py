"""What goes wrong before there is an answer: whether trying again may help, and what to say."""

from __future__ import annotations

import ssl
from functools import cache

from curate.errors import CurateError
from curate.fetch.addresses import shown
from curate.fetch.guard import Forbidden
from curate.fetch.reply import Garbled


@cache
def kinds() -> tuple[type[Exception], ...]:
    """All that a request can end with, instead of an answer."""
    import urllib3

    # What requests raises is an OSError too.
    return (OSError, UnicodeError, urllib3.exceptions.HTTPError, Forbidden, Garbled, CurateError)


def passing(fault: BaseException) -> bool:
    """Whether trying again may help."""
    import urllib3

    if _uncertified(fault):
        return False
    return isinstance(fault, (OSError, urllib3.exceptions.HTTPError)) and not isinstance(
        fault, (urllib3.exceptions.LocationValueError, _requests())
    )


def said(url: str, fault: Exception, timeout: float) -> CurateError:
    """The error to raise for ``fault``. Never its own words: they may repeat an address with
    whatever secrets it holds."""
    import urllib3

    name = shown(url)
    if isinstance(fault, CurateError):
        return fault
    if isinstance(fault, Forbidden):
        return fault.said(name)
    if _uncertified(fault):
        return CurateError(f"{name} has no valid certificate", "check the address and the clock")
    if isinstance(fault, (TimeoutError, urllib3.exceptions.TimeoutError)):
        return CurateError(
            f"{name} did not answer within {timeout:g} seconds",
            "run again later, or raise fetch.timeout in curate.toml",
        )
    if passing(fault):
        return CurateError(
            f"{name} cannot be reached", "check the address and the connection, then run again"
        )
    if isinstance(fault, Garbled):
        return CurateError(f"{name} answers with what is no HTTP: {fault}", "check the address")
    return CurateError(f"{name} cannot be requested ({type(fault).__name__})", "check the address")


def _uncertified(fault: BaseException) -> bool:
    import urllib3
    from urllib3.util.ssl_match_hostname import CertificateError

    kinds = (ssl.SSLCertVerificationError, CertificateError, urllib3.exceptions.SSLError)
    return isinstance(fault, kinds)


def _requests() -> type[Exception]:
    import requests

    return requests.RequestException
