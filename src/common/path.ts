/**
 * The functions of `@std/path` without host calls, for any platform. Results have forward slashes, which
 * Windows takes too; there, backslashes separate as well and a path may start with a drive.
 */

const windows = globalThis.navigator?.platform?.startsWith("Win") ?? false;

const forward = (path: string) => windows ? path.replaceAll("\\", "/") : path;

/** Root of an absolute path: "/", on Windows after an optional drive; empty for a relative path. */
function rootOf(path: string): string {
  return (windows ? /^([A-Za-z]:)?\// : /^\//).exec(path)?.[0] ?? "";
}

export function isAbsolute(path: string): boolean {
  return rootOf(forward(path)) !== "";
}

/** Removes ".", ".." and repeated slashes as far as possible; returns "." if nothing is left. */
export function normalize(path: string): string {
  const whole = forward(path);
  const root = rootOf(whole);
  const parts: string[] = [];
  for (const part of whole.slice(root.length).split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || root === "") parts.push(part);
  }
  const end = parts.length > 0 && whole.endsWith("/") ? "/" : "";
  return root + parts.join("/") + end || (whole !== "" && whole.endsWith("/") ? "./" : ".");
}

export function join(...parts: string[]): string {
  return normalize(parts.filter((part) => part !== "").join("/"));
}

/** The last part. */
export function basename(path: string): string {
  return /([^/]*)\/*$/.exec(withoutRoot(path))![1];
}

function withoutRoot(path: string): string {
  const whole = forward(path);
  return whole.slice(rootOf(whole).length);
}

/** The parent folder: all but the last part; "." for a single part, the root for the root. */
export function dirname(path: string): string {
  const whole = forward(path);
  const root = rootOf(whole);
  const parent = /^(.+)\/[^/]+\/*$/s.exec(whole.slice(root.length))?.[1];
  return root + (parent ?? "") || ".";
}

/** The extension with its dot; empty where there is none, as in ".profile". */
export function extname(path: string): string {
  return /^(?!\.\.$).+?(\.[^.]*)$/s.exec(basename(path))?.[1] ?? "";
}

/** Joins the last absolute path and those after it. Throws Error if none is absolute. */
export function resolve(...paths: string[]): string {
  const from = paths.findLastIndex(isAbsolute);
  if (from < 0) {
    throw new Error(`Cannot resolve ${paths.join(", ")}: expected an absolute path among them`);
  }
  const whole = join(...paths.slice(from));
  return whole === rootOf(whole) ? whole : whole.replace(/\/$/, "");
}

/** Relative path from a folder to a path, both absolute; empty if they are equal. */
export function relative(from: string, to: string): string {
  const [start, end] = [resolve(from), resolve(to)];
  // No relative path leads to another drive.
  if (rootOf(start).toLowerCase() !== rootOf(end).toLowerCase()) return end;
  const [up, down] = [start, end].map((path) =>
    withoutRoot(path).split("/").filter((p) => p !== "")
  );
  let same = 0;
  while (same < Math.min(up.length, down.length) && up[same] === down[same]) same++;
  return [...up.slice(same).map(() => ".."), ...down.slice(same)].join("/");
}
