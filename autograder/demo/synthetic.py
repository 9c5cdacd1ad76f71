"""A class of any size with known truth: what every student answered is planted, the verdicts on it are real.

:func:`plant` writes a course as a grading run leaves it (submissions, gradebook, ledger, autograded notebooks) and
returns the :class:`Truth`. Answers are source text in the cells, and evidence is collected from running that text,
so grading a planted notebook in a kernel gives what was planted (where grading failed, what was in the way of it is
planted, too: grading again finds an answer). The verdicts are the judge's on the public probes,
each wrong or right answer judged once in this process: that is what makes hundreds of students cheap.
"""

from __future__ import annotations

import ast
import copy
import hashlib
import logging
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import nbformat
import numpy as np
from nbformat.notebooknode import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from traitlets.config import Config

from autograder import catalogue
from autograder.cells import answer_cells, without_markers
from autograder.configuration import configure
from autograder.course import SOLUTIONS, course_secret
from autograder.demo.mistakes import EDITS, with_mistake
from autograder.gradebook.result import Result
from autograder.gradebook.writer import GradebookWriter
from autograder.grading.assignment import Assignment
from autograder.grading.executor import Ran, written_into
from autograder.grading.one import Work, checking_digest, grade_one
from autograder.grading.phases import Clock
from autograder.grading.rubric import written_cells
from lrtutorial.advice import Unusable
from lrtutorial.answers.evidence import gather, judge
from lrtutorial.answers.parsing import parsed
from lrtutorial.checking.written import model_answers
from lrtutorial.course import current, exercise_with, exercises, find_step
from lrtutorial.course.exercise import Exercise, Step
from lrtutorial.course.expected import recorded
from lrtutorial.verdict import Verdict

#: What can be planted in a step. "lost" is an answer in a notebook that grading rejected or failed on.
PLANTED = ("right", "misconception", "unfinished", "missing", "lost")
#: Ids and names that break a careless exporter or page: formulas, separators, quotes, markup, other scripts.
AWKWARD = (
    ("=cmd()", '=HYPERLINK("http://example.invalid","marks")', "=1+1"),
    ("müller, anna", "Änne, genannt «Anna»", "Müller, geb. O’Brien"),
    ('o\'hara "pat"', 'Pat "the bat"', "O'Hara"),
    ("@sum", "@SUM(1;2)", "+49 171"),
    ("-2+3", "-", "-2+3"),
    ("学生 一", "学生", "山田"),
    ("semi;colon", "Tab\there", "line\nbreak"),
    ("<b>bold<", "<script>alert(1)</script>", "& Söhne"),
    ("طالب", "عمر", "الخيّام"),
    ("zoë", "Zoe\u0308", "\u200bnull"),
)
TIMESTAMP = "2026-11-{day:02d} {hour:02d}:15:00.000000 UTC"
WHY = "That is what the rate times the curvature says."  #: of every prediction
PASS_OVER = 40  #: draws until a misconception is found that the judge names beside the other answers


@dataclass(frozen=True)
class Person:
    """One planted student; ``ability`` is in standard deviations from the class."""

    id: str
    first_name: str
    last_name: str
    ability: float


@dataclass(frozen=True)
class Answer:
    """What was planted in one step for one student; ``source`` is the text in the answer's cell."""

    student: str
    part: str
    notebook: str
    step: str
    planted: str  #: one of PLANTED
    misconception: str | None
    points: float
    possible: float
    source: str = ""


@dataclass(frozen=True)
class Written:
    """A written answer: its hand grade, or None while it waits for one."""

    points: float | None
    possible: float
    text: str


@dataclass(frozen=True)
class Truth:
    """What was planted: every student × step, the status of every notebook handed in, the written answers."""

    course: Path
    parts: tuple[str, ...]
    people: tuple[Person, ...]
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)  #: by (student, step)
    statuses: dict[tuple[str, str], str] = field(default_factory=dict)  #: by (student, notebook); none if missing
    written: dict[tuple[str, str], Written] = field(default_factory=dict)  #: by (student, exercise), if handed in
    hints: dict[tuple[str, str], int] = field(default_factory=dict)  #: asked for, by (student, step); readable files
    runs: dict[tuple[str, str], int] = field(default_factory=dict)  #: of cells, by (student, notebook)

    def points(self, student: str, part: str) -> float:
        """Points of a student in a part, hand grades given so far included."""
        steps = sum(a.points for a in self.answers.values() if a.student == student and a.part == part)
        mine = (
            w.points or 0.0 for (who, ex), w in self.written.items() if who == student and exercises()[ex].part == part
        )
        return steps + sum(mine)

    def handed_in(self, part: str) -> list[str]:
        """The students of whom at least one notebook of a part was handed in, in class order."""
        names = {exercise.notebook for exercise in exercises().values() if exercise.part == part}
        there = {student for student, notebook in self.statuses if notebook in names}
        return [person.id for person in self.people if person.id in there]


def plant(course: Path, students: int = 200, seed: int = 0, parts: Sequence[str] = ()) -> Truth:
    """Make a graded course of ``students`` in the folder ``course`` and return what was planted.

    The same ``seed`` gives the same class; a smaller one is the beginning of a larger one.

    Raises ValueError for fewer than one student or an unknown part, FileExistsError when the folder already holds a
    gradebook.
    """
    if students < 1:
        raise Unusable(f"a class has at least 1 student, got {students}")
    parts = parts or tuple(current().parts)
    if unknown := [part for part in parts if part not in current().parts]:
        raise Unusable(f"there is no part {unknown[0]!r}; expected some of {', '.join(current().parts)}")
    if (course / "gradebook.db").exists():
        raise FileExistsError(f"{course} already holds a gradebook; give an empty folder")
    course.mkdir(parents=True, exist_ok=True)
    config = course_config(course)
    (course / "exchange").mkdir(exist_ok=True)
    (course / "secret").write_text(hashlib.sha256(f"planted {seed}".encode()).hexdigest() + "\n", encoding="ascii")
    (course / "secret").chmod(0o600)
    people = tuple(_people(students, np.random.default_rng([seed, 0])))
    truth = Truth(course, tuple(parts), people)
    for part in parts:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # nbgrader 0.9.6 under SQLAlchemy 2.1
            _generate(config, part)
            _plant_part(truth, part, config, np.random.default_rng([seed, 1 + list(current().parts).index(part)]))
    return truth


def course_config(course: Path) -> Config:
    """Return this course's nbgrader configuration with submissions and grades in another folder."""
    config = Config()
    configure(config)
    for step in ("submitted", "autograded", "feedback"):
        setattr(config.CourseDirectory, f"{step}_directory", str(course / step))
    config.CourseDirectory.db_url = f"sqlite:///{course / 'gradebook.db'}"
    config.JailedProvisioner.canaries = [str(course / "gradebook.db")]
    config.Exchange.root = str(course / "exchange")
    return config


def _people(count: int, rng: np.random.Generator) -> Iterator[Person]:
    for number in range(count):
        ability = float(rng.standard_normal())
        if number % 4 == 3 and number // 4 < len(AWKWARD):  # among the first forty
            yield Person(*AWKWARD[number // 4], ability)
        else:
            yield Person(f"student_{number:03d}", f"Given{number}", f"Family{number}", ability)


def _generate(config: Config, part: str) -> None:
    """Fill the gradebook by nbgrader's own command; the release it makes goes beside it and is not used."""
    from nbgrader.apps import NbGraderAPI
    from nbgrader.coursedir import CourseDirectory

    config = copy.deepcopy(config)
    config.CourseDirectory.release_directory = str(Path(config.CourseDirectory.submitted_directory).parent / "release")
    api = NbGraderAPI(CourseDirectory(config=config), config=config)
    api.log.setLevel(logging.CRITICAL)
    done = api.generate_assignment(part, force=True)
    if not done["success"]:
        raise RuntimeError(f"nbgrader generate_assignment {part} failed: {done.get('error') or done.get('log')}")


# ------------------------------------------------------------------------------------------------ one part


def _plant_part(truth: Truth, part: str, config: Config, rng: np.random.Generator) -> None:
    assignment = Assignment.find(part, config)
    secret = course_secret(truth.course / "secret")
    desks = [
        _Desk(exercise, assignment.release[exercise.notebook], secret, rng)
        for exercise in exercises().values()
        if exercise.part == part and exercise.notebook in assignment.release
    ]
    with GradebookWriter(config, part, assignment.release) as writer:
        for person in truth.people:
            writer.gradebook.update_or_create_student(
                person.id, first_name=person.first_name, last_name=person.last_name, lms_user_id=person.id
            )
            folder = truth.course / "submitted" / person.id / part
            sheets = {desk: desk.sit(person, rng) for desk in desks}
            if rng.random() < 0.04:
                sheets = dict.fromkeys(desks)
            for desk, sheet in sheets.items():
                if sheet is None:
                    truth.answers.update({(person.id, s.id): desk.missing(person, s) for s in desk.exercise.steps})
                    continue
                folder.mkdir(parents=True, exist_ok=True)
                (folder / f"{desk.exercise.notebook}.ipynb").write_bytes(sheet.data)
            if not folder.exists():
                continue
            when = TIMESTAMP.format(day=1 + int(rng.integers(20)), hour=int(rng.integers(24)))
            (folder / "timestamp.txt").write_text(when, encoding="utf-8")
            writer.begin(person.id, folder)
            for desk, sheet in sheets.items():
                if sheet is None:
                    continue
                name = desk.exercise.notebook
                writer.save(sheet.result)
                truth.statuses[person.id, name] = sheet.result.status
                truth.answers.update({(person.id, answer.step): answer for answer in sheet.answers})
                truth.hints.update({(person.id, step): asked for step, asked in sheet.hints.items()})
                if sheet.runs:
                    truth.runs[person.id, name] = sheet.runs
                if sheet.written is not None:
                    truth.written[person.id, desk.exercise.id] = sheet.written
        _grade_by_hand(truth, part, writer)


def _grade_by_hand(truth: Truth, part: str, writer: GradebookWriter) -> None:
    """Enter the hand grades with a comment, as Formgrader does."""
    by_notebook = {exercise.notebook: exercise.id for exercise in exercises().values()}
    for submission in writer.gradebook.find_assignment(part).submissions:
        for notebook in submission.notebooks:
            exercise = by_notebook[notebook.name]
            written = truth.written.get((submission.student_id, exercise))
            if written is None or written.points is None or not written.text:
                continue
            for grade in notebook.grades:
                if grade.name == f"{exercise}-written":
                    grade.manual_score, grade.needs_manual_grade = written.points, False
            for comment in notebook.comments:
                if comment.name == f"{exercise}-written":
                    comment.manual_comment = f"{written.points:g} of {written.possible:g}: see the rubric."
    writer.gradebook.db.commit()


@dataclass(frozen=True)
class _Sheet:
    """One notebook handed in, and what grading made of it."""

    data: bytes
    result: Result
    answers: tuple[Answer, ...]
    written: Written | None
    hints: dict[str, int]
    runs: int


class _Desk:
    """One exercise's notebook: fills it in for a student, and grades it."""

    def __init__(self, exercise: Exercise, release: NotebookNode, secret: str, rng: np.random.Generator):
        self.exercise, self.release, self.secret = exercise, release, secret
        self.release_text = nbformat.writes(release)
        self.difficulty = {step.id: float(rng.normal(-0.6, 0.7)) for step in exercise.steps}
        self.liked = {step.id: self._liked(step, rng) for step in exercise.steps}

    @staticmethod
    def _liked(step: Step, rng: np.random.Generator) -> list[str]:
        """The step's misconceptions, the one that is held most often first."""
        known = [m.id for m in catalogue.questions()[step.id].misconceptions]
        pool = [id for id in known if id in EDITS] if step.kind.probed else known
        return [pool[index] for index in rng.permutation(len(pool))]

    @cached_property
    def model(self) -> dict[str, str]:
        """The model answers' cells as a student would have written them, by grade_id."""
        solution = nbformat.read(SOLUTIONS / self.exercise.part / f"{self.exercise.notebook}.ipynb", as_version=4)
        return {name: without_markers(cell) for name, cell in answer_cells(solution).items()}

    @cached_property
    def skeleton(self) -> dict[str, str]:
        """The answer cells as released, by grade_id."""
        return {name: str(cell.source) for name, cell in answer_cells(self.release).items()}

    def missing(self, person: Person, step: Step) -> Answer:
        """What is known of a step in a notebook that was not handed in."""
        return Answer(person.id, self.exercise.part, self.exercise.notebook, step.id, "missing", None, 0.0, step.points)

    def sit(self, person: Person, rng: np.random.Generator) -> _Sheet | None:
        """Return what a student hands in and earns; None when the notebook isn't handed in."""
        if rng.random() < 0.03 + 0.05 * (person.ability < -1):
            return None
        gives_up = rng.random() < _chance(-2.6 - 0.8 * person.ability)
        sources: dict[str, str] = {}
        answers, verdicts = [], []
        for number, step in enumerate(self.exercise.steps):
            stops = gives_up and number >= len(self.exercise.steps) // 2
            what, verdict, sources[step.id] = self._answer(step, person, stops, sources, rng)
            held = verdict.misconception if what == "misconception" else None
            verdicts.append(verdict)
            answers.append(Answer(person.id, self.exercise.part, self.exercise.notebook, step.id, what, held,
                                  verdict.points, verdict.possible, sources[step.id]))  # fmt: skip
        written = self._written(person, rng)
        notebook = copy.deepcopy(self.release)
        for name, cell in answer_cells(notebook).items():
            step_id = name.removesuffix("-answer")
            if sources.get(step_id):
                cell.source = sources[step_id]
            elif name.endswith("-written") and written is not None and written.text:
                cell.source = written.text
        hints = self._work_at(notebook, answers, rng)
        return self._graded(person, notebook, verdicts, answers, written, hints, rng)

    def _work_at(self, notebook: NotebookNode, answers: list[Answer], rng: np.random.Generator) -> dict[str, int]:
        """Leave the traces of work: how often cells ran, and the hints asked for in cells of the student's own."""
        asked = {}
        for answer in answers:
            rungs = len(find_step(answer.step).hints)
            if answer.planted != "right" and rng.random() < 0.4:
                asked[answer.step] = int(rng.integers(1, rungs + 1))
        run = 0
        for cell in [cell for cell in notebook.cells if cell.cell_type == "code"]:
            run += 1 + int(rng.geometric(0.5)) * (cell.metadata.get("nbgrader", {}).get("solution") is True)
            cell.execution_count = run
        for step_id, count in asked.items():
            said = f"Hint {count} of {len(find_step(step_id).hints)} for {step_id}: …"
            run += count
            cell = new_code_cell(f'hint("{step_id}")', id=f"hint-{step_id}", execution_count=run)
            cell.outputs = [new_output("stream", name="stdout", text=said + "\n")]
            notebook.cells.append(cell)
        return asked

    def _answer(
        self, step: Step, person: Person, stops: bool, sources: dict[str, str], rng: np.random.Generator
    ) -> tuple[str, Verdict, str]:
        """Draw an answer to a step: what is planted, the verdict on it, the cell's text."""
        ease, lapse = rng.random(), rng.random()
        before = sources.get(step.kind.builds_on or "", "")
        if stops or lapse < 0.03:
            source = self.skeleton[f"{step.id}-answer"]
            return "unfinished", verdict_on(step.id, source, before), source
        if ease < _chance(1.5 * (person.ability - self.difficulty[step.id])) or not self.liked[step.id]:
            source = self._right(step)
            return "right", self._named(step, source, before, None), source
        for _ in range(PASS_OVER):  # follow-through credit is for a method, not for this mistake: draw another
            place = min(int(rng.geometric(0.35)) - 1, len(self.liked[step.id]) - 1)
            held = self.liked[step.id][place]
            source = self._wrong(step, held)
            if verdict_on(step.id, source, before).misconception == held:
                return "misconception", self._named(step, source, before, held), source
        source = self._right(step)
        return "right", self._named(step, source, before, None), source

    def _named(self, step: Step, source: str, before: str, held: str | None) -> Verdict:
        verdict = verdict_on(step.id, source, before)
        if verdict.misconception != held or verdict.right != (held is None):
            raise RuntimeError(f"{step.id}: the judge sees {verdict.misconception or verdict.status} in\n{source}")
        return verdict

    def _right(self, step: Step) -> str:
        if step.kind.foretells:  # what the experiment gives, whatever the model answer rounds it to
            return _foretold(step, recorded(step.id).reference)
        return self.model[f"{step.id}-answer"]

    def _wrong(self, step: Step, held: str) -> str:
        if step.kind.probed:  # code: see EDITS
            return with_mistake(self.model[f"{step.id}-answer"], held)
        _, misconception = catalogue.misconceptions_by_id()[held]
        return _typed(step, misconception.answer)

    def _written(self, person: Person, rng: np.random.Generator) -> Written | None:
        """A written answer and its hand grade; a blank one waits for no one: nbgrader gives it 0."""
        if f"{self.exercise.id}-written" not in written_cells(self.release):
            return None
        model = model_answers()[self.exercise.id]
        if rng.random() < 0.05:
            return Written(0.0, model.points, "")
        earned = [item.points for item in model.rubric if rng.random() < _chance(person.ability + 0.8)]
        sentences = model.answer.split(". ")
        text = ". ".join(sentences[: max(1, round(len(sentences) * sum(earned) / model.points))])
        return Written(sum(earned) if rng.random() < 0.8 else None, model.points, text)

    def _graded(
        self,
        person: Person,
        notebook: NotebookNode,
        verdicts: list[Verdict],
        answers: list[Answer],
        written: Written | None,
        hints: dict[str, int],
        rng: np.random.Generator,
    ) -> _Sheet:
        """Hand the notebook in, now and then damaged, and grade it as the engine does, without a kernel."""
        fate = rng.random()
        runs = max(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
        if fate < 0.03:
            self._damage(notebook)
        data = nbformat.writes(notebook).encode("utf-8")
        if 0.03 <= fate < 0.04:
            data, hints, runs = data[: len(data) // 2], {}, 0
        name, part = self.exercise.notebook, self.exercise.part
        work = Work(part, person.id, name, data, self.release_text, self.secret, (), {}, "", checking_digest(name))
        by_step = {verdict.step: verdict for verdict in verdicts}

        def examine(_: Work, taken: NotebookNode, __: Clock) -> Ran:
            if 0.04 <= fate < 0.045:
                raise MemoryError("a planted fault of the grader's own.")
            tests = [(cell, str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))) for cell in taken.cells]
            judged = [(cell, by_step.get(name.removesuffix("-test"))) for cell, name in tests if name.endswith("-test")]
            return Ran(taken, tuple(written_into(cell, verdict) for cell, verdict in judged if verdict), None, "")

        result = grade_one(work, examine)
        if result.judged_nothing:
            answers = [
                Answer(a.student, a.part, a.notebook, a.step, "lost", None, 0.0, a.possible, "") for a in answers
            ]
            written = None  # the cell that stands for it is the release's own, which nobody need read: no hand grade
        return _Sheet(data, result, tuple(answers), written, hints, runs)

    def _damage(self, notebook: NotebookNode) -> None:
        """Blank the first test cell, as a student does who edits where nothing is to be edited."""
        for cell in notebook.cells:
            about = cell.metadata.get("nbgrader", {})
            if about.get("grade") and not about.get("solution"):
                cell.source = "# I deleted this"
                return


def _chance(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


# ------------------------------------------------------------------------------------------------ answers, judged


def _typed(step: Step, answer: object) -> str:
    """Return the cell in which a student types a catalogued answer of Part A or C."""
    (name,) = step.answers
    if step.kind.foretells:
        return _foretold(step, answer[name] if isinstance(answer, Mapping) else answer)
    if isinstance(answer, str | int | float | list | tuple):
        return f"{name} = {answer!r}"
    code = f"{name} = {answer}"
    try:
        namespace = dict(_imports(step.id))
        exec(code, namespace)
        if namespace[name] == answer:
            return code
    except Exception:  # a name the notebook doesn't import, or a form that isn't Python
        pass
    return f"{name} = {str(answer)!r}"  # text is an answer too, and 1/2 in it is a half, not 0.5


def _foretold(step: Step, answer: object) -> str:
    """Return the cell in which a student commits a prediction, with a line of why."""
    return f"{step.answers[0]} = {answer!r}\n{step.companions[0]} = {WHY!r}"


@cache
def _imports(step_id: str) -> dict[str, object]:
    """Return the namespace that a notebook's own imports make; no other cell is run."""
    exercise = exercise_with(find_step(step_id))
    notebook = nbformat.read(SOLUTIONS / exercise.part / f"{exercise.notebook}.ipynb", as_version=4)
    namespace: dict[str, object] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            body = parsed(cell.source).body
            if body and all(isinstance(node, ast.Import | ast.ImportFrom) for node in body):
                exec(cell.source, namespace)
    return namespace


@cache
def _evidence(step_id: str, source: str) -> object:
    step = find_step(step_id)
    namespace = dict(_imports(step_id))
    exec(source, namespace)
    answers = {name: namespace.get(name, ...) for name in (*step.answers, *step.companions)}
    return gather(step, answers, recorded(step_id).probes)


@cache
def verdict_on(step_id: str, source: str, before: str = "") -> Verdict:
    """Return the judge's verdict on a cell's text, given the text of the step that it follows from.

    Evidence and verdict are the course's own, on the public probes.
    """
    step = find_step(step_id)
    source_step = step.kind.builds_on
    earlier = {source_step: _evidence(source_step, before)} if before and source_step else {}
    return judge(step, _evidence(step_id, source), recorded(step_id), earlier)
