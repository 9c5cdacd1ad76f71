"""System calls that Python does not wrap, through the C library; every failure is an OSError."""

from __future__ import annotations

import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 0x1000, 0x4000, 1 << 18
MNT_DETACH = 2
ATTR_RDONLY, ATTR_NOSUID, ATTR_NODEV, ATTR_NOEXEC = 1, 2, 4, 8
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS = 1, 24, 38, 39
PR_SET_CHILD_SUBREAPER, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 36, 47, 4

# Numbers that the C library has no wrapper for; pivot_root differs between machines.
SYS_MOUNT_SETATTR = 442
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}.get(os.uname().machine, -1)


def check(result: int, what: str) -> int:
    """`result`, or an OSError that names `what` failed."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def syscall(number: int, *args: object, what: str) -> int:
    """A raw system call; integers are passed as machine words."""
    words = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    return check(_libc.syscall(ctypes.c_long(number), *words), what)


def prctl(option: int, *args: int, what: str) -> int:
    """prctl(2)."""
    words = [ctypes.c_ulong(arg) for arg in (*args, 0, 0, 0, 0)[:4]]
    return check(_libc.prctl(ctypes.c_int(option), *words), what)


def unshare(flags: int) -> None:
    """unshare(2): leave the namespaces named by `flags`."""
    check(_libc.unshare(ctypes.c_int(flags)), f"unshare({flags:#x})")


def back_to_own_pid_namespace() -> None:
    """setns(2): undo what an unshare said of the process ids of children to come."""
    own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        check(_libc.setns(ctypes.c_int(own), ctypes.c_int(CLONE_NEWPID)), "setns")
    finally:
        os.close(own)


def mount(source: str, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """mount(2)."""
    texts = [text.encode() if text is not None else None for text in (source, target, kind)]
    data = options.encode() if options else None
    check(_libc.mount(*texts, ctypes.c_ulong(flags), data), f"mount({source} on {target})")


def umount(target: str) -> None:
    """umount2(2), detaching at once."""
    check(_libc.umount2(target.encode(), MNT_DETACH), f"umount({target})")


def pivot_root(new_root: str, put_old: str) -> None:
    """pivot_root(2)."""
    syscall(SYS_PIVOT_ROOT, new_root.encode(), put_old.encode(), what=f"pivot_root({new_root})")


def restrict_mount(target: str, attributes: int, *, recursive: bool = True) -> None:
    """mount_setattr(2): add attributes such as ATTR_RDONLY to a mount and those below it (Linux 5.12)."""
    attr = (ctypes.c_uint64 * 4)(attributes, 0, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    syscall(
        SYS_MOUNT_SETATTR,
        AT_FDCWD,
        target.encode(),
        flags,
        attr,
        ctypes.sizeof(attr),
        what=f"mount_setattr({target})",
    )


class _CapabilityHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


_CAPABILITY_VERSION_3 = 0x20080522


def drop_capabilities() -> None:
    """Empty the effective, permitted and inheritable sets of this thread."""
    header, none = _CapabilityHeader(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    check(_libc.capset(ctypes.byref(header), none), "capset")


def capabilities() -> int:
    """The effective set of this thread as a bit mask."""
    header, sets = _CapabilityHeader(_CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    check(_libc.capget(ctypes.byref(header), sets), "capget")
    return sets[0] | sets[3] << 32


def read_memory(pid: int) -> None:
    """Try process_vm_readv(2) on another process. Only the probes call it, and expect it to fail."""
    byte = ctypes.create_string_buffer(1)
    ours = (ctypes.c_void_p * 2)(ctypes.addressof(byte), 1)
    theirs = (ctypes.c_void_p * 2)(4096, 1)
    words = (ctypes.c_long(1), theirs, ctypes.c_long(1), ctypes.c_long(0))
    check(_libc.process_vm_readv(ctypes.c_long(pid), ours, *words), "process_vm_readv")
