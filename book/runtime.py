"""Makes the Python that the book's pages run: Pyodide from npm, pinned by version and hash, with the course inside.

Kept in `_build/runtime`, and made again only when something it is made of has changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

import deflate

HERE = Path(__file__).resolve().parent / "runtime"
ROOT = HERE.parents[1]
KEPT = ROOT / "_build" / "runtime"
PACKAGES = ("mpmath",)  # what lrtutorial needs to check formulas and predictions; for the rest runtime/stand_ins serves
LEFT_OUT = ("explorer", "experiments", "locating", "__pycache__", "tests")  # folders
EMPTIED = {  # of mpmath: what no formula asks for
    "function_docs": "def __getattr__(name):\n    return ''\n",
    **{f"functions/{name}": "" for name in ("bessel", "elliptic", "orthogonal", "qfunctions", "signals", "theta")},
    "functions/zetazeros": "from .functions import defun\n@defun\ndef zetazero(ctx, n):\n    raise ValueError\n",
    "functions/rszeta": "class RSCache:\n    pass\n",
}
CODED = ("b1", "b2", "b3", "b4", "b5")  # steps that need NumPy: what is recorded for them stays at home
KEEP = 4  #: how many of those made earlier stay: with and without solutions, of two branches
LICENSES = """Python for the pages of this book

Pyodide: Mozilla Public License 2.0, with CPython (PSF License) and others inside. Its source and licenses: pyodide.org
mpmath: BSD License. mpmath.org
"""


class NoRuntime(RuntimeError):
    """The runtime can't be made here; the message says what is missing, for whoever builds the book."""


def runtime(solutions: bool = False) -> Path:
    """Return the folder with the files that the book's worker loads, made now or by an earlier build.

    With ``solutions`` the model answers and rubrics of Part C are among them. Raises NoRuntime where npm or Node.js is
    missing, or the package can't be fetched.
    """
    pyodide = fetched()
    archive = course(solutions)
    made = KEPT / f"made-{_digest(archive)}"
    if not (made / "memory.json").exists():
        print("making Python for the pages …", flush=True)
        with tempfile.TemporaryDirectory(dir=KEPT) as folder:  # another build may be at it too
            _make(pyodide, archive, Path(folder))
            for old in sorted(KEPT.glob("made-*"), key=os.path.getmtime)[:-KEEP]:
                shutil.rmtree(old, ignore_errors=True)
            if not made.exists():
                (Path(folder) / "new").rename(made)
    return made


def _make(pyodide: Path, archive: bytes, folder: Path) -> None:
    """Fill ``folder/new`` with what the worker loads."""
    zipped, new = folder / "course.zip", folder / "new"
    zipped.write_bytes(archive)
    _run(["node", str(HERE / "build.mjs"), str(pyodide), str(zipped), str(new)], ROOT, "make the runtime")
    for path in new.glob("*.bin"):
        path.write_bytes(deflate.gzip_compress(path.read_bytes(), 10))  # 12 takes twice the time for a thousandth
    (new / "LICENSES.txt").write_text(LICENSES, encoding="utf-8")


def fetched() -> Path:
    """Return Pyodide's folder, fetched by npm, which checks the hash in package-lock.json. Raises NoRuntime."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise NoRuntime(f"{tool} is not installed (Node.js 20 or newer brings both)")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = KEPT / f"npm-{hashlib.sha256(lock).hexdigest()[:12]}"
    package = folder / "node_modules" / "pyodide"
    if not (folder / "fetched").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy2(HERE / name, folder)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder, "fetch Pyodide")
        (folder / "fetched").touch()
    return package


def _run(command: list[str], folder: Path, what: str) -> None:
    done = subprocess.run(command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        last = [line for line in done.stdout.splitlines() if line.strip()][-1:] or ["no reason given"]
        raise NoRuntime(f"{command[0]} could not {what}: {last[0][-300:]}")


def _digest(archive: bytes) -> str:
    digest = hashlib.sha256(archive)
    for path in sorted(HERE.glob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def course(solutions: bool) -> bytes:
    """Return a zip of the Python modules and data that checking needs; the same content gives the same bytes."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(_files(solutions).items()):
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return held.getvalue()


def _files(solutions: bool) -> dict[str, bytes]:
    found = {path.name: path.read_bytes() for path in (HERE / "stand_ins").glob("*.py")}
    for package in ("lrtutorial", *PACKAGES):
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            continue
        home = Path(spec.origin).parent
        for path in home.rglob("*"):
            inside = path.relative_to(home)
            if path.suffix in (".py", ".json") and not set(inside.parts) & set(LEFT_OUT):
                found[f"{package}/{inside.as_posix()}"] = path.read_bytes()
    found |= {f"mpmath/{name}.py": text.encode() for name, text in EMPTIED.items()}
    names = found["mpmath/__init__.py"]  # gives every function a name, those left out too
    found["mpmath/__init__.py"] = re.sub(rb"(?m)^(\w+) = mp\.(\w+)\r?$", rb"\1 = getattr(mp, '\2', None)", names)
    for name in CODED:
        found.pop(f"lrtutorial/recorded/{name}.json", None)
    if not solutions:
        written = "lrtutorial/recorded/written.json"
        found[written] = without_answers(found[written])
    return found


def without_answers(recorded: bytes) -> bytes:
    """Return the recorded model answers with their words taken out: the map needs what they are worth, no more."""
    told = json.loads(recorded)
    for entry in told.values():
        entry["answer"] = ""
        entry["rubric"] = [{"points": item["points"], "text": ""} for item in entry["rubric"]]
    return json.dumps(told).encode()
