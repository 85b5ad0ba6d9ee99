import { assertEquals } from "@std/assert";

const library = new URL("../../src/run/interrupt.ts", import.meta.url).href;

/** A process that takes 1.5 s from the first signal to a checkpoint, then exits with 7. */
const script = `import { onInterrupt } from ${JSON.stringify(library)};
const { signal } = onInterrupt(() => console.log("stopping"));
signal.addEventListener("abort", () => setTimeout(() => Deno.exit(7), 1500));
setInterval(() => {}, 1000);
console.log("ready");`;

/** Sends SIGINT after each of these pauses in milliseconds; gives the exit code. */
async function interrupt(...pauses: number[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  for (const pause of pauses) {
    await new Promise((resolve) => setTimeout(resolve, pause));
    child.kill("SIGINT");
  }
  const { code } = await child.status;
  await reader.cancel();
  return code;
}

Deno.test("the first Ctrl-C leaves time for a checkpoint, its echo changes nothing, a second ends at once", async () => {
  assertEquals(await Promise.all([interrupt(0), interrupt(0, 5), interrupt(0, 600)]), [7, 7, 130]);
});
