"""The symbols of the course."""

from __future__ import annotations

from sympy import Symbol

n = Symbol("n", integer=True, positive=True)  # tosses
p = Symbol("p", positive=True)  # the chance of heads
