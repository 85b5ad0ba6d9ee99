/** What a browser fetches of the page of the tab, packed as a server sends it. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { gzipSync } from "node:zlib";
import { type PageFiles, tabFiles } from "../../src/http/tab_bundle.ts";

/** Files with which the form for a search stands, and those that a run then loads for its view. */
const form = ["index.html", "page.css", "theme.js", "icon.svg", "page.js", "worker.js"];
const worker = ["service", "opfs"];
const run = ["run_view", "plot"];

/** Names of the files that begin so: the bundler adds a digest. */
const named = (files: PageFiles, starts: readonly string[]) =>
  starts.flatMap((start) => [...files.keys()].filter((name) => name.startsWith(`${start}-`)));

/** Bytes of these files and of those that they import statically, each packed. */
function packed(files: PageFiles, names: readonly string[]): number {
  const loaded = new Set(names);
  let bytes = 0;
  for (const name of loaded) {
    const content = files.get(name);
    assert(content, `there is no ${name}`);
    bytes += gzipSync(content, { level: 6 }).length;
    const imports = new TextDecoder().decode(content).matchAll(/(?:from|import)"\.\/([^"]+)"/g);
    if (name.endsWith(".js")) { for (const [, other] of imports) loaded.add(other); }
  }
  return bytes;
}

Deno.test("the page of the tab stays small; two that bundle it at once leave it once and whole", async () => {
  const cache = Deno.makeTempDirSync({ prefix: "denas-size-" });
  try {
    const [files, others] = await Promise.all([tabFiles(cache), tabFiles(cache)]);
    assertEquals([...others.keys()], [...files.keys()]);
    assertEquals([...Deno.readDirSync(join(cache, "tab"))].length, 1);
    const start = [...form, ...named(files, worker)];
    const search = [...start, ...named(files, run)];
    assert(search.length === start.length + run.length, `a search loads ${search}`);
    const sizes = [start, search, [...files.keys()]].map((names) => packed(files, names));
    const most = [213_000, 250_000, 340_000];
    assert(sizes.every((size, i) => size <= most[i]), `${sizes} bytes, expected at most ${most}`);
  } finally {
    Deno.removeSync(cache, { recursive: true });
  }
});
