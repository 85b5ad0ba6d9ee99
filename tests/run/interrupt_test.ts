import { assertEquals } from "@std/assert";

const library = new URL("../../src/run/interrupt.ts", import.meta.url).href;

/**
 * A process on a clock of its own, which stands still unless a line on stdin sets it, in milliseconds. It says
 * when it has heard a signal; without a number on the line it exits with 7, as one that wrote its checkpoint.
 */
const script = `let now = 0;
performance.now = () => now;
globalThis.setTimeout = () => 0;
const { onInterrupt } = await import(${JSON.stringify(library)});
onInterrupt(() => {});
Deno.addSignalListener("SIGINT", () => console.log("heard"));
console.log("ready");
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  if (text.trim() === "") Deno.exit(7);
  now = Number(text);
  console.log("set");
}`;

/** Sends SIGINT at each of these times and lets the process end; gives the exit code. */
async function interrupt(...times: number[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.getReader();
  const stdin = child.stdin.getWriter();
  const say = (text: string) => stdin.write(new TextEncoder().encode(text + "\n"));
  await lines.read();
  for (const time of times) {
    await say(String(time));
    await lines.read();
    child.kill("SIGINT");
    // Nothing more is read from a process that has ended.
    if ((await lines.read()).done) break;
  }
  await say("").catch(() => {});
  const { code } = await child.status;
  await lines.cancel();
  await stdin.close().catch(() => {});
  return code;
}

Deno.test("the first Ctrl-C leaves time for a checkpoint, its echo changes nothing, a second ends at once", async () => {
  assertEquals(await Promise.all([interrupt(0), interrupt(0, 5), interrupt(0, 600)]), [7, 7, 130]);
});
