// @ts-check
/** One checked step: its field, its buttons, how the text reads, the verdict and the hints below. */

import { keypad } from "./keypad.js";
import { asked, drawn, values } from "./foretold.js";
import { element, settled } from "./page.js";
import { NoRuntime, Superseded, TookTooLong } from "./runtime.js";

/** @typedef {{id: string, answers: string[], asks: string, form: string, points: number, foretells: boolean, beside: string[], sketch: any, keys: any[]}} About */
/** @typedef {{runtime: import("./runtime.js").Runtime, store: import("./store.js").Store, checked: (step: string, answer: any) => void}} Desk */

const LINES = 6;
const STILL = 10; // px that a finger may move while it presses
const SLOW = 3000; // ms after which a check that goes on says so
/** Verdicts on what was no answer: nothing that later steps could build on. */
const UNREAD = ["unfinished", "unreadable", "failed"];
const coarse = () => matchMedia("(pointer: coarse)").matches || (navigator.maxTouchPoints > 0 && innerWidth <= 600);

export class Step {
  /** @param {About} about @param {Desk} desk */
  constructor(about, desk) {
    this.about = about;
    this.desk = desk;
    const [name] = about.answers;
    this.field = this.makeField(name);
    this.reading = element("div", { class: "lr-reading", "aria-live": "polite", id: `lr-reads-${about.id}` });
    this.said = element("div", { class: "lr-said" });
    this.hints = element("div", { class: "lr-hints", "aria-live": "polite" });
    this.marks = element("div", { class: "lr-marks", "aria-hidden": "true" });
    this.notes = element("ul", { class: "lr-notes", "aria-live": "polite" });
    this.pad = keypad(this.field, about.form, about.keys);
    this.root = this.lay(name);
    this.listen();
  }

  /** @param {string} name */
  makeField(name) {
    const attributes = {
      "data-lr-answer": name,
      id: `lr-field-${this.about.id}`,
      "aria-describedby": `lr-reads-${this.about.id}`,
      placeholder: "...",
      autocomplete: "off",
      autocapitalize: "none",
      autocorrect: "off",
      spellcheck: "false",
      maxlength: 4000,
      inputmode: coarse() ? "none" : "text",
    };
    if (this.about.sketch) return element("input", { type: "hidden", "data-lr-answer": name });
    if (this.about.form !== "derivation") return element("input", { type: "text", enterkeyhint: "go", ...attributes });
    return element("textarea", { rows: LINES, wrap: "off", ...attributes });
  }

  /** Whether the keys are the words to choose from: those are always shown. */
  get words() {
    return this.about.form === "choice" || this.about.form === "ordering";
  }

  /** @param {string} name */
  lay(name) {
    const { id, form, asks, foretells } = this.about;
    const lines = form === "derivation";
    this.keysButton = element("button", { type: "button", "aria-expanded": "false", class: "lr-keys" }, "Keys");
    this.checkButton = element("button", { type: "submit", "data-lr-check": id }, foretells ? "Commit" : "Check");
    const hint = element("button", { type: "button", "data-lr-hint": id, onclick: () => this.hint() }, "Hint");
    const said = [element("code", {}, `${name} =`), element("span", { class: "lr-asks" }, asks)];
    const label = this.about.sketch ? element("p", { class: "lr-label" }, ...said) : element("label", { for: this.field.id }, ...said);
    const writing = element("div", { class: lines ? "lr-lines" : "lr-line" }, ...(lines ? [this.marks] : []), this.field);
    const buttons = element("div", { class: "lr-buttons" }, this.checkButton, hint, this.keysButton);
    this.pad.hidden = !this.words;
    this.keysButton.hidden = this.words || Boolean(this.about.sketch);
    const formula = element("form", { class: "lr-step", "data-lr-step": id, "aria-label": `Answer ${id}` });
    const beside = foretells ? [asked(this.about, this.desk.store)] : [];
    const pad = this.about.sketch ? [drawn(this.about, this.field)] : [];
    formula.append(label, this.reading, writing, ...pad, this.notes, ...beside, buttons, this.pad, this.said, this.hints);
    return formula;
  }

  listen() {
    const { id, form } = this.about;
    this.root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.check();
    });
    this.checkButton.addEventListener("pointerdown", (/** @type {PointerEvent} */ down) => this.countPress(down));
    this.keysButton?.addEventListener("click", () => {
      this.showKeys(this.pad.hidden);
      this.field.focus();
    });
    this.field.addEventListener("focus", () => coarse() && this.showKeys(true));
    const read = settled(() => this.read());
    this.field.addEventListener("input", () => {
      this.desk.store.set("answer", id, this.field.value);
      read();
    });
    if (form !== "derivation") return;
    this.field.addEventListener("scroll", () => (this.marks.scrollTop = this.field.scrollTop));
    this.field.addEventListener("keydown", (/** @type {any} */ event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.root.requestSubmit();
    });
  }

  /**
   * How the text reads may appear, and move the button away, while it is being pressed: the browser knows of no click then.
   * @param {PointerEvent} down
   */
  countPress(down) {
    const over = new AbortController(), once = { once: true, signal: over.signal };
    document.addEventListener("pointercancel", () => over.abort(), once); // it became a scroll
    document.addEventListener("pointerup", (up) => {
      over.abort();
      const still = Math.hypot(up.clientX - down.clientX, up.clientY - down.clientY) < STILL;
      const away = !this.checkButton.contains(document.elementFromPoint(up.clientX, up.clientY));
      if (up.pointerId === down.pointerId && still && away) this.root.requestSubmit();
    }, once);
  }

  /** @param {boolean} shown */
  showKeys(shown) {
    if (this.words) return;
    if (shown) for (const other of document.querySelectorAll(".lr-keypad:not(.lr-words)")) closePad(/** @type {HTMLElement} */ (other));
    this.pad.hidden = !shown;
    this.keysButton?.setAttribute("aria-expanded", String(shown));
  }

  /** @param {string} text */
  write(text) {
    if (text === this.field.value || document.activeElement === this.field) return;
    this.field.value = text;
    this.field.dispatchEvent(new Event("lr-write"));
    this.read();
  }

  /** How the text reads, above the field; for a derivation the signs beside its lines. */
  async read() {
    const { form, id } = this.about;
    const text = this.field.value;
    if (["choice", "ordering", "number", "sketch"].includes(form)) return;
    const request = form === "derivation" ? { do: "lines", step: id, text } : { do: "read", step: id, text };
    try {
      const answer = await this.desk.runtime.ask(request, `read ${id}`);
      if (form === "derivation") this.showLines(answer.lines);
      else this.showReading(answer);
    } catch (why) {
      if (!(why instanceof Superseded)) this.reading.textContent = "";
    }
  }

  /** @param {{html: string, problem: string}} answer */
  showReading({ html, problem }) {
    this.reading.innerHTML = html;
    this.reading.classList.toggle("lr-unread", Boolean(problem));
    if (problem) this.reading.textContent = "…";
    this.reading.title = problem;
  }

  /** @param {{row: number, sign: string, says: string, note: string, problem: string, html: string}[]} lines */
  showLines(lines) {
    const rows = this.field.value.split("\n").length;
    const marks = Array.from({ length: rows }, () => "");
    this.notes.replaceChildren();
    lines.forEach((line, number) => {
      marks[line.row] = line.problem ? "?" : line.sign;
      const wrong = line.problem || line.note;
      const sign = element("span", { class: "lr-sign", "data-sign": line.sign || "·" }, line.sign || (line.problem ? "?" : " "));
      const words = element("span", { class: "lr-hidden" }, line.says ? ` ${line.says}: ` : ` line ${number + 1}: `);
      const item = element("li", { "data-lr-line": String(number + 1) }, sign, words, element("span", { html: line.html }));
      if (wrong) item.append(element("div", { class: "lr-note" }, wrong));
      this.notes.append(item);
    });
    this.marks.replaceChildren(...marks.map((mark) => element("div", { "data-sign": mark }, mark || " ")));
    /** @type {HTMLTextAreaElement} */ (this.field).rows = Math.max(LINES, rows + 1);
  }

  async check() {
    const { id, answers } = this.about;
    const texts = { [answers[0]]: this.field.value, ...values(this.about, this.desk.store) };
    if (this.desk.runtime.status === "loading") this.say("Python is still loading; this is checked as soon as it is ready.");
    this.root.setAttribute("aria-busy", "true");
    let slow;
    try {
      await this.desk.runtime.whenReady(); // other tabs need not wait for this one's start
      slow = setTimeout(() => this.say("Still deciding. On a slow device a first check takes a while; your answer is kept."), SLOW);
      await this.desk.store.progress(async (progress) => {
        const answer = await this.desk.runtime.ask({ do: "check", step: id, answers: texts, progress });
        const first = !(this.about.foretells && this.desk.store.get("checked", id)); // the first prediction stands
        if (first && !UNREAD.includes(answer.status)) this.desk.store.set("checked", id, texts[answers[0]]);
        if (answer.committed) this.desk.store.set("committed", id, "yes");
        this.show(answer);
        return answer.progress;
      });
    } catch (why) {
      await this.sayWhy(why);
    } finally {
      clearTimeout(slow);
      this.root.removeAttribute("aria-busy");
    }
  }

  /** What an earlier visit was told, if that answer still stands here. @param {{html: string, status: string} | undefined} answer */
  recall(answer) {
    const same = this.desk.store.get("checked", this.about.id).trim() === this.field.value.trim();
    if (!answer || !same || this.said.childElementCount) return;
    this.said.innerHTML = answer.html;
    this.root.dataset.status = answer.status;
  }

  /** @param {{html: string, status: string}} answer */
  show(answer) {
    this.said.innerHTML = answer.html;
    this.root.dataset.status = answer.status;
    this.desk.checked(this.about.id, answer);
  }

  /** @param {unknown} why */
  async sayWhy(why) {
    if (why instanceof TookTooLong) {
      this.say("Could not decide: this took too long. Python begins anew …");
      const answer = await this.desk.runtime.ask({ do: "undecided", step: this.about.id }).catch(() => null);
      if (answer) this.show(answer);
    } else if (why instanceof NoRuntime) {
      this.say("Python could not be loaded on this page, so nothing can be checked here. Your answer is kept.");
    } else {
      this.say(`This could not be checked: ${why instanceof Error ? why.message : why}. Your answer is kept.`);
    }
  }

  /** @param {string} text */
  say(text) {
    this.said.replaceChildren(element("p", { role: "status", class: "lr-wait" }, text));
  }

  async hint() {
    try {
      const { text } = await this.desk.runtime.ask({ do: "hint", step: this.about.id });
      this.hints.replaceChildren(element("p", { role: "note", class: "lr-hint" }, text));
    } catch (why) {
      await this.sayWhy(why);
    }
  }
}

/** @param {HTMLElement} pad */
function closePad(pad) {
  pad.hidden = true;
  pad.closest("form")?.querySelector(".lr-keys")?.setAttribute("aria-expanded", "false");
}
