// @ts-check
/** Small helpers to make the page's elements. */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Record<string, any>} attributes `text` is its words, `html` trusted markup of Python's making
 * @param {(Node | string)[]} inside @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") made.textContent = value;
    else if (name === "html") made.innerHTML = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value != null) made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
}

/** Call `act` once the calls have stopped for `wait` ms. @param {() => void} act @param {number} wait */
export function settled(act, wait = 120) {
  /** @type {any} */
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
}

/** Where the build left room for a step. @param {string} name @returns {HTMLElement | null} */
export const place = (name) => document.querySelector(`[data-lr-place="${name}"]`);
