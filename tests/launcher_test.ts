import { assert, assertEquals } from "@std/assert";
import { match as assertMatch } from "node:assert/strict";
import { dirname, join } from "@std/path";
import configuration from "../deno.json" with { type: "json" };

const root = join(import.meta.dirname!, "..");

/** All programs that the launcher may call; the tests' PATH has these, stand-ins and nothing else. */
const tools =
  "awk cat chmod cksum cut dirname env getent grep head id install mkdir mv readlink rm sed sh tail uname"
    .split(" ");

/** A stand-in that answers like apt-get, keeps a list of its calls, and "installs" empty files. */
const aptGet = `#!/bin/sh
echo "apt-get $*" >> "$SANDBOX/calls"
case " $* " in
  *" update "*) [ -z "\${UPDATE_FAILS:-}" ] || { echo "E: no Release file"; exit 100; } ;;
  *mesa-vulkan-drivers*)
    mkdir -p "$DENAS_SYSROOT/usr/share/vulkan/icd.d" "$DENAS_SYSROOT/usr/lib"
    : > "$DENAS_SYSROOT/usr/share/vulkan/icd.d/lvp_icd.json"; : > "$DENAS_SYSROOT/usr/lib/libvulkan.so.1" ;;
esac`;

const aptCache = `#!/bin/sh
case $1 in
  policy) echo "  Candidate: 1.0" ;;
  madison)
    echo " mesa-vulkan-drivers | 22.3.6-1+deb12u2 | http://mirror.example/debian bookworm/main amd64 Packages"
    if [ -n "\${BACKPORTS:-}" ] && grep -rqs bookworm-backports "$DENAS_SYSROOT/etc/apt"; then
      echo " mesa-vulkan-drivers | $BACKPORTS | http://mirror.example/debian bookworm-backports/main amd64 Packages"
    fi ;;
esac`;

const cli = `
if (Deno.args[0] === "wait") {
  Deno.addSignalListener("SIGINT", () => Deno.exit(42));
  console.log(Deno.pid);
  setInterval(() => {}, 1000);
} else {
  const names = ["INIT_CWD", "XDG_RUNTIME_DIR", "DENAS_COMMAND", "NPM_CONFIG_REGISTRY", "DENAS_NOHUP"];
  const env = Object.fromEntries(names.map((name) => [name, Deno.env.get(name)]));
  const asked = [
    ...["read", "write", "env", "net", "run", "ffi", "sys"].map((name) => ({ name })),
    { name: "net", host: "www.cs.toronto.edu" },
    { name: "run", command: "ffmpeg" },
  ];
  const may = asked.filter((one) => Deno.permissions.querySync(one).state === "granted")
    .map(({ name, host = "", command = "" }) => name + host + command).join(" ");
  console.log(JSON.stringify({ args: Deno.args, cwd: Deno.cwd(), deno: Deno.execPath(), env, may }));
  Deno.exit(Deno.args[0] === "exit" ? Number(Deno.args[1]) : 0);
}`;

/** Those of the tree, except for two that would take long. */
const tasks = {
  ...configuration.tasks,
  ok: "echo tests ran in $PWD && exit 5",
  bench: "echo bench ran in $PWD with",
};

const deb822 = `Types: deb
# a comment with a bookworm in it
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
`;

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** A small machine in a folder: a tree with the launcher, a home, a system root and a PATH. */
class Sandbox implements AsyncDisposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "denas-launcher-" }));
  readonly env: Record<string, string> = {
    HOME: join(this.path, "home"),
    PATH: join(this.path, "bin"),
    SANDBOX: this.path,
    DENAS_SYSROOT: join(this.path, "system"),
    NO_COLOR: "1",
  };

  /** With Deno on PATH, as root, on a Debian 12 without driver and data. */
  constructor() {
    for (const folder of ["bin", "home", "tree", "away"]) Deno.mkdirSync(join(this.path, folder));
    for (const tool of tools) {
      const real = ["/usr/bin", "/bin"].map((dir) => join(dir, tool)).find(exists);
      assert(real, `${tool} not found`);
      Deno.symlinkSync(real, join(this.path, "bin", tool));
    }
    Deno.symlinkSync(Deno.execPath(), join(this.path, "bin", "deno"));
    this.stub("id", "#!/bin/sh\necho 0");
    this.stub("apt-get", aptGet);
    this.stub("apt-cache", aptCache);
    this.write("system/etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
    this.write("tree/cli.ts", cli);
    this.write("tree/server.ts", `Deno.args.unshift("serve"); await import("./cli.ts");`);
    this.write("tree/deno.lock", `{ "version": "5" }`);
    this.write("tree/deno.json", JSON.stringify({ tasks, permissions: configuration.permissions }));
    Deno.copyFileSync(join(root, "denas"), join(this.path, "tree/denas"));
  }

  write(file: string, text: string): void {
    Deno.mkdirSync(join(this.path, dirname(file)), { recursive: true });
    Deno.writeTextFileSync(join(this.path, file), text);
  }

  read(file: string): string {
    return exists(join(this.path, file)) ? Deno.readTextFileSync(join(this.path, file)) : "";
  }

  stub(name: string, script: string): void {
    const file = join(this.path, "bin", name);
    if (exists(file)) Deno.removeSync(file);
    Deno.writeTextFileSync(file, script, { mode: 0o755 });
  }

  addDriver(): void {
    this.write("system/usr/share/vulkan/icd.d/lvp_icd.json", "{}");
    this.write("system/usr/lib/x86_64-linux-gnu/libvulkan.so.1", "");
  }

  addBrowser(): void {
    this.write("system/usr/bin/chromium", "");
  }

  addServer(): void {
    this.write("system/usr/sbin/nats-server", "");
  }

  addData(): void {
    this.write("system/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz", "");
  }

  command(launcher: string, args: string[], env: Record<string, string> = {}): Deno.Command {
    return new Deno.Command(launcher, {
      args,
      cwd: join(this.path, "away"),
      clearEnv: true,
      env: { ...this.env, ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  async run(args: string[], env: Record<string, string> = {}): Promise<Result> {
    const output = await this.command(join(this.path, "tree/denas"), args, env).output();
    return {
      code: output.code,
      stdout: new TextDecoder().decode(output.stdout),
      stderr: new TextDecoder().decode(output.stderr),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.path, { recursive: true });
  }
}

function exists(path: string): boolean {
  return Deno.lstatSync(dirname(path)).isDirectory &&
    [...Deno.readDirSync(dirname(path))].some((entry) => join(dirname(path), entry.name) === path);
}

function test(name: string, fn: (box: Sandbox) => Promise<void>): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux", // elsewhere the launcher installs nothing but Deno
    async fn() {
      await using box = new Sandbox();
      await fn(box);
    },
  });
}

test("with Deno, driver and data there, the launcher adds no output and passes all through", async (box) => {
  box.addDriver();
  box.addData();
  const result = await box.run(["search", "--mode", "micro", "two words"]);
  assertEquals(result.code, 0);
  assertEquals(result.stderr, "");
  const seen = JSON.parse(result.stdout);
  assertEquals(seen.args, ["search", "--mode", "micro", "two words"]);
  assertEquals(seen.cwd, join(box.path, "away"));
  assertEquals(seen.env.INIT_CWD, join(box.path, "away"));
  assertEquals(seen.env.DENAS_COMMAND, join(box.path, "tree/denas"));
  assertEquals(box.read("calls"), "");
  assertEquals((await box.run(["exit", "130"])).code, 130);
});

test("it works through a chain of symlinks, one of them relative", async (box) => {
  Deno.symlinkSync("../tree/denas", join(box.path, "home/denas"));
  Deno.symlinkSync(join(box.path, "home/denas"), join(box.path, "away/d"));
  const output = await box.command("./d", ["exit", "7"]).output();
  assertEquals(output.code, 7, new TextDecoder().decode(output.stderr));
});

test("the process is Deno itself, so a signal reaches it and its exit code comes back", async (box) => {
  const child = box.command(join(box.path, "tree/denas"), ["wait"]).spawn();
  const reader = child.stdout.getReader();
  const pid = Number(new TextDecoder().decode((await reader.read()).value));
  assertEquals(pid, child.pid);
  child.kill("SIGINT");
  assertEquals((await child.status).code, 42);
  await reader.cancel();
  await child.stderr.cancel();
});

test("software Vulkan gets a private runtime folder, and a given one stays", async (box) => {
  const made = JSON.parse((await box.run(["help"])).stdout).env.XDG_RUNTIME_DIR;
  assertEquals((Deno.statSync(made).mode ?? 0) & 0o777, 0o700);
  const given = JSON.parse((await box.run(["help"], { XDG_RUNTIME_DIR: "/run/me" })).stdout);
  assertEquals(given.env.XDG_RUNTIME_DIR, "/run/me");
});

test("denas is told when it was started to outlive its terminal", async (box) => {
  assertEquals(JSON.parse((await box.run(["help"])).stdout).env.DENAS_NOHUP, undefined);
  box.stub("kept", `#!/bin/sh\ntrap "" HUP\nexec ${join(box.path, "tree/denas")} "$@"`);
  const { stdout } = await box.command(join(box.path, "bin/kept"), ["help"]).output();
  assertEquals(JSON.parse(new TextDecoder().decode(stdout)).env.DENAS_NOHUP, "1");
});

test("the registry of npm's environment is Deno's too", async (box) => {
  const result = await box.run(["help"], { npm_config_registry: "http://registry.example/" });
  assertEquals(JSON.parse(result.stdout).env.NPM_CONFIG_REGISTRY, "http://registry.example/");
});

test("a Deno that is too old is named and passed over", async (box) => {
  Deno.mkdirSync(join(box.path, "home/.deno/bin"), { recursive: true });
  Deno.symlinkSync(Deno.execPath(), join(box.path, "home/.deno/bin/deno"));
  box.stub("deno", "#!/bin/sh\necho 2.8.3 /usr/bin/deno");
  const result = await box.run(["help"]);
  assertEquals(result.code, 0);
  assertMatch(result.stderr, /bin\/deno is Deno 2\.8\.3; denas needs 2\.9 or newer/);
});

test("without Deno and npm one sentence says what to type", async (box) => {
  Deno.removeSync(join(box.path, "bin/deno"));
  const result = await box.run(["help"]);
  assertEquals(result.code, 1);
  assertMatch(
    result.stderr,
    /Cannot install Deno: npm was not found; type 'apt-get install nodejs npm'/,
  );
});

test("without Deno npm brings the native binary, once", async (box) => {
  Deno.removeSync(join(box.path, "bin/deno"));
  const path = { PATH: `${box.env.PATH}:${await nodeFolder()}`, ...npmEnvironment() };
  const first = await box.run(["exit", "9"], path);
  assertEquals(first.code, 9, first.stderr);
  assertMatch(first.stderr, /^denas: this command needs what this machine does not have yet:\n/);
  assertMatch(first.stderr, /npm package deno@2\.9\.6 into /);
  const installed = JSON.parse(first.stdout).deno;
  assertMatch(installed, /home\/\.cache\/denas\/deno-2\.9\.6\/node_modules\/@deno\/[^/]+\/deno$/);
  const second = await box.run(["help"], path);
  assertEquals([second.code, second.stderr], [0, ""]);
  assertEquals([...Deno.readDirSync(join(box.path, "home/.cache/denas"))].length, 4); // deno, log, packages, runtime
});

/** A folder with npm and node but no Deno in it. */
async function nodeFolder(): Promise<string> {
  const found = await new Deno.Command("sh", { args: ["-c", "command -v npm && command -v node"] })
    .output();
  assert(found.success, "npm and node not found: apt-get install nodejs npm");
  const [npm, node] = new TextDecoder().decode(found.stdout).trim().split("\n");
  const folder = Deno.makeTempDirSync({ prefix: "denas-node-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  Deno.symlinkSync(npm, join(folder, "npm"));
  Deno.symlinkSync(node, join(folder, "node"));
  return folder;
}

/** Environment that npm needs to reach its registry; its cache saves the download. */
function npmEnvironment(): Record<string, string> {
  const home = Deno.env.get("HOME") ?? "";
  const env: Record<string, string> = {
    npm_config_cache: join(home, ".npm"),
    npm_config_prefer_offline: "true",
    npm_config_userconfig: join(home, ".npmrc"),
  };
  for (const [name, value] of Object.entries(Deno.env.toObject())) {
    if (/^(npm_config_.*|https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_file)$/i.test(name)) {
      env[name] = value;
    }
  }
  return env;
}

test("on Debian 12 Mesa 25 comes from backports, with the machine's own mirror and keys", async (box) => {
  box.write("system/etc/apt/sources.list.d/debian.sources", deb822);
  const result = await box.run(["search"], { BACKPORTS: "25.0.7-2~bpo12+1" });
  assertEquals(result.code, 0, result.stderr);
  assertEquals(
    box.read("system/etc/apt/sources.list.d/denas-backports.sources"),
    "Types: deb\nSuites: bookworm-backports\nComponents: main\nURIs: http://mirror.example/debian\n" +
      "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n",
  );
  const calls = box.read("calls").trim().split("\n");
  assertEquals(calls.length, 3, calls.join("\n"));
  assertMatch(calls[0], / update .*sourcelist=.*denas-backports\.sources/);
  assertMatch(
    calls[1],
    / install --no-install-recommends -t bookworm-backports mesa-vulkan-drivers libvulkan1$/,
  );
  assertMatch(calls[2], / install --no-install-recommends dataset-fashion-mnist$/);
  assertMatch(result.stderr, /installing Mesa 25\.0\.7-2~bpo12\+1 from bookworm-backports/);
});

test("one-line apt sources serve as the model too", async (box) => {
  box.write(
    "system/etc/apt/sources.list",
    "# deb http://old.example/debian bookworm main\n" +
      "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib\n",
  );
  const result = await box.run(["doctor"], { BACKPORTS: "25.0.7-2~bpo12+1" });
  assertEquals(result.code, 0, result.stderr);
  assertEquals(
    box.read("system/etc/apt/sources.list.d/denas-backports.list"),
    "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-backports main\n",
  );
});

test("where backports fail, the source goes away again and Debian's own Mesa comes, loudly", async (box) => {
  box.write("system/etc/apt/sources.list.d/debian.sources", deb822);
  const failures: Record<string, string>[] = [{ UPDATE_FAILS: "1" }, { BACKPORTS: "24.1.0-1" }];
  for (const env of failures) {
    box.write("calls", "");
    const result = await box.run(["doctor"], env);
    assertEquals(result.code, 0, result.stderr);
    assertMatch(
      result.stderr,
      /WARNING: no Mesa 25 from bookworm-backports; taking Debian 12's own/,
    );
    assertMatch(
      box.read("calls"),
      /install --no-install-recommends mesa-vulkan-drivers libvulkan1\n$/,
    );
    assertEquals(box.read("system/etc/apt/sources.list.d/denas-backports.sources"), "");
    Deno.removeSync(join(box.path, "system/usr"), { recursive: true });
  }
});

test("elsewhere the distribution's own Mesa is taken without a word about backports", async (box) => {
  box.write("system/etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n");
  const result = await box.run(["doctor"]);
  assertEquals(result.code, 0, result.stderr);
  assert(!result.stderr.includes("backports"), result.stderr);
  assertMatch(
    box.read("calls"),
    /install --no-install-recommends mesa-vulkan-drivers libvulkan1\n$/,
  );
});

test("only the commands that compute get a driver, only those on Fashion-MNIST get it", async (box) => {
  box.write("system/etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n");
  box.write("away/cifar.json", `{ "data": "cifar10" }`);
  box.write("away/mine/FashionMNIST/raw/train-images-idx3-ubyte", "");
  const rows: [string[], string][] = [
    [[], ""],
    [["--help"], ""],
    [["search", "--help"], ""],
    [["search", "--print-config"], ""],
    [["describe", "arch.json"], ""],
    [["runs"], ""],
    [["table", "info", "t.csv"], ""],
    [["search", "--table", "t.csv", "--seed", "2"], ""],
    [["search", "--table=t.csv", "--mode", "micro", "--strategy", "enas"], "driver"],
    [["doctor"], "driver"],
    [["search", "--mode", "micro"], "driver data"],
    [["search", "--preset", "quick", "--data", "fashion-mnist"], "driver data"],
    [["search", "--preset", "paper"], "driver"],
    [["search", "--preset=paper", "--data=fashion-mnist"], "driver data"],
    [["search", "--data", "mnist"], "driver"],
    [["retrain", "--data=/pictures", "arch.json"], "driver"],
    [["resume", "runs/1"], "driver data"],
    [["predict", "runs/1", "cat.jpg"], "driver"],
    [["export", "runs/1", "--onnx", "a.onnx"], ""],
    [["search", "--config", "cifar.json"], "driver"],
    [["search", "--data-dir", "mine"], "driver"],
    [["search", "--data-dir", "other"], "driver data"],
    [["serve"], "driver data"],
    [["test"], "driver data browser server"],
    [["work", "nats://a:1"], "driver"],
    [["search", "--listen"], "driver data server"],
    [["bench"], "driver"],
  ];
  for (const [args, expected] of rows) {
    box.write("calls", "");
    await box.run(args);
    const calls = box.read("calls");
    const got = [
      calls.includes("mesa") && "driver",
      calls.includes("dataset") && "data",
      calls.includes("chromium") && "browser",
      calls.includes("nats-server") && "server",
    ];
    assertEquals(got.filter(Boolean).join(" "), expected, args.join(" "));
    if (calls.includes("mesa")) Deno.removeSync(join(box.path, "system/usr"), { recursive: true });
  }
});

test("a data set that apt cannot bring is the program's matter, said aloud", async (box) => {
  box.addDriver();
  box.stub("apt-get", "#!/bin/sh\necho 'E: no such package'; exit 100");
  const result = await box.run(["search"]);
  assertEquals(result.code, 0);
  assertMatch(result.stderr, /\| E: no such package\n/);
  assertMatch(
    result.stderr,
    /WARNING: no dataset-fashion-mnist from apt-get; denas will look elsewhere/,
  );
});

test("a driver that apt cannot bring ends the run with 3 and the log's tail", async (box) => {
  box.write("system/etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n");
  box.stub("apt-get", "#!/bin/sh\necho 'E: unmet dependencies'; exit 100");
  const result = await box.run(["doctor"]);
  assertEquals([result.code, result.stdout], [3, ""]);
  assertMatch(
    result.stderr,
    /\| E: unmet dependencies\n[^]*Cannot install a Vulkan driver: apt-get failed; type: /,
  );
});

test("neither root nor sudo: what to type as root, and nothing installed", async (box) => {
  box.stub("id", "#!/bin/sh\necho 1000");
  const result = await box.run(["search"]);
  assertEquals([result.code, result.stdout, box.read("calls")], [3, "", ""]);
  assertMatch(
    result.stderr,
    /Cannot install a Vulkan driver: neither root nor sudo; as root type: apt-get install -y --no-install-recommends mesa-vulkan-drivers libvulkan1 dataset-fashion-mnist\n$/,
  );
  box.addDriver();
  const withDriver = await box.run(["search"]);
  assertEquals([withDriver.code, withDriver.stderr], [0, ""]); // the images are denas's own matter
});

test("not root, sudo does it without asking for a password nobody could type", async (box) => {
  box.addDriver();
  box.stub("id", "#!/bin/sh\necho 1000");
  box.stub("sudo", '#!/bin/sh\n[ "$1" = -n ] && shift && exec "$@"');
  const result = await box.run(["search"]);
  assertEquals(result.code, 0, result.stderr);
  assertMatch(box.read("calls"), /dataset-fashion-mnist/);
});

test("VK_DRIVER_FILES that names nothing is an error, one that names a driver is enough", async (box) => {
  box.write("system/usr/lib/libvulkan.so.1", "");
  const nothing = await box.run(["doctor"], { VK_DRIVER_FILES: "/none/a.json:/none/b.json" });
  assertEquals(nothing.code, 3);
  assertMatch(
    nothing.stderr,
    /VK_DRIVER_FILES names: \/none\/a\.json:\/none\/b\.json does not exist/,
  );
  box.write("mine.json", "{}");
  const mine = `/none/a.json:${join(box.path, "mine.json")}`;
  const found = await box.run(["doctor"], { VK_DRIVER_FILES: mine });
  assertEquals([found.code, found.stderr], [0, ""]);
});

test("a person at the terminal is asked, and no means nothing is installed", async (box) => {
  box.addDriver();
  const terminal = async (answer: string, env: Record<string, string> = {}) => {
    box.write("calls", "");
    const child = new Deno.Command("/usr/bin/script", {
      args: ["-qec", `${join(box.path, "tree/denas")} search`, "/dev/null"],
      clearEnv: true,
      env: { ...box.env, ...env, SHELL: "/bin/sh" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(answer));
    await writer.close();
    const { code, stdout } = await child.output();
    return { code, text: new TextDecoder().decode(stdout), calls: box.read("calls") };
  };
  const no = await terminal("n\n");
  assertEquals([no.code, no.calls], [1, ""], no.text);
  assertMatch(no.text, /install it now\? \[y\/N\] [^]*Nothing was installed\./);
  const yes = await terminal("y\n");
  assertEquals(yes.code, 0, yes.text);
  assertMatch(yes.calls, /dataset-fashion-mnist/);
  const unasked = await terminal("", { DENAS_YES: "1" });
  assertEquals(unasked.code, 0, unasked.text);
  assert(!unasked.text.includes("[y/N]"), unasked.text);
});

test("test runs deno task ok in the root and takes no arguments", async (box) => {
  box.addDriver();
  box.addData();
  box.addBrowser();
  box.addServer();
  const result = await box.run(["test"]);
  assertEquals([result.code, box.read("calls")], [5, ""]);
  assertMatch(result.stdout, new RegExp(`^tests ran in ${box.path}/tree\n`));
  const misused = await box.run(["test", "gpu"]);
  assertEquals(misused.code, 2);
  assertMatch(misused.stderr, /Cannot run the tests with gpu: .\/denas test takes no arguments/);
});

test(".ci/run ends with the sum of the results and fails when a test or all of them are missing", async (box) => {
  Deno.mkdirSync(join(box.path, "tree/.ci"));
  Deno.copyFileSync(join(root, ".ci/run"), join(box.path, "tree/.ci/run"));
  const lines = (text: string, code: number) =>
    box.write("tree/denas", `#!/bin/sh\ncat <<'END'\n${text}\nEND\nexit ${code}\n`);
  const rows: [string, number, string, number][] = [
    [
      "ok | 12 passed (3 steps) | 0 failed (3s)\nok | 5 passed | 0 failed | 2 ignored (1s)",
      0,
      "17 passed, 0 failed",
      0,
    ],
    ["FAILED | 3 passed | 2 failed (1s)", 1, "3 passed, 2 failed", 1],
    ["x ... ok\nerror: lint", 1, "0 passed, 0 failed", 1],
    ["nothing ran", 0, "0 passed, 0 failed", 1],
  ];
  for (const [text, exit, last, code] of rows) {
    lines(text, exit);
    const output = await new Deno.Command("bash", { args: [join(box.path, "tree/.ci/run")] })
      .output();
    assertEquals(new TextDecoder().decode(output.stdout).trim().split("\n").at(-1), last);
    assertEquals(output.code, code, text);
  }
});

test("bench runs deno task bench in the root, with its arguments", async (box) => {
  box.addDriver();
  const result = await box.run(["bench", "--rounds", "2"]);
  assertEquals(result.code, 0, result.stderr);
  assertEquals(result.stdout, `bench ran in ${join(box.path, "tree")} with --rounds 2\n`);
});

test("no command but servers may start programs, by the launcher as by deno task", async (box) => {
  box.addDriver();
  box.addData();
  box.stub("ffmpeg", "#!/bin/sh");
  const engine = "read write env netwww.cs.toronto.edu";
  const all = "read write env net run ffi sys netwww.cs.toronto.edu runffmpeg";
  const rows: [string[], string][] = [
    [["search"], engine],
    [["retrain"], engine],
    [["resume"], engine],
    [["predict"], engine],
    [["animate"], `${engine} runffmpeg`],
    [["serve"], all],
  ];
  for (const [args, expected] of rows) {
    const launched = await box.run(args);
    assertEquals(launched.stderr, "");
    assertEquals(JSON.parse(launched.stdout).may, expected, args[0]);
    const command = box.command("deno", ["task", "-q", "--cwd", join(box.path, "tree"), ...args]);
    const { stdout } = await command.output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)).may, expected, `task ${args[0]}`);
  }
  for (
    const args of [["search", "--serve"], ["search", "--workers", "2"], ["work", "nats://a:1"]]
  ) {
    assertEquals(JSON.parse((await box.run(args)).stdout).may, all, args.join(" "));
  }
});

Deno.test("all tasks of denas run without questions, with the permissions of the engine", () => {
  const own = ["serve", "bench", "fmt", "lint", "check", "test", "ok"];
  for (const [name, task] of Object.entries(configuration.tasks)) {
    if (own.includes(name) || typeof task === "string") continue;
    const programs: Record<string, string> = { animate: "ffmpeg", page: "deno" };
    const program = name in programs ? `--allow-run=${programs[name]} ` : "";
    assertEquals(task.command, `deno run -q -P=engine ${program}--no-prompt cli.ts ${name}`);
  }
});

test("DENAS_YES=0 installs nothing, and other answers are refused", async (box) => {
  const refused = await box.run(["doctor"], { DENAS_YES: "0" });
  assertEquals([refused.code, refused.stdout, box.read("calls")], [1, "", ""]);
  assertMatch(refused.stderr, /Nothing was installed, since DENAS_YES is 0\.\n$/);
  assertEquals((await box.run(["runs"], { DENAS_YES: "0" })).code, 0); // Nothing is missing.
  const unknown = await box.run(["runs"], { DENAS_YES: "maybe" });
  assertEquals(unknown.code, 2);
  assertMatch(unknown.stderr, /Cannot use DENAS_YES=maybe: expected 1 .* or 0 /);
});

/** A stand-in for Deno whose cache lacks packages until they were fetched. */
const denoWithoutPackages = `#!/bin/sh
echo "deno $1" >> "$SANDBOX/calls"
case "$*" in
  eval*) echo 2.9.6 "$0" ;;
  *--cached-only*) [ -e "$SANDBOX/fetched" ] ;;
  cache*)
    echo "Download http://registry.example/zod"
    [ -z "\${FETCH_FAILS:-}" ] || exit 1
    mkdir -p "$HOME/.cache/deno" && : > "$SANDBOX/fetched" ;;
  *) echo "deno $*" ;;
esac`;

test("packages are fetched with one line, once for each deno.lock", async (box) => {
  box.stub("deno", denoWithoutPackages);
  const refused = await box.run(["runs"], { DENAS_YES: "0" });
  assertEquals([refused.code, refused.stdout], [1, ""]);
  assertMatch(refused.stderr, /Cannot start denas: its npm packages are not in .*DENAS_YES=0/);
  const failed = await box.run(["runs"], { FETCH_FAILS: "1" });
  assertEquals([failed.code, failed.stdout], [1, ""]);
  assertMatch(failed.stderr, /\| Download http[^]*Cannot fetch npm packages: deno cache failed/);
  const first = await box.run(["runs"]);
  assertEquals(first.code, 0, first.stderr);
  assertMatch(first.stderr, /^denas: fetching the npm packages that denas uses .*\n$/);
  box.write("calls", "");
  assertEquals((await box.run(["runs"])).stderr, "");
  assertEquals(box.read("calls"), "deno eval\ndeno run\n");
  Deno.removeSync(join(box.path, "fetched"));
  box.write("tree/deno.lock", `{ "version": "5", "npm": {} }`);
  assertMatch((await box.run(["runs"])).stderr, /^denas: fetching /);
});
