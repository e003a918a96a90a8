"""Sentences in two languages; what people called something stays as they called it."""

from __future__ import annotations

from curate.messages import msg, render, speaker


def test_what_people_called_something_is_not_translated() -> None:
    say = speaker("zh")
    assert say("Contents") != "Contents"
    assert "Contents" in say("Tutorial: {title}", title="Contents")


def test_a_reason_inside_a_sentence_is() -> None:
    inner = "there are not enough codes: fill up with curate stock add"
    told = render(msg("Tutorial: {why}", why=inner), "zh")
    assert inner not in told and "curate stock add" in told
