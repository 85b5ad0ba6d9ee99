/** Learning rates over time, as plain functions of an epoch or of the share of training that is done. */

export interface CosineOptions {
  lrMax: number;
  lrMin: number;
}

/** One half cosine from `lrMax` at progress 0 to `lrMin` at progress 1. */
export function cosine(progress: number, { lrMax, lrMin }: CosineOptions): number {
  return lrMin + 0.5 * (lrMax - lrMin) * (1 + Math.cos(Math.PI * progress));
}

/**
 * Cosine with warm restarts (Loshchilov & Hutter, ICLR 2017), stepped per epoch: cycles of t0, t0·tMul,
 * t0·tMul², … epochs; a cycle's last epoch is just above `lrMin`, the next starts at `lrMax`.
 */
export function cosineRestarts(
  epoch: number,
  { t0, tMul, ...bounds }: CosineOptions & { t0: number; tMul: number },
): number {
  const { start, length } = cycleOf(epoch, { t0, tMul });
  return cosine((epoch - start) / length, bounds);
}

/** Whether a cycle after the first one begins with this epoch. */
export function restartsAt(epoch: number, cycles: { t0: number; tMul: number }): boolean {
  return epoch > 0 && cycleOf(epoch, cycles).start === epoch;
}

function cycleOf(epoch: number, { t0, tMul }: { t0: number; tMul: number }) {
  let start = 0;
  let length = t0;
  while (epoch - start >= length) {
    start += length;
    length *= tMul;
  }
  return { start, length };
}

/** `lrMax` times the factor of the last step whose `after` is below this epoch, counted from 0. */
export function stepwise(
  epoch: number,
  { lrMax, steps }: { lrMax: number; steps: readonly { after: number; factor: number }[] },
): number {
  return lrMax * (steps.findLast(({ after }) => epoch > after)?.factor ?? 1);
}

/** `lrMax` times `decay` for every `every` epochs done. */
export function staircase(
  epoch: number,
  { lrMax, decay, every }: { lrMax: number; decay: number; every: number },
): number {
  return lrMax * decay ** Math.floor(epoch / every);
}
