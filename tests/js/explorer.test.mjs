// Small tests of what explorer.js computes without a page: run by `node --test tests/js`, nothing to install.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const source = readFileSync(new URL("../../lrtutorial/explorer/explorer.js", import.meta.url), "utf8");
const js = await import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`);

const view = (numbers) => new DataView(new Float32Array(numbers).buffer);
const optimizer = { id: "sgd", label: "SGD", family: "sgd", yours: false, parameters: { lr: "sgd_lr" },
  depends: ["sgd_lr", "start_x"], refusal: "", color: "#000000", dark: "#000000", dash: [], marker: "circle" };
const controls = [
  { key: "sgd_lr", name: "lr", label: "", family: "sgd", group: "SGD", value: 0.1, ticks: [0.1, 0.2] },
  { key: "start_x", name: "start_x", label: "", family: "start", group: "", value: 5, ticks: [4, 5] },
];
const land = { separable: false, quadratic: true, hessian: [2, 0, 0, 20], eigenvalues: [2, 20], turned: 0 };
const model = (traits) => ({ get: (name) => ({ steps: 1, controls, landscape: land, ...traits })[name] });
const run = (x) => [x, 0, x * x, x / 2, 0, (x * x) / 4];

test("floats survive a buffer that is not aligned", () => {
  const bytes = new Uint8Array(9);
  bytes.set(new Uint8Array(new Float32Array([1.5, -2]).buffer), 1);
  assert.deepEqual([...js.floats(new DataView(bytes.buffer, 1, 8))], [1.5, -2]);
});

test("a run is taken from the sweep that was computed at the other sliders' values", () => {
  const traits = { sweep_sgd__sgd_lr: { at: { sgd_lr: 0.1, start_x: 5 }, data: view([...run(1), ...run(2)]), message: "" } };
  const found = js.findRun(optimizer, { sgd_lr: 0.2, start_x: 5 }, model(traits));
  assert.deepEqual([...found.points], run(2));
  assert.equal(js.findRun(optimizer, { sgd_lr: 0.2, start_x: 4 }, model(traits)), null);
  assert.equal(js.findRun(optimizer, { sgd_lr: 0.15, start_x: 5 }, model(traits)), null);
});

test("the run at exactly these values comes before any sweep, with its message", () => {
  const traits = { present_sgd: { at: { sgd_lr: 0.15, start_x: 5 }, data: view(run(7)), message: "raised" } };
  const found = js.findRun(optimizer, { sgd_lr: 0.15, start_x: 5 }, model(traits));
  assert.deepEqual([[...found.points], found.message], [run(7), "raised"]);
});

test("without a kernel a failed run of one's own stands for all values, a good one and a reference's do not", () => {
  const traits = (message) => model({ present_sgd: { at: { sgd_lr: 0.15, start_x: 5 }, data: view(run(7)), message } });
  const yours = { ...optimizer, yours: true };
  assert.equal(js.failedRun(yours, traits("raised")).message, "raised");
  assert.equal(js.failedRun(yours, traits("")), null);
  assert.equal(js.failedRun(yours, model({})), null);
  assert.equal(js.failedRun(optimizer, traits("raised")), null);
});

test("fate tells failed, diverged, growing and fine apart", () => {
  assert.equal(js.fate(new Float32Array([NaN, NaN, NaN]), 0).kind, "failed");
  assert.deepEqual(js.fate(new Float32Array([1, 1, 1, NaN, NaN, NaN]), 1), { kind: "diverged", since: 1 });
  assert.equal(js.fate(new Float32Array([1, 1, 1, 2, 2, 2]), 1).kind, "growing");
  assert.equal(js.fate(new Float32Array([1, 1, 2, 1, 1, 1]), 1).kind, "fine");
});

test("a goal is met within its steps only", () => {
  const points = new Float32Array([0, 0, 3, 0, 0, 2, 0, 0, 1]);
  assert.equal(js.metAt(points, { loss: 1.5, steps: 2 }), 2);
  assert.equal(js.metAt(points, { loss: 1.5, steps: 1 }), -1);
});

test("spectral radius: plain descent's factor, the bound 2(1+β)/λ, a negative curvature", () => {
  assert.ok(Math.abs(js.spectralRadius(1 / 11, 0, [2, 20]) - 9 / 11) < 1e-12);
  for (const beta of [0, 0.5, 0.9, 0.99]) {
    const bound = (2 * (1 + beta)) / 20;
    assert.ok(js.spectralRadius(bound * 0.999, beta, [2, 20]) < 1);
    assert.ok(js.spectralRadius(bound * 1.001, beta, [2, 20]) > 1);
  }
  assert.ok(js.spectralRadius(0.01, 0.5, [-1]) > 1);
});

test("clip keeps what is inside and drops what is far away", () => {
  const box = { left: 0, top: 0, width: 10, height: 10 };
  assert.deepEqual(js.clip(2, 2, 8, 8, box), [2, 2, 8, 8]);
  assert.deepEqual(js.clip(5, -1e6, 5, 1e6, box).map((v) => Math.round(v * 1e6) / 1e6), [5, 0, 5, 10]);
  assert.equal(js.clip(20, 20, 30, 40, box), null);
});

test("an isoline of a circle lies on the circle", () => {
  const n = 41, field = new Float32Array(n * n);
  for (let j = 0; j < n; j++) for (let i = 0; i < n; i++) field[j * n + i] = (i - 20) ** 2 + (j - 20) ** 2;
  const segments = js.isoline(field, n, n, 100);
  assert.ok(segments.length > 100 && segments.length % 4 === 0);
  for (let k = 0; k < segments.length; k += 2) assert.ok(Math.abs(Math.hypot(segments[k] - 20, segments[k + 1] - 20) - 10) < 0.05);
});

test("a quadratic's field comes from its Hessian", () => {
  const field = js.fieldOf({ quadratic: true, shape: [2, 3], bounds: [-1, 1, 0, 2] }, [2, 0, 0, 20]);
  assert.deepEqual([...field], [1, 0, 1, 41, 40, 41]);
});

test("a turned bowl keeps its eigenvalues, and its directions are the Hessian's eigenvectors", () => {
  for (const [kappa, angle] of [[1, 0], [10, 30], [100, 90], [4, 45]]) {
    const { hessian: [a, b, c, d], eigenvalues, directions } = js.curvatureAt({ ...land, turned: 20 }, { kappa, angle });
    assert.deepEqual(eigenvalues, [20 / kappa, 20]);
    directions.forEach(([x, y], i) => {
      assert.ok(Math.abs(a * x + b * y - eigenvalues[i] * x) < 1e-9 && Math.abs(c * x + d * y - eigenvalues[i] * y) < 1e-9);
    });
  }
  const still = js.curvatureAt({ ...land, hessian: [3, 1, 1, 3], eigenvalues: [2, 4] }, {});
  still.directions.forEach(([x, y], i) => assert.ok(Math.abs(3 * x + y - [2, 4][i] * x) < 1e-9 && Math.abs(x + 3 * y - [2, 4][i] * y) < 1e-9));
});

test("the losses along the eigen-directions add up to the loss", () => {
  const { hessian: [a, b, , d], eigenvalues, directions } = js.curvatureAt({ ...land, turned: 20 }, { kappa: 7, angle: 25 });
  const points = new Float32Array([5, 4, 0, -1, 2, 0]);
  const parts = eigenvalues.map((e, i) => js.lossAlong(points, [0, 0], e, directions[i]));
  [[5, 4], [-1, 2]].forEach(([x, y], t) => {
    assert.ok(Math.abs(parts[0][t] + parts[1][t] - (0.5 * a * x * x + b * x * y + 0.5 * d * y * y)) < 1e-4);
  });
});

test("a typed number is read as a person writes it, and nothing else is", () => {
  const read = { "0.1": 0.1, "0,05": 0.05, "1/11": 1 / 11, " 2 / 22 ": 1 / 11, "1e-3": 1e-3, "10^-3": 1e-3, "5·10^-4": 5e-4, "10⁻⁴": 1e-4, "5·10⁻⁴": 5e-4, "10²": 100, "−3": -3, ".5": 0.5 };
  for (const [text, value] of Object.entries(read)) assert.equal(js.parseNumber(text), value, text);
  for (const text of ["", "abc", "1/2/3", "1/0", "0.1x", "2**3", "1,000,000", "Infinity", "0x10", "2⁻³", "10⁻", "1e999"]) assert.ok(Number.isNaN(js.parseNumber(text)), text);
});

test("the settings are a line of Python that shows them again, every number exactly", () => {
  const control = (family, name) => ({ key: family === "start" ? name : `${family}_${name}`, name, family, ticks: [] });
  const all = [control("sgd", "lr"), control("adam", "lr"), control("adam", "beta1"), control("start", "start_x"), control("start", "start_y")];
  const values = { sgd_lr: 1 / 11, start_x: 5, start_y: -4, adam_lr: 0.5, adam_beta1: 0.9, momentum_momentum: 0.9, nag_momentum: 0.5 };
  const call = { problem: '"bowl"', optimizers: ['"sgd"', "Adam", "None"], rest: ["eps=1e-06"] };
  assert.equal(js.asPython(call, all, values, 50), 'explore("bowl", ["sgd", Adam, None], steps=50, start=(5, -4), '
    + 'lr={"sgd": 0.09090909090909091, "adam": 0.5}, beta1=0.9, eps=1e-06)');
  const two = [control("momentum", "momentum"), control("nag", "momentum"), control("start", "start_x"), control("start", "start_y")];
  assert.equal(js.asPython(call, two, values, 5),
    'explore("bowl", ["sgd", Adam, None], steps=5, start=(5, -4), momentum={"momentum": 0.9, "nag": 0.5}, eps=1e-06)');
});

test("numbers are written for reading", () => {
  assert.deepEqual([0.05, 1234, 6.6e-4, 0.999, -3, 0, 1e-6].map(js.format), ["0.05", "1234", "6.6·10⁻⁴", "0.999", "−3", "0", "10⁻⁶"]);
});

test("an optimizer's line says what became of it", () => {
  const points = new Float32Array([5, 4, 185, 1, 0, 1]);
  assert.equal(js.describe(optimizer, { points, message: "" }, 1, { loss: 2, steps: 1 }), "loss 1, goal met at step 1 ✓");
  assert.equal(js.describe(optimizer, null, 1, null), "waiting for the kernel");
  assert.equal(js.describe({ ...optimizer, refusal: "not written yet" }, null, 1, null), "not written yet");
});
