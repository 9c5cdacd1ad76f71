"""The checks behind a page of the book, without a browser: a request in, an answer out."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from lrtutorial.answers.session import HERE, Session
from lrtutorial.checking import progress, verdict_on
from lrtutorial.checking.page import KINDS, Desk, as_answer, described
from lrtutorial.course import exercises, find_step
from lrtutorial.course.expected import recorded


@pytest.fixture
def desk() -> Iterator[Desk]:
    begun = Desk()
    begun.answer({"do": "forget"})
    yield begun
    vars(HERE).update(vars(Session()))


def test_a_check_gives_the_notebooks_verdict_and_the_progress_after_it(desk: Desk) -> None:
    told = desk.answer({"do": "check", "step": "a1-gradient", "answers": {"gradient": "a*x/2"}, "progress": ""})
    expected = verdict_on("a1-gradient", "a*x/2")
    assert (told["status"], told["html"], told["text"]) == ("wrong", expected._repr_html_(), str(expected))
    kept = progress.parse(told["progress"])
    assert kept["steps"]["a1-gradient"] == {"status": "wrong", "points": 0, "possible": 3, "tries": 1}
    again = {"do": "check", "step": "a1-gradient", "answers": {"gradient": "a*x"}, "progress": told["progress"]}
    assert progress.parse(desk.answer(again)["progress"])["steps"]["a1-gradient"]["tries"] == 2


@pytest.mark.parametrize("text", ["not JSON", "[1]", '{"do": "fly"}', '{"do": "check", "step": "a1-gradient"}', "{}"])
def test_a_fault_of_the_page_is_answered_as_one_with_what_to_report(desk: Desk, text: str) -> None:
    said = json.loads(desk.answer_text(text))["error"]
    assert "a fault of the program" in said and "Please report it" in said and "line " in said
    assert not said.endswith("."), "the page makes a sentence of it"


def test_what_a_reader_of_the_page_can_mend_is_answered_as_advice(desk: Desk) -> None:
    said = json.loads(desk.answer_text('{"do": "check", "step": "a9"}'))["error"]
    assert said.startswith("there is no check called 'a9'.") and "fault" not in said and not said.endswith(".")


def test_every_step_that_a_page_offers_is_read_and_judged(desk: Desk) -> None:
    offered = 0
    for exercise in exercises().values():
        about = described(exercise.id)
        assert about["live"] == all(isinstance(step.kind, KINDS) for step in exercise.steps)
        for step in about["steps"]:
            asked = {"do": "check", "step": step["id"], "answers": dict.fromkeys(step["answers"], "")}
            assert desk.answer(asked)["status"] == "unfinished"
            assert find_step(step["id"]).asks.startswith(step["asks"]) and "quotes" not in step["asks"]
            assert step["keys"] or step["sketch"]
            offered += 1
    assert offered >= 42


def test_what_a_field_holds_becomes_what_a_cell_would_hold() -> None:
    assert as_answer(find_step("a1-gradient"), " a*x ") == "a*x"
    assert as_answer(find_step("a1-gradient"), "  ") is ...
    assert as_answer(find_step("a1-derivation"), "x < 1\n\n 2 < x\n") == ["x < 1", "2 < x"]
    assert as_answer(find_step("c1-prediction_2"), "1/2") == 0.5
    assert as_answer(find_step("c1-prediction_2"), "about three") == "about three"
    assert as_answer(find_step("c1-prediction_1"), '"0.1"') == "0.1"


def test_hints_follow_the_last_verdict_and_begin_anew_with_the_session(desk: Desk) -> None:
    desk.answer({"do": "check", "step": "a1-gradient", "answers": {"gradient": "a*x/2"}})
    first = desk.answer({"do": "hint", "step": "a1-gradient"})["text"]
    assert first.startswith("Hint 1 of 5 for a1-gradient: Differentiate x² alone")
    desk.answer({"do": "forget"})
    assert desk.answer({"do": "hint", "step": "a1-gradient"})["text"].startswith("Hint 1 of 3")


def test_lines_carry_their_signs_and_wait_for_one_that_cant_be_read(desk: Desk) -> None:
    text = "|1 - eta*a| < 1\n\n-1 < 1 - eta*a < 1\n0 < eta*a <\n0 < eta"
    lines = desk.answer({"do": "lines", "step": "a1-derivation", "text": text})["lines"]
    assert [(line["row"], line["sign"], bool(line["problem"])) for line in lines] == [
        (0, "", False),
        (2, "⇔", False),
        (3, "", True),
        (4, "", False),
    ]
    assert lines[0]["html"].startswith("<math")


def test_a_session_is_taken_up_again_and_says_what_it_said(desk: Desk) -> None:
    wrong = {"a1-gradient": {"gradient": "2*a*x"}}
    said = Desk().answer({"do": "check", "step": "a1-gradient", "answers": wrong["a1-gradient"]})
    told = desk.answer({"do": "resume", "answers": {**wrong, "gone": {"x": "1"}}})
    assert told["verdicts"]["a1-gradient"]["html"] == said["html"] and list(told["verdicts"]) == ["a1-gradient"]
    told = desk.answer({"do": "check", "step": "a1-update", "answers": {"update": "x - 2*eta*a*x"}})
    assert told["status"] == "partly"


def test_quotes_of_a_cell_may_stay_in_a_field(desk: Desk) -> None:
    told = desk.answer({"do": "check", "step": "a1-gradient", "answers": {"gradient": '"a*x"'}})
    assert told["status"] == "right" and desk.answer({"do": "read", "step": "a1-gradient", "text": '"a*x'})["problem"]
    text = "'|1 - eta*a| < 1',\n“-1 < 1 - eta*a < 1”"
    lines = desk.answer({"do": "lines", "step": "a1-derivation", "text": text})["lines"]
    assert [(line["sign"], line["problem"]) for line in lines] == [("", ""), ("⇔", "")]


def test_an_untouched_pad_says_that_nothing_is_drawn(desk: Desk) -> None:
    told = desk.answer({"do": "check", "step": "c1-sketch_1", "answers": {"sketch_1": ""}})
    assert told["status"] == "unfinished" and "Nothing is drawn on the pad yet." in told["text"]


def test_predictions_are_noted_compared_and_then_judged(desk: Desk) -> None:
    assert not desk.answer({"do": "compare", "exercise": "c1", "progress": ""})["open"]
    drawing = json.dumps(recorded("c1-sketch_1").reference)
    for name, text, why in (
        ("prediction_1", "0.1", "why_1"),
        ("prediction_2", "3", "why_2"),
        ("prediction_3", "650", "why_3"),
        ("sketch_1", drawing, "why_sketch_1"),
    ):
        asked = {"do": "check", "step": f"c1-{name}", "answers": {name: text}}
        bare = desk.answer(asked)
        assert bare["status"] == "noted" and not bare["committed"] and why in bare["text"]
        asked["answers"][why] = "Too low is only slow."
        assert desk.answer(asked)["committed"]
    told = desk.answer({"do": "compare", "exercise": "c1", "confidences": ["80 %", "", "50"], "progress": ""})
    assert told["open"] and len(progress.parse(told["progress"])["predictions"]["c1"]) == 4
    assert desk.answer(asked)["status"] in ("right", "partly", "wrong")
