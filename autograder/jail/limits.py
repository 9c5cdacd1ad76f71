"""What one jailed kernel may use: a small configuration object that describes itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import get_type_hints

MiB = 1024**2
LARGEST = 2**62  #: limits are below it: what is added to one still fits what the system counts in


@dataclass(frozen=True)
class Limits:
    """Bounds on one kernel, with the unit in each name's description.

    Raises ``ValueError`` for a value that is not a number of the right kind or not above the smallest sensible one.

    >>> Limits(cell_seconds=5).describe()["cell_seconds"]
    '5.0 s of wall time for one cell'
    >>> Limits(memory_bytes=-1)
    Traceback (most recent call last):
    ...
    ValueError: Limits.memory_bytes must be an int of at least 67108864, got -1. It bounds ...

    """

    cell_seconds: float = 60.0
    notebook_seconds: float = 300.0
    cpu_seconds: int = 240
    memory_bytes: int = 2048 * MiB
    processes: int = 0
    threads: int = 64
    open_files: int = 256
    file_bytes: int = 64 * MiB
    scratch_bytes: int = 64 * MiB
    scratch_files: int = 10_000
    output_bytes: int = 4 * MiB
    notebook_output_bytes: int = 16 * MiB

    def __post_init__(self) -> None:
        for field in fields(self):
            smallest, meaning = _MEANING[field.name]
            value, kind = getattr(self, field.name), _KINDS[field.name]
            number = isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
            if not number or not (smallest <= value < LARGEST or value == math.inf):
                came = "one that isn't below 2**62" if number and abs(value) >= LARGEST else repr(value)
                raise ValueError(
                    f"Limits.{field.name} must be {'a number' if kind is float else 'an int'} "
                    f"of at least {smallest}, got {came}. It bounds {meaning.format('the ...')}."
                )
            object.__setattr__(self, field.name, kind(value))

    def describe(self) -> dict[str, str]:
        """Each limit in words, for reports."""
        return {field.name: _MEANING[field.name][1].format(getattr(self, field.name)) for field in fields(self)}

    def to_dict(self) -> dict[str, object]:
        """Plain numbers, JSON-able; ``Limits(**limits.to_dict()) == limits``."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


_KINDS: dict[str, type] = get_type_hints(Limits)

# name: (smallest sensible value, meaning with its unit)
_MEANING: dict[str, tuple[float, str]] = {
    "cell_seconds": (0.1, "{} s of wall time for one cell"),
    "notebook_seconds": (1, "{} s of wall time for one kernel, from its start"),
    "cpu_seconds": (1, "{} s of CPU time for one kernel, all threads together"),
    "memory_bytes": (
        64 * MiB,
        "{} bytes of address space beyond what the preloaded imports take (RLIMIT_AS)",
    ),
    "processes": (0, "{} child processes at a time"),
    "threads": (16, "{} threads at a time, the kernel's own included"),
    "open_files": (64, "{} open files, pipes and sockets"),
    "file_bytes": (MiB, "{} bytes in one file"),
    "scratch_bytes": (MiB, "{} bytes in the scratch directory"),
    "scratch_files": (100, "{} files and directories in the scratch directory"),
    "output_bytes": (16 * 1024, "{} bytes of output kept for one cell"),
    "notebook_output_bytes": (16 * 1024, "{} bytes of output kept for all cells of a notebook together"),
}
