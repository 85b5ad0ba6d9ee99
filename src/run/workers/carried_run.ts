/**
 * Checkpoints of whole runs on other machines: the files of a run's folder, as a killed run would leave them, travel
 * as the checkpoint of its job, as those of trials do. The next worker puts them into a folder and resumes the run.
 */
import { join } from "@std/path";
import * as z from "zod";
import { DataError } from "../../common/errors.ts";
import type { RunEvent } from "../../nas/events.ts";
import type { State } from "../../nas/strategy.ts";
import { CHECKPOINTS, PREVIOUS } from "../checkpoint.ts";
import { writeAtomic } from "../files.ts";
import { type Begun, type CheckpointOptions, type Current, JobCheckpoints } from "./checkpoints.ts";
import { LARGEST } from "./channel.ts";

/** Folders in a run's folder that it resumes from: its checkpoints, and the weights that networks inherit. */
const FOLDERS = [CHECKPOINTS, "weights"];

/** Path of a file in a run's folder or in those folders of it that a run resumes from, and its bytes. */
const sizes = z.record(
  z.string().max(400).regex(new RegExp(`^(?:(?:${FOLDERS.join("|")})/)?[\\w-][\\w.-]*$`)),
  z.number().int().nonnegative(),
);

/** The checkpoint before the last one is not needed to resume. */
const LEFT_OUT = `${CHECKPOINTS}/${PREVIOUS}`;

export class CarriedRun {
  readonly #checkpoints: JobCheckpoints;
  /**
   * @param path folder of the run, made for this job.
   * @param given texts of its files before the run.
   * @param identity as of `JobCheckpoints`.
   * @param most bytes of the run's files.
   */
  constructor(
    private readonly path: string,
    private readonly given: Readonly<Record<string, string>>,
    options: CheckpointOptions,
    job: Current,
    identity: unknown,
    private readonly most = LARGEST,
  ) {
    const { "state.json": _, ...decides } = given;
    this.#checkpoints = new JobCheckpoints(options, { decides, identity });
    this.#checkpoints.start(job);
  }

  get begun(): Begun {
    return this.#checkpoints.begun;
  }

  /** Fills the folder from the checkpoint of an earlier worker where there is one. */
  async restore(): Promise<void> {
    const saved = await this.#checkpoints.load();
    if (saved) unpack(this.path, saved.state, this.given);
  }

  /**
   * Yields the run's events, and packs its folder after one that tells of a checkpoint of its own, or after a later
   * one where less than the interval had passed.
   */
  async *following(events: AsyncIterable<RunEvent>): AsyncGenerator<RunEvent> {
    let step: number | undefined;
    let told = false;
    for await (const event of events) {
      yield event; // It is written before the next one is asked for.
      if (event.type === "checkpoint") step = event.step;
      if (step === undefined || !this.#checkpoints.isDue()) continue;
      const state = packed(this.path, this.most);
      if (state) await this.#checkpoints.save(step, state);
      else if (!told) yield { type: "warn", message: tooLarge(this.most) };
      told ||= state === null;
      step = undefined;
    }
  }
}

const tooLarge = (most: number) =>
  `With its checkpoint the run's folder takes more than ${
    most / 2 ** 20
  } MiB, so that it stays on this machine: ` +
  "if this worker is lost, the run goes on from an earlier checkpoint or begins anew";

/** Paths of the files that a run resumes from. */
function* pathsIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (!isDirectory) yield name;
    if (!FOLDERS.includes(name)) continue;
    for (const file of Deno.readDirSync(join(folder, name))) yield `${name}/${file.name}`;
  }
}

/** The files of a folder as a state. @returns null where they have more than `most` bytes. */
export function packed(folder: string, most: number): State | null {
  const paths = [...pathsIn(folder)].filter((path) => path !== LEFT_OUT);
  const total = paths.reduce((sum, path) => sum + Deno.statSync(join(folder, path)).size, 0);
  if (total > most) return null;
  const json: z.infer<typeof sizes> = {};
  const tensors: State["tensors"] = {};
  for (const path of paths) {
    const bytes = Deno.readFileSync(join(folder, path));
    const words = new Uint32Array(Math.ceil(bytes.length / 4));
    new Uint8Array(words.buffer).set(bytes);
    json[path] = bytes.length;
    tensors[path] = { shape: [words.length], data: words };
  }
  return { json, tensors };
}

/**
 * Puts packed files into a folder; those that decide what the run computes stay as they are given.
 * @throws DataError, with nothing written, for files of other names than a run's.
 */
export function unpack(
  folder: string,
  { json, tensors }: State,
  given: Readonly<Record<string, string>>,
): void {
  const found = sizes.safeParse(json);
  if (!found.success) {
    const [{ path, message }] = found.error.issues;
    throw new DataError(
      `Cannot resume from the checkpoint of an earlier worker: file "${
        path.join(".")
      }": ${message}, expected plain ` +
        "names and bytes; start the run again",
    );
  }
  for (const [path, size] of Object.entries(found.data)) {
    if (Object.hasOwn(given, path) && path !== "state.json") continue;
    const [name, inner] = path.split("/");
    if (inner !== undefined) Deno.mkdirSync(join(folder, name), { recursive: true });
    writeAtomic(join(folder, path), new Uint8Array(tensors[path].data.buffer).subarray(0, size));
  }
}
