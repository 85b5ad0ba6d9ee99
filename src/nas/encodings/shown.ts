/** Encodings to compare predictors on. */
import { UsageError } from "../../common/errors.ts";
import type { SearchSpace } from "../space.ts";
import { choiceEncoding } from "./choices.ts";
import { openEncodings } from "../search/parts.ts";
import { spaces } from "../registry.ts";
import { type Encoding, encodingNamed, type Encodings } from "./mod.ts";

export interface ShownEncodings {
  /** Names of encodings. Empty: adjacency and paths, or the choices where the space has neither. */
  encodings: readonly string[];
  /** Reproduces quirks of the published code. */
  strict?: boolean;
  /** Lengths of truncated path encodings. Each such encoding is used once per length and named after it. */
  pathCutoffs?: readonly number[];
}

/**
 * Opens the encodings.
 * @throws UsageError naming the space's encodings, and for lengths where no encoding is truncated.
 */
export async function shownEncodings(
  space: SearchSpace<unknown>,
  { strict, encodings: names, pathCutoffs }: ShownEncodings,
): Promise<Encoding<unknown>[]> {
  // A predictor's input needs no look-up of cells.
  const open = async (pathCutoff?: number): Promise<Encodings<unknown>> => ({
    ...await openEncodings(spaces.get(space.name), { names: [], strict, pathCutoff }),
    choices: choiceEncoding(space),
  });
  const all = await open();
  const usual = ["adj", "path"].filter((name) => all[name]);
  const wanted = names.length > 0 ? names : usual.length > 0 ? usual : ["choices"];
  if (!pathCutoffs) return wanted.map((name) => encodingNamed(all, name, space.name));
  if (!wanted.some(isTruncated)) {
    throw new UsageError(
      `Cannot cut encodings ${
        wanted.join(", ")
      }: expected a truncated one; try --encodings trunc_path`,
    );
  }
  const cut = await Promise.all(pathCutoffs.map(open));
  return wanted.flatMap((name) => {
    if (!isTruncated(name)) return [encodingNamed(all, name, space.name)];
    return cut.map((one, i) => ({
      ...encodingNamed(one, name, space.name),
      name: `${name}:${pathCutoffs[i]}`,
    }));
  });
}

/** Whether the name is that of a truncated encoding. */
const isTruncated = (name: string): boolean => name.startsWith("trunc_");
