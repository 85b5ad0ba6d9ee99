/** Real NATS servers for tests: each that is found here, with workers in this process as supervisors. */
import { dirname } from "@std/path";
import type { Channel, Opening } from "../../../src/run/workers/channel.ts";
import { connect } from "../../../src/run/workers/nats/connect.ts";
import { NatsChannel } from "../../../src/run/workers/nats/coordinator.ts";
import { portableOpening } from "../../../src/run/workers/nats/opening.ts";
import { serveWorkers, type Serving } from "../../../src/run/workers/nats/serve.ts";
import {
  findServer,
  type NatsServer,
  type ServerOptions,
  startServer,
} from "../../../src/run/workers/nats/server.ts";

export interface Program {
  program: string;
  version: string;
}

/**
 * The servers of this machine: the one on PATH, and the one that DENAS_NATS_SERVER names. Without one the
 * tests are skipped, but fail where CI is set.
 */
export async function serversHere(): Promise<Program[]> {
  const found: string[] = [];
  try {
    found.push(findServer(Deno.env.get("PATH")));
  } catch (error) {
    if (Deno.env.get("CI")) throw error;
  }
  const other = Deno.env.get("DENAS_NATS_SERVER");
  if (other) found.push(other);
  return await Promise.all(found.map(async (program) => {
    const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
    return { program, version: /v([\d.]+)/.exec(new TextDecoder().decode(stdout))![1] };
  }));
}

/** Starts a server of its own folder, on a free port of loopback. */
export const startHere = (
  program: string,
  options: Partial<ServerOptions> = {},
): Promise<NatsServer> =>
  startServer({
    folder: Deno.makeTempDirSync({ prefix: "denas-nats-" }),
    host: "127.0.0.1",
    port: 0,
    path: dirname(program),
    report: () => {},
    ...options,
  });

export const workerSecret = ({ tokenFile }: NatsServer): string =>
  Deno.readTextFileSync(tokenFile).trim();

/** Starts workers of a server in this process. */
export const workersOn = (
  server: NatsServer,
  opening: Opening,
  workers: number,
  report: (note: string) => void = () => {},
): Promise<Serving> =>
  serveWorkers({
    access: { url: server.url, secret: workerSecret(server) },
    workers,
    plugins: opening.plugins,
    find: { cacheDir: "/nonexistent" },
    report,
  });

/** Opens the coordinator's side. */
export async function coordinatorOn(
  server: NatsServer,
  opening: Opening,
  run = "test",
  report: (note: string) => void = () => {},
): Promise<NatsChannel> {
  const nc = await connect({ url: server.url, secret: server.secret }, "coordinator");
  return await NatsChannel.open({ nc, run, opening: portableOpening(opening), report });
}

/** A server with workers that are ready; the channel's `close` ends everything. */
export async function onServer(
  program: string,
  opening: Opening,
  workers: number,
): Promise<{ channel: Channel; server: NatsServer }> {
  const server = await startHere(program);
  const channel = await coordinatorOn(server, opening);
  const serving = await workersOn(server, opening, workers);
  while (channel.capacity() < workers) await new Promise((resolve) => setTimeout(resolve, 10));
  const close = channel.close.bind(channel);
  channel.close = async () => {
    await serving.stop();
    await close();
    await server.stop();
  };
  return { channel, server };
}
