/** The grammars that come with denas, and how a setting names one of them or holds a file's text. */
import activations from "./files/activations.grammar" with { type: "text" };
import darts from "./files/darts.grammar" with { type: "text" };
import nb201Fixed from "./files/nb201_fixed_1_none.grammar" with { type: "text" };
import nb201Variable from "./files/nb201_variable_multi_multi.grammar" with { type: "text" };
import { UsageError } from "../../common/errors.ts";
import type { Grammar } from "./grammar.ts";
import { parseGrammar } from "./parse.ts";
import type { Primitives } from "./primitives.ts";

/** Grammar files by name; `act_cifar10` is the name of activations in the published experiments. */
export const builtInGrammars: ReadonlyMap<string, string> = new Map([
  ["nb201_variable_multi_multi", nb201Variable],
  ["nb201_fixed_1_none", nb201Fixed],
  ["activations", activations],
  ["act_cifar10", activations],
  ["darts", darts],
]);

/** Whether a setting holds the text of a grammar file. */
export const isGrammarText = (setting: string): boolean => setting.includes("\n");

/**
 * The grammar that a setting names, or whose text it holds.
 * @throws UsageError listing the built-in grammars, DataError naming the line of a fault.
 */
export function openGrammar(setting: string, primitives: Primitives): Grammar {
  if (isGrammarText(setting)) return parseGrammar(setting, nameIn(setting), primitives);
  const text = builtInGrammars.get(setting);
  if (text !== undefined) return parseGrammar(text, setting, primitives);
  throw new UsageError(
    `Cannot use grammar ${JSON.stringify(setting)}: expected one of ${
      [...builtInGrammars.keys()].join(", ")
    }, or a grammar file`,
  );
}

/** Name that a grammar file gives itself, for messages. */
const nameIn = (text: string): string => /^name:\s*(\w+)/m.exec(text)?.[1] ?? "of the config";
