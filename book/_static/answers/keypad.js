// @ts-check
/** Keys for one step below its field: they type where the caret is, so that no other keyboard is needed. */

/** @typedef {{types: string, shows: string, says: string}} Key */
/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

const CALLS = /(^|[^\p{L}\p{N}_])(sqrt|abs|sign|exp|log|ln|min|max|Sum|sum|g_seq|v)$/u;
const ENDS_VALUE = /[\p{L}\p{N}_)]$/u;
const ENDS_JOIN = /(^|[^\p{L}\p{N}_])(and|or)$/u;

/**
 * The text after a key: two values side by side are a product, words stand apart.
 * @param {string} before @param {string} typed @param {string} after @returns {{text: string, caret: number}}
 */
export function typedInto(before, typed, after) {
  const join = typed === "and" || typed === "or";
  const value = /^[\p{L}_(]/u.test(typed) && !join;
  let between = "";
  if (join && before && !/\s$/.test(before)) between = " ";
  else if (value && ENDS_JOIN.test(before)) between = " ";
  else if (value && ENDS_VALUE.test(before) && !(typed === "(" && CALLS.test(before))) between = "*";
  const text = before + between + typed + (join ? " " : "");
  return { text: text + after, caret: text.length };
}

/**
 * A word chosen in place of what is there, or added to a list.
 * @param {string} form @param {string} before @param {string} word
 */
export function chosen(form, before, word) {
  if (form === "choice" || !before.trim()) return word;
  const said = before.split(",").map((each) => each.trim()).filter((each) => each && each !== word);
  return [...said, word].join(", ");
}

/** @param {Field} field @param {string} text @param {number} caret */
function put(field, text, caret) {
  field.value = text;
  field.setSelectionRange(caret, caret);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {Field} field @param {string} form @param {string} typed */
export function press(field, form, typed) {
  const [begin, end] = [field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length];
  if (form === "choice" || form === "ordering") {
    const text = chosen(form, field.value, typed);
    return put(field, text, text.length);
  }
  const made = typedInto(field.value.slice(0, begin), typed, field.value.slice(end));
  put(field, made.text, made.caret);
}

/** Take back the last sign, or what is marked. @param {Field} field */
export function erase(field) {
  const [begin, end] = [field.selectionStart ?? 0, field.selectionEnd ?? 0];
  const from = begin === end ? Math.max(0, begin - 1) : begin;
  put(field, field.value.slice(0, from) + field.value.slice(end), from);
}

/** @param {Field} field @param {number} by */
function move(field, by) {
  const place = Math.min(Math.max((field.selectionStart ?? 0) + by, 0), field.value.length);
  field.setSelectionRange(place, place);
}

/**
 * Make the keypad of a field.
 * @param {Field} field @param {string} form @param {Key[]} keys @returns {HTMLElement}
 */
export function keypad(field, form, keys) {
  const pad = document.createElement("div");
  const words = form === "choice" || form === "ordering";
  pad.className = words ? "lr-keypad lr-words" : "lr-keypad";
  pad.setAttribute("role", "group");
  pad.setAttribute("aria-label", `Keys for ${field.dataset.lrAnswer}`);
  const add = (/** @type {string} */ shows, /** @type {string} */ says, /** @type {() => void} */ act) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = shows;
    button.setAttribute("aria-label", says);
    // The caret stays in the field while keys are tapped; by keyboard the key keeps the focus.
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", act);
    pad.append(button);
    return button;
  };
  for (const key of keys) {
    add(key.shows, key.says, () => press(field, form, key.types)).dataset.lrKey = key.types;
  }
  if (!words) {
    add("←", "caret to the left", () => move(field, -1));
    add("→", "caret to the right", () => move(field, 1));
  }
  add("⌫", "delete", () => erase(field)).dataset.lrErase = "";
  if (matchMedia("(pointer: coarse)").matches) {
    add("⌨", "use this device's keyboard", () => {
      field.inputMode = "text";
      field.blur();
      field.focus();
    });
  }
  return pad;
}
