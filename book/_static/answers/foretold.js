// @ts-check
/** What stands beside a prediction in the page: one line of why, how sure one is, and the pad of a sketch. */

import { element } from "./page.js";
import { Pad } from "./sketch.js";

const KINDS = ["why", "confidence"]; // in the order of a step's `beside`

/** Fields for the why and for the confidence. @param {import("./step.js").About} about @param {import("./store.js").Store} store */
export function asked(about, store) {
  const says = ["One line of why", "How sure are you, in percent? (optional)"];
  const rows = about.beside.map((name, number) => {
    const kind = KINDS[number];
    const more = kind === "why" ? { maxlength: 500 } : { inputmode: "decimal", size: 5, class: "lr-confidence" };
    const field = element("input", { type: kind === "why" ? "text" : null, id: `lr-${about.id}-${kind}`, "data-lr-beside": name, autocomplete: "off", ...more });
    field.value = store.get(kind, about.id);
    field.addEventListener("input", () => store.set(kind, about.id, field.value));
    return element("div", { class: "lr-beside" }, element("label", { for: field.id }, says[number]), field);
  });
  return element("div", {}, ...rows);
}

/** What those fields hold, by name. @param {import("./step.js").About} about @param {import("./store.js").Store} store */
export function values(about, store) {
  if (!about.foretells) return {};
  return Object.fromEntries(about.beside.map((name, number) => [name, store.get(KINDS[number], about.id)]));
}

/** A pad whose drawing is the value of a hidden field. @param {import("./step.js").About} about @param {HTMLInputElement | HTMLTextAreaElement} field */
export function drawn(about, field) {
  const root = element("div", {});
  const pad = new Pad(root, about.sketch, read(field.value), (points) => {
    field.value = JSON.stringify(points);
    field.dispatchEvent(new Event("input"));
  });
  field.addEventListener("lr-write", () => {
    pad.points = pad.whole(read(field.value));
    pad.draw();
  });
  return root;
}

/** Points from a text; none where it holds none. @param {string} text */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
