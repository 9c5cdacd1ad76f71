"""The system-call filter, assembled by hand: about a hundred calls refused, the rest allowed.

By hand: pyseccomp (last release: 2021) needs libseccomp.so on every machine, for a filter with four conditions. The
list refuses; it does not allow, because the namespaces, the mount view and Landlock already hold the files, and an
allow-list would break with every release of NumPy or libzmq. The numbers are compared with libseccomp's own in the
tests where that is installed.
"""

from __future__ import annotations

import ctypes
import errno
import os
import socket
import struct

from . import linux

# name: (x86_64, aarch64); None where the machine has no such call.
# fmt: off
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198), "socketpair": (53, 199), "connect": (42, 203), "bind": (49, 200),
    "sendto": (44, 206), "sendmmsg": (307, 269), "fork": (57, None), "vfork": (58, None),
    "clone": (56, 220), "clone3": (435, 435), "execve": (59, 221), "execveat": (322, 281),
    "kill": (62, 129), "tgkill": (234, 131), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "process_madvise": (440, 440), "kcmp": (312, 272), "prctl": (157, 167),
    "ioctl": (16, 29), "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39),
    "pivot_root": (155, 41), "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "mknod": (133, None), "mknodat": (259, 33), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "memfd_create": (319, 279), "memfd_secret": (447, 447),
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189),
    "msgrcv": (70, 188), "msgctl": (71, 187), "semget": (64, 190), "semop": (65, 193),
    "semtimedop": (220, 192), "semctl": (66, 191), "mq_open": (240, 180), "mq_unlink": (241, 181),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443), "syslog": (103, 116),
    "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "sethostname": (170, 161), "setdomainname": (171, 162),
    "personality": (135, 92), "fanotify_init": (300, 262), "lookup_dcookie": (212, 18), "iopl": (172, None),
    "ioperm": (173, None), "modify_ldt": (154, None), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "vhangup": (153, 58), "uselib": (134, None), "ustat": (136, None), "sysfs": (139, None),
    "nfsservctl": (180, 42),
}
# fmt: on

# The error a refused call gives where EPERM would mislead its caller or make libzmq abort.
ERRORS = {
    **dict.fromkeys(("socket", "socketpair"), errno.EOPNOTSUPP),
    **dict.fromkeys(("clone3", "memfd_create", "io_uring_setup", "io_uring_enter", "io_uring_register"), errno.ENOSYS),
    **dict.fromkeys(("fork", "vfork", "clone"), errno.EAGAIN),
}
MAKES_PROCESSES = ("fork", "vfork", "execve", "execveat")

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
ALLOW, KILL, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
OFFSET_NUMBER, OFFSET_ARCH, OFFSET_ARGS = 0, 4, 16
CLONE_THREAD, CLONE_NEW_ANYTHING, TIOCSTI, SOCK_TYPE_MASK = 0x00010000, 0x7E020000, 0x5412, 0xF
SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC = 1, 1
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}


def _argument(index: int, *, high: bool = False) -> tuple[int, int, int, int]:
    return (LOAD, 0, 0, OFFSET_ARGS + 8 * index + (4 if high else 0))


def program(machine: str, own_pid: int, *, processes: bool) -> bytes:
    """The filter as packed BPF instructions.

    `own_pid` is the process's id as it sees itself: the only one it may signal. `processes` leaves fork and exec open
    (their number is then bounded by RLIMIT_NPROC). Raises ``OSError`` (ENOSYS) on a machine without a table.
    """
    if machine not in AUDIT_ARCH:
        raise OSError(errno.ENOSYS, f"no system-call table for {machine}; known are {', '.join(AUDIT_ARCH)}")
    column = list(AUDIT_ARCH).index(machine)
    code: list[tuple[int, int, int, int]] = [
        (LOAD, 0, 0, OFFSET_ARCH),
        (EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),  # 32-bit entry points have other numbers: no honest code uses them
        (LOAD, 0, 0, OFFSET_NUMBER),
    ]
    if machine == "x86_64":
        code += [(AT_LEAST, 0, 1, X32_BIT), (RETURN, 0, 0, ERRNO | errno.ENOSYS)]

    for name, numbers in NUMBERS.items():
        number = numbers[column]
        if number is None or (processes and name in MAKES_PROCESSES):
            continue
        refuse = (RETURN, 0, 0, ERRNO | ERRORS.get(name, errno.EPERM))
        allow = (RETURN, 0, 0, ALLOW)
        test = {
            # Each ends in a refusal; a jump over it allows.
            "clone": (
                [_argument(0), (ANY_BIT, 1, 0, CLONE_NEW_ANYTHING), allow, refuse]
                if processes
                else [_argument(0), (ANY_BIT, 0, 1, CLONE_THREAD), allow, refuse]
            ),
            "kill": [_argument(0), (EQUAL, 0, 1, own_pid), allow, refuse],
            "tgkill": [_argument(0), (EQUAL, 0, 1, own_pid), allow, refuse],
            # A datagram pair could send to any unconnected address.
            "socketpair": [
                *(_argument(0), (EQUAL, 0, 4, socket.AF_UNIX), _argument(1), (AND, 0, 0, SOCK_TYPE_MASK)),
                *((EQUAL, 0, 1, socket.SOCK_STREAM), allow, refuse),
            ],
            # With an address it is a connect in disguise.
            "sendto": [
                *(_argument(4), (EQUAL, 0, 3, 0), _argument(4, high=True), (EQUAL, 0, 1, 0)),
                *(allow, refuse),
            ],
            # A kernel that clears its parent-death signal could outlive its warden.
            "prctl": [_argument(0), (EQUAL, 1, 0, linux.PR_SET_PDEATHSIG), allow, refuse],
            "ioctl": [_argument(1), (EQUAL, 1, 0, TIOCSTI), allow, refuse],
        }.get(name, [refuse])
        code += [(EQUAL, 0, len(test), number), *test]

    code.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("HBBI", *instruction) for instruction in code)


def install(own_pid: int, *, processes: bool) -> str:
    """Filter this process for good; returns what was done. Raises ``OSError`` where the kernel refuses."""
    machine = os.uname().machine
    code = program(machine, own_pid, processes=processes)

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_char_p)]

    linux.prctl(linux.PR_SET_NO_NEW_PRIVS, 1, what="no_new_privs")
    filter_program = Program(len(code) // 8, code)
    linux.syscall(
        *(
            SYS_SECCOMP[machine],
            SECCOMP_SET_MODE_FILTER,
            SECCOMP_FILTER_FLAG_TSYNC,
            ctypes.byref(filter_program),
        ),
        what="seccomp",
    )
    return f"{len(code) // 8} instructions, {len(NUMBERS)} calls refused or restricted"
