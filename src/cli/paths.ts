/** Where things are. `deno task` changes the folder, so relative paths start at INIT_CWD when it is set. */
import { isAbsolute, join, relative, resolve } from "@std/path";
import { type PlaceVariables, usualPlaces } from "../data/find.ts";

/** The folder in which the user typed the command. */
export function here(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}

export function fromHere(path: string): string {
  return isAbsolute(path) ? path : resolve(here(), path);
}

/** A path as short as it can be written from where the user is. */
export function shortPath(path: string): string {
  const short = relative(here(), resolve(Deno.cwd(), path));
  return short === "" ? "." : short.startsWith("..") ? path : short;
}

/** The path of a file with another ending. */
export function besideFile(file: string, ending: string): string {
  return file.replace(/\.[^./\\]*$/, "") + ending;
}

/** Where caches, downloads and npm packages are kept on this machine. */
export function places(): ReturnType<typeof usualPlaces> {
  const env: PlaceVariables = {};
  for (const name of ["HOME", "XDG_CACHE_HOME", "DENO_DIR", "LOCALAPPDATA"] as const) {
    env[name] = Deno.env.get(name);
  }
  return usualPlaces(env, here());
}

/** Folder of the adapters' lock files: one for all runs of this user. */
export function lockFolder(): string {
  return join(places().cacheDir, "locks");
}

/** How the user starts denas, for "type this next". */
export function commandName(): string {
  return Deno.env.get("DENAS_COMMAND") ??
    (Deno.env.get("INIT_CWD") === undefined ? "deno run -A cli.ts" : "deno task");
}

/** A word as the shell takes it. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
