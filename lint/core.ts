/**
 * The portable core: what a browser loads too. It names no host, and it reaches what does by dynamic imports only.
 * One table behind `denas/portable-core`.
 */

/** Layers that belong to it whole, but for the files below. */
const layers = ["common", "gpu", "autodiff", "ops", "nn", "nas"];

/** Files of these layers that need a host: they are imported dynamically, or from outside the core. */
const hosts = new Set([
  "src/gpu/vulkan_only.ts",
  "src/nas/spaces/nasbench101_cells_file.ts",
  "src/nas/tables/mod.ts",
  "src/nas/tables/nasbench101.ts",
  "src/nas/tables/nasbench101_import.ts",
  "src/nas/tables/tfrecord.ts",
]);

/** What else belongs to it: readers over `Files`, and what becomes of a run's results. */
const others = new Set([
  ...[
    "batches",
    "cifar",
    "dataset",
    "device_bytes",
    "file_source",
    "idx",
    "known",
    "synthetic",
    "tar",
  ]
    .map((name) => `src/data/${name}.ts`),
  ...["checkpoint", "draw", "history", "lines", "metadata", "safetensors", "batch_norm_state"]
    .map((name) => `src/run/${name}.ts`),
  ...["emitters", "graph", "mod", "model"].map((name) => `src/run/onnx/${name}.ts`),
  ...[
    ...["animation", "chain", "chart", "colours", "dag", "layout", "paint", "panels", "run_plot"],
    ...["svg", "text"],
  ].map((name) => `src/run/drawing/${name}.ts`),
]);

/** Whether a file, by its path from the root with forward slashes, belongs to the core. */
export function inCore(path: string): boolean {
  if (others.has(path)) return true;
  const [top, layer, file] = path.split("/");
  return top === "src" && file !== undefined && layers.includes(layer) && !hosts.has(path);
}

/** Every file that the tables name, for a test that they are there. */
export const namedFiles: readonly string[] = [...hosts, ...others];
