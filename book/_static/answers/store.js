// @ts-check
/**
 * What a reader has written, kept in this browser: a key for each answer, so that two tabs don't overwrite each other's,
 * and the progress in the notebooks' own format. Where the browser keeps nothing (private mode, no room), it lasts as
 * long as the page, and `problem` says so.
 */

const PREFIX = "lrtutorial";
export const UNKEPT =
  "This browser keeps nothing here (private mode, or no room left): save a copy before you leave this page.";

/** Changes to the progress wait for each other across tabs, where the browser has locks. */
const inTurn = (/** @type {() => Promise<void>} */ work) =>
  globalThis.navigator?.locks ? navigator.locks.request(`${PREFIX} progress`, work) : work();

export class Store {
  /** @param {() => Storage} storage may throw, as browsers do in private mode */
  constructor(storage = () => localStorage) {
    /** @type {Map<string, string>} */
    this.unkept = new Map();
    this.problem = "";
    /** @type {(problem: string) => void} */
    this.onproblem = () => {};
    try {
      this.storage = storage();
      this.storage.setItem(`${PREFIX}:test`, "1");
      this.storage.removeItem(`${PREFIX}:test`);
    } catch {
      this.problem = UNKEPT;
    }
  }

  /** @param {string} kind @param {string} name */
  get(kind, name = "") {
    const key = `${PREFIX}:${kind}:${name}`;
    const unkept = this.unkept.get(key);
    if (unkept !== undefined) return unkept;
    try {
      return this.storage?.getItem(key) ?? "";
    } catch {
      return "";
    }
  }

  /** @param {string} kind @param {string} name @param {string} text */
  set(kind, name, text) {
    const key = `${PREFIX}:${kind}:${name}`;
    try {
      if (!this.storage) throw new Error(UNKEPT);
      this.storage.setItem(key, text);
      this.unkept.delete(key);
    } catch {
      this.unkept.set(key, text);
      if (!this.problem) this.onproblem(UNKEPT);
      this.problem = UNKEPT;
    }
  }

  /** What is kept under a kind, by name. @param {string} kind @returns {Record<string, string>} */
  all(kind) {
    const start = `${PREFIX}:${kind}:`;
    const names = new Set([...this.unkept.keys()].filter((key) => key.startsWith(start)));
    try {
      for (let i = 0; i < (this.storage?.length ?? 0); i++) {
        const key = this.storage?.key(i) ?? "";
        if (key.startsWith(start)) names.add(key);
      }
    } catch {
      // what can't be listed is not there
    }
    return Object.fromEntries([...names].map((key) => [key.slice(start.length), this.get(kind, key.slice(start.length))]));
  }

  /** Take everything of a kind away. @param {string} kind */
  clear(kind) {
    for (const name of Object.keys(this.all(kind))) {
      this.unkept.delete(`${PREFIX}:${kind}:${name}`);
      this.storage?.removeItem(`${PREFIX}:${kind}:${name}`);
    }
  }

  /**
   * Hand the progress to `work` and keep what it gives back; no other tab changes it meanwhile.
   * @param {(progress: string) => Promise<string>} work
   */
  async progress(work) {
    await inTurn(async () => this.set("progress", "", await work(this.get("progress"))));
  }
}

/**
 * The file to save: the notebooks' progress, and beside it what they don't read, the answers.
 * @param {Store} store @param {string[]} kinds
 */
export function exported(store, kinds) {
  let file = {};
  try {
    file = JSON.parse(store.get("progress") || "{}");
  } catch {
    // a damaged one is replaced; the answers are kept all the same
  }
  const bare = { format: "lrtutorial progress", version: 1, steps: {}, predictions: {}, written: {} };
  const answers = Object.fromEntries(kinds.map((kind) => [kind, store.all(kind)]));
  return JSON.stringify({ ...bare, ...file, answers }, null, 1) + "\n";
}

/**
 * Put the answers of a saved file in place, as text and nothing else; what has another form is passed over.
 * @param {Store} store @param {string[]} kinds @param {string} text
 */
export function restoreAnswers(store, kinds, text) {
  const answers = JSON.parse(text)?.answers;
  for (const kind of kinds) {
    const held = answers && typeof answers === "object" ? answers[kind] : null;
    if (!held || typeof held !== "object") continue;
    for (const [name, value] of Object.entries(held).slice(0, 500)) {
      if (/^[\w-]{1,60}$/.test(name) && typeof value === "string" && value.length <= 20_000) store.set(kind, name, value);
    }
  }
}
