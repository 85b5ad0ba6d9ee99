/** The primitives that a grammar file may name: operations on the edges of a network. */

/** A primitive by its registered name. */
export interface Primitive {
  readonly name: string;
  /** Number of values that it takes. */
  readonly inputs: 1 | 2;
  /** `absent`: an edge without operation, which is removed. `identity`: contracted in kernel graphs. */
  readonly role?: "absent" | "identity";
}

const unary = (text: string): Primitive[] =>
  text.split(" ").map((name) => ({ name, inputs: 1 as const }));

/** The primitives of the built-in grammars. */
export const builtInPrimitives: readonly Primitive[] = [
  { name: "id", inputs: 1, role: "identity" },
  { name: "zero", inputs: 1, role: "absent" },
  { name: "skip_connect", inputs: 1, role: "identity" },
  { name: "none", inputs: 1, role: "absent" },
  ...unary("conv3x3 conv1x1 avg_pool resBlock"),
  ...unary("conv3x3o conv1x1o dconv3x3o batch instance layer relu hardswish mish"),
  ...unary("neg abs square cubic square_root mconst aconst log exp sin cos sinh cosh tanh asinh"),
  ...unary("atanh sinc umax umin sigmoid logexp gaussian erf const"),
  ...unary("sep_conv_3x3 sep_conv_5x5 dil_conv_3x3 dil_conv_5x5 max_pool_3x3 avg_pool_3x3"),
  ..."add multi sub div bmax bmin bsigmoid bgaussian_sq bgaussian_abs wavg".split(" ")
    .map((name) => ({ name, inputs: 2 as const })),
];

/** Primitives by name. */
export type Primitives = ReadonlyMap<string, Primitive>;

/** The built-in primitives and further ones by name; a further one may not take a built-in's name. */
export function primitivesWith(further: readonly Primitive[] = []): Primitives {
  return new Map(
    [...further, ...builtInPrimitives].map((primitive) => [primitive.name, primitive]),
  );
}
