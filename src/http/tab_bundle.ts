/**
 * The files of the page that searches in a browser's tab. They are bundled when they are first asked for, by
 * `deno bundle`, and kept in the cache folder under a digest of the sources: the tree has no build step.
 */
import { join } from "@std/path";
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { DataError } from "../common/errors.ts";
import { removeIfThere, requireFolder, writeAtomic } from "../run/files.ts";
import { type EntryName, entryNames, leanCss, writeLeanSources } from "./tab_lean.ts";
import { assets } from "./ui/mod.ts";
import index from "./ui/tab/index.html" with { type: "text" };
import tabCss from "./ui/tab/tab.css" with { type: "text" };

const root = fileURLToPath(new URL("../../", import.meta.url));
/** Files and folders whose digest names a bundle: it is built again when one of them changes. */
const sources = ["deno.json", "deno.lock", "kernels", "src"];
/** Packages that only hosts load: the drawing of the tab is laid out without Graphviz. */
const left = ["@hpcc-js/wasm-graphviz"];
/** Bundles of earlier sources that are kept. */
const keptBundles = 3;

/** Policy of the page; a server sends it with what only headers can say. */
export const tabPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
  "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'";

/** Files of the page by name, beside each other in one folder. */
export type PageFiles = ReadonlyMap<string, Uint8Array<ArrayBuffer>>;

const encode = (text: string) => new TextEncoder().encode(text);

/** The page for a web server. @param cacheDir folder of all caches. */
export async function tabFiles(cacheDir: string): Promise<PageFiles> {
  const digest = await digestOfSources();
  const scripts = await bundled(cacheDir, digest, "split");
  const files = new Map<string, Uint8Array<ArrayBuffer>>([
    ["index.html", encode(index.replace("POLICY", tabPolicy))],
    ["page.css", encode(pageCss())],
    ["theme.js", encode(assets["theme.js"].body as string)],
    ["icon.svg", encode(assets["icon.svg"].body as string)],
    ...scripts,
  ]);
  files.set("sw.js", encode(serviceWorker([...files.keys()], digest)));
  return files;
}

/** The page as one file that opens from a disk. */
export async function tabFile(cacheDir: string): Promise<string> {
  const scripts = await bundled(cacheDir, await digestOfSources(), "whole");
  const [page, worker] = ["page.js", "worker.js"].map((name) =>
    inPage(new TextDecoder().decode(scripts.get(name)))
  );
  const theme = assets["theme.js"].body as string;
  const css = pageCss();
  const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const policy = `default-src 'none'; script-src ${hash(theme)} ${hash(page)}; ` +
    `style-src ${hash(css)}; img-src data: blob:; worker-src blob:; connect-src 'none'; ` +
    `base-uri 'none'; form-action 'none'`;
  const icon = `data:image/svg+xml,${encodeURIComponent(assets["icon.svg"].body as string)}`;
  const inline: [string, string][] = [
    ["POLICY", policy],
    ['<script src="theme.js"></script>', `<script>${theme}</script>`],
    ['<link rel="stylesheet" href="page.css">', `<style>${css}</style>`],
    [
      '<script type="module" src="page.js"></script>',
      `<script type="text/plain" id="worker-code">${worker}</script>\n` +
      `<script type="module">${page}</script>`,
    ],
  ];
  const text = inline.reduce((html, [from, to]) => html.replace(from, () => to), index);
  return text.replaceAll('"icon.svg"', `"${icon}"`);
}

/** Code that may stand within a script element: what would end it, or begin a comment, is written otherwise. */
const inPage = (code: string): string =>
  code.replace(/<\/(script)/gi, "<\\/$1").replaceAll("<!--", "<\\x21--");

function pageCss(): string {
  const names = ["base", "layout", "panels", "tables", "forms", "uplot"];
  return leanCss([...names.map((name) => assets[`${name}.css`].body as string), tabCss].join("\n"));
}

/** Keeps the page usable without a network: files come from the network, and from its cache without one. */
const serviceWorker = (names: readonly string[], digest: string) =>
  `// Keeps the page of this tab for when there is no network.
const mine = "denas " + registration.scope + " ", name = mine + "${digest}";
const data = new URL("data/", registration.scope).href;
addEventListener("install", (event) => {
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(${
    JSON.stringify(["./", ...names])
  })));
});
addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    // Other pages of this origin have caches too.
    for (const old of await caches.keys()) {
      if (old.startsWith(mine) && old !== name) await caches.delete(old);
    }
    await clients.claim();
  })());
});
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || request.url.startsWith(data)) return;
  event.respondWith((async () => {
    const answer = await fetch(request).catch(() => Response.error());
    if (answer.ok) return answer;
    // Without a network; or a newer page is on the server, and an open one asks for files of its own version.
    return await (await caches.open(name)).match(request, { ignoreSearch: true }) ?? answer;
  })());
});
`;

async function digestOfSources(): Promise<string> {
  const hash = createHash("sha256").update(Deno.version.deno);
  const add = async (path: string) => {
    const { isDirectory } = await Deno.stat(join(root, path));
    if (!isDirectory) hash.update(path).update(await Deno.readFile(join(root, path)));
    else {
      const names = [...Deno.readDirSync(join(root, path))].map(({ name }) => name).sort();
      for (const name of names) await add(`${path}/${name}`);
    }
  };
  for (const path of sources) await add(path);
  return hash.digest("hex").slice(0, 16);
}

/** The bundles of both entry points: `split` in files that load on demand, `whole` in one file each. */
async function bundled(
  cacheDir: string,
  digest: string,
  how: "split" | "whole",
): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const tab = join(cacheDir, "tab");
  const folder = join(tab, `${digest}-${how}`);
  if (!isFolder(folder)) {
    // Renamed once it is whole: other processes may bundle the same at the same time.
    const beside = `${folder}.${crypto.randomUUID()}`;
    requireFolder(beside);
    const lean = Deno.makeTempDirSync({ prefix: "denas-bundle-" });
    try {
      writeLeanSources(lean);
      for (const name of entryNames) await bundle(lean, name, how, beside);
      moveUnlessThere(beside, folder);
    } finally {
      Deno.removeSync(lean, { recursive: true });
      removeIfThere(beside, { recursive: true });
    }
    dropOld(tab);
  }
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const { name } of Deno.readDirSync(folder)) {
    if (name.endsWith(".js")) files.set(name, await Deno.readFile(join(folder, name)));
  }
  return files;
}

/** Bundles an entry point of the lean sources into `folder`. */
async function bundle(
  sources: string,
  name: EntryName,
  how: "split" | "whole",
  folder: string,
): Promise<void> {
  const out = join(sources, "out", name);
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["bundle", "--quiet", "--platform", "browser", "--minify"],
      ...left.flatMap((one) => ["--external", one]),
      ...how === "split" ? ["--code-splitting"] : ["--format", "iife"],
      ...["--no-lock", "--outdir", out, `${name}.js`],
    ],
    cwd: sources,
    stdin: "null",
  }).output();
  if (!success) throw cannotBundle(new TextDecoder().decode(stderr));
  for (const { name: file } of Deno.readDirSync(out)) {
    writeAtomic(join(folder, file), Deno.readFileSync(join(out, file)));
  }
}

function cannotBundle(why: string): DataError {
  const [line = ""] = why.split("\n").filter((text) => /error/i.test(text));
  return new DataError(
    `Cannot build the page of the tab: deno bundle says "${line.trim()}"; the first time it fetches ` +
      `esbuild, which needs a network; later pages come from the cache`,
  );
}

function dropOld(tab: string): void {
  const known = [...Deno.readDirSync(tab)].map(({ name }) => {
    const path = join(tab, name);
    return { path, time: infoOf(path)?.mtime?.getTime() ?? 0 };
  });
  known.sort((a, b) => b.time - a.time);
  for (const { path } of known.slice(2 * keptBundles)) removeIfThere(path, { recursive: true });
}

function moveUnlessThere(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!isFolder(to)) throw error;
  }
}

const isFolder = (path: string): boolean => infoOf(path)?.isDirectory ?? false;

/** Undefined where there is nothing. Another process may drop old bundles too. */
function infoOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
