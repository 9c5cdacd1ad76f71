"""The trusted executor: runs a submission in the jail, asks it for evidence, and judges in the grader's process.

It stands in the place of nbgrader's Execute. The student's kernel runs the student's cells, but never a test cell:
for each of those the kernel is asked for plain data (:mod:`lrtutorial.answers.evidence`), on the public probes and on
fresh secret ones, and points and verdict are written here. Without evidence there are no points.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat.notebooknode import NotebookNode, from_dict
from nbgrader.preprocessors.execute import UnresponsiveKernelError
from traitlets import Bool

from autograder.cells import RESTORE, read_notebook
from autograder.course import SOLUTIONS
from autograder.grading.judging import Grading
from autograder.grading.phases import Clock
from autograder.jail import JailedExecute
from lrtutorial.advice import name_of
from lrtutorial.answers.delegation import delegates
from lrtutorial.answers.evidence import MIME
from lrtutorial.course import current
from lrtutorial.course.exercise import COMMITTED, Exercise, Step
from lrtutorial.course.expected import Expected
from lrtutorial.locating import SECONDS, can_locate
from lrtutorial.locating.words import read, where
from lrtutorial.verdict import Verdict

MAX_EVIDENCE = 4_000_000  #: characters of one step's evidence


@dataclass(frozen=True)
class Run:
    """What running one notebook needs beside the notebook: whose exercise, which probes, what may be left out."""

    assignment: str
    notebook: str
    secret: str = field(repr=False)
    draw: str  #: what the secret probes depend on, beside the secret
    #: Expectations of the whole class by step, as data, where they were computed elsewhere.
    shared: Mapping[str, object] = field(default_factory=dict, repr=False)
    needless: frozenset[str] = frozenset()  #: ids of cells that no score depends on
    clock: Clock = field(default_factory=Clock, compare=False, repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)  #: beside the notebook, by relative path


@dataclass(frozen=True)
class Ran:
    """A notebook that was run and judged: ``ended`` says why its kernel ended before its time, '' when it did not."""

    notebook: NotebookNode
    verdicts: tuple[Verdict, ...]
    jail: dict[str, object] | None
    ended: str


class TrustedExecute(JailedExecute):
    """Runs one notebook's cells in a jailed kernel and replaces every test cell's output by a verdict and its points.

    What comes after the last check can't change a score and is left out, as are the course's own experiments. An
    executor is for one run; :meth:`judged` is its result.
    """

    run_all = Bool(False, help="Run every cell, also those that no score depends on, for their outputs.").tag(
        config=True
    )

    def __init__(self, run: Run, notebook: NotebookNode, **settings: object):
        super().__init__(**settings)
        self.run, self.notebook, self.clock = run, notebook, run.clock
        self.grading = Grading(run.assignment, run.notebook, run.secret, run.draw, run.shared)
        self.modules = modules_of(run.files)
        self.left_out: list[str] = []
        steps = [index for index, cell in enumerate(notebook.cells) if self._step_of(cell) is not None]
        self.last_check = steps[-1] if steps else len(notebook.cells)
        self.verdicts: list[Verdict] = []
        self.gone = ""
        self.missing: list[str] = []
        self.raised: dict[str, str] = {}
        self.starting = True
        self.skip_cells_with_tag = "\x00 no tag skips a cell"

    def judged(self) -> Ran:
        """Run the notebook; a kernel that dies or hangs costs the steps that it can't answer any more."""
        resources: dict[str, object] = {}
        self.clock.lap("intake")
        try:
            notebook, _ = self.preprocess(self.notebook, resources)
        finally:
            self.clock.lap("kernel end")
        report = self.jail_report()
        return Ran(notebook, tuple(self.verdicts), report.to_dict() if report else None, self.ending())

    def preprocess_cell(self, cell: NotebookNode, resources: object, index: int) -> object:
        """Run one cell of the student's, or judge one step."""
        self.clock.lap("kernel start" if self.starting else "cells")
        if self.starting:
            self.starting = False
            self._prepare(cell, index)
        step = self._step_of(cell)
        if step is None:
            if cell.cell_type == "code" and not self.gone and self._counts(cell, index):
                try:
                    cell, resources = super().preprocess_cell(cell, resources, index)
                except (DeadKernelError, CellTimeoutError, UnresponsiveKernelError):
                    self.gone = self._why_gone()
                self._remember_error(cell)
                self.clock.lap("cells")
            return cell, resources
        verdict = self._judge(step, index, committed_first(cell, step))
        self.nb.cells[index] = cell  # nbclient puts the cell it ran, our question, in its place
        self.verdicts.append(written_into(cell, verdict))
        return cell, resources

    def _prepare(self, cell: NotebookNode, index: int) -> None:
        """Make the kernel ready, before anything of the student's runs in it: see lrtutorial.answers.graded."""
        files = {name: base64.b64encode(data).decode("ascii") for name, data in self.run.files.items()}
        request = json.dumps({"files": files})
        driver = f"__import__('lrtutorial.answers.graded', fromlist=['prepare']).prepare({request!r})"
        try:
            self.execute_cell(question(driver), index, store_history=False)
        except (DeadKernelError, CellTimeoutError, UnresponsiveKernelError):
            self.gone = self._why_gone()
        self.nb.cells[index] = cell  # nbclient puts the cell it ran in its place

    def _counts(self, cell: NotebookNode, index: int) -> bool:
        """Say whether a score may depend on a cell."""
        return self.run_all or (index < self.last_check and cell.get("id") not in self.run.needless)

    def _remember_error(self, cell: NotebookNode) -> None:
        """Keep what an answer's cell raised: it may be why the answer isn't there."""
        name = str(cell.metadata.get("nbgrader", {}).get("grade_id", "")).removesuffix("-answer")
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                self.raised[name] = f"{name_of(output.ename)}: {output.evalue}"[:200]

    def _step_of(self, cell: NotebookNode) -> Step | None:
        """Return the step a test cell is for: a locked, graded cell of the source with a name that we know."""
        about = cell.metadata.get("nbgrader", {})
        if not about.get("grade") or about.get("solution") or self.grading.exercise is None:
            return None
        name = str(about.get("grade_id", "")).removesuffix("-test")
        return next((step for step in self.grading.exercise.steps if step.id == name), None)

    def _why_gone(self) -> str:
        return self.ending() or "the kernel ended, or hung and could not be interrupted"

    def _no_evidence(self, step: Step) -> Verdict:
        return Verdict.blank(step).with_no_points("failed", f"No evidence came back from this answer: {self.gone}.")

    def _judge(self, step: Step, index: int, told: object) -> Verdict:
        if step.kind.own_work and (why := self._delegates(step, index)):
            return Verdict.blank(step).with_no_points("wrong", why)
        if self.gone:
            return self._no_evidence(step)
        asked = self.grading.question(step)
        computed = getattr(asked["secret"], "seconds", 0.0)
        self.clock.lap("expectations")
        self.missing = []
        try:
            verdict = self.grading.judge(step, asked, partial(self._ask, step, asked, index), told)
        except (DeadKernelError, CellTimeoutError, UnresponsiveKernelError):
            self.gone = self._why_gone()
            return self._no_evidence(step)
        self.clock.lap("judging")
        self.clock.move(getattr(asked["secret"], "seconds", 0.0) - computed, "judging", "expectations")
        if self.missing and (step.id in self.raised or verdict.status == "unfinished"):
            stopped = f" Its cell stopped with {self.raised[step.id]}." if step.id in self.raised else ""
            verdict = Verdict.blank(step).with_no_points("unfinished", self.missing[0] + stopped)
        if self.left_out and not verdict.right:
            verdict = replace(verdict, details=(*verdict.details, f"Left out in grading: {'; '.join(self.left_out)}."))
        return self._placed(step, verdict, index)

    def _placed(self, step: Step, verdict: Verdict, index: int) -> Verdict:
        """Return the verdict with the line to look at, where a search in the jail finds it: words, and no points."""
        if verdict.status not in ("wrong", "partly") or self.missing or not can_locate(step):
            return verdict
        nonce = secrets.token_hex(16)
        request = json.dumps({"nonce": nonce, "course": current().home, "step": step.id, "seconds": SECONDS})
        driver = f"__import__('lrtutorial.locating.responding', fromlist=['respond_where']).respond_where({request!r})"
        try:
            cell = self.execute_cell(question(driver), index, store_history=False)
        except (DeadKernelError, CellTimeoutError, UnresponsiveKernelError):
            self.gone = self._why_gone()  # what was judged before stays as it is
            return verdict
        finally:
            self.clock.lap("places")
        rows = {row.strip()[:120] for cell in self.nb.cells for row in cell.source.splitlines()}
        places = [one for one in read(read_evidence(cell.outputs, nonce)[0].get("places")) if one["code"] in rows]
        return replace(verdict, where=where(places, verdict.where))

    def _delegates(self, step: Step, index: int) -> str | None:
        """Say whether the answers leave their work to a library, by the code above their check that they reach."""
        cells = [cell.source for cell in self.nb.cells[:index] if cell.cell_type == "code"]
        return delegates(cells, step.answers, self.modules)

    def _ask(self, step: Step, asked: Mapping[str, Expected], index: int, name: str) -> object:
        """Return the evidence on the probes of this name, from the kernel; note which answers are not there."""
        self.clock.lap("judging")
        nonce = secrets.token_hex(16)
        probes = asked[name].probes if step.kind.probed else None
        request = json.dumps({"nonce": nonce, "course": current().home, "step": step.id, "probes": {name: probes}})
        driver = f"__import__('lrtutorial.answers.evidence', fromlist=['respond']).respond({request!r})"
        cell = self.execute_cell(question(driver), index, store_history=False)
        evidence, self.missing, self.left_out = read_evidence(cell.outputs, nonce)
        self.clock.lap("evidence")
        return evidence.get(name)


def question(code: str) -> NotebookNode:
    """Return a cell of our own, which stands in no notebook."""
    return NotebookNode(cell_type="code", source=code, metadata=NotebookNode(), outputs=[], execution_count=None)


def written_into(cell: NotebookNode, verdict: Verdict) -> Verdict:
    """Write a verdict and its points below a test cell; return it, in what the cell is worth.

    The instructor may have given the cell other points than the rubric has.
    """
    most = float(cell.metadata.nbgrader["points"])
    verdict = verdict.worth(most)
    points = min(max(verdict.points, 0.0), most)
    cell.outputs = [  # made by hand: nbformat's own look at each takes longer than all that is written here
        from_dict({"output_type": "display_data", "data": verdict.mimebundle(), "metadata": {}}),
        from_dict(
            {
                "output_type": "execute_result",
                "data": {"text/plain": f"{points:.9g}"},
                "metadata": {},
                "execution_count": None,
            }
        ),
    ]
    return verdict


def committed_first(cell: NotebookNode, step: Step) -> object:
    """Return what a test cell's own saved output says was committed first, or None. Intake has bounded it."""
    told = [output.get("data", {}).get(COMMITTED) for output in cell.get("outputs", ())]
    return next((dict(each) for each in told if isinstance(each, dict) and each.get("step") == step.id), None)


def modules_of(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return what can be imported of the files beside a notebook: {name: source}, a folder's modules under its name."""
    found: dict[str, str] = {}
    for name, data in files.items():
        path = PurePosixPath(name)
        if path.suffix == ".py":
            text = data.decode("utf-8", "replace")
            for part in {path.stem, path.parts[0].removesuffix(".py")}:
                found[part] = f"{found[part]}\n{text}" if part in found else text
    return found


def profile_of(exercise: Exercise) -> str:
    """Return the jail's profile for an exercise."""
    return exercise.profile


def experiments(assignment: str, notebook: str) -> set[str]:
    """Return the ids of cells that need not run for grading: those the course itself tags ``experiment``."""
    source = SOLUTIONS / assignment / f"{notebook}.ipynb"
    return set(_experiments(source, source.stat().st_mtime_ns)) if source.exists() else set()


@lru_cache(maxsize=64)
def _experiments(source: Path, changed: int) -> frozenset[str]:
    cells = read_notebook(source, RESTORE).cells
    return frozenset(
        cell.id for cell in cells if "experiment" in cell.metadata.get("tags", ()) and "nbgrader" not in cell.metadata
    )


def read_evidence(outputs: list[Any], nonce: str) -> tuple[dict[str, Any], list[str], list[str]]:
    """Return the evidence by name from a cell's outputs, the answers that were not defined, and what was left out.

    All are empty when nothing can be counted: no answer to this question, the wrong form, or too large.
    """
    for output in outputs:
        data = output.get("data", {}).get(MIME) if output.output_type == "display_data" else None
        if not (isinstance(data, dict) and data.get("nonce") == nonce and isinstance(data.get("evidence"), dict)):
            continue
        if len(json.dumps(data)) <= MAX_EVIDENCE:
            return dict(data["evidence"]), _texts(data.get("missing"), 160), _texts(data.get("left_out"), 200)
    return {}, [], []


def _texts(value: object, longest: int) -> list[str]:
    return [str(text)[:longest] for text in value[:20]] if isinstance(value, list) else []
