import { assertEquals } from "@std/assert";

const library = new URL("../../src/run/interrupt.ts", import.meta.url).href;

/** A process that takes 1.5 s from the first signal to a checkpoint, then exits with 7. */
const script = `import { onInterrupt } from ${JSON.stringify(library)};
const { signal } = onInterrupt({ onFirst: () => console.log("stopping"), hangup: Deno.args[0] !== "nohup" });
if (Deno.args[0] === "hang") setTimeout(() => { for (;;); }, 0);
signal.addEventListener("abort", () => setTimeout(() => Deno.exit(7), 1500));
Deno.addSignalListener("SIGUSR1", () => console.log("stopped:", signal.aborted));
setInterval(() => {}, 1000);
console.log("ready");`;

async function start(...args: string[]) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", script, ...args],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return { child, reader };
}

/** Sends SIGINT after each of these pauses in milliseconds; gives the exit code. */
async function interrupt(...pauses: number[]): Promise<number> {
  const { child, reader } = await start();
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
  // As a person does who sees that nothing happens.
  while (!ended) {
    child.kill("SIGINT");
    await Promise.race([status, new Promise((resolve) => setTimeout(resolve, 400))]);
  }
  assertEquals((await status).signal, "SIGKILL");
  await reader.cancel();
});
