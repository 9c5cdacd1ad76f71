// @ts-check
/**
 * Makes what the book's worker loads, out of Pyodide and the course:  node build.mjs PYODIDE COURSE OUT
 *
 * PYODIDE: the npm package's folder; COURSE: a zip of Python modules (lrtutorial, mpmath); OUT: the folder to fill.
 * A start of Python takes a phone many seconds, most of it compiling modules that are the same each time. So Python is
 * started here once, imports the course, and its memory is kept: the page loads that picture. Modules are compiled
 * without docstrings, line tables and notes on types, free memory is set to zero, and what the program's own data already holds is left
 * out, which makes the picture a third as large. Who calls this deflates the files, so that no server needs to do it.
 */
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [pyodideFolder, courseZip, out] = process.argv.slice(2).map((each) => path.resolve(each));
const { loadPyodide } = await import(pathToFileURL(path.join(pyodideFolder, "pyodide.mjs")).href);
const program = await import(pathToFileURL(path.join(pyodideFolder, "pyodide.asm.mjs")).href);

process.on("uncaughtException", (error) => {
  console.error(error.message.trim().split("\n").at(-1)); // not the line of Pyodide's code, which is all of it
  process.exit(1);
});

const COMPILE = `
import ast
import importlib._bootstrap_external as external, importlib.util, zipfile
def bare(code):
    inner = tuple(bare(each) if hasattr(each, "co_code") else each for each in code.co_consts)
    return code.replace(co_linetable=b"", co_consts=inner)
ours = ("lrtutorial/", "mpmath/")  # elsewhere some notes are read by the program
def unannotated(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return tree
def compiled(source, target, wanted):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name in sorted(old.namelist()):
            if name.endswith("/") or not wanted(name):
                continue
            data = old.read(name)
            if name.endswith(".py"):
                code = bare(compile(unannotated(ast.parse(data)) if name.startswith(ours) else data, name.rpartition("/")[2], "exec", dont_inherit=True, optimize=2))
                data = external._code_to_hash_pyc(code, importlib.util.source_hash(data), False)
                name += "c"
            new.writestr(zipfile.ZipInfo(name), bytes(data), zipfile.ZIP_DEFLATED)
unneeded = ("multiprocessing/", "_pyrepl/", "unittest/", "wsgiref/", "xml", "ctypes/", "sqlite3/", "email/", "http/",
            "pdb", "doctest", "pydoc", "imaplib", "_pyio", "_pydatetime", "_pydecimal", "smtplib", "ftplib", "poplib",
            "mailbox", "ssl", "pickletools", "tarfile", "urllib/", "html/parser", "logging/handlers")
encodings = ("__init__", "aliases", "ascii", "cp437", "idna", "latin_1", "utf_8")
keep = lambda name: not name.startswith(unneeded) and (
    not name.startswith("encodings/") or name in [f"encodings/{each}.py" for each in encodings])
compiled("/stdlib.zip", "/out/stdlib.zip", keep)
compiled("/course.zip", "/out/modules.zip", lambda name: True)
`;

const WARM = `
import sys
sys.path.insert(0, "/course.zip")
import gc, linecache, re, traceback
from lrtutorial.checking.page import Desk, described
from lrtutorial.course import exercises
desk = Desk()
for exercise in exercises():
    for step in described(exercise)["steps"]:
        for text in ("x", "1 < eta < 2", "1 +", "sqrt(2)"):
            answers = {name: text for name in step["answers"]}
            desk.answer({"do": "check", "step": step["id"], "answers": answers, "progress": ""})
        if step["form"] == "derivation":
            desk.answer({"do": "lines", "step": step["id"], "text": "1 < eta\\n2 < eta"})
        desk.answer({"do": "read", "step": step["id"], "text": "sqrt(2)*eta"})
desk.answer({"do": "map", "progress": ""})
desk.answer({"do": "words", "text": "one two"})
desk.answer({"do": "compare", "exercise": "c1"})
desk.answer({"do": "forget"})
linecache.clearcache(); re.purge(); gc.collect()
# Small free blocks hold what was there: take them all, as zeros, and give them back.
zeros = [[bytes(size - 17) for _ in range(65536 // size)] for size in range(32, 513, 16)]
del zeros
gc.collect()
desk = Desk()
`;

/** Python sources to compiled ones. @returns {Promise<Map<string, Uint8Array>>} */
async function compile() {
  const python = await loadPyodide({ indexURL: pyodideFolder });
  python.FS.mkdirTree("/out");
  const read = (/** @type {string} */ file) => new Uint8Array(fs.readFileSync(file));
  python.FS.writeFile("/stdlib.zip", read(path.join(pyodideFolder, "python_stdlib.zip")));
  python.FS.writeFile("/course.zip", read(courseZip));
  python.runPython(COMPILE);
  const names = ["stdlib.zip", "modules.zip"];
  return new Map(names.map((name) => [name, python.FS.readFile(`/out/${name}`)]));
}

/** Free memory holds what was there: overwrite it, so that it takes no room. @param {any} module */
function clearFree(module) {
  /** @type {number[]} */
  const taken = [];
  for (const size of [1 << 20, 1 << 18, 1 << 16, 1 << 14, 1 << 12, 1 << 10, 600]) {
    for (let count = 0; count < 4000; count++) {
      const whole = module.HEAPU8.length;
      const place = module._malloc(size);
      if (!place) break;
      taken.push(place);
      module.HEAPU8.fill(0, place, place + size);
      if (module.HEAPU8.length !== whole || place + size > whole - (2 << 20)) break;
    }
  }
  taken.forEach((place) => module._free(place));
}

/** @param {string} stdLibURL @param {Uint8Array} modules */
async function picture(stdLibURL, modules) {
  const python = await loadPyodide({ indexURL: pyodideFolder, stdLibURL, _makeSnapshot: true, args: ["-OO"] });
  python.FS.writeFile("/course.zip", modules);
  python.runPython(WARM);
  clearFree(python._module);
  return python.makeMemorySnapshot();
}

/** Memory as it is before Python is started from the picture; fails when Python then doesn't work. */
async function before(/** @type {string} */ stdLibURL, /** @type {Uint8Array} */ full) {
  let own = new Uint8Array();
  const createPyodideModule = async (/** @type {any} */ settings) => {
    const module = await program.default(settings);
    own = module.HEAPU8.slice();
    return module;
  };
  const python = await loadPyodide({ indexURL: pyodideFolder, stdLibURL, _loadSnapshot: full, createPyodideModule });
  const said = python.runPython('desk.answer({"do": "check", "step": "a1-gradient", "answers": {"gradient": "a*x"}})["status"]');
  python.globals.get("desk").destroy();
  if (said !== "right") throw new Error(`the picture of memory does not work: ${said}`);
  return own;
}

/** The picture without the program's own data: all before the first byte that differs from start to start. */
function withoutProgram(/** @type {Uint8Array} */ full, /** @type {Uint8Array} */ own, /** @type {Uint8Array} */ again) {
  const small = full.slice();
  const begins = new Uint32Array(full.buffer, full.byteOffset, 2)[1];
  const same = own.findIndex((byte, i) => byte !== again[i]);
  for (let i = 0; i < same; i++) small[begins + i] ^= own[i];
  return { small, same };
}

/** A sum by which the worker knows that it has put the picture together as it was. @param {Uint8Array} bytes */
function checksum(bytes) {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let sum = 0;
  for (const word of words) sum = (Math.imul(sum, 31) + word) | 0;
  return sum;
}

fs.mkdirSync(out, { recursive: true });
const files = await compile();
const stdlib = path.join(out, "stdlib.zip");
fs.writeFileSync(stdlib, /** @type {Uint8Array} */ (files.get("stdlib.zip")));
fs.writeFileSync(path.join(out, "modules.zip"), /** @type {Uint8Array} */ (files.get("modules.zip")));
const full = await picture(stdlib, /** @type {Uint8Array} */ (files.get("modules.zip")));
const { small, same } = withoutProgram(full, await before(stdlib, full), await before(stdlib, full));
fs.writeFileSync(path.join(out, "memory.bin"), small);
fs.copyFileSync(path.join(pyodideFolder, "pyodide.asm.wasm"), path.join(out, "python.wasm.bin"));
fs.copyFileSync(path.join(pyodideFolder, "pyodide.asm.mjs"), path.join(out, "python.mjs.bin"));
fs.copyFileSync(path.join(pyodideFolder, "pyodide.mjs"), path.join(out, "pyodide.mjs"));
const { info } = JSON.parse(fs.readFileSync(path.join(pyodideFolder, "pyodide-lock.json"), "utf8"));
fs.writeFileSync(path.join(out, "memory.json"), JSON.stringify({ checksum: checksum(full), same, lock: { info, packages: {} } }));
fs.writeFileSync(path.join(out, "nothing.zip"), Buffer.from("504b0506".padEnd(44, "0"), "hex"));
process.exit(0);
