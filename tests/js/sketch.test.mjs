// Small tests of what sketch.js computes without a page: run by `node --test tests/js`, nothing to install.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const source = readFileSync(new URL("../../lrtutorial/checking/pad/sketch.js", import.meta.url), "utf8");
const { axes, crossed, heights, line } = await import(`data:text/javascript,${encodeURIComponent(source)}`);

const linear = { curves: { plain: "plain descent" }, at: [0, 1, 2], across: "step", up: "y", low: -5, high: 5, logAcross: false, logUp: false, name: "sketch_1" };
const log = { ...linear, at: [1, 10, 1000], low: 0.003, high: 3, logAcross: true, logUp: true };

test("a height goes to its place and back, with three digits, and stays on the axis", () => {
  for (const spec of [linear, log]) {
    const on = axes(spec);
    for (const share of [0, 0.25, 0.5, 1]) assert.ok(Math.abs(on.share(on.height(share)) - share) < 0.003);
    assert.equal(on.height(7), spec.high);
    assert.equal(on.height(-1), spec.low);
    assert.ok(Math.abs(on.shareAt(on.y(on.height(0.3))) - 0.3) < 0.003);
  }
});

test("points stand where the logarithm puts them", () => {
  const on = axes(log);
  assert.ok(Math.abs((on.x(1) - on.x(0)) / (on.x(2) - on.x(0)) - 1 / 3) < 1e-9);
});

test("the numbers beside a logarithmic axis are powers of ten on it", () => {
  assert.deepEqual(heights(log), [0.01, 0.1, 1]);
  assert.deepEqual(heights(linear), [-5, -2.5, 0, 2.5, 5]);
});

test("a stroke gives each column that it crosses the height where it crosses it, whichever way it goes", () => {
  assert.deepEqual(crossed([0, 10, 20], { x: 0, share: 0 }, { x: 20, share: 1 }), [[1, 0.5], [2, 1]]);
  assert.deepEqual(crossed([0, 10, 20], { x: 15, share: 1 }, { x: 5, share: 0 }), [[1, 0.5]]);
  assert.deepEqual(crossed([0, 10, 20], { x: 11, share: 1 }, { x: 19, share: 0 }), []);
  assert.deepEqual(crossed([0, 10, 20], { x: 10, share: 1 }, { x: 10, share: 0 }), []);
});

test("the line to keep is Python", () => {
  assert.equal(line(linear, { plain: [1, null, 0.5] }), 'sketch_1 = {"plain": [1, None, 0.5]}');
});
