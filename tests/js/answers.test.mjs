// Small tests of what the book's answer scripts compute without a page: run by `node --test tests/js`.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { mock } from "node:test";

const load = (name) => {
  const source = readFileSync(new URL(`../../book/_static/answers/${name}`, import.meta.url), "utf8");
  return import(`data:text/javascript;base64,${Buffer.from(source).toString("base64")}`);
};
const { Runtime, TookTooLong, NoRuntime, Superseded } = await load("runtime.js");
const { Store, exported, restoreAnswers, UNKEPT } = await load("store.js");
const { typedInto, chosen } = await load("keypad.js");

/** A worker that answers what it is told to, when it is told to. */
class FakeWorker {
  static made = [];
  constructor() {
    FakeWorker.made.push(this);
    this.asked = [];
    this.ended = false;
  }
  postMessage({ id, request }) {
    this.asked.push(JSON.parse(request));
    this.id = id;
  }
  terminate() {
    this.ended = true;
  }
  ready() {
    this.onmessage({ data: { ready: true } });
  }
  answer(data) {
    this.onmessage({ data: { id: this.id, answer: JSON.stringify(data) } });
  }
}
const begin = (options) => {
  FakeWorker.made = [];
  const runtime = new Runtime(() => new FakeWorker(), options);
  return { runtime, worker: FakeWorker.made[0] };
};

test("a question asked before Python is ready is asked when it is, one at a time", async () => {
  const { runtime, worker } = begin();
  const [first, second] = [runtime.ask({ do: "one" }), runtime.ask({ do: "two" })];
  assert.deepEqual(worker.asked, []);
  worker.ready();
  assert.deepEqual(worker.asked, [{ do: "one" }]);
  worker.answer({ said: 1 });
  assert.deepEqual(await first, { said: 1 });
  worker.answer({ said: 2 });
  assert.deepEqual(await second, { said: 2 });
});

test("a question that goes on is stopped with its worker; the next one remembers and answers", async () => {
  const { runtime, worker } = begin({ patience: 5, remember: () => [{ do: "resume" }] });
  worker.ready();
  worker.answer({});
  const endless = runtime.ask({ do: "endless" });
  const next = runtime.ask({ do: "next" });
  await assert.rejects(endless, TookTooLong);
  assert.equal(worker.ended, true);
  const other = FakeWorker.made[1];
  runtime.patience = 10_000;
  other.ready();
  assert.deepEqual(other.asked, [{ do: "resume" }]);
  other.answer({});
  other.answer({ said: 3 });
  assert.deepEqual(await next, { said: 3 });
});

test("what is remembered is told to the page; a reader's own question waits for it", async () => {
  const told = [];
  const { runtime, worker } = begin({ remember: () => [{ do: "resume" }], recalled: (answer) => told.push(answer) });
  const own = runtime.ask({ do: "check" });
  worker.ready();
  worker.answer({ verdicts: {} });
  worker.answer({ said: 1 });
  assert.deepEqual([told, await own], [[{ verdicts: {} }], { said: 1 }]);
});

test("the first question of a kind has three times as long", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { runtime, worker } = begin({ patience: 100 });
    worker.ready();
    const first = runtime.ask({ do: "check" });
    mock.timers.tick(299);
    assert.equal(worker.ended, false);
    worker.answer({});
    await first;
    const second = runtime.ask({ do: "check" });
    mock.timers.tick(99);
    assert.equal(worker.ended, false);
    mock.timers.tick(1);
    assert.equal(worker.ended, true);
    await assert.rejects(second, TookTooLong);
  } finally {
    mock.timers.reset();
  }
});

test("a newer question of the same kind takes the place of one that waits", async () => {
  const { runtime, worker } = begin();
  const old = runtime.ask({ do: "read", text: "a" }, "read");
  const newer = runtime.ask({ do: "read", text: "ab" }, "read");
  await assert.rejects(old, Superseded);
  worker.ready();
  worker.answer({ html: "ab" });
  assert.deepEqual(await newer, { html: "ab" });
});

test("a worker that fails refuses what waits and what comes", async () => {
  const { runtime, worker } = begin();
  const waiting = runtime.ask({ do: "one" });
  worker.onmessage({ data: { failed: "no wasm" } });
  await assert.rejects(waiting, NoRuntime);
  await assert.rejects(runtime.ask({ do: "two" }), NoRuntime);
  assert.equal(runtime.status, "failed");
});

test("one can wait for Python to be ready", async () => {
  const { runtime, worker } = begin();
  const waiting = runtime.whenReady();
  worker.ready();
  worker.answer({ count: 0 });
  await waiting;
  await runtime.whenReady();
  assert.equal(worker.asked.length, 1);
});

test("a fault of Python's is an error of that question alone", async () => {
  const { runtime, worker } = begin();
  worker.ready();
  const asked = runtime.ask({ do: "one" });
  worker.answer({ error: "KeyError: 'one'" });
  await assert.rejects(asked, /KeyError/);
  assert.equal(runtime.status, "ready");
});

/** A browser's storage; `room` is how many keys it takes. */
const storage = (room = 100) => {
  const held = new Map();
  return {
    get length() {
      return held.size;
    },
    key: (i) => [...held.keys()][i] ?? null,
    getItem: (key) => held.get(key) ?? null,
    removeItem: (key) => held.delete(key),
    setItem: (key, value) => {
      if (!held.has(key) && held.size >= room) throw new Error("full");
      held.set(key, value);
    },
  };
};

test("what has no room is kept as long as the page, and that is said once", () => {
  const said = [];
  const store = new Store(() => storage(1));
  store.onproblem = (problem) => said.push(problem);
  store.set("answer", "a1-gradient", "a*x");
  store.set("answer", "a1-update", "x");
  store.set("answer", "a1-condition", "1");
  assert.deepEqual(store.all("answer"), { "a1-gradient": "a*x", "a1-update": "x", "a1-condition": "1" });
  assert.deepEqual(said, [UNKEPT]);
});

test("a browser without storage keeps nothing and says so", () => {
  const store = new Store(() => {
    throw new Error("private");
  });
  assert.equal(store.problem, UNKEPT);
  store.set("answer", "a", "1");
  assert.equal(store.get("answer", "a"), "1");
});

test("a saved copy gives answers back, as text; what has another form is passed over", () => {
  const store = new Store(() => storage());
  store.set("answer", "a1-gradient", "a*x");
  store.set("progress", "", '{"format": "lrtutorial progress", "version": 1, "steps": {"s": 1}}');
  const file = exported(store, ["answer"]);
  assert.deepEqual(JSON.parse(file).steps, { s: 1 });
  const other = new Store(() => storage());
  restoreAnswers(other, ["answer"], file);
  assert.deepEqual(other.all("answer"), { "a1-gradient": "a*x" });
  const hostile = '{"answers": {"answer": {"../x": "1", "b": 5, "c": ["x"], "__proto__": "y", "d": "ok"}, "other": {"e": "1"}}}';
  restoreAnswers(other, ["answer"], hostile);
  assert.deepEqual(Object.keys(other.all("answer")).filter((name) => !name.startsWith("__")).sort(), ["a1-gradient", "d"]);
});

test("keys put products between values, spaces around words, and nothing else", () => {
  const type = (...keys) => keys.reduce((text, key) => typedInto(text, key, "").text, "");
  assert.equal(type("eta", "a", "x"), "eta*a*x");
  assert.equal(type("2", "/", "(", "a", "+", "1", ")", "x"), "2/(a+1)*x");
  assert.equal(type("0", "<", "eta", "and", "eta", "<", "2", "/", "a"), "0<eta and eta<2/a");
  assert.equal(type("|", "1", "-", "eta", "a", "|", "<", "1"), "|1-eta*a|<1");
  assert.equal(type("sqrt(", "x", ")", "g"), "sqrt(x)*g");
  assert.equal(type("g_seq(", "t", "-", "1", ")"), "g_seq(t-1)");
  assert.equal(type("1", "0", ".", "5"), "10.5");
  assert.deepEqual(typedInto("a", "x", "+1"), { text: "a*x+1", caret: 3 });
});

test("a word takes the place of another; in an ordering it goes to the end", () => {
  assert.equal(chosen("choice", "0.1", "0.464"), "0.464");
  assert.equal(chosen("ordering", "", "sgd"), "sgd");
  assert.equal(chosen("ordering", "sgd, adam", "sgd"), "adam, sgd");
});
