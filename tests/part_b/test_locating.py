"""Where a mistake is: mutants of right answers, words, and what a kernel and the jail show of it."""

from __future__ import annotations

from collections import Counter

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from benchmarks.locating import as_cell, outcome, sample, tried
from lrtutorial.course import find_step
from lrtutorial.locating import can_locate, places_here
from lrtutorial.locating.edits import edits
from lrtutorial.locating.search import ready, search
from lrtutorial.locating.sources import sources_of
from lrtutorial.locating.trial import Trial
from lrtutorial.locating.words import read, where
from tests.part_b import right_answers

SECONDS = 20.0  #: far more than a search takes: what is found doesn't depend on the machine
EXERCISES = ("b1", "b2", "b3", "b4", "b5")
PLACE = {
    "answer": "Adam",
    "line": 12,
    "code": "x = a / v",
    "function": "step",
    "part": "v",
    "role": "the divisor",
    "before": False,
}


@pytest.mark.parametrize("exercise", EXERCISES)
def test_six_ways_of_writing_each_are_right_so_their_mutants_have_one_mistake(exercise) -> None:
    answers = getattr(right_answers, exercise.upper())
    assert len(answers) >= 6
    for source in answers.values():
        space = as_cell(source)
        for name in find_step(exercise).answers:
            if name in space:
                sources, rest = sources_of(space[name])
                with ready(find_step(exercise)):
                    assert sources and search(Trial(find_step(exercise), name, sources, rest), sources, SECONDS) == []


@pytest.mark.whole  # many seconds
def test_one_edit_mutants_are_mostly_told_their_line_and_hardly_ever_another() -> None:
    """A small draw of what ``python -m benchmarks.locating`` measures: some mutants can't be mended by one edit."""
    told: Counter[str] = Counter()
    for exercise in EXERCISES:
        for mutant in sample(exercise, 5, seed=7):
            told.update(outcome(mutant, places) for _, places, _ in tried(exercise, mutant, SECONDS))
    assert told["wrong"] <= 1 and told["right"] + told["one of two"] >= 0.7 * told.total(), told


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_edit_that_is_taken_back_leaves_the_tree_as_it_was(exercise) -> None:
    import ast

    source = next(iter(getattr(right_answers, exercise.upper()).values()))
    tree = ast.parse(source)
    before = ast.dump(tree)
    every = edits(tree)
    for i in np.random.default_rng(0).permutation(len(every))[:300]:
        every[i].swap().swap()
        assert ast.dump(tree) == before


def test_a_search_says_where_and_never_what_to_write() -> None:
    source = right_answers.B2["as in the paper"].replace("np.sqrt(v_hat) + self.eps", "np.sqrt(v_hat + self.eps)")
    (place,) = places_here(find_step("b2"), {"Adam": as_cell(source)["Adam"]}, SECONDS)
    said = where([place])
    assert said.startswith("line 20 of your cell, in step, the brackets in `np.sqrt(v_hat + self.eps)`: ")
    assert "np.sqrt(v_hat) + self.eps" not in str(place)


def test_what_goes_missing_is_told_as_a_gap() -> None:
    source = right_answers.B2["as in the paper"].replace("        self.t += 1\n", "")
    assert source.count("self.t") == 3
    (place,) = places_here(find_step("b2"), {"Adam": as_cell(source)["Adam"]}, SECONDS)
    assert place["before"] and place["line"] == 14 and "something is missing, here or above it" in where([place])


@pytest.mark.parametrize("line", ["self.m = ", "self.v = ", "self.t = "])
def test_what_nothing_sets_is_missing_in_init_and_not_where_it_is_read(line) -> None:
    rows = right_answers.B2["as in the paper"].lstrip("\n").splitlines()
    kept = "\n".join(row for row in rows if not row.strip().startswith(line))
    (place,) = places_here(find_step("b2"), {"Adam": as_cell(kept)["Adam"]}, SECONDS)
    assert place["function"] == "__init__" and place["before"] and place["role"] == "after"


@pytest.mark.whole  # many seconds
@pytest.mark.parametrize("style", right_answers.B2)
def test_a_misspelled_attribute_is_the_slip_and_nothing_is_missing(style) -> None:
    """Attributes that a right answer sets in ``__init__``, misspelled where they are read: once, and most times."""
    source = right_answers.B2[style]
    for attribute in ("lr", "learning_rate", "eps", "t", "beta1", "m", "moments"):
        head, found, tail = source.partition("def step")
        if f"self.{attribute} " not in head or f"self.{attribute} " not in tail:
            continue
        for times in (1, -1):
            wrong = head + found + tail.replace(f"self.{attribute} ", f"self.{attribute}_ ", times)
            answer = {"Adam": as_cell(wrong)["Adam"]}
            for place in places_here(find_step("b2"), answer, 0.5):  # a gap is told at once, or when the time is up
                assert not (place["function"] == "__init__" and place["before"]), (style, attribute, times, place)


def test_what_is_missing_at_the_end_of_a_block_is_not_looked_for_above_it() -> None:
    source = (
        "class SGD:\n    def __init__(self, params, lr):\n        self.params = params\n    def step(self, grads):\n"
    )
    source += "        for p, g in zip(self.params, grads):\n            p -= self.lr * g\n"
    (place,) = places_here(find_step("b1"), {"SGD": as_cell(source)["SGD"]}, SECONDS)
    assert place["line"] == 3 and "something is missing after it, or above" in where([place])


def test_endless_and_hostile_edits_end() -> None:
    """`while i < len(grads)` without its count runs for ever; so do many of its edits."""
    source = right_answers.B1["a dictionary"].replace("self.params[i] -= self.lr", "self.params[i] += self.lr")
    (place,) = places_here(find_step("b1"), {"SGD": as_cell(source)["SGD"]}, SECONDS)
    assert place["line"] == 9
    hostile = "class SGD:\n def __init__(self, params, lr):\n  pass\n def step(self, grads):\n  raise SystemExit(0)\n"
    assert places_here(find_step("b1"), {"SGD": as_cell(hostile)["SGD"], "MomentumSGD": ...}, SECONDS) == []


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("losses[-1] > 4 * losses[0]", "losses[-1] > 4 * losses[-1]", "if not math.isfinite(losses[-1])"),
        ("            loss.backward()\n", "", "optimizer.step()"),
        ("(1 / num_steps)", "(1 * num_steps)", "factor = "),
        ("/ 10", "* 10", "suggested = "),
        ('    plt.ylabel("loss")\n', "", "return lrs"),
    ],
)
def test_a_range_test_has_a_place_for_its_sweep_its_suggestion_and_its_figure(right, wrong, line) -> None:
    source = right_answers.B4["try and finally"]
    assert source.count(right) == 1
    answer = as_cell(source.replace(right, wrong))["lr_range_test"]
    (place, *_) = places_here(find_step("b4"), {"lr_range_test": answer}, SECONDS)
    assert place["code"].startswith(line)


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("2 * pos[0], 20 * pos[1]", "2 * pos[0], 10 * pos[1]", "return np.array([2 * pos[0], "),
        ("for t in range(1, steps + 1):", "for t in range(steps):", "for t in range(steps):"),
        ("v = momentum * v + gradient(pos)", "v = momentum * v - gradient(pos)", "v = momentum * v - gradient(pos)"),
    ],
)
def test_a_function_that_only_draws_runs_does_not_show_them_to_be_right(right, wrong, line) -> None:
    """As the notebook's own check has it, which is given the function for the figure, too."""
    source = right_answers.B3["lists"]
    assert source.count(right) == 1
    cell = (
        source.replace(right, wrong)
        + """
def visualize_optimizers_2d(start, steps):
    for path in (run_sgd(start, 0.05, steps), run_momentum(start, 0.05, 0.9, steps),
                 run_rmsprop(start, 0.5, 0.9, 1e-8, steps), run_adam(start, 0.5, 0.9, 0.999, 1e-8, steps)):
        plt.plot(path[:, 0], path[:, 1])
"""
    )
    space, step = as_cell(cell), find_step("b3")
    places = places_here(step, {name: space[name] for name in step.answers}, SECONDS)
    assert places and all(place["code"].startswith(line) for place in places)


@pytest.mark.parametrize(
    ("places", "raised", "said"),
    [
        ([], None, None),
        ([], "line 3 of your cell, in step: x", "line 3 of your cell, in step: x"),
        ([PLACE], None, "line 12 of your cell, in step, the divisor `v`: x = a / v"),
        ([PLACE, {**PLACE, "line": 14}], None, "line 12 of your cell, in step: x = a / v, or line 14 of your cell"),
        ([{**PLACE, "before": True}], None, "line 12 of your cell, in step: something is missing, here or above it"),
        ([PLACE], "raised in line 9 of your cell, in f: y", "x = a / v. The exception was raised in line 9"),
    ],
)
def test_the_sentence_of_a_place(places, raised, said) -> None:
    found = where(places, raised)
    assert found is None if said is None else said in found


@pytest.mark.parametrize(
    "forged",
    [
        None, "line 3", [], [PLACE] * 3, [{**PLACE, "line": 0}],
        [{**PLACE, "line": True}], [{**PLACE, "code": "x" * 999}],
        [{**PLACE, "more": 1}], [{key: value for key, value in PLACE.items() if key != "part"}], [{**PLACE, "part": 1}],
    ],
)  # fmt: skip
def test_evidence_of_another_form_is_no_place(forged) -> None:
    assert read(forged) == [] and read([PLACE]) == [PLACE]


def test_formulas_and_predictions_have_no_line_to_look_for() -> None:
    assert [name for name in ("a1-gradient", "c1-prediction_1", *EXERCISES) if can_locate(find_step(name))] == [
        *EXERCISES
    ]


@pytest.mark.whole
@pytest.mark.filterwarnings("ignore")
def test_in_a_notebook_the_verdict_comes_first_and_the_line_is_that_of_the_cell(monkeypatch) -> None:
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    wrong = "\n\n" + right_answers.B2["as in the paper"].replace("g**2", "g").lstrip("\n")  # blank lines above count
    cells = ["import numpy as np\nfrom lrtutorial import check", wrong, 'check("b2", Adam)']
    cells += ['from lrtutorial.answers.session import HERE\nprint(HERE.verdicts["b2"].where)']
    client = NotebookClient(new_notebook(cells=[new_code_cell(cell) for cell in cells]), timeout=120)
    messages = []
    client.on_cell_execute = None
    with client.setup_kernel():
        process = client.process_message

        def watched(message, cell, index):
            messages.append((message["msg_type"], str(message["content"].get("data", {}).get("text/plain", ""))))
            return process(message, cell, index)

        client.process_message = watched
        for index, cell in enumerate(client.nb.cells):
            client.execute_cell(cell, index)
    shown = [text for kind, text in messages if kind in ("display_data", "update_display_data")]
    line = wrong.splitlines().index("            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * g") + 1
    assert "looking for the place" in shown[0] and "Counterexample" in shown[0]
    assert f"Where: line {line} of your cell, in step" in shown[1] and "looking" not in shown[1]
    (output,) = client.nb.cells[2].outputs
    assert f"Where: line {line}" in output["data"]["text/plain"]
    assert client.nb.cells[3].outputs[0]["text"].startswith(f"line {line} of your cell")
    assert nbformat.validate(client.nb) is None
