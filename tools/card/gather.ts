/**
 * Puts into a pack what cannot be fetched where it runs: `deno run -A tools/card/gather.ts PACK`.
 *
 * `deno/`: a module cache with the npm packages that the entries below import, dynamic imports of drawing
 * and serving left out. `data/fashion-mnist`: the first images of each file, found or downloaded.
 */
import { join } from "@std/path";
import { z } from "zod";
import { places } from "../../src/cli/paths.ts";
import { findDataSet } from "../../src/data/find.ts";
import { hostFiles, isFolder } from "../../src/data/files.ts";
import { encodeIdx, readIdxPair } from "../../src/data/idx.ts";
import { testFiles } from "./parts.ts";

const dependency = z.object({
  code: z.object({ specifier: z.string().optional() }).optional(),
  isDynamic: z.boolean().optional(),
});
const module = z.object({
  specifier: z.string(),
  npmPackage: z.string().optional(),
  dependencies: z.array(dependency).default([]),
});
const npmPackage = z.object({
  name: z.string(),
  version: z.string(),
  dependencies: z.array(z.string()),
  localPath: z.string(),
});
const graph = z.object({
  roots: z.array(z.string()),
  redirects: z.record(z.string(), z.string()),
  modules: z.array(module),
  npmPackages: z.record(z.string(), npmPackage),
});
type Graph = z.infer<typeof graph>;

/** Packages that a search imports dynamically: it draws what it found, and reads architectures. */
const dynamic = ["@hpcc-js/wasm-graphviz", "npyjs"];

/** The modules of all entries: of a file that imports them. */
async function graphOf(entries: readonly string[]): Promise<Graph> {
  const root = new URL("../../", import.meta.url);
  const all = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    all,
    entries.map((entry) => `import "${new URL(entry, root)}";`).join("\n"),
  );
  const args = ["info", "--json", "--config", new URL("deno.json", root).pathname, all];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  await Deno.remove(all);
  if (!success) {
    throw new Error(`Cannot list modules: deno info failed: ${new TextDecoder().decode(stderr)}`);
  }
  return graph.parse(JSON.parse(new TextDecoder().decode(stdout)));
}

/** The npm packages that entries import statically, and those that they depend on. */
function packagesOf({ roots, redirects, modules, npmPackages }: Graph) {
  const bySpecifier = new Map(modules.map((one) => [one.specifier, one]));
  const seen = new Set<string>(), ids = new Set<string>();
  const open = [...roots];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const specifier = redirects[next] ?? next;
    if (seen.has(specifier)) continue;
    seen.add(specifier);
    const found = bySpecifier.get(specifier);
    if (found?.npmPackage) ids.add(found.npmPackage);
    for (const { code, isDynamic } of found?.dependencies ?? []) {
      if (code?.specifier && !isDynamic) open.push(code.specifier);
    }
  }
  for (const [id, { name }] of Object.entries(npmPackages)) if (dynamic.includes(name)) ids.add(id);
  // A set that grows while it is walked.
  for (const id of ids) for (const needed of npmPackages[id].dependencies) ids.add(needed);
  return [...ids].map((id) => npmPackages[id]);
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const [a, b] = [join(from, name), join(to, name)];
    if (isDirectory) await copyFolder(a, b);
    // Declarations and source maps are not run.
    else if (!/\.(map|d\.[cm]?ts)$/.test(name)) await Deno.copyFile(a, b);
  }
}

async function gatherModules(cache: string): Promise<void> {
  const entries = ["cli.ts", "bench/run.ts", "tools/card/parts.ts", ...testFiles];
  const packages = packagesOf(await graphOf(entries));
  await fetchMissing(packages);
  for (const { name, version, localPath } of packages) {
    await copyFolder(localPath, join(cache, "npm/registry.npmjs.org", name, version));
  }
}

/** Fetches packages that are not in this machine's cache: Deno does so only when they are first imported. */
async function fetchMissing(packages: ReturnType<typeof packagesOf>): Promise<void> {
  const missing: string[] = [];
  for (const { name, version, localPath } of packages) {
    if (!(await isFolder(localPath))) missing.push(`npm:${name}@${version}`);
  }
  if (missing.length === 0) return;
  const args = ["cache", "-q", "--no-config", ...missing];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`Cannot fetch ${missing}: ${new TextDecoder().decode(stderr)}`);
}

/** Writes the first images of Fashion-MNIST's four files. */
async function gatherImages(folder: string): Promise<void> {
  const found = await findDataSet("fashion-mnist", places());
  if (found.kind !== "idx") {
    throw new Error("Cannot pack Fashion-MNIST: expected files in IDX format");
  }
  await Deno.mkdir(folder, { recursive: true });
  const write = (name: string, dims: number[], data: Uint8Array) =>
    Deno.writeFile(join(folder, name), encodeIdx(dims, data));
  const [trainImages, trainLabels, testImages, testLabels] = found.files;
  for (
    const [part, n, images, labels] of [
      ["train", 14_000, trainImages, trainLabels],
      ["t10k", 2_000, testImages, testLabels],
    ] as const
  ) {
    const { images: { pixels, labels: classes }, image: [h, w] } = await readIdxPair(
      hostFiles,
      images,
      labels,
    );
    await write(`${part}-images-idx3-ubyte`, [n, h, w], pixels.subarray(0, n * h * w));
    await write(`${part}-labels-idx1-ubyte`, [n], Uint8Array.from(classes.subarray(0, n)));
  }
}

const [pack] = Deno.args;
if (pack === undefined) {
  console.error("Cannot gather: no folder is named, expected the folder of the pack");
  Deno.exit(2);
}
await gatherModules(join(pack, "deno"));
await gatherImages(join(pack, "data/fashion-mnist"));
