import { assertEquals } from "@std/assert";

const library = new URL("../../src/run/interrupt.ts", import.meta.url).href;

/**
 * A process on a clock of its own, which stands still unless a line on stdin sets it, in milliseconds. It says
 * when it has heard a signal; the thread that watches for hangs, on the real clock, is left out. Without a number on the line it exits with 7, as one that wrote its checkpoint.
 */
const script = `let now = 0;
performance.now = () => now;
globalThis.setTimeout = () => 0;
globalThis.Worker = class { terminate() {} };
const { onInterrupt } = await import(${JSON.stringify(library)});
onInterrupt({ onFirst: () => {}, hangup: true });
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

/** A process that takes 1.5 s from the first signal to a checkpoint, then exits with 7. */
const slow = `import { onInterrupt } from ${JSON.stringify(library)};
const { signal } = onInterrupt({ onFirst: () => console.log("stopping"), hangup: Deno.args[0] !== "nohup" });
if (Deno.args[0] === "hang") setTimeout(() => { for (;;); }, 0);
signal.addEventListener("abort", () => setTimeout(() => Deno.exit(7), 1500));
Deno.addSignalListener("SIGUSR1", () => console.log("stopped:", signal.aborted));
setInterval(() => {}, 1000);
console.log("ready");`;

async function start(...args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", slow, ...args],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return { child, reader };
}

Deno.test("a hangup leaves time for a checkpoint like Ctrl-C; under nohup it changes nothing", async () => {
  const { child, reader } = await start();
  child.kill("SIGHUP");
  assertEquals((await child.status).code, 7);
  await reader.cancel();

  const kept = await start("nohup");
  kept.child.kill("SIGHUP");
  kept.child.kill("SIGUSR1");
  const { value } = await kept.reader.read();
  assertEquals(new TextDecoder().decode(value), "stopped: false\n");
  kept.child.kill("SIGKILL");
  await kept.child.status;
  await kept.reader.cancel();
});

Deno.test("a process whose main thread hangs ends with Ctrl-C all the same", async () => {
  const { child, reader } = await start("hang");
  let ended = false;
  const status = child.status.finally(() => ended = true);
  // Repeats the signal, as a person does when nothing happens.
  while (!ended) {
    child.kill("SIGINT");
    await Promise.race([status, new Promise((resolve) => setTimeout(resolve, 400))]);
  }
  assertEquals((await status).signal, "SIGKILL");
  await reader.cancel();
});
