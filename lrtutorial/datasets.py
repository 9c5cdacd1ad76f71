"""Small data sets made here, nothing is downloaded: three spirals, and noisy digits on an 8 × 8 grid.

NumPy by default; :func:`loader` gives torch batches (torch loads when it is first called).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lrtutorial.advice import Unusable

Inputs = NDArray[np.float32]
Classes = NDArray[np.int64]

_DIGITS = {  # strokes on a 5 × 7 grid, drawn for this course
    0: (" ### ", "#   #", "#   #", "#   #", "#   #", "#   #", " ### "),
    1: ("  #  ", " ##  ", "  #  ", "  #  ", "  #  ", "  #  ", " ### "),
    2: (" ### ", "#   #", "    #", "  ## ", " #   ", "#    ", "#####"),
    3: ("#### ", "    #", "    #", " ### ", "    #", "    #", "#### "),
    4: ("   # ", "  ## ", " # # ", "#  # ", "#####", "   # ", "   # "),
    5: ("#####", "#    ", "#### ", "    #", "    #", "#   #", " ### "),
    6: (" ### ", "#    ", "#### ", "#   #", "#   #", "#   #", " ### "),
    7: ("#####", "    #", "   # ", "  #  ", "  #  ", " #   ", " #   "),
    8: (" ### ", "#   #", "#   #", " ### ", "#   #", "#   #", " ### "),
    9: (" ### ", "#   #", "#   #", " ####", "    #", "    #", " ### "),
}


def spirals(examples: int = 900, noise: float = 0.15, seed: int = 0) -> tuple[Inputs, Classes]:
    """Return points of three interleaved spirals, (examples, 2), and their classes 0, 1, 2, (examples,).

    ``noise`` is the standard deviation of the angle, in radians. Raises ValueError for fewer than 3 examples.
    """
    if not isinstance(examples, int | np.integer) or examples < 3:
        raise Unusable(f"expected at least 3 examples, one for each spiral; got {examples!r}")
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(examples) % 3)
    radius = np.sqrt(rng.uniform(0.01, 1, examples))  # the root spreads the points evenly over the disc
    angle = 4.2 * radius + 2 * np.pi * classes / 3 + noise * rng.standard_normal(examples)
    points = 2 * radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return points.astype(np.float32), classes.astype(np.int64)


def digits(examples: int = 2000, noise: float = 0.35, seed: int = 0) -> tuple[Inputs, Classes]:
    """Return noisy pictures of the ten digits, (examples, 64), about 0 to 1 a pixel, and their classes, (examples,).

    Each is a 5 × 7 glyph at a random place of an 8 × 8 grid, with a random weight of the stroke, and Gaussian noise of
    standard deviation ``noise``. Raises ValueError for fewer than 10 examples.
    """
    if not isinstance(examples, int | np.integer) or examples < 10:
        raise Unusable(f"expected at least 10 examples, one for each digit; got {examples!r}")
    rng = np.random.default_rng(seed)
    classes = rng.permutation(np.arange(examples) % 10)
    glyphs = np.array([[[char == "#" for char in row] for row in _DIGITS[digit]] for digit in range(10)], float)
    top, left, weight = (each.reshape(-1, 1, 1) for each in _placed(rng, examples))
    pictures = np.zeros((examples, 8, 8))
    rows, columns = top + np.arange(7)[:, None], left + np.arange(5)
    pictures[np.arange(examples).reshape(-1, 1, 1), rows, columns] = weight * glyphs[classes]
    pictures += noise * rng.standard_normal(pictures.shape)
    return pictures.reshape(examples, 64).astype(np.float32), classes.astype(np.int64)


def _placed(rng: np.random.Generator, examples: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what ``rng.integers(0, 2), rng.integers(0, 4), rng.uniform(0.7, 1.2)`` give in turn for each example.

    Asked one by one they take twenty times as long. PCG64 makes 64 bits a step. Two whole numbers share a step, and one
    half may be left from before; each is the highest bits of its half. A uniform number is the highest 53 bits.
    """
    state = rng.bit_generator.state
    steps = rng.bit_generator.random_raw(2 * examples).reshape(examples, 2)
    first, second = steps[:, 0] & 0xFFFFFFFF, steps[:, 0] >> 32
    if state["has_uint32"]:
        first, second = np.append(np.uint64(state["uinteger"]), second[:-1]), first
    uniform = 0.7 + (1.2 - 0.7) * ((steps[:, 1] >> 11) * 2.0**-53)
    return (first >> 31).astype(np.intp), (second >> 30).astype(np.intp), uniform


def loader(inputs: Inputs, classes: Classes, batch_size: int = 64, seed: int = 0) -> object:
    """Return a torch ``DataLoader`` of shuffled batches: inputs (batch_size, d) float32, classes (batch_size,) int64.

    The order comes from ``seed`` and changes from pass to pass. Raises ValueError when the lengths differ.
    """
    if len(inputs) != len(classes):
        raise Unusable(f"expected one class for each example; got {len(inputs)} examples and {len(classes)} classes")
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    data = TensorDataset(torch.from_numpy(inputs), torch.from_numpy(classes))
    return DataLoader(data, batch_size=batch_size, shuffle=True, generator=torch.Generator().manual_seed(seed))
