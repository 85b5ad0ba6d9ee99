/**
 * Parses the log that the released ENAS code and its CODEBRIM fork write: per epoch ten architectures in
 * bracketed rows, each with `val_acc=`, then `valid_accuracy:` and `test_accuracy:`.
 */
import { scripted, spaceOfLengths } from "./scripted.ts";

export interface LoggedArch {
  space: string;
  /** Settings of the space that the rows tell. */
  settings: Record<string, number>;
  /** Last epoch that the log names before it; null when there is none. */
  epoch: number | null;
  /** Index among those of its epoch, from 0. */
  index: number;
  choice: number[];
  /** Accuracy with shared weights on one minibatch of validation images, as a fraction. */
  score: number;
  /** Line number of its first row, from 1. */
  line: number;
}

/** Accuracies of an epoch, as fractions. In a search they are means over the policy's architectures. */
export interface LoggedEpoch {
  epoch: number;
  valid?: number;
  test?: number;
}

/** A line of training figures. */
export interface LoggedStep {
  /** Epoch, from 0. */
  epoch: number;
  step: number;
  loss: number;
  learningRate: number;
  /** Accuracy on one minibatch, as a fraction. */
  trainAccuracy: number;
}

export interface EnasLog {
  architectures: LoggedArch[];
  steps: LoggedStep[];
  /** Entropy of the controller's samples in nats, with the last epoch named before it. */
  entropies: { epoch: number; entropy: number }[];
  /** Training steps up to the first evaluation and its epoch; null when none is logged. */
  firstEval: { epoch: number; step: number } | null;
  /** Epochs, ascending. When a restarted run repeats an epoch, its last figures count. */
  epochs: LoggedEpoch[];
  /** Descriptions of unreadable parts, with line numbers. */
  problems: string[];
}

/** Parses everything readable: a log may be cut anywhere and may contain other lines. */
export function parseLog(text: string): EnasLog {
  const reader = new LogReader();
  const lines = text.split("\n");
  lines.forEach((line, i) => {
    const unfinished = i === lines.length - 1 && line !== "";
    // Figures have four decimals: fewer at the very end mean that the number is cut.
    if (unfinished && !/(\]|\.\d{4}\s*)$/.test(line)) reader.cutAt(i + 1);
    else reader.read(line, i + 1);
  });
  return reader.finish();
}

const stepLine =
  /^\s*epoch=(\d+)\s+ch_step=(\d+)\s+loss=(\d\S*)\s+lr=(\d\S*)\s.*tr_acc=\s*(\d+)\s*\/\s*(\d+)/;

class LogReader {
  #epoch: number | null = null;
  #index = 0;
  #rows: number[][] = [];
  #firstLine = 0;
  /** Row continued on the next line: NumPy breaks rows after 75 characters. */
  #open: { text: string; line: number } | null = null;
  readonly #architectures: LoggedArch[] = [];
  readonly #steps: LoggedStep[] = [];
  readonly #entropies: EnasLog["entropies"] = [];
  #firstEval: EnasLog["firstEval"] = null;
  readonly #epochs = new Map<number, LoggedEpoch>();
  readonly #problems: string[] = [];

  read(line: string, at: number): void {
    if (this.#open) {
      if (/^[\d\s]*\]?\s*$/.test(line)) return this.#row(`${this.#open.text} ${line}`, at);
      this.#problem(this.#open.line, "a row has no end");
      this.#open = null;
    }
    if (/^\s*\[[\d\s]*\]?\s*$/.test(line)) return this.#row(line, at);
    const epoch = /^\s*Epoch (\d+): /.exec(line) ?? /^\s*epoch=(\d+)\s+ch_step=/.exec(line);
    if (epoch) this.#enter(Number(epoch[1]));
    this.#figures(line);
    if (/Here are \d+ architectures/.test(line)) {
      this.#dropRows();
      this.#index = 0;
    }
    const value = /^\s*(val_acc=|valid_accuracy:|test_accuracy:)\s*(\S*)/.exec(line);
    if (value) this.#value(value[1], value[2], at);
  }

  /** Reads figures for plots. A line that lacks some is left out. */
  #figures(line: string): void {
    const step = stepLine.exec(line);
    if (step) {
      const [epoch, at, loss, learningRate, right, of] = step.slice(1).map(Number);
      this.#steps.push({ epoch, step: at, loss, learningRate, trainAccuracy: right / of });
    }
    const entropy = /^\s*ctrl_step=\d+\s.*\bent=(\d[\d.]*)/.exec(line);
    if (entropy && this.#epoch !== null) {
      this.#entropies.push({ epoch: this.#epoch, entropy: Number(entropy[1]) });
    }
    const evaluated = /^\s*Eval at (\d+)/.exec(line);
    if (evaluated && this.#epoch !== null) {
      this.#firstEval ??= { epoch: this.#epoch, step: Number(evaluated[1]) };
    }
  }

  cutAt(line: number): void {
    this.#problem(line, "it is cut and was left out");
    this.#open = null;
  }

  finish(): EnasLog {
    if (this.#open) this.#problem(this.#open.line, "a row has no end");
    this.#dropRows();
    return {
      architectures: this.#architectures,
      steps: this.#steps,
      entropies: this.#entropies,
      firstEval: this.#firstEval,
      epochs: [...this.#epochs.values()].sort((a, b) => a.epoch - b.epoch),
      problems: this.#problems,
    };
  }

  #enter(epoch: number): void {
    if (epoch !== this.#epoch) this.#dropRows();
    this.#epoch = epoch;
  }

  #row(text: string, at: number): void {
    if (!text.includes("]")) {
      this.#open = { text, line: this.#open?.line ?? at };
      return;
    }
    if (this.#rows.length === 0) this.#firstLine = this.#open?.line ?? at;
    this.#open = null;
    this.#rows.push(text.match(/\d+/g)?.map(Number) ?? []);
  }

  #value(name: string, text: string, at: number): void {
    const value = Number(text);
    if (text === "" || !(value >= 0 && value <= 1)) {
      this.#problem(at, `${name} ${text || "nothing"}, expected a fraction`);
      this.#rows = [];
    } else if (name === "val_acc=") {
      this.#finishArch(value, at);
    } else if (this.#epoch === null) {
      this.#problem(at, `${name} ${text} stands before any "Epoch"`);
    } else {
      const known = this.#epochs.get(this.#epoch) ?? { epoch: this.#epoch };
      const which = name === "valid_accuracy:" ? "valid" : "test";
      this.#epochs.set(this.#epoch, { ...known, [which]: value });
    }
  }

  #finishArch(score: number, at: number): void {
    if (this.#rows.length === 0) return this.#problem(at, "val_acc= without rows before it");
    const lengths = this.#rows.map(({ length }) => length);
    const suited = spaceOfLengths(lengths);
    if (suited === null || suited.problem !== undefined) {
      const expected = scripted().map(({ name, script }) => `${script.lengths} (${name})`);
      this.#problem(
        this.#firstLine,
        `rows of ${lengths.join(", ")} numbers are no architecture: expected ${
          expected.join(", ").replace(/, (?=[^,]*$)/, " or ")
        }`,
      );
    } else {
      this.#architectures.push({
        space: suited.space,
        epoch: this.#epoch,
        index: this.#index++,
        ...suited.script.read(this.#rows.flat(), this.#rows),
        score,
        line: this.#firstLine,
      });
    }
    this.#rows = [];
  }

  /** Drops rows without a following `val_acc=`. */
  #dropRows(): void {
    if (this.#rows.length > 0) {
      this.#problem(this.#firstLine, "an architecture without its val_acc= was left out");
    }
    this.#rows = [];
  }

  #problem(line: number, what: string): void {
    this.#problems.push(`line ${line}: ${what}`);
  }
}
