"""Rules of affiliates in shop.toml: exact, sound, and none that the law calls pyramid selling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from curate.database import open_database
from curate.errors import ConfigError, CurateError
from curate.shop import settings
from curate.shop.settings.forbidden import forbidden
from curate.workspace import Workspace
from tests.distribution import trade
from tests.postgres import postgres

HEAD = """
[products.G]
stock = "unique"
[products.H]
stock = "unique"
[distribution]
rule = "usual"
"""


def read(root: Path, text: str, head: str = HEAD) -> settings.Settings:
    (root / "shop.toml").write_text(head + text, encoding="utf-8")
    return settings.read(Workspace(root))


def fault(root: Path, text: str, head: str = HEAD) -> str:
    with pytest.raises(CurateError) as found:
        read(root, text, head)
    return str(found.value)


SOUND = """
[rules.usual]
percent = "12.5"
cap = "1000.00"
tiers = [{ above = "1000.00", percent = "15" }, { above = "5000", percent = "20" }]
[rules.pieces]
fixed = "5.00"
products = ["G"]
[rules.resellers]
wholesale = "12.00"
floor = "15.00"
[rules.star]
percent = "40"
products = ["G"]
own = true
[rules.yen]
fixed = "500"
currency = "JPY"
"""


def test_sound_rules_are_read(tmp_path: Path) -> None:
    assert len(read(tmp_path, SOUND).rules) == 5


WRONG = {
    "more than all": ('percent = "100.01"', "is no percentage"),
    "less than nothing": ('percent = "-1"', "is no percentage"),
    "a percent sign": ('percent = "20%"', "is no percentage"),
    "nothing at all": ("", "none of them: write exactly one"),
    "two at once": ('percent = "20"\nfixed = "5"', "percent and fixed: write exactly one"),
    "no amount": ('fixed = "five"', "is no amount"),
    "parts of a cent": ('fixed = "5.001"', "more digits than CNY has"),
    "yen with parts": ('fixed = "5.5"\ncurrency = "JPY"', "more digits than JPY has"),
    "no currency": ('fixed = "5"\ncurrency = "yuan"', "is no currency"),
    "tiers of pieces": (
        'fixed = "5"\ntiers = [{ above = "1", percent = "2" }]', "tiers goes with percent alone",
    ),
    "a tier that falls": (
        'percent = "20"\ntiers = [{ above = "100", percent = "10" }]', "a percentage falls",
    ),
    "tiers in disorder": (
        'percent = "1"\ntiers = [{ above = "9", percent = "2" }, { above = "9", percent = "3" }]',
        "has to be higher",
    ),
    "a tier from nothing on": ('percent = "1"\ntiers = [{ above = "0", percent = "2" }]', "has to be higher"),
    "a floor of a share": ('percent = "1"\nfloor = "2"', "floor goes with wholesale alone"),
    "a floor below": ('wholesale = "12"\nfloor = "11.99"', "is below wholesale"),
    "sold nowhere": ('percent = "1"\nproducts = ["X"]', "'X' is sold nowhere"),
    "an introducer": ('percent = "1"\nintroducer = "2"', "introducer goes with depth = 2"),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_rule_is_said_with_its_name(
    tmp_path: Path, rule: str, told: str
) -> None:
    found = fault(tmp_path, f"[rules.usual]\n{rule}\n")
    assert told in found and "rules.usual" in found


def test_all_that_contradicts_a_setting_elsewhere(tmp_path: Path) -> None:
    usual = '[rules.usual]\npercent = "60"\n'
    both = (
        '[rules.a]\npercent = "1"\nproducts = ["G"]\n[rules.b]\npercent = "2"\nproducts = ["G"]\n'
    )
    assert "rules.a and rules.b are both for 'G'" in fault(tmp_path, usual + both)
    assert "there is no [rules.usual]" in fault(tmp_path, "")
    other = HEAD + 'profile = "other"\ndepth = 2\n'
    more = fault(tmp_path, usual + 'introducer = "40.01"\n', other)
    assert "more than everything cannot be shared" in more
    assert read(tmp_path, usual + 'introducer = "40"\n', other).rules["usual"].introducer == "40"
    pieces = fault(tmp_path, '[rules.usual]\nfixed = "1"\nintroducer = "1"\n', other)
    assert "introducer goes with percent alone" in pieces
    assert "is no amount" not in more
    for line in (
        'minimum = { CNY = "1.001" }',
        'minimum = { yuan = "1" }',
        'minimum = { CNY = "-1" }',
    ):
        assert "distribution.minimum" in fault(tmp_path, usual, HEAD + line + "\n")
    assert "禁止传销条例" in fault(tmp_path, usual, HEAD + "depth = 2\n")
    assert "would be paid out" in fault(tmp_path, usual, HEAD + "refund_days = 16\n")


LEVELS = [
    "depth = 3", "depth = 12", 'depth = "unlimited"', "levels = 3", 'second_introducer = "1"', 'upline = "1"',
    'team_percent = "5"', "max_level = 9", 'introducer_2 = "1"', 'grandparent = "1"', '"三级分成" = "1"',
    '团队奖 = "1"', 'override = "2"', 'downline_percent = "2"', '"下线" = "1"',
]  # fmt: skip
FEES = [
    'entry_fee = "99"', 'joining_fee = "1"', 'deposit = "1"', '"入门费" = "1"', '押金 = "100"', "fee = 1",
    'membership_fee = "1"', 'must_buy = "G"', '"starter-kit" = "G"', '加盟费 = "1"', '"保证金" = "1"',
    'minimum_purchase = "100"',
]  # fmt: skip
HEADS = [
    'headcount_bonus = "1"', 'recruit_bonus = "1"', 'per_recruit = "1"', '"人头费" = "1"', '拉新奖励 = "5"',
    'invite_reward = "1"', 'signup_bonus = "1"', 'referral_bonus = "1"', 'per_head = "1"',
]  # fmt: skip
FORBIDDEN = [
    *((one, "third level", "(3)") for one in LEVELS),
    *((one, "entry fee", "(2)") for one in FEES),
    *((one, "bringing people in", "(1)") for one in HEADS),
]


@pytest.mark.parametrize(("line", "what", "law"), FORBIDDEN, ids=lambda x: x.split(" =")[0])
@pytest.mark.parametrize("table", ["distribution", "rules.usual"])
def test_what_cannot_be_expressed_is_an_error_that_says_why(
    tmp_path: Path, line: str, what: str, law: str, table: str
) -> None:
    rule = '[rules.usual]\npercent = "20"\n'
    if table == "distribution":
        found = fault(tmp_path, rule, f"{HEAD}{line}\n")
    else:
        found = fault(tmp_path, f"{rule}{line}\n")
    assert what in found and "cannot be expressed" in found
    assert f"禁止传销条例), art. 7 {law}" in found
    assert "shop.toml:" in found  # and its line
    assert "did you mean" not in found


def test_tables_and_keys_outside_are_no_way_round(tmp_path: Path) -> None:
    rule = '[rules.usual]\npercent = "20"\n'
    for more in ("[distribution.levels]\nthree = 1\n", "[rules.usual.team]\nx = 1\n", "[levels]\nx = 1\n",
                 "[recruits]\nx = 1\n", '[rules.usual.recruit_bonus]\n"1" = "2"\n'):  # fmt: skip
        assert "cannot be expressed" in fault(tmp_path, rule + more)
    tier = 'percent = "20"\ntiers = [{ above = "1", percent = "30", level = 3 }]\n'
    assert "third level" in fault(tmp_path, f"[rules.usual]\n{tier}")


@pytest.mark.parametrize(
    "line", ["percnt = 1", "windows_days = 3", "depth = 0", "tier = []", "holddays = 1"]
)
def test_a_slip_is_a_slip(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError) as found:
        read(tmp_path, '[rules.usual]\npercent = "20"\n', f"{HEAD}{line}\n")
    assert "传销" not in str(found.value)


@pytest.mark.parametrize(
    "key",
    ["入門費", "保證金", "層級", "團隊獎", "拉人頭", "会员费", "le\u200bvels", "tier3_introducer", "leadership", "rank",
     "referral_fee", "welcome_bonus", "activation_fee", "membership", "network_bonus"],
)  # fmt: skip
def test_it_is_forbidden_in_other_words_and_letters_too(tmp_path: Path, key: str) -> None:
    assert "传销" in fault(tmp_path, '[rules.usual]\npercent = "20"\n', f'{HEAD}"{key}" = "5"\n')


def test_what_is_no_currency_or_time_zone_is_told_before_anything_is_booked(tmp_path: Path) -> None:
    rule = '[rules.usual]\npercent = "20"\n'
    for line in ('timezone = "Mars/Phobos"', 'timezone = "../../etc/passwd"', 'timezone = ""'):
        assert "is no time zone" in fault(tmp_path, f"{rule}[books]\n{line}\n")
    for line in ('currency = "yuan"', 'currency = ""', 'currency = "１０"'):
        assert "is no currency" in fault(tmp_path, f"{rule}[books]\n{line}\n")
    assert "is no currency" in fault(tmp_path, rule + 'currency = "25:00"\n')


def test_tiers_are_few(tmp_path: Path) -> None:
    tiers = ", ".join(f'{{ above = "{n}", percent = "20" }}' for n in range(1, 52))
    assert "51 are more than 50" in fault(
        tmp_path, f'[rules.usual]\npercent = "20"\ntiers = [{tiers}]\n'
    )


def test_what_is_not_toml_elsewhere_stays_what_it_is(tmp_path: Path) -> None:
    assert "传销" not in fault(tmp_path, "[products.X]\n押金 = 1\n")


def test_every_setting_that_there_is_is_allowed() -> None:
    for shape in (settings.Rule, settings.Distribution, settings.Tier):
        assert [name for name in shape.__struct_fields__ if forbidden(name)] == ["depth"] * (
            shape is settings.Distribution
        )


@pytest.mark.parametrize(
    "line", ["depth = 3", "levels = 3", 'entry_fee = "1"', 'per_recruit = "1"']
)
def test_the_schema_for_editors_refuses_it_too(line: str) -> None:
    key, _, value = line.partition(" = ")
    schema = json.loads(json.dumps(settings.schema()))
    checker = jsonschema.Draft202012Validator(schema)
    checker.validate({"distribution": {"rule": ""}})
    for told in (
        {"distribution": {key: json.loads(value)}},
        {"rules": {"usual": {key: json.loads(value)}}},
    ):
        assert not checker.is_valid(told)


RAW = {
    "a third level": (
        "INSERT INTO affiliates (code, level, state, segment, joined_at, changed_at)"
        " VALUES ('c', 3, 'active', 'brand', 1, 1)", "a_third_level_is_forbidden",
    ),
    "who is introduced introduces": (
        "INSERT INTO introductions (affiliate_id, affiliate_level, introducer_id, introducer_level, at)"
        " VALUES (3, 2, 2, 2, 1)", "who_introduces_is_of_level_1",
    ),
    "as if they were of level 1": (
        "INSERT INTO introductions (affiliate_id, introducer_id, at) VALUES (3, 2, 1)", "FOREIGN KEY|fk_",
    ),
    "who introduces is introduced": (
        "INSERT INTO introductions (affiliate_id, affiliate_level, introducer_id, at) VALUES (1, 1, 4, 1)",
        "who_is_introduced_is_of_level_2",
    ),
    "a second introducer": (
        "INSERT INTO introductions (affiliate_id, introducer_id, at) VALUES (2, 4, 1)", "UNIQUE|pk_",
    ),
    "moving down who introduces": ("UPDATE affiliates SET level = 2 WHERE id = 1", "FOREIGN KEY|fk_"),
    "a bonus for a head": (
        "INSERT INTO commissions (pool_id, affiliate_id, source, kind, base, amount, currency, at, due_at)"
        " VALUES (1, 1, 'head:1', 'earn', 0, 100, 'CNY', 1, 1)", "paid_for_sales_alone",
    ),
    "an upline's pool": (
        "INSERT INTO pools (affiliate_id, rule_id, role, month, currency)"
        " VALUES (1, 1, 'upline', '2026-03', 'CNY')", "ck_pools_role|role",
    ),
}  # fmt: skip


def written_past(root: Path, url: str = "") -> None:
    at = trade(root, url, profile="other", depth=2)
    for number, level in enumerate((1, 2, 2, 1), 1):
        at.affiliate(f"a{number}", level=level)
    at.introduce("a2", "a1")
    at.sell("1", affiliate_code="a1")
    for statement, why in RAW.values():
        with pytest.raises(IntegrityError, match=why), at.shop.database.writing() as connection:
            connection.execute(text(statement))


def test_statements_written_by_hand_are_refused_by_the_database(tmp_path: Path) -> None:
    written_past(tmp_path)


def test_and_by_postgresql(tmp_path: Path) -> None:
    with postgres() as server:
        written_past(tmp_path, server.database())


def test_no_column_could_hold_one(tmp_path: Path) -> None:
    """Nowhere in the tables of affiliates is there a place for a third person, a fee or a head."""
    from curate.database.tables import metadata

    open_database("", tmp_path).close()
    names: dict[str, Any] = {name: metadata.tables[name].columns.keys() for name in metadata.tables}
    ours = (
        "affiliates",
        "introductions",
        "coupons",
        "rules",
        "attributions",
        "pools",
        "commissions",
        "payouts",
    )
    found = {f"{table}.{name}" for table in ours for name in names[table] if forbidden(name)}
    assert found == {
        "affiliates.level",
        "introductions.affiliate_level",
        "introductions.introducer_level",
    }
