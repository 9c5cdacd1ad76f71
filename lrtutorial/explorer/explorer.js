// @ts-check
/**
 * Draws the explorer. No optimizer is implemented here: every run is a slice of a sweep that the kernel computed ahead
 * (float32, positions × steps+1 × [x, y, loss]; NaN once diverged), so moving a slider asks nobody.
 *
 * @typedef {{get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   send(content: any): void, on(name: string, callback: Function): void, off(name: string, callback: Function): void}} Model
 * @typedef {Record<string, number>} Values
 * @typedef {{key: string, name: string, label: string, family: string, group: string, value: number, ticks: number[]}} Control
 * @typedef {{id: string, label: string, family: string, yours: boolean, parameters: Record<string, string>, depends: string[],
 *   refusal: string, color: string, dark: string, dash: number[], marker: string}} Optimizer
 * @typedef {{at: Values, data: DataView, message: string}} Sweep
 * @typedef {{name: string, formula: string, bounds: number[], minimum: number[], eigenvalues: number[][], quadratic: boolean,
 *   noisy: boolean, hessians: number[][], separable: boolean, field: DataView, shape: number[]}} Landscape
 * @typedef {{points: Float32Array, message: string}} Run  points: x, y, loss for step 0, 1, …
 * @typedef {(optimizer: Optimizer, values: Values, model: Model) => Run | null} Finder
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 */

// ---- What can be computed without a page -------------------------------------------------------------------------

/** @type {WeakMap<DataView, Float32Array>} */
const decoded = new WeakMap();

/** The float32 numbers of a binary trait (copied once: a message's buffers need not be aligned). @param {DataView} view */
export function floats(view) {
  let numbers = decoded.get(view);
  if (!numbers) {
    const bytes = view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
    numbers = new Float32Array(bytes, 0, Math.floor(view.byteLength / 4));
    decoded.set(view, numbers);
  }
  return numbers;
}

/** Index of the nearest position of a slider. @param {number[]} ticks @param {number} value */
export function nearest(ticks, value) {
  let best = 0;
  for (let i = 1; i < ticks.length; i++) {
    if (Math.abs(ticks[i] - value) < Math.abs(ticks[best] - value)) best = i;
  }
  return best;
}

/** Whether a sweep was computed at these values of the optimizer's other controls.
 * @param {Sweep | undefined} sweep @param {Optimizer} optimizer @param {Values} values @param {string[]} except */
export function fits(sweep, optimizer, values, except) {
  if (!sweep || !sweep.at || !sweep.data || !sweep.data.byteLength) return false;
  return optimizer.depends.every((key) => except.includes(key) || sweep.at[key] === values[key]);
}

/** The run at these values out of whatever the kernel has sent, or null while it has not. @type {Finder} */
export function findRun(optimizer, values, model) {
  const stride = 3 * (model.get("steps") + 1);
  /** @type {Control[]} */
  const controls = model.get("controls");
  const slice = (/** @type {Sweep} */ sweep, /** @type {number} */ index) =>
    floats(sweep.data).subarray(index * stride, (index + 1) * stride);
  /** @type {Sweep} */
  const present = model.get(`present_${optimizer.id}`);
  if (fits(present, optimizer, values, [])) return { points: slice(present, 0), message: present.message };
  for (const control of controls) {
    if (!optimizer.depends.includes(control.key)) continue;
    const sweep = model.get(`sweep_${optimizer.id}__${control.key}`);
    const index = control.ticks.indexOf(values[control.key]);
    if (index >= 0 && fits(sweep, optimizer, values, [control.key])) return { points: slice(sweep, index), message: "" };
  }
  return crossed(optimizer, values, model, slice);
}

/**
 * On f = p(x) + q(y) each coordinate of a coordinate-wise optimizer runs on its own, so a start off both sweeps is
 * x of one sweep and y of the other: exact, as long as neither diverged.
 * @param {Optimizer} optimizer @param {Values} values @param {Model} model @param {(s: Sweep, i: number) => Float32Array} slice
 * @returns {Run | null}
 */
function crossed(optimizer, values, model, slice) {
  /** @type {Landscape} */
  const land = model.get("landscape");
  if (!land.separable || !land.quadratic || optimizer.yours) return null;
  const starts = ["start_x", "start_y"];
  const runs = starts.map((key) => {
    const sweep = model.get(`sweep_${optimizer.id}__${key}`);
    const control = model.get("controls").find((/** @type {Control} */ c) => c.key === key);
    const index = control.ticks.indexOf(values[key]);
    return index >= 0 && fits(sweep, optimizer, values, starts) ? slice(sweep, index) : null;
  });
  if (!runs[0] || !runs[1] || Number.isNaN(runs[0].at(-1)) || Number.isNaN(runs[1].at(-1))) return null;
  const [a, , , d] = land.hessians[0];
  const points = new Float32Array(runs[0].length);
  for (let i = 0; i < points.length; i += 3) {
    points[i] = runs[0][i];
    points[i + 1] = runs[1][i + 1];
    points[i + 2] = 0.5 * (a * points[i] ** 2 + d * points[i + 1] ** 2);
  }
  return { points, message: "" };
}

/** A run of one's own that failed. It is swept over no slider, so where no kernel can try other values, what it said stands.
 * @param {Optimizer} optimizer @param {Model} model @returns {Run | null} */
export function failedRun(optimizer, model) {
  /** @type {Sweep} */
  const present = model.get(`present_${optimizer.id}`);
  return optimizer.yours && present?.message ? { points: floats(present.data), message: present.message } : null;
}

/** How a run fares up to a step: failed (no point at all), diverged (and since when), growing, or fine.
 * @param {Float32Array} points @param {number} step */
export function fate(points, step) {
  if (Number.isNaN(points[0])) return { kind: "failed", since: 0 };
  for (let t = 1; t <= step; t++) if (Number.isNaN(points[3 * t])) return { kind: "diverged", since: t };
  return { kind: points[3 * step + 2] > points[2] ? "growing" : "fine", since: step };
}

/** First step within the goal's at which the loss is below it, or -1. @param {Float32Array} points @param {{loss: number, steps: number}} goal */
export function metAt(points, goal) {
  for (let t = 0; t <= goal.steps && 3 * t < points.length; t++) if (points[3 * t + 2] < goal.loss) return t;
  return -1;
}

/** Factor per step of heavy-ball momentum on a quadratic: the largest |z| with z² − (1+β−ηλ)z + β = 0.
 * @param {number} lr @param {number} beta @param {number[]} eigenvalues */
export function spectralRadius(lr, beta, eigenvalues) {
  let worst = 0;
  for (const eigenvalue of eigenvalues) {
    const b = 1 + beta - lr * eigenvalue;
    const discriminant = b * b - 4 * beta;
    worst = Math.max(worst, discriminant < 0 ? Math.sqrt(beta) : (Math.abs(b) + Math.sqrt(discriminant)) / 2);
  }
  return worst;
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A number for reading: three digits, powers of ten below 0.001 and from 10⁵ on. @param {number} value */
export function format(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : "infinite";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) {
    const [digits, exponent] = value.toExponential(1).split("e");
    const factor = digits.replace("-", "−").replace(".0", "");
    return factor === "1" ? power(Number(exponent)) : `${factor}·${power(Number(exponent))}`;
  }
  const text = size >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(size < 1 && size > 0.9 ? 4 : 3)));
  return text.replace("-", "−");
}

/** @param {number} exponent */
function power(exponent) {
  const digits = [...String(Math.abs(exponent))].map((d) => SUPERSCRIPTS[Number(d)]).join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}

/** Line segments [x0, y0, x1, y1, …] in grid units along which a field (row by row) has a value: marching squares.
 * @param {Float32Array} field @param {number} columns @param {number} rows @param {number} level */
export function isoline(field, columns, rows, level) {
  /** @type {number[]} */
  const segments = [];
  for (let j = 0; j + 1 < rows; j++) {
    for (let i = 0; i + 1 < columns; i++) {
      const k = j * columns + i;
      const a = field[k] - level, b = field[k + 1] - level, c = field[k + columns + 1] - level, d = field[k + columns] - level;
      const crossings = [];
      if (a < 0 !== b < 0) crossings.push(i + a / (a - b), j);
      if (b < 0 !== c < 0) crossings.push(i + 1, j + b / (b - c));
      if (d < 0 !== c < 0) crossings.push(i + d / (d - c), j + 1);
      if (a < 0 !== d < 0) crossings.push(i, j + a / (a - d));
      for (let n = 0; n + 3 < crossings.length; n += 4) segments.push(...crossings.slice(n, n + 4));
    }
  }
  return segments;
}

/** The part of a segment inside a box, or null (Liang–Barsky): a diverged point never reaches the canvas.
 * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {Box} box */
export function clip(x0, y0, x1, y1, box) {
  let from = 0, to = 1;
  const dx = x1 - x0, dy = y1 - y0;
  const edges = [[-dx, x0 - box.left], [dx, box.left + box.width - x0], [-dy, y0 - box.top], [dy, box.top + box.height - y0]];
  for (const [p, q] of edges) {
    if (p === 0 && q < 0) return null;
    if (p < 0) from = Math.max(from, q / p);
    if (p > 0) to = Math.min(to, q / p);
  }
  return from > to ? null : [x0 + from * dx, y0 + from * dy, x0 + to * dx, y0 + to * dy];
}

/** f − f* on a grid: a quadratic's from its Hessian, anything else's as the kernel sent it.
 * @param {Landscape} land @param {number} which */
export function fieldOf(land, which) {
  if (!land.quadratic) return floats(land.field);
  const [rows, columns] = land.shape;
  const [x0, x1, y0, y1] = land.bounds;
  const [a, b, , d] = land.hessians[which];
  const field = new Float32Array(rows * columns);
  for (let j = 0; j < rows; j++) {
    const y = y0 + ((y1 - y0) * j) / (rows - 1);
    for (let i = 0; i < columns; i++) {
      const x = x0 + ((x1 - x0) * i) / (columns - 1);
      field[j * columns + i] = 0.5 * a * x * x + b * x * y + 0.5 * d * y * y;
    }
  }
  return field;
}

/** One optimizer in a sentence, for eyes and screen readers alike.
 * @param {Optimizer} optimizer @param {Run | null} run @param {number} step @param {{loss: number, steps: number} | null} goal */
export function describe(optimizer, run, step, goal) {
  if (optimizer.refusal) return optimizer.refusal;
  if (!run) return optimizer.yours ? "being run …" : "waiting for the kernel";
  if (run.message) return run.message;
  const { kind, since } = fate(run.points, step);
  if (kind === "failed") return "this run failed";
  if (kind === "diverged") return `diverges: beyond 10⁶ at step ${since}`;
  const loss = run.points[3 * step + 2];
  const met = goal ? metAt(run.points, goal) : -1;
  const reached = met >= 0 ? `, goal met at step ${met} ✓` : "";
  return `loss ${format(loss)}${kind === "growing" ? " and growing" : ""}${reached}`;
}

// ---- Theme -------------------------------------------------------------------------------------------------------

const THEMES = {
  light: { fg: "#1c2530", muted: "#56616e", grid: "#00000017", ground: "#ffffff", line: "#33506e", halo: "#ffffffd0",
    low: [178, 208, 234], high: [250, 252, 254], slow: [226, 240, 234], fast: [20, 108, 110], dead: "#ece7e3", hatch: "#d4ccc6" },
  dark: { fg: "#e8edf2", muted: "#a4b0bd", grid: "#ffffff1c", ground: "#12181f", line: "#a9c4e0", halo: "#0b1016c0",
    low: [52, 88, 122], high: [17, 23, 30], slow: [30, 47, 50], fast: [72, 190, 180], dead: "#2b2523", hatch: "#433935" },
};

/** Whether the page behind an element is dark, whatever program shows it. @param {Element | null} element */
function isDark(element) {
  for (; element; element = element.parentElement) {
    const [r, g, b, a = 1] = (getComputedStyle(element).backgroundColor.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    if (a > 0.5) return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128;
  }
  return false;
}

// ---- The page's elements -----------------------------------------------------------------------------------------

/** Make an element. @param {string} tag @param {Record<string, any>} attributes @param {(Node | string)[]} children @returns {any} */
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "path"].includes(tag);
  const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  // JupyterLab's command mode takes arrow keys away from every focused element that does not say this itself.
  if (tag === "input" || tag === "button") element.setAttribute("data-lm-suppress-shortcuts", "true");
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** A marker's outline as an SVG path and canvas path alike. @param {string} marker @param {number} x @param {number} y @param {number} r */
export function markerPath(marker, x, y, r) {
  const point = (/** @type {number} */ dx, /** @type {number} */ dy) => `${(x + dx * r).toFixed(2)} ${(y + dy * r).toFixed(2)}`;
  const polygon = (/** @type {number[][]} */ corners) => `M${corners.map(([dx, dy]) => point(dx, dy)).join("L")}Z`;
  switch (marker) {
    case "square": return polygon([[-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]]);
    case "triangle": return polygon([[0, -1.2], [1.1, 0.8], [-1.1, 0.8]]);
    case "diamond": return polygon([[0, -1.3], [1.1, 0], [0, 1.3], [-1.1, 0]]);
    case "plus": return polygon([[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2],
      [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]]);
    case "cross": return polygon([[-1.1, -0.6], [-0.6, -1.1], [0, -0.5], [0.6, -1.1], [1.1, -0.6], [0.5, 0], [1.1, 0.6],
      [0.6, 1.1], [0, 0.5], [-0.6, 1.1], [-1.1, 0.6], [-0.5, 0]]);
    case "star": return polygon(Array.from({ length: 10 }, (_, i) => {
      const angle = -Math.PI / 2 + (i * Math.PI) / 5, size = i % 2 ? 0.5 : 1.25;
      return [size * Math.cos(angle), size * Math.sin(angle)];
    }));
    default: return `M${point(-1, 0)}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0Z`;
  }
}

let explorers = 0;

/**
 * anywidget's entry point; returns the clean-up. `find` can be replaced to draw runs from another source.
 * @param {{model: Model, el: HTMLElement, find?: Finder}} host
 */
export function render({ model, el, find = findRun }) {
  const prefix = `lrx${++explorers}-${Math.random().toString(36).slice(2, 8)}`;
  /** @type {Control[]} */
  const controls = model.get("controls");
  /** @type {Optimizer[]} */
  const optimizers = model.get("optimizers");
  /** @type {Landscape} */
  const land = model.get("landscape");
  /** @type {string[]} */
  const views = model.get("views");
  const steps = model.get("steps");
  const goal = model.get("goal")?.steps ? model.get("goal") : null;
  const byKey = Object.fromEntries(controls.map((c) => [c.key, c]));
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const closing = new AbortController();
  const { signal } = closing;

  const state = {
    dark: false,
    frame: 0, // the animation frame asked for, 0 when none
    playing: false,
    position: model.get("step"), // may lie between two steps while playing
    lastMoved: "",
    waitingSince: 0,
    kernel: false, // whether a kernel ever answered
    drawn: 0, // how many pictures so far
    drawnValues: /** @type {Values} */ ({}), // what the last one shows
  };
  /** The last run found for each optimizer, and whether it is the present one. @type {Map<string, {run: Run, fresh: boolean}>} */
  const shown = new Map();

  // -- structure
  const root = make("section", { class: "lrx", "aria-label": `Optimizer explorer on ${land.formula}` });
  const title = make("h3", { class: "lrx-title" }, "f(x, y) = ", make("span", { class: "lrx-formula" }, land.formula));
  const goalChip = make("p", { class: "lrx-goal", hidden: "" });
  const figures = make("div", { class: `lrx-figures lrx-count-${views.length}` });
  /** @type {Record<string, HTMLCanvasElement>} */
  const canvases = {};
  const captions = { contour: "Path", loss: "Loss f − f*", stability: "Stability of (η, β)" };
  for (const view of views) {
    const canvas = (canvases[view] = make("canvas", { role: "img", "aria-label": captions[/** @type {keyof captions} */ (view)] }));
    const frame = make("div", { class: "lrx-canvas" }, canvas);
    const caption = make("figcaption", {}, captions[/** @type {keyof captions} */ (view)]);
    figures.append(make("figure", { class: `lrx-figure lrx-${view}` }, caption, frame));
  }
  const help = make("span", { id: `${prefix}-help`, class: "lrx-hidden" }, "Drag, or use the arrow keys.");
  const startHandle = handle("Start point");
  const stableHandle = handle("Learning rate and momentum");
  canvases.contour?.parentElement?.append(startHandle);
  canvases.stability?.parentElement?.append(stableHandle);

  const playButton = make("button", { type: "button", class: "lrx-play", "aria-label": "Play" }, icon("play"));
  const scrubber = make("input", { type: "range", id: `${prefix}-step`, min: 0, max: steps, step: 1 });
  const scrubberText = make("output", { for: `${prefix}-step`, class: "lrx-value" });
  const transport = make("div", { class: "lrx-transport" }, playButton,
    make("label", { for: `${prefix}-step` }, "Steps"), scrubber, scrubberText);

  /** @type {Record<string, {input: HTMLInputElement, output: HTMLOutputElement}>} */
  const sliders = {};
  /** @type {Record<string, HTMLElement>} */
  const readouts = {};
  const cards = make("div", { class: "lrx-cards" });
  const families = [...new Set([...optimizers.map((o) => o.family), ...controls.map((c) => c.family)])];
  for (const family of families) cards.append(card(family));
  const note = make("p", { class: "lrx-note", hidden: "" });
  const noteText = make("span");
  const back = make("button", { type: "button" }, "Go back to the last picture");
  note.append(noteText, " ", back);
  const live = make("p", { class: "lrx-hidden", role: "status", "aria-live": "polite" });
  root.append(make("header", {}, title, goalChip), figures, transport, note, cards, help, live);
  el.append(root);

  /** @param {string} label */
  function handle(label) {
    return make("button", { type: "button", class: "lrx-handle", "aria-label": label, "aria-describedby": `${prefix}-help` });
  }

  /** @param {"play" | "pause"} kind */
  function icon(kind) {
    const shape = kind === "play" ? "M7 4.5v15l12-7.5z" : "M6 4.5h4v15H6zM14 4.5h4v15h-4z";
    return make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, make("path", { d: shape, fill: "currentColor" }));
  }

  /** The sliders of one family and what became of its optimizers. @param {string} family */
  function card(family) {
    const members = optimizers.filter((o) => o.family === family);
    const own = controls.filter((c) => c.family === family);
    const name = own[0]?.group ?? members[0]?.label ?? family;
    const box = make("fieldset", { class: "lrx-card", "data-family": family });
    box.append(make("legend", {}, family === "start" ? "Problem" : name));
    for (const optimizer of members) {
      const swatch = make("svg", { class: "lrx-swatch", viewBox: "0 0 44 14", "aria-hidden": "true", "data-id": optimizer.id },
        make("path", { d: "M2 7H36", "stroke-dasharray": optimizer.dash.join(" "), "stroke-width": 2.4, fill: "none" }),
        make("path", { d: markerPath(optimizer.marker, 37, 7, 4.6) }));
      const text = (readouts[optimizer.id] = make("span", { class: "lrx-readout" }));
      box.append(make("p", { class: "lrx-row" }, swatch, make("strong", {}, optimizer.label), text));
    }
    for (const control of own) {
      const id = `${prefix}-${control.key}`;
      const input = make("input", { type: "range", id, min: 0, max: control.ticks.length - 1, step: 1, "data-key": control.key });
      const output = make("output", { for: id, class: "lrx-value" });
      // The visible label is short because the box names the family; a screen reader hears both.
      input.setAttribute("aria-label", family === "start" ? control.label : `${name}: ${control.label}`);
      sliders[control.key] = { input, output };
      box.append(make("div", { class: "lrx-slider" }, make("label", { for: id }, control.label), input, output));
      input.addEventListener("input", () => move({ [control.key]: control.ticks[Number(input.value)] }), { signal });
    }
    return box;
  }

  // -- values
  /** @returns {Values} */
  const valuesNow = () => Object.fromEntries(controls.map((c) => [c.key, model.get(c.key)]));

  /** Take new values from the reader: draw them in the next frame, tell the kernel, wait for nobody. @param {Values} changes */
  function move(changes) {
    for (const [key, value] of Object.entries(changes)) {
      if (model.get(key) === value) continue;
      state.lastMoved = key;
      model.set(key, value);
    }
    model.save_changes();
    schedule();
  }

  /** Which κ's curvature holds now. */
  const whichKappa = () => (byKey.kappa ? nearest(byKey.kappa.ticks, model.get("kappa")) : 0);

  /** @param {number} step */
  function setStep(step) {
    state.position = step;
    if (model.get("step") !== step) {
      model.set("step", step);
      model.save_changes();
    }
    schedule();
  }

  // -- playing
  let playedAt = 0;
  /** @param {boolean} on */
  function play(on) {
    state.playing = on;
    playButton.setAttribute("aria-label", on ? "Pause" : "Play");
    playButton.replaceChildren(icon(on ? "pause" : "play"));
    if (on) {
      if (state.position >= steps) state.position = 0;
      playedAt = performance.now();
      schedule();
    } else setStep(Math.round(state.position));
  }

  /** @param {number} now */
  function advance(now) {
    const perSecond = reduced.matches ? 2 : Math.max(10, steps / 6);
    const elapsed = (now - playedAt) / 1000;
    if (reduced.matches) {
      // No glide: one whole step now and then.
      if (elapsed < 1 / perSecond) return;
      state.position = Math.floor(state.position) + 1;
    } else state.position += elapsed * perSecond;
    playedAt = now;
    if (state.position >= steps) {
      state.position = steps;
      play(false);
    } else if (model.get("step") !== Math.floor(state.position)) model.set("step", Math.floor(state.position));
  }

  // -- drawing
  function schedule() {
    if (!state.frame && !signal.aborted) state.frame = requestAnimationFrame(draw);
  }

  /** @param {number} now */
  function draw(now) {
    state.frame = 0;
    if (state.playing) advance(now);
    const values = valuesNow();
    let waiting = false;
    for (const optimizer of optimizers) {
      if (optimizer.refusal) continue;
      const run = find(optimizer, values, model) ?? (state.kernel ? null : failedRun(optimizer, model));
      const last = shown.get(optimizer.id);
      if (run) shown.set(optimizer.id, { run, fresh: true });
      else if (last) last.fresh = false;
      waiting = waiting || !run;
    }
    if (waiting) wait(now);
    else if (state.waitingSince) {
      state.waitingSince = 0;
      note.hidden = true;
    }
    const theme = THEMES[state.dark ? "dark" : "light"];
    if (canvases.contour) drawContour(canvases.contour, theme, values);
    if (canvases.loss) drawLoss(canvases.loss, theme, values);
    if (canvases.stability) drawStability(canvases.stability, theme, values);
    showText(values);
    state.drawn += 1;
    state.drawnValues = values;
    if (state.playing || state.waitingSince) schedule();
  }

  /** Some run is not here yet: say so when it takes long, and without a kernel go back to what is here. @param {number} now */
  function wait(now) {
    state.waitingSince ||= now;
    const waited = now - state.waitingSince;
    if (!state.kernel && waited > 1200) return goBack("There is no kernel: one slider of an optimizer moves at a time.");
    if (waited > 3000 && note.hidden) tell("The kernel has not answered yet (busy, or restarted: then run the cell again).", true);
  }

  /** @param {string} text @param {boolean} button */
  function tell(text, button) {
    noteText.textContent = text;
    back.hidden = !button;
    note.hidden = false;
  }

  /** Return the other sliders to the values that the moved slider's sweep was computed at. @param {string} why */
  function goBack(why) {
    /** @type {Values} */
    const changes = {};
    for (const optimizer of optimizers) {
      for (const key of [state.lastMoved, ...optimizer.depends]) {
        const sweep = model.get(`sweep_${optimizer.id}__${key}`);
        if (!sweep?.at) continue;
        for (const [other, value] of Object.entries(sweep.at)) if (other !== state.lastMoved) changes[other] = value;
        break;
      }
    }
    for (const [key, value] of Object.entries(changes)) model.set(key, value);
    state.waitingSince = 0;
    if (why) tell(why, false);
    schedule();
  }

  /** The inner box of a canvas after fitting its pixels to the screen. @param {HTMLCanvasElement} canvas @param {number} ratio height / width */
  function prepare(canvas, ratio) {
    const width = Math.max(160, canvas.parentElement?.clientWidth ?? 0);
    const height = Math.round(width * ratio);
    const scale = Math.min(2, devicePixelRatio || 1);
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
      canvas.style.height = `${height}px`;
    }
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";
    context.lineJoin = context.lineCap = "round";
    return { context, box: { left: 40, top: 8, width: width - 50, height: height - 36 }, scale };
  }

  const colorOf = (/** @type {Optimizer} */ o) => (state.dark ? o.dark : o.color);

  /** @type {{key: string, image: HTMLCanvasElement | null}} */
  const ground = { key: "", image: null };
  /** The contour map, drawn anew only when size, theme or κ changes. @param {Box} box @param {typeof THEMES.light} theme @param {number} scale */
  function groundImage(box, theme, scale) {
    const which = whichKappa();
    const key = [box.width, box.height, scale, state.dark, which].join();
    if (ground.key === key && ground.image) return ground.image;
    const [rows, columns] = land.shape;
    const field = fieldOf(land, which);
    const top = field.reduce((a, b) => Math.max(a, b), 0);
    const bands = 11;
    // Equal steps of the root's logarithm: rings near the minimum as well as far from it.
    const levels = Array.from({ length: bands }, (_, k) => top * 0.5 ** ((bands - k) * 0.9));
    const image = make("canvas", { width: Math.round(box.width * scale), height: Math.round(box.height * scale) });
    const context = image.getContext("2d");
    const small = make("canvas", { width: columns, height: rows });
    const pixels = new ImageData(columns, rows);
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        const depth = Math.log2(Math.max(field[(rows - 1 - j) * columns + i], top * 1e-6) / top);
        const mix = Math.min(1, Math.max(0, 1 + depth / 9));
        for (let n = 0; n < 3; n++) pixels.data[4 * (j * columns + i) + n] = theme.low[n] + (theme.high[n] - theme.low[n]) * mix;
        pixels.data[4 * (j * columns + i) + 3] = 255;
      }
    }
    small.getContext("2d").putImageData(pixels, 0, 0);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(small, 0, 0, image.width, image.height);
    context.scale(image.width / (columns - 1), image.height / (rows - 1));
    context.strokeStyle = theme.line;
    levels.forEach((level, k) => {
      const segments = isoline(field, columns, rows, level);
      const path = new Path2D();
      for (let n = 0; n < segments.length; n += 4) {
        path.moveTo(segments[n], rows - 1 - segments[n + 1]);
        path.lineTo(segments[n + 2], rows - 1 - segments[n + 3]);
      }
      context.save();
      context.resetTransform();
      const scaled = new Path2D();
      scaled.addPath(path, new DOMMatrix().scale(image.width / (columns - 1), image.height / (rows - 1)));
      context.globalAlpha = 0.5 - 0.3 * (k / bands);
      context.lineWidth = 0.9 * scale;
      context.stroke(scaled);
      context.restore();
    });
    Object.assign(ground, { key, image });
    return image;
  }

  /** @param {CanvasRenderingContext2D} context @param {Box} box @param {typeof THEMES.light} theme
   * @param {{at: number, text: string}[]} xs @param {{at: number, text: string}[]} ys @param {string} xLabel @param {string} yLabel */
  function axes(context, box, theme, xs, ys, xLabel, yLabel) {
    context.fillStyle = theme.muted;
    context.strokeStyle = theme.grid;
    context.lineWidth = 1;
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const { at, text } of xs) {
      context.fillText(text, at, box.top + box.height + 6);
      line(context, at, box.top, at, box.top + box.height);
    }
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const { at, text } of ys) {
      context.fillText(text, box.left - 6, at);
      line(context, box.left, at, box.left + box.width, at);
    }
    context.fillStyle = theme.fg;
    context.font = "italic 13px system-ui, sans-serif";
    context.textBaseline = "bottom";
    context.fillText(xLabel, box.left + box.width, box.top + box.height - 3);
    context.textAlign = "left";
    context.textBaseline = "top";
    context.fillText(yLabel, box.left + 5, box.top + 3);
    context.font = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";
  }

  /** @param {CanvasRenderingContext2D} context @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
  function line(context, x0, y0, x1, y1) {
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
  }

  /** @param {number} low @param {number} high */
  function plainTicks(low, high) {
    const step = [0.5, 1, 2, 5, 10, 20, 50].find((s) => (high - low) / s <= 6) ?? 100;
    const first = Math.ceil(low / step);
    return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
  }

  /** One run as a line with a halo, its iterates as dots, its present end as a marker.
   * @param {CanvasRenderingContext2D} context @param {Box} box @param {Optimizer} optimizer @param {number[][]} pixels @param {typeof THEMES.light} theme
   * @param {boolean} dots @param {boolean} fresh */
  function drawRun(context, box, optimizer, pixels, theme, dots, fresh) {
    const path = new Path2D();
    let open = false;
    for (let i = 0; i + 1 < pixels.length; i++) {
      const part = clip(pixels[i][0], pixels[i][1], pixels[i + 1][0], pixels[i + 1][1], box);
      if (!part) { open = false; continue; }
      if (!open) path.moveTo(part[0], part[1]);
      path.lineTo(part[2], part[3]);
      open = part[2] === pixels[i + 1][0] && part[3] === pixels[i + 1][1];
    }
    context.save();
    context.globalAlpha = fresh ? 1 : 0.35;
    const over = optimizer.yours && optimizers.some((o) => !o.yours && o.family === optimizer.family);
    context.strokeStyle = theme.halo;
    context.lineWidth = over ? 3 : 5;
    if (!over) context.stroke(path);
    context.strokeStyle = context.fillStyle = colorOf(optimizer);
    // A reference lies broad under the student's own line, so that both are seen where they agree.
    const under = !optimizer.yours && optimizers.some((o) => o.yours && o.family === optimizer.family);
    context.lineWidth = under ? 6 : 2.3;
    context.setLineDash(under ? [] : optimizer.dash);
    if (under) context.globalAlpha *= 0.75;
    context.stroke(path);
    context.setLineDash([]);
    const inside = (/** @type {number[]} */ [x, y]) =>
      x >= box.left - 1 && x <= box.left + box.width + 1 && y >= box.top - 1 && y <= box.top + box.height + 1;
    if (dots) {
      const points = new Path2D();
      for (const [x, y] of pixels) {
        if (!inside([x, y])) continue;
        points.moveTo(x + 2.4, y);
        points.arc(x, y, 2.4, 0, 2 * Math.PI);
      }
      context.fill(points);
    }
    const end = pixels[pixels.length - 1];
    if (end && inside(end)) {
      const shape = new Path2D(markerPath(optimizer.marker, end[0], end[1], 6));
      context.strokeStyle = theme.ground;
      context.lineWidth = 3;
      context.stroke(shape);
      context.fill(shape);
    }
    context.restore();
  }

  /** The pixels of a run up to the present position; the last one lies between two steps while playing.
   * @param {Float32Array} points @param {(points: Float32Array, index: number) => number[]} place */
  function pixelsOf(points, place) {
    const whole = Math.min(Math.floor(state.position), points.length / 3 - 1);
    const pixels = [];
    for (let t = 0; t <= whole; t++) {
      if (Number.isNaN(points[3 * t])) return pixels;
      pixels.push(place(points, t));
    }
    const rest = state.position - whole;
    if (rest > 0 && !Number.isNaN(points[3 * whole + 3] ?? NaN)) {
      const [a, b] = [pixels[whole], place(points, whole + 1)];
      pixels.push([a[0] + rest * (b[0] - a[0]), a[1] + rest * (b[1] - a[1])]);
    }
    return pixels;
  }

  /** A path that left the picture by more than its size is not drawn swinging back through it.
   * @param {number[][]} pixels @param {Box} box */
  function untilGone(pixels, box) {
    const gone = pixels.findIndex(([x, y]) => Math.abs(x - box.left - box.width / 2) > 1.5 * box.width
      || Math.abs(y - box.top - box.height / 2) > 1.5 * box.height);
    return gone < 0 ? pixels : pixels.slice(0, gone + 1);
  }

  /** What diverged, said in the picture. @param {CanvasRenderingContext2D} context @param {Box} box @param {typeof THEMES.light} theme */
  function badges(context, box, theme) {
    let y = box.top + 10;
    context.textAlign = "right";
    context.textBaseline = "middle";
    context.font = "600 12px system-ui, -apple-system, 'Segoe UI', sans-serif";
    for (const optimizer of optimizers) {
      const entry = shown.get(optimizer.id);
      if (!entry) continue;
      const step = Math.floor(state.position);
      const { kind, since } = fate(entry.run.points, step);
      const [x, py] = [entry.run.points[3 * step], entry.run.points[3 * step + 1]];
      const outside = x < land.bounds[0] || x > land.bounds[1] || py < land.bounds[2] || py > land.bounds[3];
      if (kind !== "diverged" && !(outside && kind !== "failed")) continue;
      const text = kind === "diverged" ? `${optimizer.label} diverges (step ${since})` : `${optimizer.label} has left the picture`;
      const width = context.measureText(text).width;
      context.fillStyle = theme.ground;
      context.globalAlpha = 0.88;
      context.beginPath();
      context.roundRect(box.left + box.width - width - 34, y - 9, width + 28, 21, 10);
      context.fill();
      context.globalAlpha = 1;
      context.fillStyle = colorOf(optimizer);
      context.fill(new Path2D(markerPath(optimizer.marker, box.left + box.width - width - 22, y + 1.5, 4.5)));
      context.fillStyle = theme.fg;
      context.fillText(text, box.left + box.width - 12, y + 2);
      y += 25;
    }
    context.font = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";
  }

  /** @param {HTMLCanvasElement} canvas @param {typeof THEMES.light} theme @param {Values} values */
  function drawContour(canvas, theme, values) {
    const [x0, x1, y0, y1] = land.bounds;
    const width = Math.max(160, canvas.parentElement?.clientWidth ?? 0);
    const { context, box, scale } = prepare(canvas, ((width - 50) * ((y1 - y0) / (x1 - x0)) + 36) / width);
    const px = (/** @type {number} */ x) => box.left + ((x - x0) / (x1 - x0)) * box.width;
    const py = (/** @type {number} */ y) => box.top + ((y1 - y) / (y1 - y0)) * box.height;
    context.drawImage(groundImage(box, theme, scale), box.left, box.top, box.width, box.height);
    const tick = (/** @type {(v: number) => number} */ place) => (/** @type {number} */ v) => ({ at: place(v), text: String(v).replace("-", "−") });
    axes(context, box, theme, plainTicks(x0, x1).map(tick(px)), plainTicks(y0, y1).map(tick(py)), "x", "y");
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    const star = new Path2D(markerPath("star", px(land.minimum[0]), py(land.minimum[1]), 9));
    context.fillStyle = "#F0C000";
    context.strokeStyle = "#000000b0";
    context.lineWidth = 1.2;
    context.fill(star);
    context.stroke(star);
    for (const optimizer of optimizers) {
      const entry = shown.get(optimizer.id);
      if (!entry) continue;
      const pixels = untilGone(pixelsOf(entry.run.points, (p, t) => [px(p[3 * t]), py(p[3 * t + 1])]), box);
      drawRun(context, box, optimizer, pixels, theme, steps <= 120, entry.fresh);
    }
    context.restore();
    badges(context, box, theme);
    placeHandle(startHandle, px(values.start_x), py(values.start_y));
    startHandle.setAttribute("aria-label", `Start point (${format(values.start_x)}, ${format(values.start_y)})`);
    placing.contour = (x, y) => ({
      start_x: pick("start_x", x0 + ((x - box.left) / box.width) * (x1 - x0)),
      start_y: pick("start_y", y1 - ((y - box.top) / box.height) * (y1 - y0)),
    });
  }

  /** What a place in a view means for the controls. @type {Record<string, (x: number, y: number) => Values>} */
  const placing = {};
  const pick = (/** @type {string} */ key, /** @type {number} */ value) => byKey[key].ticks[nearest(byKey[key].ticks, value)];

  /** @param {HTMLElement} element @param {number} x @param {number} y */
  function placeHandle(element, x, y) {
    element.style.transform = `translate(${x}px, ${y}px) translate(-50%, -50%)`;
  }

  /** @param {HTMLCanvasElement} canvas @param {typeof THEMES.light} theme @param {Values} values */
  function drawLoss(canvas, theme, values) {
    const { context, box } = prepare(canvas, views[0] === "loss" ? 0.6 : 0.62);
    let start = 1e-12, least = Infinity;
    for (const { run } of shown.values()) {
      start = Math.max(start, run.points[2] || 0);
      for (let i = 2; i < run.points.length; i += 3) if (run.points[i] > 0) least = Math.min(least, run.points[i]);
    }
    if (goal) least = Math.min(least, goal.loss / 10);
    // The floor moves in leaps of three decades, so that the axis rests while a slider moves.
    const high = Math.ceil(Math.log10(start)) + 2;
    const low = Math.max(-15, Math.min(high - 6, 3 * Math.floor(Math.log10(least) / 3)));
    const px = (/** @type {number} */ t) => box.left + (t / steps) * box.width;
    const py = (/** @type {number} */ loss) => box.top + ((high - Math.log10(Math.max(loss, 1e-30))) / (high - low)) * box.height;
    const every = Math.max(1, Math.ceil((high - low) / 6));
    const decades = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((d) => d % every === 0);
    axes(context, box, theme, plainTicks(0, steps).filter((t) => t % 1 === 0).map((t) => ({ at: px(t), text: String(t) })),
      decades.map((d) => ({ at: py(10 ** d), text: power(d) })), "step", "");
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width + 8, box.height); // room for the end markers
    context.clip();
    if (goal) {
      context.fillStyle = state.dark ? "#f0c00030" : "#f0c00040";
      context.fillRect(box.left, py(goal.loss), px(goal.steps) - box.left, box.height);
      context.fillStyle = theme.fg;
      context.textAlign = "left";
      context.textBaseline = "top";
      context.fillText("goal", box.left + 6, py(goal.loss) + 5);
    }
    const eigenvalues = land.eigenvalues[whichKappa()];
    for (const optimizer of land.quadratic ? optimizers : []) {
      const entry = shown.get(optimizer.id);
      if (!entry || optimizer.yours || !["sgd", "momentum"].includes(optimizer.family)) continue;
      const beta = optimizer.family === "momentum" ? values[optimizer.parameters.momentum] : 0;
      const rate = 2 * Math.log10(spectralRadius(values[optimizer.parameters.lr], beta, eigenvalues));
      context.strokeStyle = colorOf(optimizer);
      context.globalAlpha = 0.75;
      context.lineWidth = 1.3;
      context.setLineDash([1, 4]);
      const top = Math.log10(entry.run.points[2]);
      const part = clip(px(0), py(10 ** top), px(steps), box.top + ((high - top - rate * steps) / (high - low)) * box.height, box);
      context.beginPath();
      if (part) { context.moveTo(part[0], part[1]); context.lineTo(part[2], part[3]); }
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
    }
    context.strokeStyle = theme.muted;
    context.lineWidth = 1;
    context.globalAlpha = 0.6;
    line(context, px(state.position), box.top, px(state.position), box.top + box.height);
    context.globalAlpha = 1;
    for (const optimizer of optimizers) {
      const entry = shown.get(optimizer.id);
      if (!entry) continue;
      const pixels = pixelsOf(entry.run.points, (p, t) => [px(t), py(p[3 * t + 2])]);
      drawRun(context, box, optimizer, pixels, theme, false, entry.fresh);
    }
    if (land.quadratic && optimizers.some((o) => ["sgd", "momentum"].includes(o.family) && !o.yours)) {
      context.fillStyle = theme.muted;
      context.textAlign = "right";
      context.textBaseline = "top";
      context.fillText("dotted: rate in theory", box.left + box.width - 6, box.top + 4);
    }
    context.restore();
  }

  const map = { key: "", image: /** @type {HTMLCanvasElement | null} */ (null) };
  /** @param {Box} box @param {typeof THEMES.light} theme @param {number[]} eigenvalues @param {number[]} lrs @param {number} top */
  function mapImage(box, theme, eigenvalues, lrs, top) {
    const key = [box.width, box.height, state.dark, eigenvalues].join();
    if (map.key === key && map.image) return map.image;
    const [columns, rows] = [Math.round(box.width), Math.round(box.height)];
    const image = make("canvas", { width: columns, height: rows });
    const context = image.getContext("2d");
    context.fillStyle = theme.dead;
    context.fillRect(0, 0, columns, rows);
    context.strokeStyle = theme.hatch;
    context.lineWidth = 1.5;
    for (let x = -rows; x < columns; x += 9) {
      context.beginPath();
      context.moveTo(x, rows);
      context.lineTo(x + rows, 0);
      context.stroke();
    }
    const pixels = context.getImageData(0, 0, columns, rows);
    const [from, ratio] = [Math.log(lrs[0]), Math.log(lrs[1] / lrs[0])];
    for (let j = 0; j < rows; j++) {
      for (let i = 0; i < columns; i++) {
        const rho = spectralRadius(Math.exp(from + (ratio * (i + 0.5)) / columns), top * (1 - (j + 0.5) / rows), eigenvalues);
        if (rho >= 1) continue;
        const speed = Math.min(1, Math.max(0, Math.log10(-Math.log(Math.max(rho, 1e-9))) / 2.6 + 1.05));
        for (let n = 0; n < 3; n++) pixels.data[4 * (j * columns + i) + n] = theme.slow[n] + (theme.fast[n] - theme.slow[n]) * speed ** 1.6;
      }
    }
    context.putImageData(pixels, 0, 0);
    Object.assign(map, { key, image });
    return image;
  }

  /** @param {HTMLCanvasElement} canvas @param {typeof THEMES.light} theme @param {Values} values */
  function drawStability(canvas, theme, values) {
    const { context, box } = prepare(canvas, 0.62);
    const chosen = optimizers.find((o) => o.family === "momentum" && o.parameters.lr) ?? optimizers.find((o) => o.family === "sgd");
    if (!chosen) return;
    const { lr: lrKey, momentum: betaKey } = chosen.parameters;
    const ticks = byKey[lrKey].ticks;
    const [low, high, top] = [ticks[0], ticks[ticks.length - 1], 1];
    const eigenvalues = land.eigenvalues[whichKappa()];
    const px = (/** @type {number} */ lr) => box.left + (Math.log(lr / low) / Math.log(high / low)) * box.width;
    const py = (/** @type {number} */ beta) => box.top + (1 - beta / top) * box.height;
    context.drawImage(mapImage(box, theme, eigenvalues, [low, high], top), box.left, box.top, box.width, box.height);
    const decades = [];
    for (let d = Math.ceil(Math.log10(low)); 10 ** d <= high * 1.001; d++) decades.push({ at: px(10 ** d), text: d > -3 && d < 3 ? String(10 ** d) : power(d) });
    axes(context, box, theme, decades, [0, 0.25, 0.5, 0.75, 1].map((b) => ({ at: py(b), text: String(b) })), "η", "β");
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
    const sharpest = eigenvalues[eigenvalues.length - 1];
    context.beginPath();
    for (let i = 0; i <= 60; i++) context.lineTo(px((2 * (1 + i / 60)) / sharpest), py(i / 60));
    context.strokeStyle = theme.fg;
    context.lineWidth = 2;
    context.stroke();
    context.fillStyle = theme.fg;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const edge = px(3 / sharpest);
    context.fillText("η = 2(1+β)/λ", edge - 8, py(0.62));
    context.textAlign = "center";
    if (px(high) - px(4 / sharpest) > 56) context.fillText("diverges", (px(3.4 / sharpest) + px(high)) / 2 + 4, py(0.36));
    const [weak, strong] = [Math.sqrt(eigenvalues[0]), Math.sqrt(sharpest)];
    const best = [px((2 / (strong + weak)) ** 2), py(((strong - weak) / (strong + weak)) ** 2)];
    const star = new Path2D(markerPath("star", best[0], best[1], 7));
    context.fillStyle = "#F0C000";
    context.strokeStyle = "#000000b0";
    context.lineWidth = 1.2;
    context.fill(star);
    context.stroke(star);
    for (const optimizer of optimizers) {
      if (optimizer.yours || !["sgd", "momentum"].includes(optimizer.family)) continue;
      const beta = optimizer.family === "momentum" ? values[optimizer.parameters.momentum] : 0;
      const shape = new Path2D(markerPath(optimizer.marker, px(values[optimizer.parameters.lr]), py(beta) - (beta === 0 ? 5 : 0), 5.5));
      context.strokeStyle = theme.ground;
      context.lineWidth = 3;
      context.stroke(shape);
      context.fillStyle = colorOf(optimizer);
      context.fill(shape);
    }
    context.restore();
    const beta = betaKey ? values[betaKey] : 0;
    placeHandle(stableHandle, px(values[lrKey]), py(beta));
    const rho = spectralRadius(values[lrKey], beta, eigenvalues);
    stableHandle.setAttribute("aria-label",
      `${chosen.label}: η ${format(values[lrKey])}, β ${format(beta)}, ${rho < 1 ? `stable, distance shrinks by ${format(rho)} a step` : "unstable"}`);
    placing.stability = (x, y) => {
      const lr = low * (high / low) ** ((x - box.left) / box.width);
      /** @type {Values} */
      const changes = { [lrKey]: ticks[nearest(ticks.map(Math.log), Math.log(lr))] };
      if (betaKey) changes[betaKey] = pick(betaKey, top * (1 - (y - box.top) / box.height));
      return changes;
    };
  }

  // -- text
  /** Colour a slider's groove up to its thumb. @param {HTMLInputElement} input */
  function fill(input) {
    input.style.setProperty("--filled", `${((100 * Number(input.value)) / Number(input.max)).toFixed(2)}%`);
  }

  let spoken = "";
  let speakLater = 0;
  /** Sliders' positions and numbers, each optimizer's fate, the goal; for a screen reader at most once a second. @param {Values} values */
  function showText(values) {
    for (const control of controls) {
      const { input, output } = sliders[control.key];
      const index = String(nearest(control.ticks, values[control.key]));
      const text = format(values[control.key]);
      if (input.value !== index) input.value = index;
      fill(input);
      if (output.value !== text) {
        output.value = text;
        input.setAttribute("aria-valuetext", text);
      }
    }
    const step = Math.floor(state.position);
    if (scrubber.value !== String(step)) scrubber.value = String(step);
    fill(scrubber);
    scrubberText.value = `${step} of ${steps}`;
    scrubber.setAttribute("aria-valuetext", `step ${step} of ${steps}`);
    const sentences = [];
    const met = [];
    for (const optimizer of optimizers) {
      const entry = shown.get(optimizer.id);
      const run = entry?.fresh ? entry.run : null;
      const text = describe(optimizer, run, step, goal);
      const readout = readouts[optimizer.id];
      if (readout.textContent !== text) readout.textContent = text;
      readout.classList.toggle("lrx-trouble", Boolean(optimizer.refusal || run?.message));
      sentences.push(`${optimizer.label}: ${text}.`);
      if (goal && run && metAt(run.points, goal) >= 0) met.push(optimizer.label);
    }
    if (goal) {
      goalChip.hidden = false;
      const text = `Goal: loss < ${format(goal.loss)} within ${goal.steps} steps: ${met.length ? `met by ${met.join(", ")} ✓` : "not met yet"}`;
      if (goalChip.textContent !== text) goalChip.textContent = text;
      goalChip.classList.toggle("lrx-met", met.length > 0);
      sentences.push(text);
    }
    const whole = `Step ${step}. ${sentences.join(" ")}`;
    if (whole !== spoken && !state.playing) {
      spoken = whole;
      clearTimeout(speakLater);
      speakLater = setTimeout(() => (live.textContent = spoken), 1000);
    }
  }

  // -- the reader's hand
  for (const [view, element] of Object.entries({ contour: startHandle, stability: stableHandle })) {
    const canvas = canvases[view];
    if (!canvas) continue;
    const frame = /** @type {HTMLElement} */ (canvas.parentElement);
    const place = (/** @type {PointerEvent} */ event) => {
      const edge = canvas.getBoundingClientRect();
      move(placing[view](event.clientX - edge.left, event.clientY - edge.top));
    };
    frame.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      element.focus({ preventScroll: true });
      frame.setPointerCapture(event.pointerId);
      place(event);
    }, { signal });
    frame.addEventListener("pointermove", (event) => {
      if (frame.hasPointerCapture(event.pointerId)) place(event);
    }, { signal });
    element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      const keys = view === "contour" ? ["start_x", "start_y"] : stableKeys();
      const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] }[event.key];
      const key = way && keys[way[0]];
      if (!way || !key) return;
      event.preventDefault();
      const { ticks } = byKey[key];
      const index = nearest(ticks, model.get(key)) + way[1] * (event.shiftKey ? 5 : 1);
      move({ [key]: ticks[Math.max(0, Math.min(ticks.length - 1, index))] });
    }, { signal });
  }

  function stableKeys() {
    const chosen = optimizers.find((o) => o.family === "momentum" && o.parameters.lr) ?? optimizers.find((o) => o.family === "sgd");
    return chosen ? [chosen.parameters.lr, chosen.parameters.momentum] : [];
  }

  playButton.addEventListener("click", () => play(!state.playing), { signal });
  scrubber.addEventListener("input", () => {
    if (state.playing) play(false);
    setStep(Number(scrubber.value));
  }, { signal });
  back.addEventListener("click", () => { note.hidden = true; goBack(""); }, { signal });

  // -- the world around
  function retheme() {
    state.dark = isDark(el);
    root.classList.toggle("lrx-dark", state.dark);
    for (const optimizer of optimizers) {
      root.querySelector(`.lrx-swatch[data-id="${optimizer.id}"]`)?.style.setProperty("color", colorOf(optimizer));
    }
    for (const family of families) {
      const first = optimizers.find((o) => o.family === family && !o.yours) ?? optimizers.find((o) => o.family === family);
      if (first) root.querySelector(`[data-family="${family}"]`)?.style.setProperty("--accent", colorOf(first));
    }
    schedule();
  }
  const size = new ResizeObserver(schedule);
  for (const canvas of Object.values(canvases)) if (canvas.parentElement) size.observe(canvas.parentElement);
  const theme = new MutationObserver(retheme);
  for (const element of [document.documentElement, document.body]) theme.observe(element, { attributes: true });

  const onStep = () => {
    if (!state.playing && Math.floor(state.position) !== model.get("step")) state.position = Math.min(steps, model.get("step"));
    schedule();
  };
  const onMessage = (/** @type {any} */ content) => {
    if (content?.type === "hello") state.kernel = true;
  };
  const traits = [...controls.map((c) => c.key), ...optimizers.flatMap((o) =>
    [`present_${o.id}`, ...(o.refusal ? [] : o.depends.map((key) => `sweep_${o.id}__${key}`))])];
  for (const name of traits) model.on(`change:${name}`, schedule);
  model.on("change:step", onStep);
  model.on("msg:custom", onMessage);
  try {
    model.send({ type: "hello" });
  } catch {
    // a saved page without a kernel may refuse: then it stays silent, which is the answer
  }

  // For tests and for scripts: what the picture shows, in numbers.
  root.explorer = {
    drawn: () => ({
      frame: state.drawn,
      values: state.drawnValues,
      step: Math.floor(state.position),
      playing: state.playing,
      kernel: state.kernel,
      runs: Object.fromEntries([...shown].map(([id, { run, fresh }]) => [id, { points: [...run.points], message: run.message, fresh }])),
    }),
  };
  retheme();

  return () => {
    closing.abort();
    cancelAnimationFrame(state.frame);
    clearTimeout(speakLater);
    size.disconnect();
    theme.disconnect();
    for (const name of traits) model.off(`change:${name}`, schedule);
    model.off("change:step", onStep);
    model.off("msg:custom", onMessage);
    root.remove();
  };
}

export default { render };
