/** Opens and closes the server. It opens no device, since runs have their own processes. */
import { requireFolder } from "../run/files.ts";
import { makeApp } from "./app.ts";
import type { RunningServer, ServerOptions } from "../run/serving.ts";
import type { Context } from "./context.ts";
import { Dispatcher } from "./dispatcher.ts";
import { listen } from "./listener.ts";
import { Metrics } from "./metrics.ts";
import { RunIndex } from "../run/view/run_index.ts";
import { eventsIn } from "./file.ts";
import { type Run, RunsFolder } from "./runs_folder.ts";
import { Sessions } from "./sessions.ts";
import { Shelf } from "./lru_cache.ts";
import { summaryOf } from "./summary.ts";
import { StudiesFolder, type StudyPlace } from "./studies_folder.ts";
import { StudyIndex } from "./study_index.ts";
import { Tail } from "./tail.ts";

/** Runs whose indexes are kept. */
const keptIndexes = 4;
const keptTails = 32;
/** Studies whose indexes are kept; a list has about this many. */
const keptStudies = 100;
/** Time that clients have to read the rest when the server stops. */
const partingMs = 2000;

/**
 * Opens the server. @throws UsageError when the address is not available, DataError when the runs folder
 * cannot be written.
 */
export async function openServer(options: ServerOptions): Promise<RunningServer> {
  requireFolder(options.runs);
  let answer: (request: Request) => Response | Promise<Response> = () =>
    new Response(null, { status: 503 });
  const { host, tls } = options;
  const listener = await listen(options, (request) => answer(request));
  const context = makeContext(options, listener.port);
  const app = makeApp(context);
  answer = (request) => app.fetch(request);
  return {
    url: `${tls ? "https" : "http"}://${bracketed(host)}:${listener.port}/`,
    async close() {
      await context.dispatcher.close();
      for (const tail of context.tails.values()) tail.finish();
      const parting = Promise.withResolvers<void>();
      const timer = setTimeout(parting.resolve, partingMs);
      await Promise.race([listener.stop(), parting.promise]);
      clearTimeout(timer);
      // Disconnects clients that do not read.
      listener.cut();
      context.tails.clear();
    },
  };
}

const bracketed = (host: string) =>
  host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;

function makeContext(options: ServerOptions, port: number): Context {
  const runs = new RunsFolder(options.runs, options.report);
  const dispatcher = new Dispatcher(runs, options);
  const summary = (id: string) => summaryOf(runs.get(id), dispatcher.positionOf(id));
  // The start time is part of the key because the name of a deleted run may be used again.
  const keyOf = ({ id, state }: Run) => `${id} ${state.started}`;
  return {
    options,
    runs,
    dispatcher,
    sessions: new Sessions(options, port),
    metrics: new Metrics(),
    indexes: new Shelf(keptIndexes, keyOf, ({ path }) => new RunIndex(eventsIn(path))),
    studies: new StudiesFolder(options.studies),
    studyIndexes: new Shelf(
      keptStudies,
      ({ identity }: StudyPlace) => identity,
      ({ file }) => new StudyIndex(file),
    ),
    tails: new Shelf(
      keptTails,
      keyOf,
      ({ id, path }) => new Tail(path, () => JSON.stringify(summary(id))),
      (tail) => tail.readers > 0,
      (tail) => tail.close(),
    ),
  };
}
