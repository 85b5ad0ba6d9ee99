/** Runs of the tab, here on a disk in memory: they stop, fail and go on as those of the command line, and change places. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../src/common/errors.ts";
import { readZip } from "../../src/common/zip.ts";
import type { LoggedEvent } from "../../src/nas/events.ts";
import { Gpu } from "../../src/gpu/device.ts";
import { type Disk, memoryDisk } from "../../src/tab/disk.ts";
import type { Notice } from "../../src/tab/notice.ts";
import { type SearchOrder, Service } from "../../src/tab/service.ts";
import { images, small } from "./small.ts";

const page = new URL("http://localhost/tab/");

/** A tab with its disk; `ended` resolves when it works on nothing any more. */
function tab(disk: Disk = memoryDisk()) {
  const events: LoggedEvent[] = [];
  const errors: string[] = [];
  let onEvent: (event: LoggedEvent) => void = () => {};
  let ended = Promise.withResolvers<void>();
  const service = new Service(disk, page, (notice: Notice) => {
    if (notice.notice === "event") {
      events.push(notice.event as LoggedEvent);
      onEvent(notice.event as LoggedEvent);
    } else if (notice.notice === "state") {
      if (notice.error) errors.push(notice.error);
      if (!service.busy) ended.resolve();
    }
  });
  return {
    disk,
    service,
    events,
    errors,
    on: (listener: (event: LoggedEvent) => void) => onEvent = listener,
    async whole() {
      await ended.promise;
      ended = Promise.withResolvers();
    },
  };
}

type Tab = ReturnType<typeof tab>;

async function start({ service }: Tab, seeds = [1]): Promise<string> {
  await service.madeUp(...images);
  return await service.search({ ...small, seeds });
}

/** A disk that refuses what `refuses` says as one that is full. */
const filling = (inner: Disk, refuses: (path: string) => boolean): Disk => ({
  ...inner,
  write: (path, bytes, previous) =>
    refuses(path)
      ? Promise.reject(new DataError(`Cannot write ${path}: the browser's storage is full`))
      : inner.write(path, bytes, previous),
});

/** What must be the same however often a run was interrupted. */
async function resultOf({ disk, events }: Tab, name: string) {
  const steps = new Map<number, number>();
  for (const event of events) if (event.type === "step") steps.set(event.step, event.loss);
  const text = async (file: string) =>
    new TextDecoder().decode((await disk.read(`runs/${name}/${file}`))!);
  const trials = (await text("trials.ndjson")).trim().split("\n").map((line) => {
    const { trial, score, choice } = JSON.parse(line);
    return { trial, score, choice };
  });
  return { arch: await text("arch.json"), trials, losses: [...steps] };
}

let left: Promise<Awaited<ReturnType<typeof resultOf>>> | undefined;

/** Result of a run that was left alone. */
const leftAlone = () =>
  left ??= (async () => {
    const one = tab();
    const name = await start(one);
    await one.whole();
    assertEquals(one.errors, []);
    const result = await resultOf(one, name);
    assertEquals(result.losses.length, 8);
    return result;
  })();

Deno.test("a run that is stopped and taken up by another worker ends as one that was left alone", async () => {
  const stopped = tab();
  const { service } = stopped;
  const name = await start(stopped, [1, 2]);
  const second = (await service.runs()).runs.find(({ id }) => id !== name)!.id;
  assertEquals([(await service.run(second)).state, (await service.run(second)).position], [
    "queued",
    1,
  ]);
  let begun = 0;
  stopped.on((event) => {
    if (event.type === "step" && event.step === 3) service.stop(name);
    // The run of the second seed begins when that of the first has ended.
    if (event.type === "start" && ++begun === 2) service.stop(second);
  });
  await stopped.whole();
  assertEquals(begun, 2);
  for (const run of [name, second]) {
    assertEquals((await service.run(run)).state, "interrupted");
  }
  // As after a reload: another worker finds the files.
  const again = tab(stopped.disk);
  again.events.push(...stopped.events);
  again.service.resume(name);
  await again.whole();
  assertEquals(again.errors, []);
  assertEquals(await resultOf(again, name), await leftAlone());
});

Deno.test("lost devices, a full disk and a damaged checkpoint change no result", async () => {
  const inner = memoryDisk();
  let full = false;
  const disk = filling(inner, (path) => full && path.includes("checkpoint"));
  const one = tab(disk);
  using devices = watchDevices();
  const name = await start(one);
  const losses = [3, 6];
  one.on((event) => {
    if (event.type === "step" && event.step === losses[0]) {
      losses.shift();
      devices.last!.device.destroy();
    }
    full ||= event.type === "step" && event.step === 7;
  });
  await one.whole();
  // Anew after the first loss, from the checkpoint of the first epoch after the second.
  assertEquals(devices.opened, 3);
  assert(one.events.some((event) => event.type === "resume"), "it did not go on by itself");
  assertEquals(one.errors.length, 1);
  assert(/storage is full/.test(one.errors[0]), one.errors[0]);
  assertEquals((await one.service.run(name)).state, "failed");

  full = false;
  one.on(() => {});
  const path = `runs/${name}/checkpoint/checkpoint.safetensors`;
  const bytes = (await disk.read(path))!;
  bytes[bytes.length >> 1] ^= 1;
  await disk.write(path, bytes);
  one.service.resume(name);
  await one.whole();
  assertEquals(one.errors.length, 1);
  const warned = one.events.filter((event) => event.type === "warn").map(({ message }) => message);
  assert(warned.some((message) => /damaged/.test(message)), String(warned));
  assertEquals(await resultOf(one, name), await leftAlone());
});

/** Keeps hold of the devices that are opened, to take them away. */
function watchDevices() {
  const open = Gpu.open;
  const watch = {
    last: null as Gpu | null,
    opened: 0,
    [Symbol.dispose]() {
      Gpu.open = open;
    },
  };
  Gpu.open = async (options) => {
    watch.opened++;
    return watch.last = await open(options);
  };
  return watch;
}

Deno.test("a device that is lost thrice ends the run in words", async () => {
  const one = tab();
  using devices = watchDevices();
  const name = await start(one);
  one.on((event) => event.type === "step" && devices.last!.device.destroy());
  await one.whole();
  assertEquals([devices.opened, one.errors.length], [3, 1]);
  assert(/device was lost/.test(one.errors[0]), one.errors[0]);
  assertEquals((await one.service.run(name)).state, "failed");
});

Deno.test("a run goes from the tab to the command line and back, its pictures with it", async () => {
  const one = tab();
  const expected = await leftAlone();
  const name = await start(one);
  one.on((event) => event.type === "step" && event.step === 3 && one.service.stop(name));
  await one.whole();
  const folder = Deno.makeTempDirSync({ prefix: "denas-tab-" });
  try {
    const archive = await one.service.exportRun(name);
    for (const entry of await readZip(archive, "run.zip")) {
      const path = join(folder, entry.path);
      Deno.mkdirSync(join(path, ".."), { recursive: true });
      Deno.writeFileSync(path, await entry.read());
    }
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "-A", "--no-check", "cli.ts", "resume", join(folder, name)],
        ...["--out", join(folder, "arch.json"), "--wait"],
      ],
      cwd: new URL("../../", import.meta.url),
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    assertEquals(Deno.readTextFileSync(join(folder, "arch.json")), expected.arch);

    // Back again: the folder that the command line has finished.
    const files = [];
    for (const path of filesBelow(join(folder, name))) {
      files.push({
        path: `${name}/${path}`,
        file: new Blob([Deno.readFileSync(join(folder, name, path))]),
      });
    }
    const other = tab();
    assertEquals(await other.service.importRun(files), name);
    const { runs } = await other.service.runs();
    assertEquals(runs.map(({ id, state }) => [id, state]), [[name, "done"]]);
    const { trials } = await resultOf(other, name);
    assertEquals(trials, expected.trials);
    assert((await other.service.drawing(name, null)).startsWith("<?xml"));
    // The same name is taken now.
    assertEquals(await other.service.importRun(files), `${name}.2`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

function filesBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesBelow(join(folder, name)).map((path) => `${name}/${path}`) : [name]
  );
}

Deno.test("what cannot be taken up or started is refused in words, and nothing is lost", async () => {
  const one = tab();
  const { service } = one;
  const search = (more: Partial<SearchOrder>) => () =>
    service.search({ ...small, seeds: [1], ...more });
  await assertRejects(search({}), /Cannot search: there are no images yet/);
  await service.madeUp(...images);
  await assertRejects(search({ overrides: { epochs: -1 } }), /epochs/);
  await assertRejects(search({ seeds: [] }), /expected 1 … 20/);
  await assertRejects(search({ seeds: [1, NaN] }), /seed/);
  const file = new Blob(["{}"]);
  await assertRejects(() => service.importRun([{ path: "a/b.json", file }]), /no state\.json/);
  const damaged = ["state.json", "config.json"].map((name) => ({ path: `run/${name}`, file }));
  await assertRejects(() => service.importRun(damaged), /not what denas writes/);
  assertEquals(await one.service.runs(), { runs: [], total: 0, problems: [] });
});

Deno.test("where storage fills while the runs of several seeds are made, none begins and none is left", async () => {
  const inner = memoryDisk();
  let left = 12; // A run begins with nine files.
  const { service } = tab(filling(inner, () => --left < 0));
  await service.madeUp(...images);
  await assertRejects(
    () => service.search({ ...small, seeds: [1, 2, 3] }),
    /Cannot start 3 searches, none has begun: Cannot write runs\/.*storage is full/,
  );
  assertEquals(await service.runs(), { runs: [], total: 0, problems: [] });
  assertEquals(await inner.list("runs"), []);
  assertEquals(service.busy, false);
});
