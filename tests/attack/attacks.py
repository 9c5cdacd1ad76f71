# ruff: noqa: E501 – an act on one line is easier to read
"""Hostile submissions: code that stands in front of an answer worth nothing, and surgery on the notebook itself.

Each is what someone would hand in who knows where everything lies. ``ROOT``, ``COURSE``, ``PORT``, ``UNIX`` and ``MARK``
are replaced by the real things. Each act is bounded and ends by itself, and reaches for the loopback only.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

RAN = "the attack ran"  # printed first: an attack that never ran would prove nothing

#: An Adam that stores what it gets and moves nothing: no rubric line is worth a point.
WORTHLESS = """
class Adam:
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params = params
    def step(self, grads):
        self.last = [g * 0 for g in grads]
"""

READ = """
import glob, os
def show(pattern):
    for path in glob.glob(pattern, recursive=True)[:40]:
        try:
            print(path, open(path, errors="replace").read()[:200_000])
        except OSError as error:
            print(type(error).__name__)
"""

CODE: dict[str, str] = {
    # ---------------------------------------------------------------------------------------- files
    "reads_solutions": READ + "show('ROOT/solutions/**/*.ipynb')",
    "reads_catalogue": READ + "show('ROOT/autograder/**/*.py')",
    "reads_secret": READ + "show('COURSE/secret')",
    "reads_gradebook": "import sqlite3\nprint(sqlite3.connect('COURSE/gradebook.db').execute('select * from student').fetchall())",
    "reads_gradebook_bytes": "print(open('COURSE/gradebook.db', 'rb').read().decode('latin1'))",
    "reads_other_students": READ + "show('COURSE/submitted/*/*/*')\nshow('COURSE/autograded/*/*/*')",
    "reads_through_a_link": READ + "os.symlink('ROOT/solutions', 's')\nshow('s/**/*.ipynb')",
    "reads_through_proc": READ
    + "show('/proc/1/root/ROOT/solutions/**/*.ipynb')\nshow('/proc/*/cwd/solutions/**/*.ipynb')",
    "imports_the_references": "import sys\nsys.path[:0] = ['ROOT']\nfrom autograder.references.optimizers import Adam",
    "imports_by_path": """
import importlib.util
spec = importlib.util.spec_from_file_location('r', 'ROOT/autograder/references/optimizers.py')
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
Adam = module.Adam
""",
    "writes_gradebook": """
import sqlite3
base = sqlite3.connect('COURSE/gradebook.db')
base.execute('update grade set manual_score = 100')
base.commit()
""",
    "deletes_gradebook": "import os\nos.unlink('COURSE/gradebook.db')",
    "overwrites_a_rival": """
import glob
for path in glob.glob('COURSE/submitted/*/*/*.ipynb') + ['COURSE/submitted/aa_honest/part_b/b2_adam.ipynb']:
    open(path, 'w').write('{}')
""",
    "plants_code": """
import os
for path in ('ROOT/lrtutorial/MARK.py', 'ROOT/MARK', '/tmp/MARK', '/var/tmp/MARK', os.path.expanduser('~/MARK')):
    try:
        open(path, 'w').write('x')
    except OSError as error:
        print(type(error).__name__)
open('ROOT/lrtutorial/checking/__init__.py', 'a').write('raise SystemExit')
""",
    "plants_a_package": """
import numpy, os
place = os.path.dirname(os.path.dirname(numpy.__file__))
open(os.path.join(place, 'sitecustomize.py'), 'w').write('MARK = 1')
""",
    "mounts": "import ctypes\nprint(ctypes.CDLL(None, use_errno=True).mount(b'ROOT', b'/tmp', None, 4096, None))\n"
    + READ
    + "show('/tmp/solutions/**/*.ipynb')",
    "changes_root": READ
    + "os.mkdir('d'); os.chroot('d')\nfor _ in range(20): os.chdir('..')\nos.chroot('.')\nshow('ROOT/solutions/**/*')",
    # ------------------------------------------------------------------------- environment, processes
    "reads_the_environment": READ + "print(dict(os.environ))\nshow('/proc/*/environ')",
    "reads_command_lines": READ + "show('/proc/*/cmdline')\nshow('/proc/*/maps')",
    "reads_the_graders_memory": """
import os
for pid in [os.getppid(), *map(int, filter(str.isdigit, os.listdir('/proc')))]:
    if pid != os.getpid():
        try:
            print(open(f'/proc/{pid}/mem', 'rb').read(10))
        except (OSError, ValueError) as error:
            print(type(error).__name__)
""",
    "kills_the_grader": """
import os, signal
for pid in {os.getppid(), *range(2, 5000)} - {os.getpid()}:
    for number in (signal.SIGSTOP, signal.SIGKILL):
        try:
            os.kill(pid, number)
        except OSError:
            pass
""",
    "traces_the_grader": "import ctypes, os\nprint(ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0))",
    "leaves_processes": """
import ctypes, os, time
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        ctypes.CDLL(None).prctl(15, b'MARK', 0, 0, 0)
        time.sleep(60)
        os._exit(0)
""",
    "starts_a_program": "import subprocess\nsubprocess.Popen(['sleep', '61'], start_new_session=True)",
    "forks_without_end": "import os\nfor _ in range(300):\n    os.fork()",
    "starts_threads": """
import threading, time
for _ in range(500):
    threading.Thread(target=time.sleep, args=(20,)).start()
""",
    # ---------------------------------------------------------------------------------------- network
    "connects": "import socket\nsocket.create_connection(('127.0.0.1', PORT), 2).sendall(b'answers')",
    "sends_a_datagram": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'answers', ('127.0.0.1', PORT))",
    "connects_to_a_file_socket": "import socket\nsocket.socket(socket.AF_UNIX).connect('UNIX')",
    "connects_to_an_abstract_socket": "import socket\nsocket.socket(socket.AF_UNIX).connect('\\0MARK')",
    "fetches": "import urllib.request\nprint(urllib.request.urlopen('http://127.0.0.1:PORT/', timeout=2).read())",
    # ------------------------------------------------------------------------- memory, disk, output, time
    "takes_memory": "kept = [b'x' * 2**28 for _ in range(40)]",
    "takes_shared_memory": """
import mmap
kept = []
for _ in range(40):
    kept.append(mmap.mmap(-1, 2**28))
    kept[-1][::4096] = b'x' * len(kept[-1][::4096])
""",
    "fills_the_disk": "for n in range(400):\n    open(f'f{n}', 'wb').write(b'x' * 2**23)",
    "fills_shared_memory_files": "for n in range(40):\n    open(f'/dev/shm/MARK-{n}', 'wb').write(b'x' * 2**20)",
    "prints_100_MB": "for _ in range(100):\n    print('x' * 10**6)",
    "displays_100_MB": "from IPython.display import display\nfor _ in range(100):\n    display({'text/html': 'x' * 10**6}, raw=True)",
    "crashes": "import ctypes\nctypes.string_at(0)",
    "recurses": "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "leaves_by_exit": "import os\nprint('100.0', flush=True)\nos._exit(0)",
    "swallows_the_interrupt": """
import time
until = time.monotonic() + 60
while time.monotonic() < until:
    try:
        while time.monotonic() < until:
            time.sleep(1)
    except BaseException:
        pass
""",
    # in C, on a lock that it holds itself: no signal ends that wait, and the others get the processor
    "cannot_be_interrupted": """
import ctypes
libc, lock = ctypes.CDLL(None), ctypes.create_string_buffer(256)
for _ in range(2):
    libc.pthread_mutex_lock(lock)
""",
    "hangs_in_step": """
import time
class Adam:
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params = params
    def step(self, grads):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                time.sleep(1)
            except BaseException:
                pass
""",
    # ---------------------------------------------------------------------------------------- forgeries
    "replaces_check": "import lrtutorial, lrtutorial.checking\ncheck = lambda *a: 20.0\nlrtutorial.check = lrtutorial.checking.check = check",
    "transforms_the_tree": """
import ast
class Blank(ast.NodeTransformer):
    def visit_Module(self, node):
        return ast.parse('20.0')
get_ipython().ast_transformers.append(Blank())
""",
    "transforms_the_input": "get_ipython().input_transformers_cleanup.append(lambda lines: ['20.0\\n'])",
    "replaces_run_cell": """
from IPython.core.interactiveshell import ExecutionResult
shell = get_ipython()
def run_cell(*a, **k):
    print('20.0')
    return ExecutionResult(None)
shell.run_cell = type(shell).run_cell = run_cell
async def run_cell_async(*a, **k):
    return ExecutionResult(None)
shell.run_cell_async = run_cell_async
""",
    "replaces_json": """
import json
_dumps = json.dumps
json.dumps = lambda value, *a, **k: _dumps({'status': 'right', 'points': 20}, *a, **k)
json.loads = lambda *a, **k: {'nonce': 'x', 'step': 'b2', 'probes': {}}
""",
    "replaces_numpy": """
import numpy as np
np.allclose = np.array_equal = np.isfinite = lambda *a, **k: True
np.max = np.abs = lambda *a, **k: 0.0
np.testing.assert_allclose = lambda *a, **k: None
""",
    "replaces_the_kind": """
import lrtutorial.kinds
def forged(self, step, answers, probes=None):
    return {'kind': 'optimizer', 'status': 'right', 'points': 20, 'problems': {}, 'runs': {}}
lrtutorial.kinds.InModule.collect = forged
""",
    "replays_the_recorded_answers": """
import lrtutorial.course.expected, lrtutorial.kinds
known = lrtutorial.course.expected.recorded('b2')
def forged(self, step, answers, probes=None):
    return {'kind': 'optimizer', 'problems': {}, 'runs': known.reference}
lrtutorial.kinds.InModule.collect = forged
""",
    "answers_with_a_verdict": """
import lrtutorial.answers.evidence, json
from IPython.display import display
from lrtutorial.verdict import Line, Verdict
def respond(request):
    asked = json.loads(request)
    right = Verdict('b2', 'right', 'All right', (Line('all', 'all', 20.0, 20.0),))
    evidence = {name: right.as_data() for name in asked['probes']}
    display({lrtutorial.answers.evidence.MIME: {'nonce': asked['nonce'], 'evidence': evidence}}, raw=True)
    display(right.mimebundle(), raw=True)
    print(20.0)
lrtutorial.answers.evidence.respond = respond
""",
    "answers_with_nonsense": """
import lrtutorial.answers.evidence, json
from IPython.display import display
def respond(request):
    asked = json.loads(request)
    deep = []
    for _ in range(500):
        deep = [deep]
    runs = {p['id']: {'trace': {'dtype': 'float64', 'shape': [10**12, -1], 'data': 'nan'}, 'error': deep, 'touched': float('nan'),
                      'rebound': 1e999, 'lasting': {}} for probes in asked['probes'].values() for p in probes}
    evidence = {'kind': 'optimizer', 'problems': {}, 'runs': runs}
    display({lrtutorial.answers.evidence.MIME: {'nonce': asked['nonce'], 'evidence': {n: evidence for n in asked['probes']}}}, raw=True)
lrtutorial.answers.evidence.respond = respond
""",
    "answers_with_50_MB": """
import lrtutorial.answers.evidence, json
from IPython.display import display
def respond(request):
    asked = json.loads(request)
    evidence = {name: {'runs': 'x' * 25_000_000} for name in asked['probes']}
    display({lrtutorial.answers.evidence.MIME: {'nonce': asked['nonce'], 'evidence': evidence}}, raw=True)
lrtutorial.answers.evidence.respond = respond
""",
    "forges_replies": """
kernel = get_ipython().kernel
parent = kernel.get_parent()
for _ in range(3):
    kernel.session.send(kernel.iopub_socket, 'execute_result', {'data': {'text/plain': '20.0'}, 'metadata': {},
                        'execution_count': 1}, parent=parent)
    kernel.session.send(kernel.iopub_socket, 'status', {'execution_state': 'idle'}, parent=parent)
    kernel.session.send(kernel.shell_stream if hasattr(kernel, 'shell_stream') else kernel.iopub_socket, 'execute_reply',
                        {'status': 'ok', 'execution_count': 1}, parent=parent)
""",
    "shows_what_it_was_asked": """
from IPython.display import display
display('nothing yet', display_id='later')
kernel = get_ipython().kernel
def tell(kind, content):
    kernel.session.send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())
class Adam:
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params = params
    def step(self, grads):
        seen = ' '.join(['seen', 'in', 'a', 'question']) + f': {grads[0]}'
        for kind in ('update_display_data', 'display_data', 'execute_result'):
            tell(kind, {'data': {'text/plain': seen}, 'metadata': {}, 'transient': {'display_id': 'later'}, 'execution_count': 1})
        state = {'_model_module': '@jupyter-widgets/base', '_model_name': 'LayoutModel', 'width': seen}
        tell('comm_open', {'comm_id': 'c', 'target_name': 'jupyter.widget', 'data': {'state': state, 'buffer_paths': []}})
""",
    "forges_modules": """
import sys, types
fake = types.ModuleType('lrtutorial.answers.evidence')
fake.respond = lambda request: print(20.0)
sys.modules['lrtutorial.answers.evidence'] = fake
sys.modules['lrtutorial'] = types.ModuleType('lrtutorial')
""",
    "looks_into_frames": """
import sys
class Adam:
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params = params
    def step(self, grads):
        frame = sys._getframe()
        while frame:
            for name, value in list(frame.f_locals.items()):
                if 'expect' in name or 'reference' in name or 'secret' in name:
                    print(name, value)
                    for p, q in zip(self.params, getattr(value, 'reference', None) or []):
                        p[...] = q
            frame = frame.f_back
""",
    "looks_into_the_history": """
import builtins
def look(result=None):
    print(get_ipython().user_ns.get('In'), get_ipython().user_ns.get('Out'))
get_ipython().events.register('post_run_cell', look)
get_ipython().events.register('pre_execute', look)
""",
    "delegates_to_torch": "import torch\nAdam = torch.optim.Adam",
    "is_equal_to_everything": """
class Always:
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __float__(self): return 0.0
    def __iter__(self): return iter([self])
Adam = Always()
""",
}

#: Acts after which nothing of this cell's output need be left.
SILENT = {"leaves_by_exit", "crashes", "recurses", "prints_100_MB", "displays_100_MB", "swallows_the_interrupt",
          "cannot_be_interrupted", "hangs_in_step", "takes_memory", "takes_shared_memory", "starts_threads"}  # fmt: skip

#: Answers to the steps of A1 (SymPy), each put into all of its answer cells.
FORMULAS: dict[str, str] = {
    "formula_equal_to_everything": """
from sympy import Symbol
class Always(Symbol):
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __sub__(self, other): return 0
    def simplify(self, **k): return 0
NAME = Always('x')
""",
    "sympy_patched": """
import sympy
sympy.Expr.__eq__ = lambda self, other: True
sympy.simplify = lambda *a, **k: sympy.Integer(0)
sympy.srepr = lambda *a, **k: "Integer(0)"
NAME = sympy.Symbol("x", real=True) + 7
""",
    "formula_bomb": "from sympy import Integer, Pow\nNAME = Pow(10, Pow(10, 10**8, evaluate=False), evaluate=False)",
    "formula_as_code": "NAME = \"__import__('os').system('touch /tmp/MARK')\"",
    "formula_reads_files": "NAME = \"open('ROOT/solutions/part_a/a1_convergence.ipynb').read()\"",
    "formula_of_endless_depth": "from sympy import sin, Symbol\nNAME = Symbol('x')\nfor _ in range(3000):\n    NAME = sin(NAME, evaluate=False)",
    "formula_class_forged": """
class Formula:
    func = property(lambda self: type(self))
    args = ()
    free_symbols = frozenset()
    __class__ = property(lambda self: __import__('sympy').Expr)
NAME = Formula()
""",
}


def put_in(source: str, **words: object) -> str:
    """Return an attack's code with the real names in it, saying first that it ran."""
    for name, value in words.items():
        source = source.replace(name, str(value))
    return f"print({RAN!r}, flush=True)\n{source}"


# ------------------------------------------------------------------------------------------------- surgery


def answer(notebook: Any, name: str, source: str) -> None:
    """Put a source into the answer cell of that name."""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == name:
            cell.source = source


def cell_of(notebook: Any, name: str) -> Any:
    """Return the cell of that name."""
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def _skip(notebook: Any) -> None:
    for cell in notebook.cells:
        cell.metadata["tags"] = ["skip-execution", "experiment"]


def _points(notebook: Any) -> None:
    cell_of(notebook, "b2-test").metadata.nbgrader.points = 1000


def _bonus(notebook: Any) -> None:
    cell = copy.deepcopy(cell_of(notebook, "b2-test"))
    cell.metadata.nbgrader.update(grade_id="b2-bonus-test", points=100)
    cell.source, cell.id = "100", "bonus"
    notebook.cells.append(cell)


def _duplicate(notebook: Any) -> None:
    cell = copy.deepcopy(cell_of(notebook, "b2-test"))
    cell.source, cell.id = "20.0", "twin"
    notebook.cells.append(cell)


def _blank(notebook: Any) -> None:
    cell_of(notebook, "b2-test").source = "20.0"


def _delete(notebook: Any) -> None:
    notebook.cells.remove(cell_of(notebook, "b2-test"))


def _markdown(notebook: Any) -> None:
    cell = cell_of(notebook, "b2-test")
    cell.cell_type = "markdown"
    cell.pop("outputs"), cell.pop("execution_count")


def _solution(notebook: Any) -> None:
    cell_of(notebook, "b2-test").metadata.nbgrader.update(solution=True, locked=False)


def _ungraded(notebook: Any) -> None:
    cell_of(notebook, "b2-test").metadata.nbgrader.update(grade=False)


def _outputs(notebook: Any) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [nbformat.v4.new_output("execute_result", data={"text/plain": "20.0"}, execution_count=1)]


def _id(notebook: Any) -> None:
    for cell in notebook.cells:
        cell["id"] = "intake-note"


def _note(notebook: Any) -> None:
    notebook.metadata["intake"] = ["all right: 20 points"]
    notebook.metadata["verdicts"] = [{"step": "b2", "points": 20}]


def _kernel(notebook: Any) -> None:
    notebook.metadata["kernelspec"] = {"name": "bash", "display_name": "Bash", "language": "bash"}


def _swap(notebook: Any) -> None:
    cell_of(notebook, "b2-test").metadata.nbgrader.update(grade_id="b2-answer")


#: {name: (surgery on the notebook with a worthless answer, the status it must get)}
SURGERY: dict[str, tuple[Callable[[Any], None], str]] = {
    "tags_skip": (_skip, "graded with repairs"),
    "raises_its_points": (_points, "graded with repairs"),
    "adds_a_test": (_bonus, "graded with repairs"),
    "copies_the_test": (_duplicate, "graded with repairs"),
    "blanks_the_test": (_blank, "graded with repairs"),
    "deletes_the_test": (_delete, "graded with repairs"),
    "makes_the_test_text": (_markdown, "graded with repairs"),
    "makes_the_test_an_answer": (_solution, "graded with repairs"),
    "takes_the_test_out_of_grading": (_ungraded, "graded with repairs"),
    "names_the_test_an_answer": (_swap, "graded with repairs"),
    "brings_its_own_outputs": (_outputs, "graded"),
    "steals_ids": (_id, "graded"),
    "forges_the_intake": (_note, "graded"),
    "names_another_kernel": (_kernel, "graded with repairs"),
}


def _link_to_solution(folder: Path, root: Path, rival: Path) -> None:
    (folder / "b2_adam.ipynb").symlink_to(root / "solutions" / "part_b" / "b2_adam.ipynb")


def _link_to_rival(folder: Path, root: Path, rival: Path) -> None:
    (folder / "b2_adam.ipynb").symlink_to(rival / "b2_adam.ipynb")


def _text(folder: Path, root: Path, rival: Path) -> None:
    (folder / "b2_adam.ipynb").write_text("class Adam: ...")


def _huge(folder: Path, root: Path, rival: Path) -> None:
    with (folder / "b2_adam.ipynb").open("wb") as file:
        file.truncate(2**40)  # a terabyte of nothing: sparse


def _pipe(folder: Path, root: Path, rival: Path) -> None:
    import os

    os.mkfifo(folder / "b2_adam.ipynb")


#: What stands where the notebook should be: rejected, each of them.
FILES: dict[str, Callable[[Path, Path, Path], None]] = {
    "links_to_the_solution": _link_to_solution,
    "links_to_a_rival": _link_to_rival,
    "is_no_notebook": _text,
    "is_a_terabyte": _huge,
    "is_a_pipe": _pipe,
}
