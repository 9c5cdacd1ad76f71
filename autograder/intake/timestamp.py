"""When a submission was handed in: ``timestamp.txt``, read so that nothing is guessed."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import dateutil.parser
from dateutil.tz import gettz
from nbgrader.utils import parse_utc


class UnreadableTime(ValueError):
    """A time of handing in can't be read. ``why`` says what the file holds and what was expected of it."""

    def __init__(self, path: Path, found: str):
        self.why = (
            f"it holds no time: {found}. Expected is a date and a time, such as 2026-03-29 23:59:00 UTC, "
            "2026-03-29 23:59:00 +0200 or 2026-03-29 23:59:00 Europe/Berlin"
        )
        super().__init__(f"{'/'.join(path.parts[-3:])} can't be read: {self.why}.")


def handed_in(folder: Path) -> datetime | None:
    """Return when a submitted folder was handed in, in UTC without a zone; None when it doesn't say.

    ``timestamp.txt`` holds a date and a time; one without a zone is in UTC, as everywhere in nbgrader. Raises
    UnreadableTime for anything else, also for a zone that isn't known, which nbgrader would take for UTC.
    """
    path = folder / "timestamp.txt"
    if not path.is_file():
        return None
    try:
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(200).strip()
        return read_time(text) if text else None
    except UnicodeDecodeError:
        raise UnreadableTime(path, "it is not UTF-8 text") from None
    except ValueError as error:
        raise UnreadableTime(path, str(error)) from None


def read_time(text: str) -> datetime:
    """Return a date and time in UTC, without a zone. Raises ValueError, with what is wrong."""
    shown = text if len(text) <= 60 else text[:60] + "…"
    named = re.fullmatch(r"(.*\d)\s*([A-Za-z][A-Za-z_]*(?:/[\w+-]+)*)", text.strip(), re.S)
    zone = None
    if named and named[2].lower() not in ("am", "pm", "z"):
        text, zone = named[1], gettz(named[2])
        if zone is None:
            raise ValueError(f"{shown!r} names the time zone {named[2]}, which is not known")
    try:  # twice, with nothing in common to fall back on: a part that is missing shows
        found = {dateutil.parser.parse(text, default=datetime(*fill)) for fill in ((2001, 1, 1), (2002, 2, 2, 3, 4))}
    except (ValueError, OverflowError, TypeError):
        raise ValueError(f"found {shown!r}") from None
    if len(found) > 1:
        raise ValueError(f"found {shown!r}, which is no complete date and time")
    time = found.pop()
    time = time.replace(tzinfo=zone) if time.tzinfo is None else time
    if not 2000 <= time.year <= 2200:
        raise ValueError(f"found {shown!r}, which is in the year {time.year}")
    return parse_utc(time)
