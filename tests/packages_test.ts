/** How deno.json makes Deno fetch packages, seen by a registry of two packages that are not on npm. */
import { assertEquals } from "@std/assert";
import { match as assertMatch } from "node:assert/strict";
import { join } from "@std/path";
import configuration from "../deno.json" with { type: "json" };

const packages: Record<string, Uint8Array<ArrayBuffer>> = {
  used: await tarball("used"),
  unused: await tarball("unused"),
};

async function tarball(name: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = Deno.makeTempDirSync({ prefix: "denas-" });
  Deno.mkdirSync(join(folder, "package"));
  const manifest = JSON.stringify({ name, version: "1.0.0", type: "module", main: "index.js" });
  Deno.writeTextFileSync(join(folder, "package/package.json"), manifest);
  Deno.writeTextFileSync(join(folder, "package/index.js"), `export default "${name}";`);
  const args = ["-czf", "-", "-C", folder, "package"];
  const { success, stdout } = await new Deno.Command("tar", { args }).output();
  if (!success) throw new Error("Cannot pack a package: tar failed");
  return stdout;
}

async function answer(request: Request): Promise<Response> {
  const { origin, pathname } = new URL(request.url);
  const name = pathname.slice(1).replace(/\.tgz$/, "");
  if (!(name in packages)) return new Response(null, { status: 404 });
  if (pathname.endsWith(".tgz")) return new Response(packages[name]);
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-512", packages[name]));
  const dist = { tarball: `${origin}/${name}.tgz`, integrity: `sha512-${sum.toBase64()}` };
  const version = { name, version: "1.0.0", dist };
  return Response.json({ name, "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } });
}

/** A folder with a program that imports one of the two packages, both of which its configuration names. */
class Project implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync({ prefix: "denas-" });
  /** Names of the packages whose files were fetched. */
  readonly fetched: string[] = [];
  readonly #registry = Deno.serve({ port: 0, onListen() {} }, (request) => {
    const name = /([^/]+)\.tgz$/.exec(request.url)?.[1];
    if (name) this.fetched.push(name);
    return answer(request);
  });

  constructor() {
    const imports = { used: "npm:used@1.0.0", unused: "npm:unused@1.0.0" };
    const { unstable, lock, nodeModulesDir, permissions } = configuration;
    const config = { unstable, lock, nodeModulesDir, permissions, imports };
    this.write("deno.json", JSON.stringify(config));
    this.write("deno.lock", emptyLock);
    this.write("cli.ts", `import name from "used"; console.log(name);`);
    this.write("test.ts", `import "used"; import "unused";`);
  }

  write(name: string, text: string): void {
    Deno.writeTextFileSync(join(this.path, name), text);
  }

  get lock(): string {
    return Deno.readTextFileSync(join(this.path, "deno.lock"));
  }

  /** Runs a file with an empty cache. */
  async run(file: string, ...flags: string[]) {
    this.fetched.length = 0;
    const given = ["-q", "-P=engine", "--minimum-dependency-age=0", ...flags];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", ...given, join(this.path, file)],
      env: {
        DENO_DIR: Deno.makeTempDirSync({ prefix: "denas-" }),
        NPM_CONFIG_REGISTRY: `http://127.0.0.1:${this.#registry.addr.port}/`,
      },
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: decode(stdout), stderr: decode(stderr) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#registry.shutdown();
    await Deno.remove(this.path, { recursive: true });
  }
}

const emptyLock = `{ "version": "5" }\n`;

Deno.test("a command fetches the packages that it imports, and none of the others in deno.lock", async () => {
  await using project = new Project();
  await project.run("test.ts", "--frozen=false");
  assertEquals(project.fetched.toSorted(), ["unused", "used"]);
  assertMatch(project.lock, /"unused@1\.0\.0"/);
  const { stdout, stderr } = await project.run("cli.ts");
  assertEquals(stdout, "used\n", stderr);
  assertEquals(project.fetched, ["used"]);
});

Deno.test("deno.lock is frozen: what it lacks is refused and not added", async () => {
  await using project = new Project();
  const { code, stderr } = await project.run("cli.ts");
  assertEquals(code, 1);
  assertMatch(stderr, /lockfile is out of date/);
  assertEquals(project.lock, emptyLock);
});
