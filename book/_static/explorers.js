// @ts-check
/**
 * Brings the anywidgets of a saved notebook to life without a kernel. The page holds each widget's state, its own module
 * among it, in Jupyter's standard embedding: this finds every view, decodes its model's buffers and calls its `render`.
 * A module is loaded from a blob, as scripts of a page that was opened from disk must not load files.
 */

/** A widget's state that can be read, set and watched, and that sends nothing anywhere. */
class SavedModel {
  /** @param {Record<string, any>} state */
  constructor(state) {
    this.state = state;
    /** @type {Map<string, Set<Function>>} */
    this.callbacks = new Map();
  }

  /** @param {string} name */
  get(name) {
    return this.state[name];
  }

  /** @param {string} name @param {any} value */
  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = value;
    for (const callback of this.callbacks.get(`change:${name}`) ?? []) callback();
  }

  /** @param {string} name @param {Function} callback */
  on(name, callback) {
    if (!this.callbacks.has(name)) this.callbacks.set(name, new Set());
    this.callbacks.get(name)?.add(callback);
  }

  /** @param {string} name @param {Function} callback */
  off(name, callback) {
    this.callbacks.get(name)?.delete(callback);
  }

  save_changes() {}

  send() {} // nobody answers, which tells the widget that there is no kernel
}

/** Put the binary parts back where they belong. @param {{state: any, buffers?: {path: (string|number)[], data: string}[]}} saved */
function decoded({ state, buffers = [] }) {
  for (const { path, data } of buffers) {
    const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    const last = /** @type {string|number} */ (path.at(-1));
    path.slice(0, -1).reduce((place, key) => place[key], state)[last] = new DataView(bytes.buffer);
  }
  return state;
}

/** @param {Element} script @param {any} saved */
async function show(script, saved) {
  const place = document.createElement("div");
  script.after(place);
  if (saved?.model_module !== "anywidget") {
    place.className = "needs-a-kernel";
    place.textContent = "Here the notebook has controls that work while it is open in Jupyter.";
    return;
  }
  const state = decoded(saved);
  const style = document.createElement("style");
  style.textContent = state._css ?? "";
  const address = URL.createObjectURL(new Blob([state._esm], { type: "text/javascript" }));
  const { default: widget } = await import(address);
  URL.revokeObjectURL(address);
  place.append(style);
  const el = document.createElement("div");
  place.append(el);
  widget.render({ model: new SavedModel(state), el });
}

const saved = document.querySelector('script[type="application/vnd.jupyter.widget-state+json"]');
if (saved) {
  const { state } = JSON.parse(saved.textContent ?? "{}");
  for (const script of document.querySelectorAll('script[type="application/vnd.jupyter.widget-view+json"]')) {
    show(script, state[JSON.parse(script.textContent ?? "{}").model_id]);
  }
}
