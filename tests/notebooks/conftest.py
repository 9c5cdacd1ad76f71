"""The environment that Binder makes, and every notebook as a student leaves it, run there from top to bottom.

repo2docker needs a container; this does what it does without one: what environment.yml names goes into an empty
virtual environment, then the course by `pip install .`. The packages are taken over from the tests' own environment,
which pip made of the same versions: each that is named, and what it says it needs, nothing else.
"""

from __future__ import annotations

import fcntl
import hashlib
import inspect
import os
import pickle
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any
from unittest import mock

import nbformat
import pytest
import yaml
from nbclient import NotebookClient
from nbformat import NotebookNode
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from traitlets.config import Config

from autograder.cells import answer_cells, without_markers
from tests import commands, kernels
from tests.copying import without

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb")) + sorted((ROOT / "notebooks").glob("part_*/*.ipynb"))
PIP_NAMES = {"matplotlib-base": "matplotlib", "pytorch-cpu": "torch"}  # what PyPI calls what conda-forge calls so

# One wrong answer in each notebook: the cell; what it says instead, or a part of the right answer and what stands there
# instead; and what the verdict below it (in Part C: the comparison) has to say.
WRONG: dict[str, tuple[str, str | tuple[str, str], str]] = {
    "a1": ("a1-condition-answer", "condition = eta < 2 / a", "lower bound is missing"),
    "a2": ("a2-contribution-answer", "contribution = beta**k", "Not yet"),
    "a3": ("a3-limit_lr-answer", "limit_lr = eta / g", "Negative for a negative gradient"),
    "a4": ("a4-corrected_m-answer", "corrected_m = m_t / (1 - beta1)", "Not yet"),
    "a5": ("a5-rate-answer", "rate = 1 - 2/kappa", "1 − 2/κ is the approximation"),
    "b1": ("b1-answer", ("param -= self.lr * grad", "param += self.lr * grad"), "Partly right|Not yet"),
    "b2": ("b2-answer", ("self.m[i] / (1 - self.beta1**self.t)", "self.m[i]"), "Partly right"),
    "b3": ("b3-answer", ("20 * pos[1]", "2 * pos[1]"), "Partly right|Not yet"),
    "b4": ("b4-answer", ("            optimizer.zero_grad()\n", ""), "Partly right|Not yet"),
    "b5": ("b5-answer", ("T_cur >= T_i", "T_cur > T_i"), "Partly right|Not yet"),
    "c1": ("c1-prediction_2-answer", ("prediction_2 = 2", "prediction_2 = 7"), "2 of 3 right"),
    "c2": ("c2-prediction_3-answer", ('prediction_3 = "larger"', 'prediction_3 = "smaller"'), "3 of 4 right"),
    "c3": ("c3-prediction_1-answer", ('prediction_1 = "same"', 'prediction_1 = "tenfold"'), "2 of 3 right"),
    "c4": ("c4-prediction_2-answer", ('prediction_2 = "sharper"', 'prediction_2 = "flatter"'), "3 of 4 right"),
    "c5": ("c5-prediction_1-answer", ('prediction_1 = "large"', 'prediction_1 = "small"'), "2 of 3 right"),
    "c6": ("c6-prediction_1-answer", ('prediction_1 = "sgd"', 'prediction_1 = "adam"'), "2 of 3 right"),
}
# What a student does with one kernel: run all cells, answer, run all, mend what is wrong, run all. (That right answers
# are right in a fresh kernel, too, is what grading shows.) In Part C the first prediction counts: a wrong one has a
# kernel of its own.
VISITS = {
    "part_a": (("untouched", "wrong", "right"),),
    "part_b": (("untouched", "wrong", "right"),),
    "part_c": (("untouched", "right"), ("wrong",)),
}
# Run in kernels that start as they do at home: the others are forked, with some imports done (tests/kernels.py).
AS_USUAL = {"start_here", "a1_convergence"}
# Runs last. ru_maxrss would count what the test's process held when it forked the kernel; VmHWM begins anew at exec.
PEAK = """import importlib.util, pathlib, re, sys
assert importlib.util.find_spec("autograder") is None, "a student has no autograder"
status = pathlib.Path("/proc/self/status").read_text()
forked = "forked.py" in pathlib.Path("/proc/self/cmdline").read_text()
print(int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) / 1024, "torch" in sys.modules, forked)"""
# After that, in Part C: what its experiments gave, by the cell. What a slider moves over no cell shows: it has a name.
GAVE = """import pickle
cells = {cells}
gave = {{cells[code.strip()]: Out[n] for n, code in enumerate(In) if code.strip() in cells and n in Out}}
gave |= {{cell: globals()[name] for cell, name in {named}.items() if name in globals()}}
with open({to!r}, "wb") as file:
    pickle.dump(gave, file)"""
NAMED = {"rate-slider": "runs", "edge-slider": "edge"}


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Let one process at a time in: pytest's workers share what is made here."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def wanted() -> list[str]:
    """What environment.yml asks of conda-forge, as pip's requirements."""
    lines = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    named = [re.match(r"([a-z0-9-]+)(.*)", line).groups() for line in lines if isinstance(line, str)]
    return [PIP_NAMES.get(name, name) + versions for name, versions in named if name not in ("python", "pip")]


def needed(names: Iterable[str]) -> list[metadata.Distribution]:
    """Return the installed packages of these requirements, and of what they require in turn."""
    found: dict[str, metadata.Distribution] = {}
    asked = [Requirement(name) for name in names]
    while asked:
        wish = asked.pop()
        distribution = metadata.distribution(wish.name)
        assert wish.specifier.contains(distribution.version, prereleases=True), (wish, distribution.version)
        key = canonicalize_name(wish.name) + "".join(sorted(wish.extras))
        if key in found:
            continue
        found[key] = distribution
        for needs in map(Requirement, distribution.requires or []):
            extras = ("", *wish.extras)
            if not needs.marker or any(needs.marker.evaluate({"extra": extra}) for extra in extras):
                asked.append(needs)
    return [found[key] for key in sorted(found)]


def take_over(distribution: metadata.Distribution, site: Path) -> None:
    """Link an installed package into another environment, its bytecode included, of which pip knows nothing."""
    for file in distribution.files or []:
        if ".." in file.parts and "bin" in file.parts:  # a program, which names its Python
            continue
        source = Path(distribution.locate_file(file))
        target = Path(os.path.normpath(site / file))  # what JupyterLab shares lies above the packages
        link(source, target)
        if source.suffix == ".py":
            link(Path(cache_from_source(source)), Path(cache_from_source(target)))


def link(source: Path, target: Path) -> None:
    """Give a file, when it is there, a second name."""
    if not source.is_file():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except FileExistsError:
        pass
    except OSError:  # on another disk
        shutil.copy2(source, target)


def make_environment(folder: Path, packages: Iterable[metadata.Distribution]) -> None:
    """Make the environment of environment.yml; it is kept in pytest's cache until a requirement changes."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    show = [str(folder / "bin" / "python"), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.check_output(show, text=True).strip())
    for package in packages:
        take_over(package, site)
    (folder / "complete").touch()


@dataclass(frozen=True)
class Student:
    """A student's machine: its Python, with the course installed and no autograder, and a folder of its own."""

    python: Path
    folder: Path

    def works(self, path: Path, how: str) -> NotebookNode:
        """Return a notebook executed from top to bottom; `how`: untouched, right or wrong. A cell that raises fails.

        Executed once for all tests of a session, whichever worker asks first. Part C's experiments don't look at
        predictions and take long: a wrong one is tried without them.
        """
        (visit,) = (visit for visit in VISITS.get(path.parent.name, (("untouched",),)) if how in visit)
        kept = self.folder / how / path.name
        with alone(self.folder / visit[0] / f"{path.stem}.lock"):
            if not kept.exists():
                self._run(path, visit)
        return nbformat.read(kept, as_version=4)

    def gave(self, path: Path) -> dict[str, Any]:
        """What a notebook of Part C measured when it was run with right answers: by the cell's id."""
        self.works(path, "right")
        return pickle.loads(self._pickle(path).read_bytes())

    def _run(self, path: Path, visit: tuple[str, ...]) -> None:
        place = self.folder / "homes" / f"{visit[0]}-{path.stem}" / "notebooks"
        place.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory() as sockets, mock.patch.dict(os.environ, {"JUPYTER_PATH": str(self.kernels)}):
            config = Config()  # not a port: between the choice and the kernel's start another may take it
            config.KernelManager = Config(transport="ipc", ip=f"{sockets}/kernel")
            client = NotebookClient(
                answered(path, visit[0]),
                kernel_name="student" if path.stem not in AS_USUAL else "usual",
                timeout=300,
                shutdown_kernel="immediate",  # nothing is left to say, and what Python frees at its end takes a while
                resources={"metadata": {"path": str(place)}},
                config=config,
            )
            with client.setup_kernel(env=self.environment(place.parent)):
                for how in visit:
                    client.nb = self._answers(path, how, place)
                    client.execute(cleanup_kc=False)
                    done = client.nb
                    (self.folder / how).mkdir(exist_ok=True)
                    if path.parent.name == "part_c" and how == "right":
                        client.nb = self._gave(done, self._pickle(path))
                        client.execute(cleanup_kc=False)
                    nbformat.write(done, self.folder / how / path.name)

    @cached_property
    def kernels(self) -> Path:
        """Where Jupyter finds the kernel "student": forked, for each worker from a process of the student's Python."""
        shared = Path(mkdtemp(dir=self.folder))
        backend = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}  # every kernel sets it when it starts
        server = commands.server([str(self.python)], kernels.MODULES, self.environment(shared) | backend)
        kernels.describe(shared, "student", str(self.python), server)
        kernels.describe(shared, "usual", str(self.python), None)
        return shared

    def _pickle(self, path: Path) -> Path:
        return self.folder / "right" / f"{path.stem}.pickle"

    def _gave(self, done: NotebookNode, to: Path) -> NotebookNode:
        """A notebook of one cell, for the same kernel, which keeps what the experiments of an executed one gave."""
        asked = (cell for cell in done.cells if "experiment" in cell.metadata.get("tags", []))
        cells = {cell.source.strip(): cell["id"] for cell in asked}
        source = GAVE.format(cells=cells, named=NAMED, to=str(to))
        return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])

    def _answers(self, path: Path, how: str, place: Path) -> NotebookNode:
        """The notebook as the student now runs all of it, saved in its place: reveal reads it there."""
        notebook = answered(path, how)
        if how == "wrong" and path.parent.name == "part_c":
            tags = ((cell, cell.metadata.get("tags", [])) for cell in notebook.cells)
            notebook.cells = [cell for cell, names in tags if "experiment" not in names]
        nbformat.write(notebook, place / path.name)
        notebook.cells.append(nbformat.v4.new_code_cell(PEAK, id="peak"))
        return notebook

    def environment(self, home: Path) -> dict[str, str]:
        """The variables of a fresh account on a machine with nothing but this environment."""
        return {
            "PATH": os.pathsep.join([str(self.python.parent), "/usr/bin", "/bin"]),
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(self.folder / "site"),  # where the course is installed
        }


def answered(path: Path, how: str) -> NotebookNode:
    """Return a released notebook as it is, with the solution's answers, or with those and one wrong one."""
    notebook = nbformat.read(path, as_version=4)
    if how == "untouched":
        return notebook
    right = answer_cells(nbformat.read(ROOT / "solutions" / path.parent.name / path.name, as_version=4))
    for name, cell in answer_cells(notebook).items():
        cell.source = without_markers(right[name])
    if how == "wrong":
        name, instead, _ = WRONG[path.stem.split("_")[0]]
        cell = answer_cells(notebook)[name]
        if isinstance(instead, tuple):
            assert instead[0] in cell.source
            cell.source = cell.source.replace(*instead)
        else:
            answer = instead.split(" = ")[0]
            assert re.search(rf"^{answer} = ", cell.source, re.M)
            cell.source = re.sub(rf"^{answer} = .*$", instead, cell.source, flags=re.M)
    return notebook


@pytest.fixture(scope="session")
def student(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Student:
    """A student's machine, made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    shared = (base if not hasattr(request.config, "workerinput") else base.parent) / "student"
    packages = needed([*wanted(), "pip", "setuptools"])
    how = "".join(map(inspect.getsource, (make_environment, take_over, link)))
    asked = "\n".join([sys.version, *wanted(), *(f"{each.name}=={each.version}" for each in packages), how])
    name = f"student-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"
    environment = Path(request.config.cache.mkdir("environments")) / name
    python = environment / "bin" / "python"
    with alone(environment.with_suffix(".lock")):
        if not (environment / "complete").exists():
            make_environment(environment, packages)
    with alone(shared.with_suffix(".lock")):
        if not (shared / "complete").exists():
            install_course(python, shared)
    return Student(python, shared)


def install_course(python: Path, shared: Path) -> None:
    """`pip install .` of a copy of the course, as Binder does, for this session."""
    source, site = shared / "course", shared / "site"
    unwanted = without("__pycache__", ".*", "*.egg-info")
    for package in ("lrtutorial", "autograder"):
        shutil.copytree(ROOT / package, source / package, ignore=unwanted)
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / file, source)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", str(site)]
    done = subprocess.run([*pip, "."], cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    shutil.rmtree(source)
    (shared / "complete").touch()


@pytest.fixture
def works(student: Student) -> Callable[[Path, str], NotebookNode]:
    """A function that gives a released notebook executed: `works(path, "untouched" | "right" | "wrong")`."""
    return student.works
