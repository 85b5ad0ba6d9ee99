/**
 * Paths as the user sees them. `deno task` changes the folder, so relative paths start at INIT_CWD when it is
 * set.
 */
import { isAbsolute, join, relative, resolve } from "@std/path";
import { type PlaceVariables, usualPlaces } from "../data/find.ts";

/** The folder in which the user typed the command. */
export function here(): string {
  return Deno.env.get("INIT_CWD") ?? Deno.cwd();
}

export function fromHere(path: string): string {
  return isAbsolute(path) ? path : resolve(here(), path);
}

/** The shortest notation of a path from the user's folder. */
export function shortPath(path: string): string {
  const short = relative(here(), resolve(Deno.cwd(), path));
  return short === "" ? "." : short.startsWith("..") ? path : short;
}

/** The path of a file with another extension. */
export function besideFile(file: string, ending: string): string {
  return file.replace(/\.[^./\\]*$/, "") + ending;
}

/** Folders of caches, downloads and npm packages on this machine. */
export function places(): ReturnType<typeof usualPlaces> {
  const env: PlaceVariables = {};
  for (const name of ["HOME", "XDG_CACHE_HOME", "DENO_DIR", "LOCALAPPDATA"] as const) {
    env[name] = Deno.env.get(name);
  }
  return usualPlaces(env, here());
}

/** Folder of the adapters' lock files, shared by all runs of this user. */
export function lockFolder(): string {
  return join(places().cacheDir, "locks");
}

/** The command that starts denas, for suggestions of what to type next. */
export function commandName(): string {
  return Deno.env.get("DENAS_COMMAND") ??
    (Deno.env.get("INIT_CWD") === undefined ? "deno run -A cli.ts" : "deno task");
}

/** Quotes a word for the shell. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
