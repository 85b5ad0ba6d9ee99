/**
 * Inherited weights between the trials of a search (Böcking, Philipp & Kulbach, ICLR 2020 NAS workshop): a new
 * network begins with the trained weights of earlier ones wherever a slot, a group of weights with the same
 * names and shapes, occurs in both, and is then trained for fewer epochs. It is no network morphism: the child
 * does not compute what its donors computed. Donors and epochs are fixed when a trial is asked, from the trials
 * told until then, so that a resumed search plans the same.
 */
import { UsageError } from "../../common/errors.ts";
import { numel } from "../../gpu/tensor.ts";
import { type NamedTensors, WeightStore } from "../../nn/weights.ts";
import { built, reasonOf } from "../results.ts";
import type { BuildContext, SearchSpace } from "../space.ts";
import type { Scored, Strategy, Trial } from "../strategy.ts";
import { epochsFor, stepsOf, type Thresholds } from "./thresholds.ts";

/** Whose weights a slot takes: those of the oldest match, or the mean of the newest matches. */
export type InheritMode = "reuse" | "average";

export interface InheritanceSettings {
  inherit: InheritMode;
  /** Most donors of one slot (average). */
  slidingWindows: number;
  thresholds: Thresholds;
  /** Most megabytes (2²⁰ bytes) of weights that are kept as possible donors. */
  keepWeights: number;
}

/** Storage of the trained weights of trials. */
export interface WeightFiles {
  save(name: string, tensors: NamedTensors): Promise<void>;
  /** @throws DataError where the file is missing or damaged. */
  load(name: string): Promise<NamedTensors>;
  /** Removing what is not there changes nothing. */
  remove(name: string): Promise<void>;
}

/** Name under which the weights of a trial are kept. */
export const weightsOf = (trial: number): string => `trial-${trial}`;

/** Slots of an architecture: for each name the weights in it, as one text of names and shapes. */
export interface Slots {
  matching: ReadonlyMap<string, string>;
  bytes: number;
}

/** Slot of a weight: the space's own group, or the layer, which is the name without its last part. */
export const slotOf = <A>(space: Pick<SearchSpace<A>, "slot">, weight: string): string =>
  space.slot?.(weight) ??
    (weight.includes("/") ? weight.slice(0, weight.lastIndexOf("/")) : weight);

/** Finds the slots of an architecture; opens no device. */
export function slotsOf<A>(
  space: SearchSpace<A>,
  arch: A,
  context: Omit<BuildContext, "weights">,
): Slots {
  const weights = new WeightStore();
  built(() => space.build(arch, { ...context, weights }));
  const matching = new Map<string, string>();
  let bytes = 0;
  for (const { name, shape } of weights.params()) {
    const slot = slotOf(space, name);
    matching.set(slot, `${matching.get(slot) ?? ""}${name}[${shape}] `);
    bytes += 4 * numel(shape);
  }
  return { matching, bytes };
}

/** A told trial whose weights are kept. */
interface Donor {
  trial: number;
  choice: number[];
}

interface Saved {
  donors: Donor[];
  /** Keys of the architectures whose trials were told: no second network of one becomes a donor. */
  known: string[];
  /** Weights given up, by round: they are removed two rounds later, when no checkpoint can ask for them. */
  given: number[][];
  epochs: SpentEpochs;
}

/** Epochs of training: those spent, and those saved against training each network from scratch. */
export interface SpentEpochs {
  trained: number;
  saved: number;
}

/** Rounds after which weights that were given up are removed: two checkpoints are kept, the last and one before. */
const DELAY = 2;

/** Plans the donors of trials, and keeps the weights that trials to come may inherit. */
export class Inheritance<A> {
  #donors: Donor[] = [];
  #known = new Set<string>();
  #given: number[][] = [];
  #epochs: SpentEpochs = { trained: 0, saved: 0 };
  readonly #slots = new Map<string, Slots>();

  /** @throws UsageError for thresholds out of order. */
  constructor(
    private readonly space: SearchSpace<A>,
    private readonly context: Omit<BuildContext, "weights">,
    private readonly settings: InheritanceSettings,
    private readonly files: Pick<WeightFiles, "remove">,
  ) {
    stepsOf(settings.thresholds);
  }

  /** Epochs of the networks trained so far; failed ones are left out. */
  get epochs(): SpentEpochs {
    return { ...this.#epochs };
  }

  /** A strategy whose trials carry their donors and epochs; its state includes this one's. */
  around(strategy: Strategy<A>): Strategy<A> {
    return {
      order: strategy.order,
      get finished() {
        return strategy.finished;
      },
      draw: (n) => strategy.draw(n),
      askTrained: strategy.askTrained?.bind(strategy),
      tellTrained: strategy.tellTrained?.bind(strategy),
      dryRun: strategy.dryRun?.bind(strategy),
      sampleFrom: strategy.sampleFrom?.bind(strategy),
      ask: async (n) => (await strategy.ask(n)).map((trial) => this.plan(trial)),
      tell: async (done) => {
        await this.told(done);
        return await strategy.tell(done);
      },
      snapshot: async () => {
        const { json, tensors } = await strategy.snapshot();
        return { json: { strategy: json, inheritance: this.#save() }, tensors };
      },
      restore: async ({ json, tensors }) => {
        const { strategy: own, inheritance } = json as { strategy: unknown; inheritance: Saved };
        this.#restore(inheritance);
        await strategy.restore({ json: own, tensors });
      },
    };
  }

  /** The trial with its donors by slot and its epochs. A network that cannot be built gets none of either. */
  plan(trial: Trial<A>): Trial<A> {
    let slots: Slots;
    try {
      slots = this.#slotsOf(trial.arch);
    } catch (error) {
      // Rethrows other errors. The evaluation meets the same one and tells it as the reason of the failed trial.
      reasonOf(error);
      return trial;
    }
    this.#requireRoom(slots);
    const { inherit, slidingWindows, thresholds } = this.settings;
    const order = inherit === "reuse" ? this.#donors : this.#donors.toReversed();
    const most = inherit === "reuse" ? 1 : slidingWindows;
    const found = Array.from(slots.matching, ([slot, weights]) => ({
      slot,
      donors: order.filter((donor) => this.#offers(donor, slot, weights)).slice(0, most)
        .map(({ trial }) => trial),
    }));
    const least = Math.min(...found.map(({ donors }) => donors.length));
    return {
      ...trial,
      epochs: epochsFor(thresholds, least),
      inherit: found.filter(({ donors }) => donors.length > 0),
    };
  }

  /** Notes told trials as donors, gives up what cannot be asked for any more, and removes it later. */
  async told(done: readonly Scored<A>[]): Promise<void> {
    const whole = epochsFor(this.settings.thresholds, 0);
    for (const { id, arch, epochs = whole, status = "ok" } of done) {
      const key = this.space.key(arch);
      if (status !== "ok" || this.#known.has(key)) continue;
      this.#epochs.trained += epochs;
      this.#epochs.saved += whole - epochs;
      this.#known.add(key);
      this.#donors.push({ trial: id, choice: this.space.encode(arch) });
    }
    const before = this.#donors;
    this.#donors = this.#withinBound(this.#useful(before));
    const kept = new Set(this.#donors);
    this.#given.push(before.flatMap((donor) => kept.has(donor) ? [] : [donor.trial]));
    while (this.#given.length > DELAY) {
      for (const trial of this.#given.shift()!) await this.files.remove(weightsOf(trial));
    }
  }

  #offers(donor: Donor, slot: string, weights: string): boolean {
    return this.#slotsOf(this.space.decode(donor.choice)).matching.get(slot) === weights;
  }

  /** Donors that some slot would take: those with a slot that not enough others offer before them. */
  #useful(donors: readonly Donor[]): Donor[] {
    const { inherit, slidingWindows } = this.settings;
    const most = inherit === "reuse" ? 1 : slidingWindows;
    const taken = new Map<string, number>();
    const order = inherit === "reuse" ? donors : donors.toReversed();
    const kept = order.filter(({ choice }) => {
      let wanted = false;
      for (const [slot, weights] of this.#slotsOf(this.space.decode(choice)).matching) {
        const key = `${slot} ${weights}`;
        const count = taken.get(key) ?? 0;
        wanted ||= count < most;
        taken.set(key, count + 1);
      }
      return wanted;
    });
    return donors.filter((donor) => kept.includes(donor));
  }

  /** The newest donors that fit the bound. */
  #withinBound(donors: readonly Donor[]): Donor[] {
    let left = this.settings.keepWeights * 2 ** 20;
    const from = donors.findLastIndex(({ choice }) => {
      left -= this.#slotsOf(this.space.decode(choice)).bytes;
      return left < 0;
    });
    return donors.slice(from + 1);
  }

  #requireRoom({ bytes }: Slots): void {
    const { keepWeights } = this.settings;
    if (bytes <= keepWeights * 2 ** 20) return;
    throw new UsageError(
      `Cannot keep the weights of a network for inheritance: they take ${
        Math.ceil(bytes / 2 ** 20)
      } MiB, expected at most --keep-weights ${keepWeights}`,
    );
  }

  #slotsOf(arch: A): Slots {
    const key = this.space.key(arch);
    let slots = this.#slots.get(key);
    if (!slots) {
      // A long search has many architectures.
      if (this.#slots.size === 1000) this.#slots.clear();
      this.#slots.set(key, slots = slotsOf(this.space, arch, this.context));
    }
    return slots;
  }

  #save(): Saved {
    return structuredClone({
      donors: this.#donors,
      known: [...this.#known],
      given: this.#given,
      epochs: this.#epochs,
    });
  }

  #restore(saved: Saved): void {
    const { donors, known, given, epochs } = structuredClone(saved);
    this.#donors = donors;
    this.#known = new Set(known);
    this.#given = given;
    this.#epochs = epochs;
  }
}
