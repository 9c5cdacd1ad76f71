"""What is handed in is repaired from the release where that is safe, or that one submission is rejected.

A submission is bytes from someone who can't be trusted: links that lead to the solutions, a notebook that isn't one,
test cells blanked, copied, moved, retyped or given more points. :func:`repair` keeps what the student wrote and takes
everything else from the release; each change is a sentence, which goes into the feedback and the ledger.
:func:`quarantine` does the same for the files beside the notebooks.
"""

from __future__ import annotations

import ast
import copy
import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat.notebooknode import NotebookNode

from autograder.cells import NOTE_ID, is_marked
from autograder.intake.marks import Named, known_again
from autograder.intake.reading import first_predictions, is_whole, read_notebook, shown, source_of
from lrtutorial.answers.parsing import parsed
from lrtutorial.figures.attachments import pictures

CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
TYPED = "\0typed"  #: the name, for a while, of what was typed into a test cell
FLAGS = ("grade", "solution", "locked", "points", "task")


@dataclass(frozen=True)
class Intake:
    """A notebook that is safe to grade, and what had to be repaired for it, in sentences."""

    notebook: NotebookNode
    repairs: tuple[str, ...]
    look: tuple[str, ...] = ()  #: grade_ids of checks in whose cells an answer may have been typed


def repair(data: bytes, release: NotebookNode) -> Intake:
    """Return what to grade: the student's own cells, and everything else as in the release.

    Raises Rejected when the file can't be read as a notebook.
    """
    handed_in, version = read_notebook(data)
    repairs: list[str] = []
    if version < 4:
        repairs.append("The notebook was in an old format and was converted.")
    kernel = _plain(handed_in.get("metadata")).get("kernelspec")
    wanted = _plain(release.metadata.get("kernelspec"))
    if isinstance(kernel, Mapping) and wanted and kernel.get("language", "python") != wanted.get("language", "python"):
        repairs.append(f"The notebook named another kernel ({shown(kernel.get('name'))}); the course's was used.")
    if not is_whole(data):
        repairs.append("Half a character (of an emoji, say) stands in the file; \ufffd stands for it now.")
    originals = {cell.metadata.nbgrader["grade_id"]: cell for cell in release.cells if is_marked(cell)}
    tags = {tag for cell in release.cells for tag in cell.metadata.get("tags", ())} - {"skip-execution"}
    cells = [_own(cell, originals, tags, repairs) for cell in handed_in.cells]
    cells = known_again(cells, release, originals, repairs)
    cells = _restored(_without_copies(cells, originals, repairs), originals, repairs)
    cells = list(_with_typed_answers(cells, originals, repairs))
    look = tuple(name for (name, _), (before, _) in zip(cells[1:], cells, strict=False) if name and before == TYPED)
    cells = [(None if name == TYPED else name, cell) for name, cell in cells]
    for name, cell in ((name, cell) for name, cell in cells if name is not None):
        _as_released(cell, originals[name], repairs)
    _number(cells, originals)
    plain = [cell for _, cell in cells]
    if repairs:
        plain.insert(0, note("Repaired before grading", repairs))
    metadata = {name: release.metadata[name] for name in ("kernelspec", "language_info") if name in release.metadata}
    notebook = nbformat.v4.new_notebook(cells=plain, metadata=copy.deepcopy(metadata))
    return Intake(notebook, tuple(dict.fromkeys(repairs)), look)


def rejected(release: NotebookNode, reason: str) -> NotebookNode:
    """Return what stands for a notebook that can't be graded: the untouched release below the reason."""
    notebook = copy.deepcopy(release)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.insert(0, note("This notebook could not be graded", [reason]))
    return notebook


def note(title: str, sentences: Sequence[str]) -> NotebookNode:
    """Return a Markdown cell with sentences, none of which can hold markup."""
    rows = "\n".join(f"- {html.escape(sentence)}" for sentence in sentences)
    cell: NotebookNode = nbformat.v4.new_markdown_cell(f"**{title}**\n\n{rows}", id=NOTE_ID)
    return cell


def _plain(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _own(cell: NotebookNode, originals: Mapping[str, NotebookNode], tags: set[str], repairs: list[str]) -> Named:
    """Return the student's cell with nothing but its text, and which released cell it says it is."""
    metadata = _plain(cell.get("metadata"))
    about = _plain(metadata.get("nbgrader"))
    said = about.get("grade_id")
    name = said if isinstance(said, str) and said in originals else None
    if name is None and any(about.get(flag) is True for flag in ("grade", "locked", "task")):
        repairs.append(f"A cell marked as graded that the release doesn't have ({shown(said)}) counts as a plain one.")
    if name is not None:
        right = originals[name].metadata.nbgrader
        wrong = [flag for flag in FLAGS if flag in about and about[flag] != right.get(flag, False)]
        if wrong:
            repairs.append(f"{name} had other settings ({', '.join(wrong)}); the release's hold.")
    given = metadata.get("tags")
    extra = [tag for tag in given if not isinstance(tag, str) or tag not in tags] if isinstance(given, list) else []
    if extra:
        where = f" from {name}" if name else ""
        repairs.append(f"Cell tags were taken off{where}: {', '.join(map(shown, extra[:5]))}.")
    kind = cell.get("cell_type")
    kind = kind if kind in ("code", "raw") else "markdown"
    # nbformat's own constructors look up the schema for every cell; the whole notebook is held to it at the end
    own = NotebookNode(id=cell.get("id"), cell_type=kind, metadata=NotebookNode(), source=source_of(cell))
    if kind == "code":
        own.outputs, own.execution_count = first_predictions(cell.get("outputs")) if name else [], None
    if own.cell_type == "markdown" and (attached := pictures(cell.get("attachments"))):
        own["attachments"] = attached
    return name, own


def _without_copies(cells: list[Named], originals: Mapping[str, Any], repairs: list[str]) -> list[Named]:
    """One cell is the answer or the test; of its copies those that say nothing new go, others become plain cells.

    Of several tests the released cell itself counts, of several answers the last above that test that was edited: what
    stood when the check ran. An answer below it counts only where none above was edited.
    """
    places: dict[str, list[int]] = {}
    for index, (name, _) in enumerate(cells):
        if name is not None:
            places.setdefault(name, []).append(index)
    chosen = {}
    for name, found in places.items():
        if not _answers(originals[name]):
            genuine = [index for index in found if cells[index][1].get("id") == originals[name].get("id")]
            chosen[name] = genuine[0] if genuine else found[-1]
    gone = set()
    for name, found in places.items():
        untouched = originals[name].source.strip()
        edited = [index for index in found if cells[index][1].source.strip() != untouched]
        if _answers(originals[name]):
            check = chosen.get(name.removesuffix("-answer") + "-test", len(cells))
            above = [index for index in edited if index < check]
            chosen[name] = (above or edited or found)[-1]
        if len(found) > 1:
            gone |= {index for index in found if index not in edited and index != chosen[name]}
            below = _answers(originals[name]) and any(index > chosen[name] for index in edited)
            what = "the last one that was edited" + (" above its check" if below else "")
            repairs.append(
                f"{name} was there {len(found)} times; {what} counts."
                if _answers(originals[name])
                else f"{name} was there {len(found)} times; one of them counts."
            )
    kept: list[Named] = []
    for index, (name, cell) in enumerate(cells):
        if index not in gone:
            kept.append((name if name is not None and chosen[name] == index else None, cell))
    return kept


def _restored(cells: list[Named], originals: Mapping[str, NotebookNode], repairs: list[str]) -> list[Named]:
    """Put missing cells back, and moved test cells where they belong: after the answers that come before them."""
    order = list(originals)
    present = [name for name, _ in cells if name is not None]
    moved = present != [name for name in order if name in present]
    if moved:
        repairs.append("Cells had been moved; the tests were put back into their order.")
        cells = [(name, cell) for name, cell in cells if name is None or _answers(originals[name])]
    for number, name in enumerate(order):
        here = [known for known, _ in cells]
        if name in here:
            continue
        if name not in present:
            repairs.append(f"{name} was missing and was put back.")
        before = [here.index(known) for known in order[:number] if known in here]
        start = max(before, default=-1) + 1
        later = [here.index(known) for known in order[number + 1 :] if known in here and here.index(known) >= start]
        # as late as the next of the course's cells allows: helpers that the student added come first
        at = (min(later) if later else len(cells)) if not _answers(originals[name]) else start
        cells.insert(at, (name, _put_back(originals[name])))
    return cells


def _with_typed_answers(
    cells: list[Named], originals: Mapping[str, NotebookNode], repairs: list[str]
) -> Iterator[Named]:
    """What a student wrote into a test cell stands above it now, and runs there as it ran at home."""
    for name, cell in cells:
        if name is not None and not _answers(originals[name]) and cell.cell_type == originals[name].cell_type == "code":
            typed, released = cell.source.strip(), originals[name].source.strip()
            if _statements(typed) not in (_statements(released), _statements("")):  # a comment is no answer
                repairs.append(f"What was typed into {name} stands in a cell of its own above it.")
                above = NotebookNode(
                    id=None, cell_type="code", metadata=NotebookNode(), outputs=[], execution_count=None
                )
                above.source = with_names(typed, released)
                yield TYPED, above
        yield name, cell


def _statements(source: str) -> str:
    try:
        return ast.dump(parsed(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source


def with_names(typed: str, released: str) -> str:
    """Return a test cell's own text, and below it the course's names for answers that it gave other names.

    >>> with_names('check("coins", mine)', 'check("coins", chance)')
    'check("coins", mine)\\n\\nchance = mine'
    """
    theirs, ours = _checked(typed), _checked(released)
    pairs = zip(ours, theirs, strict=False) if len(ours) == len(theirs) else ()
    lines = [f"{our} = {their}" for our, their in pairs if our != their]
    return typed + ("\n\n" + "\n".join(lines) if lines else "")


def _checked(source: str) -> list[str]:
    """Return the names of the answers that the last check in a source is called with."""
    try:
        calls = [node for node in ast.walk(parsed(source)) if isinstance(node, ast.Call)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    checks = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "check"]
    if not checks or not all(isinstance(arg, ast.Name) for arg in checks[-1].args[1:]):
        return []
    return [arg.id for arg in checks[-1].args[1:] if isinstance(arg, ast.Name)]


def _answers(original: NotebookNode) -> bool:
    return bool(original.metadata.nbgrader.get("solution"))


def _put_back(original: NotebookNode) -> NotebookNode:
    cell = copy.deepcopy(original)
    if _answers(original) and cell.cell_type == "code":
        # The skeleton would overwrite an answer that was moved into a cell of the student's own.
        cell.source = "# This answer cell was missing from the submission."
    return cell


def _as_released(cell: NotebookNode, original: NotebookNode, repairs: list[str]) -> None:
    """Make a cell what the release says it is, in place; an answer keeps its text."""
    name, about = original.metadata.nbgrader["grade_id"], original.metadata.nbgrader
    if cell.cell_type != original.cell_type:
        repairs.append(f"{name} had become a {cell.cell_type} cell and is a {original.cell_type} cell again.")
        cell.cell_type = original.cell_type
        if cell.cell_type == "code":
            cell.pop("attachments", None)
            cell.outputs, cell.execution_count = [], None
        else:
            for key in ("outputs", "execution_count"):
                cell.pop(key, None)
    if not about.get("solution") and cell.source != original.source:
        if cell.source.strip() != original.source.strip():
            repairs.append(f"{name} had been changed and is as released again.")
        cell.source = original.source
    cell.metadata = copy.deepcopy(original.metadata)
    cell["id"] = original.get("id", cell.get("id"))


def _number(cells: list[Named], originals: Mapping[str, NotebookNode]) -> None:
    """Give every cell an id of its own; the course's cells keep theirs."""
    taken = {original.get("id") for original in originals.values()}
    for index, (name, cell) in enumerate(cells):
        if name is not None:
            continue
        own = cell.get("id")
        if not isinstance(own, str) or not CELL_ID.fullmatch(own) or own in taken:
            own = f"own-{index}"
        taken.add(own)
        cell["id"] = own
