/**
 * The portable core: files that a browser loads too. They use no host API, and import files that do only
 * dynamically. This is the table behind `denas/portable-core`.
 */

/** Layers that belong to the core, except for the files below. */
const layers = ["common", "gpu", "autodiff", "ops", "nn", "nas"];

/** Files of these layers that need a host. They are imported dynamically, or from outside the core. */
const hosts = new Set([
  "src/gpu/vulkan_only.ts",
  "src/nas/spaces/nasbench101_cells_file.ts",
  "src/nas/tables/mod.ts",
  "src/nas/tables/nasbench101.ts",
  "src/nas/tables/nasbench101_import.ts",
  "src/nas/tables/tfrecord.ts",
]);

/** Other files of the core: readers over `Files`, and the handling of a run's results. */
const others = new Set([
  ...[
    "batches",
    "cifar",
    "dataset",
    "device_bytes",
    "file_source",
    "idx",
    "imagenet16",
    "npy_set",
    "pickle",
    "published",
    "recipes",
    "splits",
    "synthetic",
    "tar",
  ]
    .map((name) => `src/data/${name}.ts`),
  ...["checkpoint", "draw", "history", "lines", "metadata", "safetensors", "batch_norm_state"]
    .map((name) => `src/run/${name}.ts`),
  ...["emitters", "formulas", "graph", "mod", "model"].map((name) => `src/run/onnx/${name}.ts`),
  ...[
    ...["animation", "chain", "chart", "colours", "dag", "layout", "paint", "panels", "run_plot"],
    ...["svg", "text"],
  ].map((name) => `src/run/drawing/${name}.ts`),
]);

/** Whether a file belongs to the core; its path starts at the root and has forward slashes. */
export function inCore(path: string): boolean {
  if (others.has(path)) return true;
  const [top, layer, file] = path.split("/");
  return top === "src" && file !== undefined && layers.includes(layer) && !hosts.has(path);
}

/** All files that the tables name, for a test that they exist. */
export const namedFiles: readonly string[] = [...hosts, ...others];
