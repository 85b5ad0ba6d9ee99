/**
 * Mutation operators for WGSL. All change one position of one line and keep names and types, so that most
 * results compile.
 */
import { hash } from "../../src/common/random.ts";

export const kinds = [
  "sign",
  "pad",
  "stride",
  "compare",
  "swap",
  "logic",
  "factor",
  "value",
] as const;
export type Kind = typeof kinds[number];
/** Number of operators, from the first on, that every sample includes. */
const MUSTS = 3;

export interface Mutant {
  /** Path from the root of the tree. */
  file: string;
  kind: Kind;
  /** Line number, counted from 1. */
  line: number;
  /** The line without indentation. */
  before: string;
  after: string;
  /** Text of the whole changed file. */
  text: string;
}

/** `find` is global; `to` gives the replacements of a match. */
interface Operator {
  kind: Kind | ((match: RegExpMatchArray, floats: ReadonlySet<string>) => Kind);
  find: RegExp;
  to: (match: RegExpMatchArray) => string[];
}

const flipped: Record<string, string> = {
  "+": "-",
  "-": "+",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "==": "!=",
  "!=": "==",
  "&&": "||",
  "||": "&&",
  min: "max",
  max: "min",
  all: "any",
  any: "all",
};
const flip = ([from]: RegExpMatchArray) => [flipped[from]];

/** Whether a factor counts elements or pixels: a size, a uniform or constant, an integer literal. */
const isWhole = (factor: string, floats: ReadonlySet<string>) =>
  /^(p\.\w+|[A-Z]\w*|\$\w+|\d+u?|[io]h|[io]w|c[io]?|outs|mul|div|size)$/.test(factor) &&
  !floats.has(factor);
const strideOrFactor: Operator["kind"] = (m, floats) =>
  isWhole(m.groups!.by, floats) ? "stride" : "factor";

const BY = "(?<by>\\$?[A-Za-z_][\\w.]*|\\d[\\d.]*u?)(?![\\w.(\\[])";

const operators: readonly Operator[] = [
  { kind: "sign", find: /(?<=^\s*|[\w)\]] )[+-](?= )|[+-](?==)/g, to: flip },
  { kind: "sign", find: /(?<=[(,=] ?|return )-(?=[\w(])/g, to: () => [""] },
  {
    kind: "pad",
    find: /\bp\.(top|left|shift|pad\w*)\b|\b(shift|before)\b(?!\s*[:=])/g,
    to: ([name]) => [`(${name} + 1)`, "0"],
  },
  {
    kind: strideOrFactor,
    find: new RegExp(`(?<=[\\w)\\]]) \\* ${BY}`, "g"),
    to: (m) => ["", ` * (${m.groups!.by} + 1)`],
  },
  {
    kind: strideOrFactor,
    find: new RegExp(`(?<=[\\w)\\]]) (?<sign>[/%]) ${BY}`, "g"),
    to: (m) => m.groups!.sign === "/" ? ["", ` * ${m.groups!.by}`] : [` / ${m.groups!.by}`],
  },
  { kind: "compare", find: /(?<= )(<=|>=|<|>|==|!=)(?= )/g, to: flip },
  { kind: "logic", find: /&&|\|\|/g, to: flip },
  { kind: "logic", find: /(?<=[ (])!(?=\w)/g, to: () => [""] },
  { kind: "swap", find: /\b(min|max|all|any)(?=\()/g, to: flip },
  {
    kind: "value",
    find: /(?<![\w.$])\d+\.\d+(?![\w.])/g,
    to: ([v]) => [Number(v) === 0 ? "1.0" : Number(v) === 1 ? "0.0" : `(${v} * 2.0)`],
  },
  { kind: "value", find: /(?<![\w.$]|[*/%] )(\d+)u\b/g, to: (m) => [`${Number(m[1]) + 1}u`] },
];

/** Matches declarations, which are skipped: the host reads or replaces them. */
const declaration =
  /^(override|alias|struct|const \w+(: u32)? = \d+u?;|@|fn |var<)|^\s*(var \w+: array<|@builtin.*|(\w+: (u32|i32|f32|bool),? ?)+)$/;

/** Copies of a line, each with the first two arguments of one `select` swapped. */
function swappedSelects(code: string): string[] {
  return [...code.matchAll(/\bselect\(/g)].flatMap((m) => {
    const start = m.index + m[0].length;
    const commas: number[] = [];
    let depth = 0, at = start;
    for (; at < code.length && depth >= 0 && commas.length < 2; at++) {
      if ("([".includes(code[at])) depth++;
      else if (")]".includes(code[at])) depth--;
      else if (code[at] === "," && depth === 0) commas.push(at);
    }
    if (commas.length < 2) return [];
    const [first, second] = [code.slice(start, commas[0]), code.slice(commas[0] + 1, commas[1])];
    return [code.slice(0, start) + `${second.trim()}, ${first}` + code.slice(commas[1])];
  });
}

function changesOf(code: string, floats: ReadonlySet<string>): { kind: Kind; code: string }[] {
  const changes: { kind: Kind; code: string }[] = swappedSelects(code).map((c) => ({
    kind: "swap",
    code: c,
  }));
  for (const { kind, find, to } of operators) {
    for (const m of code.matchAll(find)) {
      for (const other of to(m)) {
        changes.push({
          kind: typeof kind === "string" ? kind : kind(m, floats),
          code: code.slice(0, m.index) + other + code.slice(m.index! + m[0].length),
        });
      }
    }
  }
  return changes.filter((c) => c.code !== code);
}

/** All mutants of a kernel, in the order of its lines. */
export function mutantsOf(file: string, source: string): Mutant[] {
  const lines = source.split("\n");
  const floats = new Set([...source.matchAll(/(\w+): f32/g)].map((m) => `p.${m[1]}`));
  return lines.flatMap((line, i) => {
    const code = line.replace(/\/\/.*/, "");
    if (!code.trim() || declaration.test(code)) return [];
    return changesOf(code, floats).map(({ kind, code: changed }) => ({
      file,
      kind,
      line: i + 1,
      before: code.trim(),
      after: changed.trim(),
      text: lines.with(i, changed).join("\n"),
    }));
  });
}

/**
 * Samples `n` of a kernel's mutants, or more where needed: one sign, pad and stride mutant if there are any,
 * then one of each other kind, then any.
 */
export function sampleOf(all: readonly Mutant[], n: number, seed: number): Mutant[] {
  const shuffled = all
    .map((mutant, i) => ({ mutant, order: hash(seed, all.length, 0, i) }))
    .sort((a, b) => a.order - b.order)
    .map(({ mutant }) => mutant);
  const first = kinds.flatMap((kind) => shuffled.find((m) => m.kind === kind) ?? []);
  const least = first.filter(({ kind }) => kinds.indexOf(kind) < MUSTS).length;
  return [...new Set([...first, ...shuffled])]
    .slice(0, Math.max(n, least))
    .sort((a, b) => a.line - b.line);
}
