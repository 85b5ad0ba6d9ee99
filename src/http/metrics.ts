/** Metrics for Prometheus: runs, training rates, clients. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import type { MiddlewareHandler } from "hono";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { readWorkers } from "../run/workers/journal.ts";
import type { Context } from "./context.ts";
import { stateName } from "./schemas.ts";
import { lastStep } from "./summary.ts";

export class Metrics {
  /** Number of connections that follow a run. */
  clients = 0;
  readonly registry = new Registry();
  readonly #requests: Counter<"method" | "route" | "status">;
  readonly #seconds: Histogram<"route">;

  constructor() {
    const registers = [this.registry];
    this.#requests = new Counter({
      name: "denas_http_requests_total",
      help: "Requests answered.",
      labelNames: ["method", "route", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "denas_http_request_seconds",
      help: "Time to the first byte of the answer.",
      labelNames: ["route"],
      buckets: [0.005, 0.02, 0.1, 0.5, 2],
      registers,
    });
  }

  /** Counts a client. @returns a function to call when the client is gone. */
  addClient(): () => void {
    this.clients++;
    let gone = false;
    return () => {
      if (!gone) this.clients--;
      gone = true;
    };
  }

  /** Counts requests by route instead of path, since there are few routes. */
  middleware(): MiddlewareHandler {
    return async (c, next) => {
      const from = performance.now();
      await next();
      const route = c.res.status === 404 ? "unknown" : c.req.routePath;
      const method = /^(GET|HEAD|POST|DELETE)$/.test(c.req.method) ? c.req.method : "other";
      this.#requests.inc({ method, route, status: String(c.res.status) });
      this.#seconds.observe({ route }, (performance.now() - from) / 1000);
    };
  }
}

const route = createRoute({
  method: "get",
  path: "/metrics",
  summary: "Figures for Prometheus",
  responses: {
    200: { description: "Text format.", content: { "text/plain": { schema: z.string() } } },
  },
});

export function addMetrics(app: OpenAPIHono, context: Context): void {
  const gauges = makeGauges(context);
  app.openapi(route, async (c) => {
    gauges.set();
    const text = await context.metrics.registry.metrics();
    return c.text(text, 200, { "content-type": context.metrics.registry.contentType }) as never;
  });
}

function makeGauges({ metrics, runs, dispatcher }: Context) {
  const registers = [metrics.registry];
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const counts = gauge("denas_runs", "Runs by state.", ["state"]);
  const queue = gauge("denas_queue_length", "Runs of the server that wait.");
  const clients = gauge("denas_event_clients", "Connections that follow a run.");
  const memory = gauge("denas_resident_memory_bytes", "Memory of the server's process.");
  // Only running searches have these metrics, so their number stays small.
  const running = {
    step: gauge("denas_run_steps", "Training steps done.", ["run"]),
    left: gauge("denas_run_seconds_left", "Projected time to the end.", ["run"]),
    best: gauge("denas_run_best_score", "Best accuracy with shared weights.", ["run"]),
    rate: gauge("denas_run_images_per_second", "Images trained on per second.", ["run"]),
    workers: gauge("denas_workers", "Workers of a run by state.", ["run", "state"]),
    queued: gauge("denas_worker_jobs_queued", "Trials that wait for a worker.", ["run"]),
    done: gauge("denas_worker_jobs_done", "Trials that workers have done.", ["run"]),
    lost: gauge("denas_worker_jobs_lost", "Attempts whose worker was lost.", ["run"]),
  };
  const set = () => {
    for (const each of [counts, ...Object.values(running)]) each.reset();
    for (const state of stateName.options) counts.set({ state }, 0);
    for (const { id, path, state } of runs.list()) {
      counts.inc({ state: state.status });
      if (state.status !== "running") continue;
      running.step.set({ run: id }, state.step);
      if (state.secondsLeft !== undefined) running.left.set({ run: id }, state.secondsLeft);
      if (state.best) running.best.set({ run: id }, state.best.score);
      const now = readWorkers(path);
      if (now) {
        for (const { state } of now.workers) running.workers.inc({ run: id, state });
        running.queued.set({ run: id }, now.queued);
        running.done.set({ run: id }, now.done);
        running.lost.set({ run: id }, now.lost);
      }
      const rate = lastStep(path)?.imagesPerSecond;
      if (rate !== undefined) running.rate.set({ run: id }, rate);
    }
    queue.set(dispatcher.waiting().length);
    clients.set(metrics.clients);
    memory.set(Deno.memoryUsage().rss);
  };
  return { set };
}
