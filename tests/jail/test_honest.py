"""Honest work runs in the jail as it does outside, in both profiles."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pytest

MOMENTUM = """
import numpy as np
class Momentum:
    def __init__(self, params, lr, momentum=0.9):
        self.params, self.lr, self.momentum = params, lr, momentum
        self.buffers = [np.zeros_like(p) for p in params]
    def step(self, grads):
        for p, v, g in zip(self.params, self.buffers, grads):
            v *= self.momentum
            v += g
            p -= self.lr * v
p = np.array([1.0, 1.0])
o = Momentum([p], 0.05)
for _ in range(20):
    o.step([np.array([2.0, 20.0]) * p])
"""


@pytest.mark.parametrize("profile", ["numpy", "torch"])
def test_numpy_gives_the_same_numbers_as_outside(run: Any, profile: str) -> None:
    ran = run(MOMENTUM, "print(p.tobytes().hex())", profile=profile)
    namespace: dict[str, Any] = {}
    exec(MOMENTUM, namespace)
    inside = np.frombuffer(bytes.fromhex(ran.text().strip()))
    assert ran.error(0) == "" and ran.report.level == "full"
    np.testing.assert_allclose(inside, namespace["p"], rtol=1e-15)


def test_sympy_solves_and_shows(run: Any) -> None:
    ran = run("import sympy as s; x = s.symbols('x'); s.solve(x**2 - 2, x)[1]")
    (output,) = ran.cells[0].outputs
    assert output.data["text/plain"] == "sqrt(2)" and "\\sqrt{2}" in output.data["text/latex"]


def test_a_figure_is_shown_as_a_picture_once(run: Any) -> None:
    ran = run(
        "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2], [3, 4])\n"
        "ax.set_title(r'$\\alpha$')\nplt.show()",
        "plt.plot([1, 2]);",
        "plt.savefig('figure.pdf')\nimport os\nprint(os.path.getsize('figure.pdf') > 1000)",
    )
    for cell in ran.cells[:2]:
        (output,) = cell.outputs
        assert base64.b64decode(output.data["image/png"]).startswith(b"\x89PNG")
    assert ran.text(2).startswith("True")


TRAINING = """
import torch
from torch.utils.data import DataLoader, TensorDataset
torch.manual_seed(0)
x = torch.randn(64, 3)
loader = DataLoader(TensorDataset(x, x @ torch.tensor([[1.0], [-2.0], [0.5]])), batch_size=8, shuffle=True)
layers = torch.nn.Linear(3, 16), torch.nn.BatchNorm1d(16), torch.nn.ReLU(), torch.nn.Linear(16, 1)
model = torch.nn.Sequential(*layers)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
scheduler = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 10)
losses = []
for _ in range(5):
    for a, b in loader:
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(a), b)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()
"""


def test_torch_trains_the_same_network_as_outside(run: Any) -> None:
    ran = run(TRAINING, "print(*(loss.hex() for loss in losses))", profile="torch")
    namespace: dict[str, Any] = {}
    exec(TRAINING, namespace)
    assert ran.error(0) == ""
    inside = [float.fromhex(word) for word in ran.text().split()]
    np.testing.assert_allclose(inside, namespace["losses"], rtol=1e-4)
    assert inside[-1] < inside[0]


def test_torch_keeps_its_threads_when_asked_for_more(run: Any) -> None:
    """OpenMP's pool starts in the child; in the zygote it would have hung every kernel."""
    ran = run(
        "import torch; torch.set_num_threads(2); a = torch.ones(600, 600); print(float((a @ a)[0, 0]))",
        profile="torch",
    )
    assert ran.text() == "600.0\n"


@pytest.mark.parametrize("way", ["import torch", "import sys; sys.modules.pop('torch'); import torch.optim"])
def test_torch_cannot_be_had_in_the_numpy_profile(run: Any, way: str) -> None:
    assert run(way).error() == "ModuleNotFoundError"


@pytest.mark.parametrize("left_out", [[], ["view"]], ids=["view", "landlock"])
def test_no_file_of_a_hidden_package_can_be_read(run: Any, left_out: list[str]) -> None:
    import torch

    ran = run(f"open({torch.__file__!r})", minimum="confined", layers_left_out=left_out)
    assert ran.error() in ("FileNotFoundError", "PermissionError")
    shown = run(f"open({torch.__file__!r}).close()", minimum="confined", layers_left_out=left_out, profile="torch")
    assert shown.error() == ""


def test_tracebacks_late_imports_and_scratch_files_work(run: Any) -> None:
    ran = run(
        "def f():\n    return 1 / 0\nf()",
        "import xml.dom.minidom, nbformat.v1",
        "import tempfile, pathlib\nwith tempfile.NamedTemporaryFile('w+') as file:\n    file.write('x')\n"
        "pathlib.Path('notes.txt').write_text('mine')\nprint(pathlib.Path('notes.txt').read_text())\n"
        "print(pathlib.Path(tempfile.gettempdir()) == pathlib.Path.cwd())",
        "%timeit -n1 -r1 pass",
        "%%writefile mine.py\nanswer = 42",
        "import mine; mine.answer",
    )
    assert ran.error(0) == "ZeroDivisionError" and "return" in ran.cells[0].outputs[0].traceback[-2]
    assert [ran.error(index) for index in range(1, 6)] == [""] * 5
    assert ran.text(2) == "mine\nTrue\n" and ran.text(5) == "42"


def test_widgets_and_background_threads_work(run: Any) -> None:
    ran = run(
        "import ipywidgets, threading\nslider = ipywidgets.IntSlider(3)\nfound = []\n"
        "thread = threading.Thread(target=lambda: found.append(slider.value))\n"
        "thread.start(); thread.join(); print(found)",
        "import asyncio\nawait asyncio.sleep(0.01)\nprint('awaited')",
    )
    assert ran.text(0) == "[3]\n" and ran.text(1) == "awaited\n"


def test_a_named_package_can_be_imported_and_its_neighbours_cannot(run: Any, tmp_path: Any, monkeypatch: Any) -> None:
    """As in the course's own folder: the students' package lies beside the solutions."""
    (tmp_path / "shown_package").mkdir()
    (tmp_path / "shown_package" / "__init__.py").write_text("value = 7")
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "b2.py").write_text("answer = 1")
    monkeypatch.syspath_prepend(tmp_path)
    ran = run(
        "import shown_package; print(shown_package.value)",
        "import solutions.b2",
        f"open({str(tmp_path / 'solutions' / 'b2.py')!r})",
        packages=["shown_package"],
        canaries=[str(tmp_path / "solutions" / "b2.py")],
    )
    assert ran.text(0) == "7\n" and ran.error(1) == "ModuleNotFoundError" and ran.error(2) == "FileNotFoundError"


def test_data_named_readable_is_read_only(run: Any, tmp_path: Any) -> None:
    (tmp_path / "data.csv").write_text("1,2")
    ran = run(
        f"print(open({str(tmp_path / 'data.csv')!r}).read())",
        f"open({str(tmp_path / 'data.csv')!r}, 'w')",
        readable=[str(tmp_path / "data.csv")],
        cwd=tmp_path,
    )
    assert ran.text(0) == "1,2\n" and ran.error(1) in ("OSError", "PermissionError")
