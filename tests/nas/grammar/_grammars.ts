/** The built-in grammars, opened. */
import { openGrammar } from "../../../src/nas/grammar/built_in.ts";
import { primitivesWith } from "../../../src/nas/grammar/primitives.ts";

export const primitives = primitivesWith();
export const hierarchical = openGrammar("nb201_variable_multi_multi", primitives);
export const cells = openGrammar("nb201_fixed_1_none", primitives);
export const activations = openGrammar("activations", primitives);
export const darts = openGrammar("darts", primitives);
export const grammars = [hierarchical, cells, activations, darts];
