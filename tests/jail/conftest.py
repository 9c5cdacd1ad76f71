"""Real kernels through nbclient, in the jail; and a stand-in for a course with things to steal."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError
from traitlets.config import Config

from autograder.jail import JailReport
from autograder.jail.execute import JailedExecute
from autograder.jail.provisioner import JailedKernelManager


@dataclass(frozen=True)
class Ran:
    """What became of a notebook: its cells' outputs, whether the kernel died, how it ended, what held it."""

    cells: list[Any]
    died: bool
    ended: str
    report: JailReport
    usage: dict[str, float]

    def text(self, index: int = -1) -> str:
        """All text of one cell's streams, results and errors."""
        parts = []
        for output in self.cells[index].outputs:
            parts.append(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
            parts.append(f"{output.get('ename', '')}: {output.get('evalue', '')}" if "ename" in output else "")
        return "".join(parts)

    def error(self, index: int = -1) -> str:
        """The name of the exception one cell ended with, '' for none."""
        return next((output.ename for output in self.cells[index].outputs if output.output_type == "error"), "")


def _notebook(sources: tuple[str, ...]) -> Any:
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def _run_in_shell(*sources: str, cwd: Path | None = None, client: dict[str, Any] | None = None, **jail: Any) -> Ran:
    """As `_run`, through IPython's shell on one socket."""
    notebook = _notebook(sources)
    config = Config({"JailedProvisioner": {"profile": "numpy", "minimum": "full", **jail}})
    executor = JailedExecute(
        config=config, stock_kernel=False, timeout=None, interrupt_on_timeout=False, iopub_timeout=2
    )
    executor.update_config(Config({"JailedExecute": client or {}}))
    died = False
    try:
        executor.preprocess(notebook, {"metadata": {"path": str(cwd)}} if cwd is not None else {})
    except DeadKernelError:
        died = True
    shell = executor.shell
    assert shell is not None and shell.jail_report is not None
    assert shell.kernel.poll() is not None, "the shell outlived its notebook"
    return Ran(notebook.cells, died, executor.ending(), shell.jail_report, shell.kernel.usage)


def _run(*sources: str, cwd: Path | None = None, client: dict[str, Any] | None = None, **jail: Any) -> Ran:
    """Run cells in a kernel of their own; `jail` are JailedProvisioner's settings, `client` nbclient's."""
    notebook = _notebook(sources)
    manager = JailedKernelManager(jail={"profile": "numpy", "minimum": "full", **jail})
    settings = {"allow_errors": True, "shutdown_kernel": "immediate", "iopub_timeout": 2, **(client or {})}
    executor = NotebookClient(notebook, km=manager, **settings)
    executor.owns_km = True
    if cwd is not None:
        executor.resources = {"metadata": {"path": str(cwd)}}
    died = False
    try:
        executor.execute()
    except DeadKernelError:
        died = True
    report, kernel = manager.jail_report, manager.provisioner.kernel
    assert report is not None and kernel is not None
    assert kernel.poll() is not None, "the kernel outlived its notebook"
    return Ran(notebook.cells, died, manager.ending(), report, kernel.usage)


@pytest.fixture(scope="session", params=[_run_in_shell, _run], ids=["shell", "kernel"])
def run(request: pytest.FixtureRequest) -> Any:
    """`run(*cells, cwd=, client=, **jail)`: a notebook in a jail of its own, both ways; returns a `Ran`."""
    return request.param


@dataclass(frozen=True)
class Course:
    """A course's directory with secrets, and somebody listening on this machine."""

    root: Path
    submission: Path
    tcp: tuple[str, int]
    udp: tuple[str, int]
    unix: str


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    """Gradebook, solution, secret, a sibling's submission, and TCP, UDP and unix listeners on loopback."""
    root = tmp_path_factory.mktemp("course")
    own, sibling = root / "submitted" / "ada" / "part_b", root / "submitted" / "bob" / "part_b"
    for directory in (own, sibling, root / "source" / "part_b"):
        directory.mkdir(parents=True)
    (root / "gradebook.db").write_bytes(b"SQLite format 3\0 the gradebook")
    (root / "secret.key").write_text("the course's secret")
    (root / "source" / "part_b" / "b2.ipynb").write_text("the solution")
    (sibling / "b2.ipynb").write_text("another student's work")
    (own / "b2.ipynb").write_text("this student's work")
    with (
        socket.socket() as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as unix,
    ):
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        unix.bind(str(root / "s"))
        tcp.listen(64)
        unix.listen(64)
        yield Course(root, own, tcp.getsockname(), udp.getsockname(), str(root / "s"))
