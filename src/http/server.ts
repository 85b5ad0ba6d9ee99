/** Opens and closes the server. It opens no device: runs are processes of their own. */
import { makeApp } from "./app.ts";
import type { RunningServer, ServerOptions } from "../run/serving.ts";
import type { Context } from "./context.ts";
import { Dispatcher } from "./dispatcher.ts";
import { Metrics } from "./metrics.ts";
import { RunIndex } from "./run_index.ts";
import { type Run, RunsFolder } from "./runs_folder.ts";
import { Sessions } from "./sessions.ts";
import { Shelf } from "./shelf.ts";
import { summaryOf } from "./summary.ts";
import { StudiesFolder, type StudyPlace } from "./studies_folder.ts";
import { StudyIndex } from "./study_index.ts";
import { Tail } from "./tail.ts";

/** Runs whose events are kept added up. */
const keptIndexes = 4;
const keptTails = 32;
/** A list has so many. */
const keptStudies = 100;
/** How long readers may take over what is left when the server stops. */
const partingMs = 2000;

/** @throws Error when the address is taken. */
export async function openServer(options: ServerOptions): Promise<RunningServer> {
  const listening = Promise.withResolvers<number>();
  let answer: (request: Request) => Response | Promise<Response> = () =>
    new Response(null, { status: 503 });
  const { host, port } = options;
  const server = Deno.serve({
    hostname: host.replace(/^\[|\]$/g, ""),
    port,
    onListen: (address) => listening.resolve(address.port),
    onError: (error) => {
      options.report(String(error));
      return new Response(null, { status: 500 });
    },
  }, (request) => answer(request));
  const bound = await listening.promise;
  const context = makeContext(options, bound);
  const app = makeApp(context);
  answer = (request) => app.fetch(request);
  return {
    url: `http://${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${bound}/`,
    async close() {
      await context.dispatcher.close();
      for (const tail of context.tails.values()) tail.finish();
      const parting = Promise.withResolvers<void>();
      const timer = setTimeout(parting.resolve, partingMs);
      // Whoever does not take what he is given is cut off by the end of the process.
      await Promise.race([server.shutdown(), parting.promise]);
      clearTimeout(timer);
      context.tails.clear();
    },
  };
}

function makeContext(options: ServerOptions, port: number): Context {
  const runs = new RunsFolder(options.runs, options.report);
  const dispatcher = new Dispatcher(runs, options);
  const summary = (id: string) => summaryOf(runs.get(id), dispatcher.positionOf(id));
  // A name that was deleted may be taken again.
  const keyOf = ({ id, state }: Run) => `${id} ${state.started}`;
  return {
    options,
    runs,
    dispatcher,
    sessions: new Sessions(options.token, port),
    metrics: new Metrics(),
    indexes: new Shelf(keptIndexes, keyOf, ({ path }) => new RunIndex(path)),
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
