/** Records a search or retraining: every event is numbered and written before it is shown. */
import type { LoggedEvent, RunEvent } from "../nas/events.ts";
import type { RunState } from "./state_schema.ts";

export type DoneEvent = Extract<LoggedEvent, { type: "done" }>;
type StartEvent = Extract<RunEvent, { type: "start" }>;

export interface Outcome {
  status: "done" | "interrupted";
  /** The last event of a finished run. */
  done?: DoneEvent;
}

/** The log of a run, which its folder keeps. */
export interface RunLog {
  readonly name: string;
  /** Events that earlier processes wrote. */
  readonly earlier: readonly LoggedEvent[];
  /** Descriptions of damage that does not prevent resuming. */
  readonly damage: readonly string[];
  /** Version of Deno, or the browser, at the run's start. */
  readonly startedWith: string;
  state: RunState;
  /** Numbers an event and writes it. */
  append(event: RunEvent): LoggedEvent;
  /** Changes fields of state.json. */
  update(fields: Partial<RunState>): void;
}

/** Milliseconds between updates of state.json within an epoch: it is only read by people and lists. */
const stateInterval = 1000;

/**
 * Consumes `events` to their end. A run stopped by `signal` ends "interrupted", whether its generator
 * returned or threw the signal's reason.
 * @param show called with each event once it is written.
 * @throws any error of the generator, after state.json has "failed" and the message.
 */
export async function record(
  folder: RunLog,
  events: AsyncIterable<RunEvent>,
  signal: AbortSignal,
  show: (event: LoggedEvent) => void = () => {},
): Promise<Outcome> {
  const log = (event: RunEvent) => {
    const logged = folder.append(event);
    show(logged);
    return logged;
  };
  let last = 0;
  let done: DoneEvent | undefined;
  try {
    for await (const event of events) {
      const logged = log(event);
      if (event.type === "start") {
        for (const message of [...folder.damage, ...differences(folder, event)]) {
          log({ type: "warn", message });
        }
      }
      if (logged.type === "done") done = logged;
      folder.state = { ...folder.state, ...stateOf(event) };
      const now = performance.now();
      if (event.type !== "step" && event.type !== "trial" || now - last > stateInterval) {
        folder.update({});
        last = now;
      }
    }
  } catch (error) {
    if (signal.aborted && (error === signal.reason || (error as Error).name === "AbortError")) {
      folder.update({ status: "interrupted" });
      return { status: "interrupted" };
    }
    markFailed(folder, error);
    throw error;
  }
  if (done) {
    folder.update({ status: "done", secondsLeft: 0 });
    return { status: "done", done };
  }
  if (signal.aborted) {
    folder.update({ status: "interrupted" });
    return { status: "interrupted" };
  }
  const error = new Error(`Cannot finish run ${folder.name}: its events ended without "done"`);
  markFailed(folder, error);
  throw error;
}

/** Changes of state.json for an event. */
function stateOf(event: RunEvent): Partial<RunState> {
  switch (event.type) {
    case "start":
      return {
        space: event.space,
        data: event.data?.name,
        scores: event.score,
        epochs: event.epochs,
        steps: event.epochs * event.stepsPerEpoch,
      };
    case "step":
      return {
        step: event.step,
        steps: event.steps,
        epoch: event.epoch,
        secondsLeft: event.secondsLeft,
      };
    case "epoch":
      return { epoch: event.epoch, epochs: event.epochs };
    case "best":
      return { best: { trial: event.trial, score: event.score } };
    case "resume":
      return { step: event.fromStep };
    case "done":
      return { testAccuracy: event.testAccuracy };
    default:
      return {};
  }
}

/**
 * Differences from the run's start that may keep a resumed run from giving the same bits as an uninterrupted
 * one.
 */
function differences(folder: RunLog, now: StartEvent): string[] {
  const before = folder.earlier.find((event) => event.type === "start");
  if (!before?.adapter || !now.adapter) return [];
  const pairs = [
    ["adapter", before.adapter.description, now.adapter.description],
    ["driver", before.adapter.driver, now.adapter.driver],
    ["Deno", folder.startedWith, folder.state.deno],
  ];
  return pairs.filter(([, was, is]) => was !== is).map(([what, was, is]) =>
    `The run began with ${what} "${was}", now it is "${is}": results may differ in the last bits`
  );
}

function markFailed(folder: RunLog, error: unknown): void {
  try {
    folder.update({ status: "failed", error: (error as Error).message });
  } catch {
    // On a full disk the state cannot be written either. The first error is the one to report, and a dead
    // process reads as "interrupted".
  }
}
