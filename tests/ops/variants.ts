/** Walks the forms of kernels that an op offers to the tuner, and checks each of them. */
import { checkOp } from "../../src/autodiff/gradcheck.ts";
import { type Case, count, type OpSpec, type Shape, type Tensor } from "../../src/autodiff/op.ts";
import type { Gpu } from "../../src/gpu/device.ts";
import type { Choices } from "../../src/gpu/tuning.ts";

/** Values and gradients may be off by so much of the largest. */
const tolerance = 1e-4;

// deno-lint-ignore no-explicit-any
type AnyOp = OpSpec<any>;
type AnyCase = Case<unknown>;

/** Candidates by key. */
export type Questions = Map<string, readonly unknown[]>;

export interface Checked {
  /** What it asked for. */
  asked: Questions;
  /** Candidates other than the defaults that were run, as `key → index`. */
  forms: string[];
  /** What was wrong with which of them. */
  failures: string[];
}

/** Runs a case with every candidate of every key that it asks for, forward or backward. */
export async function checkForms(gpu: Gpu, op: AnyOp, c: AnyCase): Promise<Checked> {
  const asked: Questions = new Map();
  const open: { form: string; choices: Choices }[] = [];
  // A candidate may ask for something that others do not: it is asked under that choice only.
  const learn = (choices: Choices) => {
    for (const [key, candidates] of listen(gpu, op, c, choices)) {
      if (asked.has(key)) continue;
      asked.set(key, candidates);
      for (let i = 1; i < candidates.length; i++) {
        open.push({ form: `${key} → ${i}`, choices: { ...choices, [key]: i } });
      }
    }
  };
  learn({});
  const checked: Checked = { asked, forms: [], failures: [] };
  const again = remembering(op);
  for (let next = open.pop(); next; next = open.pop()) {
    const { form, choices } = next;
    learn(choices);
    checked.forms.push(form);
    const wrong = await problem(gpu, again(), c, choices);
    if (wrong !== null) checked.failures.push(`${form}: ${wrong}`);
  }
  return checked;
}

/** Which keys a case asks for with these choices, and their candidates. */
function listen(gpu: Gpu, op: AnyOp, c: AnyCase, choices: Choices): Questions {
  gpu.tuning.choices = choices;
  try {
    return gpu.questions(() => {
      for (const add of [false, true]) record(gpu, op, c, add);
    });
  } finally {
    gpu.tuning.choices = {};
  }
}

/** Both passes of a case. */
function record(gpu: Gpu, op: AnyOp, c: AnyCase, accumulate: boolean): void {
  const owned: Tensor[] = [];
  const tensor = (shape: Shape): Tensor => {
    owned.push({ shape, buffer: gpu.pool.acquire(count(shape) * 4), offset: 0 });
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
    const dy = out.map((s, i) => op.constant?.includes(i) ? null : tensor(s));
    const dx = c.shapes.map((s, i) =>
      typeof c.inputs?.[i] === "object" || op.mutates?.includes(i)
        ? null
        : { tensor: tensor(s), accumulate }
    );
    op.backward(gpu, { ...io, dy, dx });
  }
  for (const { buffer } of owned) gpu.pool.release(buffer);
}

/** The op for one more check of the same case: its reference is asked the same again, and computes it once. */
function remembering(op: AnyOp): () => AnyOp {
  const results: Float64Array[][] = [];
  return () => {
    let call = 0;
    return { ...op, reference: (...args) => results[call++] ??= op.reference(...args) };
  };
}

/** What is wrong with a case under these choices; null when nothing is. */
async function problem(
  gpu: Gpu,
  op: AnyOp,
  c: AnyCase,
  choices: Choices,
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
