"""Hostile acts in real kernels. Each says REACHED when it got what it was after and HELD when it did not.

Those that are harmless outside run once more with every layer left out: there they must succeed, or the test
proves nothing.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.jail.limits import MiB
from autograder.jail.report import LAYERS

TRY = """
def attempt():
    {}
try:
    print("REACHED", repr(attempt())[:200])
except BaseException as error:
    print("HELD", type(error).__name__, error)
"""


def act(body: str) -> str:
    return TRY.format(body.strip().replace("\n", "\n    "))


def held(ran: Any, index: int = -1) -> bool:
    text = ran.text(index)
    assert ("HELD" in text) != ("REACHED" in text), f"the act said nothing clear: {text!r}, {ran.ended}"
    return "HELD" in text


# What an attacker would do, and what anyone can do without a jail.
ACTS: dict[str, Callable[[Any], str]] = {
    "read the gradebook": lambda c: f"return open({str(c.root / 'gradebook.db')!r}, 'rb').read()",
    "write the gradebook": lambda c: f"return open({str(c.root / 'gradebook.db')!r}, 'r+b').write(b'S')",
    "read the secret": lambda c: f"return open({str(c.root / 'secret.key')!r}).read()",
    "read the solution": lambda c: f"return open({str(c.root / 'source/part_b/b2.ipynb')!r}).read()",
    "list the submissions": lambda c: f"import os; return os.listdir({str(c.root / 'submitted')!r})",
    "read a sibling's submission": lambda c: f"return open({str(c.root / 'submitted/bob/part_b/b2.ipynb')!r}).read()",
    "leave a file for the next student": lambda c: (
        f"return open({str(c.root / 'submitted/note')!r}, 'w').write('the answers')"
    ),
    "follow a link of its own making": lambda c: (
        f"import os\nos.symlink({str(c.root / 'secret.key')!r}, 'link-{os.getpid()}')\n"
        f"try:\n    return open('link-{os.getpid()}').read()\nfinally:\n    os.unlink('link-{os.getpid()}')"
    ),
    "read the grader's package": lambda c: (
        f"return open({str(Path(__file__).parents[2] / 'autograder/jail/report.py')!r}).read()"
    ),
    "import the grader's package": lambda c: "import autograder; return autograder.__file__",
    "connect by TCP": lambda c: f"import socket; return socket.create_connection({c.tcp!r}, 2)",
    "send by UDP": lambda c: (
        f"import socket; return socket.socket(type=socket.SOCK_DGRAM).sendto(b'the answers', {c.udp!r})"
    ),
    "connect to a unix socket": lambda c: (
        f"import socket; s = socket.socket(socket.AF_UNIX); return s.connect({c.unix!r})"
    ),
    "serve by TCP": lambda c: "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); return s",
    "send from a datagram pair": lambda c: (
        "import socket\na, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)\nreturn a, b"
    ),
    "read the grader's environment": lambda c: f"return open('/proc/{os.getpid()}/environ', 'rb').read()",
    "read the grader's memory map": lambda c: f"return open('/proc/{os.getpid()}/maps').read()",
    "see other processes": lambda c: (
        "import os\nfound = [p for p in os.listdir('/proc') if p.isdigit()]\nassert found[1:]; return found"
    ),
    "signal the grader": lambda c: f"import os; return os.kill({os.getpid()}, 0)",
    "signal its parent": lambda c: "import os; assert os.getppid() > 1, 'no parent'; return os.kill(os.getppid(), 0)",
    "start a process": lambda c: "import os\np = os.fork()\nif p == 0:\n    os._exit(0)\nos.waitpid(p, 0)\nreturn p",
    "run a program": lambda c: "import subprocess; return subprocess.run(['/bin/sh', '-c', 'echo x'], check=True)",
    "make memory without a limit": lambda c: "import os\nfd = os.memfd_create('m')\nos.close(fd)\nreturn fd",
    "write in the standard library's place": lambda c: (
        "import os, tempfile; return tempfile.TemporaryFile(dir=os.path.dirname(os.__file__))"
    ),
    "write beside its notebook": lambda c: f"return open({str(c.submission / 'x')!r}, 'w').write('x')",
    "make a device node": lambda c: (
        "import os, stat\nos.mkfifo('f')\nos.unlink('f')\n"
        "os.mknod('n', stat.S_IFBLK | 0o600, os.makedev(7, 0))\nos.unlink('n')\nreturn 'node'"
    ),
    "change its limits": lambda c: (
        "import resource as r; return r.setrlimit(r.RLIMIT_CPU, (r.RLIM_INFINITY, r.RLIM_INFINITY))"
    ),
    "enter new namespaces": lambda c: (
        "import ctypes, os\nif ctypes.CDLL(None, use_errno=True).unshare(0x10000000):\n"
        "    raise OSError(ctypes.get_errno(), 'unshare')\nreturn 'unshared'"
    ),
    "find the grader's variables": lambda c: "import os; return os.environ['COURSE_SECRET']",
    "escape its parent-death signal": lambda c: (
        "import ctypes\nif ctypes.CDLL(None, use_errno=True).prctl(1, 0, 0, 0, 0):\n"
        "    raise OSError(ctypes.get_errno(), 'prctl')\nreturn 'unbound'"
    ),
}
# Outside these fail for reasons of their own: threads are running; no kernel gets the grader's variables.
HELD_OUTSIDE_TOO = {"enter new namespaces", "find the grader's variables"}


@pytest.fixture(scope="module")
def outcomes(run: Any, course: Any) -> dict[str, bool]:
    """Every act in one jailed kernel, a cell each: which of them were held."""
    ran = run(*(act(make(course)) for make in ACTS.values()), cwd=course.submission)
    assert not ran.died
    return {name: held(ran, index) for index, name in enumerate(ACTS)}


@pytest.fixture(scope="module")
def outcomes_outside(run: Any, course: Any) -> dict[str, bool]:
    """The same acts in a plain kernel: no layer at all."""
    names = [name for name in ACTS if name != "leave a file for the next student"]
    ran = run(
        *(act(ACTS[name](course)) for name in names),
        cwd=course.submission,
        layers_left_out=list(LAYERS),
        unsafe_no_jail=True,
    )
    assert not ran.died and ran.report.level == "none"
    return {name: held(ran, index) for index, name in enumerate(names)} | {"leave a file for the next student": False}


@pytest.mark.parametrize("name", ACTS)
def test_the_act_is_held_inside(name: str, outcomes: dict[str, bool]) -> None:
    assert outcomes[name]


@pytest.mark.parametrize("name", ACTS)
def test_the_act_succeeds_without_a_jail(name: str, outcomes_outside: dict[str, bool]) -> None:
    assert outcomes_outside[name] == (name in HELD_OUTSIDE_TOO)


SOCKETS = """
import os, socket, stat, struct
seen = reached = 0
for descriptor in range(3, 1024):
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            continue
    except OSError:
        continue
    found = socket.socket(fileno=os.dup(descriptor))
    seen += 1
    if found.getsockname() in ("", b""):  # one end of a pair
        peer = struct.unpack("3i", found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        reached += peer != os.getpid()
    found.close()
print("HELD" if seen and not reached else "REACHED", seen, reached)
"""


def test_no_socket_to_grader_zygote_or_warden_is_inherited(run: Any) -> None:
    assert held(run(SOCKETS))


def test_no_variable_is_inherited(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_SECRET", "the course's secret")
    ran = run("import os, ctypes; print(dict(os.environ))")
    assert "COURSE_SECRET" not in ran.text() and "JPY_PARENT_PID" not in ran.text()


@pytest.mark.parametrize("take", ["bytearray(n)", "__import__('mmap').mmap(-1, n)"], ids=["private", "shared"])
def test_memory_is_bounded(run: Any, take: str) -> None:
    ran = run(
        f"n = 200 * 2**20\nkept = []\nwhile len(kept) < 50:\n    block = {take}\n"
        "    block[::4096] = b'1' * len(block[::4096])\n    kept.append(block)",
        "print(len(kept))",
        limits={"memory_bytes": 1024 * MiB},
    )
    assert ran.error(0) in ("MemoryError", "OSError")
    assert int(ran.text(1)) <= 5
    assert ran.usage["peak_bytes"] < 1800 * MiB


def test_the_scratch_holds_no_more_than_it_should(run: Any) -> None:
    ran = run(
        """
        written = 0
        try:
            for number in range(100):
                with open(f"fill-{number}", "wb") as file:
                    for _ in range(16):
                        written += file.write(bytes(2**20))
                        file.flush()
        except OSError as error:
            print("HELD", written)
        """.replace("\n        ", "\n"),
        "import os\n[os.unlink(f) for f in os.listdir() if f.startswith('fill')]\ncount = 0\n"
        "try:\n    while count < 50_000:\n        open(f'many-{count}', 'w').close(); count += 1\n"
        "except OSError as error:\n    print('HELD', count)",
        limits={"scratch_bytes": 32 * MiB, "scratch_files": 1000},
    )
    assert held(ran, 0) and int(ran.text(0).split()[1]) <= 32 * MiB
    assert held(ran, 1) and int(ran.text(1).split()[1]) <= 1000


@pytest.mark.parametrize("code", ["print('x' * 10**8)", "for _ in range(100): print('x' * 10**6, flush=True)"])
def test_output_is_bounded_by_the_reader(run: Any, code: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    ran = run(code, "print('still here')", limits={"output_bytes": MiB})
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    assert sum(len(str(output)) for output in ran.cells[0].outputs) < 1.2 * MiB
    assert ran.died or "still here" in ran.text(1)
    assert after - before < 150 * MiB


def test_one_giant_message_is_refused_before_it_is_read(run: Any) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    ran = run("display({'text/plain': 'x' * (3 * 10**8)}, raw=True)")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    said = [output.text for output in ran.cells[0].outputs]  # a shell's reader can say so; a kernel's channel is closed
    assert all("the rest was not kept" in text for text in said) and len(said) <= 1 and after - before < 150 * MiB


def test_dropped_output_is_announced(run: Any) -> None:
    ran = run("for _ in range(30): print('x' * 10**5, flush=True)", limits={"output_bytes": MiB})
    notes = [output.text for output in ran.cells[0].outputs if output.get("name") == "stderr"]
    assert len(notes) == 1 and "1048576 bytes" in notes[0]


def test_many_cells_together_are_bounded_too(run: Any) -> None:
    cells = ["print('x' * 10**6)"] * 12 + ["print('a word')", "1 / 0"]
    ran = run(*cells, limits={"output_bytes": 2 * MiB, "notebook_output_bytes": 4 * MiB})
    assert sum(len(str(cell.outputs)) for cell in ran.cells) < 4.3 * MiB
    texts = [str(cell.outputs) for cell in ran.cells]
    assert all("bytes for the whole notebook" not in text for text in texts[:4])
    assert all(text.count("4194304 bytes for the whole notebook") == 1 for text in texts[5:12])
    assert "a word" in texts[12]  # what still fits is kept
    assert "ZeroDivisionError" in texts[13]


FLOOD = """
kernel = get_ipython().kernel
for _ in range(3000):
    content = {"ename": "Error", "evalue": "x" * 10**4, "traceback": ["x"]}
    kernel.session.send(kernel.iopub_socket, "error", content, parent=kernel.get_parent())
"""


def test_a_flood_of_errors_is_bounded_as_other_output_is(run: Any) -> None:
    ran = run(FLOOD, "print('on')", limits={"output_bytes": MiB})
    assert sum(len(str(output)) for output in ran.cells[0].outputs) < 1.2 * MiB
    assert ran.text(1) == "on\n"


FORGED = """
kernel = get_ipython().kernel
own = kernel.get_parent()
other = {**own, "header": {**own["header"], "msg_id": "made up"}}
for _ in range(40):
    for parent in (own, other):
        content = {"name": "stdout", "text": "x" * 10**5}
        kernel.session.send(kernel.iopub_socket, "stream", content, parent=parent)
"""


def test_naming_other_requests_does_not_reset_the_count(run: Any) -> None:
    ran = run(FORGED, "print('on')", limits={"output_bytes": MiB})
    assert 0.5 * MiB < sum(len(str(output)) for output in ran.cells[0].outputs) < 1.2 * MiB
    assert ran.text(1) == "on\n"


def test_what_is_no_message_is_dropped(run: Any) -> None:
    ran = run(
        "socket = get_ipython().kernel.iopub_socket\n"
        "socket.send_multipart([b'noise'])\n"
        "socket.send_multipart([b'<IDS|MSG>', b'', b'{', b'[]', b'1', b'null'])",
        "print('on')",
    )
    assert not ran.died and ran.text(1) == "on\n"


SWALLOW = """
import time
until = time.monotonic() + 60
while time.monotonic() < until:
    try:
        while time.monotonic() < until:
            {}
    except BaseException:
        pass
"""


@pytest.mark.parametrize("work", ["time.sleep(0.1)", "pass"], ids=["sleeping", "busy"])
def test_a_swallowed_interrupt_is_ended_by_the_cell_limit(run: Any, work: str) -> None:
    ran = run(
        SWALLOW.format(work),
        limits={"cell_seconds": 2},
        client={"timeout": 1, "interrupt_on_timeout": True},
    )
    assert ran.died and "cell limit of 2 s" in ran.ended


def test_an_interrupt_ends_an_honest_long_cell_and_spares_the_kernel(run: Any) -> None:
    ran = run("import time; time.sleep(30)", "print('on')", client={"timeout": 1, "interrupt_on_timeout": True})
    assert not ran.died and ran.error(0) == "KeyboardInterrupt" and ran.text(1) == "on\n"


def test_the_notebook_limit_counts_all_cells(run: Any) -> None:
    ran = run(*["import time; time.sleep(0.6)"] * 5, limits={"notebook_seconds": 2, "cell_seconds": 30})
    assert ran.died and "notebook limit of 2 s" in ran.ended


def test_the_cpu_limit_counts_all_threads(run: Any) -> None:
    ran = run("while True: pass", limits={"cpu_seconds": 1})
    assert ran.died and "CPU limit of 1 s" in ran.ended


def test_leaving_by_os_exit_costs_only_its_own_kernel(run: Any) -> None:
    ran = run("x = 1", "import os; os._exit(0)", "print('unreachable')")
    assert ran.died and ran.ended == "ended itself with status 0"
    assert run("print('next')").text() == "next\n"


def test_threads_are_bounded(run: Any) -> None:
    ran = run(
        """
import threading
go, started = threading.Event(), 0
try:
    for _ in range(500):
        threading.Thread(target=go.wait, daemon=True).start()
        started += 1
except RuntimeError:
    print("HELD", started)
go.set()
"""
    )
    assert held(ran) and int(ran.text().split()[1]) < 64


FORKS = """
import ctypes, os, time
def name(): ctypes.CDLL(None).prctl(15, b"{marker}", 0, 0, 0)
count = 0
try:
    while count < 300:
        if os.fork() == 0:
            os.setsid(); name(); time.sleep(120); os._exit(0)
        count += 1
except OSError:
    print("HELD", count)
time.sleep(0.3)
"""


def named(marker: str) -> list[str]:
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if (directory / "comm").read_text().strip() == marker:
                found.append(directory.name)
        except OSError:
            pass
    return found


@pytest.mark.parametrize("left_out", [[], ["processes"]], ids=["namespace", "subreaper"])
def test_what_a_kernel_leaves_running_ends_with_it(run: Any, left_out: list[str]) -> None:
    marker = f"left-{os.getpid()}"
    ran = run(
        FORKS.format(marker=marker),
        limits={"processes": 20, "threads": 40},
        layers_left_out=left_out,
        minimum="confined",
    )
    assert held(ran) and 5 < int(ran.text().split()[1]) <= 60
    until = time.monotonic() + 5
    while named(marker) and time.monotonic() < until:
        time.sleep(0.05)
    assert named(marker) == []
