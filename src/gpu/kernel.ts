/**
 * Loading WGSL: bindings, uniform fields and tunables are read from the text, so that a layout is written
 * once. `//#include lib/x.wgsl` pastes a file of `kernels/lib`; `//#unroll k N … //#end` pastes a block N
 * times with `$k` as a literal.
 */
import { includes } from "./includes.ts";

export interface Binding {
  name: string;
  index: number;
  write: boolean;
  /** The uniform field that takes the tensor's offset; null where the binding itself starts there. */
  at: string | null;
}

type FieldType = "u32" | "i32" | "f32";

/** A WGSL source with everything the host must know about it. */
export interface Kernel {
  readonly name: string;
  readonly code: string;
  readonly bindings: readonly Binding[];
  readonly fields: readonly { name: string; type: FieldType }[];
  /** Binding index of the uniform struct; −1 when the kernel takes no parameters. */
  readonly uniform: number;
  readonly overrides: ReadonlyMap<string, string>;
  readonly constants: ReadonlySet<string>;
  /** Where a parameter of this name goes. */
  readonly kinds: ReadonlyMap<string, "field" | "override" | "constant">;
  /** Specialised variants, by their constants: filled by the device. */
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
  const fields = [
    ...(/struct P \{([^}]*)\}/.exec(code)?.[1] ?? "").matchAll(/(\w+)\s*:\s*(u32|i32|f32)/g),
  ].map((m) => ({ name: m[1], type: m[2] as FieldType }));
  const overrides = new Map(
    [...code.matchAll(/^override (\w+)[^=;]*=?\s*([^;]*);/gm)].map((m) => [m[1], m[2]]),
  );
  const constants = new Set([...code.matchAll(/^(?:const|alias) (\w+)/gm)].map((m) => m[1]));
  const hasField = (field: string) => fields.some((f) => f.name === field);
  return {
    name,
    code,
    id: kernels++,
    bindings: [
      ...code.matchAll(/@group\(0\) @binding\((\d+)\) var<storage, (read|read_write)> (\w+)/g),
    ].map((m) => ({
      name: m[3],
      index: Number(m[1]),
      write: m[2] === "read_write",
      at: hasField(`${m[3]}_at`) ? `${m[3]}_at` : null,
    })),
    fields,
    uniform: Number(/@binding\((\d+)\) var<uniform>/.exec(code)?.[1] ?? -1),
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

export interface Specialised {
  /** Same key, same pipeline. */
  key: string;
  overrides: Record<string, number>;
  /** Values of replaced `const` and `alias` lines. */
  texts: Record<string, string>;
}

/** Splits off what shapes the pipeline; throws on names that the kernel does not know. */
export function specialise(k: Kernel, params: Params): Specialised {
  const overrides: Record<string, number> = {};
  const texts: Record<string, string> = {};
  let key = String(k.id);
  for (const name in params) {
    const kind = k.kinds.get(name);
    if (kind === "field") continue;
    if (kind === "override") overrides[name] = Number(params[name]);
    else if (kind === "constant") texts[name] = String(params[name]);
    else {
      const known = [...k.kinds.keys()].join(" ");
      throw new Error(`Cannot run ${k.name}: unknown parameter ${name}, known are ${known}`);
    }
    key += `,${name}=${params[name]}`;
  }
  return { key, overrides, texts };
}

/** The text that is compiled: constants replaced, blocks unrolled. */
export function render(k: Kernel, texts: Record<string, string>): string {
  let code = k.code;
  for (const [name, value] of Object.entries(texts)) {
    code = code.replace(
      new RegExp(`^((?:const|alias) ${name}\\b[^=]*= )[^;]+`, "m"),
      (_, head) => head + value,
    );
  }
  return unroll(code, (name) => {
    const value = new RegExp(`^const ${name}\\b[^=]*=\\s*(\\d+)u?;`, "m").exec(code)?.[1];
    if (value === undefined) {
      throw new Error(`Cannot unroll ${k.name}: ${name} is neither a number nor a const`);
    }
    return Number(value);
  });
}

/** Innermost blocks first, so that blocks may be nested. */
function unroll(code: string, constant: (name: string) => number): string {
  const block =
    /^[ \t]*\/\/#unroll (\w+) (\w+)\n((?:(?![ \t]*\/\/#unroll)(?:.*)\n)*?)[ \t]*\/\/#end[ \t]*$/m;
  for (;;) {
    const m = block.exec(code);
    if (!m) return code;
    const [all, variable, times, body] = m;
    const n = /^\d+$/.test(times) ? Number(times) : constant(times);
    const copies = Array.from(
      { length: n },
      (_, i) => body.replaceAll(new RegExp(`\\$${variable}(?=u\\b|[^A-Za-z_]|$)`, "g"), String(i)),
    );
    code = code.slice(0, m.index) + copies.join("") + code.slice(m.index + all.length);
  }
}

/** Writes the uniform struct at a byte offset. Fields `<binding>_at` come from the tensors' offsets. */
export function writeUniform(
  k: Kernel,
  params: Params,
  offsets: Readonly<Record<string, number>>,
  view: DataView,
  at: number,
): void {
  for (let i = 0; i < k.fields.length; i++) {
    const { name, type } = k.fields[i];
    const value = name in params ? Number(params[name]) : offsets[name];
    if (value === undefined) throw new Error(`Cannot run ${k.name}: missing parameter ${name}`);
    const to = at + i * 4;
    if (type === "f32") view.setFloat32(to, value, true);
    else if (type === "i32") view.setInt32(to, value, true);
    else view.setUint32(to, value, true);
  }
}
