"""The layers, put on one after the other in the fresh kernel process. Each is tried by itself and reported.

Order matters: mounting needs the privileges that a later layer gives up, and after the filter nothing more can change.
"""

from __future__ import annotations

import contextlib
import os
import resource
import stat
import sys
from collections.abc import Callable
from pathlib import Path

from . import landlock, linux, seccomp, view
from .limits import Limits
from .report import Finding
from .view import View

IS_LINUX = sys.platform == "linux"

# A user of its own for each kernel when the grader is root: a range systemd leaves unused, plus a process id.
FIRST_UID = 2_000_000_000
NOBODY = 65534


def _attempt(layers: dict[str, Finding], name: str, act: Callable[[], str]) -> bool:
    if name in layers:  # left out on purpose, see JailedProvisioner.layers_left_out
        return False
    try:
        layers[name] = Finding(True, act())
    except OSError as error:
        layers[name] = Finding(False, str(error))
    return layers[name].held


def own_pid_namespace(layers: dict[str, Finding]) -> bool:
    """In the warden: the next fork becomes process 1 of a new namespace, and everything in it dies with it.

    Returns whether that took a user namespace, in which the kernel's processes are counted by themselves.
    """
    mapped = False

    def leave() -> str:
        nonlocal mapped
        if os.geteuid() == 0:
            try:
                linux.unshare(linux.CLONE_NEWPID)
                return "of its own, by privilege"
            except PermissionError:
                pass
        uid, gid = os.getuid(), os.getgid()
        linux.unshare(linux.CLONE_NEWUSER | linux.CLONE_NEWPID)
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {uid} 1"),
            ("gid_map", f"{gid} {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)
        mapped = True
        return "of its own, with a user namespace"

    return IS_LINUX and _attempt(layers, "processes", leave) and mapped


def confine(layers: dict[str, Finding], limits: Limits, what: View, scratch: str, *, unique: int, mapped: bool) -> str:
    """In the kernel process, before any thread starts. Returns the scratch directory, which is then the cwd.

    `scratch` is where to work when no mount namespace can be had; `unique` tells this kernel from all
    others that run now (a process id); `mapped` is `own_pid_namespace`'s answer. Never raises for a layer
    that fails: the report tells, and the caller decides.
    """
    as_root = IS_LINUX and os.geteuid() == 0 and not mapped
    owner = (os.getuid(), os.getgid())
    if as_root:
        owner = next(((uid, uid) for uid in (FIRST_UID + unique, NOBODY) if _has_id(uid)), owner)
    alone = mapped or owner[0] == FIRST_UID + unique
    _attempt(layers, "limits", lambda: set_limits(limits, alone=alone))
    if not IS_LINUX:
        os.chdir(scratch)
        return scratch
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")  # when the machine runs out of memory, end this one first

    def separate() -> str:
        linux.unshare(linux.CLONE_NEWNS | linux.CLONE_NEWNET | linux.CLONE_NEWIPC | linux.CLONE_NEWUTS)
        return "mounts, network, IPC and host name of its own"

    place = scratch
    if _attempt(layers, "namespaces", separate) and _attempt(
        layers, "view", lambda: view.enter(what, limits.scratch_bytes, limits.scratch_files)
    ):
        place = view.SCRATCH
    os.chdir(place)
    if owner[0] != os.getuid() and not all(_open_to_all(path) for path in what.readable):
        owner = (os.getuid(), os.getgid())  # another user could not read the interpreter or the packages
    os.chown(place, *owner)
    # before the change of user, who may not be able to open the way to each path
    _attempt(layers, "landlock", lambda: landlock.restrict(what.readable, view.DEVICES, place, what.hidden))
    _attempt(layers, "user", lambda: give_up_privileges(owner))
    return place


def lock(layers: dict[str, Finding], limits: Limits) -> None:
    """The filter on system calls, the last layer: after it no layer could be put on."""
    if IS_LINUX:
        _attempt(layers, "seccomp", lambda: seccomp.install(os.getpid(), processes=limits.processes > 0))


def set_limits(limits: Limits, *, alone: bool) -> str:
    """Resource limits of this process, hard. Address space is counted from what the imports already take.

    Processes and threads are counted by user, so they are bounded only when the kernel is `alone` in its count.
    """
    bounds = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_FSIZE: limits.file_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_CORE: 0,
        # AS, not DATA: a shared mapping counts in the first only
        resource.RLIMIT_AS: address_space() + limits.memory_bytes,
    }
    if alone:
        bounds[resource.RLIMIT_NPROC] = limits.threads + limits.processes
    refused = []
    for kind, bound in bounds.items():
        hard = resource.getrlimit(kind)[1]
        bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
        try:
            resource.setrlimit(kind, (bound, bound))
        except (OSError, ValueError) as error:
            refused.append(f"{kind}: {error}")
    if refused:
        raise OSError(f"not every limit could be set ({'; '.join(refused)})")
    return f"memory {limits.memory_bytes} bytes, CPU {limits.cpu_seconds} s, a file {limits.file_bytes} bytes"


def _has_id(uid: int) -> bool:
    """Whether this user id exists here: a container may map a part of the range only."""
    with open("/proc/self/uid_map") as file:
        ranges = [[int(word) for word in line.split()] for line in file]
    return any(first <= uid < first + count for first, _, count in ranges)


def _open_to_all(path: str) -> bool:
    """Whether any user can get to this path: every directory on the way is open to others."""
    steps = [path, *(str(parent) for parent in Path(path).parents)]
    return all(os.stat(step).st_mode & (stat.S_IXOTH if os.path.isdir(step) else stat.S_IROTH) for step in steps)


def address_space() -> int:
    """Bytes of address space this process takes now; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def give_up_privileges(owner: tuple[int, int]) -> str:
    """No capabilities, no way back, and `owner` (uid, gid) from now on."""
    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1, what="no_new_privs")
    linux.prctl(linux.PR_CAP_AMBIENT, linux.PR_CAP_AMBIENT_CLEAR_ALL, what="ambient capabilities")
    if linux.capabilities():
        with contextlib.suppress(OSError):  # EINVAL comes after the last one this kernel knows
            for capability in range(64):
                linux.prctl(linux.PR_CAPBSET_DROP, capability, what=f"bounding set {capability}")
    uid, gid = owner
    if uid != os.getuid():
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    linux.drop_capabilities()
    return f"user {os.getuid()}, no capabilities, no new privileges"
