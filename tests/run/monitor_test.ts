import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { RunEvent } from "../../src/nas/events.ts";
import { Monitor } from "../../src/run/nnabla_monitor.ts";

const step = (n: number, loss: number): RunEvent => ({
  type: "step",
  epoch: 0,
  step: n,
  steps: 40,
  loss,
  trainAccuracy: 0.5,
  learningRate: 0.1,
  imagesPerSecond: 1,
  secondsLeft: 0,
});

const epoch = (n: number, validAccuracy?: number): RunEvent => ({
  type: "epoch",
  epoch: n,
  epochs: 2,
  loss: 1,
  trainAccuracy: 0.5,
  validAccuracy,
  learningRate: 0.1,
  seconds: 1,
});

const read = (folder: string, name: string) =>
  Deno.readTextFileSync(join(folder, `${name}.series.txt`));

Deno.test("each series is a file of index and value; steps count training, epochs validation", () => {
  const folder = join(Deno.makeTempDirSync({ prefix: "denas-" }), "new", "curves");
  const monitor = new Monitor(folder);
  for (const event of [step(10, 2.5), step(20, 2), epoch(1, 0.25), epoch(2)]) monitor.show(event);
  monitor.close();
  assertEquals(read(folder, "Training-loss"), "10 2.5\n20 2\n");
  assertEquals(read(folder, "Training-accuracy"), "10 0.5\n20 0.5\n");
  assertEquals(read(folder, "Validation-accuracy"), "1 0.25\n");
  assertEquals([...Deno.readDirSync(folder)].length, 3);
});

Deno.test("a new run begins its files anew; a resumed one replaces the points that it repeats", () => {
  const folder = Deno.makeTempDirSync({ prefix: "denas-" });
  Deno.writeTextFileSync(join(folder, "Training-loss.series.txt"), "999 1\n");
  const earlier = [step(10, 3), step(20, 2), step(30, 1)];
  const monitor = new Monitor(folder, earlier);
  monitor.show({ type: "resume", fromStep: 10 });
  monitor.show(step(20, 2.25));
  monitor.show(step(20, 2.5));
  monitor.close();
  assertEquals(read(folder, "Training-loss"), "10 3\n20 2.5\n");
});

Deno.test("the test accuracy is one figure, of the last epoch", () => {
  const folder = Deno.makeTempDirSync({ prefix: "denas-" });
  const monitor = new Monitor(folder);
  for (const event of [epoch(1, 0.25), epoch(2)]) monitor.show(event);
  const done = { type: "done", seconds: 1, queries: 1, trainedImages: 1, peakBytes: 0 } as const;
  monitor.show({ ...done, testAccuracy: 0.75 });
  monitor.close();
  assertEquals(read(folder, "Test-accuracy"), "2 0.75\n");
});

Deno.test("a search's policy and a retraining's look at the test images have a series of their own", () => {
  const folder = Deno.makeTempDirSync({ prefix: "denas-" });
  const monitor = new Monitor(folder);
  const events = [1, 2].map((n) => ({ ...epoch(n), policyAccuracy: n / 8, testAccuracy: n / 4 }));
  for (const event of events) monitor.show(event as RunEvent);
  monitor.close();
  assertEquals(read(folder, "Policy-accuracy"), "1 0.125\n2 0.25\n");
  assertEquals(read(folder, "Test-accuracy"), "1 0.25\n2 0.5\n");
});
