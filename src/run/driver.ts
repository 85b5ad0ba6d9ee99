/**
 * The version of the graphics driver. WebGPU does not report it, so it is read from names of libraries and
 * dpkg's list of packages. Every command may read files, while few may start programs or open /proc.
 */
import { join } from "@std/path";

const packages = "/var/lib/dpkg/status";
const libraries = ["/usr/lib", "/usr/lib64"];

/** All files that the version is read from. */
export const driverFiles: readonly string[] = [packages, ...libraries];

/** Finds the version. @param adapter description of the adapter. @returns null when no file gives it. */
export function driverVersion(adapter: string, root = "/"): string | null {
  if (Deno.build.os !== "linux") return null;
  const nvidia = /nvidia/i.test(adapter) && versionInNames(root, /^libGLX_nvidia\.so\.(\d+\..+)$/);
  if (nvidia) return `NVIDIA ${nvidia}`;
  const mesa = packagedMesa(root) ?? versionInNames(root, /^libgallium-(\d.*)\.so$/);
  return mesa && `Mesa ${mesa}`;
}

function packagedMesa(root: string): string | null {
  let text: string;
  try {
    text = Deno.readTextFileSync(join(root, packages));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null; // Not Debian.
    throw error;
  }
  const found = text.split("\n\n").find((entry) =>
    /^Package: mesa-vulkan-drivers$/m.test(entry) && /^Status: .* installed$/m.test(entry)
  );
  return /^Version: (.+)$/m.exec(found ?? "")?.[1] ?? null;
}

/** Version in the name of a library; the last one when there are several. */
function versionInNames(root: string, pattern: RegExp): string | null {
  const folders = [...libraries, `/usr/lib/${Deno.build.arch}-linux-gnu`];
  const names = folders.flatMap((folder) => namesIn(join(root, folder)));
  return names.sort().map((name) => pattern.exec(name)?.[1]).findLast(Boolean) ?? null;
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
