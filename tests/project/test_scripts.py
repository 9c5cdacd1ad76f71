"""The pages' own scripts: functions that fit on a screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 60
SCRIPTS = sorted([*ROOT.glob("lrtutorial/**/*.js"), *ROOT.glob("book/_static/*.js")])
OPENS = re.compile(r"^( *)(?:export |async |static )*(?:function\b|[\w#]+\([^)]*\) \{$|(?:const|let) \w+ = .*=> \{$)")


def lengths(text: str) -> dict[str, int]:
    """Lines of each function that has lines of its own, by its first line: from there to the brace at its indent."""
    lines = text.splitlines()
    found = {}
    for number, line in enumerate(lines):
        opens = OPENS.match(line)
        if opens and not line.strip().startswith(("if", "for", "while", "switch", "catch")):
            end = next((n for n in range(number + 1, len(lines)) if lines[n].startswith(opens[1] + "}")), number)
            found[f"{number + 1}: {line.strip()}"] = end - number + 1
    return found


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_no_function_is_longer_than_a_screen(script: Path) -> None:
    assert {
        name: length for name, length in lengths(script.read_text(encoding="utf-8")).items() if length > LONGEST
    } == {}


def test_a_long_function_is_found() -> None:
    body = "\n".join(["  x += 1;"] * 70)
    assert max(lengths(f"export function long(x) {{\n{body}\n}}").values()) > LONGEST
    assert max(lengths(f"class A {{\n  method(x) {{\n  {body}\n  }}\n}}").values()) > LONGEST
