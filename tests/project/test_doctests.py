"""The examples in docstrings are run and give what they show."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def modules_with_examples() -> list[str]:
    files = [p for package in ("lrtutorial", "autograder", "book") for p in (ROOT / package).rglob("*.py")]
    state = ROOT / "autograder" / "course"
    files = [p for p in files if state not in p.parents and ">>> " in p.read_text()]
    return sorted(".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in files)


@pytest.mark.parametrize("module", modules_with_examples())
def test_examples(module):
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    result = doctest.testmod(importlib.import_module(module), optionflags=options)
    assert result.attempted > 0
    assert result.failed == 0, "see the captured output"
