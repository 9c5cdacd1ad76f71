"""Each layer left out in turn: the others hold what they can, the report says what nobody holds."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import traitlets.log

from autograder.jail import JailTooWeak, KernelNotStarted, WrongSettings
from autograder.jail.provisioner import JailedKernelManager, JailedProvisioner
from autograder.jail.report import LAYERS, NEEDED, JailReport
from autograder.jail.shell.outside import Shell

ROOT = Path(__file__).parents[2]

# What is lost without a layer: the probes that no other layer holds.
LOST = {
    "processes": {"other_processes"},
    "limits": {"memory", "cpu", "file_size"},
    "namespaces": {"other_processes", "scratch_size"},
    "view": {"other_processes", "scratch_size"},
    "landlock": set(),
    "user": {"privileges"},
    "seccomp": {"processes", "privileges"},
}


async def report(**jail: Any) -> JailReport:
    manager = JailedKernelManager(jail={"profile": "numpy", **jail})
    try:
        await manager.start_kernel()
        assert manager.jail_report is not None
        return manager.jail_report
    finally:
        await manager.shutdown_kernel(now=True)


def test_every_layer_and_probe_holds_here() -> None:
    found = asyncio.run(report(minimum="full"))
    assert set(found.layers) == set(LAYERS) and all(layer.held for layer in found.layers.values())
    assert set(found.probes) == {name for names in NEEDED.values() for name in names}
    assert found.level == "full" and found.missing("full") == {}


@pytest.mark.parametrize("layer", LAYERS)
def test_the_probes_see_what_is_lost_without_a_layer(layer: str) -> None:
    found = asyncio.run(report(layers_left_out=[layer], unsafe_no_jail=True))
    assert {name for name, probe in found.probes.items() if not probe.held} == LOST[layer]
    assert not found.layers[layer].held and found.layers[layer].detail == "left out"


def test_without_any_layer_no_probe_holds() -> None:
    found = asyncio.run(report(layers_left_out=list(LAYERS), unsafe_no_jail=True))
    assert [name for name, probe in found.probes.items() if probe.held] == ["environment"]
    assert found.level == "none"


def test_landlock_and_the_filter_confine_where_namespaces_are_forbidden(run: Any, course: Any) -> None:
    """A locked-down container: no namespace, no mounts."""
    ran = run(
        f"open({str(course.root / 'gradebook.db')!r})",
        f"import socket; socket.create_connection({course.tcp!r})",
        f"import os; os.kill({os.getpid()}, 0)",
        "import os; os.fork()",
        "import numpy, sympy; print(numpy.ones(2).sum())",
        minimum="confined",
        layers_left_out=["processes", "namespaces", "view"],
    )
    assert [ran.error(index) for index in range(3)] == ["PermissionError", "OSError", "PermissionError"]
    assert ran.error(3) == "BlockingIOError" and ran.text(4) == "2.0\n" and ran.report.level == "confined"


def test_the_view_alone_is_read_only(run: Any) -> None:
    """As root and without Landlock: nothing but the mount itself forbids it."""
    ran = run(
        "import os\nopen(os.path.join(os.path.dirname(os.__file__), 'planted.py'), 'w')",
        "open('/planted', 'w')",
        layers_left_out=["user", "landlock", "seccomp"],
        unsafe_no_jail=True,
    )
    assert [(ran.error(index), "Read-only" in ran.text(index)) for index in (0, 1)] == [("OSError", True)] * 2


@pytest.mark.parametrize("layer", ["user", "seccomp", "limits"])
def test_below_the_minimum_nothing_runs(layer: str, tmp_path: Path) -> None:
    async def refused() -> None:
        manager = JailedKernelManager(jail={"profile": "numpy", "layers_left_out": [layer]})
        with pytest.raises(JailTooWeak, match="unsafe_no_jail") as caught:
            await manager.start_kernel()
        assert not manager.has_kernel or await manager.provisioner.poll() is not None
        assert next(iter(LOST[layer])) in str(caught.value)

    asyncio.run(refused())


def test_unsafe_in_so_many_words_runs_and_is_logged(
    run: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traitlets.log, "get_logger", lambda: logging.getLogger("jail"))
    with caplog.at_level(logging.WARNING):
        ran = run("print(1)", layers_left_out=["seccomp"], unsafe_no_jail=True)
    assert ran.text() == "1\n" and ran.report.level == "limits"
    assert any("UNSAFE" in record.message for record in caplog.records)


def test_a_readable_canary_is_noticed(tmp_path: Path) -> None:
    """A course that by mistake lies in a readable place: the kernel is refused, not trusted."""
    (tmp_path / "gradebook.db").write_text("points")
    with pytest.raises(JailTooWeak, match="gradebook.db"):
        asyncio.run(report(readable=[str(tmp_path)], canaries=[str(tmp_path / "gradebook.db")]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"canaries": ["/no/such/file"]}, "does not exist"),
        ({"packages": ["no_such_package"]}, "not importable"),
        ({"packages": ["os.path"]}, "top level"),
        ({"profile": "none such"}, "known are"),
        ({"limits": {"memory": 3}}, "limits is wrong"),
        ({"profiles": {"numpy": {"preloaded": []}}}, "profile 'numpy' is wrong"),
        ({"packages": ["torch"], "profile": "numpy"}, "both show and hide torch"),
        ({"readable": ["/"]}, "whole file system"),
    ],
)
def test_wrong_settings_are_explained(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongSettings, match=message):
        asyncio.run(report(**settings))


def _through_a_shell(**settings: Any) -> None:
    Shell(JailedProvisioner(profile="numpy", **settings)).end(wait=True)


def _as_a_kernel(**settings: Any) -> None:
    asyncio.run(report(**settings))


@pytest.mark.parametrize("begin", [_through_a_shell, _as_a_kernel])
def test_a_temporary_directory_that_cannot_be_used_is_a_fault_of_the_machine(
    begin: Callable[[], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with pytest.raises(WrongSettings, match="too long for a socket"):
        begin()
    assert list(long.iterdir()) == []
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "not there"))
    with pytest.raises(KernelNotStarted, match="set TMPDIR"):
        begin()


UNPRIVILEGED = """
import asyncio, json
from autograder.jail.provisioner import JailedKernelManager
async def main():
    manager = JailedKernelManager(jail={"profile": "numpy", "minimum": "none"})
    await manager.start_kernel()
    client = manager.client(); client.start_channels(); await client.wait_for_ready(timeout=30)
    said = []
    code = "import os, numpy\\nopen('x', 'w').write('x')\\nprint(os.getuid(), numpy.ones(2).sum())"
    hook = lambda message: said.append(message["content"].get("text", ""))
    await client.execute_interactive(code, timeout=30, output_hook=hook)
    client.stop_channels(); await manager.shutdown_kernel(now=True)
    print(json.dumps([manager.jail_report.to_dict(), "".join(said)]))
asyncio.run(main())
"""


@pytest.mark.requires_tool("unshare")
@pytest.mark.skipif(os.geteuid() != 0, reason="makes an unprivileged grader out of root")
def test_an_unprivileged_grader_reaches_the_full_level() -> None:
    """With user namespaces the kernel keeps that user's id, but not its files, processes or network."""
    unshare = shutil.which("unshare")
    done = subprocess.run(
        [unshare, "--user", "--map-user=1000", "--map-group=1000", sys.executable, "-c", UNPRIVILEGED],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found, said = json.loads(done.stdout)
    held = {name: layer["held"] for name, layer in found["layers"].items()}
    assert found["level"] == "full", found["probes"]
    assert held == dict.fromkeys(LAYERS, True) and "user namespace" in found["layers"]["processes"]["detail"]
    assert said == "1000 2.0\n"
