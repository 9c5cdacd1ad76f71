// @ts-check
/** The start page: the map with this browser's progress on it, and a copy to save, restore or begin anew. */

import { element, place } from "./page.js";
import { exported, restoreAnswers } from "./store.js";

export const KINDS = ["answer", "checked", "committed", "why", "confidence", "compared", "written", "guess"];
const LARGEST = 2_000_000;

/** @param {import("./step.js").Desk} desk @param {Element} map */
export function progressOf(desk, map) {
  const said = element("p", { role: "status" });
  const draw = async () => {
    const { html } = await desk.runtime.ask({ do: "map", progress: desk.store.get("progress") }, "map");
    map.replaceChildren(...(element("div", { html }).firstElementChild?.childNodes ?? [])); // its inside: it is a map itself
  };
  const redraw = () => draw().catch(() => {});
  addEventListener("storage", redraw);
  addEventListener("pageshow", redraw); // by the back button, as the page was left
  (place("keep") ?? map).after(controls(desk, said, redraw));
  redraw();
}

/** @param {import("./step.js").Desk} desk @param {HTMLElement} said @param {() => void} redraw */
function controls(desk, said, redraw) {
  const pick = element("input", { type: "file", accept: ".json,application/json", id: "lr-restore" });
  const sure = element("input", { type: "checkbox", id: "lr-sure" });
  pick.addEventListener("change", async () => {
    said.textContent = await restored(desk, pick.files?.[0]).catch(() => "Nothing was restored: this file could not be read here.");
    pick.value = "";
    redraw();
  });
  const save = element("button", { type: "button", "data-lr-save": true, onclick: () => saveCopy(desk) }, "Save a copy");
  const anew = element("button", { type: "button", "data-lr-reset": true }, "Begin anew");
  anew.addEventListener("click", () => {
    said.textContent = sure.checked ? begun(desk) : "Tick “Yes, begin anew” first.";
    sure.checked = false;
    redraw();
  });
  const where = element("p", {}, "In this book your progress and your answers are kept in this browser. The saved file is the one that the notebooks use, too.");
  return element(
    "section",
    { class: "lr-step", "aria-label": "Your progress" },
    where,
    element("div", { class: "lr-buttons" }, save, element("label", { for: pick.id }, "Restore a copy: "), pick),
    element("div", { class: "lr-buttons" }, anew, element("label", { for: sure.id }, sure, " Yes, begin anew")),
    said,
  );
}

/** @param {import("./step.js").Desk} desk */
export function saveCopy(desk) {
  const address = URL.createObjectURL(new Blob([exported(desk.store, KINDS)], { type: "application/json" }));
  element("a", { href: address, download: "lrtutorial-progress.json" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** @param {import("./step.js").Desk} desk @param {File | undefined} file */
async function restored(desk, file) {
  if (!file) return "";
  if (file.size > LARGEST) return `Nothing was restored: the file is larger than ${LARGEST} bytes.`;
  const text = await file.text();
  let said = "";
  await desk.store.progress(async (progress) => {
    const answer = await desk.runtime.ask({ do: "restore", text, progress });
    said = answer.text.split(" What was here before")[0];
    if (said.startsWith("Restored")) restoreAnswers(desk.store, KINDS, text);
    return answer.progress;
  });
  return said;
}

/** @param {import("./step.js").Desk} desk */
function begun(desk) {
  for (const kind of [...KINDS, "progress"]) desk.store.clear(kind);
  return "Everything kept in this browser is gone; you begin anew.";
}
