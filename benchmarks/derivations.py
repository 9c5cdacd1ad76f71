"""How long a line of a derivation takes: ``python -m benchmarks.derivations`` (``make bench``). One table from one run.

The lines are pairs as the tests generate them, ten families; the times are of reading and comparing one line.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from random import Random

from rich.console import Console
from rich.table import Table

from lrtutorial.formulas import read
from lrtutorial.formulas.relations import OPEN, relation

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Time pairs of every family and print median, 95th percentile and worst in milliseconds."""
    sys.path.insert(0, str(ROOT))
    from tests.part_a.line_pairs import FAMILIES

    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--pairs", type=int, default=200, help="pairs of each family")
    count = arguments.parse_args().pairs
    table = Table(title=f"One line of a derivation, {count} pairs of each family, in ms")
    for column in ("family", "median", "95 %", "worst", "left open"):
        table.add_column(column, justify="left" if column == "family" else "right")
    everything: list[float] = []
    for family, make in FAMILIES.items():
        rng, times, open_ = Random(f"benchmark of {family}"), [], 0
        for _ in range(count):
            above, below = make(rng)
            start = time.perf_counter()
            open_ += relation(read(above), read(below), (), "x").mark == OPEN
            times.append((time.perf_counter() - start) * 1000)
        everything += times
        table.add_row(family, *figures(times), str(open_))
    table.add_row("all", *figures(everything), "")
    Console().print(table)


def figures(times: list[float]) -> tuple[str, str, str]:
    """Return median, 95th percentile and worst."""
    return (
        f"{statistics.median(times):.1f}",
        f"{statistics.quantiles(times, n=20)[-1]:.1f}",
        f"{max(times):.1f}",
    )


if __name__ == "__main__":
    main()
