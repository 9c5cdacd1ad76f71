"""Answers that are a learning-rate range test: run on tiny networks, judged as a contract and a range.

The judge needs no torch: it trains the same network in NumPy (:mod:`.simulate`) with the rates that the answer reports,
and sees whether the reported losses come of it. So any exponential sweep is accepted, whether its last rate is max_lr
or one factor below, and any sensible stopping rule. The suggestion must lie where the loss falls steeply over several
first weights.

The outcome is the list of faults found with each probe (:mod:`.faults`). The settings of a step are those of
:class:`lrtutorial.kinds.LRFinder`; a probe is one of :mod:`.probes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from lrtutorial.answers.arrays import Malformed
from lrtutorial.course.exercise import Evidence, Step
from lrtutorial.course.expected import Expected
from lrtutorial.kinds.driven import read_runs
from lrtutorial.kinds.lr_finder.asking import Probe
from lrtutorial.kinds.lr_finder.driving import drive
from lrtutorial.kinds.lr_finder.ending import ending as ending
from lrtutorial.kinds.lr_finder.ending import last_pass as last_pass
from lrtutorial.kinds.lr_finder.faults import all_faults
from lrtutorial.kinds.lr_finder.placing import holds as holds
from lrtutorial.kinds.lr_finder.placing import missing as missing
from lrtutorial.kinds.lr_finder.placing import searching as searching
from lrtutorial.kinds.lr_finder.placing import sieve as sieve
from lrtutorial.kinds.lr_finder.placing import small_tests as small_tests
from lrtutorial.kinds.lr_finder.runs import read_run
from lrtutorial.kinds.lr_finder.words import FAULTS, explain
from lrtutorial.verdict import Verdict

# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: Sequence[Probe]) -> Evidence:
    """Return one run for every probe, or what is wrong with an answer that is no function."""
    (answer,), (name,) = answers.values(), step.answers
    problem, runs = _not_a_function(name, answer), {}
    for probe in () if problem else probes:
        runs[probe["id"]] = run = drive(cast(Callable[..., object], answer), probe)
        if run["nothing"]:  # a body that is still to be written: the rest would say the same
            problem, runs = {"unfinished": f"{name} returns None: its body is still to be written."}, {}
            break
    return {"kind": "lr_finder", "problems": {name: problem} if problem else {}, "runs": runs}


def _not_a_function(name: str, answer: object) -> dict[str, str] | None:
    if answer is ... or answer is None:
        return {"unfinished": f"{name} is still {'...' if answer is ... else 'None'}: define the function above."}
    if callable(answer) and not isinstance(answer, type):
        return None
    called = f"the result of calling it, a {type(answer).__name__},"
    came = called if isinstance(answer, tuple) else type(answer).__name__
    said = f"The function {name} was expected, but {came} came. Pass {name} itself, without parentheses."
    return {"unreadable": said}


def outcome_of(step: Step, evidence: Evidence, probes: Sequence[Probe]) -> dict[str, list[str]]:
    """Return the faults of each probe's run."""
    if evidence["problems"]:
        raise ValueError(f"no outcome for {evidence['problems']}")
    return all_faults({probe["id"]: read_run(evidence["runs"][probe["id"]], probe) for probe in probes}, probes)


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object] | None = None) -> Verdict:
    """Find the faults of every run; a rubric line is earned when its probes ran and none of its faults was found."""
    del earlier
    blank = Verdict.blank(step)
    probes: dict[str, Probe] = {probe["id"]: probe for probe in expected.probes}
    try:
        problems, runs = read_runs("lr_finder", step, evidence, probes)
        read = {key: read_run(run, probes[key]) for key, run in runs.items()}
    except Malformed as why:
        return blank.with_no_points("failed", f"The evidence can't be counted: {why}.")
    for problem in problems.values():
        (status, headline), *_ = problem.items()
        return blank.with_no_points(status, headline, hint=f"This task asks for {step.asks}.")
    faults = all_faults(read, expected.probes)
    lines = tuple(
        replace(line, earned=0.0 if _lost(rubric.id, rubric.probes, faults) else line.possible)
        for line, rubric in zip(blank.lines, step.rubric, strict=True)
    )
    checked = (
        "Checked on fresh inputs."
        if expected.secret
        else f"Checked with {len(probes)} small training runs. Grading repeats them with data nobody has seen."
    )
    verdict = replace(blank, lines=lines, checked=checked)
    if not any(faults.values()):
        return replace(verdict, status="right", headline=f"This is {step.asks}.")
    verdict = replace(verdict, status="partly" if any(line.earned for line in lines) else "wrong")
    return explain(step, verdict, read, probes, faults, expected)


def _lost(line: str, line_probes: tuple[str, ...], faults: Mapping[str, list[str]]) -> bool:
    """Say whether a line is lost: by a fault of its own anywhere, or as one of its probes gave nothing to judge."""
    own = any(FAULTS[fault][0] == line for found in faults.values() for fault in found)
    unjudged = {"error", "never_run", "no_values", "short_crash", "few_crash", "bad_start_crash"}
    if line != "sweep":
        unjudged |= {"return_order"}
    return own or any(unjudged & set(faults[probe]) for probe in line_probes)
