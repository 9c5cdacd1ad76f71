"""The filter's decisions, by running its instructions; its numbers, against libseccomp's own table."""

from __future__ import annotations

import ctypes
import ctypes.util
import errno
import os
import socket
import struct

import pytest

from autograder.jail import seccomp

ALLOW, KILL = seccomp.ALLOW, seccomp.KILL
MACHINES = list(seccomp.AUDIT_ARCH)
OWN = 7


def refused(number: int) -> int:
    return seccomp.ERRNO | number


def decide(machine: str, name: str | int, *args: int, processes: bool = False, arch: int | None = None) -> int:
    """What the filter answers to one system call: an interpreter of the six instructions it uses."""
    number = name if isinstance(name, int) else seccomp.NUMBERS[name][MACHINES.index(machine)]
    words = [value & (2**64 - 1) for value in (*args, 0, 0, 0, 0, 0, 0)[:6]]
    data = struct.pack("<IIQ6Q", number, arch or seccomp.AUDIT_ARCH[machine], 0, *words)
    code = seccomp.program(machine, OWN, processes=processes)
    instructions = [struct.unpack_from("HBBI", code, at) for at in range(0, len(code), 8)]
    accumulator = at = 0
    while True:
        kind, yes, no, k = instructions[at]
        at += 1
        match kind:
            case seccomp.LOAD:
                (accumulator,) = struct.unpack_from("<I", data, k)
            case seccomp.AND:
                accumulator &= k
            case seccomp.EQUAL:
                at += yes if accumulator == k else no
            case seccomp.AT_LEAST:
                at += yes if accumulator >= k else no
            case seccomp.ANY_BIT:
                at += yes if accumulator & k else no
            case seccomp.RETURN:
                return k
            case _:
                raise AssertionError(f"unknown instruction {kind:#x}")


@pytest.mark.parametrize("machine", MACHINES)
def test_every_listed_call_is_refused_with_hostile_arguments(machine: str) -> None:
    hostile = {
        "clone": (0x11,),  # fork's flags
        "kill": (OWN + 1, 9),
        "tgkill": (OWN + 1, 1, 9),
        "socketpair": (socket.AF_INET, socket.SOCK_STREAM),
        "sendto": (3, 0, 0, 0, 0x1000),
        "prctl": (1, 0),
        "ioctl": (0, seccomp.TIOCSTI),
    }
    column = MACHINES.index(machine)
    for name, numbers in seccomp.NUMBERS.items():
        if numbers[column] is not None:
            answer = decide(machine, name, *hostile.get(name, ()))
            assert answer & 0x7FFF0000 == seccomp.ERRNO and answer & 0xFFFF, name


@pytest.mark.parametrize("machine", MACHINES)
def test_what_honest_kernels_need_is_allowed(machine: str) -> None:
    thread = 0x3D0F00  # glibc's flags for a thread
    assert decide(machine, "clone", thread) == ALLOW
    assert decide(machine, "kill", OWN, 2) == ALLOW and decide(machine, "tgkill", OWN, 9, 2) == ALLOW
    cloexec = 0o2000000
    assert decide(machine, "socketpair", socket.AF_UNIX, socket.SOCK_STREAM | cloexec) == ALLOW
    assert decide(machine, "sendto", 3, 0x1000, 5, 0, 0, 0) == ALLOW
    assert decide(machine, "prctl", 15) == ALLOW and decide(machine, "ioctl", 0, 0x5401) == ALLOW
    read, write, accept4, mmap = {"x86_64": (0, 1, 288, 9), "aarch64": (63, 64, 242, 222)}[machine]
    assert [decide(machine, number) for number in (read, write, accept4, mmap)] == [ALLOW] * 4


@pytest.mark.parametrize("machine", MACHINES)
def test_the_conditions_look_at_the_whole_argument(machine: str) -> None:
    assert decide(machine, "kill", -1) == refused(errno.EPERM)  # everybody
    assert decide(machine, "kill", 0) == refused(errno.EPERM)  # the process group
    assert decide(machine, "sendto", 3, 0, 0, 0, 1 << 40) == refused(errno.EPERM)  # an address above 4 GB
    assert decide(machine, "socketpair", socket.AF_UNIX, socket.SOCK_DGRAM) == refused(errno.EOPNOTSUPP)
    assert decide(machine, "socket", socket.AF_UNIX, socket.SOCK_STREAM) == refused(errno.EOPNOTSUPP)


@pytest.mark.parametrize("machine", MACHINES)
def test_processes_open_fork_and_exec_but_no_namespace(machine: str) -> None:
    assert decide(machine, "clone", 0x11, processes=True) == ALLOW
    assert decide(machine, "execve", processes=True) == ALLOW
    for flag in (0x00020000, 0x10000000, 0x20000000, 0x40000000):
        assert decide(machine, "clone", 0x11 | flag, processes=True) == refused(errno.EAGAIN)
    assert decide(machine, "clone3", processes=True) == refused(errno.ENOSYS)  # its flags cannot be read


def test_other_ways_into_the_kernel_are_closed() -> None:
    assert decide("x86_64", 1, arch=0x40000003) == KILL  # 32-bit calls
    assert decide("x86_64", seccomp.X32_BIT | 41) == refused(errno.ENOSYS)


def test_an_unknown_machine_is_said_to_be_unknown() -> None:
    with pytest.raises(OSError, match="no system-call table for sparc64"):
        seccomp.program("sparc64", 1, processes=False)


LIBSECCOMP = ctypes.util.find_library("seccomp")


@pytest.mark.skipif(LIBSECCOMP is None and not os.environ.get("CI"), reason="libseccomp is not installed")
@pytest.mark.parametrize("machine", MACHINES)
def test_the_numbers_are_those_of_libseccomp(machine: str) -> None:
    resolve = ctypes.CDLL(LIBSECCOMP).seccomp_syscall_resolve_name_arch
    known = {name: resolve(ctypes.c_uint32(seccomp.AUDIT_ARCH[machine]), name.encode()) for name in seccomp.NUMBERS}
    ours = {name: numbers[MACHINES.index(machine)] for name, numbers in seccomp.NUMBERS.items()}
    assert ours == {name: number if number >= 0 else None for name, number in known.items()}
