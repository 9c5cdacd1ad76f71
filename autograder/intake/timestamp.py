"""When a submission was handed in: ``timestamp.txt``, read so that nothing is guessed.

A form that can be read in one way only is read; one that people read in two ways (11/03/2026) is refused by name.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path

from dateutil.tz import datetime_ambiguous, datetime_exists, gettz

from lrtutorial.advice import Advice

TIMESTAMP = "timestamp.txt"  #: nbgrader's name for it
FIRST_YEAR, LAST_YEAR = 2000, 2200
FARTHEST = timedelta(hours=14)  #: from UTC, of any place
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_LONG_MONTHS = "january february march april may june july august september october november december".split()
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_CLOCK = re.compile(
    r"(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?:\s*([ap])\.?m\.?(?![a-z]))?(?![\d:])", re.IGNORECASE
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})?(?=Z|[+-]|\s|$)", re.IGNORECASE)
_OFFSET = re.compile(r"(?:(?:UTC|GMT|UT|Z)\s*)?([+-])(\d{1,2}(?::\d{2})?|\d{4})", re.IGNORECASE)
_UNIVERSAL = re.compile(r"UTC|GMT|UT|Z|Zulu|UCT", re.IGNORECASE)
_PLACE = re.compile(r"[A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+")
_NUMBERS = re.compile(r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})")


class UnreadableTime(Advice, ValueError):
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
    path = folder / TIMESTAMP
    try:
        if not path.is_file():
            return None
        with path.open(encoding="utf-8-sig") as file:
            text = file.read(200).strip()
        return read_time(text) if text else None
    except UnicodeDecodeError:
        raise UnreadableTime(path, "it is not UTF-8 text") from None
    except OSError as error:
        raise UnreadableTime(path, f"it can't be opened ({error.strerror})") from None
    except ValueError as error:
        raise UnreadableTime(path, str(error)) from None


def read_time(text: str) -> datetime:
    """Return a date and time in UTC, without a zone. Raises ValueError, with what is wrong.

    ``UTC+02:00``, ``GMT+2`` and JavaScript's ``GMT+0200`` are two hours ahead of UTC, as people mean them (POSIX turns
    the sign). A dotted date has its day first; of two numbers that could both be the month none is taken.

    Examples
    --------
    >>> read_time("Wed Mar 11 2026 10:00:00 GMT+0200 (Central European Standard Time)")
    datetime.datetime(2026, 3, 11, 8, 0)
    >>> read_time("11/03/2026 10:00")
    Traceback (most recent call last):
    ...
    ValueError: found '11/03/2026 10:00', where 11/03/2026 may be 11 March or 3 November
    """
    shown = repr(text if len(text) <= 60 else text[:60] + "…")
    try:
        return _read(unicodedata.normalize("NFKC", text).replace("\N{MINUS SIGN}", "-").strip())
    except (ValueError, OverflowError) as error:
        why = str(error)
        raise ValueError(f"found {shown}{', ' + why if why else ''}") from None


def _read(text: str) -> datetime:
    text = re.sub(r"\s*\([^()]*\)$", "", text)  # JavaScript's name of the zone
    text = re.sub(r"\b(\d{1,2})-([A-Za-z]{3,9})-(\d{4})\b", r"\1 \2 \3", text)
    if compact := _COMPACT.search(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in compact.groups())
        rest, moment = _without(text, compact), datetime(year, month, day, hour, minute, second)
    else:
        clock = _only(_CLOCK, text, "which has no time of day", "which has more than one time of day")
        date, rest = _date(re.sub(r"(?<=\d)T\s*$", "", text[: clock.start()]), text[clock.end() :])
        moment = date + _time_of_day(clock)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"which is in the year {moment.year}")
    return _in_utc(moment, rest.strip(" ,;"))


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def _only(pattern: re.Pattern[str], text: str, none: str, many: str) -> re.Match[str]:
    found = [match for match in pattern.finditer(text) if not re.search(r"(?:[+-]|UTC|GMT)\s*$", text[: match.start()])]
    if len(found) != 1:
        raise ValueError(many if found else none)
    return found[0]


def _time_of_day(clock: re.Match[str]) -> timedelta:
    hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
    if clock[5]:
        if not 1 <= hour <= 12:
            raise ValueError(f"where {clock[0].strip()} is no time of day")
        hour = hour % 12 + (12 if clock[5].lower() == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"where {clock[0].strip()} is no time of day")
    micro = int((clock[4] or "0")[:6].ljust(6, "0"))
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)


def _date(before: str, after: str) -> tuple[datetime, str]:
    """Return the date, and the text that is left for the zone. It may stand before the time, after it or around it."""
    if numbers := _NUMBERS.search(before) or _NUMBERS.search(after):
        inside = before if numbers.string is before else after
        other = after if inside is before else before
        date, rest = _numeric(numbers), f"{_without(inside, numbers)} {other}"
        weekday, rest = _weekday(rest)
    else:
        date, rest = _spelled(f"{before} \x00 {after}")
        weekday, rest = _weekday(rest.replace("\x00", " "))
    if weekday is not None and date.weekday() != weekday:
        raise ValueError(f"but {date:%Y-%m-%d} is a {_DAYS[date.weekday()].title()}")
    return date, rest


def _numeric(numbers: re.Match[str]) -> datetime:
    first, between, second, third = numbers[1], numbers[2], int(numbers[3]), numbers[4]
    if len(first) == 4 and len(third) <= 2:
        return _day(int(first), second, int(third), numbers[0])
    if len(third) != 4 or len(first) > 2:
        raise ValueError(f"where {numbers[0]} doesn't say which number is the year")
    one = int(first)
    if between == "." or one > 12 or one == second:
        return _day(int(third), second, one, numbers[0])
    if second > 12:
        return _day(int(third), one, second, numbers[0])
    names = [name.title() for name in _LONG_MONTHS]
    raise ValueError(f"where {numbers[0]} may be {one} {names[second - 1]} or {second} {names[one - 1]}")


def _day(year: int, month: int, day: int, shown: str) -> datetime:
    try:
        return datetime(year, month, day)
    except ValueError:
        raise ValueError(f"where {shown} is no date") from None


def _spelled(text: str) -> tuple[datetime, str]:
    """A date with the month's English name: 29 March 2026, March 29, 2026, Sun Mar 29 23:59:00 UTC 2026."""
    month = re.search(r"\b(" + "|".join([*_LONG_MONTHS, "sept", *_MONTHS]) + r")\b\.?", text, re.IGNORECASE)
    year = re.search(r"(?<![\d+-])(\d{4})(?!\d)", text)
    if not month or not year:
        raise ValueError("which has no date")
    number = _MONTHS.index(month[1].lower()[:3]) + 1
    rest = text[: month.start()] + "\x01" + text[month.end() :]
    rest = re.sub(rf"(?<![\d+-]){year[1]}(?!\d)", " ", rest, count=1)
    day = re.search(r"(?<![\d:+-])(\d{1,2})(?:st|nd|rd|th)?\.?[\s,-]*\x01|\x01[\s,-]*(\d{1,2})(?:st|nd|rd|th)?\b", rest)
    if not day:
        raise ValueError("which has no day of the month")
    return _day(int(year[1]), number, int(day[1] or day[2]), f"{month[1]} {day[1] or day[2]}"), _without(rest, day)


def _weekday(text: str) -> tuple[int | None, str]:
    names = [*_DAYS, *(day[:3] for day in _DAYS), "tues", "thur", "thurs"]
    found = re.search(r"\b(" + "|".join(names) + r")\b\.?,?", text, re.IGNORECASE)
    if not found:
        return None, text
    return next(n for n, day in enumerate(_DAYS) if day.startswith(found[1].lower()[:3])), _without(text, found)


def _in_utc(moment: datetime, zone: str) -> datetime:
    zone = re.sub(r"^(?:at|,|\s)+|[,\s]+$", "", zone)
    where: tzinfo
    if not zone or _UNIVERSAL.fullmatch(zone):
        where = UTC
    elif offset := _OFFSET.fullmatch(zone):
        where = _ahead(offset, zone)
    elif _PLACE.fullmatch(zone):
        place = gettz(zone)
        if place is None:
            raise ValueError(f"which names the time zone {zone}, which is not known")
        if not datetime_exists(moment, place):
            raise ValueError(f"a time that {zone} left out when its clocks went forward")
        if datetime_ambiguous(moment, place):
            raise ValueError(f"a time that {zone} had twice, when its clocks went back")
        where = place
    elif re.fullmatch(r"[A-Za-z]+", zone):
        raise ValueError(f"which names the time zone {zone}, which is not known: abbreviations mean several")
    else:
        raise ValueError(f"where {zone[:30]!r} can't be read")
    return moment.replace(tzinfo=where).astimezone(UTC).replace(tzinfo=None)


def _ahead(offset: re.Match[str], shown: str) -> timezone:
    digits = offset[2].replace(":", "")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
    ahead = timedelta(hours=hours, minutes=minutes)
    if minutes > 59 or ahead > FARTHEST:
        raise ValueError(f"where {shown} is no distance from UTC")
    return timezone(-ahead if offset[1] == "-" else ahead)
