/** Trees of the hierarchical space with known figures. */

const conv = (act: string, conv: string, norm: string) =>
  `(OPS Linear1 (CONVBLOCK Linear3 (ACT ${act}) (CONV ${conv}) (NORM ${norm})))`;

const node = (...parts: string[]) => `(${parts.join(" ")})`;

const cell = (...ops: string[]) =>
  node("CELL", "Cell", ...ops.map((op) => op.startsWith("(") ? op : `(OPS ${op})`));

const r = conv("relu", "conv3x3o", "batch");
const X = cell(r, "zero", r, "id", "zero", r);
const Y = cell(
  "avg_pool",
  conv("mish", "dconv3x3o", "layer"),
  "id",
  "zero",
  conv("hardswish", "conv1x1o", "instance"),
  "avg_pool",
);
const Z = cell("avg_pool", "zero", "avg_pool", "id", "zero", "avg_pool");

/** A network whose cells are `a` and `b` in blocks C, and `single` elsewhere. */
function shallow(a: string, b: string, single: string): string {
  const C = node("C", "Linear2", a, b);
  const D1 = node("D1", "Linear3", C, C, node("DOWN", "Linear2", single, "resBlock"));
  return node("D2", "Linear3", D1, D1, node("D0", "Linear3", C, C, single));
}

function residual(one: string): string {
  const C = node("C", "Residual2", one, one, one);
  const DOWN = node("DOWN", "Residual2", one, "resBlock", "resBlock");
  const D1 = node("D1", "Residual3", C, C, DOWN, DOWN);
  const D0 = node("D0", "Residual3", C, C, one, one);
  return node("D2", "Linear4", D1, D1, D0, D0);
}

function deep(one: string): string {
  const C = node("C", "Linear3", one, one, one);
  const D1 = node("D1", "Linear4", C, C, C, node("DOWN", "Linear3", one, one, "resBlock"));
  return node("D2", "Linear3", node("D0", "Linear4", C, C, C, one), D1, D1);
}

/** T1 … T7 of the published kernels' oracles. */
export const trees: readonly string[] = [
  shallow(X, X, X),
  residual(Y),
  deep(Z),
  shallow(X, Y, Y),
  shallow(Y, Y, Y),
  residual(X),
  deep(Y),
];
