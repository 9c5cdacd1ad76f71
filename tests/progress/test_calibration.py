"""Calibration over the course: nothing is judged of few predictions; Brier score and reliability of twenty."""

from __future__ import annotations

import json

import pytest

from lrtutorial.answers.session import HERE
from lrtutorial.checking.calibration import ENOUGH, Group, brier, calibration, groups
from lrtutorial.checking.progress import record_forecasts


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "progress.json"
    monkeypatch.setenv("LRTUTORIAL_PROGRESS", str(path))
    HERE.forget()
    yield path
    HERE.forget()


def keep(count: int, said: float = 50, right: float = 0.5) -> None:
    record_forecasts({f"step-{i}": {"confidence": said, "right": i < right * count} for i in range(count)})


@pytest.mark.parametrize("count", [0, 1, 3, ENOUGH - 1])
def test_of_too_few_predictions_only_is_said_how_many_are_missing(file, count) -> None:
    keep(count)
    shown = repr(calibration())
    assert f"{count} predictions with a stated confidence so far, {ENOUGH - count} more are needed." in shown
    assert "Brier" not in shown and "sure" not in shown and "<svg" not in calibration()._repr_html_()


def test_of_twenty_there_is_a_score_and_a_picture(file) -> None:
    keep(20)
    shown = calibration()
    assert "Brier score 0.25: as good as saying 50 % each time" in repr(shown)
    assert "20 predictions at 50 % on average: right in 50 %" in repr(shown) and "which agrees" in repr(shown)
    assert "<svg" in shown._repr_html_() and 'role="img" aria-label="' in shown._repr_html_()


@pytest.mark.parametrize(("said", "right", "words"), [(95, 0.5, "surer than it came true"), (5, 0.5, "less sure than")])
def test_who_is_too_sure_or_too_unsure_is_told_with_what_chance_allows(file, said, right, words) -> None:
    keep(40, said, right)
    assert words in repr(calibration())


def test_the_brier_score_is_the_mean_squared_distance() -> None:
    known = [(90.0, True), (70.0, False), (20.0, False), (100.0, True)]
    assert brier(known) == pytest.approx((0.01 + 0.49 + 0.04 + 0) / 4)


def test_the_interval_is_wilsons() -> None:
    from scipy.stats import binomtest  # takes a second, which no other worker has to spend

    for right, count in ((0, 5), (3, 7), (10, 20), (20, 20)):
        low, high = Group(count, 50, 100 * right / count).interval
        theirs = binomtest(right, count).proportion_ci(0.95, method="wilson")
        assert (low, high) == pytest.approx((100 * theirs.low, 100 * theirs.high), abs=0.01), (right, count)


def test_groups_hold_every_prediction_once() -> None:
    known = [(float(p), p % 2 == 0) for p in (0, 19, 20, 39, 40, 60, 79, 80, 99, 100)]
    assert sum(group.count for group in groups(known)) == len(known)
    assert [group.count for group in groups(known)] == [2, 2, 1, 2, 3]


def test_the_first_forecast_of_a_step_stays_and_a_damaged_file_adds_none(file) -> None:
    record_forecasts({"c1-prediction_1": {"confidence": 60.0, "right": False}})
    record_forecasts({"c1-prediction_1": {"confidence": 99.0, "right": True}})
    data = json.loads(file.read_text())
    assert data["forecasts"] == {"c1-prediction_1": {"confidence": 60.0, "right": False}}
    data["forecasts"] |= {"x": {"confidence": 500, "right": True}, "y": {"confidence": 5}, "z": 3}
    file.write_text(json.dumps(data))
    assert "1 predictions" in repr(calibration())
