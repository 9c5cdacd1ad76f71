"""The rule against library optimizers: every way of reaching one that we know is found, and no honest text trips it."""

from __future__ import annotations

import ast
import json
import linecache
import re
import textwrap
from pathlib import Path

import pytest

from lrtutorial.answers import delegation, reach
from lrtutorial.answers.delegation import delegates, delegates_here
from lrtutorial.checking import verdict_on
from lrtutorial.exercises import COURSE

ROOT = Path(__file__).parents[2]
WAYS = {
    "import": "import torch.optim\n",
    "import_as": "import torch.optim as o\nclass A:\n    def __init__(self, p, lr):\n        self.o = o.SGD(p, lr)",
    "attribute": "import torch\nclass A:\n    def step(self, g):\n        torch.optim.Adam([g]).step()",
    "module_alias": "import torch as t\nx = t\ny = x\ny.optim.SGD",
    "from": "from torch.optim import SGD as Base\nclass SGD(Base): pass",
    "from_torch": "from torch import optim",
    "scheduler": "from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts as C",
    "star": "from torch import *\noptim.SGD",
    "keras": "import keras",
    "tensorflow": "from tensorflow.keras.optimizers import Adam",
    "jax": "from jax.example_libraries import optimizers",
    "optax": "import optax as np",
    "sklearn": "from sklearn.neural_network import MLPClassifier",
    "scipy": "import scipy\nscipy.optimize.minimize",
    "scipy_from": "from scipy import optimize",
    "autograder": "from autograder.references.optimizers import Adam",
    "explorer": "from lrtutorial.explorer.recurrences import trajectories",
    "dunder_import": "m = __import__('torch.optim', fromlist=['SGD'])",
    "dunder_import_root": "__import__('torch').optim.SGD",
    "import_module": "import importlib\no = importlib.import_module('torch.optim')",
    "import_module_alias": "from importlib import import_module\nt = import_module('torch')\nt.optim",
    "joined": "import importlib\nimportlib.import_module('.'.join(['torch', 'optim']))",
    "added": "__import__('torch' + '.optim')",
    "f_string": "import importlib\nimportlib.import_module(f'{\"torch\"}.optim')",
    "relative": "import importlib\nimportlib.import_module('.optim', 'torch')",
    "computed": "import importlib\nname = input()\nimportlib.import_module(name)",
    "getattr": "import torch\ngetattr(torch, 'optim').SGD",
    "getattr_computed": "import torch\ngetattr(torch, 'mitpo'[::-1])",
    "getattribute": "import torch\ntorch.__getattribute__('optim')",
    "attrgetter": "import torch, operator\noperator.attrgetter('optim.SGD')(torch)",
    "dict": "import torch\ntorch.__dict__['optim']",
    "vars": "import torch\nvars(torch)['optim']",
    "sys_modules": "import sys\nsys.modules['torch.optim'].SGD",
    "sys_modules_root": "import sys\nsys.modules['torch'].optim",
    "sys_modules_get": "import sys\nsys.modules.get('torch').optim",
    "exec": "exec('import torch.optim as o')",
    "eval": "import torch\neval('torch.optim.SGD')",
    "run_cell": "get_ipython().run_cell('import torch.optim')",
    "inside_function": "def make(p):\n    from torch import optim as q\n    return q.SGD(p, 0.1)",
    "walrus": "import torch\n(t := torch).optim",
    "after_magic": "%matplotlib inline\n!ls\nfiles = !ls\nimport torch.optim",
    "timed": "import torch\n%time torch.optim.SGD",
    "cell_magic": "%%capture\nimport torch.optim",
    "beside_broken": "def unfinished(:\n    pass\n\n\nimport torch.optim\n\nx = = 3\n",
}
HONEST = {
    "comment": "# torch.optim.SGD does it like this\nx = 1",
    "docstring": 'class A:\n    """As torch.optim.Adam; no torch.optim."""\n    def step(self, grads): ...',
    "string": "print('torch.optim'); print('import keras'); name = 'sklearn'",
    "torch_alone": "import torch\nx = torch.zeros(3)\nmodel = torch.nn.Linear(2, 1)",
    "own_name": "optim = {}\noptim['lr'] = 0.1\nclass jax: pass\njax()",
    "own_attribute": "class A:\n    def __init__(self):\n        self.optim = 3\n        self.torch = self.optim",
    "getattr": "def get(self, name):\n    return getattr(self, name)\ngetattr(object(), 'optim', None)",
    "dictionary": "state = {'optim': 1, 'torch.optim': 2}\nstate.get('torch.optim'); state['torch.optim']",
    "scipy": "import scipy.linalg\nfrom scipy import stats",
    "numpy": "import numpy as np\nfrom lrtutorial import check, hint, explore, plot_schedule",
    "exec": "exec('x = 1')",
    "importlib": "import importlib\nimportlib.import_module('numpy'); __import__('math')",
    "syntax_error": "class Adam:\n    def step(self:\n        torch.optim",
    "magics": "%matplotlib inline\n!pip list | grep torch.optim\n%timeit 1 + 1",
    "empty": "",
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_a_library_is_found(way) -> None:
    why = delegates(WAYS[way])
    assert why is not None and "your own code" in why


@pytest.mark.parametrize("text", HONEST)
def test_honest_text_does_not_trip_it(text) -> None:
    assert delegates(HONEST[text]) is None


def test_names_imported_in_one_cell_count_in_another() -> None:
    cells = [
        "import torch as t",
        "x = 1 +",
        "class SGD:\n    def __init__(self, p, lr):\n        self.o = t.optim.SGD(p, lr)",
    ]
    assert "torch.optim.SGD is used" in delegates(cells)
    assert "t.optim.SGD(p, lr)" in delegates("\n\n".join(cells))


def test_the_notebooks_of_the_numpy_exercises_pass_it() -> None:
    notebooks = [path for n in (1, 2, 3, 5) for path in (ROOT / "solutions/part_b").glob(f"b{n}_*.ipynb")]
    assert notebooks
    for path in notebooks:
        cells = json.loads(path.read_text())["cells"]
        assert delegates("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code") is None, path.name


def run_cell(source: str, name: str, space: dict) -> None:
    """Run a cell as a notebook does: its source can be read back from linecache."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), space)


LIVE = {
    "base_class": ("from torch.optim import SGD as Base", "class Adam(Base):\n    def step(self, grads): pass"),
    "through_a_helper": (
        "import torch\ndef make(p):\n    return torch.optim.SGD(p, lr=1)",
        "class Adam:\n    def __init__(self, params): self.inner = make(params)\n    def step(self, grads): pass",
    ),
    "module_by_name": ("import torch.optim as np", "class Adam:\n    def step(self, grads): np.SGD"),
    "a_function_of_it": (
        "from torch.optim.lr_scheduler import LambdaLR as rate",
        "class Adam:\n    def step(self, grads): rate(grads)",
    ),
    "closure": (
        "import torch.optim as q\ndef outer():\n    t = q\n    def g(): return t\n    return g\nf = outer()",
        "class Adam:\n    def step(self, grads): f()",
    ),
}


@pytest.mark.parametrize("way", LIVE)
def test_what_an_answer_reaches_is_found_without_its_history(way) -> None:
    first, second = LIVE[way]
    space = {"__name__": "__main__"}
    run_cell(first, f"<cell {way} 1>", space)
    run_cell(second, f"<cell {way} 2>", space)
    assert delegates_here([space["Adam"]]) is not None


def test_an_honest_answer_reaches_nothing() -> None:
    space = {"__name__": "__main__"}
    run_cell("import numpy as np\nimport torch\ndef half(x): return np.sqrt(x)", "<cell honest 1>", space)
    run_cell("class Adam:\n    def step(self, grads): half(grads[0])", "<cell honest 2>", space)
    assert delegates_here([space["Adam"]]) is None
    assert delegates_here([..., None, 3, "Adam"]) is None


def test_the_cells_of_the_session_count_as_far_as_they_define_the_answer(monkeypatch) -> None:
    import IPython

    class Shell:
        user_ns = {"In": ["", "import torch", "opt = torch.optim.SGD"]}

    monkeypatch.setattr(IPython, "get_ipython", lambda: Shell())
    assert delegates_here({"Adam": ...}) is None, "a comparison in another cell is good practice"
    Shell.user_ns["In"].append("exec('class Adam(opt): pass')\nAdam.base = opt")
    assert "restart the kernel" in delegates_here({"Adam": ...})


def test_check_gives_zero_with_the_reason() -> None:
    space = {"__name__": "__main__"}
    run_cell("import torch.optim", "<cell check 1>", space)
    run_cell(
        "class CosineAnnealingWarmRestarts:\n    def get_lr(self, epoch):\n"
        "        return torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
        "<cell check 2>",
        space,
    )
    verdict = verdict_on("b5", space["CosineAnnealingWarmRestarts"])
    assert verdict.points == 0 and verdict.possible == 20
    assert "torch.optim.lr_scheduler" in verdict.headline


def test_every_library_is_a_full_name() -> None:
    assert len(set(COURSE.libraries)) == len(COURSE.libraries)


# ----------------------------------------------------------------------------------------------- what an answer reaches

OWN = """import numpy as np
class Adam:
    def __init__(self, params, lr=1):
        self.opt = 3
        self.m = np.zeros(2)
    def step(self, grads):
        x = self.opt
        t = 1
        for g in grads:
            g - x - t
"""
#: name: (cells, files beside the notebook); the answer is Adam
REACHED = {
    "base": (["from torch.optim import Adam as Base", "class Adam(Base): pass"], {}),
    "rebound base": (["import torch\nB=torch.optim.Adam", "class Adam(B): pass", "B=3"], {}),
    "helper": (["import torch\ndef mk(p): return torch.optim.SGD(p)", "class Adam:\n    def step(self,g): mk(g)"], {}),
    "helper later": (
        ["class Adam:\n    def step(self,g): mk(g)", "import torch\ndef mk(p): return torch.optim.SGD(p)"],
        {},
    ),
    "set": ([OWN, "import torch\nAdam.step = torch.optim.Adam.step"], {}),
    "setattr": ([OWN, "import torch\nsetattr(Adam,'step',torch.optim.Adam.step)"], {}),
    "install": ([OWN, "import torch\ndef install(c):\n    c.step=torch.optim.Adam.step\ninstall(Adam)"], {}),
    "globals": ([OWN, "import torch\nglobals()['Adam']=torch.optim.Adam"], {}),
    "ns": ([OWN, "import torch\nget_ipython().user_ns['Adam']=torch.optim.Adam"], {}),
    "exec": ([OWN, "exec('import torch.optim as o; Adam = o.Adam')"], {}),
    "torch math": (["import torch\nclass Adam:\n    def step(self,g): return torch.sqrt(g)"], {}),
    "instance attr": ([OWN, "import torch\na=Adam\na.step=torch.optim.SGD.step"], {}),
    "if": (["import torch\nif True:\n    Adam = torch.optim.Adam"], {}),
    "if after": ([OWN, "import torch\nif True:\n    Adam = torch.optim.Adam"], {}),
    "file": (["from helper import Adam"], {"helper": "import torch\nAdam=torch.optim.Adam"}),
    "file2": (["from a import Adam"], {"a": "from b import Adam", "b": "from torch.optim import Adam"}),
    "run": (["%run helper.py"], {"helper": "import torch\nAdam=torch.optim.Adam"}),
    "decorator": (["import torch\ndef d(c): return torch.optim.Adam", "@d\nclass Adam: pass"], {}),
    "walrus": (["import torch\n(Adam := torch.optim.Adam)"], {}),
    "for": (["import torch\nfor Adam in [torch.optim.Adam]: pass"], {}),
    "with as": (
        ["import torch\nfrom contextlib import nullcontext\nwith nullcontext(torch.optim.Adam) as Adam: pass"],
        {},
    ),
    "global": (["import torch\ndef f():\n    global Adam\n    Adam=torch.optim.Adam\nf()"], {}),
    "sub": ([OWN, "import torch\nl=[Adam]\nl[0].step=torch.optim.SGD.step"], {}),
    "descent": (["from lrtutorial.experiments import descent\nAdam=descent.Adam"], {}),
    "sklearn": (["from sklearn.neural_network._stochastic_optimizers import AdamOptimizer as Adam"], {}),
    "star": (["from torch.optim import *"], {}),
    "list wrap": (["import torch\nbox=[]", "box.append(torch.optim.Adam)", "class Adam(box[0]): pass"], {}),
    "dict method": (["import torch\nd={}\nd.update(a=torch.optim.Adam)\nclass Adam(d['a']): pass"], {}),
}
FREE = {
    "own": ([OWN], {}),
    "unused import": (["import torch\n" + OWN], {}),
    "unused import 2": (["import torch.optim\nimport torch, sys\n" + OWN], {}),
    "compare cell": (
        [
            OWN,
            "import torch\np = torch.ones(1); opt = torch.optim.Adam([p])\nmine = Adam([1]); mine.lr = 0.1\nt = torch",
        ],
        {},
    ),
    "compare func": (
        [OWN, "import torch\ndef compare(cls):\n    o=torch.optim.Adam([]); m=cls([1]); m.lr=3\ncompare(Adam)"],
        {},
    ),
    "own plus from import": (["from torch.optim import Adam as TorchAdam\n" + OWN, "TorchAdam([])"], {}),
    "old version first": (["import torch\nAdam = torch.optim.Adam", OWN], {}),
    "file own": (["from helper import Adam"], {"helper": OWN}),
    "file compare unused": (
        [OWN, "import cmp_torch\ncmp_torch.show(Adam)"],
        {"cmp_torch": "import torch.optim\ndef show(c): torch.optim.Adam"},
    ),
    "broken cell": (["def f(:\n\nimport torch\n", OWN], {}),
}


@pytest.mark.parametrize("way", REACHED)
def test_code_that_an_answer_reaches_is_found_wherever_it_stands(way) -> None:
    cells, files = REACHED[way]
    assert delegates(cells, ["Adam"], files) is not None


@pytest.mark.parametrize("way", FREE)
def test_code_that_no_answer_reaches_costs_nothing(way) -> None:
    cells, files = FREE[way]
    assert delegates(cells, ["Adam"], files) is None


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_a_library_counts_in_the_answer_and_not_in_a_comparison(way) -> None:
    afar = ("star", "dunder_import", "import_module", "joined", "added", "f_string", "relative", "computed", "dict",
            "vars", "sys_modules", "exec", "run_cell", "getattribute", "eval",
            "tensorflow", "optax", "autograder")  # fmt: skip
    lines = [line for line in WAYS[way].splitlines() if line[:1] not in "%!"]
    inside = "def reference():\n" + "\n".join(f"    {line}" for line in lines)
    answer = "class Adam:\n    def step(self, grads):\n        reference()"
    if way not in ("star", "beside_broken", "after_magic", "timed", "cell_magic"):
        assert delegates([inside, answer], ["Adam"]) is not None
    if not way.startswith(afar):
        assert delegates([OWN, WAYS[way]], ["Adam"]) is None


ODD_ROWS = (
    "a = 1; \\\nb = torch\nc = 2 \\\n; d = torch",
    "def f(): return torch ; \\\n\nx = f",
    "a = 1; b = torch\nc = 3\n@dec\ndef f(): return torch\n",
    "x = '\x0c'\ny = 1; z = f(2)\nif a:\n  b\nelse: c",
    "x = 1\r\ny = '''a\rb'''\rz = f(x)",
    "s = '\u2028'\nt = s\nu = t",
    "@a\n@b(c)\nclass K(D):\n  x = q\n",
    "import torch, numpy as n; x = torch\nfrom a import (b,\n  c)",
    "def f(\n  a=x,\n): return (\n a\n)\n\nf()  # z",
)


def test_a_statement_uses_the_same_names_read_in_its_own_rows_or_unparsed() -> None:
    """Rows are quicker; a character that only looks like the end of one must not shift them."""
    files = [path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("lrtutorial/**/*.py"))[::2]]
    statements = list(reach._statements([*ODD_ROWS, *files, *WAYS.values(), *HONEST.values()]))
    assert len(statements) > 2000
    for one in statements:
        assert reach._names(one.node, one.source) == reach._names(one.node, ast.unparse(one.node)), one.source


def test_no_use_of_any_library_is_passed_over_for_want_of_a_word(monkeypatch) -> None:
    """Most text is not parsed, as it holds no word that a use needs: whatever parsing finds must hold one."""
    more = {
        "wide_letters": "import ｔｏｒｃｈ as o\no.optim",
        "continued": "from torch.optim import \\\n    *\nSGD",
        "star_of_the_parent": "from torch import*\noptim",
        "computed_parts": "import torch\ngetattr(getattr(torch, 'op' + 'tim'), 'x')",
        "table": "import lrtutorial as t\nt.__dict__['explorer'].__dict__['recurrences']",
        "tables": "import lrtutorial as t\nvars(vars(t)['explorer'])['recurrences']",
        "got": "import lrtutorial as t\ngetattr(getattr(t, 'explorer'), 'recurrences')",
        "told": "exec('import tor' 'ch.op' 'tim as o')",
        "path": "import operator\noperator.attrgetter('optim.SGD')(given)",
    }
    texts = []
    for library in COURSE.libraries:
        root, _, last = library.partition(".")
        for text in (WAYS | more).values():
            texts.append(text.replace("torch", root).replace("optim", last or "nothing"))
            texts.append(re.sub(r"'(\.?\w{3})(\w+)(?=[.'])", r"'\1' '\2", texts[-1]))  # no name of it in one piece
        texts += [f"import {library} as own\nown.x", f"from {library} import *\nx", f"import {root}\n{library}.x"]
        parent, _, child = library.rpartition(".")
        if parent:
            texts += [f"from {parent} import *\n{child}.x"]
            ways = "{} import {}", "{} \\\n  import {}", "{} import \\\n{}", "{} import \\\n \\\n{}"
            texts += [f"from {way.format(parent, child)} as v\ny = v" for way in ways]
            texts += [f"from {parent} import (  # y\n{child} as v)\ny = v"]
            texts += [f"import {root}\ny = ({parent}.  # y\n {child})", f"import {parent} as up\ny = up.\\\n{child}"]
    found = [(delegates(text), delegates(f"def mine():\n{textwrap.indent(text, '    ')}", ["mine"])) for text in texts]
    assert sum(why is not None for pair in found for why in pair) > 1000
    monkeypatch.setattr(delegation, "_may_use", lambda texts: True)
    for text, pair in zip(texts, found, strict=True):
        again = delegates(text), delegates(f"def mine():\n{textwrap.indent(text, '    ')}", ["mine"])
        assert pair == again, text
