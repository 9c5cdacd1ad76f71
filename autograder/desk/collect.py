"""``python -m autograder collect``: what an LMS's "download all" gives, into ``submitted/``, and what became of it.

Canvas puts a student's name and number before each file's name, Moodle makes a folder for each student, Gradescope one
for each submission with a list of who it is. A folder of students' folders, or a zip of it, is taken, too.
"""

from __future__ import annotations

import csv
import os
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from nbgrader.api import Gradebook
from sqlalchemy.exc import SQLAlchemyError

from autograder.grading.assignment import Assignment
from autograder.intake.candidates import (
    UNREADABLE,
    Found,
    exercise_of,
    members,
    paths,
    read,
    refused,
    sort_out,
    touched,
    unpacked,
)
from autograder.intake.text import kept, student_of
from autograder.intake.timestamp import read_time
from lrtutorial.advice import Refused

EARLIER = "earlier"  #: the folder beside the notebooks in which older versions are kept
MAX_MEMBERS = 200_000  #: of a download
_CANVAS = re.compile(r"(?P<name>[^_/]+)(?P<late>_LATE)?_(?P<user>\d+)_(?P<number>\d+)_(?P<file>.+)")
_MOODLE = re.compile(r"(?P<name>.+)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
_GRADESCOPE = re.compile(r"submission_\d+")
_VERSION = re.compile(r"-(\d+)(?=\.\w+$)")
_IDS = ("lms_id", "lms_user_id", "canvas_id", "moodle_id", "user_id", "sid", "id", "idnumber", "id number", "login",
        "username", "email")  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Whom a file is of, as the LMS says: a name, a number, an address; and when it was handed in."""

    name: str
    ids: tuple[str, ...] = ()
    when: datetime | None = None
    note: str = ""

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What tells people apart in one download."""
        return self.name, self.ids


@dataclass
class Row:
    """One line of the table: a file, and what became of it."""

    file: str
    student: str
    exercise: str
    became: str


@dataclass(frozen=True)
class Roster:
    """Who is in the course: student ids by what an LMS may call them."""

    students: Mapping[str, str]  #: a plain form of an id or a name: student
    several: frozenset[str] = field(default_factory=frozenset)  #: forms that two students share
    given: bool = False

    @classmethod
    def read(cls, path: Path | None, known: Iterable[tuple[str, ...]] = ()) -> Roster:
        """Read a roster: CSV with a column ``student`` and any of name, first_name, last_name, email and ids.

        ``known`` are students of the gradebook, each with what else they are called. Raises Refused.
        """
        forms: dict[str, set[str]] = {}
        for student, *others in [*known, *(_rows(path) if path else ())]:
            for other in (student, *others):
                if other:
                    forms.setdefault(plain(other), set()).add(student)
        single = {form: next(iter(students)) for form, students in forms.items() if len(students) == 1}
        several = frozenset(form for form, students in forms.items() if len(students) > 1)
        return cls(single, several, path is not None)

    def find(self, person: Person) -> tuple[str, str]:
        """Return (student, '') for a person, or ('', why there is none)."""
        for form in map(plain, (*person.ids, person.name)):
            if form in self.students:
                return self.students[form], ""
        shared = [form for form in map(plain, (*person.ids, person.name)) if form in self.several]
        if shared:
            return "", f"several students of the roster are called {person.name!r}"
        if self.given:
            return "", f"nobody in the roster is called {person.name!r}"
        return safe_name(person.name), ""


def plain(text: str) -> str:
    """Return a name as it is compared: letters and digits, without case, accents and order of words.

    >>> plain("Lovelace, Ada") == plain("Ada Lovelace")
    True
    """
    apart = unicodedata.normalize("NFKD", text).casefold()
    words = re.findall(r"[^\W_]+", "".join(char for char in apart if not unicodedata.combining(char)))
    return text.strip().casefold() if "@" in text else "".join(sorted(words))


def safe_name(name: str) -> str:
    """Return a student's id from an LMS's name: one part of a path, and never a hidden one."""
    return student_of(re.sub(r"[/\\]", "_", name).strip()).lstrip(".")[:120] or "unknown"


def _rows(path: Path) -> Iterator[tuple[str, ...]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"the roster {path} can't be read ({error}): save it as CSV UTF-8") from None
    head = text.partition("\n")[0]
    reader = csv.DictReader(text.splitlines(), delimiter=";" if head.count(";") > head.count(",") else ",")
    reader.fieldnames = [str(name).strip().lower() for name in reader.fieldnames or ()]
    if "student" not in reader.fieldnames:
        raise Refused(f"the roster {path} begins with {head[:80]!r}; a column 'student' (the id) is expected, and name "
                      "or first_name and last_name, email, lms_id as far as known")  # fmt: skip
    for row in reader:
        cell = {key: (value or "").strip() for key, value in row.items() if isinstance(value, str) or value is None}
        if student := cell.get("student", ""):
            first, last = cell.get("first_name", ""), cell.get("last_name", "")
            both = (f"{first} {last}", f"{last}{first}") if first and last else ()
            name = cell.get("name", "")
            turned = name.split()[-1] + "".join(name.split()[:-1]) if len(name.split()) > 1 and "," not in name else ""
            commas = "".join(part.strip() for part in name.split(",")) if "," in name else ""
            yield student, name, turned, commas, *both, *(cell.get(column, "") for column in _IDS)


# ----------------------------------------------------------------------------------------------- what came


def people(
    names: Iterable[str], about: Mapping[str, Person] | None = None, whole: str = ""
) -> dict[str, tuple[Person, str]]:
    """Return {path in the download: (whom it is of, its path in what they handed in)}; ``whole`` is its own name."""
    names = [name for name in names if name and not name.endswith("/")]
    common = _common(names)
    found: dict[str, tuple[Person, str]] = {}
    for name in names:
        path = PurePosixPath(name)
        parts = path.parts[len(common) :]
        found[name] = _person(parts, about or {}, common[-1] if common else whole)
    return found


def _common(names: list[str]) -> tuple[str, ...]:
    """The folders that all are in, where they are the download's own and no student's."""
    if len(names) < 2:
        return ()
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    common = PurePosixPath(os.path.commonpath(["/".join(("",) + parts) for parts in folders]) or "/").parts[1:]
    return () if any(_MOODLE.fullmatch(part) or _GRADESCOPE.fullmatch(part) for part in common) else common


def _person(parts: tuple[str, ...], about: Mapping[str, Person], whole: str) -> tuple[Person, str]:
    for depth, part in enumerate(parts):
        if part in about:
            return about[part], "/".join(parts[depth + 1 :])
        if match := _MOODLE.fullmatch(part):
            rest = [match["file"], *parts[depth + 1 :]]
            return Person(match["name"], (match["user"],)), "/".join(filter(None, rest))
    if match := _CANVAS.fullmatch(parts[-1]):
        late = "late, says Canvas" if match["late"] else ""
        return Person(match["name"], (match["user"],), note=late), match["file"]
    if len(parts) > 1:
        return Person(parts[0]), "/".join(parts[1:])
    return Person(whole or PurePosixPath(parts[0]).stem), parts[0]


def gradescope(text: str) -> dict[str, Person]:
    """Read Gradescope's ``submission_metadata.yml``: {folder: who}."""
    found = {}
    for block in re.split(r"^(?=submission_\d+:)", text, flags=re.MULTILINE):
        folder = re.match(r"submission_\d+", block)
        if folder:
            values = {
                key: value.strip(" '\"") for key, value in re.findall(r":(name|sid|email|created_at):[ ]*(.+)", block)
            }
            try:
                when = read_time(re.sub(r"\.\d+", "", values.get("created_at", "")))
            except ValueError:
                when = None
            ids = tuple(filter(None, (values.get("sid"), values.get("email"))))
            found[folder[0]] = Person(values.get("name", folder[0]), ids, when)
    return found


def download(path: Path) -> Iterator[tuple[Person, list[Found]]]:
    """Yield each person of a download with what they handed in; one person's files are in memory at a time.

    Raises Refused for what is neither a folder nor a zip.
    """
    if path.is_dir() and not path.is_symlink():
        yield from _of_folder(path)
        return
    try:
        archive = zipfile.ZipFile(path)
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except FileNotFoundError:
        raise Refused(f"there is no {path}: name the zip or the folder that the LMS gave") from None
    except UNREADABLE as error:
        raise Refused(f"{path} is no zip that can be read ({error}): download it again") from None
    if len(infos) > MAX_MEMBERS:
        raise Refused(f"{path} holds {len(infos)} files; at most {MAX_MEMBERS} are taken")
    about = {}
    for info in infos:
        if PurePosixPath(info.filename).name == "submission_metadata.yml" and not refused(info):
            about = gradescope(b"".join(one.data for one in unpacked(archive, [info])).decode("utf-8", "replace"))
    by_name = {info.filename: info for info in infos if not info.filename.endswith("submission_metadata.yml")}
    sound = [name for name, info in by_name.items() if not refused(info)]
    groups: dict[object, list[tuple[Person, str, str]]] = {}
    for name, (person, inside) in people(sound, about, path.stem).items():
        groups.setdefault(person.key, []).append((person, name, inside))
    bad = [Found(name, b"", problem=why) for name, info in by_name.items() if (why := refused(info))]
    if bad:
        yield Person(""), bad
    for group in groups.values():
        places = {name: inside for _, name, inside in group}
        files = [replace(one, name=places[one.name]) for one in unpacked(archive, [by_name[name] for name in places])]
        notes = [person.note for person, _, _ in group if person.note]
        yield replace(group[0][0], note=notes[0] if notes else ""), list(_opened(files))


def _of_folder(path: Path) -> Iterator[tuple[Person, list[Found]]]:
    names = list(paths(path))
    about: dict[str, Person] = {}
    for name in [name for name in names if PurePosixPath(name).name == "submission_metadata.yml"]:
        names.remove(name)
        about = gradescope(b"".join(one.data for one in read(path / name, name)).decode("utf-8", "replace"))
    groups: dict[object, tuple[Person, list[tuple[str, str]]]] = {}
    for name, (person, inside) in people(names, about, path.name).items():
        groups.setdefault(person.key, (person, []))[1].append((name, inside))
    for person, places in groups.values():
        yield person, [one for name, inside in places for one in read(path / name, inside)]


def _opened(files: Iterable[Found]) -> Iterator[Found]:
    """The files, and in place of each zip what is in it."""
    for one in files:
        if one.name.lower().endswith(".zip") and not one.problem:
            yield from members(one.name, one.data)
        else:
            yield one


# ----------------------------------------------------------------------------------------------- where it goes


def collect(
    path: Path, assignment: Assignment, roster: Roster, *, dry_run: bool = False, replace_: bool = False
) -> list[Row]:
    """Sort a download into ``submitted/`` and return what became of every file. Raises Refused.

    The newest version of an exercise wins, older ones are kept beside it. What is there already is replaced only with
    ``replace_``, and then kept beside, too. A dry run writes nothing.
    """
    rows: list[Row] = []
    seen: dict[str, object] = {}
    for person, files in download(path):
        student, why = roster.find(person) if person.name else ("", "")
        if student and not roster.given and seen.setdefault(student, person.key) != person.key and person.ids:
            student = safe_name(f"{student}_{person.ids[0]}")  # another person of the same name
        if not student:
            rows += [Row(one.name, "", "", f"left out: {one.problem or why}") for one in files]
            continue
        home = Path(assignment.course.format_path(assignment.course.submitted_directory, student, assignment.name))
        rows += _Desk(home, student, assignment, dry_run, replace_).take(person, files)
    return rows


@dataclass
class _Desk:
    """Puts one student's files where they belong."""

    home: Path
    student: str
    assignment: Assignment
    dry_run: bool
    replace: bool

    def take(self, person: Person, files: list[Found]) -> list[Row]:
        release = self.assignment.release
        meant = {one.name: exercise_of(one, release) for one in files if one.is_notebook and not one.problem}
        newest: dict[str, Found] = {}
        for one in sorted(files, key=lambda one: self._order(one, meant)):
            if exercise := meant.get(one.name):
                newest[exercise] = one
        rows = [self._row(one, meant.get(one.name), newest, person) for one in files]
        if person.when and not self.dry_run and newest:
            self._put("timestamp.txt", f"{person.when:%Y-%m-%d %H:%M:%S} UTC\n".encode())
        return rows

    def _order(self, one: Found, meant: Mapping[str, str | None]) -> tuple[bool, float, int]:
        exercise = meant.get(one.name)
        version = _VERSION.search(one.name)
        worked_on = exercise is not None and touched(one, self.assignment.release[exercise])
        return worked_on, one.changed, int(version[1]) if version else 0

    def _row(self, one: Found, exercise: str | None, newest: Mapping[str, Found], person: Person) -> Row:
        told = f" ({person.note})" if person.note else ""
        if one.problem:
            return Row(one.name, self.student, "", f"left out: {one.problem}")
        if exercise is None:
            others = sort_out([one], self.assignment.release).others
            if others:
                self._put(one.name, one.data)
                return Row(one.name, self.student, "", "kept, but not graded")
            return Row(one.name, self.student, "", self._put(one.name, one.data))
        if newest[exercise] is one:
            return Row(one.name, self.student, exercise, self._put(f"{exercise}.ipynb", one.data) + told)
        became = self._put(f"{EARLIER}/{one.name}", one.data)
        return Row(one.name, self.student, exercise, f"an earlier one: {became} in {EARLIER}/{told}")

    def _put(self, name: str, data: bytes) -> str:
        """Write one file below the student's folder; return what became of it. Nothing is overwritten unasked."""
        parts = [part for part in PurePosixPath(kept(name)).parts if part not in ("/", "..", ".")]
        target = self.home.joinpath(*parts)
        there = target.read_bytes() if target.is_file() and not target.is_symlink() else None
        if there == data:
            return "there already"
        if os.path.lexists(target) and not (self.replace and there is not None):
            return "left out: another one is there (--replace puts this in its place and keeps the other)"
        if not self.dry_run:
            if there is not None:
                aside = self.home / EARLIER / f"{datetime.now(UTC):%Y%m%d-%H%M%S} {target.name}"
                aside.parent.mkdir(parents=True, exist_ok=True)
                os.replace(target, aside)
            _write(target, data)
        return "taken" if there is None else "taken; the other is kept"


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".writing-{os.getpid()}")
    beside.write_bytes(data)
    os.replace(beside, target)


def table(rows: list[Row]) -> str:
    """Return the rows as lines of text, with a count at the end."""
    shown = [(kept(row.student) or "?", row.exercise or "-", kept(row.file), kept(row.became)) for row in rows]
    widths = [max((len(line[column]) for line in shown), default=0) for column in range(3)]
    lines = [
        "  ".join([*(text.ljust(width) for text, width in zip(line, widths, strict=False)), line[3]]) for line in shown
    ]
    taken = sum("taken" in row.became for row in rows)
    left = sum("left out" in row.became for row in rows)
    students = len({row.student for row in rows if row.student})
    return "\n".join([*lines, f"{len(rows)} files of {students} students: {taken} taken, {left} left out."])


def collect_download(path: Path, part: str, *, roster: Path | None, dry_run: bool, replacing: bool) -> int:
    """Collect and print the table; return 0, or 1 when nothing could be taken. Raises Refused, UnknownName."""
    assignment = Assignment.find(part)
    found = collect(path, assignment, Roster.read(roster, _known(assignment)), dry_run=dry_run, replace_=replacing)
    print(table(found))
    if dry_run:
        print("Nothing was written: this was a dry run.")
    return 0 if any("left out" not in row.became for row in found) else 1


def _known(assignment: Assignment) -> list[tuple[str, ...]]:
    """The gradebook's students, each with what an LMS may call them."""
    try:
        with Gradebook(assignment.course.db_url, assignment.course.course_id) as gradebook:
            return [
                (one.id, one.lms_user_id or "", one.email or "", f"{one.first_name or ''} {one.last_name or ''}")
                for one in gradebook.students
            ]
    except SQLAlchemyError:
        return []
