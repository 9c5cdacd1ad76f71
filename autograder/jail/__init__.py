"""A jail for the kernels of any nbgrader course: warm, layered, and honest about what holds. See README.md.

Three lines switch it on in nbgrader_config.py::

    from autograder.jail import switch_on
    c = get_config()
    switch_on(c, minimum="full")

Importing this package is cheap; what needs jupyter_client or nbgrader is loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import JailError, JailTooWeak, KernelNotStarted, WrongSettings, ZygoteFailed
from .limits import Limits
from .profile import PROFILES, Profile
from .report import LEVELS, Finding, JailReport

if TYPE_CHECKING:
    from .execute import JailedExecute, switch_on
    from .provisioner import JailedKernelManager, JailedProvisioner

_LAZY = {
    **dict.fromkeys(("JailedKernelManager", "JailedProvisioner"), "provisioner"),
    **dict.fromkeys(("JailedExecute", "switch_on"), "execute"),
}

__all__ = [
    "LEVELS",
    "PROFILES",
    "Finding",
    "JailError",
    "JailReport",
    "JailTooWeak",
    "JailedExecute",
    "JailedKernelManager",
    "JailedProvisioner",
    "KernelNotStarted",
    "Limits",
    "Profile",
    "WrongSettings",
    "ZygoteFailed",
    "switch_on",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f".{_LAZY[name]}", __name__), name)
