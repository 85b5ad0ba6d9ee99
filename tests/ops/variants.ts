/** Tests the kernel variants that an op offers to the tuner. */
import { checkOp } from "../../src/autodiff/gradcheck.ts";
import {
  type Case,
  inputDtype,
  numel,
  type OpSpec,
  type Shape,
  takesGradient,
  type Tensor,
} from "../../src/autodiff/op.ts";
import type { Gpu } from "../../src/gpu/device.ts";
import type { Dispatch } from "../../src/gpu/programs.ts";
import { type Choices, isHalf } from "../../src/gpu/tuning.ts";

/** Largest allowed error of values and gradients, relative to the largest element. */
const tolerance = 1e-4;
/** The same of variants that compute in float16, which has 11 bits. */
const halfTolerance = 4e-3;

// deno-lint-ignore no-explicit-any
type AnyOp = OpSpec<any>;
type AnyCase = Case<unknown>;

/** Candidates by key. */
export type Questions = Map<string, readonly unknown[]>;

export interface Checked {
  /** Keys that were asked for, with their candidates. */
  asked: Questions;
  /** Candidates other than the defaults that were run, as `key → index`. */
  forms: string[];
  /** Failed variants, with the reason. */
  failures: string[];
}

/** Candidates of the same index, for all keys that are asked under the same other choices. */
interface Group {
  under: Choices;
  index: number;
  keys: string[];
}

const formsOf = ({ keys, index }: Group) => keys.map((key) => `${key} → ${index}`);
const choicesOf = ({ under, keys, index }: Group): Choices => ({
  ...under,
  ...Object.fromEntries(keys.map((key) => [key, index])),
});

/** Runs a case with every candidate of every key that it asks for, forward or backward; many keys at once. */
export async function checkForms(gpu: Gpu, op: AnyOp, c: AnyCase): Promise<Checked> {
  const forms: string[] = [], failures: string[] = [];
  const again = remembering(op);
  const asked = await walkForms(gpu, op, c, async (group, candidates) => {
    const half = group.keys.some((key) => isHalf(candidates.get(key)![group.index]));
    const run = (group: Group) =>
      problem(gpu, again(), c, choicesOf(group), half ? halfTolerance : tolerance);
    forms.push(...formsOf(group));
    const wrong = await run(group);
    if (wrong === null) return;
    const before = failures.length;
    for (const one of alone(group, group.keys)) {
      const why = await run(one);
      if (why !== null) failures.push(`${formsOf(one)}: ${why}`);
    }
    if (failures.length === before) failures.push(`${formsOf(group)}: ${wrong}`);
  });
  return { asked, forms, failures };
}

/** The dispatches of a case with every candidate of every key that it asks for. Runs nothing. */
export async function dispatchesOf(gpu: Gpu, op: AnyOp, c: AnyCase): Promise<Dispatch[]> {
  const found: Dispatch[] = [];
  const dryRun = (choices: Choices) => {
    gpu.tuning.choices = choices;
    found.push(...gpu.dryRun(() => bothPasses(gpu, op, c)));
    gpu.tuning.choices = {};
  };
  dryRun({});
  await walkForms(gpu, op, c, (group) => dryRun(choicesOf(group)));
  return found;
}

const alone = (group: Group, keys: string[]) =>
  keys.map((key): Group => ({ ...group, keys: [key] }));

/** Visits every candidate but the defaults, several keys at once; returns all candidates by key. */
async function walkForms(
  gpu: Gpu,
  op: AnyOp,
  c: AnyCase,
  visit: (group: Group, candidates: Questions) => Promise<void> | void,
): Promise<Questions> {
  const all: Questions = new Map();
  const open: Group[] = [];
  // A candidate may ask for a key that others do not; that key is asked under this choice only.
  const learn = (under: Choices): Questions => {
    const asked = listen(gpu, op, c, under);
    const fresh = [...asked].filter(([key]) => !all.has(key));
    for (const [key, candidates] of fresh) all.set(key, candidates);
    const most = Math.max(1, ...fresh.map(([, { length }]) => length));
    for (let index = 1; index < most; index++) {
      const keys = fresh.filter(([, { length }]) => index < length).map(([key]) => key);
      open.push({ under, index, keys });
    }
    return asked;
  };
  learn({});
  for (let group = open.pop(); group; group = open.pop()) {
    const asked = learn(choicesOf(group));
    // Another key's candidate may not use a key; that key must be run alone.
    const hidden = group.keys.filter((key) => !asked.has(key));
    if (group.keys.length > 1) open.push(...alone(group, hidden));
    const now = { ...group, keys: group.keys.filter((key) => asked.has(key)) };
    if (now.keys.length > 0) await visit(now, all);
  }
  return all;
}

/** Keys that a case asks for under these choices, and their candidates. */
export function listen(gpu: Gpu, op: AnyOp, c: AnyCase, choices: Choices): Questions {
  gpu.tuning.choices = choices;
  try {
    return gpu.questions(() => bothPasses(gpu, op, c));
  } finally {
    gpu.tuning.choices = {};
  }
}

/** Runs both passes of a case, with gradients that replace and that add. */
function bothPasses(gpu: Gpu, op: AnyOp, c: AnyCase): void {
  for (const add of [false, true]) record(gpu, op, c, add);
}

function record(gpu: Gpu, op: AnyOp, c: AnyCase, accumulate: boolean): void {
  const owned: Tensor[] = [];
  const tensor = (shape: Shape): Tensor => {
    owned.push({ shape, buffer: gpu.pool.acquire(numel(shape) * 4), offset: 0 });
    return owned.at(-1)!;
  };
  const { out, saved = [] } = op.shapes(c.shapes, c.params);
  const io = {
    inputs: c.shapes.map(tensor),
    out: out.map(tensor),
    saved: saved.map(tensor),
    params: c.params,
  };
  op.forward(gpu, io);
  if (typeof op.backward !== "string") {
    const dy = out.map((s, i) => takesGradient(op, i) ? tensor(s) : null);
    const dx = c.shapes.map((s, i) =>
      inputDtype(op, i) === "u32" || op.mutates?.includes(i)
        ? null
        : { tensor: tensor(s), accumulate }
    );
    op.backward(gpu, { ...io, dy, dx });
  }
  for (const { buffer } of owned) gpu.pool.release(buffer);
}

/** The op with a cached reference: further checks of the same case compute it once. */
function remembering(op: AnyOp): () => AnyOp {
  const results: Float64Array[][] = [];
  return () => {
    let call = 0;
    return { ...op, reference: (...args) => results[call++] ??= op.reference(...args) };
  };
}

/** The error of a case under these choices; null when it passes. */
async function problem(
  gpu: Gpu,
  op: AnyOp,
  c: AnyCase,
  choices: Choices,
  tolerance: number,
): Promise<string | null> {
  gpu.tuning.choices = choices;
  try {
    const { forward, backward } = await checkOp(gpu, op, c);
    if (!(forward <= tolerance)) return `values are off by ${forward}`;
    return backward === null || backward <= tolerance ? null : `gradients are off by ${backward}`;
  } catch (error) {
    return (error as Error).message;
  } finally {
    gpu.tuning.choices = {};
  }
}
