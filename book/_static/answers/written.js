// @ts-check
/** A written answer: kept and counted; scored by the rubric where the book was built with it. */

import { element, settled } from "./page.js";

/** @typedef {{id: string, enough: number, rubric: {levels: number[], text: string}[]}} About */

/** @param {string} exercise @param {About} about @param {import("./step.js").Desk} desk */
export function written(exercise, about, desk) {
  const field = element("textarea", { "data-lr-answer": "written", id: "lr-written", rows: 10, maxlength: 20000 });
  const count = element("p", { class: "lr-count", "aria-live": "polite" });
  const root = element("form", { class: "lr-step", onsubmit: (/** @type {Event} */ event) => event.preventDefault() });
  root.append(element("label", { for: field.id }, "Your answer, in your own words (kept in this browser)"), field, count);
  const scores = about.rubric.length ? scoring(exercise, about.rubric, desk) : null;
  if (scores) root.append(scores);
  const tell = async () => {
    const { count: words } = await desk.runtime.ask({ do: "words", text: field.value }, "words").catch(() => ({ count: null }));
    if (words === null) return;
    count.textContent = words === 1 ? "1 word." : `${words} words.`;
    if (!scores) return;
    scores.hidden = words < about.enough;
    if (scores.hidden) count.textContent += ` The rubric opens at ${about.enough}.`;
  };
  field.value = desk.store.get("written", exercise);
  field.addEventListener("input", settled(tell, 300));
  field.addEventListener("input", () => desk.store.set("written", exercise, field.value));
  tell();
  return root;
}

/** @param {string} exercise @param {{levels: number[], text: string}[]} rubric @param {import("./step.js").Desk} desk */
function scoring(exercise, rubric, desk) {
  const possible = rubric.reduce((sum, item) => sum + Math.max(...item.levels), 0);
  const total = element("p", { role: "status" }, `Pick your points for each line; the total is out of ${possible}.`);
  const root = element("fieldset", { class: "lr-rubric", hidden: true }, element("legend", {}, "Score yourself"));
  /** @type {HTMLSelectElement[]} */
  const picks = rubric.map((item, number) => {
    const choices = item.levels.map((points) => element("option", { value: points }, `${points} of ${Math.max(...item.levels)}`));
    const pick = element("select", { id: `lr-rubric-${number}` }, element("option", { value: "" }, "–"), ...choices);
    root.append(element("div", {}, pick, " ", element("label", { for: pick.id }, item.text)));
    pick.addEventListener("change", () => save());
    return pick;
  });
  const save = async () => {
    const points = picks.reduce((sum, pick) => sum + Number(pick.value || 0), 0);
    total.textContent = `Your own score: ${points} of ${possible}`;
    await desk.store.progress(async (progress) => {
      const answer = await desk.runtime.ask({ do: "score", exercise, points, possible, progress });
      return answer.progress;
    });
  };
  root.append(total);
  return root;
}
