"""Limits, profiles and reports: what they accept, say and survive."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from dataclasses import fields

import pytest
from nbgrader.preprocessors import Execute

from autograder.jail import PROFILES, JailedExecute, JailReport, JailTooWeak, KernelNotStarted, Limits, Profile
from autograder.jail.report import LEVELS, MEANING, NEEDED, Finding


def test_limits_describe_every_field_with_its_value() -> None:
    limits = Limits(cell_seconds=12.5, memory_bytes=123456789)
    said = limits.describe()
    assert set(said) == {field.name for field in fields(Limits)}
    assert all(str(value) in said[name] for name, value in limits.to_dict().items())
    assert Limits(**json.loads(json.dumps(limits.to_dict()))) == limits


@pytest.mark.parametrize("field", [field.name for field in fields(Limits)])
@pytest.mark.parametrize("value", [-1, True, "1", None, float("nan")])
def test_limits_refuse_what_is_no_limit(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"Limits.{field} must be"):
        Limits(**{field: value})


def test_limits_take_whole_seconds_for_wall_times_only() -> None:
    assert Limits(cell_seconds=3).cell_seconds == 3.0
    with pytest.raises(ValueError, match="cpu_seconds must be an int"):
        Limits(cpu_seconds=2.5)


def report(*lost: str) -> JailReport:
    probes = {name: Finding(name not in lost, "why") for names in NEEDED.values() for name in names}
    return JailReport("forked", "linux", {"view": Finding(True, "")}, probes)


@pytest.mark.parametrize(
    ("lost", "level"),
    [((), "full"), (("memory",), "none"), (("files",), "limits"), (("scratch_size",), "confined")],
)
def test_the_level_is_the_highest_whose_probes_all_held(lost: tuple[str, ...], level: str) -> None:
    found = report(*lost)
    assert found.level == level
    assert [found.reaches(minimum) for minimum in LEVELS] == [
        LEVELS.index(minimum) <= LEVELS.index(level) for minimum in LEVELS
    ]
    assert set(found.missing("full")) == set(lost)
    assert MEANING[level] in found.summary()


def test_a_probe_that_was_not_made_does_not_hold() -> None:
    found = JailReport("forked", "linux")
    assert found.level == "none" and found.missing("limits")["memory"] == "not probed"


def test_a_report_survives_json_and_its_level_cannot_be_written_in() -> None:
    found = report("files")
    data = json.loads(json.dumps(found.to_dict()))
    assert JailReport.from_dict(data) == found
    assert JailReport.from_dict({**data, "level": "full"}).level == "limits"


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="none, limits, confined, full"):
        report().reaches("total")


def test_errors_travel_to_other_machines() -> None:
    assert str(pickle.loads(pickle.dumps(JailTooWeak("why")))) == "why"


def test_profiles_cannot_contradict_themselves() -> None:
    with pytest.raises(ValueError, match="both show and hide torch"):
        Profile(preload=("torch.optim",), hidden=("torch",))
    with pytest.raises(ValueError, match="list of strings"):
        Profile(preload="torch")  # type: ignore[arg-type]
    assert "torch" in PROFILES["numpy"].hidden and "torch" not in PROFILES["torch"].hidden


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, autograder.jail as j\n"
        "print([m for m in ('zmq', 'jupyter_client', 'nbgrader', 'numpy') if m in sys.modules])\n"
        "assert all(getattr(j, name) is not None for name in j.__all__)\n"
        "try:\n    j.nothing\nexcept AttributeError as error:\n    print(error)"
    )
    root = __file__.rpartition("tests")[0]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.startswith("[]\n") and "no attribute 'nothing'" in done.stdout


def test_a_kernel_that_does_not_get_ready_is_no_fault_of_the_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """jupyter_client says both in words of RuntimeError, as a cell may."""
    for error, told in ((RuntimeError("Kernel died"), KernelNotStarted), (JailTooWeak("why"), JailTooWeak)):

        def fails(self: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(Execute, "start_new_kernel_client", fails)
        with pytest.raises(told, match=str(error)):
            JailedExecute().start_new_kernel_client()
