/** What the command line and the HTTP server agree on; neither knows the other. */
import type { FindOptions } from "../data/mod.ts";

export interface ServerOptions {
  /** Address to listen on. */
  host: string;
  /** 0 takes any that is free. */
  port: number;
  /** Folder of all runs. */
  runs: string;
  /** Folder of all studies; need not be there. */
  studies: string;
  /** Folder of data sets: the only place outside the built-in ones that a run may read images from. */
  dataDir?: string;
  /** Demanded of every request for runs; none on loopback by default. */
  token?: string;
  /** Names that a reverse proxy in front of the server is asked for. */
  trustedHosts?: readonly string[];
  /** Certificate chain and private key, as PEM; plain HTTP without. */
  tls?: { cert: string; key: string };
  /** Milliseconds for a request's headers and for all of it; by default 10 s and 30 s. */
  deadlines?: { headersMs?: number; requestMs?: number };
  /** Lets time pass before a wrong token is answered. */
  wait?(milliseconds: number): Promise<void>;
  /** Where caches and downloads are kept on this machine. */
  places: Required<Pick<FindOptions, "cacheDir" | "packageDirs">>;
  /** How a person starts denas here, for "type this next". */
  commandName: string;
  /** A path as short as it can be typed from where the server was started. */
  shortPath(path: string): string;
  /** Environment that runs are started with. */
  env: Readonly<Record<string, string>>;
  /** Milliseconds from a stop to the kill of a run that does not answer; by default 8 s. */
  patienceMs?: number;
  /** Told of what nobody foresaw, and of runs that cannot be read. */
  report(message: string): void;
}

export interface RunningServer {
  /** With the port that was taken. */
  url: string;
  /** Ends the server's runs with a checkpoint, gives those who follow a run what is there, then ends. */
  close(): Promise<void>;
}

/** @throws Error when the address cannot be had. */
export type OpenServer = (options: ServerOptions) => Promise<RunningServer>;

/** Whether an address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return ["localhost", "::1", "[::1]"].includes(host) || /^127(\.\d+){3}$/.test(host);
}
