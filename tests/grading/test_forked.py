"""Commands that tests run in forked processes do and say what they do when they are started."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from jupyter_client.manager import KernelManager

from tests import commands, kernels
from tests.grading.a1 import begin_of, left_of
from tests.grading.conftest import ROOT, environment
from tests.released import Release

SLEEPS = "import time; time.sleep(600)"


@pytest.mark.parametrize(
    "words",
    [
        ["nbgrader", "--version"],
        ["nbgrader", "export", "--exporter=nowhere.Csv"],
        ["autograder", "grade"],
        ["autograder", "grade", "part_aa"],
        ["autograder", "history"],
    ],
    ids=" ".join,
)
def test_code_and_words_are_those_of_a_command_that_is_started(
    words: list[str], tmp_path: Path, release: Release
) -> None:
    course = release(tmp_path / "course", "part_b")
    command = [sys.executable, "-m", *words]
    forked = commands.run(command, cwd=ROOT, env=environment(course))
    usual = subprocess.run(command, cwd=ROOT, env=environment(course), capture_output=True, text=True, check=False)
    assert (forked.returncode, forked.stdout) == (usual.returncode, usual.stdout)
    said, meant = (re.sub("0x[0-9a-f]+", "", done.stderr).splitlines()[-3:] for done in (forked, usual))
    assert said == meant


@pytest.mark.parametrize("hidden", [(), ("sympy",)], ids=["nothing hidden", "SymPy hidden"])
def test_a_zygote_of_a_command_is_forked_unless_what_is_there_must_be_out_of_reach(hidden: tuple[str, ...]) -> None:
    program = """if True:
        from pathlib import Path
        from autograder.jail import nursery
        nursery.begin(("statistics",))
        process = nursery._ahead[0].process
        zygote = nursery.zygote(("colorsys",), (), HIDDEN)
        command = Path(f"/proc/{zygote.pid}/cmdline").read_text()
        print(process.poll(), zygote.pid == process.pid, "colorsys" in zygote.seconds, "forked.py" in command)
        zygote.close()
        print(process.wait(), Path(f"/proc/{process.pid}").exists())
    """
    command = [sys.executable, "-c", program.replace("HIDDEN", repr(hidden))]
    done = commands.run(command, cwd=ROOT, env=dict(os.environ))
    assert done.stdout == f"None True True {not hidden}\n0 False\n", done


def test_none_of_our_own_code_is_there_beforehand_and_all_can_be_set(tmp_path: Path) -> None:
    """A course's folder, its code and its environment are read when a command begins, as they are then."""
    (tmp_path / "autograder").mkdir()
    (tmp_path / "autograder" / "__main__.py").write_text(
        "import os, sys\nprint(sys.argv[1:], os.getcwd(), os.environ['X'], 'HOME' in os.environ)\n"
        "print('nbgrader.apps' in sys.modules)\nsys.exit('ended' if 'wrong' in sys.argv else 0)\n"
    )
    pythons = {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}
    for word, code in (("right", 0), ("wrong", 1)):
        command = [sys.executable, "-m", "autograder", word]
        done = commands.run(command, cwd=tmp_path, env={**pythons, "PATH": "/usr/bin", "X": "set"})
        assert done.returncode == code and done.stdout == f"{[word]} {tmp_path} set False\nTrue\n", done
        assert done.stderr.strip() == ("ended" if code else "")


def test_a_command_ends_with_its_threads_and_what_it_left_to_its_end() -> None:
    program = """if True:
        import atexit, sys, threading, time
        atexit.register(print, "and this at the end")
        threading.Thread(target=lambda: (time.sleep(0.2), print("its thread"))).start()
        sys.stdout.write("unfinished line, ")
        CODE
    """
    for end, code in (("pass", 0), ("sys.exit(7)", 7), ("sys.exit(300)", 44), ("sys.exit('words')", 1), ("1 / 0", 1)):
        command = [sys.executable, "-c", program.replace("CODE", end)]
        forked = commands.run(command, cwd=ROOT, env=dict(os.environ))
        usual = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (forked.returncode, forked.stdout) == (usual.returncode, usual.stdout)
        assert forked.stdout == "unfinished line, its thread\nand this at the end\n" and forked.returncode == code
        assert forked.stderr.splitlines()[-1:] == usual.stderr.splitlines()[-1:]


def test_a_command_ends_with_the_block_that_a_test_left_by_a_failure() -> None:
    with pytest.raises(RuntimeError), commands.start([sys.executable, "-c", SLEEPS], cwd=ROOT, env=os.environ) as run:
        assert run.goes_on() and Path(f"/proc/{run.pid}").exists()
        raise RuntimeError
    assert not Path(f"/proc/{run.pid}").exists() and run.wait().returncode == -signal.SIGKILL


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="elsewhere kernels start as usual")
@pytest.mark.filterwarnings("ignore")  # the kernel's own libraries warn
def test_a_kernel_is_forked_hears_an_interrupt_and_ends_with_what_jupyter_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels.describe(tmp_path, "forked", sys.executable, commands.server([sys.executable], kernels.MODULES, os.environ))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    with TemporaryDirectory() as sockets:
        manager = KernelManager(kernel_name="forked", transport="ipc", ip=f"{sockets}/kernel")
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready()
            said: list[str] = []
            hear = lambda message: said.append(message["content"].get("text", ""))  # noqa: E731
            code = "import os; print(os.getpid(), 'forked.py' in open('/proc/self/cmdline').read())"
            client.execute_interactive(code, output_hook=hear)
            pid, forked = "".join(said).split()
            began = begin_of(int(pid))
            assert began is not None and forked == "True" and int(pid) != manager.provisioner.pid
            asked = client.execute(SLEEPS)
            while client.get_iopub_msg()["header"]["msg_type"] != "execute_input":
                pass
            manager.interrupt_kernel()
            answer = client.get_shell_msg()
            while answer["parent_header"].get("msg_id") != asked:
                answer = client.get_shell_msg()
            assert answer["content"]["ename"] == "KeyboardInterrupt"
            manager.provisioner.process.kill()
            assert left_of([(int(pid), began)]) == []
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
