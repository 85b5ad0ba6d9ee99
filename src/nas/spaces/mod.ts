/** Every search space by name. A new space is one file and one line here. */
import type { ChildConfig, SearchSpace } from "../space.ts";
import { dartsSpace } from "./darts.ts";
import { macroSpace } from "./macro.ts";
import { macroRangeSpace } from "./macro_range.ts";
import { microSpace } from "./micro.ts";
import { nasbench101Space } from "./nasbench101.ts";
import { nasbench201Space } from "./nasbench201.ts";
import { nasbenchMacroSpace } from "./nasbench_macro.ts";

/** Makes a space of the size that a configuration asks for; throws a UsageError when one does not fit. */
// deno-lint-ignore no-explicit-any
export type SpaceFactory = (config: ChildConfig) => SearchSpace<any>;

export const spaces: Readonly<Record<string, SpaceFactory>> = {
  darts: dartsSpace,
  macro: macroSpace,
  "macro-range": macroRangeSpace,
  micro: microSpace,
  nasbench101: nasbench101Space,
  nasbench201: nasbench201Space,
  "nasbench-macro": nasbenchMacroSpace,
};
