"""``python -m autograder collect``: what an LMS's "download all" gives, into ``submitted/``, and what became of it.

Canvas puts a student's name and number before each file's name, Moodle makes a folder for each student, Gradescope one
for each submission with a list of who it is. A folder of students' folders, or a zip of it, is taken, too.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import os
import re
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TypeVar

import yaml
from nbgrader.api import Student
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from autograder.gradebook.database import reading
from autograder.grading.assignment import Assignment
from autograder.intake.candidates import (
    UNREADABLE,
    Found,
    data_for,
    exercise_of,
    left_behind,
    members,
    paths,
    read,
    refused,
    spelled,
    touched,
    unpacked,
)
from autograder.intake.text import fitting, kept, student_of
from autograder.intake.timestamp import TIMESTAMP, read_time
from lrtutorial.advice import Refused

HIDDEN = "it is hidden, or in a hidden folder"
EARLIER = "earlier"  #: the folder beside the notebooks in which older versions are kept
MAX_MEMBERS = 200_000  #: of a download
MAX_NAME, MAX_PARTS = 200, 12  #: bytes of a file's name, and folders above it, that are written
#: ``lovelaceada_LATE_4711_99_coins-1.ipynb``, ``anon_x7Kq2_99_coins.ipynb``; a text has no number of its own.
_CANVAS = re.compile(
    r"(?:(?P<name>(?!LATE_).+?)_)?(?P<late>LATE_)?(?P<user>\d+|anon_[A-Za-z0-9]+)_(?:(?P<number>\d+)_(?P<file>.+)"
    r"|(?P<text>(?:text|link)(?:-\d+)?\.html))"
)
#: ``Ada Lovelace_991_assignsubmission_file/deep/coins.ipynb``, older ones with ``file_``; ``…_file_coins.ipynb``.
_MOODLE = re.compile(r"(?P<name>.+)_(?P<user>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)")
_SHEET = "submission_metadata.yml"
_GRADESCOPE = re.compile(r"submission_\w+")
_VERSION = re.compile(r"-(\d+)(?=\.\w+$)")
_IDS = (
    "lms_id", "lms_user_id", "canvas_id", "moodle_id", "user_id", "sid", "id", "idnumber", "id number", "login",
    "username", "email", "email address", "identifier", "sis user id", "sis login id",
)  # fmt: skip
#: Columns that hold a student's id here, the first that is there: one's own roster, Canvas's, Moodle's, Gradescope's.
_STUDENTS = ("student", "student_id", "sis login id", "sis user id", "username", "id number", "idnumber", "sid")


@dataclass(frozen=True)
class Person:
    """Whom a file is of, as the LMS says: a name, a number, an address; and when it was handed in."""

    name: str
    ids: tuple[str, ...] = ()
    when: datetime | None = None
    note: str = ""
    fixed: bool = False  #: whether its first id is the same in every part
    also: tuple[str, ...] = ()  #: what the name may be without a group's before it

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
        try:
            listed = [*known, *(_rows(path) if path else ())]
        except csv.Error as error:
            raise Refused(f"the roster {path} can't be read as a table ({error}): check its quotation marks") from None
        for student, *others in listed:
            for other in (student, *others):
                if other:
                    forms.setdefault(plain(other), set()).add(student)
        single = {form: next(iter(students)) for form, students in forms.items() if len(students) == 1}
        several = frozenset(form for form, students in forms.items() if len(students) > 1)
        return cls(single, several, path is not None)

    def knows(self, name: str) -> bool:
        """Whether a student is called so."""
        return plain(name) in self.students

    def find(self, person: Person, namesakes: bool = False) -> tuple[str, str]:
        """Return (student, '') for a person, or ('', why there is none); ``namesakes``: another has the same name."""
        both = [f"{person.name} {one}" for one in person.ids[:1]]  # "Participant 991", as Moodle's worksheet has it
        forms = [*map(plain, (*person.ids, *both)), *([] if namesakes and person.ids else [plain(person.name)])]
        for form in [*forms, *map(plain, person.also)]:
            if form in self.students:
                return self.students[form], ""
            if form in self.several:
                break
        if any(form in self.several for form in [*forms, *map(plain, person.also)]):
            return "", f"several students of the roster are called {person.name!r}"
        if self.given:
            number = f" or has the number {person.ids[0]}" if person.ids else ""
            return "", f"nobody in the roster is called {person.name!r}{number}"
        apart = f"_{person.ids[0]}" if person.ids and (person.fixed or namesakes) else ""
        return safe_name(person.name + apart), ""


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
    return student_of(re.sub(r"[/\\]", "_", name).strip().lstrip(".")) or "unknown"


def _rows(path: Path) -> Iterator[tuple[str, ...]]:
    text = _table(path)
    head = text.partition("\n")[0]
    split = max(";\t,", key=lambda one: (head.count(one), one == ","))
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=split)
    names = [str(name).strip().lower() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    if "sis user id" in names and "student" in names:  # Canvas's gradebook: the name is called so
        names[names.index("student")] = "name"
    found = [column for column in _STUDENTS if column in names]
    if not found:
        raise Refused(
            f"the roster {path} begins with {head[:80]!r}; a column 'student' (the id) is expected, and name "
            "or first_name and last_name, email, lms_id as far as known"
        )
    for row in reader:
        cell = {key: (value or "").strip() for key, value in row.items() if isinstance(value, str) or value is None}
        if student := next((cell[column] for column in found if cell.get(column)), ""):
            yield student, *_called(cell), *(cell.get(column, "") for column in _IDS)


def _table(path: Path) -> str:
    """Return a table's text; a spreadsheet may save it in UTF-16, or with a byte order mark."""
    try:
        data = path.read_bytes()
        wide = data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        return data.decode("utf-16" if wide else "utf-8").removeprefix("\ufeff")
    except FileNotFoundError:
        raise Refused(
            f"there is no roster {path}: give the path of a table of the class, or leave --roster out"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"the roster {path} can't be read ({error}): save it as CSV UTF-8") from None


def _called(cell: Mapping[str, str]) -> Iterator[str]:
    """What an LMS may call someone: the name as it stands, and with the family name first, without spaces."""
    first, last = (cell.get(f"{part}_name") or cell.get(f"{part} name", "") for part in ("first", "last"))
    name = cell.get("name") or cell.get("full name", "")
    yield name
    if first and last:
        yield from (f"{first} {last}", f"{last}{first}")
    if "," in name:
        yield "".join(name.split(","))
    elif len(words := name.split()) > 1:
        yield words[-1] + "".join(words[:-1])


# ----------------------------------------------------------------------------------------------- what came


def people(
    names: Iterable[str],
    about: Mapping[str, tuple[Person, ...]] | None = None,
    whole: str = "",
    roster: Roster | None = None,
) -> dict[str, list[tuple[Person, str]]]:
    """Return {path in the download: [(whom it is of, its path in what they handed in)]}; a group's file is of several.

    ``whole`` is the download's own name: the person's, where nothing else says whose it is. A person without a name is
    nobody: the download is an LMS's, and this file doesn't say whose. A folder that the roster knows is its student's.
    """
    names = [name for name in names if name and not name.endswith("/")]
    common = _common(names)
    if roster is not None:
        common = tuple(itertools.takewhile(lambda folder: not roster.knows(folder), common))
    found: dict[str, list[tuple[Person, str]]] = {}
    for name in names:
        parts = PurePosixPath(name).parts[len(common) :]
        found[name] = _by_lms(parts, about or {})
    lms = any(found.values())
    for name in names:
        if not found[name]:
            parts = PurePosixPath(name).parts[len(common) :]
            if roster is not None and not roster.knows(parts[0]):
                known = (index for index, part in enumerate(parts[:-1]) if roster.knows(part))
                parts = parts[next(known, 0) :]
            alone = len(parts) == 1
            person = Person("" if lms and alone else (common[-1] if common else whole) if alone else parts[0])
            found[name] = [(person, "/".join(parts) if alone else "/".join(parts[1:]))]
    return _without_groups(found)


def _without_groups(found: dict[str, list[tuple[Person, str]]]) -> dict[str, list[tuple[Person, str]]]:
    """Moodle puts a group's name and a hyphen before every name of a download, or before none."""
    names = {person.name for name, of in found.items() for person, _ in of if _MOODLE.search(name)}
    if not names or not all("-" in name for name in names):
        return found

    def apart(person: Person) -> Person:
        words = person.name.split("-")
        return replace(person, also=tuple("-".join(words[at:]) for at in range(1, len(words))))

    return {
        name: [(apart(person) if person.name in names else person, inside) for person, inside in of]
        for name, of in found.items()
    }


def _common(names: list[str]) -> tuple[str, ...]:
    """The folders that all are in, where they are the download's own and no student's."""
    if len(names) < 2:
        return ()
    folders = [PurePosixPath(name).parts[:-1] for name in names]
    if () in folders:
        return ()
    common = PurePosixPath(os.path.commonpath(["/".join(("",) + parts) for parts in folders]) or "/").parts[1:]
    return () if any(_MOODLE.fullmatch(part) or _GRADESCOPE.fullmatch(part) for part in common) else common


def _by_lms(parts: tuple[str, ...], about: Mapping[str, tuple[Person, ...]]) -> list[tuple[Person, str]]:
    """Whom a file is of by what an LMS makes of its path; nothing where none did."""
    for depth, part in enumerate(parts):
        if part in about:
            return [(person, "/".join(parts[depth + 1 :])) for person in about[part]]
        if match := _MOODLE.fullmatch(part):
            rest = [match["file"], *parts[depth + 1 :]]
            return [(Person(match["name"], (match["user"],)), "/".join(filter(None, rest)))]
    if match := _CANVAS.fullmatch(parts[-1]):
        if match["name"] or match["user"].startswith("anon_"):
            late = "late, says Canvas" if match["late"] else ""
            number = match["user"].removeprefix("anon_")
            person = Person(match["name"] or "anon", (number,), note=late, fixed=True)
            return [(person, match["file"] or match["text"])]
    return []


def gradescope(text: str) -> dict[str, tuple[Person, ...]]:
    """Read Gradescope's ``submission_metadata.yml``: {folder: who, several of a group}. Raises Refused."""
    try:
        listed = yaml.load(text, yaml.BaseLoader)  # everything stays text: 007 is a name
    except (yaml.YAMLError, RecursionError) as error:
        raise Refused(f"submission_metadata.yml can't be read ({str(error)[:100]}): download it again") from None
    found = {}
    for folder, told in listed.items() if isinstance(listed, dict) else ():
        who = told.get(":submitters") if isinstance(told, dict) else None
        if not isinstance(who, list) or not who:
            continue
        try:
            when = read_time(re.sub(r"(:\d\d)\.\d+", r"\1", str(told.get(":created_at", ""))))
        except ValueError:
            when = None
        found[str(folder)] = tuple(
            Person(str(one.get(":name", folder)), _texts(one.get(":sid"), one.get(":email")), when)
            for one in who
            if isinstance(one, dict)
        )
    return found


def _texts(*values: object) -> tuple[str, ...]:
    return tuple(value.strip() for value in values if isinstance(value, str) and value.strip())


def download(path: Path, roster: Roster | None = None) -> list[tuple[Person, Callable[[], list[Found]]]]:
    """Return each person of a download with what reads their files, so that one person's are in memory at a time.

    Raises Refused for what is neither a folder nor a zip.
    """
    if path.is_dir() and not path.is_symlink():
        return _of_folder(path, roster)
    try:
        archive = zipfile.ZipFile(path)
        infos = [info for info in archive.infolist() if not spelled(info).endswith("/")]
    except FileNotFoundError:
        raise Refused(f"there is no {path}: name the zip or the folder that the LMS gave") from None
    except UNREADABLE as error:
        raise Refused(f"{path} is no zip that can be read ({error}): download it again") from None
    if len(infos) > MAX_MEMBERS:
        raise Refused(f"{path} holds {len(infos)} files; at most {MAX_MEMBERS} are taken")
    about: dict[str, tuple[Person, ...]] = {}
    for info in infos:
        if PurePosixPath(spelled(info)).name == _SHEET and not refused(info):
            about = gradescope(_text_of(unpacked(archive, [info])))
    listed = [info for info in infos if PurePosixPath(spelled(info)).name != _SHEET and not left_behind(spelled(info))]
    sound = [info for info in listed if not refused(info)]
    whose = people(map(spelled, sound), about, path.stem, roster)

    def reader(places: list[tuple[zipfile.ZipInfo, str]]) -> Callable[[], list[Found]]:
        # one by one: two of them may have the same name
        return lambda: list(
            _opened(replace(one, name=inside) for info, inside in places for one in unpacked(archive, [info]))
        )

    bad = [Found(spelled(info), b"", problem=why) for info in listed if (why := refused(info))]
    bad += [Found(name, b"", problem=HIDDEN) for name in map(spelled, infos) if _hidden_work(name)]
    groups = _groups((info, whose[spelled(info)]) for info in sound)
    return [*([(Person(""), lambda: bad)] if bad else []), *((person, reader(places)) for person, places in groups)]


def _hidden_work(name: str) -> bool:
    """Whether a path that is passed over may be somebody's work: a notebook or a zip, hidden by its owner."""
    work = left_behind(name) and name.lower().endswith((".ipynb", ".zip"))
    return work and not re.search(r"(^|/)(__MACOSX|\.ipynb_checkpoints|\.Trash[^/]*)/|(^|/)\._", name)


def _of_folder(path: Path, roster: Roster | None) -> list[tuple[Person, Callable[[], list[Found]]]]:
    names = list(paths(path))
    hidden = [one.relative_to(path).as_posix() for one in sorted(path.rglob("*")) if one.is_file()]
    bad = [Found(name, b"", problem=HIDDEN) for name in hidden if _hidden_work(name)]
    about: dict[str, tuple[Person, ...]] = {}
    for name in [name for name in names if PurePosixPath(name).name == _SHEET]:
        names.remove(name)
        about = gradescope(_text_of(read(path / name, name)))

    def reader(places: list[tuple[str, str]]) -> Callable[[], list[Found]]:
        return lambda: [one for name, inside in places for one in read(path / name, inside)]

    groups = _groups(people(names, about, path.name, roster).items())
    return [*([(Person(""), lambda: bad)] if bad else []), *((person, reader(places)) for person, places in groups)]


def _text_of(files: Iterable[Found]) -> str:
    return b"".join(one.data for one in files).decode("utf-8", "replace")


File = TypeVar("File")


def _groups(files: Iterable[tuple[File, list[tuple[Person, str]]]]) -> list[tuple[Person, list[tuple[File, str]]]]:
    """Each person once, with all of their files; a note on one of them is on all."""
    groups: dict[object, tuple[Person, list[tuple[File, str]]]] = {}
    for file, of in files:
        for person, inside in of:
            known, places = groups.setdefault(person.key, (person, []))
            places.append((file, inside))
            groups[person.key] = (person if person.note and not known.note else known, places)
    return list(groups.values())


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
    everybody = download(path, roster)
    names = Counter(plain(person.name) for person, _ in everybody)
    for person, read_files in everybody:
        files = read_files()
        student, why = ("", "nothing says whose it is")
        if person.name:
            student, why = roster.find(person, namesakes=names[plain(person.name)] > 1)
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
        if person.when and newest:
            self._put(TIMESTAMP, f"{person.when:%Y-%m-%d %H:%M:%S} UTC\n".encode())
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
            return Row(one.name, self.student, "", self._beside(one, newest))
        if newest[exercise] is one:
            return Row(one.name, self.student, exercise, self._put(f"{exercise}.ipynb", one.data) + told)
        became = self._put(self._free(f"{EARLIER}/{one.name}", one.data), one.data)
        return Row(one.name, self.student, exercise, f"an earlier one: {became} in {EARLIER}/{told}")

    def _beside(self, one: Found, newest: Mapping[str, Found]) -> str:
        """Keep a file that is no notebook: beside the notebooks that it lay beside, for they are put at the top."""
        homes = {PurePosixPath(notebook.name).parent for notebook in newest.values()} | {PurePosixPath()}
        inside = [path for home in homes if (path := data_for(one, home)) is not None]
        if PurePosixPath(one.name).name == TIMESTAMP:
            return (
                self._put(TIMESTAMP, one.data) if PurePosixPath(TIMESTAMP) in inside else self._put(one.name, one.data)
            )
        if not inside:
            became = self._put(one.name, one.data)
            return became if "left out" in became else "kept, but not graded"
        return self._put(str(min(inside, key=lambda path: len(path.parts))), one.data)

    def _free(self, name: str, data: bytes) -> str:
        """Return a name under which nothing else lies: two files of a download may have the same."""
        path = PurePosixPath(name)
        for number in itertools.count(2):
            target = self._place(name)
            if not os.path.lexists(target) or (target.is_file() and target.read_bytes() == data):
                break
            name = str(path.with_name(f"{path.stem} ({number}){path.suffix}"))
        return name

    def _place(self, name: str) -> Path:
        """Return where a file lies below the student's folder, its names made such that a disk takes them."""
        parts = [part for part in PurePosixPath(kept(name)).parts if part not in ("/", "..", ".")]
        parts = [fitting(part, MAX_NAME, suffix=PurePosixPath(part).suffix[:10]) for part in parts][-MAX_PARTS:]
        return self.home.joinpath(*parts or ["unnamed"])

    def _put(self, name: str, data: bytes) -> str:
        """Write one file below the student's folder; return what became of it. Nothing is overwritten unasked."""
        target = self._place(name)
        there = target.read_bytes() if target.is_file() and not target.is_symlink() else None
        if there == data:
            return "there already"
        if os.path.lexists(target) and not (self.replace and there is not None):
            return "left out: another one is there (--replace puts this in its place and keeps the other)"
        if not self.dry_run:
            try:
                if there is not None:
                    aside = self.home / EARLIER / f"{datetime.now(UTC):%Y%m%d-%H%M%S} {fitting(target.name, 200)}"
                    aside.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(target, aside)
                _write(target, data)
            except (FileExistsError, NotADirectoryError, IsADirectoryError):
                return f"left out: a file or a folder of the same name as a part of {target.name!r} is in the way"
        return "taken" if there is None else "taken; the other is kept"


def _write(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".writing-{os.getpid()}")
    try:
        beside.write_bytes(data)
        os.replace(beside, target)
    finally:
        beside.unlink(missing_ok=True)


def readable(name: str) -> str:
    """Return a name as one line that moves no cursor and turns no text round: other characters as Python writes them.

    >>> readable("a\\nb"), readable("Zo\u00eb 1.ipynb")
    ('a\\\\nb', 'Zoë 1.ipynb')
    """
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in kept(name))


def table(rows: list[Row]) -> str:
    """Return the rows as lines of text, with a count at the end."""
    shown = [
        (readable(row.student) or "?", row.exercise or "-", readable(row.file), readable(row.became)) for row in rows
    ]
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
    """The gradebook's students, each with what an LMS may call them; where there is no gradebook, none is made."""
    try:
        with Session(reading(assignment.course.db_url)) as session:
            return [
                (one.id, one.lms_user_id or "", one.email or "", f"{one.first_name or ''} {one.last_name or ''}")
                for one in session.query(Student)
            ]
    except (FileNotFoundError, SQLAlchemyError):
        return []
