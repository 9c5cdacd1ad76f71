// @ts-check
/**
 * Draws the explorer. No optimizer is implemented here: every run is a slice of a sweep that the kernel computed ahead
 * (float32, positions × steps+1 × [x, y, loss]; NaN once diverged), so moving a slider asks nobody.
 *
 * @typedef {{get(name: string): any, set(name: string, value: any): void, save_changes(): void,
 *   send(content: any): void, on(name: string, callback: Function): void, off(name: string, callback: Function): void,
 *   widget_manager?: any}} Model
 * @typedef {Record<string, number>} Values
 * @typedef {{key: string, name: string, label: string, family: string, group: string, value: number, ticks: number[],
 *   limits: number[]}} Control
 * @typedef {{id: string, label: string, family: string, yours: boolean, parameters: Record<string, string>, depends: string[],
 *   refusal: string, color: string, dark: string, dash: number[], marker: string}} Optimizer
 * @typedef {{problem: string, optimizers: string[], rest: string[]}} Call  what of a call of explore() no slider moves, as Python
 * @typedef {{at: Values, data: DataView, message: string}} Sweep
 * @typedef {{name: string, formula: string, bounds: number[], minimum: number[], eigenvalues: number[], quadratic: boolean,
 *   noisy: boolean, hessian: number[], turned: number, separable: boolean, field: DataView, shape: number[]}} Landscape
 * @typedef {{hessian: number[], eigenvalues: number[], directions: number[][]}} Curvature  at the minimum, smallest eigenvalue first
 * @typedef {{run: Run, fresh: boolean}} Shown
 * @typedef {typeof THEMES.light} Theme
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 * @typedef {{theme: Theme, dark: boolean, land: Landscape, curvature: Curvature, optimizers: Optimizer[], values: Values,
 *   runs: Map<string, Shown>, pinned: Map<string, Run>, byKey: Record<string, Control>, position: number, steps: number,
 *   goal: {loss: number, steps: number} | null, focus: string}} Scene  all that a picture depends on
 * @typedef {{context: CanvasRenderingContext2D, box: Box, scale: number}} Surface
 * @typedef {{x: number, y: number, label: string, key: string, move: (x: number, y: number) => Values}} Handle  what a picture lets one drag
 * @typedef {{points: Float32Array, message: string}} Run  points: x, y, loss for step 0, 1, …
 * @typedef {(optimizer: Optimizer, values: Values, model: Model) => Run | null} Finder
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
  const [a, , , d] = land.hessian;
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
 * @param {Landscape} land @param {number[]} hessian */
export function fieldOf(land, hessian) {
  if (!land.quadratic) return floats(land.field);
  const [rows, columns] = land.shape;
  const [x0, x1, y0, y1] = land.bounds;
  const [a, b, , d] = hessian;
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

/** The Hessian at the minimum with its eigenvalues (smallest first) and unit eigenvectors. Where the bowl can be turned,
 * it is R diag(λ/κ, λ) Rᵀ with R a rotation by the angle. @param {Landscape} land @param {Values} values @returns {Curvature} */
export function curvatureAt(land, values) {
  let hessian = land.hessian;
  if (land.turned) {
    const angle = (values.angle * Math.PI) / 180, low = land.turned / values.kappa, high = land.turned;
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    hessian = [c * c * low + s * s * high, c * s * (low - high), c * s * (low - high), s * s * low + c * c * high];
    return { hessian, eigenvalues: [low, high], directions: [[c, s], [-s, c]] };
  }
  const [a, b, , d] = hessian;
  const angle = b === 0 ? (a <= d ? 0 : Math.PI / 2) : 0.5 * Math.atan2(2 * b, a - d) + Math.PI / 2;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return { hessian, eigenvalues: land.eigenvalues, directions: [[c, s], [-s, c]] };
}

/** The loss of a run along one eigen-direction, ½λ(v·(p − p*))², step by step until it diverges.
 * @param {Float32Array} points @param {number[]} minimum @param {number} eigenvalue @param {number[]} direction */
export function lossAlong(points, minimum, eigenvalue, [c, s]) {
  const losses = [];
  for (let i = 0; i < points.length && !Number.isNaN(points[i]); i += 3) {
    losses.push(0.5 * eigenvalue * (c * (points[i] - minimum[0]) + s * (points[i + 1] - minimum[1])) ** 2);
  }
  return losses;
}

/** A number as a reader types it or copies it from a text: 0.1, 0,1, 1/11, 1e-3, 10^-3, 5·10⁻⁴; NaN for anything else.
 * @param {string} text */
export function parseNumber(text) {
  const raised = text.trim().replace(/(?<=10)⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+$/, (found) => `^${[...found].map((c) => (c === "⁻" ? "-" : SUPERSCRIPTS.indexOf(c))).join("")}`);
  const plain = raised.replaceAll("−", "-").replace(/^(-?\d+),(\d+)$/, "$1.$2").replace("·10^", "e").replace(/^10\^/, "1e");
  const [over, under, more] = plain.split("/").map((part) => part.trim());
  if (more !== undefined || ![over, under ?? "1"].every((part) => /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(part))) return NaN;
  const value = Number(over) / Number(under ?? 1);
  return Number.isFinite(value) ? value : NaN;
}

/** The settings as the line of Python that shows them again, every number exactly. @param {Call} call @param {Control[]} controls
 * @param {Values} values @param {number} steps */
export function asPython(call, controls, values, steps) {
  /** @type {Map<string, Control[]>} */
  const named = new Map();
  for (const control of controls) {
    if (!control.key.startsWith("start_")) named.set(control.name, [...(named.get(control.name) ?? []), control]);
  }
  // One number says it for all families, where they agree or there is but one; a dict by family otherwise.
  const said = [...named].map(([name, all]) => {
    const numbers = new Set(all.map((c) => values[c.key]));
    const byFamily = numbers.size > 1 || (name === "lr" && all.length > 1);
    return `${name}=${byFamily ? `{${all.map((c) => `"${c.family}": ${values[c.key]}`).join(", ")}}` : [...numbers][0]}`;
  });
  return `explore(${[call.problem, `[${call.optimizers.join(", ")}]`, `steps=${steps}`, `start=(${values.start_x}, ${values.start_y})`,
    ...said, ...call.rest].join(", ")})`;
}

/** One optimizer in a sentence, for eyes and screen readers alike; beside it what was pinned.
 * @param {Optimizer} optimizer @param {Run | null} run @param {number} step @param {{loss: number, steps: number} | null} goal
 * @param {Run} [pinned] */
export function describe(optimizer, run, step, goal, pinned) {
  if (optimizer.refusal) return optimizer.refusal;
  if (!run) return optimizer.yours ? "being run …" : "waiting for the kernel";
  if (run.message) return run.message;
  const { kind, since } = fate(run.points, step);
  if (kind === "failed") return "this run failed";
  const before = pinned ? ` (pinned: ${outcome(pinned, step)})` : "";
  if (kind === "diverged") return `diverges: beyond 10⁶ at step ${since}${before}`;
  const loss = run.points[3 * step + 2];
  const met = goal ? metAt(run.points, goal) : -1;
  const reached = met >= 0 ? `, goal met at step ${met} ✓` : "";
  return `loss ${format(loss)}${kind === "growing" ? " and growing" : ""}${before}${reached}`;
}

/** @param {Run} run @param {number} step */
function outcome(run, step) {
  const loss = run.points[3 * step + 2];
  return Number.isNaN(loss) ? "diverged" : format(loss);
}

// ---- Theme -------------------------------------------------------------------------------------------------------

const THEMES = {
  light: { fg: "#1c2530", muted: "#56616e", grid: "#00000017", ground: "#ffffff", line: "#33506e", halo: "#ffffffd0",
    low: [178, 208, 234], high: [250, 252, 254], slow: [226, 240, 234], fast: [20, 108, 110], dead: "#ece7e3", hatch: "#d4ccc6" },
  dark: { fg: "#e8edf2", muted: "#a4b0bd", grid: "#ffffff1c", ground: "#12181f", line: "#a9c4e0", halo: "#0b1016c0",
    low: [52, 88, 122], high: [17, 23, 30], slow: [30, 47, 50], fast: [72, 190, 180], dead: "#2b2523", hatch: "#433935" },
};

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

// ---- Drawing: each function gets a context, a box and the scene, and returns what it placed ------------------------

const FONT = "12px system-ui, -apple-system, 'Segoe UI', sans-serif";
const DESCENT = ["sgd", "momentum"]; // the families that the theory of quadratics tells of

const colorOf = (/** @type {Optimizer} */ optimizer, /** @type {boolean} */ dark) => (dark ? optimizer.dark : optimizer.color);

/** The inner box of a canvas after fitting its pixels to the screen. @param {HTMLCanvasElement} canvas @param {number} ratio height / width
 * @returns {Surface} */
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
  context.font = FONT;
  context.lineJoin = context.lineCap = "round";
  return { context, box: { left: 40, top: 8, width: width - 50, height: height - 36 }, scale };
}

/** @param {CanvasRenderingContext2D} context @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
function line(context, x0, y0, x1, y1) {
  context.beginPath();
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
  context.stroke();
}

/** @param {CanvasRenderingContext2D} context @param {Box} box @param {number} room to the right, for markers at the end */
function clipTo(context, box, room = 0) {
  context.save();
  context.beginPath();
  context.rect(box.left, box.top, box.width + room, box.height);
  context.clip();
}

/** @param {CanvasRenderingContext2D} context @param {Box} box @param {Theme} theme
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
  context.font = FONT;
}

/** Round numbers between two ends. @param {number} low @param {number} high */
function plainTicks(low, high) {
  const step = [0.5, 1, 2, 5, 10, 20, 50].find((s) => (high - low) / s <= 6) ?? 100;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
}

/** Powers of ten between two ends, each at its place. @param {number} low @param {number} high @param {(value: number) => number} place */
function decadeTicks(low, high, place) {
  const ticks = [];
  for (let d = Math.ceil(Math.log10(low)); 10 ** d <= high * 1.001; d++) {
    ticks.push({ at: place(10 ** d), text: d > -3 && d < 3 ? String(Number((10 ** d).toPrecision(1))) : power(d) });
  }
  return ticks;
}

/** A filled marker with a thin rim. @param {CanvasRenderingContext2D} context @param {string} path @param {string} fill @param {string} rim @param {number} width */
function stamp(context, path, fill, rim, width) {
  const shape = new Path2D(path);
  context.fillStyle = fill;
  context.strokeStyle = rim;
  context.lineWidth = width;
  context.stroke(shape);
  context.fill(shape);
}

/** The present runs with their optimizers, in the page's order. @param {Scene} scene */
function present(scene) {
  return scene.optimizers.flatMap((optimizer) => {
    const shown = scene.runs.get(optimizer.id);
    return shown ? [{ optimizer, run: shown.run, fresh: shown.fresh }] : [];
  });
}

/** The pixels of a run up to the present position; the last one lies between two steps while playing.
 * @param {Float32Array} points @param {number} position @param {(points: Float32Array, index: number) => number[]} place */
function pixelsOf(points, position, place) {
  const whole = Math.min(Math.floor(position), points.length / 3 - 1);
  const pixels = [];
  for (let t = 0; t <= whole; t++) {
    if (Number.isNaN(points[3 * t])) return pixels;
    pixels.push(place(points, t));
  }
  const rest = position - whole;
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

/** The part of a polyline inside a box. @param {number[][]} pixels @param {Box} box */
function pathInside(pixels, box) {
  const path = new Path2D();
  let open = false;
  for (let i = 0; i + 1 < pixels.length; i++) {
    const part = clip(pixels[i][0], pixels[i][1], pixels[i + 1][0], pixels[i + 1][1], box);
    if (!part) { open = false; continue; }
    if (!open) path.moveTo(part[0], part[1]);
    path.lineTo(part[2], part[3]);
    open = part[2] === pixels[i + 1][0] && part[3] === pixels[i + 1][1];
  }
  return path;
}

/** One run as a line with a halo, its iterates as dots, its present end as a marker.
 * @param {Surface} surface @param {Scene} scene @param {Optimizer} optimizer @param {number[][]} pixels @param {boolean} dots @param {boolean} fresh */
function drawRun({ context, box }, scene, optimizer, pixels, dots, fresh) {
  const { theme, optimizers } = scene;
  const path = pathInside(pixels, box);
  const twin = (/** @type {boolean} */ yours) => optimizers.some((o) => o.yours === yours && o.family === optimizer.family);
  const over = optimizer.yours && twin(false), under = !optimizer.yours && twin(true);
  context.save();
  context.globalAlpha = fresh ? 1 : 0.35;
  context.strokeStyle = theme.halo;
  context.lineWidth = over ? 3 : 5;
  if (!over) context.stroke(path);
  context.strokeStyle = context.fillStyle = colorOf(optimizer, scene.dark);
  // A reference lies broad under the student's own line, so that both are seen where they agree.
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
  if (end && inside(end)) stamp(context, markerPath(optimizer.marker, end[0], end[1], 6), colorOf(optimizer, scene.dark), theme.ground, 3);
  context.restore();
}

/** A pinned run: thin, pale and dotted under the present one. @param {Surface} surface @param {Scene} scene
 * @param {(points: Float32Array, index: number) => number[]} place */
function drawPinned({ context, box }, scene, place) {
  for (const optimizer of scene.optimizers) {
    const run = scene.pinned.get(optimizer.id);
    if (!run) continue;
    const pixels = untilGone(pixelsOf(run.points, scene.position, place), box);
    context.save();
    context.globalAlpha = 0.65;
    context.strokeStyle = colorOf(optimizer, scene.dark);
    context.lineWidth = 1.4;
    context.setLineDash([1.5, 4]);
    context.stroke(pathInside(pixels, box));
    context.setLineDash([]);
    const end = pixels[pixels.length - 1];
    if (end) context.stroke(new Path2D(markerPath(optimizer.marker, end[0], end[1], 5)));
    context.restore();
  }
}

/** What diverged or left, said in the picture. @param {Surface} surface @param {Scene} scene */
function badges({ context, box }, scene) {
  const { land, theme } = scene;
  const step = Math.floor(scene.position);
  let y = box.top + 10;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.font = `600 ${FONT}`;
  for (const { optimizer, run } of present(scene)) {
    const { kind, since } = fate(run.points, step);
    const [px, py] = [run.points[3 * step], run.points[3 * step + 1]];
    const outside = px < land.bounds[0] || px > land.bounds[1] || py < land.bounds[2] || py > land.bounds[3];
    if (kind !== "diverged" && !(outside && kind !== "failed")) continue;
    const text = kind === "diverged" ? `${optimizer.label} diverges (step ${since})` : `${optimizer.label} has left the picture`;
    const width = context.measureText(text).width;
    context.fillStyle = theme.ground;
    context.globalAlpha = 0.88;
    context.beginPath();
    context.roundRect(box.left + box.width - width - 34, y - 9, width + 28, 21, 10);
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = colorOf(optimizer, scene.dark);
    context.fill(new Path2D(markerPath(optimizer.marker, box.left + box.width - width - 22, y + 1.5, 4.5)));
    context.fillStyle = theme.fg;
    context.fillText(text, box.left + box.width - 12, y + 2);
    y += 25;
  }
  context.font = FONT;
}

/** Colours of a landscape, one pixel a grid point. @param {Float32Array} field @param {number} rows @param {number} columns
 * @param {number} top @param {Theme} theme */
function shades(field, rows, columns, top, theme) {
  const pixels = new ImageData(columns, rows);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const depth = Math.log2(Math.max(field[(rows - 1 - j) * columns + i], top * 1e-6) / top);
      const mix = Math.min(1, Math.max(0, 1 + depth / 9));
      for (let n = 0; n < 3; n++) pixels.data[4 * (j * columns + i) + n] = theme.low[n] + (theme.high[n] - theme.low[n]) * mix;
      pixels.data[4 * (j * columns + i) + 3] = 255;
    }
  }
  return pixels;
}

/** The contour map as an image of the box's size. @param {Surface} surface @param {Scene} scene */
function groundImage({ box, scale }, scene) {
  const { land, theme } = scene;
  const [rows, columns] = land.shape;
  const field = fieldOf(land, scene.curvature.hessian);
  const top = field.reduce((a, b) => Math.max(a, b), 0);
  const bands = 11;
  const image = make("canvas", { width: Math.round(box.width * scale), height: Math.round(box.height * scale) });
  const context = image.getContext("2d");
  const small = make("canvas", { width: columns, height: rows });
  small.getContext("2d").putImageData(shades(field, rows, columns, top, theme), 0, 0);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, image.width, image.height);
  context.strokeStyle = theme.line;
  context.lineWidth = 0.9 * scale;
  for (let k = 0; k < bands; k++) {
    // Equal steps of the root's logarithm: rings near the minimum as well as far from it.
    const segments = isoline(field, columns, rows, top * 0.5 ** ((bands - k) * 0.9));
    const path = new Path2D();
    for (let n = 0; n < segments.length; n += 4) {
      path.moveTo(segments[n], rows - 1 - segments[n + 1]);
      path.lineTo(segments[n + 2], rows - 1 - segments[n + 3]);
    }
    const scaled = new Path2D();
    scaled.addPath(path, new DOMMatrix().scale(image.width / (columns - 1), image.height / (rows - 1)));
    context.globalAlpha = 0.5 - 0.3 * (k / bands);
    context.stroke(scaled);
  }
  return image;
}

const AXIS_AT_KAPPA_1 = 0.45; // half the flat axis's length in the picture, in units of x, when κ = 1; it grows with √κ

/** The eigen-directions through the minimum, as long as the axes of a contour line. @param {CanvasRenderingContext2D} context
 * @param {Scene} scene @param {(x: number) => number} px @param {(y: number) => number} py */
function drawDirections(context, scene, px, py) {
  const { land, curvature, theme } = scene;
  if (!land.quadratic || !(curvature.eigenvalues[0] > 0)) return;
  context.save();
  context.strokeStyle = context.fillStyle = theme.fg;
  context.globalAlpha = 0.7;
  context.lineWidth = 1.2;
  context.setLineDash([5, 4]);
  curvature.directions.forEach((_, which) => {
    const [[x0, y0], [x1, y1]] = axisEnds(scene, which);
    line(context, px(x0), py(y0), px(x1), py(y1));
  });
  context.restore();
}

/** Both ends of an eigen-direction as it is drawn, in units of x and y. @param {Scene} scene @param {number} which */
function axisEnds({ land, curvature }, which) {
  const half = (land.turned ? AXIS_AT_KAPPA_1 : 1.4) * Math.sqrt(curvature.eigenvalues[1] / curvature.eigenvalues[which]);
  const [c, s] = curvature.directions[which], [x, y] = land.minimum;
  return [[x - half * c, y - half * s], [x + half * c, y + half * s]];
}

/** Each direction's eigenvalue beside its end, over the paths, so that it can be read. @param {CanvasRenderingContext2D} context
 * @param {Scene} scene @param {(x: number) => number} px @param {(y: number) => number} py */
function nameDirections(context, scene, px, py) {
  const { land, curvature, theme } = scene;
  if (!land.quadratic || !(curvature.eigenvalues[0] > 0)) return;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.strokeStyle = theme.halo;
  context.fillStyle = theme.fg;
  context.lineWidth = 4;
  curvature.eigenvalues.forEach((eigenvalue, which) => {
    const [[x, y]] = axisEnds(scene, which);
    const text = `λ = ${format(eigenvalue)}`;
    context.strokeText(text, px(x) + 4, py(y) - 3);
    context.fillText(text, px(x) + 4, py(y) - 3);
  });
}

/** What dragging the end of the flat axis does: it turns the bowl and stretches it. @param {Scene} scene
 * @param {(x: number) => number} px @param {(y: number) => number} py @param {(x: number, y: number) => number[]} at @returns {Handle[]} */
function turning(scene, px, py, at) {
  const { land, curvature, values, byKey } = scene;
  if (!land.turned) return [];
  const half = AXIS_AT_KAPPA_1 * Math.sqrt(values.kappa);
  const [c, s] = curvature.directions[0];
  const pick = (/** @type {string} */ key, /** @type {number} */ value) => byKey[key].ticks[nearest(byKey[key].ticks, value)];
  return [{
    x: px(half * c), y: py(half * s), key: "turn",
    label: `Flat direction: turned by ${format(values.angle)}°, κ = ${format(values.kappa)}`,
    move: (x, y) => {
      const [dx, dy] = at(x, y);
      const angle = (Math.atan2(dy, dx) * 180) / Math.PI; // the axis has two ends: −120° is 60°
      const folded = angle < -45 ? angle + 180 : angle > 135 ? angle - 180 : angle;
      return { angle: pick("angle", folded), kappa: pick("kappa", (Math.hypot(dx, dy) / AXIS_AT_KAPPA_1) ** 2) };
    },
  }];
}

/** Paths over the landscape. @param {Surface} surface @param {Scene} scene @param {HTMLCanvasElement} ground @returns {Handle[]} */
function drawContour(surface, scene, ground) {
  const { context, box } = surface;
  const { land, theme, values, byKey } = scene;
  const [x0, x1, y0, y1] = land.bounds;
  const px = (/** @type {number} */ x) => box.left + ((x - x0) / (x1 - x0)) * box.width;
  const py = (/** @type {number} */ y) => box.top + ((y1 - y) / (y1 - y0)) * box.height;
  const at = (/** @type {number} */ x, /** @type {number} */ y) =>
    [x0 + ((x - box.left) / box.width) * (x1 - x0), y1 - ((y - box.top) / box.height) * (y1 - y0)];
  const tick = (/** @type {(v: number) => number} */ place) => (/** @type {number} */ v) => ({ at: place(v), text: String(v).replace("-", "−") });
  context.drawImage(ground, box.left, box.top, box.width, box.height);
  axes(context, box, theme, plainTicks(x0, x1).map(tick(px)), plainTicks(y0, y1).map(tick(py)), "x", "y");
  const place = (/** @type {Float32Array} */ p, /** @type {number} */ t) => [px(p[3 * t]), py(p[3 * t + 1])];
  clipTo(context, box);
  drawDirections(context, scene, px, py);
  stamp(context, markerPath("star", px(land.minimum[0]), py(land.minimum[1]), 9), "#F0C000", "#000000b0", 1.2);
  drawPinned(surface, scene, place);
  for (const { optimizer, run, fresh } of present(scene)) {
    drawRun(surface, scene, optimizer, untilGone(pixelsOf(run.points, scene.position, place), box), scene.steps <= 120, fresh);
  }
  nameDirections(context, scene, px, py);
  context.restore();
  badges(surface, scene);
  const pick = (/** @type {string} */ key, /** @type {number} */ value) => byKey[key].ticks[nearest(byKey[key].ticks, value)];
  return [...turning(scene, px, py, at), {
    x: px(values.start_x), y: py(values.start_y), key: "start",
    label: `Start point (${format(values.start_x)}, ${format(values.start_y)})`,
    move: (x, y) => {
      const [toX, toY] = at(x, y);
      return { start_x: pick("start_x", toX), start_y: pick("start_y", toY) };
    },
  }];
}

/** The least loss above 0 of a run, infinite when there is none. @param {Float32Array} points */
function leastLoss(points) {
  let least = Infinity;
  for (let i = 2; i < points.length; i += 3) if (points[i] > 0 && points[i] < least) least = points[i];
  return least;
}

/** The decades that a loss axis shows: its floor moves in leaps of three, so that the axis rests while a slider moves.
 * @param {Iterable<number>} starts @param {Iterable<number>} others */
function decadesFor(starts, others) {
  let start = 1e-12, least = Infinity;
  for (const loss of starts) start = Math.max(start, loss || 0);
  for (const loss of others) if (loss > 0) least = Math.min(least, loss);
  const high = Math.ceil(Math.log10(start)) + 2;
  return { high, low: Math.max(-15, Math.min(high - 6, 3 * Math.floor(Math.log10(least) / 3))) };
}

/** Axes of steps and a logarithmic loss; returns the places of both. @param {Surface} surface @param {Scene} scene @param {{high: number, low: number}} decades */
function lossAxes({ context, box }, scene, { high, low }) {
  const { steps, theme } = scene;
  const px = (/** @type {number} */ t) => box.left + (t / steps) * box.width;
  const py = (/** @type {number} */ loss) => box.top + ((high - Math.log10(Math.max(loss, 1e-30))) / (high - low)) * box.height;
  const every = Math.max(1, Math.ceil((high - low) / 6));
  const decades = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((d) => d % every === 0);
  axes(context, box, theme, plainTicks(0, steps).filter((t) => t % 1 === 0).map((t) => ({ at: px(t), text: String(t) })),
    decades.map((d) => ({ at: py(10 ** d), text: power(d) })), "step", "");
  return { px, py };
}

/** @param {CanvasRenderingContext2D} context @param {Scene} scene @param {number} x @param {Box} box */
function nowLine(context, scene, x, box) {
  context.save();
  context.strokeStyle = scene.theme.muted;
  context.lineWidth = 1;
  context.globalAlpha = 0.6;
  line(context, x, box.top, x, box.top + box.height);
  context.restore();
}

/** The rates that theory gives descent and momentum on a quadratic, dotted. @param {Surface} surface @param {Scene} scene
 * @param {(t: number) => number} px @param {{high: number, low: number}} decades */
function drawTheory({ context, box }, scene, px, { high, low }) {
  const inTheory = present(scene).filter(({ optimizer: o }) => scene.land.quadratic && !o.yours && DESCENT.includes(o.family));
  if (!inTheory.length) return;
  context.save();
  context.globalAlpha = 0.75;
  context.lineWidth = 1.3;
  context.setLineDash([1, 4]);
  const py = (/** @type {number} */ exponent) => box.top + ((high - exponent) / (high - low)) * box.height;
  for (const { optimizer, run } of inTheory) {
    const beta = optimizer.family === "momentum" ? scene.values[optimizer.parameters.momentum] : 0;
    const rate = 2 * Math.log10(spectralRadius(scene.values[optimizer.parameters.lr], beta, scene.curvature.eigenvalues));
    const top = Math.log10(run.points[2]);
    const part = clip(px(0), py(top), px(scene.steps), py(top + rate * scene.steps), box);
    context.strokeStyle = colorOf(optimizer, scene.dark);
    if (part) line(context, part[0], part[1], part[2], part[3]);
  }
  context.restore();
  context.fillStyle = scene.theme.muted;
  context.textAlign = "right";
  context.textBaseline = "top";
  context.fillText("dotted: rate in theory", box.left + box.width - 6, box.top + 4);
}

/** The losses over the steps. @param {Surface} surface @param {Scene} scene @returns {Handle[]} */
function drawLoss(surface, scene) {
  const { context, box } = surface;
  const { goal, theme } = scene;
  const runs = [...present(scene).map(({ run }) => run), ...scene.pinned.values()];
  const decades = decadesFor(runs.map(({ points }) => points[2]), [...runs.map(({ points }) => leastLoss(points)), ...(goal ? [goal.loss / 10] : [])]);
  const { px, py } = lossAxes(surface, scene, decades);
  clipTo(context, box, 8); // room for the end markers
  if (goal) {
    context.fillStyle = scene.dark ? "#f0c00030" : "#f0c00040";
    context.fillRect(box.left, py(goal.loss), px(goal.steps) - box.left, box.height);
    context.fillStyle = theme.fg;
    context.textAlign = "left";
    context.textBaseline = "top";
    context.fillText("goal", box.left + 6, py(goal.loss) + 5);
  }
  drawTheory(surface, scene, px, decades);
  nowLine(context, scene, px(scene.position), box);
  const place = (/** @type {Float32Array} */ p, /** @type {number} */ t) => [px(t), py(p[3 * t + 2])];
  drawPinned(surface, scene, place);
  for (const { optimizer, run, fresh } of present(scene)) {
    drawRun(surface, scene, optimizer, pixelsOf(run.points, scene.position, place), false, fresh);
  }
  context.restore();
  return [];
}

/** The optimizer whose loss is split: that of the slider moved last, or the first that runs. @param {Scene} scene */
function focused(scene) {
  const all = present(scene);
  return all.find(({ optimizer }) => optimizer.family === scene.focus) ?? all[0] ?? null;
}

/** One optimizer's loss, and its parts along the eigen-directions. @param {Surface} surface @param {Scene} scene @returns {Handle[]} */
function drawSplit(surface, scene) {
  const { context, box } = surface;
  const one = focused(scene);
  if (!one) return [];
  const { eigenvalues, directions } = scene.curvature;
  const parts = eigenvalues.map((eigenvalue, i) => lossAlong(one.run.points, scene.land.minimum, eigenvalue, directions[i]));
  const exact = parts.flatMap((part) => part.filter((loss) => loss > 1e-12 * (parts[0][0] + parts[1][0]))); // float32 holds 7 digits
  const { px, py } = lossAxes(surface, scene, decadesFor(parts.map((part) => part[0]), exact));
  clipTo(context, box, 8);
  nowLine(context, scene, px(scene.position), box);
  context.strokeStyle = colorOf(one.optimizer, scene.dark);
  context.globalAlpha = one.fresh ? 1 : 0.35;
  parts.forEach((part, i) => {
    const shown = part.slice(0, Math.floor(scene.position) + 1).map((loss, t) => [px(t), py(loss)]);
    context.lineWidth = i === 0 ? 4 : 1.8;
    context.setLineDash(i === 0 ? [] : [7, 4]);
    context.stroke(pathInside(shown, box));
  });
  context.setLineDash([]);
  context.globalAlpha = 1;
  context.fillStyle = scene.theme.fg;
  context.textAlign = "right";
  context.textBaseline = "top";
  context.fillText(`broad: λ = ${format(eigenvalues[0])} · dashed: λ = ${format(eigenvalues[1])}`, box.left + box.width - 4, box.top + 4);
  context.restore();
  return [];
}

/** Plain descent's factor 1 − ηλ along each eigen-direction over η, with the band where it shrinks.
 * @param {Surface} surface @param {Scene} scene @returns {Handle[]} */
function drawFactors(surface, scene) {
  const { context, box } = surface;
  const sgd = scene.optimizers.find((o) => o.family === "sgd" && o.parameters.lr);
  if (!sgd) return [];
  const { theme, curvature, byKey, values } = scene;
  const { ticks } = byKey[sgd.parameters.lr];
  const [low, high, top, bottom] = [ticks[0], ticks[ticks.length - 1], 1.5, -3];
  const px = (/** @type {number} */ lr) => box.left + (Math.log(lr / low) / Math.log(high / low)) * box.width;
  const py = (/** @type {number} */ factor) => box.top + ((top - factor) / (top - bottom)) * box.height;
  context.fillStyle = `rgb(${theme.slow.join()})`;
  context.fillRect(box.left, py(1), box.width, py(-1) - py(1));
  axes(context, box, theme, decadeTicks(low, high, px), [1, 0, -1, -2, -3].map((f) => ({ at: py(f), text: format(f) })), "η", "");
  clipTo(context, box);
  context.fillStyle = theme.muted;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillText("shrinks: −1 to 1", box.left + 6, py(-1) - 4);
  context.strokeStyle = colorOf(sgd, scene.dark);
  const now = values[sgd.parameters.lr];
  curvature.eigenvalues.forEach((eigenvalue, i) => {
    const curve = Array.from({ length: 81 }, (_, n) => low * (high / low) ** (n / 80)).map((lr) => [px(lr), py(1 - lr * eigenvalue)]);
    context.lineWidth = i === 0 ? 4 : 1.8;
    context.setLineDash(i === 0 ? [] : [7, 4]);
    context.stroke(pathInside(curve, box));
    context.setLineDash([]);
  });
  nowLine(context, scene, px(now), box);
  context.textBaseline = "bottom";
  curvature.eigenvalues.forEach((eigenvalue) => {
    const factor = 1 - now * eigenvalue, y = Math.min(py(factor), box.top + box.height - 8);
    stamp(context, markerPath(sgd.marker, px(now), y, 5.5), colorOf(sgd, scene.dark), theme.ground, 3);
    context.fillStyle = theme.fg;
    const right = px(now) > box.left + box.width / 2;
    context.textAlign = right ? "right" : "left";
    context.fillText(format(factor), px(now) + (right ? -9 : 9), y - 2);
  });
  context.restore();
  return [];
}

/** Stable (η, β) of heavy-ball momentum: brighter is faster, hatched diverges. @param {Box} box @param {Scene} scene @param {number} low @param {number} high */
function mapImage(box, scene, low, high) {
  const { theme, curvature } = scene;
  const [columns, rows] = [Math.round(box.width), Math.round(box.height)];
  const image = make("canvas", { width: columns, height: rows });
  const context = image.getContext("2d");
  context.fillStyle = theme.dead;
  context.fillRect(0, 0, columns, rows);
  context.strokeStyle = theme.hatch;
  context.lineWidth = 1.5;
  for (let x = -rows; x < columns; x += 9) line(context, x, rows, x + rows, 0);
  const pixels = context.getImageData(0, 0, columns, rows);
  for (let j = 0; j < rows; j++) {
    for (let i = 0; i < columns; i++) {
      const rho = spectralRadius(low * (high / low) ** ((i + 0.5) / columns), 1 - (j + 0.5) / rows, curvature.eigenvalues);
      if (rho >= 1) continue;
      const speed = Math.min(1, Math.max(0, Math.log10(-Math.log(Math.max(rho, 1e-9))) / 2.6 + 1.05)) ** 1.6;
      for (let n = 0; n < 3; n++) pixels.data[4 * (j * columns + i) + n] = theme.slow[n] + (theme.fast[n] - theme.slow[n]) * speed;
    }
  }
  context.putImageData(pixels, 0, 0);
  return image;
}

/** The optimizer whose (η, β) the map lets one drag. @param {Optimizer[]} optimizers */
function draggedInMap(optimizers) {
  return optimizers.find((o) => o.family === "momentum" && o.parameters.lr) ?? optimizers.find((o) => o.family === "sgd" && o.parameters.lr);
}

/** The border 2(1+β)/λ_max, where it stands in words, and the best point. @param {Surface} surface @param {Scene} scene
 * @param {(lr: number) => number} px @param {(beta: number) => number} py @param {number} high */
function drawBorder({ context }, scene, px, py, high) {
  const { theme, curvature } = scene;
  const [least, sharpest] = curvature.eigenvalues;
  context.beginPath();
  for (let i = 0; i <= 60; i++) context.lineTo(px((2 * (1 + i / 60)) / sharpest), py(i / 60));
  context.strokeStyle = context.fillStyle = theme.fg;
  context.lineWidth = 2;
  context.stroke();
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillText("η = 2(1+β)/λ", px(3 / sharpest) - 8, py(0.62));
  context.textAlign = "center";
  if (px(high) - px(4 / sharpest) > 56) context.fillText("diverges", (px(3.4 / sharpest) + px(high)) / 2 + 4, py(0.36));
  const [weak, strong] = [Math.sqrt(least), Math.sqrt(sharpest)];
  const best = [px((2 / (strong + weak)) ** 2), py(((strong - weak) / (strong + weak)) ** 2)];
  if (least > 0) stamp(context, markerPath("star", best[0], best[1], 7), "#F0C000", "#000000b0", 1.2);
}

/** The map of stable rates with the present ones. @param {Surface} surface @param {Scene} scene @param {HTMLCanvasElement} map @returns {Handle[]} */
function drawStability(surface, scene, map) {
  const { context, box } = surface;
  const { theme, values, byKey, optimizers } = scene;
  const chosen = draggedInMap(optimizers);
  if (!chosen) return [];
  const { lr: lrKey, momentum: betaKey } = chosen.parameters;
  const { ticks } = byKey[lrKey];
  const [low, high] = [ticks[0], ticks[ticks.length - 1]];
  const px = (/** @type {number} */ lr) => box.left + (Math.log(lr / low) / Math.log(high / low)) * box.width;
  const py = (/** @type {number} */ beta) => box.top + (1 - beta) * box.height;
  context.drawImage(map, box.left, box.top, box.width, box.height);
  axes(context, box, theme, decadeTicks(low, high, px), [0, 0.25, 0.5, 0.75, 1].map((b) => ({ at: py(b), text: String(b) })), "η", "β");
  clipTo(context, box);
  drawBorder(surface, scene, px, py, high);
  for (const optimizer of optimizers) {
    if (optimizer.yours || !DESCENT.includes(optimizer.family)) continue;
    const beta = optimizer.family === "momentum" ? values[optimizer.parameters.momentum] : 0;
    const marker = markerPath(optimizer.marker, px(values[optimizer.parameters.lr]), py(beta) - (beta === 0 ? 5 : 0), 5.5);
    stamp(context, marker, colorOf(optimizer, scene.dark), theme.ground, 3);
  }
  context.restore();
  const beta = betaKey ? values[betaKey] : 0;
  const rho = spectralRadius(values[lrKey], beta, scene.curvature.eigenvalues);
  const fateText = rho < 1 ? `stable, in the long run ${format(rho)} of the distance is left by a step` : "unstable";
  return [{
    x: px(Math.min(high, Math.max(low, values[lrKey]))), y: py(beta), key: "stability", // a typed rate may lie beyond the map
    label: `${chosen.label}: η ${format(values[lrKey])}, β ${format(beta)}, ${fateText}`,
    move: (x, y) => {
      const lr = low * (high / low) ** ((x - box.left) / box.width);
      /** @type {Values} */
      const changes = { [lrKey]: ticks[nearest(ticks.map(Math.log), Math.log(lr))] };
      if (betaKey) changes[betaKey] = byKey[betaKey].ticks[nearest(byKey[betaKey].ticks, 1 - (y - box.top) / box.height)];
      return changes;
    },
  }];
}

/** The shape of a small picture: flatter where it is wide. @param {Scene} _ @param {number} width */
const small = (_, width) => (width > 420 ? 0.54 : 0.62);

/** Each picture: its caption, height / width, an image that only changes with size, theme and curvature, and how it is drawn.
 * @type {Record<string, {caption: string, ratio: (scene: Scene, width: number) => number,
 *   ground?: (surface: Surface, scene: Scene) => HTMLCanvasElement,
 *   draw: (surface: Surface, scene: Scene, ground: HTMLCanvasElement) => Handle[]}>} */
const VIEWS = {
  contour: { caption: "Path", ground: groundImage, draw: drawContour, ratio: ({ land: { bounds: [x0, x1, y0, y1] } }, width) =>
    ((width - 50) * ((y1 - y0) / (x1 - x0)) + 36) / width },
  loss: { caption: "Loss f − f*", draw: drawLoss, ratio: (_, width) => (width < 520 ? 0.5 : 0.44) },
  stability: { caption: "Stability of (η, β)", draw: drawStability, ratio: small, ground: ({ box }, scene) => {
    const chosen = draggedInMap(scene.optimizers);
    const ticks = chosen ? scene.byKey[chosen.parameters.lr].ticks : [0.01, 1];
    return mapImage(box, scene, ticks[0], ticks[ticks.length - 1]);
  } },
  split: { caption: "Loss by direction", draw: drawSplit, ratio: small },
  factors: { caption: "SGD’s factor a step, 1 − ηλ", draw: drawFactors, ratio: small },
};

// ---- The page ------------------------------------------------------------------------------------------------------

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

/** Whether the page behind an element is dark, whatever program shows it. @param {Element | null} element */
function isDark(element) {
  for (; element; element = element.parentElement) {
    const [r, g, b, a = 1] = (getComputedStyle(element).backgroundColor.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    if (a > 0.5) return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128;
  }
  return false;
}

/** @param {"play" | "pause"} kind */
function icon(kind) {
  const shape = kind === "play" ? "M7 4.5v15l12-7.5z" : "M6 4.5h4v15H6zM14 4.5h4v15h-4z";
  return make("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, make("path", { d: shape, fill: "currentColor" }));
}

/** Colour a slider's groove up to its thumb. @param {HTMLInputElement} input */
function fill(input) {
  input.style.setProperty("--filled", `${((100 * Number(input.value)) / Number(input.max)).toFixed(2)}%`);
}

/** @param {HTMLElement} element @param {string} text */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

// What a handle's arrow keys move: [left and right, up and down].
const HANDLES = {
  start: { view: "contour", name: "Start point", keys: () => ["start_x", "start_y"] },
  turn: { view: "contour", name: "Flat direction", keys: () => ["angle", "kappa"] },
  stability: { view: "stability", name: "Learning rate and momentum", keys: (/** @type {Optimizer[]} */ optimizers) => {
    const chosen = draggedInMap(optimizers);
    return chosen ? [chosen.parameters.lr, chosen.parameters.momentum] : [];
  } },
};
const NEAR = 40; // px: how near to a handle a finger takes hold of it; a mouse takes hold anywhere

let explorers = 0;

/** One explorer on a page: its elements, what the reader's hand does, and when a picture is drawn. */
class Explorer {
  /** @param {Model} model @param {HTMLElement} el @param {Finder} find */
  constructor(model, el, find) {
    this.model = model;
    this.el = el;
    this.find = find;
    /** @type {Control[]} */
    this.controls = model.get("controls");
    /** @type {Optimizer[]} */
    this.optimizers = model.get("optimizers");
    /** @type {Landscape} */
    this.land = model.get("landscape");
    /** @type {string[]} */
    this.views = model.get("views");
    /** @type {number} */
    this.steps = model.get("steps");
    this.goal = model.get("goal")?.steps ? model.get("goal") : null;
    /** @type {Record<string, Control>} */
    this.byKey = Object.fromEntries(this.controls.map((c) => [c.key, c]));
    this.prefix = `lrx${++explorers}-${Math.random().toString(36).slice(2, 8)}`;
    this.reduced = matchMedia("(prefers-reduced-motion: reduce)");
    this.closing = new AbortController();
    this.signal = this.closing.signal;
    this.dark = false;
    this.frame = 0; // the animation frame asked for, 0 when none
    this.playing = false;
    this.playedAt = 0;
    this.position = model.get("step"); // may lie between two steps while playing
    this.lastMoved = "";
    this.waitingSince = 0;
    this.kernel = false; // whether a kernel ever answered
    this.drawn = 0; // how many pictures so far
    /** @type {Values} what the last one shows */
    this.drawnValues = {};
    /** The last run found for each optimizer, and whether it is the present one. @type {Map<string, Shown>} */
    this.shown = new Map();
    /** @type {Map<string, Run>} */
    this.pinned = new Map();
    /** What was typed, and the value it stands for. @type {Map<string, {text: string, value: number}>} */
    this.written = new Map();
    /** Images drawn once for many pictures. @type {Map<string, {key: string, image: HTMLCanvasElement}>} */
    this.grounds = new Map();
    /** What can be dragged now, by handle. @type {Map<string, Handle>} */
    this.handles = new Map();
    this.spoken = "";
    this.speakLater = 0;
    this.build();
    this.listen();
    this.watch();
    this.expose();
    this.retheme();
  }

  // -- structure

  build() {
    const { land, prefix } = this;
    const earlier = document.querySelectorAll(".lrx").length; // two of a page want two names
    const called = `Optimizer explorer${earlier ? ` ${earlier + 1}` : ""}: ${this.optimizers.map((o) => o.label).join(", ")} on ${land.formula}`;
    this.root = make("section", { class: "lrx", "aria-label": called });
    this.goalChip = make("p", { class: "lrx-goal", hidden: "" });
    const title = make("p", { class: "lrx-title" }, "f(x, y) = ", make("span", { class: "lrx-formula" }, land.formula));
    /** @type {Record<string, HTMLCanvasElement>} */
    this.canvases = {};
    const [first, second, ...others] = this.views.map((view) => this.figure(view));
    this.buildTransport();
    this.buildCards();
    this.help = make("span", { id: `${prefix}-help`, class: "lrx-hidden" }, "Drag, or use the arrow keys.");
    this.buildHandles();
    this.noteText = make("span");
    this.back = make("button", { type: "button" }, "Go back to the last picture");
    this.note = make("p", { class: "lrx-note", hidden: "" }, this.noteText, " ", this.back);
    this.live = make("p", { class: "lrx-hidden", role: "status", "aria-live": "polite" });
    const left = make("div", { class: "lrx-left" }, first, this.transport);
    const right = make("div", { class: "lrx-right" }, ...(second ? [second] : []), this.note, this.cards);
    const stage = make("div", { class: `lrx-stage lrx-count-${this.views.length}` }, left, right);
    if (others.length) stage.append(make("div", { class: "lrx-others" }, ...others));
    this.root.append(make("header", {}, title, this.goalChip), stage, this.help, this.live);
    this.el.append(this.root);
  }

  /** @param {string} view */
  figure(view) {
    const { caption } = VIEWS[view];
    const canvas = (this.canvases[view] = make("canvas", { role: "img", "aria-label": caption }));
    return make("figure", { class: `lrx-figure lrx-${view}` }, make("figcaption", {}, caption), make("div", { class: "lrx-canvas" }, canvas));
  }

  buildTransport() {
    const { prefix, steps } = this;
    this.playButton = make("button", { type: "button", class: "lrx-play", "aria-label": "Play" }, icon("play"));
    this.scrubber = make("input", { type: "range", id: `${prefix}-step`, min: 0, max: steps, step: 1 });
    this.scrubberText = make("output", { for: `${prefix}-step`, class: "lrx-value" });
    this.pin = make("button", { type: "button", class: "lrx-tool", "aria-pressed": "false", title: "Keep these paths to compare with" }, "Pin");
    this.copy = make("button", { type: "button", class: "lrx-tool", title: "These settings as a line of Python" }, "Copy");
    this.code = make("input", { type: "text", class: "lrx-code", readonly: "", hidden: "", "aria-label": "The settings as a line of Python" });
    this.transport = make("div", { class: "lrx-transport" }, this.playButton,
      make("label", { for: `${prefix}-step` }, "Steps"), this.scrubber, this.scrubberText, this.pin, this.copy, this.code);
  }

  buildCards() {
    /** @type {Record<string, {input: HTMLInputElement, number: HTMLInputElement}>} */
    this.sliders = {};
    /** @type {Record<string, HTMLElement>} */
    this.readouts = {};
    const families = [...new Set([...this.optimizers.map((o) => o.family), ...this.controls.map((c) => c.family)])];
    this.more = make("button", { type: "button", class: "lrx-more", "aria-expanded": "false" }, "More settings");
    this.cards = make("div", { class: "lrx-cards" }, ...families.map((family) => this.card(family)), this.more);
  }

  /** The sliders of one family and what became of its optimizers. @param {string} family */
  card(family) {
    const members = this.optimizers.filter((o) => o.family === family);
    const own = this.controls.filter((c) => c.family === family);
    const name = own[0]?.group ?? members[0]?.label ?? family;
    const box = make("fieldset", { class: "lrx-card", "data-family": family });
    // Where the one row below says the same name, the legend is for a screen reader alone.
    const said = members.length === 1 && members[0].label === name;
    box.append(make("legend", { class: said ? "lrx-hidden" : "" }, family === "start" ? "Problem" : name));
    for (const optimizer of members) {
      const swatch = make("svg", { class: "lrx-swatch", viewBox: "0 0 44 14", "aria-hidden": "true", "data-id": optimizer.id },
        make("path", { d: "M2 7H36", "stroke-dasharray": optimizer.dash.join(" "), "stroke-width": 2.4, fill: "none" }),
        make("path", { d: markerPath(optimizer.marker, 37, 7, 4.6) }));
      const text = (this.readouts[optimizer.id] = make("span", { class: "lrx-readout" }));
      box.append(make("p", { class: "lrx-row" }, swatch, make("strong", {}, optimizer.label), text));
    }
    for (const control of own) box.append(this.slider(control, family === "start" ? control.label : `${name}: ${control.label}`));
    return box;
  }

  /** A range to drag and a number to type. A screen reader hears the family too. @param {Control} control @param {string} spoken */
  slider(control, spoken) {
    const id = `${this.prefix}-${control.key}`;
    const input = make("input", { type: "range", id, min: 0, max: control.ticks.length - 1, step: 1, "data-key": control.key, "aria-label": spoken });
    const number = make("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", class: "lrx-value lrx-number",
      "data-number": control.key, "aria-label": `${spoken}, as a number` });
    this.sliders[control.key] = { input, number };
    const main = control.name === "lr" || control.key === "kappa";
    const [, words, symbol] = /** @type {string[]} */ (control.label.match(/^(.* )?(\S+)$/)); // where it is narrow, the symbol alone
    const label = make("label", { for: id }, make("span", { class: "lrx-words" }, words ?? ""), symbol);
    return make("div", { class: `lrx-slider ${main ? "lrx-main" : "lrx-rest"}` }, label, input, number);
  }

  buildHandles() {
    /** @type {Record<string, HTMLButtonElement>} */
    this.buttons = {};
    for (const [key, { view, name }] of Object.entries(HANDLES)) {
      const frame = this.canvases[view]?.parentElement;
      if (!frame || (key === "turn" && !this.land.turned)) continue;
      this.buttons[key] = make("button", { type: "button", class: `lrx-handle lrx-handle-${key}`, "aria-label": name,
        "aria-describedby": `${this.prefix}-help` });
      frame.append(this.buttons[key]);
    }
  }

  // -- values

  /** @returns {Values} */
  values() {
    return Object.fromEntries(this.controls.map((c) => [c.key, this.model.get(c.key)]));
  }

  /** Take new values from the reader: draw them in the next frame, tell the kernel, wait for nobody. @param {Values} changes */
  move(changes) {
    for (const [key, value] of Object.entries(changes)) {
      if (this.model.get(key) === value) continue;
      this.lastMoved = key;
      this.model.set(key, value);
    }
    this.model.save_changes();
    this.schedule();
  }

  /** A number typed beside a slider: taken as it is, or refused in words. What was typed stays there as long as it holds.
   * @param {Control} control */
  typed(control) {
    const { number } = this.sliders[control.key];
    const { ticks, key } = control;
    const [low, high] = control.limits;
    if (number.value === number.dataset.shown) return; // what stands there is rounded: nothing was typed
    const asked = parseNumber(number.value);
    const fine = asked >= low && asked <= high;
    number.setAttribute("aria-invalid", String(!fine));
    if (!fine) {
      this.tell(`${control.label}: a number from ${format(low)} to ${format(high)} is expected, such as ${format(control.value)}`
        + `${control.name === "lr" ? " or 1/11" : ""}.`, false);
      return;
    }
    this.note.hidden = true;
    const near = ticks[nearest(ticks, asked)];
    const value = this.kernel || near === asked ? asked : near;
    if (value === asked) this.written.set(key, { text: number.value.trim(), value });
    else this.tell(`There is no kernel: the nearest position is ${format(near)}.`, false);
    number.dataset.shown = "";
    this.move({ [key]: value });
    number.value = this.numberText(key, value);
  }

  /** A value as it was typed, or rounded for reading. @param {string} key @param {number} value */
  numberText(key, value) {
    const written = this.written.get(key);
    return written?.value === value ? written.text : format(value);
  }

  /** @param {number} step */
  setStep(step) {
    this.position = step;
    if (this.model.get("step") !== step) {
      this.model.set("step", step);
      this.model.save_changes();
    }
    this.schedule();
  }

  // -- playing

  /** @param {boolean} on */
  play(on) {
    this.playing = on;
    this.playButton.setAttribute("aria-label", on ? "Pause" : "Play");
    this.playButton.replaceChildren(icon(on ? "pause" : "play"));
    if (on) {
      if (this.position >= this.steps) this.position = 0;
      this.playedAt = performance.now();
      this.schedule();
    } else this.setStep(Math.round(this.position));
  }

  /** @param {number} now */
  advance(now) {
    const perSecond = this.reduced.matches ? 2 : Math.max(10, this.steps / 6);
    const elapsed = (now - this.playedAt) / 1000;
    if (this.reduced.matches) {
      // No glide: one whole step now and then.
      if (elapsed < 1 / perSecond) return;
      this.position = Math.floor(this.position) + 1;
    } else this.position += elapsed * perSecond;
    this.playedAt = now;
    if (this.position >= this.steps) {
      this.position = this.steps;
      this.play(false);
    } else if (this.model.get("step") !== Math.floor(this.position)) this.model.set("step", Math.floor(this.position));
  }

  // -- pinning and copying

  togglePin() {
    const on = !this.pinned.size;
    this.pinned.clear();
    if (on) for (const [id, { run }] of this.shown) if (!run.message) this.pinned.set(id, { points: run.points.slice(), message: "" });
    this.pin.setAttribute("aria-pressed", String(on));
    say(this.pin, on ? "Unpin" : "Pin");
    this.schedule();
  }

  async copyPython() {
    const text = asPython(this.model.get("call"), this.controls, this.values(), this.steps);
    this.code.value = text;
    this.code.hidden = false;
    this.code.focus();
    this.code.select();
    try {
      await navigator.clipboard.writeText(text);
      say(this.copy, "Copied");
      setTimeout(() => say(this.copy, "Copy"), 2000);
    } catch {
      say(this.copy, "Copy"); // the line is there, selected: the page may not write to the clipboard itself
    }
  }

  // -- drawing

  schedule() {
    if (!this.frame && !this.signal.aborted) this.frame = requestAnimationFrame((now) => this.draw(now));
  }

  /** @param {number} now */
  draw(now) {
    this.frame = 0;
    if (this.playing) this.advance(now);
    const values = this.values();
    if (this.takeRuns(values)) this.wait(now);
    else if (this.waitingSince) {
      this.waitingSince = 0;
      this.note.hidden = true;
    }
    const scene = this.scene(values);
    for (const view of this.views) this.drawView(view, scene);
    this.showText(scene);
    this.drawn += 1;
    this.drawnValues = values;
    if (this.playing || this.waitingSince) this.schedule();
  }

  /** Find every optimizer's run; whether one is still missing. @param {Values} values */
  takeRuns(values) {
    let waiting = false;
    for (const optimizer of this.optimizers) {
      if (optimizer.refusal) continue;
      const run = this.find(optimizer, values, this.model) ?? (this.kernel ? null : failedRun(optimizer, this.model));
      const last = this.shown.get(optimizer.id);
      if (run) this.shown.set(optimizer.id, { run, fresh: true });
      else if (last) last.fresh = false;
      waiting = waiting || !run;
    }
    return waiting;
  }

  /** @param {Values} values @returns {Scene} */
  scene(values) {
    const { dark, land, optimizers, pinned, byKey, position, steps, goal } = this;
    const focus = this.byKey[this.lastMoved]?.family ?? "";
    return { theme: THEMES[dark ? "dark" : "light"], dark, land, curvature: curvatureAt(land, values), optimizers, values,
      runs: this.shown, pinned, byKey, position, steps, goal, focus };
  }

  /** @param {string} view @param {Scene} scene */
  drawView(view, scene) {
    const canvas = this.canvases[view];
    const { ratio, ground, draw } = VIEWS[view];
    const surface = prepare(canvas, ratio(scene, Math.max(160, canvas.parentElement?.clientWidth ?? 0)));
    const { box, scale } = surface;
    let image = this.grounds.get(view)?.image;
    const key = [box.width, box.height, scale, scene.dark, scene.curvature.hessian].join();
    if (ground && this.grounds.get(view)?.key !== key) {
      image = ground(surface, scene);
      this.grounds.set(view, { key, image });
    }
    for (const handle of draw(surface, scene, /** @type {HTMLCanvasElement} */ (image))) {
      this.handles.set(handle.key, handle);
      const button = this.buttons[handle.key];
      if (!button) continue;
      button.style.transform = `translate(${handle.x}px, ${handle.y}px) translate(-50%, -50%)`;
      button.setAttribute("aria-label", handle.label);
    }
  }

  /** Some run is not here yet: say so when it takes long, and without a kernel go back to what is here. @param {number} now */
  wait(now) {
    this.waitingSince ||= now;
    const waited = now - this.waitingSince;
    if (!this.kernel && waited > 1200) return this.goBack("There is no kernel: one slider of an optimizer moves at a time.");
    if (waited > 3000 && this.note.hidden) this.tell("The kernel has not answered yet (busy, or restarted: then run the cell again).", true);
  }

  /** @param {string} text @param {boolean} button */
  tell(text, button) {
    this.noteText.textContent = text;
    this.back.hidden = !button;
    this.note.hidden = false;
  }

  /** Return the other sliders to the values that the moved slider's sweep was computed at. @param {string} why */
  goBack(why) {
    /** @type {Values} */
    const changes = {};
    for (const optimizer of this.optimizers) {
      for (const key of [this.lastMoved, ...optimizer.depends]) {
        const sweep = this.model.get(`sweep_${optimizer.id}__${key}`);
        if (!sweep?.at) continue;
        for (const [other, value] of Object.entries(sweep.at)) if (other !== this.lastMoved) changes[other] = value;
        break;
      }
    }
    for (const [key, value] of Object.entries(changes)) this.model.set(key, value);
    this.waitingSince = 0;
    if (why) this.tell(why, false);
    this.schedule();
  }

  // -- text

  /** Sliders' positions and numbers, each optimizer's fate, the goal; for a screen reader at most once a second. @param {Scene} scene */
  showText(scene) {
    for (const control of this.controls) this.showSlider(control, scene.values[control.key]);
    const step = Math.floor(this.position);
    if (this.scrubber.value !== String(step)) this.scrubber.value = String(step);
    fill(this.scrubber);
    this.scrubberText.value = `${step} of ${this.steps}`;
    this.scrubber.setAttribute("aria-valuetext", `step ${step} of ${this.steps}`);
    const sentences = [], met = [];
    for (const optimizer of this.optimizers) {
      const entry = this.shown.get(optimizer.id);
      const run = entry?.fresh ? entry.run : null;
      const text = describe(optimizer, run, step, this.goal, this.pinned.get(optimizer.id));
      say(this.readouts[optimizer.id], text);
      this.readouts[optimizer.id].classList.toggle("lrx-trouble", Boolean(optimizer.refusal || run?.message));
      sentences.push(`${optimizer.label}: ${text}.`);
      if (this.goal && run && metAt(run.points, this.goal) >= 0) met.push(optimizer.label);
    }
    if (this.goal) {
      this.goalChip.hidden = false;
      const text = `Goal: loss < ${format(this.goal.loss)} within ${this.goal.steps} steps: ${met.length ? `met by ${met.join(", ")} ✓` : "not met yet"}`;
      say(this.goalChip, text);
      this.goalChip.classList.toggle("lrx-met", met.length > 0);
      sentences.push(text);
    }
    this.captions(scene);
    this.speak(`Step ${step}. ${sentences.join(" ")}`);
  }

  /** @param {Control} control @param {number} value */
  showSlider(control, value) {
    const { input, number } = this.sliders[control.key];
    const index = String(nearest(control.ticks, value)), text = this.numberText(control.key, value);
    if (input.value !== index) input.value = index;
    fill(input);
    if (number.dataset.shown !== text) {
      number.dataset.shown = text;
      number.title = String(value); // whatever is rounded for reading is exact here
      input.setAttribute("aria-valuetext", text);
      if (document.activeElement !== number) {
        number.value = text;
        number.removeAttribute("aria-invalid");
      }
    }
  }

  /** What the small pictures show, in their captions and for a screen reader. @param {Scene} scene */
  captions(scene) {
    const { eigenvalues } = scene.curvature;
    const sgd = this.optimizers.find((o) => o.family === "sgd" && o.parameters.lr);
    if (this.canvases.split) {
      const caption = this.canvases.split.closest("figure")?.querySelector("figcaption");
      const label = focused(scene)?.optimizer.label;
      if (caption && label) say(/** @type {HTMLElement} */ (caption), `Loss by direction: ${label}`);
    }
    if (this.canvases.factors && sgd) {
      const factors = eigenvalues.map((eigenvalue) => format(1 - scene.values[sgd.parameters.lr] * eigenvalue));
      const label = `Factor a step of plain descent, 1 − ηλ: ${factors.map((f, i) => `${f} for λ = ${format(eigenvalues[i])}`).join(", ")}`;
      if (this.canvases.factors.getAttribute("aria-label") !== label) this.canvases.factors.setAttribute("aria-label", label);
    }
  }

  /** @param {string} text */
  speak(text) {
    if (text === this.spoken || this.playing) return;
    this.spoken = text;
    clearTimeout(this.speakLater);
    this.speakLater = setTimeout(() => (this.live.textContent = this.spoken), 1000);
  }

  // -- the reader's hand

  listen() {
    const { signal } = this;
    for (const control of this.controls) {
      const { input, number } = this.sliders[control.key];
      input.addEventListener("input", () => this.move({ [control.key]: control.ticks[Number(input.value)] }), { signal });
      number.addEventListener("change", () => this.typed(control), { signal });
      number.addEventListener("focus", () => number.select(), { signal });
      // JupyterLab listens for keys further up: what is typed here is for this field alone.
      number.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
        event.stopPropagation();
        if (event.key === "Enter") this.typed(control);
      }, { signal });
    }
    for (const key of Object.keys(this.buttons)) this.listenToKeys(key);
    for (const view of new Set(Object.keys(this.buttons).map((key) => HANDLES[/** @type {keyof HANDLES} */ (key)].view))) this.listenToPointer(view);
    this.playButton.addEventListener("click", () => this.play(!this.playing), { signal });
    this.scrubber.addEventListener("input", () => {
      if (this.playing) this.play(false);
      this.setStep(Number(this.scrubber.value));
    }, { signal });
    this.back.addEventListener("click", () => { this.note.hidden = true; this.goBack(""); }, { signal });
    this.pin.addEventListener("click", () => this.togglePin(), { signal });
    this.copy.addEventListener("click", () => this.copyPython(), { signal });
    this.more.addEventListener("click", () => {
      const open = this.root.classList.toggle("lrx-open");
      this.more.setAttribute("aria-expanded", String(open));
      say(this.more, open ? "Fewer settings" : "More settings");
    }, { signal });
  }

  /** Dragging in a picture: a mouse takes hold of the nearest handle from anywhere, a finger only close to one, so that
   * a page can be scrolled with a finger on the picture. @param {string} view */
  listenToPointer(view) {
    const canvas = this.canvases[view], { signal } = this;
    const frame = /** @type {HTMLElement} */ (canvas.parentElement);
    let held = "";
    const at = (/** @type {PointerEvent} */ event) => {
      const edge = canvas.getBoundingClientRect();
      return [event.clientX - edge.left, event.clientY - edge.top];
    };
    const place = (/** @type {PointerEvent} */ event) => {
      const [x, y] = at(event);
      const handle = this.handles.get(held);
      if (handle) this.move(handle.move(x, y));
    };
    frame.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const [x, y] = at(event);
      const own = [...this.handles.values()].filter((h) => this.buttons[h.key] && HANDLES[/** @type {keyof HANDLES} */ (h.key)].view === view);
      const near = own.filter((h) => Math.hypot(h.x - x, h.y - y) < NEAR).sort((a, b) => Math.hypot(a.x - x, a.y - y) - Math.hypot(b.x - x, b.y - y));
      if (event.pointerType === "touch" && !near.length) return;
      held = (near[0] ?? own[own.length - 1])?.key ?? "";
      if (!held) return;
      event.preventDefault();
      this.buttons[held].focus({ preventScroll: true });
      frame.setPointerCapture(event.pointerId);
      place(event);
    }, { signal });
    frame.addEventListener("pointermove", (event) => {
      if (frame.hasPointerCapture(event.pointerId)) place(event);
    }, { signal });
  }

  /** @param {string} handle */
  listenToKeys(handle) {
    this.buttons[handle].addEventListener("keydown", (event) => {
      const keys = HANDLES[/** @type {keyof HANDLES} */ (handle)].keys(this.optimizers);
      const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] }[event.key];
      const key = way && keys[way[0]];
      if (!way || !key) return;
      event.preventDefault();
      const { ticks } = this.byKey[key];
      const index = nearest(ticks, this.model.get(key)) + way[1] * (event.shiftKey ? 5 : 1);
      this.move({ [key]: ticks[Math.max(0, Math.min(ticks.length - 1, index))] });
    }, { signal: this.signal });
  }

  // -- the world around

  watch() {
    const { model } = this;
    this.onChange = () => this.schedule();
    this.onStep = () => {
      if (!this.playing && Math.floor(this.position) !== model.get("step")) this.position = Math.min(this.steps, model.get("step"));
      this.schedule();
    };
    this.onMessage = (/** @type {any} */ content) => {
      if (content?.type === "hello") this.kernel = true;
    };
    this.size = new ResizeObserver(() => this.schedule());
    for (const canvas of Object.values(this.canvases)) if (canvas.parentElement) this.size.observe(canvas.parentElement);
    this.themes = new MutationObserver(() => this.retheme());
    for (const element of [document.documentElement, document.body]) this.themes.observe(element, { attributes: true });
    this.traits = [...this.controls.map((c) => c.key), ...this.optimizers.flatMap((o) =>
      [`present_${o.id}`, ...(o.refusal ? [] : o.depends.map((key) => `sweep_${o.id}__${key}`))])];
    for (const name of this.traits) model.on(`change:${name}`, this.onChange);
    model.on("change:step", this.onStep);
    model.on("msg:custom", this.onMessage);
    try {
      const lacks = this.traits.filter((name) => /^(present|sweep)_/.test(name) && !model.get(name)?.at);
      model.send({ type: "hello", lacks });
    } catch {
      // a saved page without a kernel may refuse: then it stays silent, which is the answer
    }
  }

  retheme() {
    this.dark = isDark(this.el);
    this.root.classList.toggle("lrx-dark", this.dark);
    for (const optimizer of this.optimizers) {
      this.root.querySelector(`.lrx-swatch[data-id="${optimizer.id}"]`)?.style.setProperty("color", colorOf(optimizer, this.dark));
    }
    for (const family of new Set(this.optimizers.map((o) => o.family))) {
      const first = this.optimizers.find((o) => o.family === family && !o.yours) ?? this.optimizers.find((o) => o.family === family);
      if (first) this.root.querySelector(`[data-family="${family}"]`)?.style.setProperty("--accent", colorOf(first, this.dark));
    }
    this.schedule();
  }

  /** For tests and for scripts: what the picture shows, in numbers. */
  expose() {
    this.root.explorer = {
      controls: () => this.controls,
      values: () => this.values(),
      // whether every slider can move at once: the kernel has computed all sweeps at the present values
      ready: () => this.optimizers.every((o) => o.refusal || o.depends.every((key) =>
        fits(this.model.get(`sweep_${o.id}__${key}`), o, this.values(), [key]))),
      drawn: () => ({
        frame: this.drawn,
        values: this.drawnValues,
        step: Math.floor(this.position),
        playing: this.playing,
        kernel: this.kernel,
        pinned: Object.fromEntries([...this.pinned].map(([id, run]) => [id, [...run.points]])),
        runs: Object.fromEntries([...this.shown].map(([id, { run, fresh }]) => [id, { points: [...run.points], message: run.message, fresh }])),
      }),
    };
  }

  close() {
    this.closing.abort();
    cancelAnimationFrame(this.frame);
    clearTimeout(this.speakLater);
    this.size.disconnect();
    this.themes.disconnect();
    for (const name of this.traits) this.model.off(`change:${name}`, this.onChange);
    this.model.off("change:step", this.onStep);
    this.model.off("msg:custom", this.onMessage);
    this.root.remove();
  }
}

/**
 * Have the kernel's messages come straight to the model. anywidget (0.11) gives a widget two seconds to begin, and of one
 * that takes longer, on a busy machine, it drops every message from then on. What came before is asked for by "hello".
 * @param {{model: Model}} host
 */
export async function hear({ model }) {
  try {
    const whole = await model.widget_manager.get_model(model.get("comm_id"));
    const take = Object.getPrototypeOf(whole.constructor.prototype)._handle_comm_msg;
    if (take) whole.comm.on_msg((/** @type {any} */ message) => take.call(whole, message));
  } catch {
    // a saved page has no kernel; with another anywidget it stays as that has it
  }
}

/**
 * anywidget's entry point; returns the clean-up. `find` can be replaced to draw runs from another source.
 * @param {{model: Model, el: HTMLElement, find?: Finder}} host
 */
function render({ model, el, find = findRun }) {
  const explorer = new Explorer(model, el, find);
  return () => explorer.close();
}

export default { initialize: (/** @type {{model: Model}} */ host) => void hear(host), render };
