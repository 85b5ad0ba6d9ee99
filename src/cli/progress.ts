/**
 * Progress of a run on stderr. In a terminal, one line is redrawn: bar, k of N, rate, time left, best so far.
 * Elsewhere there is one line per epoch. The screen is never cleared.
 */
import type { LoggedEvent } from "../nas/events.ts";
import {
  clean,
  counted,
  duration,
  paint,
  percent,
  scoreText,
  thousands,
  write,
} from "./terminal.ts";

type Of<T extends LoggedEvent["type"]> = Extract<LoggedEvent, { type: T }>;

export interface Screen {
  terminal: boolean;
  columns(): number;
  write(text: string): void;
}

/** Unit of a run's scores, and whether they are measured with shared weights. */
interface Scores {
  unit: string;
  shared: boolean;
}

const redrawMs = 100;
const projectAfter = 20;

export class Progress {
  /** Steps that were done before this process began. */
  #earlier = 0;
  #projected = false;
  #compiling = false;
  #best: number | null = null;
  /** Scores measured with shared weights are not any network's own accuracy. */
  #scores: Scores = { unit: "fraction", shared: false };
  #drawn = -Infinity;
  #shown = false;

  constructor(readonly screen: Screen, readonly now: () => Date = () => new Date()) {}

  show(event: LoggedEvent): void {
    switch (event.type) {
      case "start":
        return this.#start(event);
      case "compile":
        return this.#onCompile(event);
      case "step":
        return this.#onStep(event);
      case "epoch":
        this.line(epochLine(event, this.#best, this.#scores));
        return this.line(stopLine(event));
      case "controller":
        return this.line(controllerLine(event));
      case "trial":
        return this.line(failureLine(event));
      case "best":
        this.#best = event.score;
        return;
      case "resume":
        this.#earlier = event.fromStep;
        return this.line(`resumed after step ${event.fromStep}`);
      case "warmStart":
        return this.line(
          `weights  of ${event.from}: ${event.tensors} of ${counted(event.ofTensors, "tensor")}, ` +
            `${percent(event.parameters / event.ofParameters)} of the parameters`,
        );
      case "warn":
        return this.line(`${paint("yellow", "warning:")} ${event.message}`);
      case "done":
        return this.clear();
    }
  }

  /** Redraws the bar's line, at most ten times a second. */
  redraw(text: () => string): void {
    if (!this.screen.terminal) return;
    const now = performance.now();
    if (now - this.#drawn < redrawMs) return;
    this.#drawn = now;
    this.#shown = true;
    this.screen.write(`\r${clean(text())}\x1b[K`);
  }

  /** Prints a line above the bar. */
  line(text: string): void {
    if (text === "") return;
    this.clear();
    this.screen.write(clean(text) + "\n");
    this.#drawn = -Infinity;
  }

  /** Removes the bar. */
  clear(): void {
    if (this.#shown) this.screen.write("\r\x1b[K");
    this.#shown = false;
  }

  #start(event: Of<"start">): void {
    const shared = event.command === "search" && (event.evaluator ?? "shared") === "shared";
    this.#scores = { unit: event.score?.unit ?? "fraction", shared };
    const { adapter, data, table } = event;
    if (adapter) {
      this.line(`adapter  ${adapter.description}${adapter.fallback ? " (software)" : ""}`);
    }
    if (data) {
      this.line(
        `data     ${data.name}: ${data.train} training, ${data.valid} validation, ${data.test} test ` +
          `images of ${data.image.join("×")}, ${data.classes.length} classes` +
          (data.task === "multi-label" ? ", any number per image" : ""),
      );
    }
    if (table) {
      this.line(`table    ${table.name}: ${counted(table.size, "architecture")}`);
      this.line(`maximise ${table.objective}; report ${table.report}`);
    }
    // Only trials run, no training steps.
    if (event.stepsPerEpoch === 0) {
      return this.line(`search   ${event.space}, ${event.strategy}, ${event.evaluator}`);
    }
    this.line(
      `${event.command.padEnd(8)} ${event.space}${event.strategy ? `, ${event.strategy}` : ""}: ` +
        `${counted(event.epochs, "epoch")} of ${counted(event.stepsPerEpoch, "step")}, ` +
        `${thousands(event.parameters)} parameters`,
    );
  }

  /** Outside a terminal, notes compiling once, since it delays the first other line. */
  #onCompile({ done, of, secondsLeft }: Of<"compile">): void {
    const left = done < of ? `, ${duration(secondsLeft)} left` : "";
    const text = `compiling kernels: ${done} of ${of}${left}`;
    if (this.screen.terminal) this.redraw(() => text);
    else if (!this.#compiling) this.line(text);
    this.#compiling = true;
  }

  #onStep(event: Of<"step">): void {
    if (!this.#projected && event.step - this.#earlier >= projectAfter) {
      this.#projected = true;
      const end = new Date(this.now().getTime() + 1000 * event.secondsLeft);
      const clock = end.toTimeString().slice(0, 5);
      this.line(`this run should end in ${duration(event.secondsLeft)}, at ${clock}`);
    }
    this.redraw(() => barLine(event, this.#best, this.screen.columns() - 1, this.#scores));
  }
}

/**
 * The line of the bar. The bar takes the width that the text leaves, at most 30 cells; a narrow terminal cuts
 * the text.
 */
export function barLine(
  event: Of<"step">,
  best: number | null,
  columns: number,
  scores: Scores = { unit: "fraction", shared: false },
): string {
  const { step, steps } = event;
  const text = [
    `${step}/${steps}`,
    `epoch ${event.epoch + 1}`,
    `loss ${event.loss.toFixed(3)}`,
    `${event.imagesPerSecond.toFixed(0)} images/s`,
    `${duration(event.secondsLeft)} left`,
    ...bestSoFar(best, scores),
  ].join("  ");
  const cells = Math.min(30, columns - text.length - 2);
  if (cells < 5) return text.slice(0, columns);
  const full = Math.min(cells, Math.floor(cells * step / Math.max(1, steps)));
  return `${"█".repeat(full)}${"░".repeat(cells - full)}  ${text}`;
}

/** The best score; `best shared` means that it was measured with shared weights. */
const bestSoFar = (best: number | null, { unit, shared }: Scores): string[] =>
  best === null ? [] : [`best ${shared ? "shared " : ""}${scoreText(best, unit)}`];

function failureLine({ trial, status, reason }: Of<"trial">): string {
  return status === "failed" ? `${paint("yellow", `trial ${trial} failed:`)} ${reason}` : "";
}

function epochLine(event: Of<"epoch">, best: number | null, scores: Scores): string {
  // Without shared weights an epoch trains nothing itself.
  const trained = event.learningRate > 0;
  return [
    `epoch ${event.epoch}/${event.epochs}`,
    ...trained ? [`loss ${event.loss.toFixed(3)}`, `train ${percent(event.trainAccuracy)}`] : [],
    ...event.validAccuracy === undefined ? [] : [
      `${scores.shared ? "shared" : "valid"} ${scoreText(event.validAccuracy, scores.unit)}`,
    ],
    ...event.policyAccuracy === undefined ? [] : [`policy ${percent(event.policyAccuracy)}`],
    ...event.testAccuracy === undefined ? [] : [`test, looked at, ${percent(event.testAccuracy)}`],
    ...trained ? [`lr ${Number(event.learningRate.toPrecision(3))}`] : [],
    duration(event.seconds),
    ...bestSoFar(best, scores),
  ].join("  ");
}

function stopLine({ stoppedAt }: Of<"epoch">): string {
  if (stoppedAt === undefined) return "";
  return `stopping early: an architecture scored ${percent(stoppedAt)} (--early-stop-over)`;
}

function controllerLine(event: Of<"controller">): string {
  const figures = (["reward", "baseline", "entropy", "skipRate"] as const)
    .filter((name) => event[name] !== undefined)
    .map((name) => `${name === "skipRate" ? "skips" : name} ${event[name]!.toFixed(3)}`);
  return figures.length === 0 ? "" : `  controller  ${figures.join("  ")}`;
}

/** The screen of the process's stderr. */
export function stderrScreen(): Screen {
  return {
    terminal: Deno.stderr.isTerminal(),
    // A terminal of unknown width reports 0.
    columns: () => Deno.consoleSize().columns || 80,
    write: (text) => write("stderr", text),
  };
}
