// @ts-check
/**
 * One picture out of several, chosen by a slider. All of them are here, drawn ahead: no kernel is asked, so that a saved
 * notebook and a page of the book move too.
 */

/** @param {{model: any, el: HTMLElement}} context */
function render({ model, el }) {
  const pictures = /** @type {DataView[]} */ (model.get("pictures"));
  const alts = /** @type {string[]} */ (model.get("alts"));
  const names = /** @type {string[]} */ (model.get("names"));
  const addresses = pictures.map((data) => URL.createObjectURL(new Blob([data], { type: "image/png" })));

  const frame = document.createElement("div");
  frame.className = "lr-frames";
  const label = document.createElement("label");
  const said = document.createElement("span");
  said.textContent = model.get("label");
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: "0", max: String(pictures.length - 1), step: "1" });
  slider.dataset.lmSuppressShortcuts = "true"; // else JupyterLab takes the arrow keys for itself
  slider.value = String(model.get("index"));
  const value = document.createElement("output");
  label.append(said, slider, value);
  const image = document.createElement("img");
  frame.append(label, image);
  el.append(frame);

  function draw() {
    const index = Number(slider.value);
    value.textContent = names[index];
    slider.setAttribute("aria-valuetext", names[index]);
    image.src = addresses[index];
    image.alt = alts[index];
  }
  function moved() {
    model.set("index", Number(slider.value));
    model.save_changes();
    draw();
  }
  function set() {
    slider.value = String(model.get("index"));
    draw();
  }
  slider.addEventListener("input", moved);
  model.on("change:index", set);
  draw();
  return () => {
    model.off("change:index", set);
    for (const address of addresses) URL.revokeObjectURL(address);
  };
}

export default { render };
