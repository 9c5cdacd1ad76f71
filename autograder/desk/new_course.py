"""``python -m autograder new-course DIR``: the course copied for a new term, with a secret of its own.

The copy is made beside its place and moved there when it is whole: one that fails leaves nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from autograder.course import COURSE, ROOT, course_secret
from lrtutorial.advice import Refused, Unusable, Unwritable

#: Made when the course is used, or holding what students handed in.
LEFT_OUT = {".git", "__pycache__", ".ipynb_checkpoints", ".pytest_cache", ".ruff_cache", ".mypy_cache", ".hypothesis",
            ".benchmarks", "_build", "build", "dist", "artifacts", "node_modules"}  # fmt: skip
KINDS_LEFT_OUT = (".venv", ".writing-")
#: The lines of `doctor` that say whether a copy is whole; the others are about the machine.
LOOKED_AT = ("course folder", "course secret", "notebooks")


def new_course(folder: str | Path, *, with_git: bool = False, root: Path = ROOT) -> int:
    """Copy the course into a folder that isn't there or is empty; print what to do next. Returns 0.

    Raises FileExistsError for a folder with something in it, ValueError for one inside the course or around it,
    OSError where it can't be written, RuntimeError when the copy doesn't work. None of these leaves anything behind.
    """
    target = Path(folder).expanduser().absolute()
    root = root.resolve()
    _refuse(target, root)
    console = Console()
    made = [path for path in target.parents if not path.exists()]  # the innermost first
    beside = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{target.name[:50]}-", dir=target.parent))
        copy = beside / "course"
        shutil.copytree(root, copy, symlinks=True, ignore=_left_out(root, with_git))
        course_secret(copy / "autograder" / "course" / "secret")
        _look_at(copy)
        if target.exists():
            target.rmdir()  # empty: looked at before
        os.replace(copy, target)
    except shutil.Error as error:
        source, _, why = error.args[0][0]
        raise Unwritable(f"{source} can't be copied: {why}. Nothing was left of the copy") from error
    except OSError as error:
        raise Unwritable(f"{target} can't be made: {error.strerror}. Name a folder in one you may write") from error
    finally:
        if beside is not None:
            shutil.rmtree(beside, ignore_errors=True)
        if not target.exists():
            with contextlib.suppress(OSError):  # not empty: somebody else's by now
                for path in made:
                    path.rmdir()
    console.print(
        f"The course is copied to {escape(str(target))}. Its secret is new; it holds no submissions and no grades.",
        highlight=False,
        soft_wrap=True,
    )
    console.print(
        "Next:\n"
        f"  cd {escape(_quoted(target))}\n"
        "  make lab                        its own environment, JupyterLab\n"
        "  make release                    the assignments into its gradebook\n"
        "  python -m autograder doctor     whether it can grade\n"
        "Due dates, extra time and nbgrader_config.py are last term's: look through them.",
        highlight=False,
        soft_wrap=True,
    )
    return 0


def _quoted(path: Path) -> str:
    from shlex import quote

    return quote(str(path))


def _refuse(target: Path, root: Path) -> None:
    """Raise unless a new course may be put here."""
    real = target.resolve()
    if real == root or root in real.parents:
        raise Unusable(f"{target} lies inside this course: name a folder outside of {root}")
    if real in root.parents:
        raise Unusable(f"{target} holds this course: name a folder of its own, such as {target / 'new-term'}")
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise Unwritable(f"{target} is a link or a file: name a folder that isn't there yet")
    if target.is_dir() and any(target.iterdir()):
        raise Unwritable(f"{target} isn't empty: name a folder that isn't there yet, or empty it first")


def _left_out(root: Path, with_git: bool) -> Callable[[str, list[str]], set[str]]:
    """Return what shutil.copytree asks for the names that are not to be copied."""
    recorded = {COURSE.resolve(), (root / "autograder" / "course").resolve()}

    def ignore(place: str, names: list[str]) -> set[str]:
        out = set()
        for name in names:
            path = Path(place, name)
            if with_git and name == ".git" and Path(place).resolve() == root:
                continue
            runtime = name in LEFT_OUT or name.startswith(KINDS_LEFT_OUT) or name.endswith(".egg-info")
            if runtime or path.resolve() in recorded or _is_special(path):
                out.add(name)
        return out

    return ignore


def _is_special(path: Path) -> bool:
    """Say whether a path is a pipe, a socket or a device: those can't be copied."""
    return not (path.is_symlink() or path.is_dir() or path.is_file())


def _look_at(copy: Path) -> None:
    """Run the copy's own doctor on what a copy can have lost. Raises RuntimeError with its lines."""
    code = (
        "import json, sys; from dataclasses import asdict; from autograder.desk.doctor import examine;"
        f"print(json.dumps([asdict(one) for one in examine(only={LOOKED_AT!r})]))"
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in ("LRTUTORIAL_COURSE", "LRTUTORIAL_DB")
    }
    environment["PYTHONPATH"] = str(copy)
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Refused(f"the copy doesn't work, so it was taken away: {done.stderr.strip()[-400:]}")
    wrong = [one for one in json.loads(done.stdout) if one["status"] == "fails"]
    if wrong:
        lines = "; ".join(f"{one['name']}: {one['seen']} ({one['do']})" for one in wrong)
        raise Refused(f"the copy would not grade, so it was taken away. {lines}")
