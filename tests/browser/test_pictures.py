"""Pictures for people: one that cannot be taken wakes the browser and is tried again; none holds a test up."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as WaitedInVain

from tests.browser import pictures


@pytest.mark.parametrize("failing", [0, 1, 9])
def test_a_picture_is_kept_as_soon_as_there_is_a_frame(
    failing: int, page: Page, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(pictures, "ARTIFACTS", tmp_path)
    (tmp_path / "seen.png").write_bytes(b"of another day")
    page.set_content("<p>Seen</p>")
    takes, tried = page.screenshot, []

    def resting(**settings: Any) -> bytes:
        tried.append(settings["timeout"])
        if len(tried) <= failing:
            raise WaitedInVain("no frame")
        return takes(**settings)

    monkeypatch.setattr(page, "screenshot", resting)
    found = pictures.picture(page, "seen")
    assert len(tried) == min(failing + 1, 2) and sum(tried) <= 120_000
    if failing == 9:
        assert found is None and not (tmp_path / "seen.png").exists()
        assert "No picture seen.png" in capsys.readouterr().out
    else:
        assert found is not None and found.read_bytes().startswith(b"\x89PNG")
