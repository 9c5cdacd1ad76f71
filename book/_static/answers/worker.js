// @ts-check
/**
 * Python in a thread of its own. It is told `{id, request}` (JSON text), and answers `{id, answer}`; once `{ready}` or
 * `{failed}`. Memory as Python leaves it after its start is loaded in one piece (see book/runtime/build.mjs); where that
 * can't be put together exactly, Python starts the long way.
 */

const home = new URL("../../runtime/", import.meta.url).href;
const plainFetch = self.fetch.bind(self);

/** A file that is stored deflated. @param {string} name */
async function inflated(name) {
  const response = await plainFetch(home + name);
  if (!response.ok || !response.body) throw new Error(`${name}: ${response.status}`);
  return response.body.pipeThrough(new DecompressionStream("gzip"));
}

/** @type {(reason: any) => void} */
let breaks;
/** Pyodide waits for ever for a program that does not come, or comes cut off: this is rejected then. */
const broken = new Promise((_, reject) => (breaks = reject));
const instantiate = WebAssembly.instantiateStreaming;
WebAssembly.instantiateStreaming = (/** @type {any} */ source, /** @type {any} */ imports) => {
  const made = instantiate(source, imports);
  made.catch(breaks);
  return made;
};

/** Pyodide asks for its program by name; it gets the inflated stream. @param {any} address @param {any} options */
async function fetchInflated(address, options) {
  if (!String(address).endsWith("pyodide.asm.wasm")) return plainFetch(address, options);
  return new Response(await inflated("python.wasm.bin"), { headers: { "Content-Type": "application/wasm" } });
}

/** The module that makes Python's program. */
async function program() {
  const text = await new Response(await inflated("python.mjs.bin")).blob();
  const address = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  try {
    return (await import(address)).default;
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** The sum that build.mjs has taken of the same bytes. @param {Uint8Array} bytes */
function checksum(bytes) {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let sum = 0;
  for (let i = 0; i < words.length; i++) sum = (Math.imul(sum, 31) + words[i]) | 0;
  return sum;
}

/** What the program's own data holds goes into the picture before Python is started from it. */
function completing(/** @type {any} */ create, /** @type {Uint8Array} */ picture, /** @type {{same: number, checksum: number}} */ known) {
  return async (/** @type {any} */ settings) => {
    const module = await create(settings);
    const own = module.HEAPU8;
    const begins = new Uint32Array(picture.buffer, 0, 2)[1];
    for (let i = 0; i < known.same; i++) picture[begins + i] ^= own[i];
    if (checksum(picture) !== known.checksum) throw new Error("the picture of memory does not fit this browser");
    return module;
  };
}

/** @param {string} name */
const fetched = (name) => plainFetch(home + name);

async function quickStart() {
  const [{ loadPyodide }, create, memory, known] = await Promise.all([
    import(`${home}pyodide.mjs`),
    program(),
    inflated("memory.bin").then((stream) => new Response(stream).arrayBuffer()),
    fetched("memory.json").then((response) => response.json()),
  ]);
  const picture = new Uint8Array(memory);
  return loadPyodide({
    ...common(known.lock),
    stdLibURL: `${home}nothing.zip`,
    _loadSnapshot: picture,
    createPyodideModule: completing(create, picture, known),
  });
}

async function longStart() {
  const { loadPyodide } = await import(`${home}pyodide.mjs`);
  const { lock } = await fetched("memory.json").then((response) => response.json());
  const createPyodideModule = await program();
  const python = await loadPyodide({ ...common(lock), stdLibURL: `${home}stdlib.zip`, createPyodideModule });
  const modules = await fetched("modules.zip").then((response) => response.arrayBuffer());
  python.FS.writeFile("/course.zip", new Uint8Array(modules));
  python.runPython("import sys; sys.path.insert(0, '/course.zip')\nfrom lrtutorial.checking.page import Desk\ndesk = Desk()");
  return python;
}

/** @param {any} lock */
const common = (lock) => ({ indexURL: home, packageBaseUrl: home, lockFileContents: structuredClone(lock) });

const python = (async () => {
  self.fetch = fetchInflated;
  try {
    return await Promise.race([quickStart(), broken]);
  } catch (reason) {
    console.info(`Python starts the long way: ${reason}`);
    return await Promise.race([longStart(), broken]);
  }
})();

python.then(
  () => self.postMessage({ ready: true }),
  (reason) => self.postMessage({ failed: String(reason) }),
);

self.onmessage = async ({ data: { id, request } }) => {
  try {
    self.postMessage({ id, answer: (await python).globals.get("desk").answer_text(request) });
  } catch (reason) {
    self.postMessage({ id, broken: String(reason) }); // Python itself is: no stack left, no memory
  }
};
