"""Many kernels, the zygote's own life and death, and what happens when the grader dies."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograder.jail import KernelNotStarted, ZygoteFailed, nursery
from autograder.jail.provisioner import JailedKernelManager, JailedProvisioner

ROOT = Path(__file__).parents[2]


def eventually(true: Callable[[], bool], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while not true() and time.monotonic() < until:
        time.sleep(0.02)
    return true()


async def one(code: str, **jail: Any) -> str:
    """Start a kernel, run one cell, end it; what the cell printed."""
    manager = JailedKernelManager(jail={"profile": "numpy", **jail})
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=30)
        said: list[str] = []
        await client.execute_interactive(
            code, timeout=30, output_hook=lambda message: said.append(message["content"].get("text", ""))
        )
        return "".join(said)
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


def test_kernels_one_after_the_other() -> None:
    async def all_of_them() -> list[str]:
        return [await one(f"import numpy; print(numpy.arange({n}).sum())") for n in range(9)]

    assert asyncio.run(all_of_them()) == [f"{n * (n - 1) // 2}\n" for n in range(9)]


def test_kernels_three_at_a_time() -> None:
    async def all_of_them() -> list[str]:
        three = asyncio.Semaphore(3)

        async def bounded(n: int) -> str:
            async with three:
                return await one(f"import torch; print(int(torch.ones({n}).sum()))", profile="torch")

        return await asyncio.gather(*map(bounded, range(15)))

    assert asyncio.run(all_of_them()) == [f"{n}\n" for n in range(15)]


def test_an_idle_kernel_is_not_taken_for_a_long_cell() -> None:
    async def two_cells() -> list[str]:
        manager = JailedKernelManager(jail={"profile": "numpy", "limits": {"cell_seconds": 0.5}})
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=30)
        states = []
        for _ in range(2):
            reply = await client.execute_interactive("1", timeout=30)
            states.append(reply["content"]["status"])
            await asyncio.sleep(1)
        client.stop_channels()
        await manager.shutdown_kernel(now=True)
        return [*states, manager.ending()]

    assert asyncio.run(two_cells()) == ["ok", "ok", ""]


def test_nothing_is_left_behind_on_disk_or_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    asyncio.run(one("1"))  # warm
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        asyncio.run(one("1"))
    assert list(tmp_path.iterdir()) == []
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_the_socket_directory_is_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async def modes() -> list[str]:
        manager = JailedKernelManager(jail={"profile": "numpy"})
        await manager.start_kernel()
        try:
            assert manager.transport == "ipc" and manager.connection_file == ""
            return [oct(directory.stat().st_mode & 0o777) for directory in tmp_path.iterdir()]
        finally:
            await manager.shutdown_kernel(now=True)

    assert set(asyncio.run(modes())) == {"0o700"}


def test_each_kernel_draws_its_own_random_numbers() -> None:
    draw = "import random, numpy, torch; print(random.random(), numpy.random.rand(), torch.rand(1).item())"

    async def twice() -> list[str]:
        return [await one(draw, profile="torch") for _ in range(2)]

    first, second = (said.split() for said in asyncio.run(twice()))
    assert all(a != b for a, b in zip(first, second, strict=True)) and len(first) == 3


def test_a_dead_zygote_ends_its_kernels_and_is_replaced(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> tuple[str, str]:
        manager = JailedKernelManager(jail={"profile": "numpy"})
        await manager.start_kernel()
        zygote = manager.provisioner.zygote()
        os.kill(zygote.pid, signal.SIGKILL)
        await asyncio.wait_for(manager.provisioner.wait(), 20)
        await manager.cleanup_resources()
        assert eventually(lambda: not zygote.alive())
        with caplog.at_level(logging.WARNING):
            return manager.ending(), await one("print('after')")

    ended, said = asyncio.run(scene())
    assert "zygote or warden died" in ended and said == "after\n"
    assert [r.message for r in caplog.records if "starting another" in r.message and "-9" in r.message]


GRADER = """
import asyncio, sys
from autograder.jail import nursery
from autograder.jail.provisioner import JailedKernelManager
async def main():
    small = {"profile": "small", "profiles": {"small": {}}}
    manager = JailedKernelManager(jail={**small, "layers_left_out": LEFT_OUT, "minimum": "confined"})
    await manager.start_kernel()
    client = manager.client(); client.start_channels(); await client.wait_for_ready(timeout=30)
    client.execute("import ctypes, time; ctypes.CDLL(None).prctl(15, b'MARKER', 0, 0, 0); time.sleep(300)")
    await asyncio.sleep(1)
    print(*(zygote.pid for zygote in nursery._zygotes.values()), flush=True)
    await asyncio.sleep(300)
asyncio.run(main())
"""


def _named(marker: str) -> list[int]:
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if (directory / "comm").read_text().strip() == marker:
                found.append(int(directory.name))
        except OSError:
            pass
    return found


@pytest.mark.parametrize("left_out", [[], ["processes"]], ids=["namespace", "no namespace"])
def test_killing_the_grader_ends_zygote_and_kernels(left_out: list[str], tmp_path: Path) -> None:
    marker = f"end{os.getpid()}"
    script = GRADER.replace("LEFT_OUT", repr(left_out)).replace("MARKER", marker)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment) as grader:
        assert grader.stdout is not None
        zygote = int(grader.stdout.readline())
        try:
            assert eventually(lambda: bool(_named(marker)))
        finally:
            grader.kill()
    assert eventually(lambda: not _named(marker))
    assert eventually(lambda: not Path(f"/proc/{zygote}").exists() or _is_zombie(zygote))
    assert list(tmp_path.iterdir()) == []  # and the wardens have cleaned up


def _children(pid: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


@pytest.mark.parametrize("left_out", [[], ["processes"]], ids=["namespace", "no namespace"])
@pytest.mark.parametrize("end", ["close the handle", "kill the warden"])
def test_a_kernel_ends_with_its_handle_and_with_its_warden(end: str, left_out: list[str]) -> None:
    marker = f"way{os.getpid()}"
    name = f"import ctypes, time; ctypes.CDLL(None).prctl(15, b'{marker}', 0, 0, 0); time.sleep(300)"

    async def scene() -> None:
        settings = {"profile": "numpy", "layers_left_out": left_out, "minimum": "confined"}
        manager = JailedKernelManager(jail=settings)
        zygote = JailedProvisioner(parent=manager, **settings).zygote()
        before = _children(zygote.pid)
        await manager.start_kernel()
        (warden,) = _children(zygote.pid) - before
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=30)
        client.execute(name)
        assert eventually(lambda: bool(_named(marker)))
        if end == "close the handle":
            manager.provisioner.kernel.close()
        else:
            os.kill(warden, signal.SIGKILL)
        assert eventually(lambda: not _named(marker) and warden not in _children(zygote.pid))
        assert zygote.alive()
        client.stop_channels()
        await manager.shutdown_kernel(now=True)

    asyncio.run(scene())


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_grader_that_leaves_in_order_leaves_nothing() -> None:
    script = (
        "import asyncio\nfrom autograder.jail import nursery, JailedKernelManager\n"
        "async def main():\n"
        "    manager = JailedKernelManager(jail={'profile': 'small', 'profiles': {'small': {}}})\n"
        "    await manager.start_kernel()\n"
        "    print(*(zygote.pid for zygote in nursery._zygotes.values()))\n"
        "    await manager.shutdown_kernel(now=True)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and done.stderr == ""
    assert not Path(f"/proc/{int(done.stdout)}").exists()


def test_a_forked_copy_of_the_grader_starts_its_own_zygote() -> None:
    asyncio.run(one("1"))
    order = nursery.Order({}, [])  # a kernel's handle, open
    mine = {zygote.pid for zygote in nursery._zygotes.values()}
    assert mine
    child = os.fork()
    if child == 0:
        os._exit(len(nursery._zygotes) + any(kernel._handle.fileno() >= 0 for kernel in nursery._kernels))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert asyncio.run(one("print('still')")) == "still\n"
    assert {zygote.pid for zygote in nursery._zygotes.values()} == mine
    order.handed_over().close()


def test_a_zygote_that_needs_more_is_forked_from_one_and_ends_with_it() -> None:
    base = nursery.Zygote(("json",), (), ("sqlite3", "_sqlite3"))
    more = nursery.Zygote(("json", "sqlite3"), base=base)
    assert more.pid in _children(base.pid) and "sqlite3" in more.seconds
    os.kill(base.pid, signal.SIGKILL)
    assert eventually(lambda: not more.alive() and not base.alive())
    for zygote in (more, base):
        zygote.close()


def test_a_zygote_is_forked_from_none_that_may_have_what_it_hides() -> None:
    few, more = ("json",), ("json", "wave")
    assert nursery._serves((few, (), ("torch",), True), (more, (), (), True))
    assert not nursery._serves((few, (), (), True), (more, (), ("torch",), True))
    assert not nursery._serves((more, (), ("torch",), True), (few, (), (), True))
    assert not nursery._serves((few, (), ("torch",), False), (more, (), (), True))


def test_a_zygote_that_began_early_is_the_first_that_is_asked_for() -> None:
    done = _alone("""
        nursery.begin(("json", "sqlite3", "no_such_package"))
        early = nursery._ahead[0].process.pid
        first = nursery.zygote(("json", "wave"))
        print(first.pid == early, "wave" in first.seconds, nursery._ahead)
        print(nursery.zygote(("wave",)).pid == early)
    """)
    assert done.stdout.split("\n")[:2] == ["True True []", "False"] and done.returncode == 0, done.stderr


def test_what_began_early_has_nothing_that_turns_out_to_be_hidden() -> None:
    """It begins anew then: what was loaded once could be found in a kernel."""
    done = _alone(
        """
        nursery.begin(("json", "sqlite3"))
        early = nursery._ahead[0].process.pid
        zygote = nursery.zygote(("json", "needs_it"), (FOLDER,), ("sqlite3", "_sqlite3"))
        print(zygote.pid == early, sorted(zygote.seconds))
    """,
        needs_it="import sys\nassert not any('sqlite' in name for name, module in sys.modules.items() if module)",
    )
    assert done.stdout == "True ['json', 'needs_it']\n", done.stderr


def test_what_began_early_and_was_not_needed_is_gone_with_the_grader() -> None:
    done = _alone("""
        nursery.begin(("json",))
        print(nursery._ahead[0].process.pid)
    """)
    assert done.returncode == 0 and not done.stderr
    assert eventually(lambda: not Path(f"/proc/{int(done.stdout)}").exists())


def _alone(script: str, **modules: str) -> subprocess.CompletedProcess[str]:
    """Run lines in a grader of their own; the folder of some modules is FOLDER there."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in modules.items():
            Path(folder, f"{name}.py").write_text(text)
        lines = f"from autograder.jail import nursery\nFOLDER = {folder!r}\n" + textwrap.dedent(script)
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", lines], env=environment, capture_output=True, text=True
        )


def test_a_preload_that_starts_a_thread_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "starts_a_thread.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    with pytest.raises(ZygoteFailed, match="2 threads running"):
        nursery.Zygote(("starts_a_thread",), (str(tmp_path),))


def test_a_preload_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "fails_to_load.py").write_text("raise RuntimeError('no such luck')")
    with pytest.raises(ZygoteFailed, match="no such luck"):
        nursery.Zygote(("fails_to_load",), (str(tmp_path),))


def test_a_package_that_is_not_installed_is_left_out_of_the_preload(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        zygote = nursery.Zygote(("json", "no_such_package.part"), ())
    assert zygote.alive() and "no_such_package.part" in caplog.text
    zygote.close()
    assert not zygote.alive()


def test_what_a_profile_hides_is_out_of_the_preload_s_reach(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "needs_it.py").write_text("import sqlite3")
    (tmp_path / "takes_it_if_there.py").write_text(
        "import sys\ntry:\n    import sqlite3\nexcept ImportError:\n    sqlite3 = None\n"
        "assert sqlite3 is None and not any('sqlite' in name for name, module in sys.modules.items() if module)\n"
    )
    with caplog.at_level(logging.INFO):
        zygote = nursery.Zygote(("needs_it", "takes_it_if_there"), (str(tmp_path),), ("sqlite3", "_sqlite3"))
    assert "without needs_it:" in caplog.text
    zygote.close()


def test_a_module_of_the_course_is_there_from_the_start(run: Any) -> None:
    code = "import sys; print('lrtutorial.verdict' in sys.modules, sys.modules.get('torch'))"
    assert run(code, packages=["lrtutorial"], preload=["lrtutorial.verdict"]).text() == "True None\n"
    assert run(code, packages=["lrtutorial"]).text() == "False None\n"


def test_sympy_is_there_from_the_start_for_the_profile_that_names_it(run: Any) -> None:
    code = "import sys; print('sympy' in sys.modules); import sympy; print(sympy.sqrt(8))"
    assert run(code, profile="sympy").text() == "True\n2*sqrt(2)\n"
    assert run(code, profile="numpy").text() == "False\n2*sqrt(2)\n"


def test_a_kernel_that_cannot_start_says_why() -> None:
    manager = JailedKernelManager(jail={"profile": "numpy", "limits": {"memory_bytes": 64 * 2**20, "threads": 16}})

    async def start() -> None:
        manager.provisioner = JailedProvisioner(parent=manager, kernel_spec=manager.kernel_spec, **manager.jail)
        manager.provisioner.profiles = {"numpy": {"readable": ["/proc"]}}  # cannot be bound in a view of its own
        await manager.start_kernel()

    try:
        asyncio.run(start())
    except KernelNotStarted as error:
        assert str(error)
    finally:
        asyncio.run(manager.shutdown_kernel(now=True))


def test_spawned_kernels_are_jailed_too(run: Any) -> None:
    """The way without a zygote, the only one on macOS: the same layers, as far as the system has them."""
    ran = run("import numpy; print(numpy.ones(3).sum())", warm=False)
    assert ran.text() == "3.0\n" and ran.report.mode == "spawned" and ran.report.level == "full"


def test_numbers_are_seeded_anew_even_when_random_was_used_before() -> None:
    random.seed(1)
    assert asyncio.run(one("import random; print(random.random())")).strip() != str(random.Random(1).random())


def test_a_zygote_leaves_no_free_places_for_what_its_kernels_make() -> None:
    code = (
        "import re, sympy, sys\nfrom autograder.jail import pages\n"
        "def free():\n"
        "    found = re.findall(r'^ *\\d+ +(\\d+) +\\d+ +\\d+ +(\\d+) *$', pages._said(sys._debugmallocstats), re.M)\n"
        "    return [int(size) * int(count) for size, count in found]\n"
        "before = free()\npages.fill_holes()\nprint(len(before), sum(before), max(free(), default=0))"
    )
    told = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    kinds, before, after = map(int, told.split())
    assert kinds and after < 2 * 16384 < before  # no more than what is left of a pool or two, which are new


def test_a_zygotes_memory_is_held_in_large_pages_where_the_system_can() -> None:
    code = (
        "import ctypes, mmap, re\nfrom pathlib import Path\nfrom autograder.jail import pages\n"
        "def large():\n"
        "    return int(re.search(r'AnonHugePages: *(\\d+)', Path('/proc/self/smaps_rollup').read_text())[1])\n"
        "size = int(pages.SIZE.read_text()) if pages.SIZE.exists() else 2 << 20\n"
        "own = mmap.mmap(-1, 3 * size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\nown.write(b'x' * len(own))\n"
        "begin = -(-ctypes.addressof(ctypes.c_char.from_buffer(own)) // size) * size\n"
        "can = ctypes.CDLL(None).madvise(ctypes.c_void_p(begin), ctypes.c_size_t(size), pages.MADV_COLLAPSE) == 0\n"
        "made = [str(i) * 9 for i in range(300_000)]\nbefore, was = large(), hash(tuple(made))\n"
        "pages.enlarge()\nprint(int(can), before, large(), int(was == hash(tuple(made)) and own[:] == b'x' * len(own)))"
    )
    told = subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True)
    can, before, after, same = map(int, told.split())
    assert same and (after > before + 10_000 if can else after >= before)
