"""Builds the book: stages the pages in `_build/book-source`, runs the notebooks, calls Sphinx.

The notebooks are the students' release, run from top to bottom untouched; their model answers are not in the book.
`--solutions` builds another one, for instructors, with the answers, in `_build/book-with-solutions`.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import os
import pkgutil
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote, urlsplit

import nbformat
from nbclient import NotebookClient
from sphinx.cmd.build import main as sphinx

from book.answers import make_room
from book.offline import stage_offline
from book.runtime import NoRuntime, runtime
from book.wording import first_page

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
EXECUTED = ROOT / "_build" / "executed"
LIBRARIES = ("anywidget", "matplotlib", "numpy", "sympy", "torch")  # what outputs are made of
#: Run first: the pages hold what the experiments show, folded until the reader has predicted.
OPEN = "from lrtutorial.answers.session import HERE\nHERE.asks_first = False"
# Explorers run a student's class in the background: what they have found by the end is what the page shows.
SETTLE = """import gc
for _explorer in [each for each in gc.get_objects() if type(each).__name__ == "Explorer"]:
    _explorer.wait()
    _explorer.send_state()"""
CHECKPOINTS = shutil.ignore_patterns(".ipynb_checkpoints")
SECONDS = 300  # a cell's time at most
# The parts of `autograder` that hold answers, or pretend to be students: not in a book that students read.
NOT_SHOWN = ("autograder.__main__", "autograder.catalogue", "autograder.demo", "autograder.references")


def main(arguments: list[str] | None = None) -> int:
    """Build the book that the arguments ask for; Sphinx's exit code."""
    options = parser().parse_args(arguments)
    repository = options.repository or origin()
    name = "book-with-solutions" if options.solutions else "book"
    output = (options.output or ROOT / "_build" / name).resolve()
    if output.is_dir() and any(output.iterdir()) and not (output / "objects.inv").exists():
        return complain(f"{output} holds something that is no book: name an empty or a new folder.")
    notebooks = [ROOT / "notebooks" / "start_here.ipynb"]
    notebooks += sorted((ROOT / ("solutions" if options.solutions else "notebooks")).glob("part_*/*.ipynb"))
    known = [path.stem for path in notebooks]
    if unknown := sorted(set(options.run or ()) - set(known)):
        return complain(f"no notebook is called {', '.join(unknown)}; there are {', '.join(known)}")
    source = output.with_name(f"{output.name}-source")
    chosen = [path for path in notebooks if options.run is None or path.stem in options.run]
    python = find_runtime(options.solutions)
    stage(source, notebooks, chosen, repository, options.solutions, python is not None)
    shutil.rmtree(output, ignore_errors=True)  # a page that is no more would still be found
    gc.disable()  # hardly anything that Sphinx makes is free before its end: looking for it took a fifth of the time
    done = sphinx(["-q", "-W", "--keep-going", "-b", "html", "-d", f"{source}/.doctrees", f"{source}", f"{output}"])
    if done == 0:
        if python is not None:
            stage_offline(output, python)
        print(f"The book: {output / 'index.html'}")
        if not repository:
            print("Its pages have no Binder link: name the public address, make book REPOSITORY=https://…")
    return done


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = argparse.ArgumentParser(prog="python -m book", description=__doc__)
    made.add_argument("--solutions", action="store_true", help="with the model answers, for instructors only")
    made.add_argument("--repository", default="", help="public address, for Binder (default: git's origin)")
    made.add_argument("--output", type=Path, help="folder of the book (default: _build/book)")
    made.add_argument("--run", nargs="*", metavar="NOTEBOOK", help="run these notebooks only, e.g. b2_adam")
    return made


def origin() -> str:
    """The public https address that git calls origin, or ""."""
    asked = subprocess.run(["git", "remote", "get-url", "origin"], cwd=ROOT, text=True, capture_output=True)
    address = re.sub(r"^git@([\w.-]+):", r"https://\1/", asked.stdout.strip()).removesuffix(".git")
    return address if re.fullmatch(r"https://[\w.-]+\.\w+/[\w./~-]+", address) else ""


def binder(repository: str, notebook: str) -> str:
    """Binder's address of one notebook (a path from the root), in JupyterLab.

    >>> binder("https://github.com/someone/course", "notebooks/start_here.ipynb")
    'https://mybinder.org/v2/gh/someone/course/HEAD?labpath=notebooks%2Fstart_here.ipynb'
    """
    host, path = urlsplit(repository).netloc, urlsplit(repository).path.strip("/").removesuffix(".git")
    provider = {"github.com": f"gh/{path}", "gitlab.com": f"gl/{quote(path, safe='')}"}
    place = provider.get(host, f"git/{quote(repository, safe='')}")
    return f"https://mybinder.org/v2/{place}/HEAD?labpath={quote(notebook, safe='')}"


def find_runtime(solutions: bool) -> Path | None:
    """Return the Python for the pages, or None where it can't be had, which is then said."""
    try:
        return runtime(solutions)
    except NoRuntime as why:
        print(f"The book is built without checks in its pages: {why}.", flush=True)
        return None


def complain(why: str) -> int:
    """Say what is wrong with what was asked for; the exit code for that."""
    print(why, file=sys.stderr)
    return 2


def stage(
    source: Path, notebooks: list[Path], chosen: list[Path], repository: str, solutions: bool, live: bool
) -> None:
    """Lay out all pages of the book in a fresh folder; of the notebooks, those chosen are run.

    ``live``: whether its answers can be checked in the pages.
    """
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("__pycache__", "*.py", "runtime"))
    shutil.copy2(HERE / "conf.py", source)
    front = source / "index.md"
    front.write_text(first_page(front.read_text(encoding="utf-8"), live), encoding="utf-8")
    for name in ("sketch.js", "sketch.css"):  # the notebooks' own pad
        shutil.copy2(ROOT / "lrtutorial" / "checking" / "pad" / name, source / "_static" / "answers" / name)
    stage_guides(source, repository)
    stage_reference(source / "api")
    shutil.copytree(ROOT / "notebooks" / "part_b", source / "_static" / "notebooks" / "part_b", ignore=CHECKPOINTS)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        executed = dict(zip(chosen, pool.map(execute, chosen), strict=True))
    for path in notebooks:
        notebook = executed.get(path) or nbformat.read(path, as_version=4)
        place = path.relative_to(ROOT).parts[1:]
        dress(notebook, solutions)
        launch = binder(repository, "/".join(("notebooks", *place))) if repository else ""
        make_room(notebook, path.stem, live, solutions, launch)
        if launch:
            notebook.cells[0].source += f'\n\n<a class="launch" href="{launch}">▶ Open this notebook on Binder</a>'
        target = source.joinpath(*place)
        target.parent.mkdir(exist_ok=True)
        nbformat.write(notebook, target)


def stage_guides(source: Path, repository: str) -> None:
    """Copy the guides; a link out of the book leads to the repository, or is plain text where none is known."""
    shutil.copytree(ROOT / "docs", source / "docs")
    shutil.copy2(ROOT / "CHANGELOG.md", source / "changelog.md")
    for page in (source / "docs").glob("*.md"):

        def outward(match: re.Match[str], home: Path = ROOT / "docs") -> str:
            text, link = match.groups()
            if "://" in link or link.startswith("#") or (home / link.partition("#")[0]).resolve().is_relative_to(home):
                return match[0]
            path = (home / link).resolve().relative_to(ROOT).as_posix()
            return f"[{text}]({repository}/blob/HEAD/{path})" if repository else text

        page.write_text(re.sub(r"\[([^\]]*)\]\(([^)\s]+)\)", outward, page.read_text()))


def modules(package: str) -> dict[str, list[str]]:
    """The public modules that the reference shows, by the package (this one or one inside it) that they lie in."""
    found: dict[str, list[str]] = {package: []}
    for info in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
        if not info.name.startswith(NOT_SHOWN) and "._" not in info.name:
            if info.ispkg:
                found[info.name] = []
            else:
                found[info.name.rpartition(".")[0]].append(info.name)
    return found


def stage_reference(folder: Path) -> None:
    """Write a page for every package, with a section for each of its modules, for autodoc to fill."""
    for package, inside in (modules("lrtutorial") | modules("autograder")).items():
        lines = [package, "=" * len(package), "", f".. automodule:: {package}"]
        # Of all packages only lrtutorial is a front door, which shows what others define; each of those stands once.
        lines += ["" if package == "lrtutorial" else "   :ignore-module-all:", ""]
        for name in sorted(inside):
            lines += [name, "-" * len(name), "", f".. automodule:: {name}", ""]
        (folder / f"{package}.rst").write_text("\n".join(lines))


def fingerprint(path: Path) -> str:
    """A digest of everything that a notebook's outputs depend on: its cells, `lrtutorial`, the libraries."""
    digest = hashlib.sha256(SETTLE.encode() + path.read_bytes())
    for file in sorted((ROOT / "lrtutorial").rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            digest.update(file.read_bytes())
    digest.update(repr([version(name) for name in LIBRARIES]).encode())
    return digest.hexdigest()[:16]


def execute(path: Path) -> nbformat.NotebookNode:
    """Run a notebook from top to bottom, or take what an earlier run of the same gave."""
    # The release and the solutions have the same names; they differ in the folder that holds the parts.
    home = EXECUTED / path.parent.parent.name
    kept = home / f"{path.stem}-{fingerprint(path)}.ipynb"
    if not kept.exists():
        notebook = nbformat.read(path, as_version=4)
        with tempfile.TemporaryDirectory() as folder:
            # A reader's book begins with no progress made. The kernel's log is dropped, not what cells print.
            environment = {**os.environ, "LRTUTORIAL_PROGRESS": f"{folder}/progress.json", "OMP_NUM_THREADS": "1"}
            for name in ("MPLBACKEND", "NBGRADER_EXECUTION"):  # of whoever builds; figures are to be inline
                environment.pop(name, None)
            print(f"running {path.stem} …", flush=True)
            client = NotebookClient(notebook, timeout=SECONDS, resources={"metadata": {"path": folder}})
            notebook.cells.insert(0, nbformat.v4.new_code_cell(OPEN))
            notebook.cells.append(nbformat.v4.new_code_cell(SETTLE))
            client.execute(env=environment, stderr=subprocess.DEVNULL)
            notebook.cells = notebook.cells[1:-1]
        home.mkdir(parents=True, exist_ok=True)
        for old in home.glob(f"{path.stem}-*.ipynb"):
            old.unlink()
        nbformat.write(notebook, kept)
    return nbformat.read(kept, as_version=4)


def dress(notebook: nbformat.NotebookNode, solutions: bool) -> None:
    """Fit a run notebook to being read: no verdicts on unfinished answers, outcomes folded until one has predicted."""
    for saved in notebook.metadata.get("widgets", {}).values():  # only what explorers.js can bring to life
        saved["state"] = {key: w for key, w in saved["state"].items() if w["model_module"] == "anywidget"}
    predicts = any(cell.id.endswith("-prediction_1-answer") for cell in notebook.cells)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            cell.source = cell.source.replace("=== BEGIN MARK SCHEME ===", "**Mark scheme**")
            cell.source = cell.source.replace("=== END MARK SCHEME ===", "")
            continue
        tags = cell.metadata.setdefault("tags", [])
        graded = cell.metadata.get("nbgrader", {}).get("grade", False)
        if cell.id in ("reveal", "keep") or not solutions and (graded or cell.id == "compare"):
            tags.append("remove-output")
        elif not solutions and predicts and "experiment" in tags:
            tags.append("hide-output")
        cell.source = re.sub(r"^[ \t]*### (BEGIN|END) (SOLUTION|HIDDEN TESTS)\n?", "", cell.source, flags=re.M)
        printed = " ".join(out.text.strip() for out in cell.outputs if out.output_type == "stream")
        cell.metadata["mystnb"] = {"image": {"alt": " ".join(printed.split())}}
        if "hide-input" in tags:  # a cell that shows how something is measured
            cell.metadata["mystnb"] |= {"code_prompt_show": "Show the {type}", "code_prompt_hide": "Hide the {type}"}
        for output in cell.outputs:
            if html := output.get("data", {}).get("text/html"):
                output.data["text/html"] = re.sub(r'(href="(?![^"]*:)[^"]*)\.ipynb"', r'\1.html"', html)


if __name__ == "__main__":
    sys.exit(main())
