import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { UsageError } from "../../src/common/errors.ts";
import { lockAdapter } from "../../src/run/lock.ts";
import { expectReject } from "./expect.ts";

const library = new URL("../../src/run/lock.ts", import.meta.url).href;
const root = new URL("../../", import.meta.url).pathname;

/** Another process that takes the lock, reports it, and holds it until it is killed. */
async function holder(folder: string) {
  const code = `import { lockAdapter } from ${JSON.stringify(library)};
    await lockAdapter(${JSON.stringify({ folder, adapter: "card", run: "runs/first" })});
    console.log("held"); setInterval(() => {}, 1000);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", code],
    cwd: root,
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  await reader.read();
  return {
    pid: child.pid,
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

Deno.test("an adapter is locked once; a killed holder leaves no stale lock", async () => {
  const folder = join(Deno.makeTempDirSync(), "locks");
  const options = { folder, adapter: "card", run: "runs/second" };
  const other = await holder(folder);
  const error = await expectReject(() => lockAdapter(options), UsageError);
  assert(error.message.includes(`run runs/first (process ${other.pid}) has it`), error.message);
  assert(error.message.includes("--wait"), error.message);
  (await lockAdapter({ ...options, adapter: "another card" })).release();

  let waitedFor: string | undefined;
  const waiting = lockAdapter({
    ...options,
    wait: true,
    onWait: (holder) => waitedFor = holder?.run,
  });
  await other.kill();
  const lock = await waiting;
  assertEquals(waitedFor, "runs/first");
  lock.release();
  (await lockAdapter(options)).release();
});

Deno.test("processes of a group that start at the same time share the adapter, whoever had it before", async () => {
  const folder = Deno.makeTempDirSync();
  const path = join(folder, "card.lock");
  const dead = { pid: 1, run: "runs/dead", since: "2020-01-01T00:00:00Z" };
  Deno.writeTextFileSync(path, JSON.stringify(dead));
  // The other process has the lock alone until it has written the group's name.
  const other = Deno.openSync(path, { read: true, write: true });
  other.lockSync(true);
  const second = lockAdapter({ folder, adapter: "card", run: "b", group: "workers" });
  Deno.writeTextFileSync(path, JSON.stringify({ ...dead, run: "workers" }));
  other.unlockSync();
  other.lockSync(false);
  (await second).release();
  other.close();
});

Deno.test("waiting for an adapter ends with the signal", async () => {
  const folder = Deno.makeTempDirSync();
  const options = { folder, adapter: "card", run: "a" };
  const lock = await lockAdapter(options);
  const stop = new AbortController();
  const onWait = () => stop.abort(new Error("enough"));
  await expectReject(
    () => lockAdapter({ ...options, wait: true, signal: stop.signal, onWait }),
    Error,
    "enough",
  );
  lock.release();
});
