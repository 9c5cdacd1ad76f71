"""Progress: what each check, comparison and self-score gave, kept in one small file of the learner's own.

Every notebook has a kernel of its own and all write to this file, so a change is made on what the file
holds at that moment, under a lock, and the file is replaced in one go: a crash leaves the old one. Nothing
here raises into a check; what keeps progress from being kept is said once, in one line. The file is in the
user's data folder, not beside the notebooks: those may be read-only or shared by a class.
``LRTUTORIAL_PROGRESS`` names another file, or says ``off``.
"""

from __future__ import annotations

import errno
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_data_path

from lrtutorial.advice import Advice
from lrtutorial.files import write_whole
from lrtutorial.verdict import STATUSES, Verdict

FORMAT, VERSION = "lrtutorial progress", 1
LARGEST = 1_000_000  #: bytes of a file that is read; a finished course takes about 6000
LONGEST_COMMITMENT = 4000  #: characters of one prediction that is kept
PATIENCE = 0.1  #: seconds to wait for another notebook that is writing
COUNTED = ("right", "partly", "wrong")  #: verdicts on an answer that was really tried

Kept = dict[str, Any]  #: the learner's file, as JSON
Change = Callable[[Kept], None]


class ProgressUnreadable(Advice, ValueError):
    """The text is no progress that this version can read; the message says why."""


class NewerProgress(ProgressUnreadable):
    """Written by a later version of the course; it is left as it is."""


def empty() -> Kept:
    """Return the progress of somebody who has done nothing yet."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "steps": {},
        "predictions": {},
        "written": {},
        "commitments": {},
        "forecasts": {},
        "shown": {},
    }


def progress_file() -> Path | None:
    """Return where progress is kept, or None when it is switched off or a course is being graded."""
    chosen = os.environ.get("LRTUTORIAL_PROGRESS", "")
    if os.environ.get("NBGRADER_EXECUTION") or chosen.lower() == "off":
        return None
    if chosen:
        return Path(chosen).expanduser()
    return user_data_path("lrtutorial", appauthor=False, roaming=True) / "progress.json"


def kept_where() -> str:
    """Return one line: where progress is kept and for how long, or why it can't be."""
    path = progress_file()
    if path is None:
        return "Progress is switched off here."
    try:
        with _locked(path), tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        return f"Progress can't be kept here: {path} can't be written ({_reason(error)}). Checks work as always."
    if os.environ.get("BINDER_REPO_URL"):
        return "This is Binder, which forgets everything when you stop: save a copy before you leave."
    return f"Kept in {path}."


# ----------------------------------------------------------------------------------------- reading


def parse(text: str) -> Kept:
    """Read a progress file's text; entries that make no sense are left out.

    Raises NewerProgress or ProgressUnreadable.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ProgressUnreadable(f"it is not JSON ({str(error)[:80]})") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT or type(data.get("version")) is not int:
        raise ProgressUnreadable("it holds no progress of this course")
    if data["version"] > VERSION:
        raise NewerProgress(
            f"it was written by a newer version of the course (format {data['version']}; this one knows {VERSION})"
        )
    read = empty()
    for step, entry in _entries(data, "steps"):
        if entry.get("status") in STATUSES and _amounts(entry, "points", "possible", "tries"):
            read["steps"][step] = {key: entry[key] for key in ("status", "points", "possible", "tries")}
    for exercise, entry in _entries(data, "predictions"):
        read["predictions"][exercise] = {str(k): v for k, v in entry.items() if v in COUNTED}
    for step, entry in _entries(data, "commitments"):
        if len(json.dumps(entry)) <= LONGEST_COMMITMENT:
            read["commitments"][step] = entry
    for step, entry in _entries(data, "forecasts"):
        if _amounts(entry, "confidence") and entry["confidence"] <= 100 and isinstance(entry.get("right"), bool):
            read["forecasts"][step] = {"confidence": entry["confidence"], "right": entry["right"]}
    for exercise, _ in _entries(data, "shown"):
        read["shown"][exercise] = {}
    for exercise, entry in _entries(data, "written"):
        if _amounts(entry, "points", "possible"):
            read["written"][exercise] = {key: entry[key] for key in ("points", "possible")}
    return read


def _entries(data: Kept, name: str) -> Iterator[tuple[str, Kept]]:
    section = data.get(name)
    for key, entry in section.items() if isinstance(section, dict) else ():
        if isinstance(entry, dict):
            yield key, entry


def _amounts(entry: Kept, *names: str) -> bool:
    """Whether the entry has a finite number, zero or more, under each name."""
    return all(
        type(entry.get(name)) in (int, float) and math.isfinite(entry[name]) and entry[name] >= 0 for name in names
    )


def _read(path: Path) -> dict[str, object]:
    try:
        if path.stat().st_size > LARGEST:
            raise ProgressUnreadable(f"it is larger than {LARGEST:,} bytes")
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return empty()
    except UnicodeDecodeError:
        raise ProgressUnreadable("it is not text") from None


def load() -> tuple[Kept, str]:
    """Return the progress kept so far, and a line that says why there is none (empty when all is well)."""
    path = progress_file()
    if path is None:
        return empty(), "Progress is switched off here."
    try:
        return _read(path), ""
    except ProgressUnreadable as why:
        return empty(), f"The progress file {path} can't be used: {why}."
    except OSError as error:
        return empty(), f"The progress file {path} can't be read: {_reason(error)}."


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


# ----------------------------------------------------------------------------------------- writing

_waiting: list[Change] = []  # changes of this session that are not in the file yet
_said: set[str] = set()


def record_verdict(verdict: Verdict, prediction: bool = False) -> str:
    """Keep a check's outcome: the best one counts. Returns a line to show when it can't be kept, else ''.

    A prediction is only noted here: what it was worth is settled by its first comparison.
    """
    if verdict.status not in STATUSES or not verdict.possible:
        return ""
    tried = verdict.status in COUNTED
    status, points = ("noted", 0.0) if prediction else (verdict.status, verdict.points)
    if prediction and verdict.status != "noted":
        return ""

    def change(progress: Kept) -> None:
        old = progress["steps"].get(verdict.step)
        tries = (old["tries"] if old else 0) + tried
        best = (
            old
            if old and (old["points"] > points or old["status"] == "right")
            else {"status": status, "points": points}
        )
        progress["steps"][verdict.step] = {
            "status": best["status"],
            "points": best["points"],
            "possible": verdict.possible,
            "tries": tries,
        }

    return _record(change)


def record_predictions(exercise: str, outcomes: Mapping[str, str]) -> str:
    """Keep how an exercise's predictions compared (right, partly, wrong). The first comparison stays."""
    return _record(lambda progress: progress["predictions"].setdefault(exercise, dict(outcomes)))


def record_forecasts(forecasts: Mapping[str, Kept]) -> str:
    """Keep how sure somebody was of each prediction and whether it came true: ``{"confidence": 60, "right": True}``.

    The first of a step stays.
    """

    def change(progress: Kept) -> None:
        for step, forecast in forecasts.items():
            progress["forecasts"].setdefault(step, dict(forecast))

    return _record(change)


def record_commitment(step: str, commitment: Kept) -> str:
    """Keep the first prediction of a step. One that is there stays; a why or a confidence that it lacks is added."""

    def change(progress: Kept) -> None:
        kept = progress["commitments"].setdefault(step, dict(commitment))
        if kept.get("value") == commitment.get("value"):
            for name in ("why", "confidence"):
                if name in commitment:
                    kept.setdefault(name, commitment[name])

    return _record(change)


def kept_commitment(step: str) -> Kept | None:
    """Return the first prediction of a step that is kept, or None. It is as trustworthy as any file."""
    found = load()[0]["commitments"].get(step)
    return dict(found) if found else None


def record_shown(exercise: str) -> str:
    """Keep that an experiment of an exercise was shown: a kernel that is started anew has forgotten it."""
    return _record(lambda progress: progress["shown"].setdefault(exercise, {}))


def was_shown(exercise: str) -> bool:
    """Say whether what an exercise's experiments give was shown before, in this kernel's life or an earlier one's."""
    kept = load()[0]
    return exercise in kept["shown"] or exercise in kept["predictions"]


def record_own_score(exercise: str, points: float, possible: float) -> str:
    """Keep the points somebody gave their own written answer; the last ones count."""
    return _record(lambda progress: progress["written"].update({exercise: {"points": points, "possible": possible}}))


def _record(change: Change) -> str:
    """Make a change, with those that had to wait. Never raises."""
    try:
        path = progress_file()
        if path is None:
            return ""
        _waiting.append(change)
        del _waiting[:-1000]
        with _locked(path) as free:
            if not free:
                return _once("Your progress file is in use by another program; this is added with the next check.")
            message = _update(path)
            _waiting.clear()
            return message
    except NewerProgress as why:
        return _once(f"Progress is not kept: {path} is left as it is, since {why}. Update the course to go on with it.")
    except OSError as error:
        return _once(f"Progress is not kept: {path} can't be written ({_reason(error)}). Checks work as always.")
    except Exception as error:  # a mistake of ours must not reach the student's check
        return _once(f"Progress is not kept ({type(error).__name__}: {str(error)[:80]}). Checks work as always.")


def _once(message: str) -> str:
    if message in _said:
        return ""
    _said.add(message)
    return message


def _update(path: Path) -> str:
    """Read, apply what waits, replace. A file that can't be read is moved aside first, never lost."""
    message = ""
    try:
        progress = _read(path)
    except NewerProgress:
        raise
    except ProgressUnreadable as why:
        kept = _set_aside(path, "unreadable")
        message = f"Your progress file could not be read: {why}. It is kept as {kept.name}; a new one is begun."
        progress = empty()
    for change in _waiting:
        change(progress)
    write_whole(path, json.dumps(progress, indent=1, ensure_ascii=False) + "\n")
    return message


def _set_aside(path: Path, why: str) -> Path:
    """Rename a file to a name that is free."""
    for number in range(1, 1000):
        kept = path.with_name(f"{path.stem}-{why}-{number}{path.suffix}")
        if not kept.exists():
            path.rename(kept)
            return kept
    raise OSError(f"1000 files are kept beside {path}")


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Hold the file's lock; gives False when another program keeps it longer than PATIENCE.

    It is freed when the process ends, however it ends. Raises OSError where nothing can be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=PATIENCE, poll_interval=0.01)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    except NotImplementedError:  # a network file system that knows no locks
        yield True
        return
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
        yield True  # the same
        return
    try:
        yield True
    finally:
        lock.release()


# ------------------------------------------------------------------- reset, copy, restore


def reset() -> str:
    """Begin anew; the old file is kept beside. Returns a line that says what happened."""
    path = progress_file()
    if path is None:
        return "Progress is switched off here."
    try:
        with _locked(path) as free:
            if not free:
                return "Your progress file is in use by another program; nothing was changed."
            _waiting.clear()
            if not path.exists():
                return "There is no progress to reset."
            return f"Progress begins anew. The old file is kept as {_set_aside(path, 'before-reset')}."
    except OSError as error:
        return f"Nothing was reset: {path} can't be changed ({_reason(error)})."


def export() -> str:
    """Return the progress kept so far as text, to save elsewhere and :func:`restore` later."""
    return json.dumps(load()[0], indent=1, ensure_ascii=False) + "\n"


def restore(text: str) -> str:
    """Put an exported copy in the place of the present progress, which is kept beside.

    Returns a line that says what happened.
    """
    path = progress_file()
    if path is None:
        return "Progress is switched off here."
    try:
        progress = parse(text[:LARGEST])
    except ProgressUnreadable as why:
        return f"Nothing was restored: {why}."
    try:
        with _locked(path) as free:
            if not free:
                return "Your progress file is in use by another program; nothing was restored."
            _waiting.clear()
            kept = (
                f" What was here before is kept as {_set_aside(path, 'before-restore').name}." if path.exists() else ""
            )
            write_whole(path, json.dumps(progress, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        return f"Nothing was restored: {path} can't be written ({_reason(error)})."
    count = len(progress["steps"])
    return f"Restored: {count} checked step{'s' * (count != 1)}.{kept}"
