/** A run's events, past and live, as server-sent events or lines of JSON. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "./context.ts";
import { Problem, problems } from "./problem.ts";
import { idParam } from "./schemas.ts";
import type { Tail } from "./tail.ts";

const text = new TextEncoder();
/** Time that a browser waits before it reconnects. */
const greeting = "retry: 1000\n\n";
const heartbeat = text.encode(": alive\n\n");
const blankLine = text.encode("\n");

const route = createRoute({
  method: "get",
  path: "/runs/{id}/events",
  summary: "Follow a run",
  description: "Replays the events from `from` (or after `Last-Event-ID`) and goes on live until " +
    "`done`. `id` is the event's `seq`, `event` its type. Messages `state` without id tell of a " +
    "changed summary. With `Accept: application/x-ndjson` one event per line.",
  request: {
    params: idParam,
    headers: z.object({ "last-event-id": z.string().regex(/^\d{1,15}$/).optional() }),
    query: z.object({
      from: z.coerce.number().int().nonnegative().optional(),
      follow: z.enum(["true", "false"]).optional().openapi({
        description: "false ends with what is there",
      }),
    }),
  },
  responses: {
    200: {
      description: "The events.",
      content: {
        "text/event-stream": { schema: z.string() },
        "application/x-ndjson": { schema: z.string() },
      },
    },
    204: { description: "The run is done and has no event from there on: do not come back." },
    ...problems(400, 404, 503),
  },
});

/** Most connections that follow runs at the same time. */
const maxClients = 5000;

export function addEvents(app: OpenAPIHono, { runs, tails, metrics }: Context): void {
  app.openapi(route, (c) => {
    const { id } = c.req.valid("param");
    const query = c.req.valid("query");
    const last = c.req.valid("header")["last-event-id"];
    const from = last === undefined ? query.from ?? 0 : Number(last) + 1;
    const run = runs.get(id);
    if (metrics.clients >= maxClients) {
      throw new Problem(
        503,
        `Cannot follow run ${id}: ${maxClients} clients do already, try later`,
      );
    }
    const lines = (c.req.header("accept") ?? "").includes("application/x-ndjson");
    const headers = {
      "content-type": lines ? "application/x-ndjson" : "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
    };
    if (c.req.raw.method === "HEAD") return new Response(null, { headers }) as never;
    if (tails.get(run).closed) tails.remove(run); // It could not be read for a while.
    const tail = tails.get(run);
    const leave = tail.join();
    tail.look();
    const position = tail.offsetOf(from);
    if (run.state.status === "done" && from > 0 && position >= tail.end) {
      leave();
      return c.body(null, 204);
    }
    const reader = new Reader(tail, { position, lines, follow: query.follow !== "false" });
    const count = metrics.addClient();
    const body = stream(reader, () => {
      leave();
      count();
    });
    return new Response(body, { headers }) as never; // A stream; a string in the OpenAPI document.
  });
}

/** A client's position in the file, and the next piece for it. */
class Reader {
  #position: number;
  #stateSeen = -1;
  #heartbeatSeen: number;
  #done = false;

  constructor(
    private readonly tail: Tail,
    private readonly options: { position: number; lines: boolean; follow: boolean },
  ) {
    this.#position = options.position;
    this.#heartbeatSeen = tail.heartbeats;
  }

  /** Waits for the next piece; null at the end. */
  async next(): Promise<Uint8Array | null> {
    const { tail, options: { lines, follow } } = this;
    while (!tail.closed) {
      const state = lines ? null : this.#state();
      const events = this.#events();
      if (state && events) return joined(state, events);
      if (state ?? events) return state ?? events;
      if (this.#done || !follow || tail.ending) return null;
      if (this.#heartbeatSeen !== tail.heartbeats) {
        this.#heartbeatSeen = tail.heartbeats;
        return lines ? blankLine : heartbeat;
      }
      await tail.changed();
    }
    return null;
  }

  #events(): Uint8Array | null {
    const { tail, options: { lines } } = this;
    const chunk = this.#done ? null : tail.chunkAt(this.#position);
    if (!chunk) return null;
    this.#position = chunk.to;
    this.#heartbeatSeen = tail.heartbeats;
    this.#done = chunk.done;
    return lines ? chunk.lines : chunk.messages;
  }

  /** The run's summary when it differs from the one sent before, otherwise null. */
  #state(): Uint8Array | null {
    const { tail } = this;
    if (this.#stateSeen === tail.stateVersion) return null;
    const first = this.#stateSeen < 0 ? greeting : "";
    this.#stateSeen = tail.stateVersion;
    return text.encode(`${first}event: state\ndata: ${tail.state}\n\n`);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** A stream that is pulled at the client's pace: nothing is made before there is room for it. */
function stream(reader: Reader, end: () => void): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      try {
        const piece = await reader.next();
        if (piece) return controller.enqueue(piece);
        end();
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    cancel: end,
  }, { highWaterMark: 0 });
}
