"""The line that gives credit where it is due, and what a licence is called."""

from __future__ import annotations

import re

import msgspec

from curate import spdx
from curate.grant import Held
from curate.messages import speaker
from curate.model import OWN_WORK, Decision, Language, LicenseInfo

_CC = re.compile(r"^CC-(BY(?:-[A-Z]{2})*)-(\d\.\d)(?:-([A-Z]{2,3}))?$")
_STATES_CHANGES = frozenset(("state-changes", "verbatim"))
_FIXED = {
    "CC0-1.0": ("CC0 1.0", "https://creativecommons.org/publicdomain/zero/1.0/"),
    "CC-PDM-1.0": ("Public Domain Mark 1.0", "https://creativecommons.org/publicdomain/mark/1.0/"),
    "LicenseRef-project-gutenberg": (
        "Project Gutenberg License",
        "https://www.gutenberg.org/policy/license.html",
    ),
}


def license_info(id: str, holder: str = "", language: Language = "en") -> LicenseInfo:
    """What people call the licence ``id`` and where they can read it."""
    say = speaker(language)
    if id == OWN_WORK:
        return LicenseInfo(
            id, say("© {holder}", holder=holder) if holder else say("the seller's own work"), ""
        )
    if id.startswith("LicenseRef-grant-"):
        return LicenseInfo(id, say("with permission of {holder}", holder=holder), "")
    if id in _FIXED:
        return LicenseInfo(id, *_FIXED[id])
    if cc := _CC.match(id):
        port = f"{cc[3].lower()}/" if cc[3] else ""
        name = f"CC {cc[1]} {cc[2]}" + (f" {cc[3]}" if cc[3] else "")
        return LicenseInfo(
            id, name, f"https://creativecommons.org/licenses/{cc[1].lower()}/{cc[2]}/{port}"
        )
    url = "" if id.startswith("LicenseRef-") else f"https://spdx.org/licenses/{id}.html"
    return LicenseInfo(id, id, url)


def license_terms(
    id: str, holder: str = "", language: Language = "en", held: Held | None = None
) -> LicenseInfo:
    """The same with the full text that a bundle has to carry; ``held`` is the grant that ``id`` names."""
    info = license_info(id, holder, language)
    if held is not None:
        say = speaker(language)
        text = held.grant.buyer_terms or say(
            "These files are passed on with the permission of {licensor}. You may use them; you may not"
            " sell them or pass them on by themselves.",
            licensor=holder,
        )
        return msgspec.structs.replace(info, text=f"{text.strip()}\n")
    return msgspec.structs.replace(info, text=spdx.text(id))


def credit(
    title: str, creators: tuple[str, ...], source: str, decision: Decision, language: Language
) -> str:
    """One line, as CC licences ask for (TASL): title, author, source, licence, and what was changed."""
    say = speaker(language)
    names = (say(", ").join(creators)) or decision.holder
    infos = [license_info(id, decision.holder, language) for id in spdx.ids(decision.license)]
    parts = [say("“{title}”", title=title)]
    if decision.attribution:
        parts.append(decision.attribution)
        names = "" if names and names in decision.attribution else names
    if names:
        parts.append(say("by {names}", names=names))
    if decision.grounds and "provenance" in decision.obligations:
        parts.append(decision.grounds)
    if source:
        parts.append(say("from {source}", source=source))
    parts += [
        say("{license} ({url})", license=i.name, url=i.url) if i.url else i.name for i in infos
    ]
    if decision.changes:
        parts.append(say("changed: {changes}", changes=decision.changes))
    elif _STATES_CHANGES & set(decision.obligations):
        parts.append(say("unchanged"))
    return say("; ").join(parts)
