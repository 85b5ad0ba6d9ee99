/** Interface between the command line and the HTTP server, which do not import each other. */
import type { FindOptions } from "../data/mod.ts";

export interface ServerOptions {
  /** Address to listen on. */
  host: string;
  /** Port to listen on; 0 takes any free one. */
  port: number;
  /** Folder of all runs. */
  runs: string;
  /** Folder of all studies; need not exist. */
  studies: string;
  /** Folder of data sets: the only one, besides the built-in ones, from which a run may read images. */
  dataDir?: string;
  /** Token required in every request for runs; by default none on loopback. */
  token?: string;
  /** Host names accepted when a reverse proxy forwards requests. */
  trustedHosts?: readonly string[];
  /** Certificate chain and private key, as PEM; without them plain HTTP. */
  tls?: { cert: string; key: string };
  /** Milliseconds for receiving a request's headers, and all of it; by default 10 s and 30 s. */
  deadlines?: { headersMs?: number; requestMs?: number };
  /** Delays the answer to a wrong token. */
  wait?(milliseconds: number): Promise<void>;
  /** Folders of caches and downloads on this machine. */
  places: Required<Pick<FindOptions, "cacheDir" | "packageDirs">>;
  /** Command that starts denas here, for hints to the user. */
  commandName: string;
  /** Shortens a path, relative to the directory where the server was started. */
  shortPath(path: string): string;
  /** Environment of started runs. */
  env: Readonly<Record<string, string>>;
  /** Milliseconds between asking a run to stop and killing it; by default 8 s. */
  patienceMs?: number;
  /** Called for unexpected errors, and for runs that cannot be read. */
  report(message: string): void;
}

export interface RunningServer {
  /** Address, with the actual port. */
  url: string;
  /**
   * Ends the server's runs with a checkpoint, sends pending events to clients that follow a run, then ends.
   */
  close(): Promise<void>;
}

/** Opens the server. @throws Error when the address is not available. */
export type OpenServer = (options: ServerOptions) => Promise<RunningServer>;

export interface PageOptions {
  /** Folder to write, or the file. */
  out: string;
  /** One file that opens from a disk. */
  single: boolean;
  /** Published sets to put beside the page. */
  sets: readonly string[];
  places: Required<Pick<FindOptions, "cacheDir" | "packageDirs">>;
}

/**
 * Writes the page that searches in a browser.
 * @returns its size without sets, as it is and gzipped. @throws UsageError, DataError.
 */
export type WritePage = (options: PageOptions) => Promise<{ bytes: number; packed: number }>;

/** Parts of src/http for the command line, imported only by the commands that need them. */
export interface Servers {
  openServer: OpenServer;
  writePage: WritePage;
}

/** Whether an address can only be reached from this machine. */
export function isLoopback(host: string): boolean {
  return ["localhost", "::1", "[::1]"].includes(host) || /^127(\.\d+){3}$/.test(host);
}
