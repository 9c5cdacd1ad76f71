"""NumPy arrays as JSON: ``{"dtype": "<f8", "shape": [2, 3], "data": base64}``, read back with bounds and no pickle."""

from __future__ import annotations

import base64
import binascii
import math

import numpy as np

DTYPES = ("<f8", "<f4", "<i8", "|b1")
MAX_ITEMS = 200_000


class Malformed(ValueError):
    """The data is not what it says it is; the message says which part."""


def pack(array: object) -> dict[str, object]:
    """Return a real array (any shape) as JSON-able data. Raises TypeError for arrays of other things."""
    values = np.asarray(array)
    if values.dtype.kind in "iu":
        values = values.astype("<i8")
    elif values.dtype.kind == "f" and values.dtype.itemsize not in (4, 8):
        values = values.astype("<f8")
    if values.dtype.kind not in "fib":
        raise TypeError(f"an array of real numbers was expected, not of {values.dtype}")
    values = values.astype(values.dtype.newbyteorder("<"), copy=False)
    data = base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()
    return {"dtype": values.dtype.str, "shape": list(values.shape), "data": data}


def unpack(data: object) -> np.ndarray:
    """Return the array that :func:`pack` packed. Raises Malformed for anything else, or more than 200,000 items."""
    if not isinstance(data, dict) or set(data) != {"dtype", "shape", "data"}:
        raise Malformed("an array was expected")
    dtype, shape, text = data["dtype"], data["shape"], data["data"]
    if dtype not in DTYPES or not isinstance(text, str):
        raise Malformed("an array of real numbers was expected")
    if (
        not isinstance(shape, list)
        or len(shape) > 8
        or any(not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= MAX_ITEMS for n in shape)
        or math.prod(shape) > MAX_ITEMS
    ):
        raise Malformed("an array's shape does not fit")
    kind = np.dtype(dtype)
    if len(text) > 4 * (MAX_ITEMS * 8 // 3 + 2):
        raise Malformed("an array is too large")
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed("an array's data is damaged") from None
    if len(raw) != math.prod(shape) * kind.itemsize:
        raise Malformed("an array's data does not fit its shape")
    return np.frombuffer(raw, dtype=kind).reshape(shape).copy()
