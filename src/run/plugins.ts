/** Plug-ins from user files. */
import { pathToFileURL } from "node:url";
import { UsageError } from "../common/errors.ts";
import { checkPlugin } from "../nas/plugin_check.ts";
import { register } from "../nas/registry.ts";

const loaded: string[] = [];

/** Full paths of the plug-ins loaded in this process, so that other processes of a run load the same. */
export const loadedPlugins = (): readonly string[] => loaded;

/**
 * Loads definitions and adds them to the registered ones. A file's default export is a definition or a list
 * of them.
 * @param files full paths.
 * @throws UsageError naming the file and the error.
 */
export async function loadPlugins(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const definitions = [await defaultOf(file)].flat();
    if (definitions.length === 0) throw cannot(file, "it exports an empty list");
    for (const one of definitions) register(checkPlugin(one, file), file);
    if (!loaded.includes(file)) loaded.push(file);
  }
}

/** Whether the argument of `--plugin` is an address instead of a path. */
export const isAddress = (file: string): boolean => /^(https?|file|data|blob|npm|jsr):/.test(file);

async function defaultOf(file: string): Promise<unknown> {
  const info = await Deno.stat(file).catch(() => null);
  if (!info && isAddress(file)) throw cannot(file, "it is an address, expected a local file");
  if (file === "" || info?.isDirectory) throw cannot(file || '""', "expected a file");
  let loaded: { default?: unknown };
  try {
    loaded = await import(pathToFileURL(file).href);
  } catch (cause) {
    throw cannot(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (loaded.default !== undefined) return loaded.default;
  throw cannot(
    file,
    "it has no default export, expected a definition; see examples/README.md",
  );
}

const cannot = (file: string, why: string, cause?: unknown) =>
  new UsageError(`Cannot load plug-in ${file}: ${why}`, { cause });
