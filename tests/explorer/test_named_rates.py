"""Every rate that a notebook names can be set on the explorer, and is then set exactly."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import pytest

from lrtutorial.explorer import explore
from lrtutorial.explorer.recurrences import FAMILIES, trajectories
from lrtutorial.problems import get_problem
from tests.explorer.named_rates import NOTEBOOKS, rates

CELL = """At $\\eta = 0.05$ it lands; at the rate 0.12 it leaves. **0.09**? The best is η* = 1/11, the rates 10⁻⁴, 0.003
and 1e-3 are slow, a rate of $\\frac{1}{7}$ or $10^{-5}$ too. From 2015 on 0.8 was taken (25% of them,
[more](https://arxiv.org/abs/0.77)).

| η | factor |
| --- | --- |
| 0.11 | −1.2 |
| **0.19** | 7 |
"""


def test_the_reader_finds_rates_in_prose_formulas_tables_and_calls(tmp_path: Path) -> None:
    cells = [
        nbformat.v4.new_markdown_cell(CELL),
        nbformat.v4.new_markdown_cell("No word of it here: 0.66"),
        nbformat.v4.new_code_cell('explore("bowl", lr={"sgd": 0.04, "momentum": 0.115}, momentum=0.27)'),
    ]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "one.ipynb")
    found = {named.text: named for named in rates([tmp_path / "one.ipynb"])}
    close = {text for text, named in found.items() if named.close}
    assert close == {"0.05", "0.12", "1/11", "10⁻⁴", "0.003", "1e-3", "1/7", "10⁻⁵", "0.11", "0.19", "0.04", "0.115"}
    assert {"0.09", "0.8"} <= found.keys() and not {"0.77", "0.66", "2015", "25", "0.27"} & found.keys()
    assert found["1/11"].value == 1 / 11 and found["10⁻⁴"].value == 1e-4


def test_the_notebooks_name_the_rates_that_the_course_turns_on() -> None:
    found = rates()
    assert {named.value for named in found} >= {0.05, 0.09, 1 / 11, 0.1, 0.11, 0.19, 0.199, 0.115, 0.5, 1e-4, 10.0}
    assert {named.place for named in found} >= {path.stem for path in NOTEBOOKS} and len(NOTEBOOKS) == 17


@pytest.mark.parametrize("family", FAMILIES)
def test_each_named_rate_is_set_and_run_exactly(family: str) -> None:
    explorer = explore(optimizers=[family], steps=10)
    bowl = get_problem("bowl")
    for value in sorted({named.value for named in rates()}):
        setattr(explorer, f"{family}_lr", value)
        assert getattr(explorer, f"{family}_lr") == value
        settings = {**FAMILIES[family].defaults, "lr": value}
        np.testing.assert_array_equal(
            explorer.trajectory(family), trajectories(family, bowl, [bowl.start], settings, 10)[0]
        )
    explorer.close()


def test_on_a_page_without_a_kernel_the_sliders_hold_the_rates_that_the_notebooks_with_explorers_name() -> None:
    with_explorer = {p.stem for p in NOTEBOOKS if "explore(" in p.read_text(encoding="utf-8")}
    assert with_explorer == {"start_here", "a5_optimal_rate", "b1_optimizers", "b2_adam", "b3_trajectories"}
    named = {n.value for n in rates() if n.close and n.place in with_explorer} | {0.15, 0.199, 0.0576, 0.2157}
    for family in ("sgd", "momentum"):
        (ticks,) = (c["ticks"] for c in explore(optimizers=[family]).controls if c["name"] == "lr")
        assert sorted(n for n in named if ticks[0] <= n <= ticks[-1] and n not in ticks) == []
        assert len(named & set(ticks)) >= 12
