/** Workers of a search on the server: listed, drained, in the metrics. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { RunFolder } from "../../src/run/folder.ts";
import { Journal } from "../../src/run/workers/journal.ts";
import { ProcessChannel } from "../../src/run/workers/processes.ts";
import { configOf, openingOf } from "../run/workers/opening.ts";
import { serve } from "./serving.ts";

interface Workers {
  workers: { id: string; state: string }[];
}

Deno.test("workers of a running search are listed, drained on request and counted in the metrics", async () => {
  await using served = await serve();
  const config = configOf();
  const { runs } = served;
  const folder = RunFolder.create({ runs, command: "search", mode: "nasbench201", config });
  const channel = new ProcessChannel(openingOf(config), 2);
  const journal = new Journal(folder.path, channel, () => {});
  const at = `/runs/${folder.name}/workers`;
  const list = () => served.json<Workers>(at);
  const until = async (holds: (list: Workers) => boolean) => {
    while (!holds(await list())) await new Promise((resolve) => setTimeout(resolve, 100));
  };
  try {
    await until(({ workers }) => workers.every(({ state }) => state === "idle"));
    const ask = (path: string) => served.send("POST", `${at}/${path}`);
    assertEquals((await ask("1/drain")).status, 202);
    await until(({ workers }) => workers[0].state === "ended" && workers[1].state === "idle");
    for (
      const [path, status] of [["3/drain", 409], ["..%2f1/drain", 400], ["1/kill", 400]] as const
    ) {
      const response = await ask(path);
      assertEquals(response.status, status, path);
      await response.body?.cancel();
    }
    const metrics = await (await served.get("/metrics")).text();
    assert(metrics.includes(`denas_workers{run="${folder.name}",state="idle"} 1`), metrics);
    assert(metrics.includes(`denas_worker_jobs_queued{run="${folder.name}"} 0`));
  } finally {
    await channel.close();
    journal.close();
    folder.update({ status: "done" });
    folder.close();
  }
  // A run that is over has no workers, whatever its file says.
  assert(Deno.readTextFileSync(join(folder.path, "workers.json")).includes('"ended"'));
  assertEquals((await list()).workers, []);
});
