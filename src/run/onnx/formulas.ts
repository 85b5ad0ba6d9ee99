/** ONNX equivalents of the functions of the activation grammar (`ops/unary.ts`, `ops/binary.ts`). */
import type { FormulaParams } from "../../ops/formulas.ts";
import type { Emission } from "./graph.ts";

type E = Emission<FormulaParams>;

/** Nodes of a function: writes them for the graph names of its variables and of its coefficient. */
type Nodes = (e: E, x: string, other: string, beta: () => string) => string;

const number = (e: E, value: number) => e.constant([1], Float32Array.of(value));
const by = (op: string): Nodes => (e, x) => e.node(op, [x]);
const both = (op: string): Nodes => (e, x, other) => e.node(op, [x, other]);
const square = (e: E, x: string) => e.node("Mul", [x, x]);

/** e^(−x²). */
const gaussian = (e: E, x: string) => e.node("Exp", [e.node("Neg", [square(e, x)])]);

/** sin(πx) / (πx), and 1 at 0. */
function sinc(e: E, x: string): string {
  const t = e.node("Mul", [x, number(e, Math.PI)]);
  const zero = e.node("Equal", [t, number(e, 0)]);
  const quotient = e.node("Div", [e.node("Sin", [t]), t]);
  return e.node("Where", [zero, number(e, 1), quotient]);
}

/** β in the shape of x. */
function constant(e: E, x: string, beta: string): string {
  const shape = e.node("Shape", [x]);
  return e.node("Expand", [beta, shape]);
}

const least = (e: E, x: string) => e.node("Add", [x, number(e, 1e-6)]);

/** e^(−β · f(x1 − x2)). */
const decay = (f: (e: E, d: string) => string): Nodes => (e, x, other, beta) => {
  const distance = f(e, e.node("Sub", [x, other]));
  return e.node("Exp", [e.node("Neg", [e.node("Mul", [beta(), distance])])]);
};

const unaryNodes: Readonly<Record<string, Nodes>> = {
  id: by("Identity"),
  neg: by("Neg"),
  abs: by("Abs"),
  square,
  cubic: (e, x) => e.node("Mul", [x, square(e, x)]),
  square_root: by("Sqrt"),
  mconst: (e, x, _, beta) => e.node("Mul", [beta(), x]),
  aconst: (e, x, _, beta) => e.node("Add", [beta(), x]),
  log: (e, x) => e.node("Log", [least(e, e.node("Abs", [x]))]),
  exp: by("Exp"),
  sin: by("Sin"),
  cos: by("Cos"),
  sinh: by("Sinh"),
  cosh: by("Cosh"),
  tanh: by("Tanh"),
  asinh: by("Asinh"),
  atanh: by("Atanh"),
  sinc,
  umax: by("Relu"),
  umin: (e, x) => e.node("Neg", [e.node("Relu", [e.node("Neg", [x])])]),
  sigmoid: by("Sigmoid"),
  logexp: by("Softplus"),
  gaussian,
  erf: by("Erf"),
  const: (e, x, _, beta) => constant(e, x, beta()),
};

const binaryNodes: Readonly<Record<string, Nodes>> = {
  add: both("Add"),
  multi: both("Mul"),
  sub: both("Sub"),
  div: (e, x, other) => e.node("Div", [x, least(e, other)]),
  bmax: both("Max"),
  bmin: both("Min"),
  bsigmoid: (e, x, other) => e.node("Mul", [e.node("Sigmoid", [x]), other]),
  bgaussian_sq: decay(square),
  bgaussian_abs: decay((e, d) => e.node("Abs", [d])),
  wavg: (e, x, other, beta) =>
    e.node("Add", [e.node("Mul", [beta(), e.node("Sub", [x, other])]), other]),
};

/** The emitter of an op of functions. */
const emitter = (table: Readonly<Record<string, Nodes>>, arity: 1 | 2) => (e: E): string => {
  const { function: name } = e.params;
  const nodes = table[name] ?? e.refuse(`got function ${name}, expected one known to ONNX here`);
  const x = e.input(0);
  const beta = () => {
    const data = e.weight(arity);
    return e.constant(e.out.length === 4 ? [data.length, 1, 1] : [data.length], data);
  };
  return nodes(e, x, arity === 2 ? e.input(1) : x, beta);
};

export const unary = emitter(unaryNodes, 1);
export const binary = emitter(binaryNodes, 2);
