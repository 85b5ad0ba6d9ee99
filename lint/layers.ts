/** The layers of the tree and the imports allowed between them: the table behind `denas/one-way-imports`. */

/** Each layer may import itself and the layers listed in its row; nothing imports upwards. */
const below: Record<string, readonly string[]> = {
  common: [],
  kernels: [],
  gpu: ["common", "kernels"],
  autodiff: ["common", "kernels", "gpu"],
  ops: ["common", "kernels", "gpu", "autodiff"],
  nn: ["common", "kernels", "gpu", "autodiff", "ops"],
  data: ["common", "kernels", "gpu", "autodiff", "ops"],
  nas: ["common", "kernels", "gpu", "autodiff", "ops", "nn", "data"],
  run: ["common", "kernels", "gpu", "autodiff", "ops", "nn", "data", "nas"],
  cli: ["common", "kernels", "gpu", "autodiff", "ops", "nn", "data", "nas", "run"],
  http: ["common", "kernels", "gpu", "autodiff", "ops", "nn", "data", "nas", "run"],
  tab: ["common", "kernels", "gpu", "autodiff", "ops", "nn", "data", "nas", "run"],
  entry: ["common", "kernels", "gpu", "autodiff", "ops", "nn", "data", "nas", "run", "cli", "http"],
};

/** Parts of src/nas that may not import each other. */
const strangers = ["spaces", "strategies", "evaluators"];

/**
 * The layer of a file; its path starts at the root and has forward slashes. "outside" is for the tree's own
 * programs, which src never imports (tests, bench, tools, lint); null is a folder of src without a layer.
 */
export function layerOf(path: string): string | null {
  const [first, second] = path.split("/");
  if (second === undefined) return path.endsWith(".ts") ? "entry" : "common";
  if (first === "kernels") return "kernels";
  if (first !== "src") return "outside";
  return path.split("/").length > 2 && second in below ? second : null;
}

/** Why `from` may not import `to` (both from the root), or null when it may. */
export function forbidden(from: string, to: string): string | null {
  const [importer, imported] = [layerOf(from), layerOf(to)];
  if (importer === "outside") return null;
  for (const [path, layer] of [[from, importer], [to, imported]]) {
    if (layer === null) return `${path} is in no layer, expected src/<${layers().join("|")}>/`;
  }
  if (importer === imported) return strangeness(from, to);
  if (below[importer!].includes(imported!)) return null;
  return `${importer} may not import ${imported}, expected one of ${
    [importer, ...below[importer!]].join(", ")
  }`;
}

function layers(): string[] {
  return Object.keys(below).filter((name) => !["common", "kernels", "entry"].includes(name));
}

function strangeness(from: string, to: string): string | null {
  const [one, other] = [from, to].map((path) => /^src\/nas\/([^/]+)\//.exec(path)?.[1] ?? "");
  if (one === other || !strangers.includes(one) || !strangers.includes(other)) return null;
  return `nas/${one} may not import nas/${other}, expected the interface files, encodings or predictors`;
}
