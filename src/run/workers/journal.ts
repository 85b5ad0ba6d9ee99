/**
 * Files of a run's folder about its workers: `workers.ndjson` has a line per attempt of a job, `workers.json` the
 * state of the workers now, for the page and for `denas runs --workers`.
 */
import { join } from "@std/path";
import * as z from "zod";
import { LineFile, writeAtomic } from "../files.ts";
import type { Channel, Job, Outcome } from "./channel.ts";
import { begun } from "./checkpoints.ts";
import { answerAsked } from "./control.ts";

const ATTEMPTS_FILE = "workers.ndjson", NOW_FILE = "workers.json";

/** Milliseconds between two looks at the workers. */
const lookMs = 1000;

/** Schema of workers.json. */
export const workersNow = z.object({
  time: z.string(),
  queued: z.number().int(),
  done: z.number().int(),
  /** Jobs whose worker was lost; each was handed out again, or failed. */
  lost: z.number().int(),
  workers: z.array(z.object({
    id: z.string(),
    state: z.enum(["starting", "idle", "busy", "draining", "ended"]),
    pid: z.number().int().optional(),
    host: z.string().optional(),
    adapter: z.string().optional(),
    driver: z.string().optional(),
    job: z.string().optional(),
    done: z.number().int(),
    seen: z.string(),
  })),
});
export type WorkersNow = z.infer<typeof workersNow>;

/** The workers of a run that is running; null where it has none, or none any more. */
export function readWorkers(run: string): WorkersNow | null {
  try {
    return workersNow.parse(JSON.parse(Deno.readTextFileSync(join(run, NOW_FILE))));
  } catch {
    return null; // No workers, or a file that is not ours.
  }
}

/** A job's outcome without its value. */
const ran = ({ value: _, ...rest }: Outcome & { status: "done" }) => rest;

export class Journal {
  readonly #attempts: LineFile;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #adapters = new Set<string>();
  #written = "";

  /** @param onMixed called once when results come from several adapters. */
  constructor(
    private readonly run: string,
    private readonly channel: Channel,
    private readonly onMixed: (adapters: readonly string[]) => void,
  ) {
    this.#attempts = new LineFile(join(run, ATTEMPTS_FILE));
    this.#timer = setInterval(() => this.#look(), lookMs);
    this.#look();
  }

  add({ id: job, attempt }: Job, outcome: Outcome): void {
    const time = new Date().toISOString();
    const about = outcome.status === "done"
      ? { ...ran(outcome), ...begun.safeParse(outcome.value).data }
      : outcome;
    this.#attempts.append(JSON.stringify({ time, job, attempt, ...about }));
    if (outcome.status !== "done" || outcome.adapter === undefined) return;
    const known = this.#adapters.size;
    this.#adapters.add(outcome.adapter);
    if (known === 1 && this.#adapters.size === 2) this.onMixed([...this.#adapters]);
  }

  #look(): void {
    answerAsked(this.run, this.channel);
    const workers = this.channel.workers();
    const now = JSON.stringify({ ...this.channel.figures(), workers });
    if (now === this.#written) return;
    this.#written = now;
    const time = new Date().toISOString();
    writeAtomic(join(this.run, NOW_FILE), `{"time":"${time}",${now.slice(1)}\n`);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#look();
    this.#attempts.close();
  }
}
