"""An independent reader: decides anew about every entry of a rights.json, by the policy file alone.

It shares no code with curate, on purpose. What it does stands in the head of the policy file: AND needs
every part, OR takes its best branch, what no row knows is denied; of statements that differ the most
restrictive holds and a person is asked.
"""

from __future__ import annotations

import re
from typing import Any

RANK = {"allow": 0, "ask": 1, "deny": 2}
Table = dict[str, Any]
PORTED = re.compile(r"(CC-BY(?:-[A-Z]{2})*-[123]\.\d)-[A-Z]{2,8}$")
NOTICE = "LicenseRef-copyright-notice"


def row(table: Table, id: str) -> Table | None:
    base, _, exception = id.partition(" WITH ")
    for rule in table["rule"]:
        if base in rule["ids"] and (not exception or exception in rule.get("exceptions", ())):
            return rule  # type: ignore[no-any-return]
        ported = PORTED.match(base)
        if ported and ported[1] in rule["ids"] and rule.get("ported"):
            return rule  # type: ignore[no-any-return]
    return None


def column(use: Table, entry: Table, rule: Table) -> str:
    still = rule.get("still-unchanged", ())
    said = [
        one for one in re.split(r"[,;，；、]|\band\b|和", entry["changes"].lower()) if one.strip()
    ]
    changed = any(not any(word in one for word in still) for one in said)
    if entry["minor"]:
        return "minor"
    if not use["paid"]:
        return "free-adapted" if changed else "free"
    if use["packaging"] == "alone":
        return "alone-adapted" if changed else "alone"
    return "adapted" if changed else "paid"


def single(table: Table, id: str, use: Table, entry: Table, grounds: str) -> str:
    rule = row(table, id)
    if rule is None:
        return "deny"
    key = column(use, entry, rule)
    if key == "alone-adapted":
        found = max(rule["alone"], rule["adapted"], key=RANK.__getitem__)
    elif key == "minor":
        found = rule.get("minor") or rule["paid" if use["paid"] else "free"]
    else:
        found = rule[key]
    if found == "allow" and use["paid"] and rule.get("paid-needs") == "grounds" and not grounds:
        return "ask"
    return str(found)


def judge(table: Table, expression: str, use: Table, entry: Table, grounds: str) -> str:
    """One expression, read by recursive descent: OR binds weaker than AND, AND weaker than WITH."""
    words = re.findall(r"\(|\)|[^\s()]+", expression)

    def either() -> int:
        best = every()
        while words and words[0] == "OR":
            words.pop(0)
            best = min(best, every())
        return best

    def every() -> int:
        worst = one()
        while words and words[0] == "AND":
            words.pop(0)
            worst = max(worst, one())
        return worst

    def one() -> int:
        word = words.pop(0)
        if word == "(":
            inner = either()
            words.pop(0)
            return inner
        if words and words[0] == "WITH":
            words.pop(0)
            word = f"{word} WITH {words.pop(0)}"
        return RANK[single(table, word, use, entry, grounds)]

    found = either()
    return next(name for name, rank in RANK.items() if rank == found)


def granted(ledger: Table, table: Table, entry: Table) -> str:
    grant = next(one for one in ledger["grants"] if one["name"] == entry["grant"])
    use = ledger["use"]
    key = "minor" if entry["minor"] else "paid" if use["paid"] else "free"
    if use["paid"] and use["packaging"] == "alone" and not entry["minor"]:
        key = "alone"
    if entry["changes"] and key != "minor":
        key = {"paid": "adapted", "free": "free-adapted", "alone": "alone-adapted"}[key]
    fits = set(table["grant"][key]) <= set(grant["uses"]) and all(grant["evidence_sha256"])
    where = grant["territory"]
    return (
        "allow" if fits and (not where or set(use["territory"] or ["?"]) <= set(where)) else "deny"
    )


def outcome(ledger: Table, table: Table, entry: Table) -> str:
    """What the policy says of one entry; asked where its statements say different things."""
    use = ledger["use"]
    if entry["basis"] == "grant":
        return granted(ledger, table, entry)
    if entry["basis"] in ("own", "license", "answer"):
        found = judge(table, entry["offered"] or entry["license"], use, entry, entry["grounds"])
        # Where the table asks a person, and one has answered, it may be in; what it denies, never.
        return "allow" if entry["basis"] == "answer" and found == "ask" else found
    said = [one for one in entry["statements"] if one["license"] != NOTICE]
    if not said:
        return "deny"
    found = [judge(table, one["license"], use, entry, one["grounds"]) for one in said]
    worst = max(found, key=RANK.__getitem__)
    if len({one["license"] for one in said}) > 1 and set(found) != {"deny"}:
        return "ask"
    if worst == "allow" and all(one["confidence"] == "inferred" for one in said):
        return "ask"
    return worst
