"""Evidence is distrusted: whatever is malformed, oversized or not finite is worth nothing, with a reason."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_output

from autograder import catalogue
from autograder.grading.executor import MAX_EVIDENCE, read_evidence
from autograder.grading.judging import combined
from lrtutorial.answers.arrays import MAX_ITEMS, Malformed, pack, unpack
from lrtutorial.answers.evidence import MIME, collect, gather, judge
from lrtutorial.answers.graded import asks
from lrtutorial.course import steps
from lrtutorial.course.expected import recorded

CHECKED = [step for step in steps().values() if step.kind.name != "lr_finder"]


@pytest.mark.parametrize("dtype", ["f8", "f4", "i8", "i4", "?"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 4)])
def test_arrays_come_back_as_they_were(dtype: str, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    back = unpack(json.loads(json.dumps(pack(array))))
    assert back.shape == shape
    assert np.array_equal(back, array)


def test_what_is_no_array_of_numbers_is_refused() -> None:
    for wrong in (["a", "b"], [object()], np.array([1j])):
        with pytest.raises(TypeError):
            pack(wrong)


GOOD = pack(np.ones((2, 3)))


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "|O"}, {"dtype": "<f16"}, {"dtype": None}, {"shape": [2, 4]}, {"shape": [-1, -6]},
        {"shape": [True, 6]}, {"shape": [MAX_ITEMS + 1]}, {"shape": [10**6, 10**6]}, {"shape": "23"},
        {"shape": [1] * 9}, {"data": "!!"}, {"data": 7}, {"data": GOOD["data"][:-4]}, {"extra": 1},
    ],
)  # fmt: skip
def test_a_damaged_array_is_malformed(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        unpack({**GOOD, **change})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.whole  # many seconds
@given(evidence=JSON)
def test_no_evidence_of_any_form_earns_or_crashes(evidence: Any) -> None:
    """Each is handed in at every step: making one takes longer than judging it."""
    for step in CHECKED:
        kind = step.kind.name
        for handed_in in (
            evidence,
            {"kind": kind},
            {"kind": kind, "runs": evidence, "problems": evidence},
            {"kind": kind, "tree": evidence},
            {"kind": kind, "value": evidence},
        ):
            verdict = step.judge(handed_in, recorded(step.id), {})
            if step.kind.foretells and isinstance(evidence, int | float | str | list):
                continue  # a number or a word may be the right prediction
            assert verdict.points == 0, (step.id, verdict)
            assert not verdict.right, step.id
            assert verdict.headline, step.id


def test_a_run_that_is_not_finite_earns_nothing_for_it() -> None:
    step, expected = steps()["b2"], recorded("b2")
    runs = copy.deepcopy(expected.reference)
    for run in runs.values():
        trace = unpack(run["trace"])
        trace[1:] = np.nan
        run["trace"] = pack(trace)
    verdict = step.judge({"kind": "optimizer", "problems": {}, "runs": runs}, expected, {})
    assert verdict.points == 0


def test_the_reference_on_other_probes_is_no_evidence_for_these() -> None:
    step = steps()["b2"]
    fresh = catalogue.expectations("b2", catalogue.generator("another", "run"))
    evidence = {"kind": "optimizer", "problems": {}, "runs": recorded("b2").reference}
    assert step.judge(evidence, fresh, {}).points == 0


def shown(data: Any) -> Any:
    return new_output("display_data", data={MIME: data, "text/plain": ""})


def test_only_the_answer_to_this_question_is_read() -> None:
    right = {"nonce": "n", "evidence": {"public": 1}}
    assert read_evidence([shown({**right, "nonce": "old"}), shown(right)], "n") == ({"public": 1}, [], [])
    for outputs in (
        [],
        [shown({**right, "nonce": "x"})],
        [shown("n")],
        [shown({"nonce": "n", "evidence": [1]})],
        [new_output("stream", name="stdout", text=json.dumps(right))],
    ):
        assert read_evidence(outputs, "n") == ({}, [], [])
    assert read_evidence([shown({"nonce": "n", "evidence": {"public": "x" * (MAX_EVIDENCE + 1)}})], "n") == ({}, [], [])


def test_an_undefined_answer_counts_as_unfinished() -> None:
    asked = {"nonce": "n", "step": "a1-gradient", "probes": {"public": None}}
    evidence = collect(asked, {})["evidence"]["public"]
    verdict = steps()["a1-gradient"].judge(evidence, recorded("a1-gradient"), {})
    assert verdict.status == "unfinished"


def test_points_are_those_that_public_and_secret_probes_both_give() -> None:
    step = steps()["b2"]
    expected = recorded("b2")
    right = {"kind": "optimizer", "problems": {}, "runs": expected.reference}
    full = step.judge(right, expected, {})
    none = step.judge(None, expected, {})
    assert full.points == step.points
    assert combined(full, full).points == step.points
    for pair in ((full, none), (none, full), (none, none)):
        both = combined(*pair)
        assert both.points == 0
        assert not both.right
    assert combined(full, none).counterexample is None


def test_a_fault_of_the_check_is_no_verdict_on_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    step = steps()["b2"]

    def fails(*anything: Any) -> Any:
        raise TypeError("cannot pickle '_abc._abc_data' object")

    monkeypatch.setattr("lrtutorial.kinds.optimizer.collect", fails)
    evidence = gather(step, {"Adam": object()}, [])
    verdict = judge(step, json.loads(json.dumps(evidence)), recorded("b2"), {})
    assert (verdict.status, verdict.points) == ("undecided", 0) and "a human is asked" in verdict.headline
    assert "_abc_data" in verdict.headline


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("n = int(input('how many? '))", "`input('how many? ')`"),
        ("import getpass\nword = getpass.getpass()", "`getpass.getpass()`"),
        ("# input('x')", ""),
        ("def put_input(x): ...\nput_input(3)", ""),
        ("input(", ""),
        ("x = 'input()'", ""),
    ],
)
def test_what_is_asked_to_be_typed_is_told_beforehand(cell: str, said: str) -> None:
    found = asks(["import numpy as np", cell])
    assert found == (f"Nobody types in grading: {said} gives an empty text there. Write the value." if said else "")
