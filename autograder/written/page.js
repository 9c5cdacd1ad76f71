// @ts-check
/** Marking written answers by keys: the server chooses what comes next and keeps what is given. */

/** @typedef {{text: string, earns: string[], levels: number[]}} Line */
/** @typedef {{key: number, html: string, changes: string, turn: number, manual: number | null}} Answer */
/** @typedef {{id: string, second: boolean, waits: number, lines: (number | null)[], comment: string, answers: Answer[]}} Card */
/** @typedef {{id: string, size: number, waits: number, points: number[], begins: string, differs: boolean}} Listed */

const REUSE = "qwertyuiop";
/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);
/** @type {{exercise: string, title: string, lines: Line[], scale: number, grader: string}} */
const about = JSON.parse(at("about").textContent);
let desk = crypto.randomUUID().slice(0, 32);
try { // a page that is loaded anew is the same desk
  desk = sessionStorage.getItem("written-desk") ?? desk;
  sessionStorage.setItem("written-desk", desk);
} catch { /* a private window keeps nothing */ }
/** @type {{card: Card | null, lines: (number | null)[], now: number, alone: boolean, back: string[], passed: string[], said: string[], busy: boolean, waits: (() => any) | null}} */
const state = { card: null, lines: [], now: 0, alone: false, back: [], passed: [], said: [], busy: false, waits: null };

/** @param {string} tag @param {Record<string, any>} [attributes] @param {...(Node | string)} inside */
function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside);
  return made;
}

/** @param {string} what @param {object} [body] */
async function ask(what, body = {}) {
  const answer = await fetch(`/api/${what}`, {
    method: "POST", headers: { "Content-Type": "application/json", "X-Written": "1" }, body: JSON.stringify(body),
  }).catch(() => { throw new Error("The command that serves this page has ended. Start it again: all that was saved is kept."); });
  const { reply, problem } = await answer.json().catch(() => ({ problem: `The server answered ${answer.status}.` }));
  if (problem) throw Object.assign(new Error(problem), { overtaken: answer.status === 409 });
  return reply;
}

/** @param {string} text */
const tell = (text) => { at("status").textContent = text; };
/** @param {number} points */
const inPoints = (points) => String(Math.round(points * about.scale * 100) / 100);

// ------------------------------------------------------------------------------------------- what is shown

function buildLines() {
  at("lines").replaceChildren(...about.lines.map((line, n) => {
    const points = element("div", { class: "points" }, ...line.levels.map((level) => element("label", {},
      element("input", { type: "radio", name: `line-${n}`, value: level, change: () => give(n, level, false) }), String(level))));
    const earns = line.earns.length ? [element("ol", {}, ...line.earns.map((text) => element("li", {}, text)))] : [];
    return element("fieldset", { class: "line", id: `line-${n}`, focusin: () => goTo(n) },
      element("legend", {}, element("span", { class: "asks" }, `${n + 1}. ${line.text}`)), points, ...earns);
  }));
}

function drawLines() {
  about.lines.forEach((_, n) => {
    at(`line-${n}`).classList.toggle("now", n === state.now);
    for (const input of at(`line-${n}`).querySelectorAll("input")) input.checked = state.lines[n] === Number(input.value);
  });
  const given = state.lines.filter((points) => points !== null);
  const sum = given.reduce((all, points) => Number(all) + Number(points), 0);
  const most = about.lines.reduce((all, line) => all + Math.max(...line.levels), 0);
  at("total").textContent = given.length ? `${inPoints(Number(sum))} of ${inPoints(most)}` : "–";
}

/** @param {Card} card @param {boolean} [keep] whether points and words of this page stay */
function show(card, keep = false) {
  Object.assign(state, { card, now: 0, alone: false });
  if (!keep) {
    state.lines = [...card.lines];
    at("comment").value = card.comment;
  }
  at("marks").hidden = at("answers").hidden = false;
  at("end").hidden = true;
  const many = card.answers.length;
  at("what").textContent = many > 1 ? `${many} answers, nearly the same` : card.waits || card.second ? "One answer" : "One answer, marked before";
  at("note").hidden = !card.second;
  at("note").textContent = "Shown a second time: mark it afresh. What you give now shows how far two looks agree; the grade stays.";
  at("words").hidden = card.second;
  at("alone").hidden = many < 2;
  drawAnswers();
  drawLines();
  drawSnippets();
  at("what").focus({ preventScroll: true });
  document.body.dataset.shown = String(Number(document.body.dataset.shown ?? 0) + 1);
  window.scrollTo(0, 0);
}

function drawAnswers() {
  const card = /** @type {Card} */ (state.card);
  const [first, ...others] = card.answers;
  const text = element("article", { class: "text" });
  text.innerHTML = first.html; // cleaned by the server; the page's policy lets nothing in it run or load
  const same = others.filter((one) => one.changes === "the same").length;
  const parts = [text];
  if (state.alone) parts.push(element("p", {}, `${others.length} more come afterwards.`));
  else {
    if (same) parts.push(element("p", {}, `${same} more with the same words.`));
    for (const one of others.filter((one) => one.changes !== "the same")) {
      const other = element("div", { class: "other" });
      other.innerHTML = one.changes; // escaped by the server
      parts.push(other);
    }
  }
  at("texts").replaceChildren(...parts);
}

function drawSnippets() {
  const there = at("comment").value.split(/\n{2,}/).map((/** @type {string} */ part) => part.trim());
  at("again").hidden = !state.said.length;
  at("snippets").replaceChildren(...state.said.map((text, n) => element("button",
    { type: "button", "aria-pressed": String(there.includes(text)), title: text, click: () => reuse(n) },
    ...(n < REUSE.length ? [element("kbd", {}, REUSE[n]), " "] : []), text)));
}

/** @param {{answers: number, waiting: number, twice: number, seen: number, comments: string[]}} now */
function drawProgress(now) {
  const seen = now.seen ? `, ${now.seen} seen twice` : "";
  at("progress").textContent = `${now.answers - now.waiting} of ${now.answers} have points${seen}`;
  at("bar").max = now.answers;
  at("bar").value = now.answers - now.waiting;
  state.said = [...new Set(now.comments.flatMap((text) => text.split(/\n{2,}/).map((part) => part.trim())))].filter(Boolean);
}

/** @param {{cards: Listed[], waiting: number, agreement: string}} now */
function showEnd(now) {
  state.card = null;
  at("marks").hidden = at("answers").hidden = true;
  at("end").hidden = false;
  at("end-title").textContent = now.waiting
    ? `${now.waiting} left: open at another desk, or left for later. Press Enter to look again.`
    : "Every answer has points.";
  at("agreement").textContent = now.agreement;
  at("off").replaceChildren(...now.cards.filter((card) => card.differs).map((card) => element("li", {},
    element("button", { type: "button", click: () => open(card.id) }, `Two looks differ: ${card.begins}…`))));
  at("end-title").focus();
  document.body.dataset.shown = String(Number(document.body.dataset.shown ?? 0) + 1);
}

// ------------------------------------------------------------------------------------------- what is done

/** @param {number} line */
function goTo(line) {
  state.now = Math.max(0, Math.min(about.lines.length - 1, line));
  drawLines();
  at(`line-${state.now}`).scrollIntoView({ block: "nearest" });
}

/** @param {number} line @param {number} points @param {boolean} onward */
function give(line, points, onward) {
  state.lines[line] = points;
  tell(""); // what was missing may be there now
  goTo(onward ? line + 1 : line);
}

/** @param {boolean} full */
function fill(full) {
  state.lines = state.lines.map((points, n) => points ?? (full ? Math.max(...about.lines[n].levels) : 0));
  tell("");
  drawLines();
}

/** @param {number} n */
function reuse(n) {
  const text = state.said[n];
  const parts = at("comment").value.split(/\n{2,}/).map((/** @type {string} */ part) => part.trim()).filter(Boolean);
  at("comment").value = (parts.includes(text) ? parts.filter((/** @type {string} */ part) => part !== text) : [...parts, text]).join("\n\n");
  drawSnippets();
}

async function next() {
  const now = await ask("overview");
  drawProgress(now);
  const card = await ask("next", { desk, passed: state.passed });
  if (card) show(card);
  else showEnd(now);
}

/** @param {string} id */
async function open(id) {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  tell("");
  show(await ask("card", { id }));
}

async function save() {
  const card = state.card;
  if (!card) { state.passed = []; return next(); }
  const missing = state.lines.flatMap((points, n) => (points === null ? [n] : []));
  if (missing.length) {
    tell(`No points yet for line ${missing.map((n) => n + 1).join(", ")}.`);
    return goTo(missing[0]);
  }
  const answers = (state.alone ? card.answers.slice(0, 1) : card.answers).map(({ key, turn, manual }) => ({ key, turn, manual }));
  try {
    const done = await ask("mark", { id: card.id, lines: state.lines, comment: card.second ? "" : at("comment").value, answers });
    state.back.push(done.card ?? card.id);
    const off = (done.differs ?? []).map((/** @type {any} */ one) => `line ${one.line}: first ${one.first}, now ${one.now}`);
    if (card.second) tell(off.length ? `Two looks differ (${off.join("; ")}). The first stands; b opens it.` : "The same as at the first look.");
    else tell(`Saved: ${done.points} points${answers.length > 1 ? `, for ${answers.length} answers` : ""}.`);
  } catch (error) {
    if (!(/** @type {any} */ (error).overtaken)) throw error;
    const theirs = await ask("card", { id: card.id });
    show(theirs, true);
    const given = theirs.lines.every((/** @type {any} */ points) => points !== null) ? ` There: ${theirs.lines.join(", ")}.` : "";
    return tell(`${/** @type {Error} */ (error).message}${given} Enter saves yours instead, x keeps what is there.`);
  }
  await next();
}

async function back() {
  const id = state.back.pop();
  if (id) await open(id);
  else tell("There is none before.");
}

async function later() {
  if (state.card) {
    state.passed.push(state.card.id);
    tell("Left for later.");
  }
  await next();
}

function alone() {
  if (!state.card || state.card.answers.length < 2) return;
  state.alone = !state.alone;
  at("alone").setAttribute("aria-pressed", String(state.alone));
  drawAnswers();
  tell(state.alone ? "The first alone." : "All of them.");
}

async function list() {
  const now = await ask("overview");
  at("cards").replaceChildren(...now.cards.map((/** @type {Listed} */ card) => element("li", {}, element("button",
    { type: "button", click: () => run(() => open(card.id)) },
    `${card.waits ? "waits" : `${card.points.join(" or ")} points`}${card.size > 1 ? `, ${card.size} alike` : ""}${card.differs ? ", two looks differ" : ""}: ${card.begins}…`))));
  at("list").showModal();
}

async function samples() {
  const found = await ask("samples");
  at("marked").replaceChildren(...(found.length ? found.map(sample) : [element("p", {}, "This exercise has none.")]));
  at("samples").showModal();
}

/** @param {{text: string, points: number[], why: string[]}} one @param {number} number */
function sample(one, number) {
  const rows = about.lines.map((line, n) => element("tr", {}, element("th", { scope: "row" }, `${n + 1}. ${line.text}`),
    element("td", {}, `${one.points[n]} of ${Math.max(...line.levels)}`), element("td", {}, one.why[n])));
  const head = element("tr", {}, ...["Line", "Points", "Why"].map((text) => element("th", { scope: "col" }, text)));
  return element("section", {}, element("h3", {}, `Answer ${number + 1}`),
    ...one.text.split(/\n{2,}/).map((part) => element("p", { class: "text" }, part)),
    element("details", {}, element("summary", {}, "Its marks"), element("table", {}, element("caption", {}, `${one.points.reduce((all, points) => all + points, 0)} points`), element("thead", {}, head), element("tbody", {}, ...rows))));
}

// ------------------------------------------------------------------------------------------- keys and buttons

/**
 * One thing at a time: a key pressed while the server answers is not lost on another card. What only shows something
 * comes afterwards.
 * @param {() => any} act
 */
async function run(act) {
  if (state.busy) {
    if (SHOWS.has(act)) state.waits = act;
    return;
  }
  state.busy = true;
  try {
    await act();
  } catch (error) {
    tell(/** @type {Error} */ (error).message);
  } finally {
    state.busy = false;
  }
  const waits = state.waits;
  state.waits = null;
  if (waits && !document.querySelector("dialog[open]")) await run(waits);
}

const keys = () => at("keys").showModal();
const SHOWS = new Set([keys, list, samples]);

/** @type {Record<string, () => any>} */
const ACTS = {
  ArrowDown: () => goTo(state.now + 1), ArrowUp: () => goTo(state.now - 1), j: () => goTo(state.now + 1), k: () => goTo(state.now - 1),
  f: () => fill(true), n: () => fill(false), c: () => at("comment").focus(), b: back, x: later, d: alone, l: list, s: samples,
  "?": keys, Enter: save,
};

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (document.querySelector("dialog[open]") || event.altKey || event.metaKey) return;
  if (target === at("comment")) {
    if (event.key === "Escape") { at("what").focus(); drawSnippets(); }
    if (event.key === "Enter" && event.ctrlKey) { event.preventDefault(); run(save); }
    return;
  }
  if (event.ctrlKey || (event.key === "Enter" && target.tagName === "BUTTON")) return;
  if (event.key.startsWith("Arrow") && target.tagName === "INPUT") return; // its own points
  if (event.key.length === 1 && !at("single").checked) return;
  const act = ACTS[event.key];
  const reused = REUSE.indexOf(event.key);
  if (act && (state.card || ["Enter", "b", "l", "s", "?"].includes(event.key))) {
    event.preventDefault();
    run(act);
  } else if (state.card && /^\d$/.test(event.key)) {
    const level = about.lines[state.now].levels[Number(event.key)];
    if (level === undefined) tell(`Line ${state.now + 1} takes ${about.lines[state.now].levels.join(", ")}.`);
    else give(state.now, level, true);
  } else if (state.card && !state.card.second && reused >= 0 && reused < state.said.length) {
    event.preventDefault();
    reuse(reused);
  }
});

at("marks").addEventListener("submit", (/** @type {Event} */ event) => { event.preventDefault(); run(save); });
at("comment").addEventListener("input", drawSnippets);
for (const [id, act] of /** @type {[string, () => any][]} */ ([
  ["full", () => fill(true)], ["none", () => fill(false)], ["back", back], ["later", later], ["alone", alone],
  ["open-list", list], ["open-samples", samples], ["open-keys", keys],
])) at(id).addEventListener("click", () => run(act));
try {
  at("single").checked = localStorage.getItem("written-single") !== "off";
  at("single").addEventListener("change", () => localStorage.setItem("written-single", at("single").checked ? "on" : "off"));
} catch { /* a private window keeps nothing */ }

at("title").textContent = `${about.exercise.toUpperCase()} · ${about.title}: written answers`;
document.title = at("title").textContent;
buildLines();
run(next);
