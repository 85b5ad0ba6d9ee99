/** Architectures drawn and scored within the limits of a search. */
import type { SearchParts } from "./loop.ts";
import type { Scored, Trial } from "./strategy.ts";

export class Scoring<A> {
  /** @param asked is told how many architectures an evaluation cost. */
  constructor(
    private readonly parts: SearchParts<A>,
    private readonly signal: AbortSignal,
    private readonly asked: (n: number) => void,
  ) {}

  /** Draws until enough architectures keep to the limits. */
  async draw(n: number): Promise<A[]> {
    const drawn: A[] = [];
    for (let tries = 0; drawn.length < n; tries++) {
      if (tries === 50) {
        throw new Error(
          `Cannot find architectures within the limits: ${drawn.length} of ${
            50 * n
          } drawn fit, expected ` +
            `${n}; raise --max-params or --max-macs`,
        );
      }
      drawn.push(...(await this.parts.strategy.draw(n)).filter((a) => this.parts.fits(a)));
    }
    return drawn.slice(0, n);
  }

  /** Architectures over the limits score nothing, so that a strategy learns to avoid them. */
  async score(trials: Trial<A>[], on: "reward" | "selection" = "reward"): Promise<Scored<A>[]> {
    const fitting = trials.filter((t) => this.parts.fits(t.arch));
    const { evaluator, objectives, unfit = 0 } = this.parts;
    const scores = await evaluator.score(
      fitting.map((t) => t.arch),
      on,
      this.signal,
      fitting.map((t) => t.epochs),
    );
    if (on === "reward" || !evaluator.remembers) this.asked(fitting.length);
    const byTrial = new Map(fitting.map((t, i) => [t, scores[i]]));
    return trials.map((t) => {
      const score = byTrial.get(t) ?? { value: unfit };
      if (objectives) score.objectives = [score.value, ...objectives(t.arch)];
      return { ...t, score };
    });
  }
}
