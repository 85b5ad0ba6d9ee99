/**
 * A tape that shows each op to a function before it is recorded. Scores of untrained networks observe or change
 * a forward pass in this way, whatever space the network is of: no layer knows of it.
 */
import type { Op } from "../../autodiff/op.ts";
import { Tape, type Value } from "../../autodiff/tape.ts";

/** An op that a network applies. */
export interface Applied {
  // deno-lint-ignore no-explicit-any
  op: Op<any>;
  inputs: readonly Value[];
  params: unknown;
}

/**
 * Sees each op, and returns the values that the network goes on with.
 * @param record records the op, with other inputs or parameters if given. Ops that the function applies itself
 * are recorded as they are.
 */
export type Watch = (
  applied: Applied,
  record: (change?: Partial<Pick<Applied, "inputs" | "params">>) => Value[],
) => Value[];

export class WatchedTape extends Tape {
  #watching = false;

  constructor(private readonly watch: Watch) {
    super();
  }

  override record<P>(op: Op<P>, inputs: readonly Value[], params: P): Value[] {
    if (this.#watching) return super.record(op, inputs, params);
    const plainly: Parameters<Watch>[1] = (change = {}) =>
      super.record(op, change.inputs ?? inputs, (change.params ?? params) as P);
    return this.unwatched(() => this.watch({ op, inputs, params }, plainly));
  }

  /** Records the ops that `body` applies without showing them. */
  unwatched<T>(body: () => T): T {
    this.#watching = true;
    try {
      return body();
    } finally {
      this.#watching = false;
    }
  }
}
