/** The encodings of a space by its name. */
import { UsageError } from "../../errors.ts";
import { Nb101Cells, openNb101Cells } from "../spaces/nasbench101_index.ts";
import type { Encoding, Encodings } from "./encoding.ts";
import { nasbench101Encodings } from "./nasbench101.ts";
import { nasbench201Encodings } from "./nasbench201.ts";

export type { Encoding, Encodings } from "./encoding.ts";

export interface OpenEncodings {
  /** Encodings that will be used: NAS-Bench-101's cells are enumerated only for those that look cells up. */
  names: readonly string[];
  /** Quirks of the published code. */
  strict?: boolean;
  /** Expected number of changes of a perturbation, and where truncated encodings end. */
  rate?: number;
  pathCutoff?: number;
  edgeCutoff?: number;
  /** Bounds of draws by `constrained`. */
  maxEdges?: number;
  maxNodes?: number;
  cacheDir?: string;
  signal?: AbortSignal;
  progress?(done: number): void;
}

/** Empty for spaces that have none. */
export async function openEncodings(
  space: string,
  options: OpenEncodings,
): Promise<Encodings<unknown>> {
  if (space === "nasbench201") return nasbench201Encodings(options) as Encodings<unknown>;
  if (space !== "nasbench101") return {};
  const lookUp = options.names.some((name) => name === "uniform" || name.includes("path"));
  const cells = lookUp ? await sharedCells(options) : noCells();
  return nasbench101Encodings({ ...options, cells }) as Encodings<unknown>;
}

let shared: Promise<Nb101Cells> | null = null;

/** One copy for all encodings of a process: with its sets of paths it takes some hundred megabytes. */
function sharedCells(options: OpenEncodings): Promise<Nb101Cells> {
  return shared ??= openNb101Cells(options).catch((error) => {
    shared = null;
    throw error;
  });
}

const noCells = () => new Nb101Cells(new Uint32Array(0), new Uint8Array(0));

/** @throws UsageError naming the space's encodings. */
export function encodingNamed<A>(
  encodings: Encodings<A>,
  name: string,
  space: string,
): Encoding<A> {
  const encoding = encodings[name];
  if (encoding) return encoding;
  const known = Object.keys(encodings);
  throw new UsageError(
    `Cannot use encoding ${JSON.stringify(name)} in space ${space}: ${
      known.length ? `expected one of ${known.join(", ")}` : "the space has no encodings"
    }`,
  );
}
