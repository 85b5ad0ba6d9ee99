/** The form of the container files: they are read, name what exists, and fit each other. No cluster is here. */
import { assert, assertEquals } from "@std/assert";
import { parseAllDocuments } from "yaml";
import { denas } from "../cli/command.ts";

interface Container {
  args: string[];
  volumeMounts: { name: string; mountPath: string }[];
}
interface Resource {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
  spec: {
    selector: { matchLabels?: Record<string, string>; app?: string };
    ports: { targetPort: number }[];
    template: {
      metadata: { labels: Record<string, string> };
      spec: { containers: Container[]; volumes: { name: string }[] };
    };
  };
}

const read = (name: string) =>
  Deno.readTextFileSync(new URL(`../../deploy/${name}`, import.meta.url));

Deno.test("the manifest has a coordinator with a volume, a service, workers and a secret that fit each other", async () => {
  const documents = parseAllDocuments(read("kubernetes.yaml"), { uniqueKeys: true });
  for (const { errors } of documents as { errors: unknown[] }[]) assertEquals(errors, []);
  const resources = documents.map((document) => (document as { toJS(): Resource }).toJS());
  assertEquals(resources.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`), [
    "v1 PersistentVolumeClaim",
    "v1 Service",
    "apps/v1 Deployment",
    "apps/v1 Deployment",
  ]);
  const [, service, ...deployments] = resources;
  for (const { spec } of deployments) {
    assertEquals(spec.selector.matchLabels, spec.template.metadata.labels);
    const known = spec.template.spec.volumes.map(({ name }) => name);
    for (const { volumeMounts } of spec.template.spec.containers) {
      assert(volumeMounts.every(({ name }) => known.includes(name)));
    }
  }
  const [coordinator, worker] = deployments.map(({ spec }) => spec.template.spec.containers[0]);
  assertEquals(service.spec.selector.app, "denas-coordinator");
  const port = service.spec.ports[0].targetPort;
  assert(coordinator.args[0].includes(`--listen 0.0.0.0:${port}`));
  assert(worker.args.includes(`nats://${service.metadata.name}:${port}`));
  // Options that the program has.
  for (
    const [command, text] of [["search", coordinator.args[0]], ["work", worker.args.join(" ")]]
  ) {
    const { stdout } = await denas([command, "--help"]);
    for (const [flag] of text.matchAll(/--[a-z-]+/g)) assert(stdout.includes(flag), flag);
  }
});

Deno.test("the Dockerfile installs what the launcher would, from one base, and ends as another user", () => {
  const text = read("Dockerfile");
  const steps = text.replace(/\\\n/g, " ").split("\n").filter((line) => /^[A-Z]+ /.test(line));
  const names = steps.map((line) => line.split(" ")[0]);
  assertEquals(names[0], "FROM");
  assertEquals(names.filter((name) => name === "FROM").length, 1);
  for (const name of ["nats-server", "mesa-vulkan-drivers", "libvulkan1", "util-linux"]) {
    assert(text.includes(name), name);
  }
  assert(names.indexOf("USER") > 0 && names.indexOf("USER") < names.indexOf("ENTRYPOINT"));
});
