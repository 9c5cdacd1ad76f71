"""How a notebook runs in grading where it could run otherwise than at home: files beside it, shell lines, imports.

The grader calls :func:`prepare` in the kernel before the first cell. What a student's code undoes of it is to its own
loss: points come of evidence alone.
"""

from __future__ import annotations

import ast
import base64
import builtins
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from lrtutorial.answers.parsing import parsed

SHELL = {"pip", "conda", "mamba", "micromamba", "uv", "sx", "system", "sc", "bash", "sh", "script", "cmd", "perl"}
#: Line magics that set up the notebook: one that this machine can't do is left out.
SETTINGS = {"matplotlib", "load_ext", "reload_ext", "autoreload", "autosave", "config", "cd", "gui", "pylab", "env"}
MOST_NOTES, LONGEST = 20, 200
#: What was left out in this kernel, a sentence each.
left_out: list[str] = []
_missing: set[str] = set()  # names that a failed import would have bound


def prepare(request: str) -> None:
    """Make this kernel ready to run a submission; ``request`` is JSON: ``{"files": {path: base64}}``.

    The files go into the current folder, which is looked through for modules last: none can stand in front of an
    installed one. Shell lines and installs are left out with a note, and so is an import that fails here.
    """
    from IPython import get_ipython

    os.environ["LRTUTORIAL_GRADED"] = "1"  # nothing is shown here to draw on, and nothing waits for a reader
    shell = get_ipython()
    write_files(json.loads(request)["files"], Path.cwd())
    sys.path[:] = [entry for entry in sys.path if entry not in ("", os.getcwd())] + [os.getcwd()]
    shell.ast_transformers.append(Excusing())
    vars(builtins)["__lr_excuse__"] = excuse  # not among the notebook's own names
    _leave_out_commands(shell)
    shell.kernel.raw_input = shell.kernel.getpass = _nobody_types


def write_files(files: dict[str, str], folder: Path) -> None:
    """Write files (base64 by relative path) into a folder, and nothing outside of it."""
    for name, data in files.items():
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            continue
        try:
            target = folder.joinpath(*path.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(base64.b64decode(data))
        except OSError as error:
            note(f"the file {name} ({error.strerror})")


def asks(cells: Iterable[str]) -> str:
    """Return what a check says beforehand of cells that ask for something to be typed; empty where none does."""
    for cell in cells:
        if "input(" not in cell and "getpass(" not in cell:
            continue
        try:
            calls = [node for node in ast.walk(parsed(cell)) if isinstance(node, ast.Call)]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for call in calls:
            if (getattr(call.func, "id", "") or getattr(call.func, "attr", "")) in ("input", "getpass"):
                return (
                    f"Nobody types in grading: `{ast.unparse(call)[:60]}` gives an empty text there. Write the value."
                )
    return ""


def _nobody_types(prompt: object = "", *anything: object, **more: object) -> str:
    note(f"input({str(prompt)[:60]!r}), for nobody types here: it gave an empty text")
    return ""


def note(what: str) -> None:
    """Say in the cell's output, and later in the verdict, what was left out."""
    text = what if len(what) <= LONGEST else what[:LONGEST] + "…"
    if len(left_out) < MOST_NOTES:
        left_out.append(text)
    print(f"[Left out in grading: {text}]", file=sys.stderr)


def _leave_out_commands(shell: Any) -> None:
    line_magic, cell_magic = shell.run_line_magic, shell.run_cell_magic

    def system(command: str) -> None:
        note(f"!{command}")

    def getoutput(command: str, *args: object, **words: object) -> list[str]:
        from IPython.utils.text import SList

        note(f"!{command}")
        return SList()

    def run_line_magic(name: str, line: str, _stack_depth: int = 1) -> Any:
        if name in SHELL:
            return note(f"%{name} {line}")
        try:
            return line_magic(name, line, _stack_depth=_stack_depth + 1)
        except Exception as error:
            known = shell.find_line_magic(name) is not None
            if known and name not in SETTINGS:
                raise
            return note(f"%{name} {line} ({type(error).__name__})")

    def run_cell_magic(name: str, line: str, cell: str) -> Any:
        return note(f"%%{name} {line}") if name in SHELL else cell_magic(name, line, cell)

    shell.system = shell.system_raw = shell.system_piped = system
    shell.getoutput = getoutput
    shell.run_line_magic, shell.run_cell_magic = run_line_magic, run_cell_magic


# ----------------------------------------------------------------------------------------------- imports that fail


class Excusing:
    """Goes on after an import at a cell's top level that fails here, and after what only that makes fail."""

    def visit(self, tree: ast.Module) -> ast.Module:
        """Return a cell's tree with its imports, and the plain statements after one, each in a ``try`` of its own.

        IPython completes the places of new nodes, as it does after every change of a tree.
        """
        if not isinstance(tree, ast.Module):
            return tree
        body: list[ast.stmt] = []
        for index, statement in enumerate(tree.body):
            last = index == len(tree.body) - 1 and isinstance(statement, ast.Expr)  # its value is shown
            plain = isinstance(statement, ast.Import | ast.ImportFrom | ast.Expr | ast.Assign | ast.AnnAssign)
            future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
            body.append(statement if last or future or not plain else _excused(statement))
        tree.body = body
        return tree


def _excused(statement: ast.stmt) -> ast.stmt:
    names = _bound(statement)
    text = ast.unparse(statement)[:LONGEST]
    call = ast.Call(
        ast.Name("__lr_excuse__", ast.Load()),
        [ast.Name("_lr_error", ast.Load()), ast.Constant(text), ast.Constant(",".join(names))],
        [],
    )
    again = ast.If(ast.UnaryOp(ast.Not(), call), [ast.Raise()], [])
    handler = ast.ExceptHandler(
        ast.Tuple([ast.Name("ImportError", ast.Load()), ast.Name("NameError", ast.Load())], ast.Load()),
        "_lr_error",
        [again],
    )
    attempt = ast.Try([statement], [handler], [], [])
    for node in (handler, attempt, again):
        ast.copy_location(node, statement)
    return attempt


def _bound(statement: ast.stmt) -> list[str]:
    """Names that an import would bind; none for other statements."""
    if not isinstance(statement, ast.Import | ast.ImportFrom):
        return []
    return [alias.asname or alias.name.split(".")[0] for alias in statement.names]


def excuse(error: ImportError | NameError, line: str, names: str) -> bool:
    """Say whether to go on after an error: of an import, or of a name that a failed import would have bound."""
    if names and isinstance(error, ImportError):
        _missing.update(names.split(","))
        note(f"`{line}` ({type(error).__name__}: {error})")
        return True
    if isinstance(error, NameError) and error.name in _missing:
        note(f"`{line}` ({error})")
        return True
    return False
