"""Files that are there as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, text: str, *, mode: int = 0o600, encoding: str = "utf-8", errors: str = "replace") -> None:
    """Write beside and rename: at every moment the file is the old or the new one, also after a loss of power.

    Line ends stay as they are in ``text``. Raises OSError; then nothing has changed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-"[:40])
    try:
        with os.fdopen(descriptor, "w", encoding=encoding, errors=errors, newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
