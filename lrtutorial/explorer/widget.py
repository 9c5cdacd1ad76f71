"""The explorer's widget: holds the values, computes sweeps off the critical path, and hands them to `explorer.js`."""

from __future__ import annotations

import copy
import json
import reprlib
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from lrtutorial.advice import Refused, Unusable, WrongType
from lrtutorial.explorer.controls import SHAPES, Control, family_label, known_hyperparameters, make_controls
from lrtutorial.explorer.entries import Entry, make_entries, turned
from lrtutorial.explorer.goal import Goal
from lrtutorial.explorer.student import StudentCodeError
from lrtutorial.figures.palette import STYLES
from lrtutorial.problems import Problem, as_number, as_numbers, get_problem, rotated_quadratic

VIEWS = ("contour", "loss", "stability", "split", "factors")
MOST_STEPS = 300
SETTLE_SECONDS = 0.03  # how long the values must rest before sweeps are computed anew
FIELD_SHAPE = (121, 141)  # rows (y) and columns (x) of a landscape that is not quadratic


class Explorer(anywidget.AnyWidget):
    """Made by `explore`. Besides the traits below it has one float trait a control, and for every optimizer
    `present_<id>` (its run at the present values) and `sweep_<id>__<control>` (its runs at every position of that
    slider). Runs travel as float32 (positions, steps+1, 3): x, y and loss f − f*; `at` holds the values they were
    computed at.
    """

    _esm = Path(__file__).with_name("explorer.js")
    _css = Path(__file__).with_name("explorer.css")

    steps = traitlets.Int(50, read_only=True).tag(sync=True)
    step = traitlets.Int(50, min=0).tag(sync=True)
    controls = traitlets.List(traitlets.Dict(), read_only=True).tag(sync=True)
    optimizers = traitlets.List(traitlets.Dict(), read_only=True).tag(sync=True)
    landscape = traitlets.Dict(read_only=True).tag(sync=True)
    views = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    goal = traitlets.Dict(read_only=True).tag(sync=True)
    comm_id = traitlets.Unicode(help="of the model, by which the page finds it", read_only=True).tag(sync=True)
    goal_met = traitlets.List(
        traitlets.Unicode(), help="ids of the optimizers that meet the goal at the present values"
    )

    @classmethod
    def create(
        cls,
        problem: str | Problem,
        optimizers: Iterable[object],
        steps: int,
        start: Sequence[float] | None,
        lr: float | Mapping[str, float] | None,
        goal: str | None,
        views: Iterable[str],
        given: Mapping[str, Any],
    ) -> Explorer:
        """Check the arguments of `explore` and make the widget with its traits."""
        chosen = get_problem(problem)
        if chosen.name == "rotated" and not isinstance(problem, str):  # a bowl of one's own stays as it was made
            chosen = copy.copy(chosen)
            chosen.name = "quadratic"
        checked_hyperparameters(chosen, lr, given)
        if chosen.name == "rotated":
            chosen = rotated_quadratic(float(given.get("kappa", 10.0)), float(given.get("angle", 30.0)))
        if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or not 1 <= steps <= MOST_STEPS:
            raise Unusable(f"expected steps from 1 to {MOST_STEPS}, got {steps!r}")
        first = chosen.start if start is None else checked_start(start)
        shown = checked_views(views)
        aim = Goal.parse(goal, int(steps)) if goal is not None else None
        entries = make_entries(optimizers, chosen)
        controls = make_controls(chosen, entries, int(steps), first, lr, given)
        traits: dict[str, object] = {
            c.key: traitlets.Float(c.value, min=min(c.limits[0], c.value), max=max(c.limits[1], c.value)).tag(sync=True)
            for c in controls
        }
        for entry in entries:
            traits[f"present_{entry.id}"] = traitlets.Dict().tag(sync=True)
            for key in entry.depends if not entry.refusal else ():
                traits[f"sweep_{entry.id}__{key}"] = traitlets.Dict().tag(sync=True)
        traits["call"] = traitlets.Dict(called(problem, entries, shown, goal, given)).tag(sync=True)
        kind = type("Explorer", (cls,), traits)  # every explorer has its own sliders, hence its own class
        made: Explorer = kind(chosen, entries, controls, int(steps), aim, shown, float(given.get("eps", 1e-8)))
        return made

    def __init__(
        self,
        problem: Problem,
        entries: list[Entry],
        controls: list[Control],
        steps: int,
        goal: Goal | None,
        views: list[str],
        eps: float,
    ) -> None:
        self._problem, self._entries, self._goal, self._eps = problem, entries, goal, eps
        self._ticks = {c.key: c.ticks for c in controls}
        self._guard = threading.RLock()
        self._moved = threading.Event()
        self._version = 0
        self._thread: threading.Thread | None = None
        self._messages: dict[str, str] = {}
        self._student_points: dict[str, tuple[dict[str, float], NDArray[np.float64]]] = {}
        families = {c.family: family_label(c.family) for c in controls}
        initial: dict[str, object] = {
            "steps": steps,
            "step": steps,
            "controls": [{**asdict(c), "group": families[c.family]} for c in controls],
            "optimizers": styled(entries),
            "landscape": landscape(problem),
            "views": [v for v in views if makes_sense(v, problem, entries)] or ["contour"],
            "goal": {"loss": goal.loss, "steps": goal.steps} if goal else {},
        }
        for name in (
            "steps",
            "controls",
            "optimizers",
            "landscape",
            "views",
            "goal",
        ):  # read-only from here on
            self.set_trait(name, initial.pop(name))
        first = {c.key: c.value for c in controls}
        for entry in entries:
            initial |= self._sweeps(entry, first) if not entry.student else {}
            if entry.refusal:
                initial[f"present_{entry.id}"] = {"at": {}, "data": b"", "message": entry.refusal}
        place = uuid.uuid4().hex
        self.set_trait("comm_id", place)
        super().__init__(model_id=place, **initial)
        self.observe(self._changed, names=[c.key for c in controls])
        self.on_msg(self._received)
        self._judge_goal()
        if any(entry.student for entry in entries):
            self._changed()

    def __repr__(self) -> str:
        names = ", ".join(entry.label for entry in self._entries)
        return f"<Explorer: {names} on {self._problem.formula}; run this cell in Jupyter to see it move>"

    def trajectory(self, optimizer: str) -> NDArray[np.float64]:
        """The run of the optimizer with this id at the present values: float64 (steps+1, 2), NaN once diverged.

        Raises ValueError for an unknown id, RuntimeError with the message of a student's run that failed.
        """
        entry = next((e for e in self._entries if e.id == optimizer), None)
        if entry is None:
            raise Unusable(f"no optimizer {optimizer!r} here; there are {', '.join(e.id for e in self._entries)}")
        values = self._snapshot()
        if entry.refusal:
            raise Refused(entry.refusal)
        if entry.student is None:
            run: NDArray[np.float64] = entry.points(self._problem_at(values), values, self._eps, self.steps)[0]
            return run
        points, message = self._run_student(entry, values)
        if message:
            raise RuntimeError(message)  # what the student's own code raised: no advice of ours
        return points

    def wait(self, seconds: float = 30.0) -> bool:
        """Wait until nothing is being computed in the background; False when it takes longer."""
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(seconds)
            return not thread.is_alive()
        return True

    def set_state(self, sync_data: dict[str, object]) -> None:
        """Take values from the page; never in the midst of a background result."""
        with self._guard:
            super().set_state(sync_data)

    def close(self) -> None:
        """Give up what is being computed and remove the widget."""
        with self._guard:
            self._version += 1
        super().close()

    def _received(self, _: object, content: object, __: object) -> None:
        if isinstance(content, dict) and content.get("type") == "hello":
            self.send({"type": "hello"})  # tells the page that a kernel is there
            lacks = content.get("lacks")
            with self._guard:
                known = {name for name in self.keys if name.startswith(("present_", "sweep_")) and getattr(self, name)}
                if lost := known.intersection(lacks if isinstance(lacks, list) else ()):
                    self.send_state(sorted(lost))

    def _snapshot(self) -> dict[str, float]:
        with self._guard:
            return {key: float(getattr(self, key)) for key in self._ticks}

    def _problem_at(self, values: Mapping[str, float]) -> Problem:
        return turned(values) if "kappa" in values else self._problem

    def _changed(self, _: object = None) -> None:
        """Values moved: let the background thread know; an older computation is given up at its next pause."""
        with self._guard:
            self._version += 1
            self._moved.set()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, daemon=True, name="explorer")
                self._thread.start()

    def _work(self) -> None:
        while True:
            self._moved.clear()
            version = self._version
            values = self._snapshot()
            self._compute(version, values)
            with self._guard:
                if version == self._version:
                    self._thread = None
                    return

    def _compute(self, version: int, values: dict[str, float]) -> None:
        """Present runs that no sweep covers at once; then, when the values rest, the sweeps."""
        references = [e for e in self._entries if not e.refusal and not e.student]
        students = [e for e in self._entries if e.student]
        for entry in references:
            if not self._covered(entry, values):
                points = entry.points(self._problem_at(values), values, self._eps, self.steps)
                self._publish(version, {f"present_{entry.id}": self._packed(entry, values, points)})
        if self._moved.wait(SETTLE_SECONDS):
            return  # the slider is still on its way
        for entry in references:
            if version != self._version:
                return
            self._publish(version, self._sweeps(entry, values))
        for entry in students:
            if version != self._version:
                return
            points, message = self._run_student(entry, values)
            self._messages[entry.id] = message
            self._publish(version, {f"present_{entry.id}": self._packed(entry, values, points[None], message)})
        self._judge_goal()
        for entry in students:
            if not self._messages[entry.id] and not self._sweep_student(version, entry, values):
                return

    def _publish(self, version: int, changes: dict[str, object]) -> None:
        """Set traits in one message, unless newer values made them useless."""
        with self._guard:
            if version == self._version and changes:
                with self.hold_sync():
                    for name, value in changes.items():
                        setattr(self, name, value)

    def _covered(self, entry: Entry, values: Mapping[str, float]) -> bool:
        """Whether some sweep holds this entry's run at these values."""
        for key in entry.depends:
            at = getattr(self, f"sweep_{entry.id}__{key}").get("at", {})
            same = all(at.get(k) == values[k] for k in entry.depends if k != key)
            if same and values[key] in self._ticks[key]:
                return True
        return False

    def _stale(self, entry: Entry, values: Mapping[str, float]) -> list[str]:
        """The controls whose sweep for this entry was computed at other values of the others."""

        def fits(key: str) -> bool:
            at = getattr(self, f"sweep_{entry.id}__{key}").get("at")
            return bool(at) and all(at[k] == values[k] for k in entry.depends if k != key)

        return [key for key in entry.depends if not fits(key)]

    def _sweeps(self, entry: Entry, values: dict[str, float]) -> dict[str, Any]:
        """A reference's stale sweeps as trait values."""
        if entry.refusal:
            return {}
        changes = {}
        for key in self._stale(entry, values):
            swept = {**values, key: np.array(self._ticks[key])}
            points = entry.points(self._problem_at(values), swept, self._eps, self.steps)
            changes[f"sweep_{entry.id}__{key}"] = self._packed(entry, values, points, swept=key)
        return changes

    def _run_student(self, entry: Entry, values: dict[str, float]) -> tuple[NDArray[np.float64], str]:
        """A student's run (steps+1, 2) at these values, and its message when it failed (then the points are NaN)."""
        assert entry.student
        started = time.perf_counter()
        try:
            points, errors = entry.student.run(self._problem_at(values), [self._job(entry, values)], self.steps)
        except StudentCodeError as error:
            return np.full((self.steps + 1, 2), np.nan), str(error)
        entry.student.seconds_per_run = time.perf_counter() - started
        return points[0], errors.get(0, "")

    def _job(self, entry: Entry, values: Mapping[str, float]) -> tuple[list[float], dict[str, float]]:
        return [values["start_x"], values["start_y"]], entry.hyperparameters(values, self._eps)

    def _sweep_student(self, version: int, entry: Entry, values: dict[str, float]) -> bool:
        """A student's stale sweeps, one slider after the other; False when given up."""
        assert entry.student
        for key in self._stale(entry, values):
            at = [{**values, key: tick} for tick in self._ticks[key]]
            parts: list[NDArray[np.float64]] = []
            try:
                groups = [[v] for v in at] if key in SHAPES else [at]  # another κ is another problem
                for group in groups:
                    jobs = [self._job(entry, v) for v in group]
                    done = entry.student.sweep(
                        self._problem_at(group[0]), jobs, self.steps, lambda: version != self._version
                    )
                    if done is None:
                        return False
                    parts.append(done)
            except StudentCodeError:
                # this slider's sweep has a run that never ends; the page asks for single runs instead
                continue
            packed = self._packed(entry, values, np.concatenate(parts), swept=key)
            self._publish(version, {f"sweep_{entry.id}__{key}": packed})
        return True

    def _packed(
        self,
        entry: Entry,
        values: Mapping[str, float],
        points: NDArray[np.float64],
        message: str = "",
        swept: str = "",
    ) -> dict[str, object]:
        """Runs (N, steps+1, 2) with their losses as one float32 buffer, and the values they belong to."""
        if swept in SHAPES:
            shapes = [turned({**values, swept: tick}) for tick in self._ticks[swept]]
            gaps = np.stack([shape.gap(run) for shape, run in zip(shapes, points, strict=True)])
        else:
            gaps = self._problem_at(values).gap(points)
        data = np.concatenate([points, gaps[..., None]], axis=-1).astype("<f4")
        return {"at": {key: values[key] for key in entry.depends}, "data": data.tobytes(), "message": message}

    def _judge_goal(self) -> None:
        if self._goal is None:
            return
        values = self._snapshot()
        met = []
        for entry in self._entries:
            try:
                gaps = self._problem_at(values).gap(self.trajectory(entry.id))
            except RuntimeError:
                continue  # not written yet, or failed: its message is on the page
            if self._goal.met_at(gaps) is not None:
                met.append(entry.id)
        self.goal_met = met


def called(
    problem: str | Problem, entries: Sequence[Entry], views: list[str], goal: str | None, given: Mapping[str, Any]
) -> dict[str, object]:
    """What of a call of `explore` no slider moves, as Python: for the line that the page copies.

    An object that one made oneself can only be named: the problem as ``problem``, a class by its own name.
    """
    rest = [f"goal={goal!r}"] if goal is not None else []
    rest += [f"views={tuple(views)!r}"] if tuple(views) != VIEWS else []
    rest += [f"eps={float(given['eps'])!r}"] if "eps" in given else []
    return {
        "problem": json.dumps(problem) if isinstance(problem, str) else "problem",
        "optimizers": [entry.expression for entry in entries],
        "rest": rest,
    }


def styled(entries: Sequence[Entry]) -> list[dict[str, object]]:
    """What the page has to know of each optimizer: its controls, colour, dashes and end marker."""
    spare = (style for name, style in STYLES.items() if name.startswith("yours"))
    shown, taken = [], set()
    for entry in entries:
        own = entry.family in STYLES and entry.student is None and not entry.refusal and entry.family not in taken
        style = STYLES[entry.family] if own else next(spare)
        taken.add(entry.family if own else "")
        shown.append(
            {
                "id": entry.id,
                "label": entry.label,
                "family": entry.family,
                "yours": not own,
                "parameters": dict(entry.parameters),
                "depends": list(entry.depends),
                "refusal": entry.refusal,
                **asdict(style),
            }
        )
    return shown


def makes_sense(view: str, problem: Problem, entries: Sequence[Entry]) -> bool:
    """Say whether a picture shows something: stability and factors belong to descent, directions to a quadratic."""
    families = {entry.family for entry in entries if not entry.refusal}
    return {
        "stability": bool(families & {"sgd", "momentum"}),
        "split": problem.is_quadratic,
        "factors": problem.is_quadratic and "sgd" in families,
    }.get(view, True)


def landscape(problem: Problem) -> dict[str, object]:
    """What the page has to know of the problem: label, bounds, minimum, curvature there, and its field when not
    quadratic. ``turned`` is λ_max where the sliders of κ and angle decide the curvature, else 0.
    """
    turns = problem.name == "rotated"
    shown: dict[str, object] = {
        "name": problem.name,
        "formula": "½ pᵀHp" if turns else problem.formula,
        "bounds": list(problem.bounds),
        "minimum": list(problem.minimum),
        "eigenvalues": problem.eigenvalues.tolist(),
        "quadratic": problem.is_quadratic,
        "noisy": hasattr(problem, "noise"),
        "hessian": problem.hessian(problem.minimum).ravel().tolist(),
        "turned": float(problem.eigenvalues[-1]) if turns else 0.0,
        "separable": problem.is_separable and not turns,
        "field": b"",
        "shape": list(FIELD_SHAPE),
    }
    if not problem.is_quadratic:
        x_min, x_max, y_min, y_max = problem.bounds
        grid = np.stack(
            np.meshgrid(np.linspace(x_min, x_max, FIELD_SHAPE[1]), np.linspace(y_min, y_max, FIELD_SHAPE[0])),
            -1,
        )
        shown["field"] = problem.gap(grid).astype("<f4").tobytes()
    return shown


def checked_views(views: object) -> list[str]:
    """The names of views that are drawn; ValueError for what is none."""
    given = [views] if isinstance(views, str) or not isinstance(views, Iterable) else list(views)
    shown = [view for view in given if isinstance(view, str) and view in VIEWS]
    if not shown or len(shown) < len(given):
        raise Unusable(f"expected views out of {', '.join(VIEWS)}; got {reprlib.repr(views)}")
    return shown


def checked_start(start: ArrayLike) -> tuple[float, float]:
    """A start point as two finite floats; ValueError otherwise."""
    point = as_numbers(start, "start=(x, y), two finite numbers")
    if point.shape != (2,) or not np.isfinite(point).all():
        raise Unusable(f"expected start=(x, y), two finite numbers; got {start!r}")
    return float(point[0]), float(point[1])


def checked_hyperparameters(problem: Problem, lr: Any, given: Mapping[str, Any]) -> None:
    """TypeError or ValueError, naming the known ones and the allowed range, for rates and hyperparameters
    that make no sense."""
    known = known_hyperparameters(problem)
    for name, asked in given.items():
        if name not in known:
            raise WrongType(f"explore() got an unknown hyperparameter {name!r}; known here: {', '.join(sorted(known))}")
        single = name in ("eps", *SHAPES)
        for value in asked.values() if isinstance(asked, Mapping) and not single else [asked]:
            checked_hyperparameter(name, value)
    for rate in lr.values() if isinstance(lr, Mapping) else [lr]:
        if rate is not None and (isinstance(rate, bool | str) or not 0 < as_number(rate) < np.inf):
            raise Unusable(f"expected a learning rate above 0, got {rate!r}")


def checked_hyperparameter(name: str, value: Any) -> None:
    """ValueError with the allowed range for a hyperparameter beyond it."""
    if name.startswith("beta") or name == "momentum":
        if not 0 <= as_number(value) < 1:
            raise Unusable(f"expected 0 ≤ {name} < 1, got {value!r}")
    elif name == "angle":
        if not 0 <= as_number(value) <= 90:
            raise Unusable(f"expected an angle from 0 to 90 degrees, got {value!r}")
    elif not as_number(value) > 0:
        raise Unusable(f"expected {name} above 0, got {value!r}")
