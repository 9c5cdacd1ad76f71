"""What a jailed, forked kernel costs beside the stock one: time and memory, in ratios from one run.

    python -m benchmarks.jail [repeats]

Every kernel does what a notebook of the course does first: it becomes ready, imports NumPy, SymPy, Matplotlib
and torch, takes one optimizer step, and ends. Absolute times are this machine's; the ratios carry over.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from autograder.jail import JailedKernelManager, nursery

FIRST_CELL = """
import numpy, sympy, matplotlib.pyplot, torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.Adam(model.parameters())
model(torch.ones(4, 2)).mean().backward()
optimizer.step()
"""
STEPS = ("ready", "first cell", "end", "all", "own memory")


def descendants(pid: int) -> list[int]:
    """A process and everything below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in descendants(int(child)))]


def private_bytes(pid: int) -> int:
    """Memory that this process shares with no other."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


async def one(make: Callable[[], Any], pids: Callable[[Any], list[int]], *, now: bool) -> dict[str, float]:
    """Seconds for each step of one kernel's life, and its own memory after the first cell in bytes."""
    manager = make()
    times = [time.perf_counter()]
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=120)
    times.append(time.perf_counter())
    reply = await client.execute_interactive(FIRST_CELL, timeout=120)
    assert reply["content"]["status"] == "ok", reply["content"]
    times.append(time.perf_counter())
    memory = sum(map(private_bytes, pids(manager)))
    before_end = time.perf_counter()
    client.stop_channels()
    await manager.shutdown_kernel(now=now)
    end = time.perf_counter() - before_end
    ready, cell = times[1] - times[0], times[2] - times[1]
    return dict(zip(STEPS, (ready, cell, end, ready + cell + end, memory), strict=True))


async def measure(repeats: int) -> dict[str, dict[str, float]]:
    """Medians of each kind of kernel; the kinds take turns, so that a busy spell hits them alike."""

    def stock_pids(manager: Any) -> list[int]:
        return descendants(manager.provisioner.pid)

    def forked_pids(manager: Any) -> list[int]:
        (zygote,) = nursery._zygotes.values()
        return descendants(zygote.pid)[1:]  # its warden and the kernel

    def spawned_pids(manager: Any) -> list[int]:
        own = {Path(f"/proc/self/task/{threads.name}/children") for threads in Path("/proc/self/task").iterdir()}
        found = [int(pid) for path in own for pid in path.read_text().split()]
        zygotes = {zygote.pid for zygote in nursery._zygotes.values()}
        return [below for pid in found if pid not in zygotes for below in descendants(pid)]

    def jailed(*, warm: bool) -> JailedKernelManager:
        return JailedKernelManager(jail={"profile": "torch", "warm": warm})

    kinds = {
        "stock, shut down gracefully": (lambda: AsyncKernelManager(), stock_pids, False),
        "stock, ended at once": (lambda: AsyncKernelManager(), stock_pids, True),
        "jailed, spawned": (lambda: jailed(warm=False), spawned_pids, True),
        "jailed, forked": (lambda: jailed(warm=True), forked_pids, True),
    }
    started = time.perf_counter()
    await one(*kinds["jailed, forked"][:2], now=True)
    print(f"the zygote's own start, once for each grading: {time.perf_counter() - started:.1f} s")
    runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    for _ in range(repeats):
        for kind, (make, pids, now) in kinds.items():
            runs[kind].append(await one(make, pids, now=now))
    return {kind: {step: statistics.median(run[step] for run in runs[kind]) for step in STEPS} for kind in kinds}


def main() -> None:
    """Print the table."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    medians = asyncio.run(measure(repeats))
    (zygote,) = nursery._zygotes.values()
    print(f"the zygote's memory, shared by all its kernels: {zygote.memory_bytes / 2**20:.0f} MB\n")
    print(f"{'median of ' + str(repeats):<30}" + "".join(f"{step:>14}" for step in STEPS))
    for kind, found in medians.items():
        cells = [f"{found[step] * 1000:,.0f} ms" for step in STEPS[:-1]] + [f"{found['own memory'] / 2**20:,.0f} MB"]
        print(f"{kind:<30}" + "".join(f"{cell:>14}" for cell in cells))
    forked = medians["jailed, forked"]
    print()
    for kind in list(medians)[:-1]:
        ratios = "".join(f"{medians[kind][step] / forked[step]:>13.1f}x" for step in STEPS)
        print(f"{kind + ' / forked':<30}" + ratios)


if __name__ == "__main__":
    main()
