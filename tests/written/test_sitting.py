"""Written answers at the desk: what comes next, what is saved, two graders at once, agreement."""

from __future__ import annotations

import random
import re
import threading
import warnings
from collections.abc import Callable

import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory

from autograder.catalogue import samples
from autograder.gradebook.markings import Overtaken
from autograder.written.agreement import agreement, kappa, said
from autograder.written.alike import differences, groups
from autograder.written.sitting import Sitting
from lrtutorial.advice import Unusable
from lrtutorial.checking.written import model_answers
from tests.written.conftest import CELL, NOTEBOOK, PART, Course, hand_in
from tests.written.planted_class import planted

pytestmark = [
    pytest.mark.whole,  # each has a class and its gradebook
    pytest.mark.filterwarnings("ignore"),  # nbgrader's own dependencies warn
]
FULL = [item.points for item in model_answers()["c1"].rubric]


def marks(card: dict, lines: list[float], comment: str = "") -> dict:
    answers = [{name: one[name] for name in ("key", "turn", "manual")} for one in card["answers"]]
    return {"id": card["id"], "lines": lines, "comment": comment, "answers": answers}


def work_through(sitting: Sitting, desk: str = "desk", give: Callable[[dict], list[float]] | None = None) -> list[dict]:
    """Mark all that comes; return the cards in the order in which they came."""
    seen = []
    while (card := sitting.next(desk)) is not None:
        seen.append(card)
        sitting.mark(marks(card, give(card) if give else FULL))
    return seen


# ------------------------------------------------------------------------------------------- which are alike


def test_copies_and_near_copies_stand_together_and_nothing_else_does() -> None:
    whole = planted()
    found = groups([one.text for one in whole])
    assert sorted(n for group in found for n in group) == list(range(len(whole)))
    for group in found:
        assert len({whole[n].lines for n in group}) == 1, "answers of other marks were put together"
    assert len(found) <= 45 and max(map(len, found)) >= 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The step at 0.1 diverges as it is too long.", "The step at 0.2 diverges as it is too long."),
        (
            "Momentum is smoother and that is why it is better.",
            "Momentum is not smoother and that is why it is better.",
        ),
        ("It can settle where the sharpness is < 2/η, always.", "It can settle where the sharpness is > 2/η, always."),
        ("It doesn't get stuck in such a minimum at all, here.", "It does get stuck in such a minimum at all, here."),
    ],
)
def test_answers_that_differ_in_what_they_say_are_never_one(one: str, other: str) -> None:
    assert groups([one, other]) == [[0], [1]]


LONG = (
    "Too high: beyond {two} over λ the step is {longer} than the curve allows, so that it {diverges}; too low: it "
    "needs {more} time and {only} crawls, and one gets {there} in the end, which is {proved} {above} the border."
)
TURNED = {
    "two": "one three 2",
    "longer": "shorter",
    "diverges": "converges oscillates",
    "more": "less no",
    "only": "hardly never",
    "there": "nowhere",
    "proved": "measured unproved disputed",
    "above": "below at beyond",
}


@pytest.mark.parametrize(("word", "turned"), [(word, one) for word, all_of in TURNED.items() for one in all_of.split()])
def test_one_word_that_turns_a_long_answer_round_parts_it(word: str, turned: str) -> None:
    usual = {one: one for one in TURNED}
    others = [one.text for one in planted(10)]
    found = groups([*others, LONG.format(**usual), LONG.format(**usual | {word: turned})])
    assert [10] in found and [11] in found


def test_words_that_change_places_part_an_answer() -> None:
    usual = LONG.format(**{one: one for one in TURNED})
    assert len(groups([usual, usual.replace("high", "LOW").replace("low", "high")])) == 2


def test_spelling_and_empty_words_part_nothing() -> None:
    usual = LONG.format(**{one: one for one in TURNED})
    slips = [
        usual.replace("curve", "cuvre"),
        usual.replace("the step", "step"),
        f"In short: {usual}",
        usual.replace("needs", "need"),
        usual.replace("which is", "and that is"),
        usual.upper(),
    ]
    assert groups([usual, *slips]) == [[0, 1, 2, 3, 4, 5, 6]]


@pytest.mark.parametrize("texts", [[], [""], ["", ""], ["?"], ["", "x", ""], ["λ" * 5000, "…"], ["a"] * 30])
def test_odd_texts_are_grouped_too(texts: list[str]) -> None:
    found = groups(texts)
    assert sorted(n for group in found for n in group) == list(range(len(texts)))
    assert len(found) == len(set(texts))


def test_what_differs_is_escaped_and_marked() -> None:
    shown = differences("a step of two", "a <script>x</script> of two")
    assert "<script" not in shown and "<ins>&lt;script" in shown and "<del>step </del>" in shown


# ------------------------------------------------------------------------------------------- what is saved


def test_what_is_given_is_in_nbgraders_gradebook_as_formgrader_writes_it(course) -> None:
    here: Course = course(["Too high: it diverges.", "Quite another answer about slow rates.", None])
    sitting = here.sitting()
    assert sitting.overview()["answers"] == 2, "what nobody wrote waits for no one"
    card = sitting.next("desk")
    student = sitting.answers[card["answers"][0]["key"]].student
    sitting.mark(marks(card, [2, 1, 0, 2, 1, 0], "Say **why**."))
    assert here.grade(student) == (6.0, False, "Say **why**.")
    assert here.grade("student_02") == (None, False, None)


def test_a_group_is_marked_as_one_and_one_can_be_taken_out(course) -> None:
    here: Course = course(["It diverges beyond it.", "it  diverges beyond it.", "IT DIVERGES beyond it."])
    sitting = here.sitting()
    card = sitting.next("desk")
    assert len(card["answers"]) == 3 and {one["changes"] for one in card["answers"]} == {"", "the same"}
    alone = marks(card, [0, 0, 0, 0, 0, 0])
    alone["answers"] = alone["answers"][:1]
    assert sitting.mark(alone) == {"saved": 1, "points": 0}
    rest = sitting.next("desk")
    assert [one["key"] for one in rest["answers"]] == [one["key"] for one in card["answers"][1:]]
    assert sitting.mark(marks(rest, FULL))["saved"] == 2
    assert [here.grade(f"student_0{n}")[0] for n in range(3)] == [0, 10, 10]


def test_it_goes_on_where_it_was_ended(course) -> None:
    whole = planted(24)
    here: Course = course([one.text for one in whole])
    first = here.sitting()
    cards = len([card for card in first.cards if not card.second])
    for _ in range(5):
        first.mark(marks(first.next("one"), FULL, "As before."))
    again = here.sitting()
    assert again.overview()["waiting"] == first.overview()["waiting"] < 24
    assert again.overview()["comments"] == ["As before."]
    rest = work_through(again, "two")
    assert len([card for card in rest if not card["second"]]) == cards - 5
    assert again.overview()["waiting"] == 0 and again.next("two") is None


@pytest.mark.parametrize(
    ("change", "says"),
    [({"lines": [1]}, "6 lines"), ({"lines": [4, 0, 0, 0, 0, 0]}, "takes 0, 1, 2, 3"), ({"lines": [True] * 6}, "takes"),
     ({"lines": [0.5, 0, 0, 0, 0, 0]}, "takes"), ({"lines": [None] * 6}, "takes"), ({"id": "g99"}, "card"),
     ({"comment": 3}, "text"), ({"comment": "x" * 5001}, "5000"), ({"answers": []}, "at least one"),
     ({"answers": [{"key": 99, "turn": 0, "manual": None}]}, "another card"), ({"answers": ["x"]}, "key"),
     ({"lines": [float("nan")] + [0] * 5}, "takes")],
)  # fmt: skip
def test_what_no_page_of_ours_sends_is_refused_and_changes_nothing(course, change: dict, says: str) -> None:
    here: Course = course(["Too high: it diverges."])
    sitting = here.sitting()
    asked = marks(sitting.next("desk"), FULL) | change
    with pytest.raises(Unusable, match=says):
        sitting.mark(asked)
    assert here.grade("student_00") == (None, True, None)


# ------------------------------------------------------------------------------------------- two at once


def test_of_two_who_mark_the_same_answer_the_later_is_told_and_nothing_is_lost(course) -> None:
    here: Course = course(["Too high: it diverges."])
    ada, bob = here.sitting("ada"), here.sitting("bob")
    card = ada.next("a")
    assert bob.next("b") is None, "it is open at another desk"
    same = bob.show(card["id"])
    ada.mark(marks(card, FULL, "Ada's words"))
    with pytest.raises(Overtaken):
        bob.mark(marks(same, [0] * 6, "Bob's words"))
    assert here.grade("student_00") == (10.0, False, "Ada's words")
    bob.mark(marks(bob.show(card["id"]), [1, 0, 0, 0, 0, 0], "Bob's words"))  # having seen Ada's
    assert here.grade("student_00") == (1.0, False, "Bob's words")


def test_what_formgrader_gave_meanwhile_is_not_overwritten_unseen(course) -> None:
    here: Course = course(["Too high: it diverges."])
    sitting = here.sitting()
    card = sitting.next("desk")
    gradebook = here.gradebook()
    grade = gradebook.find_grade("c1-written", "c1_why_rate_matters", "part_c", "student_00")
    grade.manual_score, grade.needs_manual_grade = 4.5, False
    gradebook.db.commit()
    with pytest.raises(Overtaken, match=r"4\.5 points"):
        sitting.mark(marks(card, FULL))
    assert here.grade("student_00")[0] == 4.5 and sitting.next("desk") is None
    assert sitting.show(card["id"])["lines"] == [None] * 6, "Formgrader knows no lines"


def test_an_answer_handed_in_anew_is_not_marked_by_its_old_words(course) -> None:
    here: Course = course(["Too high: it diverges."])
    sitting = here.sitting()
    card = sitting.next("desk")
    hand_in(here.config, ["Something better: 1 − ηλ."])
    with pytest.raises(Overtaken, match="handed in and graded anew"):
        sitting.mark(marks(card, FULL))
    assert here.grade("student_00") == (None, True, None)
    assert here.sitting().next("other") is None, "open at the first desk"
    sitting.close()
    assert "better" in here.sitting().next("other")["answers"][0]["html"]


def test_three_graders_at_once_mark_each_answer_once_and_lose_none(course) -> None:
    """Three threads with connections of their own, as three commands have; a second look may be anybody's."""
    whole = planted(30)
    here: Course = course([one.text for one in whole])
    given: dict[str, list[float]] = {}
    failures: list[BaseException] = []

    def grade(name: str) -> None:
        try:
            sitting, rng = here.sitting(name), random.Random(name)
            while (card := sitting.next(name)) is not None:
                lines = [float(rng.choice(item.levels)) for item in model_answers()["c1"].rubric]
                sitting.mark(marks(card, lines, name))
                if not card["second"]:
                    for one in card["answers"]:
                        student = sitting.answers[one["key"]].student
                        assert student not in given
                        given[student] = lines
            sitting.gradebook.close()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=grade, args=(name,)) for name in ("ada", "bob", "eve")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert {student: here.grade(student)[0] for student in given} == {k: sum(v) for k, v in given.items()}
    assert len(given) == 30


# ------------------------------------------------------------------------------------------- agreement


def test_a_tenth_comes_twice_later_and_without_what_was_given(course) -> None:
    whole = planted(40)
    here: Course = course([one.text for one in whole])
    sitting = here.sitting()
    seen = work_through(sitting)
    twice = [card for card in seen if card["second"]]
    assert len(twice) == 4
    for card in twice:
        key = card["answers"][0]["key"]
        first = next(n for n, one in enumerate(seen) if not one["second"] and key in [a["key"] for a in one["answers"]])
        assert seen.index(card) - first > 3 and card["lines"] == [None] * 6 and card["comment"] == ""
    assert sitting.overview()["seen"] == 4
    assert "100% of the lines" in sitting.agreement() and "not defined" in sitting.agreement()


def test_a_second_look_changes_no_grade_and_says_where_it_differs(course) -> None:
    here: Course = course(["Too high: it diverges."])
    sitting = here.sitting()
    card = sitting.next("desk")
    sitting.mark(marks(card, [3, 2, 1, 2, 1, 1], "Good."))
    again = sitting.next("desk")
    assert again["second"]
    done = sitting.mark(marks(again, [1, 2, 1, 2, 1, 1]))
    assert done["differs"] == [{"line": 1, "first": 3, "now": 1}] and done["card"] == card["id"]
    assert here.grade("student_00") == (10.0, False, "Good.")
    assert sitting.overview()["cards"][0]["differs"] and "Cohen's κ" in sitting.agreement()


def test_another_graders_second_look_is_preferred(course) -> None:
    whole = planted(40)
    here: Course = course([one.text for one in whole])
    ada, bob = here.sitting("ada"), here.sitting("bob")
    by: dict[bool, dict[int, str]] = {False: {}, True: {}}
    open_ = {"ada": ada, "bob": bob}
    while open_:
        for name, sitting in list(open_.items()):
            card = sitting.next(name)
            if card is None:
                del open_[name]
                continue
            sitting.mark(marks(card, FULL))
            for one in card["answers"]:
                by[card["second"]][one["key"]] = name
    assert len(by[True]) == 4
    assert sum(by[True][key] != by[False][key] for key in by[True]) >= 3
    assert "two graders" in ada.agreement()


def test_kappa_is_scikit_learns_for_one_line() -> None:
    from sklearn.metrics import cohen_kappa_score  # takes a second, which no other worker has to spend

    rng = np.random.default_rng(1)
    for _ in range(50):
        levels = int(rng.integers(2, 5))
        first = rng.integers(0, levels, 12)
        second = np.where(rng.random(12) < 0.7, first, rng.integers(0, levels, 12))
        if len({*first, *second}) > 1:
            pairs = [list(zip(first.tolist(), second.tolist(), strict=True))]
            assert kappa(pairs) == pytest.approx(cohen_kappa_score(first, second))


def test_no_agreement_by_chance_is_zero_and_no_looks_say_so() -> None:
    assert kappa([[(0, 0), (0, 1), (1, 0), (1, 1)]]) == 0
    assert kappa([[(1, 1), (1, 1)]]) is None and kappa([]) is None
    assert agreement([]) is None and "no agreement" in said(None, 1)


# ------------------------------------------------------------------------------------------- marked samples


@pytest.mark.parametrize("exercise", sorted(model_answers()))
def test_two_marked_answers_an_exercise_for_graders_to_agree_on(exercise: str) -> None:
    found, rubric = samples(exercise), model_answers()[exercise].rubric
    assert len(found) == 2
    for one in found:
        assert len(one.points) == len(one.why) == len(rubric) and all(one.why) and len(one.text.split()) >= 50
        assert all(points in item.levels for points, item in zip(one.points, rubric, strict=True))
    totals = [sum(one.points) for one in found]
    assert totals[0] < totals[1], "a weak one and a strong one"


# ------------------------------------------------------------------------------------------- feedback


def feedback_of(here: Course, student: str) -> str:
    config = here.config.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = NbGraderAPI(CourseDirectory(config=config), config=config).generate_feedback(PART, student, force=True)
    assert done["success"], done
    page = BeautifulSoup((here.folder / f"feedback/{student}/{PART}/{NOTEBOOK}.html").read_bytes(), "html.parser")
    return " ".join(page.find(id="c1-written").get_text(" ").split())


def test_feedback_shows_which_lines_were_given_while_they_are_the_grade(course) -> None:
    here: Course = course(["Too high: it diverges."])
    sitting = here.sitting()
    sitting.mark(marks(sitting.next("desk"), [1, 2, 0, 1, 0, 1], "Say why."))
    said = feedback_of(here, "student_00")
    given = ["1 of 3", "2 of 2", "0 of 1", "1 of 2", "0 of 1", "1 of 1"]
    assert re.findall(r"\d of \d\b", said) == given
    assert "5 of 10 points" in said and "Say why." in said
    gradebook = here.gradebook()
    gradebook.find_grade(CELL, NOTEBOOK, PART, "student_00").manual_score = 7
    gradebook.db.commit()
    said = feedback_of(here, "student_00")
    assert "7 of 10 points" in said and "Up to" in said and "2 of 2" not in said
