/** The worker of the page: answers its questions one by one, and works on runs meanwhile. */
import "./strict.ts";
import type { Notice } from "./notice.ts";
import type { Service } from "./service.ts";
import { scope } from "./web.ts";

/** A question of the page: a method of `Service` with its arguments. */
interface Question {
  id: number;
  ask: string;
  given: unknown[];
}

const tell = (notice: Notice) => scope.postMessage(notice);

/** Address of the page: that of the worker's file, or what the page says, which made the worker of a Blob. */
function start(page: string): Promise<Service> {
  // Loaded after strict.ts has run: a bundler may move the code of static imports before it.
  return Promise.all([import("./service.ts"), import("./opfs.ts")]).then(
    async ([{ Service }, { openDisk }]) => new Service(await openDisk(), new URL(page), tell),
  );
}

let service: Promise<Service> | null = null;

scope.onmessage = async ({ data }: MessageEvent) => {
  const { id, ask, given } = data as Question;
  try {
    service ??= start(ask === "begin" ? given[0] as string : location.href);
    const found = await service as unknown as Record<string, (...given: unknown[]) => unknown>;
    const answer = ask === "begin" ? null : await found[ask](...given);
    scope.postMessage({ id, answer });
  } catch (error) {
    const { name, message, stack } = error as Error;
    scope.postMessage({ id, error: { name, message, stack } });
  }
};
