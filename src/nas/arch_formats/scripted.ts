/** The spaces that have a format of the released ENAS scripts, and how one is recognised by its rows. */
import { UsageError } from "../../common/errors.ts";
import type { ScriptFormat } from "../definition.ts";
import { spaces } from "../registry.ts";

export const scripted = (): { name: string; script: ScriptFormat }[] =>
  spaces.all().flatMap(({ name, script }) => script ? [{ name, script }] : []);

/** The space of rows of these lengths, with what is wrong with them; null when they are of none. */
export function spaceOfLengths(
  lengths: readonly number[],
): { space: string; script: ScriptFormat; problem?: string } | null {
  for (const { name, script } of scripted()) {
    const suits = script.suits(lengths);
    if (suits === true) return { space: name, script };
    if (suits !== false) return { space: name, script, problem: suits };
  }
  return null;
}

/** Error of a space that a `.npy` file cannot hold. */
export const cannotKeep = (space: string) =>
  new UsageError(
    `Cannot keep a ${space} architecture in a .npy file: it has no rows, expected text or arch.json`,
  );
