"""IPython's shell on its pipes: the same outputs as a Jupyter kernel's, and nothing that it says is trusted."""

# ruff: noqa: E501  # cells as a student writes them, each on a line

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest
from traitlets.config import Config

from autograder.jail.application import _at_most_once
from autograder.jail.execute import JailedExecute
from autograder.jail.provisioner import JailedProvisioner
from autograder.jail.shell import ready
from autograder.jail.shell.outside import Gone, Shell

NUMPY = {"profile": "numpy", "minimum": "full"}
MARK = "print('on', 6 * 7)"


def settings(**more: Any) -> JailedProvisioner:
    return JailedProvisioner(config=Config({"JailedProvisioner": {**NUMPY, **more}}))


#: How long (s) a cell that will answer its interrupt has for it: a busy machine takes its time.
PATIENCE = 60


def executed(
    *cells: str, stock: bool = False, seconds: float = 60, answers: float = 2, **more: Any
) -> tuple[JailedExecute, list[Any]]:
    """Run cells as grading does: with an interrupt after the time of a cell, which has `answers` seconds to end then."""
    config = Config({"JailedProvisioner": {**NUMPY, **more}})
    executor = JailedExecute(config=config, stock_kernel=stock, timeout=seconds, iopub_timeout=answers)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    executor.preprocess(notebook, {})
    return executor, notebook.cells


# ----------------------------------------------------------------------------------- as a Jupyter kernel does it

CELLS = {
    "a value": "x = 1\nx + 1",
    "prints": "import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c', end='')",
    "an error": "def f():\n    return 1 / 0\n\nprint('before')\nf()",
    "a syntax error": "x = (1,\ny = 2",
    "a chained error": "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('b') from error",
    "system exit": "raise SystemExit(3)",
    "an interrupt of its own": "raise KeyboardInterrupt",
    "a surrogate in an error": "raise ValueError('\\udc80')",
    "a picture": "import matplotlib.pyplot as plt\nplt.figure(figsize=(1, 1))\nplt.plot([1, 2]);",
    "a display that changes": "h = display(1, display_id='d')\nh.update(2)\nh.display('again')",
    "output cleared": "from IPython.display import clear_output\nprint(1)\nclear_output()\nprint(2)",
    "output cleared later": "from IPython.display import clear_output\nprint(1)\nclear_output(wait=True)\nprint(2)",
    "html": "from IPython.display import HTML\nHTML('<b>x</b>')",
    "a repr that raises": "class A:\n    def __repr__(self):\n        raise ValueError('no repr')\n\nA()",
    "await": "import asyncio\nawait asyncio.sleep(0.01)\nprint('waited')\n5",
    "an error after await": "import asyncio\nawait asyncio.sleep(0)\n1 / 0",
    "a task that goes on": "import asyncio\nt = asyncio.get_running_loop().create_task(asyncio.sleep(0, 7))\nawait t",
    "line magic": "%pwd",
    "cell magic": "%%capture out\nprint(5)",
    "what was captured": "out.stdout",
    "an unknown magic": "%nosuch",
    "who": "%who",
    "history": "_, _i, In[1], len(In)",
    "help": "len?",
    "automagic": "pwd",
    "names": "__name__, get_ipython().__class__.__name__, 'IPKernelApp' in get_ipython().config, __builtins__ is not None",
    "places": "import os, sys\nos.getcwd(), _dh, sys.argv, sys.path[0], sorted(os.environ)",
    "profile": "import os\nsorted(os.listdir(get_ipython().profile_dir.location)), get_ipython().ipython_dir",
    "input": "input('name?')",
    "a thread that prints": "import threading\nt = threading.Thread(target=print, args=('t',))\nt.start()\nt.join()",
    "a warning": "import warnings\nwarnings.warn('careful')",
    "logging": "import logging\nlogging.getLogger('x').warning('logged')",
    "many prints": "for i in range(3000): print(i)",
    "one long print": "print('y' * 3_000_000)",
    "two displays": "display(1, 2)\n3",
    "last line is shown no more": "4;",
    "a widget's state": "import comm\nc = comm.create_comm(target_name='t', data={'state': {}})\nc.send({'a': 1})\nprint('sent')",
    "modules": "import sys\n[name for name in sys.modules if name.startswith('autograder')], 'torch' in sys.modules",
    "reset": "%reset -f\n'x' in globals()",
}


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, Any], dict[str, Any]]:
    """What each cell gives by either way, in one notebook."""
    by_shell, by_kernel = (executed(*CELLS.values(), stock=stock)[1] for stock in (False, True))
    return dict(zip(CELLS, by_shell, strict=True)), dict(zip(CELLS, by_kernel, strict=True))


@pytest.mark.parametrize("name", CELLS)
def test_a_cell_gives_what_it_gives_in_a_jupyter_kernel(name: str, both: tuple[dict[str, Any], dict[str, Any]]) -> None:
    shell, kernel = (_plain(way[name]) for way in both)
    assert shell == kernel


def _plain(cell: Any) -> tuple[object, list[object]]:
    """Outputs with neighbouring streams as one (when they are sent depends on the moment) and without addresses."""
    found: list[dict[str, Any]] = []
    for output in cell.outputs:
        if found and output.output_type == "stream" and found[-1].get("name") == output.name:
            found[-1]["text"] += output.text
        else:
            found.append(dict(output))
    return cell.execution_count, [re.sub(r"0x[0-9a-f]{6,}|ipykernel_\d+", "…", repr(output)) for output in found]


def test_the_notebook_says_the_same_of_its_language() -> None:
    notes = []
    for stock in (False, True):
        executor, _ = executed("1", stock=stock)
        notes.append(executor.nb.metadata["language_info"])
    assert notes[0] == notes[1] and notes[0]["name"] == "python"


def test_half_an_emoji_and_no_number_are_kept_as_far_as_they_can() -> None:
    """A kernel's stream loses the print, and a warning names its file."""
    nan = "from IPython.display import display\ndisplay({'application/json': {'a': float('nan')}}, raw=True)"
    _, cells = executed("print('x\\ud83dy')", nan, MARK)
    assert cells[0].outputs[0].text == "x\ufffdy\n" and cells[2].outputs[0].text == "on 42\n"
    assert cells[1].outputs[0].data == {"application/json": {"a": "nan"}} and len(cells[1].outputs) == 1


# ----------------------------------------------------------------------------------- what it says is not trusted

PIPES = """
import json, os, struct, threading
pipe = get_ipython().kernel.iopub_thread._answers
parent = get_ipython().parent_header["header"]["msg_id"]
def frame(message, behind=b"", length=None, rest=None):
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack("!II", len(text) if length is None else length, len(behind) if rest is None else rest) + text + behind
def say(kind, content, parent=parent, sizes=(), **more):
    return frame({"msg_type": kind, "parent": parent, "content": content, "metadata": {}, "sizes": list(sizes)}, **more)
def forge(*frames):
    done = threading.Event()
    get_ipython().kernel.iopub_thread.schedule(lambda: (write(*frames), done.set()))  # between whole messages
    done.wait()
def write(*frames):
    for one in frames:
        while one:
            one = one[os.write(pipe, one):]
"""
FORGED = {
    "no JSON": "forge(frame(b'{{{{'))",
    "no object": "forge(frame([1, 2]), frame(None), frame('x'), frame(7))",
    "nested for ever": "forge(frame(b'[' * 100000))",
    "bytes that are no text": "forge(frame(bytes(range(256))))",
    "content that is none": "forge(say('stream', None), say('stream', []), say('error', 'x'), say('status', 3))",
    "a parent that is none": "forge(say('stream', {'name': 'stdout', 'text': 'x'}, parent=[1]))",
    "a kind that is none": "forge(say(None, {}), say({'a': 1}, {}), say([], {}))",
    "sizes that are none": "forge(say('comm_open', {'comm_id': 'c', 'data': {}}, sizes=[-1]), say('stream', {}, sizes=['a', 10**9]))",
    "an output of another cell": "forge(say('stream', {'name': 'stdout', 'text': 'FORGED'}, parent='0' * 32))",
    "an output without a parent": "forge(say('stream', {'name': 'stdout', 'text': 'FORGED'}, parent=None))",
    "an unknown kind": "forge(say('shutdown_reply', {}), say('input_request', {'prompt': 'x', 'password': True}))",
    "ready once more": "forge(say('status', {'execution_state': 'starting'}, parent=None))",
    "an odd reply": "forge(say('execute_reply', {'status': 'error', 'ename': {}, 'evalue': [1], 'traceback': {'a': 1}}))",
    "a reply of megabytes": "forge(say('execute_reply', {'status': 'error', 'ename': 'E', 'evalue': 'x' * 10**6, 'traceback': ['y' * 10**6] * 3}))",
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_no_message_costs_nothing(name: str) -> None:
    executor, cells = executed(PIPES, FORGED[name], MARK)
    assert cells[2].outputs[0].text == "on 42\n" and len(cells[2].outputs) == 1
    assert "FORGED" not in str([cell.outputs for cell in cells]) and len(str(cells[1].outputs)) < 300_000
    assert executor.ending() == ""
    nbformat.validate(executor.nb)


def test_a_cell_that_says_it_is_done_loses_its_own_outputs_alone() -> None:
    done = "forge(say('execute_reply', {'status': 'ok'}), say('status', {'execution_state': 'idle'}))\nprint('late')"
    _, cells = executed(PIPES, done, MARK)
    assert cells[2].outputs[0].text == "on 42\n" and "late" not in str(cells[2].outputs)


def test_a_message_that_says_it_is_huge_is_passed_over_without_being_kept() -> None:
    claim = "forge(frame(b'', length=2**32 - 1, rest=2**32 - 1))"
    with pytest.raises(Exception, match=r"died|timed out|Timeout"):  # what comes after is in its belly: its own loss
        executed(PIPES, claim, "while True: print('x' * 10**6)", limits={"cell_seconds": 4}, seconds=5)


def test_whoever_says_something_all_the_time_has_no_more_of_it() -> None:
    flood = "import os\nwhile True:\n    try:\n        forge(say('status', {'execution_state': 'busy'}) * 50)\n    except BaseException: pass"
    begun = time.monotonic()
    with pytest.raises(Exception, match=r"died|timed out|Timeout"):
        executed(PIPES, flood, seconds=5)
    assert time.monotonic() - begun < 60


def test_a_shell_that_closes_its_pipe_is_gone_at_once_and_says_why() -> None:
    begun = time.monotonic()
    executor = JailedExecute(config=Config({"JailedProvisioner": NUMPY}), stock_kernel=False, timeout=30)
    cells = [PIPES, "os.close(pipe)\nprint('x', flush=True)", MARK]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    with pytest.raises(Exception, match="died"):
        executor.preprocess(notebook, {})
    assert time.monotonic() - begun < 25


def test_an_alarm_or_interrupt_in_the_midst_of_output_breaks_no_message() -> None:
    alarm = """
import signal, time
class Rings(Exception): pass
def ring(*_): raise Rings
signal.signal(signal.SIGALRM, ring)
rings = 0
for number in range(60):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.0001 * (number + 1))
        print('z' * 50000, flush=True)
        while True: print('z', flush=True)
    except Rings: rings += 1
    finally: signal.setitimer(signal.ITIMER_REAL, 0)
"""
    _, cells = executed(alarm, "rings", MARK, limits={"output_bytes": 2**23})
    assert cells[1].outputs[0]["data"]["text/plain"] == "60", str(cells[0].outputs)[-3000:]
    assert cells[2].outputs[0].text == "on 42\n"
    flood = "print('w' * 10**6)\nwhile True: print('w' * 1000)"
    _, cells = executed(flood, MARK, limits={"output_bytes": 2**20}, seconds=5, answers=PATIENCE)
    assert any(output.output_type == "error" for output in cells[0].outputs)
    assert cells[1].outputs[0].text == "on 42\n"


@pytest.mark.parametrize("does", ["time.sleep(60)", "time.sleep(4)\n    while True: pass"], ids=["sleeps", "is busy"])
def test_a_cell_that_hangs_silently_is_interrupted_and_what_it_printed_is_there(does: str) -> None:
    """What is busy is so for its last second only: more would only keep a core from others."""
    hang = f"import time\nprint('before')\ntry:\n    {does}\nexcept KeyboardInterrupt: print('interrupted')"
    _, cells = executed(hang, MARK, seconds=5, answers=PATIENCE)
    *printed, error = cells[0].outputs
    assert "".join(output.text for output in printed) == "before\ninterrupted\n"
    assert error.ename == "CellTimeoutError"
    assert cells[1].outputs[0].text == "on 42\n"


# ----------------------------------------------------------------------------------- kept ready, and started again


def wardens(zygote: int) -> set[int]:
    return {int(child) for child in Path(f"/proc/{zygote}/task/{zygote}/children").read_text().split()}


def at_rest(only: set[int]) -> set[str]:
    """What the one warden has open when it waits for an order: it lets go of the last one after it has told its end."""
    (pid,) = only
    opened, before, until = set[str](), set("?"), time.monotonic() + 20
    while opened != before or Path(f"/proc/{pid}/task/{pid}/children").read_text():
        assert time.monotonic() < until
        time.sleep(0.1)
        before, opened = opened, {os.readlink(end) for end in Path(f"/proc/{pid}/fd").iterdir()}
    return opened


@pytest.fixture
def zygote() -> Iterator[int]:
    """A zygote of this test's own, so that only its wardens are counted."""
    own = settings(preload=["json.tool"])
    process = own.zygote(shell=True)
    assert process.alive()
    yield process.pid


def once(code: str = "1", end: bool = True) -> tuple[Shell, list[Any]]:
    shell = Shell(settings(preload=["json.tool"]))
    shell.ready()
    request = shell.execute(code, store_history=True)
    said = []
    for message in shell.messages(request, time.monotonic() + 20):
        said.append(message["content"])
        if message["content"].get("execution_state") == "idle":
            break
    if end:
        shell.end(wait=True)
    return shell, said


def test_one_warden_has_shell_after_shell_and_each_is_alone(zygote: int) -> None:
    once()
    before = wardens(zygote)
    look = "import os\nopen('left', 'w').write('x')\nx = os.getpid(), sorted(os.listdir('.')), os.getuid()\nx"
    opened, users = set[str](), set[str]()
    for _ in range(6):
        shell, said = once(look)
        users |= set(re.findall(r"20\d{8}", str(said)))
        assert shell.jail_report is not None and shell.jail_report.level == "full"
        assert "(1, ['.ipython', 'left']" in str(said)
        assert wardens(zygote) == before
        opened = opened or at_rest(before)
    assert len(users) == 6 or os.getuid() != 0  # no user id comes again soon
    assert at_rest(before) == opened


def test_what_a_shell_leaves_running_is_gone_before_its_warden_has_another(zygote: int) -> None:
    shell, _ = once("import threading, time\nthreading.Thread(target=time.sleep, args=(300,)).start()")
    assert shell.kernel.exit_code is not None
    shell, said = once("import os, threading; os.getpid(), threading.active_count() < 9")
    assert "(1, True)" in str(said) and shell.jail_report is not None and shell.jail_report.level == "full"


def test_a_shell_that_ended_itself_takes_nothing_of_the_next(zygote: int) -> None:
    shell = Shell(settings(preload=["json.tool"]))
    shell.ready()
    with pytest.raises(Gone):
        list(shell.messages(shell.execute("import os; os._exit(3)", store_history=True), time.monotonic() + 20))
    assert "status 3" in shell.lost()
    shell.end(wait=True)
    shell, said = once("6 * 7")
    assert "42" in str(said) and shell.ending() == ""


def test_a_warden_that_has_the_next_leaves_out_what_it_is_told_to(zygote: int) -> None:
    once()
    shell = Shell(settings(preload=["json.tool"], layers_left_out=["processes"], minimum="confined"))
    shell.ready()
    assert shell.jail_report is not None and shell.jail_report.level == "confined"
    shell.end(wait=True)


def test_a_free_warden_that_was_killed_holds_nobody_up(zygote: int) -> None:
    once()
    for warden in wardens(zygote):
        os.kill(warden, signal.SIGKILL)
    begun = time.monotonic()
    while wardens(zygote):
        assert time.monotonic() - begun < 20
        time.sleep(0.01)
    once()
    assert time.monotonic() - begun < 20


def test_shells_are_kept_ready_and_none_is_left(zygote: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    taken = []
    with ready.keep(2):
        for _ in range(5):
            shell = ready.take(settings(preload=["json.tool"]))
            taken.append(shell)
            assert shell.jail_report is not None and shell.jail_report.level == "full"
            ready.leave(shell)
        assert sum(map(len, ready._waiting.values())) == 2
    assert all(shell.kernel.poll() is not None for shell in taken)
    assert list(tmp_path.iterdir()) == [] and not ready._waiting


def test_a_shell_that_waited_has_all_of_its_time() -> None:
    shell = Shell(settings(limits={"notebook_seconds": 3}))
    shell.ready()
    time.sleep(2)
    begun = time.monotonic()
    shell.begin()
    assert shell.kernel.wait_for(20) and "notebook limit of 3 s" in shell.ending()
    assert time.monotonic() - begun >= 3
    shell.end(wait=True)


def test_a_cell_is_transformed_once_for_the_kernel_and_for_the_shell() -> None:
    asked: list[str] = []
    transform_cell = _at_most_once(lambda shell, cell: asked.append(cell) or cell.upper())
    shell = SimpleNamespace(execution_count=1)
    assert [transform_cell(shell, "a") for _ in range(2)] == ["A", "A"] and asked == ["a"]
    assert transform_cell(shell, "a") == "A" and asked == ["a", "a"]  # run again, what a magic does may have changed
    shell.execution_count = 2
    assert [transform_cell(shell, cell) for cell in "aba"] == ["A", "B", "A"] and asked == ["a", "a", "a", "b", "a"]
