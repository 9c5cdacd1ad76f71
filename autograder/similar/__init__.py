"""Suspiciously alike programs of a class: a list to look at, with both sources side by side, never a verdict."""

from __future__ import annotations

from autograder.similar.listing import list_similar

__all__ = ["list_similar"]
