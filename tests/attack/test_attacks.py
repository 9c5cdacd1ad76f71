"""A class of attackers, graded as any class: none gains, leaks, outlives its grading or harms a neighbour."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder.cells import answer_cells
from autograder.demo.students import Student, submission
from autograder.gradebook.ledger import Ledger
from tests import commands
from tests.attack.attacks import CODE, FILES, FORMULAS, RAN, SILENT, SURGERY, WORTHLESS, answer, put_in
from tests.released import Release, release  # noqa: F401 – a fixture

pytestmark = pytest.mark.xdist_group("attack")

ROOT = Path(__file__).resolve().parents[2]
HONEST = ("aa_honest", "mm_honest", "zz_honest")  # first, among them and last
WORDS = "Wilhelmina's own words"  # in the honest submissions, which are nobody else's to see
BESIDE = "brings_links_beside"  # an honest notebook, and links beside it
B2, A1 = ("part_b", "b2_adam"), ("part_a", "a1_convergence")
ON_B2 = [*CODE, *SURGERY, *FILES]
RUN = """
import json, sys
from autograder.grading.assignment import Assignment
from autograder.grading.engine import grade
from autograder.grading.workers import local_workers
for part in ("part_a", "part_b"):
    assignment = Assignment.find(part)
    assignment.config.TrustedExecute.timeout = 4
    assignment.config.JailedProvisioner.minimum = "confined"
    assignment.config.JailedProvisioner.limits = {
        "cell_seconds": 6, "notebook_seconds": 25, "cpu_seconds": 20, "memory_bytes": 2**29, "output_bytes": 2**20,
    }
    with local_workers(6) as workers:  # many of them only wait for their limits
        summary = grade(assignment, workers)
    print(json.dumps({"statuses": summary.statuses, "not_run": summary.not_run}))
"""


class Ears:
    """Listens on the loopback in every way a kernel might try; ``heard`` counts."""

    def __init__(self, folder: Path, mark: str):
        self.heard = 0
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("127.0.0.1", self.port))
        self.path = folder / "ear"
        self.unix, self.abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        self.unix.bind(str(self.path))
        self.abstract.bind(f"\0{mark}")
        os.chmod(self.path, 0o777)
        for listener in (self.tcp, self.unix, self.abstract):
            listener.listen()
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        threading.Thread(target=self._receive, daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                listener.accept()[0].close()
            except OSError:
                return
            self.heard += 1

    def _receive(self) -> None:
        while True:
            try:
                if not self.udp.recv(100):
                    return
            except OSError:
                return
            self.heard += 1

    def close(self) -> None:
        for listener in (self.tcp, self.udp, self.unix, self.abstract):
            try:
                listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            listener.close()


@dataclass
class Outcome:
    """What the grading run of the whole class left."""

    course: Path
    mark: str
    printed: str
    heard: int
    changed: list[str]
    scores: dict[tuple[str, str], float]
    rows: dict[tuple[str, str], dict[str, Any]]
    canaries: dict[str, str] = field(repr=False)

    def shown(self, student: str) -> str:
        """Everything that was written for a student: notebooks, and the files beside them."""
        folder = self.course / "autograded" / student
        return "\n".join(path.read_text(errors="replace") for path in sorted(folder.rglob("*")) if path.is_file())


def digests(*places: Path) -> dict[str, str]:
    """The state of the files that an attack tries to change."""
    files = [path for place in places for path in (place, *place.rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def hand_in(course: Path, student: str, where: tuple[str, str], notebook: Any) -> None:
    folder = course / "submitted" / student / where[0]
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, folder / f"{where[1]}.ipynb")


def released(where: tuple[str, str]) -> Any:
    return nbformat.read(ROOT / "notebooks" / where[0] / f"{where[1]}.ipynb", as_version=4)


def right(where: tuple[str, str]) -> Any:
    name = f"{where[1]}.ipynb"
    return submission(Student("s", ""), ROOT / "notebooks" / where[0] / name, ROOT / "solutions" / where[0] / name)


def write_class(course: Path, ears: Ears, mark: str) -> None:
    words = {"ROOT": ROOT, "COURSE": course, "PORT": ears.port, "UNIX": ears.path, "MARK": mark}
    for student in (*HONEST, BESIDE):
        for where in (B2, A1):
            notebook = right(where)
            notebook.cells.append(nbformat.v4.new_markdown_cell(WORDS if student != BESIDE else "mine"))
            hand_in(course, student, where, notebook)
    for name, code in CODE.items():
        notebook = released(B2)
        own = put_in(code, **words)
        answer(notebook, "b2-answer", f"{WORTHLESS}\n{own}")
        hand_in(course, name, B2, notebook)
    for name, (surgery, _) in SURGERY.items():
        notebook = released(B2)
        answer(notebook, "b2-answer", WORTHLESS)
        surgery(notebook)
        folder = course / "submitted" / name / "part_b"
        folder.mkdir(parents=True)
        (folder / "b2_adam.ipynb").write_text(json.dumps(notebook))
    for name, make in FILES.items():
        folder = course / "submitted" / name / "part_b"
        folder.mkdir(parents=True)
        make(folder, ROOT, course / "submitted" / HONEST[0] / "part_b")
    beside = course / "submitted" / BESIDE / "part_b"
    (beside / "model.ipynb").symlink_to(ROOT / "solutions" / "part_b" / "b2_adam.ipynb")
    (beside / "model.txt").symlink_to(ROOT / "solutions" / "part_b" / "b2_adam.ipynb")
    (beside / "all").symlink_to(ROOT / "solutions")
    (beside / "secret.txt").symlink_to(course / "secret")
    for name, code in FORMULAS.items():
        notebook = released(A1)
        for grade_id in answer_cells(notebook):
            asked = {"a1-derivation-answer": "chain"}.get(grade_id, grade_id.split("-")[1])
            answer(notebook, grade_id, put_in(code, NAME=asked, **words))
        hand_in(course, name, A1, notebook)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory, release: Release) -> Outcome:  # noqa: F811
    """The class, graded once."""
    course = release(tmp_path_factory.mktemp("course"), "part_a", "part_b")
    mark = f"lr{secrets.token_hex(4)}"
    environment = {
        **os.environ,
        "LRTUTORIAL_COURSE": str(course),
        "COURSE_TOKEN": f"token-{mark}",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }

    def python(*words: str) -> str:
        done = commands.run([sys.executable, *words], cwd=ROOT, env=environment, quick_zygotes=False)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    ears = Ears(tmp_path_factory.mktemp("ear"), mark)
    write_class(course, ears, mark)
    honest = [course / "submitted" / name for name in HONEST]
    python("-c", "from autograder.course import course_secret; course_secret()")
    before = digests(*honest, course / "secret")
    printed = python("-c", RUN)
    after = digests(*honest, course / "secret")
    ears.close()
    with ThreadPoolExecutor() as pool:  # three commands, most of whose time is their start
        feedback = ("-m", "nbgrader", "generate_feedback", "part_b", "--student")
        list(pool.map(lambda name: python(*feedback, name), (BESIDE, "is_no_notebook", "links_to_the_solution")))
    db = f"sqlite:///{course / 'gradebook.db'}"
    with Gradebook(db) as gradebook:
        scores = {
            (entry.student.id, part): entry.score
            for part in ("part_a", "part_b")
            for entry in gradebook.assignment_submissions(part)
        }
    with Ledger(db) as ledger:
        rows = {(row["student"], row["notebook"]): row for row in ledger.submissions()}
    solution = nbformat.read(ROOT / "solutions" / "part_b" / "b2_adam.ipynb", as_version=4)
    model = next(line for line in answer_cells(solution)["b2-answer"].source.splitlines() if "1 - self.beta1**" in line)
    canaries = {
        "the course secret": (course / "secret").read_text().strip(),
        "a model answer": model.strip(),
        "the references": "class MomentumSGD",
        "another student": WORDS,
        "another student's name": HONEST[2],
        "the grader's environment": f"token-{mark}",
        "what a question asked": "seen in a question",
    }
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return Outcome(course, mark, printed, ears.heard, changed, scores, rows, canaries)


def test_there_are_enough_attacks() -> None:
    assert len(ON_B2) + len(FORMULAS) >= 45


@pytest.mark.parametrize("name", [*ON_B2, *FORMULAS])
def test_an_attack_gains_nothing_and_leaks_nothing(outcome: Outcome, name: str) -> None:
    part, notebook = A1 if name in FORMULAS else B2
    assert outcome.scores[name, part] == 0
    row = outcome.rows[name, notebook]
    assert row["status"] in ("graded", "graded with repairs", "rejected"), row["reason"]
    shown = outcome.shown(name)
    assert shown, "an autograded notebook is there for every submission"
    for what, canary in outcome.canaries.items():
        assert canary not in shown, f"{what} was in what the student gets back"
    assert len(shown) < 8 * 2**20
    if name in CODE and name not in SILENT:
        assert RAN in printed_by(outcome, name, notebook), "the attack itself never ran"


def printed_by(outcome: Outcome, name: str, notebook: str) -> str:
    graded = nbformat.read(next((outcome.course / "autograded" / name).rglob(f"{notebook}.ipynb")), as_version=4)
    outputs = [output for cell in graded.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs)


@pytest.mark.parametrize("name", SURGERY)
def test_surgery_is_repaired_and_said(outcome: Outcome, name: str) -> None:
    row = outcome.rows[name, "b2_adam"]
    assert row["status"] == SURGERY[name][1]
    assert ("Repaired before grading" in outcome.shown(name)) == (row["status"] == "graded with repairs")


@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file_of_ones_own_is_rejected_with_the_reason(outcome: Outcome, name: str) -> None:
    row = outcome.rows[name, "b2_adam"]
    assert row["status"] == "rejected" and len(row["reason"]) > 20
    assert "could not be graded" in outcome.shown(name)


@pytest.mark.parametrize("name", ["swallows_the_interrupt", "cannot_be_interrupted", "hangs_in_step", "leaves_by_exit"])
def test_the_reason_is_in_the_feedback(outcome: Outcome, name: str) -> None:
    assert "No evidence came back" in outcome.shown(name)
    assert "limit" in outcome.shown(name) or "ended itself" in outcome.shown(name)


@pytest.mark.parametrize("student", [*HONEST, BESIDE])
def test_the_honest_beside_them_score_in_full(outcome: Outcome, student: str) -> None:
    with Ledger(f"sqlite:///{outcome.course / 'gradebook.db'}") as ledger:
        rows = [row for row in ledger.verdicts() if row["student"] == student]
    assert {row["step"]: row["points"] for row in rows} == {row["step"]: row["possible"] for row in rows}
    assert outcome.scores[student, "part_a"] == outcome.scores[student, "part_b"] == 20
    assert outcome.rows[student, "b2_adam"]["status"] == "graded"


def test_links_are_not_copied_into_the_feedback(outcome: Outcome) -> None:
    feedback = outcome.course / "feedback" / BESIDE / "part_b"
    assert sorted(path.name for path in feedback.iterdir()) == ["b2_adam.html"]
    stored = {path.name for path in (outcome.course / "autograded" / BESIDE / "part_b").iterdir()}
    assert stored == {"b2_adam.ipynb"}
    kept = outcome.course / "quarantine" / BESIDE / "part_b"
    assert {path.name for path in kept.iterdir()} == {"model.txt", "all", "secret.txt"}


@pytest.mark.parametrize("student", ["is_no_notebook", "links_to_the_solution"])
def test_the_feedback_says_why_nothing_was_graded(outcome: Outcome, student: str) -> None:
    page = (outcome.course / "feedback" / student / "part_b" / "b2_adam.html").read_text()
    assert "read as a notebook" in page and outcome.rows[student, "b2_adam"]["reason"][:20] in page
    for canary in outcome.canaries.values():
        assert canary not in page


def test_nothing_left_the_machine_or_the_kernel(outcome: Outcome) -> None:
    assert outcome.heard == 0
    assert outcome.changed == []
    assert "raise SystemExit" not in (ROOT / "lrtutorial" / "checking" / "__init__.py").read_text()
    places = [ROOT / "lrtutorial", ROOT, Path("/tmp"), Path("/var/tmp"), Path.home(), Path("/dev/shm")]
    assert [path for place in places for path in place.glob(f"{outcome.mark}*")] == []


def test_nothing_outlives_the_grading(outcome: Outcome) -> None:
    left = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            comm, words = (folder / "comm").read_text().strip(), (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if comm == outcome.mark or words == b"sleep\x0061\x00":
            left.append(folder.name)
    assert left == []


def test_every_notebook_was_graded_or_rejected_and_held(outcome: Outcome) -> None:
    runs = [json.loads(line) for line in outcome.printed.splitlines() if line.startswith("{")]
    assert [run["not_run"] for run in runs] == [[], []], outcome.printed
    assert all("failed" not in run["statuses"] for run in runs)
    for row in outcome.rows.values():
        if row["status"] != "rejected":
            assert json.loads(row["jail"])["level"] in ("confined", "full")
