"""Landlock: the kernel's own allow-list of paths, for processes without privileges (Linux 5.13).

Behind the mount view it is a second lock; where namespaces are forbidden it is the one that hides the
course's files. Struct layouts and bits: https://docs.kernel.org/userspace-api/landlock.html

By hand, for three system calls: the bindings on PyPI are before 1.0 (in 2026: landlock, py-landlock, landlockpy).
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from functools import lru_cache

from . import linux

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION_FLAG, RULE_PATH_BENEATH = 1, 1

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, TRUNCATE, IOCTL_DEV = (
    1 << 0,
    1 << 1,
    1 << 2,
    1 << 3,
    1 << 14,
    1 << 15,
)
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_SYM, REFER = (
    1 << 4,
    1 << 5,
    1 << 7,
    1 << 8,
    1 << 12,
    1 << 13,
)
READ = EXECUTE | READ_FILE | READ_DIR
WRITE = WRITE_FILE | READ_FILE | READ_DIR | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE
FILE_ONLY = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
NO_TCP, NO_ABSTRACT_SOCKETS_OR_SIGNALS = 0b11, 0b11


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def version() -> int:
    """The ABI this machine offers. Raises ``OSError`` where there is none."""
    return linux.syscall(CREATE_RULESET, 0, 0, VERSION_FLAG, what="landlock")


def restrict(readable: Iterable[str], devices: Iterable[str], scratch: str, hidden: Iterable[str]) -> str:
    """Leave this thread and its descendants only these paths; returns what was done.

    `readable` is for reading, `devices` and `scratch` for writing too. Landlock cannot take a path out of
    an allowed directory, so a directory that holds a `hidden` path is allowed entry by entry. Paths are
    real ones. Call it while single-threaded.
    """
    abi = version()
    every_file_right = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 4: 0x7FFF}.get(abi, 0xFFFF)
    fields = [every_file_right, NO_TCP if abi >= 4 else 0, NO_ABSTRACT_SOCKETS_OR_SIGNALS if abi >= 6 else 0]
    attributes = (ctypes.c_uint64 * 3)(*fields)
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = linux.syscall(CREATE_RULESET, attributes, size, 0, what="landlock ruleset")
    try:
        rules = [*rules_to_read(tuple(readable), tuple(hidden))]
        rules += [*((path, (READ | WRITE_FILE) & FILE_ONLY) for path in devices), (scratch, WRITE)]
        _allow(ruleset, rules, every_file_right)
        linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1, what="no_new_privs")
        linux.syscall(RESTRICT_SELF, ruleset, 0, what="landlock")
    finally:
        os.close(ruleset)
    return f"ABI {abi}, {len(rules)} rules"


@lru_cache(maxsize=8)
def rules_to_read(readable: tuple[str, ...], hidden: tuple[str, ...]) -> tuple[tuple[str, int], ...]:
    """The rules to read these paths, bar the hidden ones. A warden asks first, so that each kernel has the answer."""
    rules = [rule for path in readable for rule in _reading(path, set(hidden))]
    return tuple((path, rights if os.path.isdir(path) else rights & FILE_ONLY) for path, rights in rules)


def _reading(path: str, hidden: set[str]) -> list[tuple[str, int]]:
    """The rules to read a real path, bar the hidden real paths below it (their names can still be listed)."""
    if path in hidden:
        return []
    if not any(other.startswith(path + os.sep) for other in hidden):
        return [(path, READ)]
    entries = [os.path.join(path, name) for name in sorted(os.listdir(path))]
    return [(path, READ_DIR), *(rule for entry in entries for rule in _reading(entry, hidden))]


def _allow(ruleset: int, rules: Iterable[tuple[str, int]], every_right: int) -> None:
    """Add rules; a path that isn't there needs none."""
    rule = _PathBeneath()
    where = ctypes.byref(rule)
    for path, rights in rules:
        try:
            rule.parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        rule.allowed = rights & every_right
        try:
            linux.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, where, 0, what="landlock rule")
        except OSError as error:
            raise OSError(error.errno, f"{path}: {error.strerror}") from error
        finally:
            os.close(rule.parent)
