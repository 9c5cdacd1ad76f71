// @ts-check
/** Brings the answer cells of a page to life: puts fields where the build left room, and Python behind them. */

import { Experiment } from "./experiment.js";
import { element, place } from "./page.js";
import { progressOf, saveCopy } from "./progress.js";
import { values } from "./foretold.js";
import { Runtime } from "./runtime.js";
import { Step } from "./step.js";
import { Store } from "./store.js";
import { written } from "./written.js";

const root = document.documentElement;
const about = JSON.parse(document.getElementById("lr-page")?.textContent ?? "{}");
const store = new Store();
const line = element("p", { class: "lr-runtime", role: "status" });

/** @type {Record<string, string>} */
const SAID = {
  loading: "Python is loading in the background; you can read and type already.",
  ready: "Answers are checked in this page.",
  failed: "Python could not be loaded, so answers can't be checked on this page. Reload it to try again; all of it can be read.",
};

/** What the worker must know to go on where an earlier one, or an earlier visit, was. */
function remembered() {
  /** @type {Record<string, Record<string, string>>} */
  const answers = {};
  for (const step of about.steps) {
    const text = store.get("checked", step.id);
    if (text) answers[step.id] = { [step.answers[0]]: text, ...values(step, store) };
  }
  const compared = store.get("compared", about.exercise) ? [about.exercise] : [];
  return Object.keys(answers).length ? [{ do: "resume", answers, compared }] : [];
}

const runtime = new Runtime(() => new Worker(new URL("worker.js", import.meta.url), { type: "module" }), {
  patience: Number(root.dataset.lrPatience) || 10_000,
  remember: remembered,
  recalled: (answer) => steps.forEach((each) => each.recall(answer.verdicts?.[each.about.id])),
  changed: (status) => {
    root.dataset.lrRuntime = status;
    line.textContent = SAID[status];
    if (status === "failed") navigator.serviceWorker?.controller?.postMessage("mend");
  },
});

/** @type {Step[]} */
let steps = [];
/** @type {Experiment | null} */
let experiment = null;
const desk = {
  runtime,
  store,
  checked: (/** @type {string} */ step, /** @type {any} */ answer) => experiment?.checked(step, answer),
};

/** @param {any} each */
function addStep(each) {
  const step = new Step(each, desk);
  place(each.id)?.append(step.root);
  step.write(store.get("answer", each.id));
  return step;
}

function addGuess() {
  const field = element("input", { type: "text", id: "lr-guess", "data-lr-answer": "my_prediction", autocomplete: "off" });
  field.value = store.get("guess", about.exercise);
  field.addEventListener("input", () => store.set("guess", about.exercise, field.value));
  const label = element("label", { for: field.id }, element("code", {}, "my_prediction ="));
  place("prediction")?.append(element("div", { class: "lr-step" }, label, field, element("p", { class: "lr-count" }, "Kept in this browser.")));
}

function build() {
  document.querySelector("article h1")?.after(line);
  const problem = element("div", { class: "lr-problem", role: "status" });
  const save = element("button", { type: "button", "data-lr-save": true, onclick: () => saveCopy(desk) }, "Save a copy");
  const tell = (/** @type {string} */ said) => problem.replaceChildren(...(said ? [`${said} `, save] : [])); // leaving loses it
  store.onproblem = tell;
  tell(store.problem);
  line.after(problem);
  steps = about.steps.map(addStep);
  addGuess();
  const predictions = about.steps.filter((/** @type {any} */ each) => each.foretells).map((/** @type {any} */ each) => each.id);
  if (predictions.length) experiment = new Experiment(about.exercise, predictions, desk);
  for (const step of steps) if (store.get("committed", step.about.id)) experiment?.checked(step.about.id, { status: "noted", committed: true });
  if (about.written) place("written")?.append(written(about.exercise, about.written, desk));
  const map = document.querySelector(".lr-map");
  if (map) progressOf(desk, map);
  addEventListener("storage", (event) => {
    for (const step of steps) if (event.key === `lrtutorial:answer:${step.about.id}`) step.write(event.newValue ?? "");
  });
  root.classList.add("lr-live");
}

build();

/** For tests and the browser's console. */
export { desk, runtime, store };
