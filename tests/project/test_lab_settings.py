"""What `make lab` opens: no news, and nbgrader's panel for authors only where an instructor asks for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
READ = """
import json
from jupyter_core.paths import jupyter_config_path
from jupyterlab_server.config import get_page_config
from jupyterlab_server.settings_utils import _get_overrides
page = get_page_config([], app_settings_dir=None)
print(json.dumps([_get_overrides("nowhere")[0], page.get("disabledExtensions", [])]))
"""


def settings(*variables: str) -> tuple[dict, list[str]]:
    """What JupyterLab reads with the folders that `make lab` names: overridden settings, disabled extensions."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    planned = subprocess.run(["make", "-pn", "lab", *variables], cwd=ROOT, env=plain, capture_output=True, text=True)
    named = re.search(r"^lab: JUPYTER_CONFIG_PATH := (.*)$", planned.stdout, re.M)[1]
    environment = plain | {"JUPYTER_CONFIG_PATH": named}
    return tuple(json.loads(subprocess.check_output([sys.executable, "-c", READ], cwd=ROOT, env=environment)))


@pytest.mark.whole  # JupyterLab is loaded
@pytest.mark.requires_tool("make")
def test_a_learner_sees_neither_news_nor_the_authors_panel_and_an_instructor_the_panel() -> None:
    news = "@jupyterlab/apputils-extension:notification"
    overrides, disabled = settings()
    assert overrides[news] == {"fetchNews": "false", "checkForUpdates": False}
    assert "@jupyter/nbgrader:create-assignment" in disabled
    overrides, disabled = settings("INSTRUCTOR=1")
    assert overrides[news]["fetchNews"] == "false"
    assert "@jupyter/nbgrader:create-assignment" not in disabled
