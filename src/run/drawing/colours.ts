/** One colour per operation, the same in every picture. */

export interface Colour {
  fill: string;
  /** Borders and edges. */
  line: string;
}

/** Colours of 1×1 kernels. */
const pointwise: Colour = { fill: "#cffafe", line: "#0891b2" };

const families: readonly [RegExp, light: Colour, deep: Colour][] = [
  [/\bsep/i, { fill: "#dcfce7", line: "#16a34a" }, { fill: "#86efac", line: "#166534" }],
  [/\bdil/i, { fill: "#f3e8ff", line: "#9333ea" }, { fill: "#d8b4fe", line: "#6b21a8" }],
  [/conv/i, { fill: "#dbeafe", line: "#2563eb" }, { fill: "#93c5fd", line: "#1e3a8a" }],
  [/avg|average/i, { fill: "#fef9c3", line: "#a16207" }, { fill: "#fde047", line: "#713f12" }],
  [/max/i, { fill: "#ffedd5", line: "#ea580c" }, { fill: "#fdba74", line: "#9a3412" }],
  [/identity|skip/i, { fill: "#f3f4f6", line: "#6b7280" }, { fill: "#e5e7eb", line: "#374151" }],
  [/none|zero/i, { fill: "#ffffff", line: "#9ca3af" }, { fill: "#ffffff", line: "#9ca3af" }],
];

const others: readonly Colour[] = [
  { fill: "#ccfbf1", line: "#0f766e" },
  { fill: "#fce7f3", line: "#be185d" },
  { fill: "#e0e7ff", line: "#4338ca" },
  { fill: "#ecfccb", line: "#4d7c0f" },
  { fill: "#cffafe", line: "#0e7490" },
];

/**
 * Colour of an operation.
 * @param label of the operation; kernels of 5 and more get the darker shade of their family.
 */
export function operationColour(label: string): Colour {
  const family = families.find(([pattern]) => pattern.test(label));
  if (!family) {
    const sum = [...label].reduce((a, c) => (a * 31 + c.codePointAt(0)!) % 9973, 7);
    return others[sum % others.length];
  }
  const kernel = Number(/(\d+)\s*[×x]/.exec(label)?.[1] ?? 0);
  if (kernel === 1 && family[0].test("conv")) return pointwise;
  return family[kernel >= 5 ? 2 : 1];
}

/** Colours of nodes that are no operations. */
export const kindColours = {
  input: { fill: "#ede9fe", line: "#6d28d9" },
  sum: { fill: "#ffffff", line: "#6b7280" },
  concat: { fill: "#1f2937", line: "#1f2937" },
  reduce: { fill: "#fee2e2", line: "#dc2626" },
  output: { fill: "#1f2937", line: "#1f2937" },
} satisfies Record<string, Colour>;

/** Curve colours, far apart in hue, then in lightness; the second dozen is dashed. */
const curves = [
  "#2563eb",
  "#dc2626",
  "#16a34a",
  "#9333ea",
  "#ea580c",
  "#0891b2",
  "#a16207",
  "#be185d",
  "#4d7c0f",
  "#6b7280",
  "#1e3a8a",
  "#7f1d1d",
];

/** Style of the i-th of several curves in one chart. */
export const curveColours = (i: number): { colour: string; dashed: boolean } => ({
  colour: curves[i % curves.length],
  dashed: i >= curves.length,
});
