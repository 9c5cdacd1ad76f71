"""Puts the runtime and the service worker into a built book, so that it checks answers and works without a network."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

NOT_KEPT = ("api/", "genindex", "py-modindex", "search.html", "searchindex.js", "objects.inv", "_static/notebooks/")
LONG_WAY = ("runtime/modules.zip", "runtime/stdlib.zip")  # asked for only by a browser that the short one does not fit


def stage_offline(output: Path, runtime: Path) -> None:
    """Copy the runtime into the book at ``output`` and write its service worker, with a digest of every file kept."""
    shutil.copytree(runtime, output / "runtime")
    files = {}
    for path in sorted(output.rglob("*")):
        name = path.relative_to(output).as_posix()
        if path.is_file() and not name.startswith((*NOT_KEPT, *LONG_WAY, ".")):
            files[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    listed = json.dumps(files, indent=0)
    version = hashlib.sha256(listed.encode()).hexdigest()[:12]
    script = (output / "_static" / "answers" / "sw.js").read_text(encoding="utf-8")
    script = script.replace('"__FILES__"', listed).replace("__VERSION__", version)
    (output / "sw.js").write_text(script, encoding="utf-8")
