import { assertEquals } from "@std/assert";
import { RunQueue } from "../../src/run/queue.ts";

Deno.test("the queue keeps its order, on the disk, and gives each run to one taker", () => {
  const runs = Deno.makeTempDirSync();
  const queue = new RunQueue(runs);
  assertEquals(queue.list(), []);
  const names = ["2026-01-31-micro-2", "2026-01-31-micro-1", "2026-01-31-macro-1"];
  for (const name of names) queue.add(name);
  const other = new RunQueue(runs); // Of another process, or after a restart.
  assertEquals(other.list().map(({ run }) => run), names);
  assertEquals([other.take(names[1]), queue.take(names[1])], [true, false]);
  assertEquals(queue.list().map(({ run }) => run), [names[0], names[2]]);
  queue.add(names[1]);
  assertEquals(other.list().map(({ run }) => run), [names[0], names[2], names[1]]);
});
