"""Ways of writing and of working: what people do in a notebook around an answer, right ones and wrong ones.

``STYLES`` maps a name to the exercise, what is done to its notebook (which has the model answers), and files beside it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from nbformat.v4 import new_code_cell

Change = Callable[[Any], None]


def cell(notebook: Any, name: str) -> Any:
    """The cell with this grade_id."""
    return next(one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("grade_id") == name)


def put(name: str, source: str) -> Change:
    """Put this into a cell; ``ANSWER`` in it stands for what is there, ``INDENTED`` for the same, indented."""

    def change(notebook: Any) -> None:
        there = cell(notebook, name)
        inside = "\n".join(f"    {row}" if row else row for row in there.source.splitlines())
        there.source = source.replace("ANSWER", there.source).replace("INDENTED", inside)

    return change


def swap(name: str, old: str, new: str) -> Change:
    """Replace a part of a cell's text."""

    def change(notebook: Any) -> None:
        there = cell(notebook, name)
        assert old in there.source, (old, there.source)
        there.source = there.source.replace(old, new)

    return change


def beside(name: str, *sources: str, below: bool = False, kind: str = "code") -> Change:
    """Put cells of one's own above a cell, or below it."""

    def change(notebook: Any) -> None:
        at = notebook.cells.index(cell(notebook, name)) + below
        notebook.cells[at:at] = [new_code_cell(source) for source in sources]

    return change


def first(*sources: str) -> Change:
    """Cells above everything."""
    return lambda notebook: notebook.cells.__setitem__(slice(0, 0), [new_code_cell(source) for source in sources])


def last(*sources: str) -> Change:
    """Cells below everything."""
    return lambda notebook: notebook.cells.extend(new_code_cell(source) for source in sources)


def imports(source: str) -> Change:
    """Change the notebook's own cell of imports; ``THESE`` in it stands for what is there."""

    def change(notebook: Any) -> None:
        own = next(one for one in notebook.cells if one.cell_type == "code")
        own.source = source.replace("THESE", own.source)

    return change


def moved(name: str, to: str) -> Change:
    """Move what stands in an answer's cell into a cell of one's own above ``to``; nothing is left in its own."""

    def change(notebook: Any) -> None:
        text = cell(notebook, name).source
        cell(notebook, name).source = "# see above"
        beside(to, text)(notebook)

    return change


def copied(name: str, below: str, source: str = "ANSWER") -> Change:
    """A copy of an answer's cell, marks and all, below another cell."""

    def change(notebook: Any) -> None:
        twin = copy.deepcopy(cell(notebook, name))
        twin.update(source=source.replace("ANSWER", twin.source), id="a-copy")
        notebook.cells.insert(notebook.cells.index(cell(notebook, below)) + 1, twin)

    return change


def experiment(source: str) -> Change:
    """Write into the first of the course's own experiments, and move it above the answer's cell."""

    def change(notebook: Any) -> None:
        own = next(one for one in notebook.cells if "experiment" in one.metadata.get("tags", ()))
        notebook.cells.remove(own)
        own.source = source
        answer = next(one for one in notebook.cells if one.metadata.get("nbgrader", {}).get("solution"))
        notebook.cells.insert(notebook.cells.index(answer), own)

    return change


def several(*changes: Change) -> Change:
    """One after the other."""

    def change(notebook: Any) -> None:
        for one in changes:
            one(notebook)

    return change


A, T = "b2-answer", "b2-test"
DATACLASS = """from dataclasses import dataclass, field
import numpy as np

@dataclass
class Adam:
    params: list
    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    t: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.m = [np.zeros_like(p) for p in self.params]
        self.v = [np.zeros_like(p) for p in self.params]

    def step(self, grads: list[np.ndarray]) -> None:
        self.t += 1
        for p, g, m, v in zip(self.params, grads, self.m, self.v):
            m *= self.beta1
            m += (1 - self.beta1) * g
            v *= self.beta2
            v += (1 - self.beta2) * g**2
            p -= self.lr * (m / (1 - self.beta1**self.t)) / (np.sqrt(v / (1 - self.beta2**self.t)) + self.eps)
"""
LAMBDAS = """def _init(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
    vars(self).update(params=params, lr=lr, beta1=beta1, beta2=beta2, eps=eps, t=0,
                      m=[p * 0 for p in params], v=[p * 0 for p in params])
first = lambda self, m, g: self.beta1 * m + (1 - self.beta1) * g
second = lambda self, v, g: self.beta2 * v + (1 - self.beta2) * g * g
def _step(self, grads):
    if (t := self.t + 1):
        self.t = t
    self.m = [first(self, m, g) for m, g in zip(self.m, grads)]
    self.v = [second(self, v, g) for v, g in zip(self.v, grads)]
    for p, m, v in zip(self.params, self.m, self.v):
        p[...] = p - self.lr * m / (1 - self.beta1**t) / ((v / (1 - self.beta2**t))**0.5 + self.eps)
Adam = type("Adam", (), {"__init__": _init, "step": _step})
"""
DECORATED = """import functools
calls = 0
def counted(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        global calls
        calls += 1
        return function(*args, **kwargs)
    return inner
ANSWER
Adam.step = counted(Adam.step)
"""
ABSTRACT = """from abc import ABC, abstractmethod
class Optimizer(ABC):
    @abstractmethod
    def step(self, grads): ...
ANSWER
Adam = type("Adam", (Adam, Optimizer), {})
"""
FACTORY = """def make():
INDENTED
    return Adam
Adam = make()
"""
COMPARE = """import torch
p = torch.nn.Parameter(torch.ones(2))
theirs = torch.optim.Adam([p], lr=0.1)
p.grad = torch.ones(2)
theirs.step()
mine = Adam([np.ones(2)], lr=0.1)
mine.step([np.ones(2)])
assert np.allclose(mine.params[0], p.detach().numpy())
"""
LIBRARY = "from torch.optim import Adam as Theirs\nclass Adam(Theirs): pass"
ENUM = """from enum import Enum
from collections import namedtuple
State = namedtuple("State", "m v")
class Mode(Enum):
    FAST = 1
ANSWER"""
CLASSIC = "class Adam:\n    def __init__(self, params, lr): ...\n"

STYLES: dict[str, tuple[str, Change, Mapping[str, bytes]]] = {
    # shell, installs, magics
    "shell lines and installs first": ("b2", put(A, "!pip install numpy\n!ls -la\n%pip install sympy\nANSWER"), {}),
    "an install in the imports": ("b1", imports("%pip install -q numpy\n!pip -q install sympy\nTHESE"), {}),
    "a cell of the shell": ("b1", beside("b1-answer", "%%bash\necho hello\nls", "%%sh\npwd"), {}),
    "a shell line's output": ("b2", put(A, "files = !ls\ncount = len(files)\nANSWER"), {}),
    "a timed cell": ("b2", put(A, "%%time\nANSWER"), {}),
    "a cell whose output is caught": ("b2", put(A, "%%capture out\nANSWER"), {}),
    "a timed line above": ("b2", beside(T, "%time x = np.ones(3)\n%timeit -n1 -r1 x + 1"), {}),
    "a magic that nobody knows": ("b2", put(A, "%nonsense here\nANSWER"), {}),
    "autoreload, config, env": (
        "b2",
        imports(
            "%load_ext autoreload\n%autoreload 2\n%config InlineBackend.figure_format"
            " = 'retina'\n%env A=1\n%matplotlib inline\nTHESE"
        ),
        {},
    ),
    "a file written by a cell, and imported": (
        "b2",
        several(
            lambda notebook: cell(notebook, A).update(
                source="%%writefile mine.py\nimport numpy as np\n" + cell(notebook, A).source
            ),
            beside(T, "from mine import Adam"),
        ),
        {},
    ),
    "a file that is run": ("b2", put(A, "%run mine.py"), {"mine.py": b"import numpy as np\n" + DATACLASS.encode()}),
    "help on a line": ("b2", put(A, "ANSWER\nAdam?\n"), {}),
    "a line that is no Python": ("b2", put(A, "hello world\nANSWER"), {}),
    "who, whos, pwd, cd": ("b2", beside(T, "%pwd\n%who\n%cd ..\n%cd -"), {}),
    "reset between": ("b2", beside(A, "%reset -f\nimport numpy as np\nfrom lrtutorial import check"), {}),
    # imports
    "imports of Colab": (
        "b2",
        imports("from google.colab import drive\ndrive.mount('/x')\nimport tqdm_of_mine\nTHESE"),
        {},
    ),
    "a failing import in the answer's cell": ("b2", put(A, "import seaborn_not_here as sns\nANSWER"), {}),
    "a failing import that the answer needs": (
        "b2",
        put(A, "from nothere import sqrt\n" + DATACLASS.replace("np.sqrt", "sqrt")),
        {},
    ),
    "a star import": ("b2", several(imports("from numpy import *\nTHESE"), swap(A, "np.sqrt", "sqrt")), {}),
    "imports deleted": ("b2", imports("pass"), {}),
    "imports twice, in the answer": ("b2", put(A, "import numpy as np\nfrom lrtutorial import check\nANSWER"), {}),
    "numpy under another name": ("b2", put(A, "import numpy as numpi\nANSWER"), {}),
    "a future import": ("b2", put(A, "from __future__ import annotations\nANSWER"), {}),
    "a try around an import": (
        "b2",
        put(A, "try:\n    import cupy as xp\nexcept ImportError:\n    import numpy as xp\nANSWER"),
        {},
    ),
    "warnings made errors": ("b2", imports("THESE\nimport warnings\nwarnings.simplefilter('error')"), {}),
    "numpy's errors raised": ("b2", imports("THESE\nnp.seterr(all='raise')"), {}),
    "print options": ("b2", imports("THESE\nnp.set_printoptions(precision=2)"), {}),
    # where the answer stands
    "helper cells above": (
        "b2",
        several(beside(A, "def root(x):\n    return np.sqrt(x)"), swap(A, "np.sqrt", "root")),
        {},
    ),
    "a helper below the answer": (
        "b2",
        several(beside(T, "def root(x):\n    return np.sqrt(x)"), swap(A, "np.sqrt", "root")),
        {},
    ),
    "a helper below the check": (
        "b2",
        several(beside(T, "def root(x):\n    return np.sqrt(x)", below=True), swap(A, "np.sqrt", "root")),
        {},
    ),
    "a helper in the course's experiment": (
        "b2",
        several(experiment("def root(x):\n    return np.sqrt(x)"), swap(A, "np.sqrt", "root")),
        {},
    ),
    "the answer in a cell of its own": ("b2", moved(A, T), {}),
    "the answer above, blanked below": ("b2", lambda n: several(beside(A, cell(n, A).source), put(A, CLASSIC))(n), {}),
    "a copy below the check": ("b2", copied(A, T, "Adam = None"), {}),
    "a copy above the check": ("b2", copied(A, A, "ANSWER\nAdam.step = lambda self, grads: None"), {}),
    "defined again above the check": (
        "b2",
        beside(T, "class Adam:\n    def __init__(self, *a, **k): ...\n    def step(self, g): ..."),
        {},
    ),
    "deleted above the check": ("b2", beside(T, "del Adam"), {}),
    "defined again below the check": ("b2", beside(T, "Adam = None", below=True), {}),
    "typed into the test cell": (
        "b2",
        lambda n: (put(T, cell(n, A).source + '\n\ncheck("b2", Adam)')(n), put(A, "pass")(n)),
        {},
    ),
    "a remark in the test cell": ("b2", put(T, "# all green!\nANSWER"), {}),
    "the test cell twice": ("b2", beside(T, 'check("b2", Adam)', 'hint("b2")'), {}),
    "checked under another name": (
        "b2",
        several(swap(A, "class Adam", "class MyAdam"), put(T, 'check("b2", MyAdam)')),
        {},
    ),
    "the check deleted": ("b2", lambda n: n.cells.remove(cell(n, T)), {}),
    "split over cells": (
        "b2",
        several(beside(T, DATACLASS.replace("class Adam", "class _Base"), "class Adam(_Base): pass"), put(A, "pass")),
        {},
    ),
    "a method added later": (
        "b2",
        beside(
            T,
            "def step(self, grads):\n    return old(self, grads)\nold, Adam.step = Adam.step, step",
        ),
        {},
    ),
    # ways of writing
    "a dataclass with type hints": ("b2", put(A, DATACLASS), {}),
    "lambdas, a walrus and type()": ("b2", put(A, LAMBDAS), {}),
    "decorators and global state": ("b2", put(A, DECORATED), {}),
    "an abstract base": ("b2", put(A, ABSTRACT), {}),
    "made by a factory": ("b2", put(A, FACTORY), {}),
    "an enum and a namedtuple": ("b2", put(A, ENUM), {}),
    "in an if": ("b2", put(A, "if True:\nINDENTED"), {}),
    "in a with and a try": (
        "b2",
        put(
            A, "import contextlib\nwith contextlib.suppress(ValueError):\n    pass\ntry:\nINDENTED\nfinally:\n    pass"
        ),
        {},
    ),
    "tabs and odd spaces": ("b2", lambda n: cell(n, A).update(source=cell(n, A).source.replace("    ", "\t")), {}),
    "Windows' line ends": ("b2", lambda n: cell(n, A).update(source=cell(n, A).source.replace("\n", "\r\n")), {}),
    "no line at the end, blank ones before": ("b2", put(A, "\n\n\nANSWER\n\n\n# done"), {}),
    "names in Greek": ("b2", swap(A, "m_hat", "μ_hat"), {}),
    "prints everywhere": (
        "b2",
        several(
            put(A, "print('begin')\nANSWER\nprint(Adam)"), swap(A, "self.t += 1", "self.t += 1; print('t', self.t)")
        ),
        {},
    ),
    "a slow step": ("b2", swap(A, "self.t += 1", "self.t += 1; __import__('time').sleep(0.002)"), {}),
    "a step that is far too slow": ("b2", swap(A, "self.t += 1", "self.t += 1; __import__('time').sleep(0.5)"), {}),
    "a seed and random numbers": ("b2", put(A, "import random\nrandom.seed(1)\nnp.random.seed(0)\nANSWER"), {}),
    "an instance in place of a class": ("b2", put(A, "ANSWER\nAdam = Adam([np.zeros(1)])"), {}),
    "assertions of one's own": (
        "b2",
        put(
            A,
            "ANSWER\nopt = Adam([np.ones(2)], lr=0.1)\nopt.step([np.ones(2)])\nassert np.allclose(opt.params[0], 0.9)",
        ),
        {},
    ),
    "an assertion that fails below": ("b2", put(A, "ANSWER\nassert False, 'not yet'"), {}),
    "an assertion that fails above": ("b2", put(A, "assert False, 'not yet'\nANSWER"), {}),
    "an exception above": ("b2", beside(A, "1 / 0"), {}),
    "input in a cell of one's own": ("b2", beside(A, "name = input('who? ')"), {}),
    "input in the answer": ("b2", put(A, "name = input('who? ')\nANSWER"), {}),
    "input that a number is made of": ("b2", put(A, "steps = int(input('how many? '))\nANSWER"), {}),
    "a password asked": ("b2", put(A, "import getpass\nword = getpass.getpass()\nANSWER"), {}),
    "a step that ends Python": ("b2", swap(A, "self.t += 1", "exit()"), {}),
    "a step that raises an interrupt": ("b2", swap(A, "self.t += 1", "raise KeyboardInterrupt"), {}),
    "slots": (
        "b2",
        put(
            A,
            DATACLASS.replace("@dataclass", "@dataclass(slots=True)").replace(
                "    t: int", "    m: list = None\n    v: list = None\n    t: int"
            ),
        ),
        {},
    ),
    "a generic class": (
        "b2",
        put(A, "from typing import Generic, TypeVar\nX = TypeVar('X')\nANSWER\nclass Adam(Adam, Generic[X]): pass"),
        {},
    ),
    "a protocol": (
        "b2",
        put(
            A,
            "from typing import Protocol, runtime_checkable\n@runtime_checkable\n"
            "class Steps(Protocol):\n    def step(self, grads): ...\nANSWER\nassert "
            "isinstance(Adam([]), Steps)",
        ),
        {},
    ),
    "a lock on the class": ("b2", put(A, "import threading\nANSWER\nAdam.lock = threading.Lock()"), {}),
    "a metaclass": (
        "b2",
        put(
            A,
            "class Meta(type):\n    def __repr__(cls): raise ValueError\nANSWER\n"
            "Adam = Meta('Adam', (Adam,), {'odd': Meta('X', (), {})()})",
        ),
        {},
    ),
    "a value whose repr raises": (
        "b2",
        put(A, "class Odd:\n    def __repr__(self): return 1 / 0\nANSWER\nAdam.odd = Odd()"),
        {},
    ),
    "a rate as a property": ("b2", put(A, "ANSWER\nAdam.rate = property(lambda self: self.lr)"), {}),
    "a plain function in its place": (
        "b2",
        put(
            A,
            "ANSWER\n_C = Adam\ndef Adam(params, lr=0.001, beta1=0.9, beta2=0.999, "
            "eps=1e-8):\n    return _C(params, lr, beta1, beta2, eps)",
        ),
        {},
    ),
    "a partial in its place": ("b2", put(A, "import functools\nANSWER\nAdam = functools.partial(Adam)"), {}),
    "await at the top": ("b2", put(A, "import asyncio\nawait asyncio.sleep(0)\nANSWER"), {}),
    "threads": (
        "b2",
        beside(
            A, "import threading\nworker = threading.Thread(target=print, args=('hi',))\nworker.start()\nworker.join()"
        ),
        {},
    ),
    "a plot in the answer's cell": (
        "b2",
        put(A, "ANSWER\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"),
        {},
    ),
    "an exit at the end": ("b2", beside(T, "exit()", below=True), {}),
    "sys.path changed": (
        "b2",
        put(A, "import sys\nsys.path.append('lib')\nfrom helper import root\n" + DATACLASS.replace("np.sqrt", "root")),
        {"lib/helper.py": b"def root(x):\n    return x ** 0.5\n"},
    ),
    "the folder changed": (
        "b2",
        put(A, "import os\nos.chdir('data')\nassert open('x.txt').read() == 'x'\nANSWER"),
        {"data/x.txt": b"x"},
    ),
    "data read by the answer": (
        "b2",
        put(A, "import json\nbeta = json.load(open('betas.json'))\nANSWER"),
        {"betas.json": b"[0.9, 0.999]"},
    ),
    "an answer from a file": ("b2", put(A, "from adam import Adam"), {"adam.py": DATACLASS.encode()}),
    "a package beside": (
        "b2",
        put(A, "from mine.optim import Adam"),
        {"mine/__init__.py": b"", "mine/optim.py": DATACLASS.encode()},
    ),
    "a file named as a module of the course": (
        "b2",
        put(A, "ANSWER"),
        {"numpy.py": b"1/0", "check.py": b"", "random.py": b"1/0"},
    ),
    # libraries
    "a comparison with torch below": ("b2", last(COMPARE), {}),
    "a comparison with torch above the check": ("b2", beside(T, COMPARE), {}),
    "torch imported and not used": ("b2", put(A, "import torch\nimport torch.optim as optim\nANSWER"), {}),
    "a library's optimizer": ("b2", put(A, LIBRARY), {}),
    "a library's optimizer behind a name": (
        "b1",
        put("b1-answer", "import torch\nO = torch.optim\nclass SGD(O.SGD): pass\nMomentumSGD = SGD"),
        {},
    ),
    # other exercises
    "several steps in one cell": (
        "a1",
        lambda n: several(
            put(
                "a1-gradient-answer",
                "\n".join(cell(n, f"a1-{one}-answer").source for one in ("gradient", "update", "closed_form")),
            ),
            put("a1-update-answer", "pass"),
            put("a1-closed_form-answer", "pass"),
        )(n),
        {},
    ),
    "symbols made anew": (
        "a1",
        beside("a1-gradient-answer", "from sympy import symbols\na, x, eta = symbols('a x eta')"),
        {},
    ),
    "symbols made anew, positive": (
        "a1",
        beside("a1-gradient-answer", "from sympy import symbols\na, x, eta = symbols('a x eta', positive=True)"),
        {},
    ),
    "a symbol overwritten": ("a1", beside("a1-closed_form-answer", "t = 3"), {}),
    "a star import of sympy": ("a1", imports("THESE\nfrom sympy import *"), {}),
    "floats": ("a1", put("a1-gradient-answer", "gradient = 1.0 * a * x"), {}),
    "an answer in words": ("a1", put("a1-condition-answer", "condition = '0 < eta < 2/a'"), {}),
    "an answer that fails": ("a1", put("a1-update-answer", "update = x - eta * gradientt"), {}),
    "an answer left open": ("a2", put("a2-contribution-answer", "contribution = ..."), {}),
    "a variable for a part": (
        "a3",
        beside("a3-effective_lr-answer", "denominator = (epsilon + second_moment)**0.5", "effective = eta/denominator"),
        {},
    ),
    "an answer as a function": ("a4", put("a4-corrected_m-answer", "def corrected_m(): return m_t"), {}),
    "an answer as a list": ("a5", put("a5-optimal_lr-answer", "optimal_lr = [2 / (lambda_max + lambda_min)]"), {}),
    "numpy in a formula": ("a5", put("a5-rate_100-answer", "import numpy as np\nrate_100 = np.float64(99) / 101"), {}),
    "math in a formula": ("a5", put("a5-condition_number-answer", "import math\ncondition_number = math.exp(1)"), {}),
    "one optimizer of two": ("b1", swap("b1-answer", "class MomentumSGD", "class Momentum"), {}),
    "the runs by a loop over names": (
        "b3",
        put("b3-answer", "ANSWER\nfor _name in ['run_sgd']:\n    globals()[_name] = run_sgd"),
        {},
    ),
    "runs that print": (
        "b3",
        put(
            "b3-answer",
            "ANSWER\n_old = run_sgd\ndef run_sgd(*given):\n    print(given)\n    return _old(*given)",
        ),
        {},
    ),
    "a cached schedule": (
        "b5",
        put(
            "b5-answer",
            "from functools import cache\nANSWER\n_C = CosineAnnealingWarmRestarts\n_C.get_lr = cache(_C.get_lr)",
        ),
        {},
    ),
    "a range test with a progress bar": (
        "b4",
        put("b4-answer", "try:\n    from tqdm.auto import tqdm\nexcept ImportError:\n    tqdm = list\nANSWER"),
        {},
    ),
    "a prediction with a confidence": ("c1", put("c1-prediction_1-answer", "ANSWER\nconfidence_1 = 80"), {}),
    "a prediction by a sum": (
        "c2",
        put("c2-prediction_1-answer", "prediction_1 = int(round(sum(0.9**k for k in range(100))))"),
        {},
    ),
}
