/**
 * Paths as `@std/path` has them, on any platform, without asking a host. Results have forward slashes, which
 * Windows takes too; there, backslashes separate as well and a path may start with a drive.
 */

const windows = globalThis.navigator?.platform?.startsWith("Win") ?? false;

const forward = (path: string) => windows ? path.replaceAll("\\", "/") : path;

/** What makes a path absolute: "/" or a drive with it; empty in a relative one. */
function rootOf(path: string): string {
  return (windows ? /^([A-Za-z]:)?\// : /^\//).exec(path)?.[0] ?? "";
}

export function isAbsolute(path: string): boolean {
  return rootOf(forward(path)) !== "";
}

/** Without ".", "..", and repeated slashes as far as that goes; "." where nothing is left. */
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

/** All but the last part; "." for a single one, the root for the root. */
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

/** The absolute path that the last absolute one and those after it lead to. Throws where none is absolute. */
export function resolve(...paths: string[]): string {
  const from = paths.findLastIndex(isAbsolute);
  if (from < 0) {
    throw new Error(`Cannot resolve ${paths.join(", ")}: expected an absolute path among them`);
  }
  const whole = join(...paths.slice(from));
  return whole === rootOf(whole) ? whole : whole.replace(/\/$/, "");
}

/** The way from one folder to a path, both absolute; empty where they are the same. */
export function relative(from: string, to: string): string {
  const [start, end] = [resolve(from), resolve(to)];
  // Another drive cannot be reached by steps.
  if (rootOf(start).toLowerCase() !== rootOf(end).toLowerCase()) return end;
  const [up, down] = [start, end].map((path) =>
    withoutRoot(path).split("/").filter((p) => p !== "")
  );
  let same = 0;
  while (same < Math.min(up.length, down.length) && up[same] === down[same]) same++;
  return [...up.slice(same).map(() => ".."), ...down.slice(same)].join("/");
}
