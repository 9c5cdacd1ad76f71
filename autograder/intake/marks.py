"""Cells that have lost nbgrader's marks (another editor, a copy of the text) are known again: by id, text or place."""

from __future__ import annotations

from collections.abc import Mapping

from nbformat.notebooknode import NotebookNode

from autograder.cells import is_marked

Named = tuple[str | None, NotebookNode]  #: the released cell that this one is, and the cell


def known_again(
    cells: list[Named], release: NotebookNode, originals: Mapping[str, NotebookNode], repairs: list[str]
) -> list[Named]:
    """Return the cells, with the names of those that have lost their marks; ``repairs`` gets a sentence on each.

    An answer in words that is known by nothing else is what stands where it was handed out.
    """
    cells = list(cells)
    for name, original in originals.items():
        if any(known == name for known, _ in cells):
            continue
        index = _alike(cells, original)
        if index is None and original.metadata.nbgrader.get("solution") and original.cell_type == "markdown":
            index = _in_its_place(cells, original, release)
        if index is not None:
            cells[index] = (name, cells[index][1])
            repairs.append(f"{name} had lost its marks and has them again.")
    return [cell for cell in cells if cell[1].get("source") is not None]


def _alike(cells: list[Named], original: NotebookNode) -> int | None:
    """The one cell without a name that has the original's id, or its very text (of a check)."""
    unnamed = [(index, cell) for index, (name, cell) in enumerate(cells) if name is None]
    by_id = [index for index, cell in unnamed if cell.get("id") == original.get("id") and original.get("id")]
    if len(by_id) == 1 and cells[by_id[0]][1].cell_type == original.cell_type:
        return by_id[0]
    if original.metadata.nbgrader.get("solution"):
        return None
    same = [index for index, cell in unnamed if cell.source.strip() == original.source.strip()]
    return same[0] if same else None


def _in_its_place(cells: list[Named], original: NotebookNode, release: NotebookNode) -> int | None:
    """Where the text stands that was written between the original's neighbours; several cells become one, in place."""
    at = release.cells.index(original)
    places = {(cell.cell_type, cell.source.strip()): index for index, (_, cell) in enumerate(cells)}
    names = {name: index for index, (name, _) in enumerate(cells) if name is not None}

    def place(other: NotebookNode) -> int | None:
        marked = other.metadata.nbgrader["grade_id"] if is_marked(other) else None
        return names.get(marked) if marked else places.get((other.cell_type, other.source.strip()))

    before = next((found for other in reversed(release.cells[:at]) if (found := place(other)) is not None), -1)
    after = next(
        (found for other in release.cells[at + 1 :] if (found := place(other)) is not None and found > before),
        len(cells),
    )
    written = [
        index
        for index in range(before + 1, after)
        if cells[index][0] is None
        and cells[index][1].cell_type in ("markdown", "raw")
        and cells[index][1].source.strip() not in ("", original.source.strip())
    ]
    if not written:
        return None
    first = cells[written[0]][1]
    first.source = "\n\n".join(cells[index][1].source for index in written)
    attached = {name: data for index in written for name, data in cells[index][1].get("attachments", {}).items()}
    if attached:
        first["attachments"] = attached
    for index in written[1:]:
        cells[index][1].source = None  # its text stands in the answer now
    return written[0]
