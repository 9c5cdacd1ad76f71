"""What a jailed process can still do, found out by trying it from inside, before any student's code runs.

Each probe acts as an attacker would, bounded and without lasting effect, and says what happened. A probe
that meets an error it did not expect counts as not held.
"""

from __future__ import annotations

import errno
import mmap
import os
import resource
import socket
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from . import linux
from .confine import IS_LINUX
from .limits import Limits, MiB
from .report import Finding

REFUSED = {
    errno.EPERM,
    errno.EACCES,
    errno.ENOENT,
    errno.EROFS,
    errno.ESRCH,
    errno.EOPNOTSUPP,
    errno.ENETUNREACH,
}
REFUSED |= {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.ENOSYS, errno.EAGAIN, errno.ENOTDIR, errno.EINVAL}


def probe(
    limits: Limits,
    canaries: Iterable[str],
    outsider: int,
    listener: str,
    scratch: str,
    keep_env: Iterable[str],
) -> dict[str, Finding]:
    """Try everything.

    `canaries` are files on the host that must not open, `outsider` is a process and `listener` the path of a unix
    socket that must not be reached; `scratch` is the directory to work in, `keep_env` names the variables we set.
    """
    tries: dict[str, Callable[[], Iterator[str]]] = {
        "memory": lambda: _memory(limits),
        "cpu": lambda: _cpu(limits),
        "file_size": lambda: _file_size(limits),
        "environment": lambda: _environment(set(keep_env)),
        "files": lambda: _files(canaries),
        "writes": lambda: _writes(scratch),
        "network": lambda: _network(listener),
        "processes": lambda: _processes(limits),
        "signals": lambda: _signals(outsider),
        "privileges": _privileges,
        "other_processes": _other_processes,
        "scratch_size": lambda: _scratch_size(limits),
    }
    return {name: _run(act) for name, act in tries.items()}


def _run(act: Callable[[], Iterator[str]]) -> Finding:
    """A probe yields what it could do and should not have; nothing yielded means held."""
    try:
        faults = list(act())
    except Exception as error:  # an unexpected failure is no proof that the layer holds
        return Finding(False, f"could not be probed: {type(error).__name__}: {error}")
    return Finding(not faults, "; ".join(faults) or "refused")


def _refused(what: str, act: Callable[[], object], errors: Iterable[int] = ()) -> Iterator[str]:
    try:
        act()
    except OSError as error:
        if error.errno not in (set(errors) or REFUSED):
            yield f"{what} failed for another reason: {error}"
    else:
        yield f"{what} succeeded"


def _memory(limits: Limits) -> Iterator[str]:
    for flags, kind in ((mmap.MAP_PRIVATE, "private"), (mmap.MAP_SHARED, "shared")):
        size = limits.memory_bytes + 64 * MiB

        def take(size: int = size, flags: int = flags) -> None:
            mmap.mmap(-1, size, flags=flags | mmap.MAP_ANONYMOUS).close()

        yield from _refused(f"a {kind} mapping of {size} bytes", take, [errno.ENOMEM, errno.EAGAIN])


def _cpu(limits: Limits) -> Iterator[str]:
    bound = resource.getrlimit(resource.RLIMIT_CPU)
    if not all(0 < value <= limits.cpu_seconds for value in bound):
        yield f"the CPU limit is {bound}, not {limits.cpu_seconds} s"


def _file_size(limits: Limits) -> Iterator[str]:
    with tempfile.TemporaryFile(dir=".") as file:
        yield from _refused("an oversize file", lambda: file.truncate(limits.file_bytes + 1), [errno.EFBIG])


def _environment(keep: set[str]) -> Iterator[str]:
    extra = set(os.environ) - keep
    if extra:
        yield f"inherited variables: {', '.join(sorted(extra))}"


def _files(canaries: Iterable[str]) -> Iterator[str]:
    for path in canaries:
        yield from _refused(f"reading {path}", partial(_open_and_close, path))


def _open_and_close(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _writes(scratch: str) -> Iterator[str]:
    inside = os.path.join(scratch, ".probe")
    os.close(os.open(inside, os.O_CREAT | os.O_WRONLY, 0o600))  # the scratch itself has to work
    os.unlink(inside)
    outside = {
        "/",
        os.path.dirname(os.__file__),
        os.path.dirname(scratch.rstrip("/")) or "/",
        "/var/tmp",
        "/dev/shm",
    }
    for directory in sorted(outside):
        path = os.path.join(directory, f".probe-{os.getpid()}")

        def write(path: str = path) -> None:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            os.unlink(path)

        yield from _refused(f"writing in {directory}", write)


def _network(listener: str) -> Iterator[str]:
    def reach(family: int, kind: int, address: object) -> None:
        with socket.socket(family, kind) as sock:
            sock.settimeout(0.2)
            sock.connect(address)  # type: ignore[arg-type]

    stream, datagram = socket.SOCK_STREAM, socket.SOCK_DGRAM
    tries = {
        "TCP": (socket.AF_INET, stream, ("127.0.0.1", 9)),
        "UDP": (socket.AF_INET, datagram, ("127.0.0.1", 9)),
        "TCP over IPv6": (socket.AF_INET6, stream, ("::1", 9)),
        "a unix socket of the host": (socket.AF_UNIX, stream, listener),
    }
    for name, (family, kind, address) in tries.items():
        yield from _refused(name, partial(reach, family, kind, address))


def _processes(limits: Limits) -> Iterator[str]:
    """Fork until refused, at most a few more than allowed; the children wait for a pipe to close."""
    allowed = limits.processes + limits.threads if limits.processes else 0
    reader, writer = os.pipe()
    children: list[int] = []
    try:
        while len(children) <= allowed:
            try:
                child = os.fork()
            except OSError:
                break
            if child == 0:
                os.close(writer)
                os.read(reader, 1)
                os._exit(0)
            children.append(child)
    finally:
        os.close(writer)
        os.close(reader)
        for child in children:
            os.waitpid(child, 0)
    if len(children) > allowed:
        yield f"{len(children)} child processes, {allowed} expected at most"


def _signals(outsider: int) -> Iterator[str]:
    yield from _refused("a signal to the grader", lambda: os.kill(outsider, 0))
    if IS_LINUX:
        # the same permission as ptrace, without its effect; EFAULT would mean that it was given
        yield from _refused("reading the grader's memory", lambda: linux.read_memory(outsider))


def _privileges() -> Iterator[str]:
    if not IS_LINUX:
        yield "this system has no way to give privileges up"
        return
    if not linux.prctl(linux.PR_GET_NO_NEW_PRIVS, what="no_new_privs"):
        yield "set-user-id programs would still work"
    if linux.capabilities():
        yield f"capabilities {linux.capabilities():#x}"
    yield from _refused("a new user namespace", lambda: _in_a_child(lambda: linux.unshare(linux.CLONE_NEWUSER)))
    if os.getuid() != 0:
        yield from _refused("becoming root", lambda: _in_a_child(lambda: os.setuid(0)))


def _in_a_child(act: Callable[[], None]) -> None:
    """Do what cannot be undone in a child; where no child can be had, here: then it should fail anyway."""
    try:
        child = os.fork()
    except OSError:
        return act()
    if child == 0:
        code = 0
        try:
            act()
        except OSError as error:
            code = error.errno or 255
        os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code:
        raise OSError(code, os.strerror(code))


def _other_processes() -> Iterator[str]:
    if os.getpid() != 1:
        yield f"process {os.getpid()} shares its namespace with others"
    if os.path.isdir("/proc/self") or any(name.isdigit() for name in _entries("/proc")):
        yield "/proc shows processes"


def _entries(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except OSError:
        return []


def _scratch_size(limits: Limits) -> Iterator[str]:
    place = os.statvfs(".")
    size = place.f_blocks * place.f_frsize
    if not 0 < size <= limits.scratch_bytes + 2 * mmap.PAGESIZE:
        yield f"the scratch file system holds {size} bytes, not {limits.scratch_bytes}"
