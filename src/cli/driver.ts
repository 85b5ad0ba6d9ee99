/** The version of the graphics driver. WebGPU does not tell it, so the system is asked. */

/** Programs that may know, with the text to look for in what they print. */
const sources: { program: string; args: string[]; pattern: RegExp }[] = [
  { program: "vulkaninfo", args: ["--summary"], pattern: /driverInfo\s*=\s*(.+)/ },
  {
    program: "dpkg-query",
    args: ["-W", "-f", "${Version}", "mesa-vulkan-drivers"],
    pattern: /(\S+)/,
  },
  {
    program: "rpm",
    args: ["-q", "--qf", "%{VERSION}", "mesa-vulkan-drivers"],
    pattern: /^(\d\S*)/,
  },
];

/** @param adapter description of the adapter. @returns null where nobody knows. */
export async function driverVersion(adapter: string): Promise<string | null> {
  if (/nvidia/i.test(adapter)) {
    const text = await Deno.readTextFile("/proc/driver/nvidia/version").catch(() => "");
    const version = /Module\s+(?:for \S+\s+)?(\d[\d.]+)/.exec(text)?.[1];
    if (version) return `NVIDIA ${version}`;
  }
  if (Deno.build.os !== "linux") return null;
  for (const { program, args, pattern } of sources) {
    const found = pattern.exec(await outputOf(program, args))?.[1];
    if (found) return program === "vulkaninfo" ? found : `Mesa ${found}`;
  }
  return null;
}

async function outputOf(program: string, args: string[]): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout) : "";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return ""; // Not installed: the next one may be.
    if (error instanceof Deno.errors.NotCapable) return ""; // Runs of the server start no programs.
    throw error;
  }
}
