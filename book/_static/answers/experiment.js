// @ts-check
/** Part C: what an experiment shows opens when its predictions are committed; then they are compared. */

import { element, place } from "./page.js";

export class Experiment {
  /**
   * @param {string} exercise @param {string[]} predictions ids of its steps
   * @param {import("./step.js").Desk} desk
   */
  constructor(exercise, predictions, desk) {
    this.exercise = exercise;
    this.predictions = predictions;
    this.desk = desk;
    this.committed = new Set();
    this.outcomes = outcomes();
    this.note = element("p", { class: "lr-locked", role: "note" });
    this.outcomes[0]?.before(this.note);
    this.result = element("div", { class: "lr-said" });
    this.button = element("button", { type: "button", "data-lr-compare": exercise, onclick: () => this.compare() }, "Compare with the experiment");
    place("compare")?.append(element("div", { class: "lr-step" }, this.button, this.result));
    this.show();
  }

  /** @param {string} step @param {{status: string, committed?: boolean}} answer */
  checked(step, answer) {
    if (!this.predictions.includes(step)) return;
    if (answer.committed) this.committed.add(step);
    this.show();
  }

  get open() {
    return this.committed.size === this.predictions.length;
  }

  show() {
    for (const each of this.outcomes) each.hidden = !this.open;
    this.note.hidden = this.open;
    const left = this.predictions.length - this.committed.size;
    this.note.textContent =
      `The experiment and what it shows open here once you have committed your predictions, each with a line of why: ${left} still to go.`;
    for (const fold of this.open ? document.querySelectorAll(".tag_experiment details:not(.above-input)") : []) fold.setAttribute("open", "");
    document.documentElement.dataset.lrExperiment = this.open ? "open" : "closed";
  }

  async compare() {
    await this.desk.store.progress(async (progress) => {
      const answer = await this.desk.runtime.ask({ do: "compare", exercise: this.exercise, progress });
      this.result.innerHTML = answer.html;
      if (answer.open) this.desk.store.set("compared", this.exercise, "yes");
      return answer.progress;
    });
  }
}

/** Every experiment, and all that stands between the first of them and the written answer. @returns {HTMLElement[]} */
function outcomes() {
  const first = document.querySelector(".tag_experiment");
  const last = place("write");
  if (!first || !last) return [];
  const blocks = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("article section > :not(section)")]);
  const after = (/** @type {Node} */ a, /** @type {Node} */ b) => Boolean(a.compareDocumentPosition(b) & Node.DOCUMENT_POSITION_FOLLOWING);
  const measures = (/** @type {HTMLElement} */ block) => block.matches(".tag_experiment"); // also below the written answer
  return blocks.filter((block) => measures(block) || (after(first, block) && after(block, last)));
}
