"""The first prediction, as a submission's own outputs tell it: it counts, and is worth no more than an answer."""

from __future__ import annotations

import copy
import json

import nbformat
import pytest

from autograder.cells import answer_cells
from autograder.grading.executor import committed_first
from autograder.grading.judging import Grading
from autograder.intake.repair import repair
from lrtutorial.course import find_step
from lrtutorial.course.exercise import COMMITTED
from lrtutorial.course.expected import Known, recorded
from lrtutorial.kinds import prediction
from tests.grading.conftest import ROOT

STEP = find_step("c1-prediction_1")
WHY = "Too low is only slow."
FIRST = {"step": STEP.id, "value": "10", "why": WHY, "at": "2026-11-20T09:00:00+00:00"}
RELEASE = nbformat.read(ROOT / "notebooks/part_c/c1_why_rate_matters.ipynb", as_version=4)


def handed_in(*told: object, answer: str = "prediction_1 = '0.464'") -> nbformat.NotebookNode:
    """The release with one prediction written, and what the outputs of its check say was first."""
    notebook = copy.deepcopy(RELEASE)
    answer_cells(notebook)["c1-prediction_1-answer"].source = answer
    cell = next(cell for cell in notebook.cells if cell.get("id") == "c1-prediction_1-test")
    cell.outputs = [
        nbformat.v4.new_output("display_data", data={"text/plain": "Noted", COMMITTED: one}) for one in told
    ]
    return notebook


def told_of(notebook: nbformat.NotebookNode | dict) -> object:
    """What intake leaves of it for the executor."""
    taken = repair(json.dumps(notebook).encode(), RELEASE).notebook
    nbformat.validate(taken)
    cell = next(cell for cell in taken.cells if cell.get("id") == "c1-prediction_1-test")
    assert all(set(output.data) == {COMMITTED} for output in cell.outputs)
    return committed_first(cell, STEP)


def judged(answer: object, told: object, why: object = WHY):
    """The verdict on an answer with an earlier commitment, on probes that are the notebook's own."""
    evidence = prediction.collect(STEP, {"prediction_1": answer, "why_1": why})
    public = recorded(STEP.id)
    asked = {"public": public, "secret": Known(public.probes, public.reference, {}, secret=True)}
    return Grading("part_c", "c1_why_rate_matters", "a secret", "draw").judge(STEP, asked, lambda _: evidence, told)


def points(verdict) -> dict[str, float]:
    return {line.id: line.earned / line.possible for line in verdict.lines}


def test_the_first_prediction_counts_and_not_what_the_cell_holds_now() -> None:
    verdict = judged("0.464", told_of(handed_in(FIRST)))
    assert points(verdict) == {"committed": 1, "why": 1, "right": 0}
    assert "You predicted 10" in verdict.headline
    assert "Committed first, on 2026-11-20 at 09:00 UTC: 10. The cell holds 0.464 now" in verdict.details[0]


def test_without_outputs_the_cell_counts_and_the_verdict_says_so() -> None:
    verdict = judged("0.464", told_of(handed_in()))
    assert verdict.right and "No first prediction is kept" in verdict.details[0]


def test_a_cell_that_agrees_with_the_first_prediction_is_not_remarked_on() -> None:
    assert judged("10", told_of(handed_in(FIRST))).details == ()


def test_an_emptied_cell_earns_nothing_whatever_the_outputs_say() -> None:
    verdict = judged(..., told_of(handed_in({**FIRST, "value": "0.464"})))
    assert verdict.status == "unfinished" and verdict.points == 0


@pytest.mark.parametrize(
    "told",
    [
        {**FIRST, "value": "nonsense"}, {**FIRST, "value": 10**400}, {**FIRST, "value": ["0.464"]},
        {**FIRST, "value": None}, {"step": STEP.id}, {**FIRST, "step": "c1-prediction_2"},
        {**FIRST, "more": "x" * 5000}, {**FIRST, "value": float("nan")}, "0.464", 7, [FIRST], None,
    ],
    ids=lambda told: str(told)[:40],
)  # fmt: skip
def test_what_is_no_commitment_is_passed_over(told) -> None:
    verdict = judged("10", told_of(handed_in(told)))
    assert points(verdict) == {"committed": 1, "why": 1, "right": 0}
    assert "No first prediction is kept" in verdict.details[0]


@pytest.mark.parametrize(
    "name", ["c1-prediction_1", "c1-prediction_2", "c1-prediction_3", "c3-prediction_3", "c1-sketch_1"]
)
@pytest.mark.parametrize(
    "value", [10**400, -(10**400), float("inf"), [10**400], {"0.001": [10**400] * 6}, {}, [[]]], ids=str
)
def test_no_value_that_an_output_can_hold_breaks_off_the_grading(name, value) -> None:
    step = find_step(name)
    curves = {key: [10**400] * 6 for key in ("0.001", "0.464", "2.15")}
    for told in (
        {"value": value},
        {"value": curves},
        {"value": recorded(name).reference, "at": "0001-01-01T00:00+14:00"},
    ):
        merged = prediction.with_first(
            step, {"kind": "prediction", "value": recorded(name).reference, "why": WHY}, told
        )
        assert prediction.judge(step, merged, recorded(name)).right


@pytest.mark.parametrize(
    "extra", [{"points": 99}, {"kept": False}, {"now": "<script>"}, {"at": "x" * 3000}, {"lacks": ""}]
)
def test_a_forged_commitment_earns_what_an_honest_one_earns(extra) -> None:
    honest = judged("0.464", told_of(handed_in({**FIRST, "value": "0.464"})))
    forged = judged("10", told_of(handed_in({**FIRST, "value": "0.464", **extra})))
    assert honest.right and forged.points <= honest.points == STEP.points
    assert "<script>" not in str(forged)


def test_the_outputs_of_other_cells_and_all_else_in_an_output_are_not_kept() -> None:
    notebook = handed_in()
    for cell in notebook.cells:
        if cell.cell_type == "code" and cell.get("id") != "c1-prediction_1-test":
            cell.outputs = [
                nbformat.v4.new_output("display_data", data={"text/html": "<b>15/15</b>", COMMITTED: FIRST})
            ]
    assert told_of(notebook) is None
    taken = repair(json.dumps(notebook).encode(), RELEASE).notebook
    assert "15/15" not in json.dumps(taken)


def test_a_drawing_counts_although_its_pad_is_empty_when_the_cell_runs_again() -> None:
    from lrtutorial.checking.pad import draw

    step = find_step("c1-sketch_1")
    expected = recorded(step.id)
    pad = draw(step.id)
    told = {"step": step.id, "value": expected.reference, "why": WHY}
    evidence = prediction.collect(step, {"sketch_1": pad, "why_sketch_1": WHY})
    assert evidence["unfinished"] and prediction.judge(step, evidence, expected).points == 0
    assert prediction.judge(step, prediction.with_first(step, evidence, told), expected).right
    wild = {**told, "value": {**expected.reference, "2.15": [1e9] * 6}}
    assert prediction.judge(step, prediction.with_first(step, evidence, wild), expected).points == 0


@pytest.mark.parametrize("value", [10**400, -1, 2.5, "2", True, None, [2], {"a": 2}])
def test_a_number_that_is_none_is_passed_over_too(value) -> None:
    step = find_step("c1-prediction_2")
    evidence = prediction.collect(step, {"prediction_2": 2, "why_2": WHY})
    merged = prediction.with_first(step, evidence, {"value": value, "why": WHY})
    assert merged["value"] == 2 and merged["kept"] is False


@pytest.mark.parametrize("evidence", [None, 3, [], {"kind": "formula"}, {"delegated": "x"}, {"spent": 20}])
def test_evidence_that_is_no_prediction_stays_what_it_is(evidence) -> None:
    assert STEP.kind.with_first(STEP, evidence, FIRST) == evidence


@pytest.mark.whole
@pytest.mark.filterwarnings("ignore")  # the kernel's own libraries warn
def test_a_submission_is_graded_by_what_its_outputs_say_was_committed_first() -> None:
    """Through intake, jail and judge: another first prediction, and a drawing that only its check's output holds."""
    from tests.grading.test_parity import Case, graded

    drawing = 'sketch_1 = draw("c1-sketch_1")\nwhy_sketch_1 = "Beyond 2/λ every step multiplies the error."'
    case = Case("c1", {"c1-sketch_1-answer": drawing})
    notebook = case.notebook()
    sketch = {"step": "c1-sketch_1", "value": recorded("c1-sketch_1").reference, "why": WHY}
    for cell in notebook.cells:
        for told in (FIRST, sketch):
            if cell.get("id") == f"{told['step']}-test":
                cell.outputs = [nbformat.v4.new_output("display_data", data={COMMITTED: told})]
    verdicts = {one["step"]: one for one in graded(case, notebook).verdicts}
    assert "You predicted 10" in verdicts["c1-prediction_1"]["headline"]
    assert sum(line["earned"] for line in verdicts["c1-prediction_1"]["lines"]) == 1.25
    assert verdicts["c1-prediction_2"]["status"] == "right"
    assert verdicts["c1-sketch_1"]["status"] == "right", verdicts["c1-sketch_1"]
