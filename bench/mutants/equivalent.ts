/**
 * Mutants that compute the same, with the reason. A survivor that is not here is a test that is missing.
 */
import type { Mutant } from "./operators.ts";

interface Equivalent {
  /** What the kernel's path has to match. */
  file: RegExp;
  /** Part of the line, and of what became of it. */
  before: string | RegExp;
  after: string | RegExp;
  because: string;
}

const equivalents: readonly Equivalent[] = [];

const matches = (text: string, part: string | RegExp) =>
  typeof part === "string" ? text.includes(part) : part.test(text);

/** Why a mutant has to survive; undefined when it should have died. */
export function whyEquivalent(m: Mutant): string | undefined {
  return equivalents.find((e) =>
    e.file.test(m.file) && matches(m.before, e.before) && matches(m.after, e.after)
  )?.because;
}
