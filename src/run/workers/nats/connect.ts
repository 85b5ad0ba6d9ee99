/** Connections to a NATS server, and what their errors mean. */
import {
  connect as connectNats,
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
  nkeyAuthenticator,
  type ServerInfo,
} from "@nats-io/transport-node";
import { JetStreamApiError, type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { DataError, UsageError } from "../../../common/errors.ts";
import { requireNoPassword } from "./address.ts";

/** Oldest server that has all that is needed. */
const OLDEST = [2, 9];
/** Longest wait for a server that was connected but does not answer, in ms. */
const SILENCE = 30_000;
/** The server's disk, or what it may use of it, is full. */
const NO_ROOM = 10023;
/** Name of the client's error where nobody answers for JetStream. */
const NOT_ENABLED = "JetStreamNotEnabled";

export interface Access {
  /** nats://host:port, tls://host:port or ws(s)://host:port. */
  url: string;
  /** `user:password`, a token, the seed of an nkey (SU…), or the text of a .creds file. */
  secret?: string;
  /** File with certificates that the server's own is checked with. */
  ca?: string;
}

/** Whether `passOverResets` has been called. */
let passesOver = false;

/**
 * Passes over resets of sockets that the client has given up. Deno reports them after the client removed its
 * listeners, as an error of nobody, which would end the process; of a connection in use the client hears by itself.
 */
export function passOverResets(): void {
  if (passesOver) return;
  passesOver = true;
  globalThis.addEventListener("error", (event) => {
    if ((event.error as { code?: unknown } | null)?.code === "ECONNRESET") event.preventDefault();
  });
}

/**
 * Connects, once and plainly; afterwards the connection comes back by itself.
 * @param role of the process, which is also its prefix of replies.
 * @throws UsageError where there is no server or it refuses; the message says what to do.
 */
export async function connect(
  access: Access,
  role: "coordinator" | "worker",
): Promise<NatsConnection> {
  const { url } = access;
  requireNoPassword(url);
  passOverResets();
  try {
    return await connectNats({
      servers: url.replace(/^tls:/, "nats:"),
      name: `denas ${role}`,
      ...secretOf(access.secret),
      ...url.startsWith("tls:") && { tls: { caFile: access.ca } },
      inboxPrefix: role === "worker" ? "_INBOX_WORKER" : undefined,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      reconnectJitter: 200,
      pingInterval: 10_000,
      maxPingOut: 2,
      timeout: 5000,
    });
  } catch (cause) {
    throw new UsageError(`Cannot connect to ${url}: ${meaningOf(cause as Error)}`, { cause });
  }
}

function secretOf(secret: string | undefined): Partial<ConnectionOptions> {
  if (secret === undefined) return {};
  const bytes = new TextEncoder().encode(secret);
  if (secret.includes("-----BEGIN NATS USER JWT")) {
    return { authenticator: credsAuthenticator(bytes) };
  }
  if (/^SU[A-Z2-7]{56}$/.test(secret)) return { authenticator: nkeyAuthenticator(bytes) };
  const at = secret.indexOf(":");
  return at < 0 ? { token: secret } : { user: secret.slice(0, at), pass: secret.slice(at + 1) };
}

function meaningOf({ name, message }: Error): string {
  if (/authori[sz]ation/i.test(`${name} ${message}`)) {
    return "the server refuses the credential; give the right one with --token-file";
  }
  if (/refused|ECONN|no servers|NotFound|ENOTFOUND|lookup/i.test(`${name} ${message}`)) {
    return "no server answers there; check address and port, or start the search with --listen first";
  }
  if (/certificate|tls|handshake/i.test(message)) {
    return `${message}; give the certificate of its authority with --ca`;
  }
  return `${message || name}; check the address, and that it is a NATS server`;
}

/** The server's version and limits, which are unknown while it is away. @throws Error of a closed connection. */
export async function infoOf(nc: NatsConnection): Promise<ServerInfo> {
  while (!nc.info) {
    if (nc.isClosed()) throw new Error("the connection to the NATS server is closed");
    await pause(100);
  }
  return nc.info;
}

/**
 * Opens JetStream of a connection.
 * @throws UsageError for a server without it or too old.
 */
export async function openJetStream(nc: NatsConnection): Promise<JetStreamManager> {
  const { version } = await infoOf(nc);
  if (isOlder(version, OLDEST)) {
    throw new UsageError(
      `Cannot use the NATS server ${version}: expected ${
        OLDEST.join(".")
      } or newer; install a newer one`,
    );
  }
  const opened = () =>
    jetstreamManager(nc).catch((cause: Error) => {
      if (cause.name !== NOT_ENABLED) throw cause;
      throw new UsageError(
        "Cannot use the NATS server: JetStream is not enabled there; start it with -js, or use --listen",
        { cause },
      );
    });
  const silent = new UsageError(
    "Cannot use the NATS server: it does not answer; check that it is up",
  );
  const signal = AbortSignal.timeout(SILENCE);
  return await repeated(opened, signal).catch((error) => {
    throw error === signal.reason ? silent : error;
  });
}

/** Whether a version such as 2.9.10 is older than another. */
export function isOlder(version: string, than: readonly number[]): boolean {
  const parts = version.replace(/^v/, "").split(".").map((part) => parseInt(part));
  for (const [i, least] of than.entries()) {
    if ((parts[i] || 0) !== least) return (parts[i] || 0) < least;
  }
  return false;
}

/** The number of an error of JetStream; undefined for other errors. */
export const codeOf = (error: unknown): number | undefined =>
  error instanceof JetStreamApiError ? error.code : undefined;

/** An error that passes when the connection is back and the server has opened its store. */
export function isPassing(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status === 503 && error.code !== NO_ROOM;
  // JetStream was there when the server was opened: nobody answers while it reads its store.
  const { name } = error as Error;
  return name === NOT_ENABLED ||
    /Timeout|NoResponders|Connection|Request|Closed|Draining/.test(name);
}

/**
 * Repeats a request while the server is away; the request must have the same effect when it is repeated.
 * @throws other errors, and the signal's reason.
 */
export async function repeated<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  let off: number | undefined;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await request();
    } catch (error) {
      if (!isPassing(error)) throw explained(error);
      off = (error as Error).name === NOT_ENABLED ? off ?? performance.now() : undefined;
      if (off !== undefined && performance.now() - off > SILENCE) throw hasStopped(error);
      await pause(300);
    }
  }
}

/** A server whose disk is full turns JetStream off until it is started again. */
const hasStopped = (cause: unknown): DataError =>
  new DataError(
    "Cannot go on: the NATS server has turned JetStream off, as it does when its disk is full; free some space " +
      "there, start the server again, then resume the run",
    { cause },
  );

function explained(error: unknown): unknown {
  if (/insufficient|no space|storage|resource/i.test((error as Error).message)) {
    return new DataError(
      `Cannot go on: the NATS server has no room (${
        (error as Error).message
      }); free some space on its ` +
        "disk, then resume the run",
      { cause: error },
    );
  }
  return error;
}

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));
