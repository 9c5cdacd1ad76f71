"""nbgrader's ``generate_assignment``: the release that is there stays until the new one is whole."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from nbconvert.exporters import NotebookExporter
from nbgrader.converters import GenerateAssignment


class Release(NotebookExporter):
    """Stands where nbgrader's GenerateAssignment has its exporter, and keeps the old release beside while it works.

    nbgrader removes a release before it makes the next, and removes what it has made when something fails.
    """

    def __init__(self, **settings: object):
        super().__init__(**settings)  # type: ignore[no-untyped-call]
        if not isinstance(self.parent, GenerateAssignment):
            raise TypeError(f"Release is made by nbgrader's GenerateAssignment, not {type(self.parent).__name__}")
        converter: GenerateAssignment = self.parent  # nbgrader ships no types
        self.kept: dict[Path, Path] = {}
        self._make_way, self._convert = converter.init_destination, converter.convert_notebooks
        converter.init_destination, converter.convert_notebooks = self.make_way, self.convert

    def make_way(self, assignment: str, student: str) -> bool:
        """Keep the release that is there, then let nbgrader decide whether it makes another."""
        there = Path(os.path.normpath(self.parent._format_dest(assignment, student)))  # type: ignore[union-attr]
        beside = there.with_name(f".{there.name}.before")
        if beside.exists() and not there.exists():  # an earlier run was killed
            os.replace(beside, there)
        if there.is_dir():
            shutil.rmtree(beside, ignore_errors=True)
            shutil.copytree(there, beside, symlinks=True)
            self.kept[there] = beside
        return bool(self._make_way(assignment, student))

    def convert(self) -> None:
        """Make the release; where that fails, the old one is put back."""
        try:
            self._convert()
        except BaseException:
            for there, beside in self.kept.items():
                shutil.rmtree(there, ignore_errors=True)
                os.replace(beside, there)
            raise
        for beside in self.kept.values():
            shutil.rmtree(beside, ignore_errors=True)


def find_own_programs() -> None:
    """Let nbgrader find ``alembic``, which it calls by name, beside the Python that runs, activated or not."""
    own = str(Path(sys.executable).parent)
    if shutil.which("alembic") is None and (Path(own) / "alembic").exists():
        os.environ["PATH"] = os.pathsep.join(filter(None, [own, os.environ.get("PATH", "")]))
