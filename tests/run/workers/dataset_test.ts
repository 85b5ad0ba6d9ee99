/** Data sets on their way to other machines: by hash, whole, once. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Objm } from "@nats-io/obj";
import { join } from "@std/path";
import { connect } from "../../../src/run/workers/nats/connect.ts";
import { fetchDataset, offerDataset } from "../../../src/run/workers/nats/dataset.ts";
import { serversHere, startHere, workerSecret } from "./servers.ts";
import { writeIdx } from "../../data/make.ts";

const temp = () => Deno.makeTempDirSync({ prefix: "denas-data-" });

for (const { program, version } of await serversHere()) {
  Deno.test(`NATS ${version}: a worker fetches a data set that it lacks, or has with other content, once`, async () => {
    const server = await startHere(program);
    const coordinator = await connect({ url: server.url, secret: server.secret }, "coordinator");
    const worker = await connect({ url: server.url, secret: workerSecret(server) }, "worker");
    const [here, there, other] = [temp(), temp(), temp()];
    await writeIdx(here, 40, 10);
    const places = { cacheDir: temp(), dataDir: here, systemDir: temp() };
    const offered = (await offerDataset(coordinator, "fashion-mnist", places))!;
    const empty = { cacheDir: there, systemDir: temp() };
    const fetched = await fetchDataset(worker, offered, empty);
    const names = [...Deno.readDirSync(here)].map(({ name }) => name).sort();
    assert.equal(fetched.name, "fashion-mnist");
    assert.deepEqual([...Deno.readDirSync(fetched.dataDir!)].map(({ name }) => name).sort(), names);
    for (const name of names) {
      assert.deepEqual(
        Deno.readFileSync(join(fetched.dataDir!, name)),
        Deno.readFileSync(join(here, name)),
      );
    }
    // Not again, though the store has lost it.
    const gone = { ...offered };
    assert.deepEqual(await fetchDataset(worker, gone, empty), fetched);
    // A machine with the same content uses its own, one with other content does not.
    const same = { cacheDir: temp(), dataDir: here, systemDir: temp() };
    assert.deepEqual(await fetchDataset(worker, offered, same), {
      dataDir: here,
      name: "fashion-mnist",
    });
    await writeIdx(other, 41, 10);
    const foreign = { cacheDir: temp(), dataDir: other, systemDir: temp() };
    assert.notEqual((await fetchDataset(worker, offered, foreign)).dataDir, other);
    const missing = { name: "fashion-mnist", hash: "0".repeat(64) };
    await assert.rejects(
      fetchDataset(worker, missing, empty),
      /the coordinator's store has it no more/,
    );
    // Another content under a hash is not taken into the cache, which other searches use.
    const store = await new Objm(coordinator).open("denas_files");
    const files = [{ path: "a", bytes: 1, sha256: "0".repeat(64) }];
    for (const list of [files, []]) {
      const hash = createHash("sha256").update(JSON.stringify(files)).digest("hex");
      await store.put(
        { name: hash },
        ReadableStream.from([new TextEncoder().encode(`${JSON.stringify(list)}\nx`)]),
      );
      const forged = { name: "fashion-mnist", hash };
      await assert.rejects(fetchDataset(worker, forged, empty), /it has another content/);
    }
    await Promise.all([coordinator.close(), worker.close()]);
    await server.stop();
  });
}
