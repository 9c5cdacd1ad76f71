// @ts-check
/**
 * A pad on which an expected curve is drawn: axes, one handle a point, one curve at a time. By mouse or finger across the
 * axes, or by keyboard: each point is a slider, moved with the arrow keys. Used as an anywidget and by the book's page.
 */

/** @typedef {{curves: Record<string, string>, at: number[], across: string, up: string, low: number, high: number, logAcross: boolean, logUp: boolean, name: string, asks: string}} Spec */
/** @typedef {Record<string, (number | null)[]>} Points */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 640;
const HEIGHT = 400;
const EDGE = { left: 64, right: 26, top: 24, bottom: 52 };
const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"];
const DASHES = ["", "9 4", "2 4", "9 4 2 4"];
const ASIDE = 8; // as far aside as this a stroke only moves the point that was touched
const STEPS = 40; // heights that the arrow keys reach, from the foot of the axis to its top

/** @param {string} tag @param {Record<string, any>} attributes @param {string} text */
function svg(tag, attributes, text = "") {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.textContent = text;
  return made;
}

/** @param {string} tag @param {Record<string, any>} attributes @param {(Node | string)[]} inside @returns {any} */
function html(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...inside);
  return made;
}

/** Where things stand on the axes. @param {Spec} spec */
export function axes(spec) {
  const bend = (/** @type {boolean} */ log) => (log ? Math.log : (/** @type {number} */ x) => x);
  const unbend = spec.logUp ? Math.exp : (/** @type {number} */ x) => x;
  const [across, up] = [bend(spec.logAcross), bend(spec.logUp)];
  const [first, last] = [across(spec.at[0]), across(/** @type {number} */ (spec.at.at(-1)))];
  const [low, high] = [up(spec.low), up(spec.high)];
  const inner = HEIGHT - EDGE.top - EDGE.bottom;
  return {
    x: (/** @type {number} */ i) => EDGE.left + ((across(spec.at[i]) - first) / (last - first)) * (WIDTH - EDGE.left - EDGE.right),
    y: (/** @type {number} */ height) => EDGE.top + (1 - (up(height) - low) / (high - low)) * inner,
    share: (/** @type {number} */ height) => (up(height) - low) / (high - low),
    height: (/** @type {number} */ share) => held(unbend(low + Math.min(1, Math.max(0, share)) * (high - low)), spec),
    shareAt: (/** @type {number} */ y) => 1 - (y - EDGE.top) / inner,
  };
}

/** A height with three digits, on the axis. @param {number} height @param {Spec} spec */
const held = (height, spec) => Math.min(spec.high, Math.max(spec.low, Number(height.toPrecision(3))));

/** The numbers beside the axis. @param {Spec} spec */
export function heights(spec) {
  if (!spec.logUp) return [0, 1, 2, 3, 4].map((i) => spec.low + ((spec.high - spec.low) * i) / 4);
  const [from, to] = [Math.ceil(Math.log10(spec.low)), Math.floor(Math.log10(spec.high))];
  return Array.from({ length: to - from + 1 }, (_, i) => Number((10 ** (from + i)).toPrecision(1)));
}

/** The line to keep in the notebook's cell. @param {Spec} spec @param {Points} points */
export function line(spec, points) {
  const curves = Object.keys(spec.curves).map((key) => {
    const drawn = points[key].map((height) => (height === null ? "None" : String(height)));
    return `${JSON.stringify(key)}: [${drawn.join(", ")}]`;
  });
  return `${spec.name} = {${curves.join(", ")}}`;
}

/**
 * What a stroke from one place to another draws: the columns that it crosses, each at the height where it crosses it.
 * @param {number[]} columns @param {{x: number, share: number}} from @param {{x: number, share: number}} to
 * @returns {[number, number][]} (column, share of the axis)
 */
export function crossed(columns, from, to) {
  return columns.flatMap((x, i) => {
    const part = (x - from.x) / (to.x - from.x);
    return part > 0 && part <= 1 ? [/** @type {[number, number]} */ ([i, from.share + part * (to.share - from.share)])] : [];
  });
}

export class Pad {
  /** @param {HTMLElement} root @param {Spec} spec @param {Points} points @param {(points: Points) => void} changed */
  constructor(root, spec, points, changed) {
    this.root = root;
    this.spec = spec;
    this.changed = changed;
    this.axes = axes(spec);
    this.keys = Object.keys(spec.curves);
    this.points = this.whole(points);
    this.curve = this.keys[0];
    this.id = `lrs-${Math.random().toString(36).slice(2)}`;
    /** @type {{x: number, share: number, at: number, begun: {x: number, share: number}, far: boolean} | null} the stroke that is being drawn */
    this.stroke = null;
    this.lay();
    this.draw();
  }

  /** @param {Points} points @returns {Points} */
  whole(points) {
    const each = (/** @type {string} */ key) => this.spec.at.map((_, i) => points?.[key]?.[i] ?? null);
    return Object.fromEntries(this.keys.map((key) => [key, each(key)]));
  }

  lay() {
    this.picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", class: "lrs-picture" });
    this.sheet = html("div", { class: "lrs-sheet" }, this.picture);
    this.handles = this.spec.at.map((_, i) => this.handle(i));
    const group = html("div", { class: "lrs-points", role: "group", "aria-label": "Points of the curve" }, ...this.handles);
    this.sheet.append(group);
    this.live = html("p", { class: "lrs-live", "aria-live": "polite" });
    this.code = html("input", { class: "lrs-code", readonly: true, "aria-label": "The line to keep in the cell", type: "text" });
    const copy = html("button", { type: "button", class: "lrs-button", onclick: () => this.copy() }, "Copy the line");
    const clear = html("button", { type: "button", class: "lrs-button", onclick: () => this.clear() }, "Draw this curve anew");
    this.root.classList.add("lrs");
    this.root.setAttribute("data-lm-suppress-shortcuts", "true"); // JupyterLab's own keys are not meant here
    this.root.append(
      html("p", { class: "lrs-how", id: `${this.id}-how` },
        "Draw across the axes with mouse or finger. By keyboard: Tab to the points, ← → to the next one, ↑ ↓ to move it."),
      this.choose(), this.sheet, this.live, html("div", { class: "lrs-row" }, clear, copy, this.code),
    );
    this.sheet.addEventListener("pointerdown", (/** @type {PointerEvent} */ event) => this.begin(event));
    this.sheet.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.sheet.addEventListener(end, () => this.end());
  }

  /** Which curve is drawn. */
  choose() {
    const set = html("fieldset", { class: "lrs-curves" }, html("legend", {}, "Curve to draw"));
    this.keys.forEach((key, number) => {
      const radio = html("input", { type: "radio", name: this.id, value: key, checked: key === this.curve });
      radio.addEventListener("change", () => {
        this.curve = key;
        this.handles.forEach((/** @type {HTMLElement} */ each, /** @type {number} */ i) => (each.tabIndex = i ? -1 : 0));
        this.draw();
      });
      const swatch = svg("svg", { width: 34, height: 10, "aria-hidden": "true" });
      swatch.append(svg("path", { d: "M0 5H34", stroke: COLOURS[number], "stroke-width": 3, "stroke-dasharray": DASHES[number] }));
      set.append(html("label", { class: "lrs-curve" }, radio, swatch, this.spec.curves[key]));
    });
    return set;
  }

  /** @param {number} i */
  handle(i) {
    const made = html("div", { class: "lrs-handle", role: "slider", "data-lm-suppress-shortcuts": "true", tabindex: i ? -1 : 0, "aria-orientation": "vertical",
      "aria-valuemin": this.spec.low, "aria-valuemax": this.spec.high, "aria-describedby": `${this.id}-how` });
    made.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event, i));
    made.addEventListener("focus", () => this.handles.forEach((/** @type {any} */ each, /** @type {number} */ j) => (each.tabIndex = i === j ? 0 : -1)));
    return made;
  }

  /** @param {KeyboardEvent} event @param {number} i */
  key(event, i) {
    const ways = /** @type {Record<string, number>} */ ({ ArrowUp: 1, ArrowDown: -1, PageUp: 5, PageDown: -5 });
    const sides = /** @type {Record<string, number>} */ ({ ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: this.handles.length - 1 });
    if (event.key in ways) this.put(i, this.shareOf(i) + ways[event.key] / STEPS);
    else if (event.key === "Enter" || event.key === " ") this.put(i, this.shareOf(i));
    else if (event.key in sides) this.handles[sides[event.key]]?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation(); // the notebook's own keys are not meant
    this.tell(i);
  }

  /** The height of a point as a share of the axis: its own, or its left neighbour's, or the middle. @param {number} i */
  shareOf(i) {
    const drawn = this.points[this.curve];
    const near = drawn[i] ?? drawn.slice(0, i).findLast((each) => each !== null) ?? null;
    return near === null ? 0.5 : this.axes.share(near);
  }

  /** @param {number} i @param {number} share */
  put(i, share) {
    const heights = [...this.points[this.curve]];
    heights[i] = this.axes.height(share);
    this.points = { ...this.points, [this.curve]: heights };
    this.draw();
    if (!this.stroke) this.changed(this.points);
  }

  /** @param {PointerEvent} event */
  where(event) {
    const box = this.picture.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    const y = ((event.clientY - box.top) / box.height) * HEIGHT;
    return { x, share: this.axes.shareAt(y) };
  }

  /** The column that is nearest. @param {number} x */
  nearest(x) {
    const far = this.spec.at.map((_, i) => Math.abs(this.axes.x(i) - x));
    return far.indexOf(Math.min(...far));
  }

  /** @param {PointerEvent} event */
  begin(event) {
    if (event.button) return;
    event.preventDefault();
    this.sheet.setPointerCapture(event.pointerId);
    const { x, share } = this.where(event);
    this.stroke = { x, share, at: this.nearest(x), begun: { x, share }, far: false };
    this.put(this.stroke.at, share);
  }

  /** Across columns each gets the height at which it is crossed; up and down moves the one that was touched. @param {PointerEvent} event */
  move(event) {
    if (!this.stroke) return;
    const to = this.where(event);
    const { at, begun } = this.stroke;
    const far = this.stroke.far || Math.abs(to.x - begun.x) > ASIDE;
    const drawn = crossed(this.spec.at.map((_, i) => this.axes.x(i)), this.stroke, to);
    if (!far) this.put(at, to.share);
    else if (!this.stroke.far) this.put(at, begun.share); // it goes across, so this is where it began
    for (const [i, share] of drawn) this.put(i, share);
    this.stroke = { ...to, at: drawn.length ? drawn[drawn.length - 1][0] : at, begun, far };
  }

  end() {
    if (!this.stroke) return;
    const { x, share, at, far } = this.stroke;
    const last = this.nearest(x);
    if (far && last !== at) this.put(last, share); // a stroke that ends just before a column means it, too
    this.stroke = null;
    this.handles[last].focus({ preventScroll: true });
    this.changed(this.points);
    this.tell(last);
  }

  /** Say a point, and what is still open. @param {number} i */
  tell(i) {
    const open = this.keys.flatMap((key) => this.points[key]).filter((each) => each === null).length;
    const left = open ? ` ${open} points are still to be drawn.` : " All points are drawn.";
    this.live.textContent = `${this.spec.across} ${this.spec.at[i]}: ${this.points[this.curve][i] ?? "not drawn"}.${left}`;
  }

  clear() {
    this.points = { ...this.points, [this.curve]: this.spec.at.map(() => null) };
    this.draw();
    this.changed(this.points);
    this.live.textContent = `${this.spec.curves[this.curve]}: nothing is drawn.`;
  }

  async copy() {
    this.code.select();
    try {
      await navigator.clipboard.writeText(this.code.value);
      this.live.textContent = "The line is copied.";
    } catch {
      document.execCommand("copy"); // a page that is not served over https
      this.live.textContent = "The line is selected: copy it with your keyboard.";
    }
  }

  draw() {
    const { spec, axes: on } = this;
    const foot = HEIGHT - EDGE.bottom;
    const parts = [svg("path", { d: `M${EDGE.left} ${EDGE.top}V${foot}H${WIDTH - EDGE.right}`, class: "lrs-axis" })];
    for (const height of heights(spec)) {
      parts.push(svg("path", { d: `M${EDGE.left} ${on.y(height)}H${WIDTH - EDGE.right}`, class: "lrs-grid" }));
      parts.push(svg("text", { x: EDGE.left - 8, y: on.y(height) + 5, "text-anchor": "end" }, String(height)));
    }
    spec.at.forEach((at, i) => {
      parts.push(svg("path", { d: `M${on.x(i)} ${EDGE.top}V${foot}`, class: "lrs-grid" }));
      parts.push(svg("text", { x: on.x(i), y: foot + 20, "text-anchor": "middle" }, String(at)));
    });
    parts.push(svg("text", { x: (EDGE.left + WIDTH) / 2, y: HEIGHT - 10, "text-anchor": "middle" }, spec.across));
    parts.push(svg("text", { transform: `translate(16 ${HEIGHT / 2 - 10}) rotate(-90)`, "text-anchor": "middle" }, spec.up));
    this.keys.forEach((key, number) => parts.push(...this.drawn(key, number)));
    this.picture.replaceChildren(...parts);
    this.handles.forEach((/** @type {HTMLElement} */ each, /** @type {number} */ i) => this.place(each, i));
    this.code.value = line(spec, this.points);
  }

  /** A curve's line, as far as it is drawn. @param {string} key @param {number} number */
  drawn(key, number) {
    const run = this.points[key].flatMap((height, i) => (height === null ? [] : [`${this.axes.x(i)},${this.axes.y(height)}`]));
    const chosen = key === this.curve;
    const look = { fill: "none", stroke: COLOURS[number], "stroke-width": chosen ? 3.5 : 2, "stroke-dasharray": DASHES[number] };
    return [svg("polyline", { points: run.join(" "), ...look })];
  }

  /** @param {HTMLElement} handle @param {number} i */
  place(handle, i) {
    const height = this.points[this.curve][i];
    handle.style.left = `${(100 * this.axes.x(i)) / WIDTH}%`;
    handle.style.top = `${(100 * this.axes.y(this.axes.height(this.shareOf(i)))) / HEIGHT}%`;
    handle.style.setProperty("--lrs-colour", COLOURS[this.keys.indexOf(this.curve)]);
    handle.classList.toggle("lrs-open", height === null);
    handle.setAttribute("aria-label", `${this.spec.curves[this.curve]}, ${this.spec.across} ${this.spec.at[i]}`);
    handle.setAttribute("aria-valuenow", String(height ?? this.axes.height(this.shareOf(i))));
    handle.setAttribute("aria-valuetext", height === null ? "not drawn yet" : String(height));
  }
}

/** @param {{model: any, el: HTMLElement}} view */
function render({ model, el }) {
  const root = document.createElement("div");
  el.append(root);
  const pad = new Pad(root, model.get("spec"), model.get("points"), (points) => {
    model.set("points", points);
    model.save_changes();
  });
  const follow = () => {
    const points = pad.whole(model.get("points"));
    if (JSON.stringify(points) === JSON.stringify(pad.points)) return;
    pad.points = points;
    pad.draw();
  };
  model.on("change:points", follow);
  return () => model.off("change:points", follow);
}

export default { render };
