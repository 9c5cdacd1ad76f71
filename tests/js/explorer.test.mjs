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
const land = { separable: false, quadratic: true };
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
  const field = js.fieldOf({ quadratic: true, shape: [2, 3], bounds: [-1, 1, 0, 2], hessians: [[2, 0, 0, 20]] }, 0);
  assert.deepEqual([...field], [1, 0, 1, 41, 40, 41]);
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
