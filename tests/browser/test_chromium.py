"""What the tests' Chromium is started with."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from tests.browser.conftest import PLAYWRIGHTS_LEFT_OUT

DISABLED = "--disable-features="


def test_chromium_goes_without_all_that_playwright_leaves_out_and_the_list_has_nothing_else(
    browser: Browser, tmp_path: Path
) -> None:
    """Of several lists Chromium takes the last, ours; what Playwright passes is told by a program in its place."""
    stand_in, words = tmp_path / "chromium", tmp_path / "words"
    stand_in.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{shlex.quote(str(words))}\n")
    stand_in.chmod(0o755)
    with pytest.raises(Error):
        browser.browser_type.launch(executable_path=stand_in)
    (passed,) = (word for word in words.read_text().splitlines() if word.startswith(DISABLED))
    theirs, ours = set(passed.removeprefix(DISABLED).split(",")), set(PLAYWRIGHTS_LEFT_OUT)
    assert theirs == ours, (
        f"PLAYWRIGHTS_LEFT_OUT in tests/browser/conftest.py: this Playwright no longer leaves out "
        f"{sorted(ours - theirs)} (remove them there), and leaves out {sorted(theirs - ours)}, too (add them)"
    )
