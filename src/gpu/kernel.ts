/**
 * Loading WGSL: bindings, uniform fields and tunables are read from the text, so that a layout is written
 * once. `//#include lib/x.wgsl` pastes a file of `kernels/lib`; `//#unroll k N … //#end` pastes a block N
 * times with `$k` as a literal; `//#if NAME … //#else … //#end` keeps one of two blocks by a bool `const`, where
 * declarations or loops differ, which WGSL's own `if` cannot choose.
 */
import { includes } from "./includes.ts";
import type { Tensor } from "./tensor.ts";

export interface Binding {
  name: string;
  index: number;
  write: boolean;
  /** The uniform field that takes the tensor's offset; null where the binding itself starts there. */
  at: string | null;
}

type FieldType = "u32" | "i32" | "f32";

interface Field {
  name: string;
  type: FieldType;
  /** The binding whose tensor's offset is the default value; null if there is none. */
  of: string | null;
}

/** A WGSL source with everything the host must know about it. */
export interface Kernel {
  readonly name: string;
  readonly code: string;
  readonly bindings: readonly Binding[];
  readonly fields: readonly Field[];
  /** Whether it takes parameters: has a uniform struct. */
  readonly uniform: boolean;
  readonly overrides: ReadonlyMap<string, string>;
  readonly constants: ReadonlySet<string>;
  /** Destination of each parameter by name. */
  readonly kinds: ReadonlyMap<string, "field" | "override" | "constant">;
  /** Key of the kernel in caches. */
  readonly id: number;
}

let kernels = 0;
const codes = new Map<string, string>();

/** The texts of all kernels that were loaded, by name. */
export const loadedKernels: ReadonlyMap<string, string> = codes;

/** Reads a kernel; throws when an include or a block does not exist. */
export function kernel(name: string, source: string): Kernel {
  const code = source.replaceAll(/^\/\/#include (\S+)$/gm, (_, file: string) => {
    if (!(file in includes)) {
      throw new Error(
        `Cannot load kernel ${name}: no include ${file}, known are ${Object.keys(includes)}`,
      );
    }
    return includes[file];
  });
  codes.set(name, code);
  const bindings = [
    ...code.matchAll(/@group\(0\) ?@binding\((\d+)\) ?var<storage, ?(read|read_write)> ?(\w+)/g),
  ];
  const fields = [
    ...(/struct P \{([^}]*)\}/.exec(code)?.[1] ?? "").matchAll(/(\w+)\s*:\s*(u32|i32|f32)/g),
  ].map((m): Field => ({
    name: m[1],
    type: m[2] as FieldType,
    of: bindings.find((b) => m[1] === `${b[3]}_at`)?.[3] ?? null,
  }));
  const overrides = new Map(
    [...code.matchAll(/^override (\w+)[^=;]*=?\s*([^;]*);/gm)].map((m) => [m[1], m[2]]),
  );
  const constants = new Set([...code.matchAll(/^(?:const|alias) (\w+)/gm)].map((m) => m[1]));
  const hasField = (field: string) => fields.some((f) => f.name === field);
  return {
    name,
    code,
    id: kernels++,
    bindings: bindings.map((m) => ({
      name: m[3],
      index: Number(m[1]),
      write: m[2] === "read_write",
      at: hasField(`${m[3]}_at`) ? `${m[3]}_at` : null,
    })),
    fields,
    uniform: /@binding\(\d+\) ?var<uniform>/.test(code),
    overrides,
    constants,
    kinds: new Map([
      ...fields.map((f) => [f.name, "field"] as const),
      ...[...constants].map((c) => [c, "constant"] as const),
      ...[...overrides.keys()].map((o) => [o, "override"] as const),
    ]),
  };
}

/** Numbers go to uniform fields, pipeline overrides and text constants by name; flags count as 0 and 1. */
export type Params = Readonly<Record<string, number | boolean | string>>;

/** Cache key of a pipeline: the parameters that it depends on. Throws on names that the kernel lacks. */
export function pipelineKey(k: Kernel, params: Params): string {
  let key = "";
  for (const name in params) {
    const kind = k.kinds.get(name);
    if (kind === "field") continue;
    if (kind === undefined) {
      const known = [...k.kinds.keys()].join(" ");
      throw new Error(`Cannot run ${k.name}: unknown parameter ${name}, known are ${known}`);
    }
    key += `${name}=${params[name]},`;
  }
  return key;
}

export interface Specialised {
  overrides: Record<string, number>;
  /** Values of replaced `const` and `alias` lines. */
  texts: Record<string, string>;
}

/** The parameters that a pipeline depends on, split by how they are passed. */
export function specialise(k: Kernel, params: Params): Specialised {
  const overrides: Record<string, number> = {};
  const texts: Record<string, string> = {};
  for (const name in params) {
    const kind = k.kinds.get(name);
    if (kind === "override") overrides[name] = Number(params[name]);
    else if (kind === "constant") texts[name] = String(params[name]);
  }
  return { overrides, texts };
}

/**
 * The text that is compiled: constants replaced, blocks unrolled, and the uniform struct in a group of its own,
 * since it changes with every dispatch and the tensors do not.
 */
export function render(k: Kernel, texts: Record<string, string>): string {
  let code = k.code.replace(
    /@group\(0\) ?@binding\(\d+\) ?(?=var<uniform>)/,
    "@group(1) @binding(0) ",
  );
  for (const [name, value] of Object.entries(texts)) {
    code = code.replace(
      new RegExp(`^((?:const|alias) ${name}\\b[^=]*= )[^;]+`, "m"),
      (_, head) => head + value,
    );
  }
  return expand(code, (name, pattern, expected) => {
    const value = new RegExp(`^const ${name}\\b[^=]*=\\s*(${pattern});`, "m").exec(code)?.[1];
    if (value === undefined) {
      throw new Error(
        `Cannot expand ${k.name}: ${name} is no const of the text, expected ${expected}`,
      );
    }
    return value;
  });
}

type ConstOf = (name: string, pattern: string, expected: string) => string;

/** Replaces the directives, innermost blocks first, so that blocks may be nested. */
function expand(code: string, constant: ConstOf): string {
  const block =
    /^[ \t]*\/\/#(?:unroll (\w+) (\w+)|if (\w+))\n((?:(?![ \t]*\/\/#(?:unroll|if))(?:.*)\n)*?)[ \t]*\/\/#end[ \t]*$/m;
  for (;;) {
    const m = block.exec(code);
    if (!m) return code;
    const [all, variable, times, condition, body] = m;
    const text = condition === undefined
      ? unroll(body, variable, times, constant)
      : choose(body, constant(condition, "true|false", "a bool"));
    code = code.slice(0, m.index) + text + code.slice(m.index + all.length);
  }
}

function unroll(body: string, variable: string, times: string, constant: ConstOf): string {
  const n = /^\d+$/.test(times) ? Number(times) : parseInt(constant(times, "\\d+u?", "a number"));
  const name = new RegExp(`\\$${variable}(?=u\\b|[^A-Za-z_]|$)`, "g");
  return Array.from({ length: n }, (_, i) => body.replaceAll(name, String(i))).join("");
}

function choose(body: string, condition: string): string {
  const [yes, no = ""] = body.split(/^[ \t]*\/\/#else[ \t]*\n/m);
  return condition === "true" ? yes : no;
}

/** Memory for uniform structs, as words of each type. */
export interface Words {
  u32: Uint32Array<ArrayBuffer>;
  i32: Int32Array<ArrayBuffer>;
  f32: Float32Array<ArrayBuffer>;
}

/** Writes the uniform struct at word `at`. Fields `<binding>_at` come from the tensors' offsets. */
export function writeUniform(
  k: Kernel,
  params: Params,
  tensors: Readonly<Record<string, Tensor>>,
  words: Words,
  at: number,
): void {
  for (let i = 0; i < k.fields.length; i++) {
    const { name, type, of } = k.fields[i];
    const value = params[name] ?? (of === null ? undefined : tensors[of].offset);
    if (value === undefined) throw new Error(`Cannot run ${k.name}: missing parameter ${name}`);
    words[type][at + i] = Number(value);
  }
}
