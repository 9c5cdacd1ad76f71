// @ts-check
/**
 * The page's side of the worker that runs Python: questions one at a time, answers as promises. A question that takes
 * longer than `patience` ends the worker; a new one begins, is told what the old one knew, and goes on with the next.
 * The first question of a kind has three times as long: a slow phone takes its time with what it never did before.
 */

/** @typedef {"loading" | "ready" | "failed"} Status */
/** @typedef {{do: string, [field: string]: any}} Request */
/** @typedef {{request: Request, key: string, settle: (answer: any) => void, refuse: (why: Error) => void}} Waiting */

/** A question was stopped; nothing is said about its answer. */
export class TookTooLong extends Error {}
/** Python could not be started here. */
export class NoRuntime extends Error {}
/** A newer question of the same kind has taken this one's place. */
export class Superseded extends Error {}

const FIRST = 3;

export class Runtime {
  /**
   * @param {() => any} begin makes a worker
   * @param {{patience?: number, remember?: () => Request[], recalled?: (answer: any) => void, changed?: (status: Status) => void}} options
   * patience in ms; `recalled` is told what came of each request of `remember`
   */
  constructor(begin, { patience = 10_000, remember = () => [], recalled = () => {}, changed = () => {} } = {}) {
    this.begin = begin;
    this.patience = patience;
    this.remember = remember;
    this.recalled = recalled;
    this.changed = changed;
    /** @type {Waiting[]} */
    this.queue = [];
    /** @type {Waiting | null} */
    this.current = null;
    this.count = 0;
    this.forgets = false;
    /** @type {Set<string>} what was answered before, by any worker */
    this.known = new Set();
    this.start();
  }

  start() {
    this.status = /** @type {Status} */ ("loading");
    this.changed(this.status);
    try {
      this.worker = this.begin();
    } catch (why) {
      this.fail(String(why));
      return;
    }
    this.worker.onmessage = (/** @type {any} */ event) => this.hear(event.data);
    this.worker.onerror = (/** @type {any} */ event) => this.fail(event.message || "the worker did not start");
  }

  /** @param {any} data */
  hear(data) {
    if (data.failed) return this.fail(data.failed);
    if (data.ready) {
      this.status = "ready";
      for (const request of this.forgets ? [] : this.remember()) this.queue.unshift({ request, key: "", settle: this.recalled, refuse: () => {} });
      this.changed(this.status);
    } else if (this.current && data.id === this.count) {
      clearTimeout(this.timer);
      if (data.broken) return this.stop();
      const { settle, refuse, request } = this.current;
      this.known.add(request.do);
      this.current = null;
      const answer = JSON.parse(data.answer);
      if (answer.error) refuse(new Error(answer.error));
      else settle(answer);
    }
    this.next();
  }

  /** @param {string} why */
  fail(why) {
    this.status = "failed";
    this.worker?.terminate();
    clearTimeout(this.timer);
    const lost = [...(this.current ? [this.current] : []), ...this.queue];
    this.current = null;
    this.queue = [];
    for (const each of lost) each.refuse(new NoRuntime(why));
    this.changed(this.status);
  }

  /**
   * Ask Python. A later question with the same `key` takes the place of one that still waits.
   * @param {Request} request @param {string} key @returns {Promise<any>}
   */
  ask(request, key = "") {
    if (this.status === "failed") return Promise.reject(new NoRuntime("Python could not be loaded"));
    return new Promise((settle, refuse) => {
      const old = key ? this.queue.findIndex((each) => each.key === key) : -1;
      if (old >= 0) this.queue.splice(old, 1)[0].refuse(new Superseded());
      this.queue.push({ request, key, settle, refuse });
      this.next();
    });
  }

  /** Resolves once Python is ready; rejects when it can't be. @returns {Promise<void>} */
  async whenReady() {
    if (this.status !== "ready") await this.ask({ do: "words", text: "" });
  }

  next() {
    if (this.status !== "ready" || this.current) return;
    this.current = this.queue.shift() ?? null;
    if (!this.current) return;
    const patience = this.known.has(this.current.request.do) ? this.patience : FIRST * this.patience;
    this.timer = setTimeout(() => this.stop(), patience);
    this.worker.postMessage({ id: ++this.count, request: JSON.stringify(this.current.request) });
  }

  /** End a question that goes on and on: its worker with it. */
  stop() {
    const stopped = this.current;
    this.current = null;
    this.worker.terminate();
    // What was remembered is itself too much, as a hostile file can make it: without this, workers would begin for ever.
    if (stopped?.request.do === "resume") this.forgets = true;
    stopped?.refuse(new TookTooLong("deciding this took too long"));
    this.start();
  }
}
