"""Small pages that say why a buyer does not get what they asked for, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from curate.messages import render, speaker
from curate.model import Language
from curate.web.pages import page

if TYPE_CHECKING:
    from fastapi.responses import HTMLResponse

    from curate.shop.access.grants import Grant
    from curate.shop.access.links import State
    from curate.shop.access.shelf import Shelf


def plain(
    language: Language,
    status: int,
    title: str,
    what: str,
    next: str,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """``what`` happened, and what to do ``next``; both said in ``language`` already."""
    data = {"title": title, "what": what, "next": next}
    return page("plain.html.j2", language, data, status, headers)


def altered(told: Language) -> HTMLResponse:
    """A link that the shop never made."""
    say = speaker(told)
    return plain(
        told, 403, say("This link is not right"), say("It was cut off or altered on its way."),
        say("Open your page with your code and press the button again."),
    )  # fmt: skip


def over(told: Language, state: State) -> HTMLResponse:
    """A link that was made, and holds no more."""
    say = speaker(told)
    what = {
        "late": say("Links hold for a few minutes only, so that nobody else can use them."),
        "replaced": say("A new code was sent for this purchase, and the old one ended."),
        "expired": say("The time in which this purchase could be downloaded is over."),
        "revoked": say("This purchase was ended, for instance because it was refunded."),
    }[state]
    next = (
        say("Open your page with your code and press the button again.")
        if state in ("late", "replaced")
        else say("If that is a mistake, please write to the seller.")
    )
    return plain(told, 410, say("This link has ended"), what, next)


def ended(told: Language, grant: Grant, state: str) -> HTMLResponse:
    """A code whose grant is "expired" or "revoked"."""
    say = speaker(told)
    if state == "expired":
        return plain(
            told, 410, say("Your time for this purchase is over"),
            say("The time in which this purchase could be downloaded is over."),
            say("What you have downloaded stays yours. If you still need it, write to the seller and name {serial}.",
                serial=grant.serial),
        )  # fmt: skip
    if grant.revoked_why.startswith("refund "):
        return plain(
            told, 410, say("This purchase was refunded"),
            say("Your money went back the way you paid, and with that the downloads ended."),
            say("Has no money arrived, or is this a mistake? Write to the seller and name {serial}.",
                serial=grant.serial),
        )  # fmt: skip
    return plain(
        told, 410, say("This purchase was ended"), say("The seller has ended its downloads."),
        say("If you do not know why, write to the seller and name {serial}.", serial=grant.serial),
    )  # fmt: skip


def outside(told: Language) -> HTMLResponse:
    """Who asks is not in by a code, or no longer."""
    say = speaker(told)
    return plain(
        told, 403, say("Please enter your code again"), say("You are not in, or no longer."),
        say("Open your page with your code and press the button again."),
    )  # fmt: skip


def used_up(told: Language) -> HTMLResponse:
    say = speaker(told)
    return plain(
        told, 403, say("No downloads are left"),
        say("This file has been downloaded as often as it may be."),
        say("If it did not reach you whole, please write to the seller."),
    )  # fmt: skip


def withheld(found: Shelf) -> HTMLResponse:
    """Nothing of the shelf may be given to anybody now."""
    say = speaker(found.language)
    assert found.withheld
    return plain(
        found.language, 451, say("Not available at the moment"),
        render(found.withheld, found.language), say("Your purchase is not lost."),
    )  # fmt: skip


def no_file(told: Language) -> HTMLResponse:
    say = speaker(told)
    return plain(
        told, 404, say("There is no such file"), say("What you asked for is not here."),
        say("Open your page with your code and press the button again."),
    )  # fmt: skip


def no_page(told: Language) -> HTMLResponse:
    say = speaker(told)
    return plain(
        told, 404, say("There is no such page."), say("What you asked for is not here."),
        say("Please go back and try again."),
    )  # fmt: skip


def misread(told: Language) -> HTMLResponse:
    say = speaker(told)
    return plain(
        told, 422, say("That did not work"), say("Something in this request is missing or too long."),
        say("Please go back and try again."),
    )  # fmt: skip


def too_often(told: Language) -> HTMLResponse:
    """A letter too many for one day."""
    say = speaker(told)
    return plain(
        told, 429, say("Your letter was not sent"), say("You have written very often today."),
        say("Please wait for an answer, or write again tomorrow."),
    )  # fmt: skip


def no_copy(told: Language) -> HTMLResponse:
    """A stamped copy that could not be made now."""
    say = speaker(told)
    return plain(
        told, 503, say("Not available at the moment"), say("This copy could not be made."),
        say("Try again in a minute; the file itself is in the archive."),
    )  # fmt: skip


def closed(told: Language) -> HTMLResponse:
    """The shop itself has a fault."""
    say = speaker(told)
    return plain(
        told, 503, say("Not available at the moment"), say("The shop has a fault of its own."),
        say("Please try again in some minutes. Your purchase is not lost."), {"Retry-After": "120"},
    )  # fmt: skip


def locked_out(told: Language, minutes: int) -> HTMLResponse:
    """Too many wrong codes."""
    say = speaker(told)
    return plain(
        told, 429, say("Too many wrong codes"),
        say("Too many wrong codes were entered from your connection."),
        say("Please wait {n} min, then copy the code from your message as a whole.", n=minutes),
        {"Retry-After": str(minutes * 60)},
    )  # fmt: skip


def too_large(told: Language) -> HTMLResponse:
    say = speaker(told)
    return plain(
        told, 413, say("That is too much"), say("What was sent is too large."),
        say("Please send less at once."),
    )  # fmt: skip


def elsewhere(told: Language) -> HTMLResponse:
    """A form that another site sent."""
    say = speaker(told)
    return plain(
        told, 403, say("Not from here"), say("This form was sent by another website."),
        say("Please open the shop's own page and try again."),
    )  # fmt: skip
