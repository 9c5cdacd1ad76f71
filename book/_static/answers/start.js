// Starts the page's answers where they can be checked: on a page that asks for some, served, from a book with a runtime.
(() => {
  const root = document.documentElement;
  const page = document.getElementById("lr-page");
  const about = page ? JSON.parse(page.textContent) : null;
  const home = document.currentScript.src;
  const served = location.protocol !== "file:";
  root.dataset.lrRuntime = "none";
  if (about?.runtime && !served) {
    const said = document.createElement("p");
    said.className = "lr-runtime";
    said.textContent = "Opened from disk, this book is for reading. Served, it checks answers: python -m http.server, in its folder.";
    document.querySelector("article h1")?.after(said);
  }
  if (!about?.runtime || !served) return;
  if (about.steps?.length || about.map) {
    root.dataset.lrRuntime = "loading";
    import(new URL("main.js", home).href).catch(() => (root.dataset.lrRuntime = "failed"));
  }
  if ("serviceWorker" in navigator) navigator.serviceWorker.register(new URL("../../sw.js", home)).catch(() => {});
})();
