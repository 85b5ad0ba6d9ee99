/**
 * A copy of the sources without the parts that no browser needs, for the bundler: a tenth of what a browser fetches
 * before the first search goes.
 */
import { dirname, join } from "@std/path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Entry points by the name of what is made of them. */
const entries = { page: "src/http/ui/tab/main.js", worker: "src/tab/worker.ts" };

export type EntryName = keyof typeof entries;
export const entryNames = Object.keys(entries) as EntryName[];

/** Modules that need a host. Others import them dynamically, and the tab never gets there. */
const hostOnly = [
  "src/data/load.ts",
  "src/gpu/driver_settings.ts",
  "src/nas/evaluators/table_evaluator.ts",
  "src/nas/spaces/nasbench101_cells_file.ts",
  "src/nas/tables/mod.ts",
];
/** Takes their place. */
const inTheirPlace =
  'throw new Error("Cannot do this in a browser: it needs files of the machine; use the command line");';

/** Parts of zod that write JSON schemas, which only the server's documentation has. */
const jsonSchemas = /^v4\/core\/(to-json-schema|json-schema-processors)\.js$/;

/** Lines of a kernel that its loader reads; directives begin with //#. */
const declaration = /^(?:\/\/#|override |const |alias |struct |@compute)/;

/** A space beside a sign, unless both of its neighbours are signs: `> =` and `- -` are not `>=` and `--`. */
const space = /(?<=\w) (?=[^\w ])|(?<=[)\]},;]) (?=[^\w ])|(?<=[^\w ]) (?=[\w({[])/g;

function leanLine(line: string): string {
  const text = line.trim();
  if (!declaration.test(text)) return text.replace(space, "");
  // The loader takes declarations for tunables only where they begin a line.
  return /^ *(?:const|alias|override)/.test(line) ? line.replace(/^ +/, " ").trimEnd() : text;
}

/** A kernel without comments, without indents, and without spaces that separate no words. */
export const leanKernel = (text: string): string =>
  text.replace(/[ \t]*\/\/(?!#).*$/gm, "").split("\n").map(leanLine).filter(Boolean)
    .map((line) => `${line}\n`).join("");

/** An op without its float64 reference and its cases, which only tests and benchmarks read. */
export const leanOp = (text: string): string =>
  text.replace(/^ {2}(?:reference|cases)\b.*\n(?:(?: {3}.*| {2}[)\]}].*|)\n)*/gm, "")
    .replace(/^const cases\b.*\n(?:.*\n)*?[)\]}].*;\n/gm, "");

/** The list of quirks without its words and most of those without settings, which documentation shows. */
export const leanQuirks = (text: string): string =>
  text.replace(/\b(?:what|why):\s*(?:"[^"]*"(?:\s*\+\s*)?|always)+(?:,\s*)?/g, "")
    .replace(/^ {2}\{ id: "Q\d+", *\},\n/gm, "");

/** A style sheet without comments, and without spaces that separate nothing. */
export const leanCss = (text: string): string =>
  text.replace(/\/\*.*?\*\//gs, "").replace(/\s+/g, " ").replace(/ ?([{};,>]) ?|(?<=:) /g, "$1")
    .trim();

/** A module whose functions give functions that do nothing: schemas call them while they are made. */
const emptied = (text: string): string =>
  [...text.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name]) =>
    `export const ${name} = () => () => {};\n`
  ).join("");

function lean(path: string): string | null {
  const text = () => Deno.readTextFileSync(join(root, path));
  if (hostOnly.includes(path)) return inTheirPlace;
  if (path.endsWith(".wgsl")) return leanKernel(text());
  if (path === "src/nas/config/faithful.ts") return leanQuirks(text());
  return path.startsWith("src/ops/") ? leanOp(text()) : null;
}

/** Files below a folder as paths from it. */
function* filesBelow(folder: string, path = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(join(folder, path))) {
    const inner = path ? `${path}/${name}` : name;
    if (isDirectory) yield* filesBelow(folder, inner);
    else yield inner;
  }
}

/** Copies a file, or writes what it becomes. */
function put(from: string, to: string, text: string | null): void {
  Deno.mkdirSync(dirname(to), { recursive: true });
  if (text === null) Deno.copyFileSync(from, to);
  else Deno.writeTextFileSync(to, text);
}

/** Writes what the bundler takes, with an entry point of each name. @param folder an empty folder. */
export function writeLeanSources(folder: string): void {
  const kernels: string[] = [];
  for (const part of ["kernels", "src"]) {
    for (const inner of filesBelow(join(root, part))) {
      const path = `${part}/${inner}`;
      put(join(root, path), join(folder, path), lean(path));
      if (path.endsWith(".wgsl")) kernels.push(path);
    }
  }
  const zod = dirname(fileURLToPath(import.meta.resolve("zod")));
  for (const path of filesBelow(zod)) {
    if (!/^(package\.json|(index|v4\/(core|classic|locales)\/[\w-]+)\.js)$/.test(path)) continue;
    const text = jsonSchemas.test(path) ? emptied(Deno.readTextFileSync(join(zod, path))) : null;
    put(join(zod, path), join(folder, "zod", path), text);
  }
  const { unstable, nodeModulesDir, imports } = config;
  const bundling = {
    unstable,
    nodeModulesDir,
    imports: { ...imports, zod: "./zod/index.js" },
  };
  Deno.writeTextFileSync(
    join(folder, "src/ops/package.json"),
    JSON.stringify({ sideEffects: false }),
  );
  Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(bundling));
  // Kernels beside each other, in the order of their names, take less than each beside its op.
  const sorted = kernels.sort().map((path) => `import "./${path}" with { type: "text" };\n`);
  for (const [name, path] of Object.entries(entries)) {
    const before = name === "worker" ? sorted.join("") : "";
    Deno.writeTextFileSync(join(folder, `${name}.js`), `${before}import "./${path}";\n`);
  }
}
