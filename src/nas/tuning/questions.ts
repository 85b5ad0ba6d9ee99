/** The open choices of passes: keys with their candidates. */
import type { Gpu } from "../../gpu/device.ts";
import type { Choices } from "../../gpu/tuning.ts";
import type { OpPass } from "./passes.ts";
import { Prepared } from "./prepared.ts";

/** A pass that uses a key; for a backward pass, the input gradients that use it. */
export interface Part {
  pass: OpPass;
  wanted: number[];
}

/** One key with its candidates, and the passes that use it. */
export interface Question {
  candidates: readonly unknown[];
  parts: Part[];
  weight: number;
}

/** Candidates by key for these passes, where there is more than one. */
export function formsOf(gpu: Gpu, passes: readonly OpPass[]): Map<string, readonly unknown[]> {
  return new Map(passes.flatMap((pass) => questionsOf(gpu, new Prepared(gpu, pass, true))));
}

/** Keys of a pass with more than one candidate. */
function questionsOf(gpu: Gpu, pass: Prepared, wanted?: readonly number[]) {
  const asked = gpu.questions(() => pass.record(wanted));
  return [...asked].filter(([, candidates]) => candidates.length > 1);
}

/** Keys that are not decided yet. */
export class Questions {
  readonly open = new Map<string, Question>();

  constructor(private readonly gpu: Gpu) {}

  get weight(): number {
    return [...this.open.values()].reduce((sum, { weight }) => sum + weight, 0);
  }

  /** The open keys, largest weight first. */
  get sorted(): [string, Question][] {
    return [...this.open].sort(([, a], [, b]) => b.weight - a.weight);
  }

  /** Adds the keys that a pass uses under these choices, except decided ones. */
  ask(pass: OpPass, choices: Choices, answered: (key: string) => boolean): void {
    const { gpu } = this;
    gpu.tuning.choices = choices;
    const dry = new Prepared(gpu, pass, true);
    for (const [key, candidates] of questionsOf(gpu, dry)) {
      if (answered(key)) continue;
      const alone = dry.wanted.filter((i) =>
        questionsOf(gpu, dry, [i]).some(([other]) => other === key)
      );
      const part = { pass, wanted: alone.length ? alone : dry.wanted };
      const question = this.open.get(key);
      if (!question) this.open.set(key, { candidates, parts: [part], weight: pass.weight });
      else if (!question.parts.some((p) => p.pass === pass)) {
        question.parts.push(part);
        question.weight += pass.weight;
      }
    }
  }
}

/** The parts of a question, largest weight first. */
export const byWeight = ({ parts }: Question): Part[] =>
  parts.toSorted((a, b) => b.pass.weight - a.pass.weight);
