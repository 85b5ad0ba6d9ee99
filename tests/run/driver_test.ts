import { assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { driverVersion } from "../../src/run/driver.ts";

const mesa = "llvmpipe (LLVM 19.1.7, 256 bits)";

/** A system's root with these files. */
function system(files: Record<string, string>): string {
  const root = Deno.makeTempDirSync({ prefix: "denas-" });
  for (const [path, text] of Object.entries(files)) {
    Deno.mkdirSync(join(root, dirname(path)), { recursive: true });
    Deno.writeTextFileSync(join(root, path), text);
  }
  return root;
}

function test(name: string, fn: () => void): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}

const entry = (name: string, status: string, version: string) =>
  `Package: ${name}\nStatus: ${status}\nVersion: ${version}\n`;

test("on Debian the package of Mesa tells the version, unless it was removed", () => {
  const others = entry("mesa-vulkan-drivers-extra", "install ok installed", "1.0");
  const list = (status: string) =>
    system({
      "var/lib/dpkg/status": [others, entry("mesa-vulkan-drivers", status, "25.0.7-2")].join("\n"),
    });
  assertEquals(driverVersion(mesa, list("install ok installed")), "Mesa 25.0.7-2");
  assertEquals(driverVersion(mesa, list("deinstall ok config-files")), null);
});

test("elsewhere the name of Mesa's library tells it", () => {
  assertEquals(
    driverVersion(mesa, system({ "usr/lib64/libgallium-25.1.4.so": "" })),
    "Mesa 25.1.4",
  );
});

test("NVIDIA's own driver is told by its library, and only of NVIDIA's adapters", () => {
  const root = system({
    [`usr/lib/${Deno.build.arch}-linux-gnu/libGLX_nvidia.so.570.86.15`]: "",
    [`usr/lib/${Deno.build.arch}-linux-gnu/libGLX_nvidia.so.0`]: "",
    "usr/lib64/libgallium-25.1.4.so": "",
  });
  assertEquals(driverVersion("NVIDIA H200", root), "NVIDIA 570.86.15");
  assertEquals(driverVersion(mesa, root), "Mesa 25.1.4");
  assertEquals(driverVersion("NVIDIA H200 (NVK)", system({})), null);
});
