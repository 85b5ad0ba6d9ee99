/**
 * The portable core: files that a browser loads too. They use no host API, and import files that do only
 * dynamically. This is the table behind `denas/portable-core`.
 */

/** Layers that belong to the core, except for the files below. */
const layers = ["common", "gpu", "autodiff", "ops", "nn", "nas", "tab"];

/** Files of these layers that need a host. They are imported dynamically, or from outside the core. */
const hosts = new Set([
  "src/gpu/driver_settings.ts",
  "src/nas/spaces/nasbench101_cells_file.ts",
  "src/nas/tables/mod.ts",
  "src/nas/tables/nasbench101.ts",
  "src/nas/tables/nasbench101_import.ts",
  "src/nas/tables/tfrecord.ts",
]);

/** Other files of the core: readers over `Files`, and the handling of a run's results. */
const others = new Set([
  ...[
    "area",
    "as_data_set",
    "batches",
    "cifar",
    "dataset",
    "device_bytes",
    "file_source",
    "folder",
    "idx",
    "kept_images",
    "label_table",
    "path_readers",
    "codebrim",
    "picture_header",
    "picture_layout",
    "picture_set",
    "picture_source",
    "imagenet16",
    "npy_set",
    "pickle",
    "pickle_values",
    "published",
    "set_names",
    "reader",
    "recipes",
    "splits",
    "synthetic",
    "tar",
    "wanted_picture",
  ]
    .map((name) => `src/data/${name}.ts`),
  ...["checkpoint", "draw", "history", "lines", "metadata", "record", "safetensors"]
    .map((name) => `src/run/${name}.ts`),
  ...["batch_norm_state", "state_schema", "tuning_schema"].map((name) => `src/run/${name}.ts`),
  ...["columns", "run_index", "summary", "trial_table", "trials"]
    .map((name) => `src/run/view/${name}.ts`),
  ...["emitters", "formulas", "graph", "mod", "model"].map((name) => `src/run/onnx/${name}.ts`),
  ...[
    ...[
      "animation",
      "chain",
      "chart",
      "colours",
      "dag",
      "layered",
      "lineage",
      "layout",
      "paint",
      "panels",
      "run_plot",
    ],
    ...["svg", "text", "tree"],
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
