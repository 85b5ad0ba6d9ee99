/** Lease of a run: one coordinator at a time, on whatever machine. It ends by itself when its holder dies. */
import { type KV, Kvm } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { UsageError } from "../../../common/errors.ts";
import { codeOf, isPassing, pause, repeated } from "./connect.ts";
import { LEASES } from "./names.ts";

/** Life of a lease without renewal, and the interval of renewals, in ms. */
const TTL = 15_000, RENEWAL = 4000;
/** Another value has that revision already. */
const WRONG_REVISION = 10071;

export class Lease {
  readonly #timer: ReturnType<typeof setInterval>;

  private constructor(
    private readonly kv: KV,
    private readonly key: string,
    private revision: number,
    private readonly value: string,
    private readonly onLost: (error: Error) => void,
  ) {
    this.#timer = setInterval(() => this.#renew(), RENEWAL);
  }

  /**
   * Takes the lease, waiting for the end of a dead holder's.
   * @param onLost called when another coordinator has taken over.
   * @throws UsageError while another coordinator renews it.
   */
  static async take(
    nc: NatsConnection,
    run: string,
    onLost: (error: Error) => void,
  ): Promise<Lease> {
    const kv = await repeated(() => new Kvm(nc).create(LEASES, { ttl: TTL }));
    const life = crypto.randomUUID();
    const value = JSON.stringify({ pid: Deno.pid, host: Deno.hostname(), life });
    let seen: number | undefined;
    for (;;) {
      try {
        const revision = await repeated(() => kv.create(run, value));
        return new Lease(kv, run, revision, value, onLost);
      } catch (error) {
        if (codeOf(error) !== WRONG_REVISION) throw error;
      }
      const held = await repeated(() => kv.get(run));
      // Only the answer was lost: it is this coordinator's.
      if (held?.string() === value) return new Lease(kv, run, held.revision, value, onLost);
      if (held && seen !== undefined && held.revision !== seen) {
        const { pid, host } = held.json<{ pid: number; host: string }>();
        throw new UsageError(
          `Cannot go on with the run: process ${pid} on ${host} is at it, expected none; stop that one first`,
        );
      }
      seen = held?.revision ?? seen;
      await pause(1000);
    }
  }

  async #renew(): Promise<void> {
    try {
      this.revision = await this.kv.update(this.key, this.value, this.revision);
    } catch (error) {
      if (isPassing(error)) return;
      try {
        // It ran out while the server was away.
        this.revision = await this.kv.create(this.key, this.value);
      } catch (again) {
        if (codeOf(again) === WRONG_REVISION) await this.#compare();
      }
    }
  }

  /** The revision is another one: after a renewal whose answer was lost, or because another coordinator renews it. */
  async #compare(): Promise<void> {
    try {
      const held = await this.kv.get(this.key);
      if (!held) return;
      if (held.string() === this.value) this.revision = held.revision;
      else {
        this.onLost(new UsageError("Cannot go on with the run: another process has taken it over"));
      }
    } catch {
      // The server is away: the next renewal compares again.
    }
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.kv.purge(this.key).catch(() => {});
  }
}
