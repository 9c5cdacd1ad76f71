"""From a solution cell to a skeleton that a student can run: every answer becomes ``name = ...``."""

from __future__ import annotations

import ast
import re

from nbformat.notebooknode import NotebookNode
from nbgrader.preprocessors import ClearSolutions

from lrtutorial.advice import Unusable
from lrtutorial.answers.parsing import parsed
from lrtutorial.course import steps


class Skeletons(ClearSolutions):  # type: ignore[misc]  # nbgrader ships no types
    """nbgrader's ClearSolutions, with a stub that runs.

    At the top level of a cell, a solution block that assigns or defines answers becomes ``answer = ...`` for each; a
    block inside a class or function body becomes ``...``. So an untouched release runs through.
    """

    def _replace_solution_region(self, cell: NotebookNode, language: str) -> bool:
        if cell.cell_type != "code":
            return bool(super()._replace_solution_region(cell, language))
        begin, end = map(re.escape, (self.begin_solution_delimeter, self.end_solution_delimeter))
        block = re.compile(rf"^([ \t]*)#+ *{begin}.*?\n(.*?)^[ \t]*#+ *{end}[^\n]*", re.M | re.S)
        try:
            cell.source, replaced = block.subn(lambda match: stub(match[1], match[2]), cell.source)
        except SyntaxError as error:
            name = cell.metadata.get("nbgrader", {}).get("grade_id", "a cell without a name")
            raise Unusable(f"{name}: line {error.lineno} of a solution is no Python: {error.msg}") from error
        # Unbalanced markers are left to the base class, which refuses them.
        return bool(super()._replace_solution_region(cell, language) or replaced)


def stub(indent: str, solution: str) -> str:
    """Return what stands in a skeleton in place of a solution block that begins with ``indent``."""
    if indent:
        return f"{indent}..."
    names: list[str] = []
    for statement in parsed(solution).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.append(statement.name)
        elif isinstance(statement, ast.Assign):
            names += [target.id for target in statement.targets if isinstance(target, ast.Name)]
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            names.append(statement.target.id)
    answers = {name for step in steps().values() for name in (*step.answers, *step.companions)}
    wanted = [name for name in names if name in answers] or names
    return "\n".join(f"{name} = ..." for name in dict.fromkeys(wanted)) or "..."
