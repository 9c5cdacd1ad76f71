"""What the range test costs beyond the training steps it takes, and how long a verdict on B4 and B5 takes.

    python benchmarks/range_test.py [repeats]

The bare loop takes the same steps on the same batches at the same rates and keeps nothing. The two take turns, and the
overhead is the median of the ratios, pair by pair, of processor time, so that a busy machine slows both. The aim is
under 3 %.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from torch import nn

from autograder import catalogue
from autograder.references import range_test
from lrtutorial.checking import verdict_on
from lrtutorial.datasets import digits, loader

STEPS, BOUNDS = 300, (1e-5, 1e-1)


def network(width: int) -> nn.Module:
    """Return a network of two hidden layers."""
    torch.manual_seed(0)
    layers = [nn.Linear(64, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10)]
    return nn.Sequential(*layers)


def bare(model: nn.Module, batches: object) -> None:
    """Take the steps of the sweep, and nothing else."""
    criterion, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(model.parameters(), lr=BOUNDS[0])
    for lr, (x, y) in zip(range_test.exponential_rates(*BOUNDS, STEPS), range_test.endless(batches), strict=False):
        optimizer.param_groups[0]["lr"] = lr
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def seconds(action: Callable[[], object]) -> float:
    """Return the processor time of one call."""
    begin = time.process_time()
    action()
    return time.process_time() - begin


def main(repeats: int = 9) -> None:
    """Print the table."""
    range_test.plot_range_test = lambda *args, **kwargs: None  # drawing is timed with the verdicts below
    batches = loader(*digits(2000), batch_size=128)
    print(f"{STEPS} steps of 128 digits; medians of {repeats} turns")
    print("hidden units   bare loop   range test   overhead")
    for width in (64, 256, 512):
        model = network(width)
        bare(model, batches)
        pairs = []
        for turn in range(repeats):
            first = partial(bare, network(width), batches)
            second = partial(range_test.lr_range_test, network(width), batches, *BOUNDS, STEPS)
            if turn % 2:  # whoever goes second finds warm caches
                b, a = seconds(second), seconds(first)
            else:
                a, b = seconds(first), seconds(second)
            pairs.append((a, b))
        plain, swept = (statistics.median(column) for column in zip(*pairs, strict=True))
        over = statistics.median(b / a - 1 for a, b in pairs)
        print(f"{width:>12}   {plain:7.3f} s   {swept:8.3f} s   {over:7.1%}")
    for step in ("b4", "b5"):
        answer = catalogue.questions()[step].reference
        verdict_on(step, answer)
        times = []
        for _ in range(repeats):
            begin = time.perf_counter()
            verdict_on(step, answer)
            times.append(time.perf_counter() - begin)
        print(f"verdict on {step}: median {statistics.median(times):.3f} s")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
