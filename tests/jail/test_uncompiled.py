"""torch without its compiler: the same steps, and the compiler for whoever asks for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

WITHOUT = "import sys, torch\nimport autograder.jail.uncompiled\nassert type(torch._dynamo).__name__ == 'Uncompiled'\n"
STEPS = """
import torch
torch.set_num_threads(1)
for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop, torch.optim.Adagrad):
    torch.manual_seed(3)
    model = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2))
    optimizer = kind(model.parameters(), lr=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3)
    for _ in range(7):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(torch.randn(8, 3)), torch.arange(8) % 2).backward()
        optimizer.step()
        schedule.step()
    print(kind.__name__, [weight.tolist() for weight in model.parameters()])
"""


FIRST = "torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)\n"
ASKS = (
    "print(torch.compile(lambda x: 2 * x, backend='eager')(torch.ones(2)).tolist() == [2, 2])",
    "import torch._dynamo.config; print(torch._dynamo.config.__name__ == 'torch._dynamo.config')",
    "from torch._dynamo import optimize; print(callable(optimize))",
    "import importlib.util; print(importlib.util.find_spec('torch._dynamo') is not None)",
    "torch._dynamo.reset(); print(hasattr(sys.modules['torch._dynamo'], 'optimize'))",
)
#: Runs each of its words in a process of its own, forked when torch is imported: that takes as long as all else. So is
#: SymPy, half of what the compiler's own import takes; most of the rest would be a search for garbage where none is.
EACH = f"""import gc
gc.disable()
{WITHOUT}
import json, os, sympy
assert 'torch._dynamo.config' not in sys.modules
gc.freeze()
for code in json.loads(sys.argv[1]):
    if os.fork() == 0:
        exec(code)
        sys.stdout.flush()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0, code
    print("--", flush=True)
"""


def python(code: str, *words: str) -> str:
    """What a fresh interpreter prints."""
    command = [sys.executable, "-W", "ignore", "-c", code, *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def without_the_compiler(*codes: str) -> list[str]:
    """What each prints where torch was imported without its compiler, and nothing has happened since."""
    *said, end = python(EACH, json.dumps(codes)).split("--\n")
    assert end == "" and len(said) == len(codes)
    return said


def test_optimizers_take_the_same_steps_and_the_compiler_stays_away() -> None:
    """It also stays where it is loaded already."""
    (without,) = without_the_compiler(STEPS + "print(type(torch._dynamo).__name__)")
    loaded = "print(torch._dynamo is compiler, uncompiled.install())"
    with_compiler = python(
        f"import torch, torch._dynamo as compiler\nfrom autograder.jail import uncompiled\n{STEPS}{loaded}"
    )
    assert without.splitlines()[:-1] == with_compiler.splitlines()[:-1]
    assert without.splitlines()[-1] == "Uncompiled" and with_compiler.splitlines()[-1] == "True False"


def test_whoever_asks_for_the_compiler_has_it() -> None:
    """Before there is an optimizer, and after."""
    asked = [f"{ask}\n{FIRST}" for ask in ASKS] + [f"{FIRST}\n{ask}" for ask in ASKS]
    assert dict(zip(asked, without_the_compiler(*asked), strict=True)) == dict.fromkeys(asked, "True\n")
