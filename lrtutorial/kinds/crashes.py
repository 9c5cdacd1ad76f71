"""What is said of an exception in an answer: its type and message, the line that raised it, and its usual cause."""

from __future__ import annotations

import re
from dataclasses import replace

from lrtutorial.kinds.driven import Error, place_of
from lrtutorial.verdict import Verdict

IMPORTS = {  # name: the line that usually gives it
    "np": "import numpy as np",
    "plt": "import matplotlib.pyplot as plt",
    "torch": "import torch",
    "math": "import math",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
}
RESIZED = "Resized"  #: an exception of the check itself: no code of the student's raised it


def crash_of(name: str, error: Error, signature: str = "", secret: bool = False) -> tuple[str, str]:
    """Return headline and hint for an exception: its type and message, and the usual cause where there is one.

    A secret probe's message may hold its numbers, so it isn't shown.
    """
    kind, message = str(error["type"]), str(error["message"])
    if kind == RESIZED and not secret:
        return f"{name} changes the size of what it was given: {message}.", "Change the numbers in the arrays alone."
    said = "" if secret or not message else f": {message[:200].rstrip(' .')}"
    end = "" if said.endswith("?") else "."
    return f"{name} raised {kind}{said}{end}", usual_cause(kind, "" if secret else message, error, signature)


def usual_cause(kind: str, message: str, error: Error, signature: str = "") -> str:
    """Return what mostly causes such an exception, in a sentence or two; a way to find out for all others.

    >>> usual_cause("NameError", "name 'np' is not defined", Error(type="NameError", message=""))
    'Nothing is called np here. Is the line that imports or defines it missing, or not run? (import numpy as np)'
    """
    undefined = re.match(r"name '(\w+)' is not defined(?:. Did you mean: '([\w.]+)')?", message)
    if kind == "NameError" and undefined:
        name, near = undefined.groups()
        if near:
            return f"Nothing is called {name} here. Did you mean {near}?"
        more = f" ({IMPORTS[name]})" if name in IMPORTS else ""
        return f"Nothing is called {name} here. Is the line that imports or defines it missing, or not run?{more}"
    if kind == "UnboundLocalError":
        of_self = ", or meant to be an attribute of self" if "self." in error.get("code", "self.") else ""
        return (
            "A name that a function gives a value to belongs to that function alone. Is it read before its first value "
            f"there{of_self}?"
        )
    if kind == "AttributeError" and (found := re.search(r"has no attribute '(\w+)'", message)):
        near = re.search(r"Did you mean: '(\w+)'", message)
        if "'builtin_function_or_method'" in message or "'method'" in message or "'function'" in message:
            return "A method stands there without its brackets: it has to be called, as in x.item()."
        if near:
            return f"The name {found[1]} isn't there. Did you mean {near[1]}?"
        if f"self.{found[1]}" in error.get("code", f"self.{found[1]}"):
            return f"Is {found[1]} spelled as it is where it is defined, and given a value in __init__?"
        return f"The name {found[1]} isn't there: look up how it is spelled, and what it belongs to."
    if kind in ("UFuncTypeError", "_UFuncOutputCastingError", "UFuncOutputCastingError"):
        return "An array of whole numbers can't take fractions in place: make it an array of floats first."
    if "broadcast" in message and (shapes := re.findall(r"\([\d, ]*\)", message)):
        return f"Two arrays of shapes {' and '.join(shapes[:2])} don't fit together: print the shape of each there."
    if "requires grad" in message:
        return "A tensor that remembers how it was computed stands where a number belongs: .item() gives the number."
    if (
        "dtype" in message
        or "expected scalar type" in message
        or re.search("not implemented for '(Long|Int)'", message)
    ):
        return "Two kinds of numbers meet: print the dtype of each there."
    if kind == "ZeroDivisionError":
        return "Print what stands below the fraction bar: it is 0 there."
    if kind == "ValueError" and "setting an array element with a sequence" in message:
        return "An array stands where there is room for one number: print the shape of each there."
    if "convert float NaN to integer" in message or "convert float infinity to integer" in message:
        what = "NaN" if "NaN" in message else "infinite"
        return f"int() is handed a number that is {what}: print what goes into it."
    if kind == "TypeError" and (cause := _cause_of_type_error(message, error, signature)):
        return cause
    if kind in ("IndexError", "KeyError"):
        return "Print what is looked up there, and how long or how large the thing is that it is looked up in."
    return "Make a small case by hand and run it line by line: what is there just before the line that fails?"


def _cause_of_type_error(message: str, error: Error, signature: str) -> str:
    """Return what mostly causes a TypeError with this message; "" where nothing is usual."""
    if "bitwise_xor" in message or "for ^:" in message:
        return "In Python a power is written **; the sign ^ does something else."
    if signature and not error.get("line"):
        method = re.search(r"\.(\w+)\(\)", message)
        if method and method[1] != "__init__":
            return (
                f"Compare the parameters of your {method[1]} with those in the task: the check calls it as asked there."
            )
        return f"The check calls it as {signature}."
    if "argument" in message:
        return "Compare that call with what the function called takes: how many arguments, in which order?"
    if re.search(r"'(method|builtin_function_or_method|function)'", message):
        return "A method or function stands there without its brackets: it has to be called, as in x.item()."
    if "converted to Python scalar" in message:
        return "A function for single numbers, such as those of math, is handed an array: NumPy has one for arrays."
    if "len() of unsized object" in message or re.search(r"'(int|float)' has no len\(\)", message):
        return "A single number has no length, nor has an array without axes: print the shape of what stands there."
    if "is not an iterator" in message:
        return "next() needs an iterator: iter(…) makes one of a loader or a list."
    if re.search(r"'(list|tuple)'|sequence by non-int", message):
        return "A list stands where a number or an array belongs: print what each name there holds."
    if "'NoneType'" in message:
        return "None stands there where a value belongs: a function without a return gives None."
    if re.search(r"interpreted as an integer|indices must be integers", message):
        called = f" The check calls it as {signature}." if signature and "interpreted" in message else ""
        return f"A whole number is needed there: print what each name in that line holds.{called}"
    if re.search(r"'(int|float|numpy\.float64)' object is not (subscriptable|iterable)", message):
        return "A single number stands where a list or an array belongs: print what each name there holds."
    return ""


def with_crash(verdict: Verdict, error: Error, says: str, secret: bool = False) -> Verdict:
    """Return the verdict with the line that raised, and with the probe that met it."""
    met = () if secret else (f"Met by: {says}.",)
    return replace(verdict, where=place_of(error), details=(*met, *verdict.details), misconception=None)
