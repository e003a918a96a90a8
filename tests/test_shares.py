"""curate publish record, list, check, drop: what is known of shares, and what nobody can tell from here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from curate.api import Workspace
from curate.errors import CurateError
from curate.pipeline.publish import Wish, publish
from curate.pipeline.shared import Noted, check, record
from curate.shares import Shares
from tests.drives import canned
from tests.server import Answer, Server, page
from tests.test_publish import configure, curate, released

PAN = "https://pan.baidu.example/s/1abc"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return configure(released(tmp_path))


def verbs(workspace: Workspace) -> list[str]:
    lines = (workspace.build / "woods" / "shares.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["verb"] for line in lines]


def test_a_share_made_by_hand_is_noted_listed_and_forgotten(workspace: Workspace) -> None:
    told = curate(workspace, "publish", "record", "woods", "--url", f"{PAN}?pwd=7k2p", "--target", "百度网盘").output  # fmt: skip
    assert "noted for woods 1.0.0: 百度网盘" in told and "code 7k2p" in told
    curate(workspace, "publish", "record", "woods", "--url", "https://b.example/x", "--code", "q", "--expires", "2030-01-31")  # fmt: skip
    told = curate(workspace, "publish", "list", "woods").output
    assert len(told.splitlines()) == 2 and "b.example · https://b.example/x · code q · until 2030-01-31" in told  # fmt: skip
    shares = json.loads(curate(workspace, "publish", "list", "--json").output)["shares"]
    assert [one["release"] for one in shares] == ["1.0.0", "1.0.0"]
    archive = workspace.build / "woods" / "1.0.0" / "woods-1.0.0.zip"
    assert shares[0]["archives"][0]["size"] == archive.stat().st_size
    curate(workspace, "publish", "drop", "woods", "--target", "百度网盘")
    assert "b.example" in curate(workspace, "publish", "list").output
    assert "no such share" in curate(workspace, "publish", "drop", "woods@2.0.0", code=1).output
    curate(workspace, "publish", "drop", "woods", code=2)


@pytest.mark.parametrize("code", ["7k║2p", "7k\n2p", "7k\x1b2p", "7k\u20282p", "7" * 101])
def test_what_is_no_code_is_neither_noted_nor_published(workspace: Workspace, code: str) -> None:
    (workspace.root / "out").mkdir()
    configure(workspace, shop={"type": "folder", "path": "out"})
    for words in (("record", "woods", "--url", PAN), ("put", "woods", "--to", "shop")):
        told = curate(workspace, "publish", *words, "--code", code, code=2).output
        assert "at most 100 characters" in told
    with pytest.raises(CurateError, match="the code of the share"):
        record(workspace, "woods", "", Noted(PAN, code))
    with pytest.raises(CurateError, match="the code of the share"):
        publish(workspace, Wish("woods", "", "shop", code))
    assert not [*(workspace.root / "out").iterdir()]
    assert not (workspace.build / "woods" / "shares.jsonl").exists()


def test_no_address_with_a_bar_is_made_of_a_target(workspace: Workspace) -> None:
    configure(workspace, shop={"type": "folder", "path": "out", "public": "https://x.example/a║b"})
    told = curate(workspace, "publish", "woods", "--to", "shop", code=1).output
    assert "publish.shop: public: https://x.example/a║b holds “║”" in told


@pytest.mark.parametrize(
    "arguments",
    [
        ("--url", "javascript:alert(1)"),
        ("--url", "https://ann:geheim@nas.example/x"),
        ("--url", "链接: https://pan.example/s/1 提取码: x"),
        ("--url", "https://x.example/\u202eend"),
        ("--url", "https://x.example/a║b"),
        ("--url", "https://x.example/\x1b[2Jx"),
        ("--url", "https://x.example/a\nb"),
        ("--url", "ftp://x.example/a"),
        ("--url", "x.example/a"),
        ("--url", "https:///a"),
        ("--url", f"https://x.example/{'a' * 2000}"),
        ("--url", f"{PAN}?pwd=7k%E2%95%912p"),
        ("--url", f"{PAN}?pwd=7k%0A2p"),
        ("--url", f"{PAN}?pwd={'7' * 101}"),
        ("--url", PAN, "--target", "百度║网盘"),
        ("--url", PAN, "--target", "a\x07b"),
    ],
    ids=[
        "script",
        "password",
        "more than an address",
        "turned round",
        "bar",
        "escape",
        "line end",
        "ftp",
        "bare",
        "no server",
        "long",
        "bar in pwd",
        "line end in pwd",
        "long pwd",
        "bar in target",
        "bell in target",
    ],
)
def test_what_is_no_address_is_not_noted(workspace: Workspace, arguments: tuple[str, ...]) -> None:
    told = curate(workspace, "publish", "record", "woods", *arguments, code=1).output
    assert "geheim" not in told and "Hint: " in told and "Traceback" not in told
    assert not (workspace.build / "woods" / "shares.jsonl").exists()


def test_a_day_that_is_none_is_a_usage_error(workspace: Workspace) -> None:
    told = curate(
        workspace, "publish", "record", "woods", "--url", PAN, "--expires", "soon", code=2
    )
    assert "is no day" in told.output


WHOLE = "whole"
STATES = [
    ("there", Answer(200, type="application/zip"), "alive", ""),
    ("not found", Answer(404), "gone", "the server answers 404"),
    ("taken away", Answer(410), "gone", "the server answers 410"),
    ("another size", Answer(200, b"x" * 99, "application/zip"), "gone", "it holds 99 bytes"),
    ("no entry", Answer(403), "unknown", "the server answers 403"),
    ("at capacity", Answer(503), "unknown", "the server answers 503"),
    ("a captcha", page("<form>are you human?</form>"), "unknown", "only a person can see"),
    ("a message", Answer(200, b'{"error": "slow down"}', "application/json"), "unknown", "page"),
    ("a dead share", page("", "<title>百度网盘-链接不存在</title>"), "gone", "链接不存在"),
    ("a strange charset", Answer(200, b"<title>x", "text/html; charset=klingon"), "unknown", "page"),
    ("cut off", Answer(close=True), "unknown", "cannot be reached"),
    ("to a login", Answer(302, headers={"Location": "/login"}), "unknown", "page"),
    ("into the house", Answer(302, headers={"Location": "http://169.254.169.254/"}), "unknown", "not public"),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "state", "why"), [one[1:] for one in STATES], ids=[one[0] for one in STATES])  # fmt: skip
def test_what_an_answer_says_about_a_share(
    workspace: Workspace, tmp_path: Path, answer: Answer, state: str, why: str
) -> None:
    archive = workspace.build / "woods" / "1.0.0" / "woods-1.0.0.zip"
    body = answer.body or (archive.read_bytes() if state == "alive" else b"")
    answer = Answer(**{**{name: getattr(answer, name) for name in answer.__dataclass_fields__}, "body": body})  # fmt: skip
    (tmp_path / "web").mkdir()
    with Server(tmp_path / "web") as server:
        server.say("/share.zip", *[answer] * 4)
        server.say("/login", *[page("log in")] * 4)
        url = f"{server.url}/share.zip"
        curate(workspace, "publish", "record", "woods", "--url", url)
        codes = {"alive": 0, "gone": 1, "unknown": 3}
        told = curate(workspace, "publish", "check", "--json", code=codes[state]).output
    (share,) = json.loads(told)["shares"]
    assert share["state"] == state and why in share["why"]
    assert verbs(workspace) == (["put", "gone"] if state == "gone" else ["put"])


def test_a_share_that_is_back_is_noted_once(workspace: Workspace, tmp_path: Path) -> None:
    archive = (workspace.build / "woods" / "1.0.0" / "woods-1.0.0.zip").read_bytes()
    (tmp_path / "web").mkdir()
    with Server(tmp_path / "web") as server:
        url = f"{server.url}/share.zip"
        curate(workspace, "publish", "record", "woods", "--url", url)
        curate(workspace, "publish", "check", code=1)
        curate(workspace, "publish", "check", code=1)
        assert "dead" in curate(workspace, "publish", "list").output
        (tmp_path / "web" / "share.zip").write_bytes(archive)
        curate(workspace, "publish", "check", "--deep")
        curate(workspace, "publish", "check")
        assert verbs(workspace) == ["put", "gone", "back"]
        (tmp_path / "web" / "share.zip").write_bytes(archive[:-1] + b"?")
        curate(workspace, "publish", "check")  # its size is right
        assert "other bytes" in curate(workspace, "publish", "check", "--deep", code=1).output
    # Nobody answers any more: that says nothing.
    curate(workspace, "publish", "check", code=3)
    assert verbs(workspace) == ["put", "gone", "back", "gone"]


def test_a_share_that_has_expired_is_gone_without_asking(workspace: Workspace) -> None:
    from datetime import date

    curate(workspace, "publish", "record", "woods", "--url", PAN, "--expires", "2030-01-31")
    (one,) = check(workspace, today=date(2030, 2, 1))
    assert one.state == "gone" and one.why is not None and one.why.args == {"date": "2030-01-31"}
    assert Shares(workspace.build / "woods").current()[0].verb == "gone"


def test_a_share_record_that_was_forged_harms_nothing(workspace: Workspace) -> None:
    """The file may have come from elsewhere: nothing in it is a path, a command, or what terminals obey."""
    lines = [
        {"verb": "put", "version": "1.0.0", "target": "../../x", "url": "file:///etc/passwd", "when": ""},
        {"verb": "put", "version": "\u001b[2J", "target": "x", "url": "http://127.0.0.1:1/\u001b]0;x\u0007", "when": ""},
        {"verb": "gone", "version": "9", "target": "nobody", "url": "https://never.example/", "when": ""},
    ]  # fmt: skip
    path = workspace.build / "woods" / "shares.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    told = curate(workspace, "publish", "check", code=3).output
    assert "\u001b" not in told and "root:" not in told
    assert "\u001b" not in curate(workspace, "publish", "list").output


def test_everything_may_be_asked_without_naming_a_collection(tmp_path: Path) -> None:
    workspace = configure(Workspace.init(tmp_path / "w"))
    assert "nothing is shared" in curate(workspace, "publish", "check").output
    assert "x has no release yet" in curate(workspace, "publish", "list", "x", code=1).output
    with canned(lambda method, path: (200, {}, b"")) as where:
        told = curate(workspace, "publish", "record", "x", "--url", f"http://{where}/", code=1)
    assert "x has no release yet" in told.output


@pytest.mark.parametrize("code", ["a\nb", "\x1b[2J", "x\u202ey", "x" * 101])
def test_a_code_is_what_a_buyer_can_read(code: str, workspace: Workspace) -> None:
    arguments = ("publish", "record", "woods", "--url", PAN, "--code", code)
    curate(workspace, *arguments, code=2)
    assert not (workspace.build / "woods" / "shares.jsonl").exists()


def test_a_code_in_an_address_is_no_way_round(workspace: Workspace) -> None:
    told = curate(workspace, "publish", "record", "woods", "--url", f"{PAN}?pwd=a%0Ab", code=1)
    assert "nobody can see" in told.output
