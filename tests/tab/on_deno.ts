/** The search of the page's test, here: in a process of its own, which can be given the browser's driver. */
import { memoryDisk } from "../../src/tab/disk.ts";
import { Service } from "../../src/tab/service.ts";
import { adapterOf, inTab, type Outcome } from "./small.ts";

const disk = memoryDisk();
const ended = Promise.withResolvers<void>();
const losses = new Map<number, number>();
let adapter = "";
const service = new Service(disk, new URL("http://localhost/tab/"), (notice) => {
  if (notice.notice === "event") {
    const event = notice.event as { type: string; step: number; loss: number };
    if (event.type === "step") losses.set(event.step, event.loss);
    adapter ||= adapterOf(event);
  } else if (notice.notice === "state" && !service.busy) {
    if (notice.error) ended.reject(new Error(notice.error));
    else ended.resolve();
  }
});
await service.madeUp(16, 1, 256);
const name = await service.search({ ...inTab, seeds: [1] });
await ended.promise;
const text = async (file: string) =>
  new TextDecoder().decode((await disk.read(`runs/${name}/${file}`))!);
const outcome: Outcome = {
  adapter,
  losses: [...losses],
  arch: await text("arch.json"),
  trials: (await text("trials.ndjson")).trim().split("\n").map((line) => {
    const { trial, choice, score } = JSON.parse(line);
    return { trial, choice, score };
  }),
};
console.log(JSON.stringify(outcome));
