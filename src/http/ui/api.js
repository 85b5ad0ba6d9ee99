/** Client of the server's API. Every refusal is an `ApiError` with the server's own message. */

export class ApiError extends Error {
  constructor(status, title, detail) {
    super(detail || title);
    this.name = "ApiError";
    this.status = status;
    this.title = title;
  }
}

/** Called when the server requires a token; set by main.js. */
export const onUnauthorized = { call: () => {} };

async function request(path, { method = "GET", body, signal, accept = "application/json" } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      headers: {
        accept,
        ...body !== undefined && { "content-type": "application/json" },
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "No connection", "The server does not answer; is it still running?");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401 && path !== "/session") onUnauthorized.call();
  throw new ApiError(response.status, problem.title ?? response.statusText, problem.detail);
}

async function json(path, options) {
  const response = await request(path, options);
  return response.status === 204 ? null : await response.json();
}

const query = (fields) => {
  const given = Object.entries(fields).filter(([, v]) => v !== undefined && v !== "");
  return given.length ? `?${new URLSearchParams(given)}` : "";
};
const studyPath = (id) => `/studies/${encodeURIComponent(id)}`;
const runPath = (id) => `/runs/${encodeURIComponent(id)}`;

export const api = {
  runs: (fields = {}, signal) => json(`/runs${query(fields)}`, { signal }),
  run: (id, signal) => json(runPath(id), { signal }),
  start: (settings) => json("/runs", { method: "POST", body: settings }),
  stop: (id) => json(`${runPath(id)}/stop`, { method: "POST", body: {} }),
  resume: (id) => json(`${runPath(id)}/resume`, { method: "POST", body: {} }),
  remove: (id) => json(runPath(id), { method: "DELETE", body: {} }),
  curves: (id, points, signal) => json(`${runPath(id)}/curves${query({ points })}`, { signal }),
  trials: (id, fields, signal) => json(`${runPath(id)}/trials${query(fields)}`, { signal }),
  trial: (id, trial, signal) => json(`${runPath(id)}/trials/${trial}`, { signal }),
  workers: (id, signal) => json(`${runPath(id)}/workers`, { signal }),
  /** @param {"drain" | "stop"} action */
  askWorker: (id, worker, action) =>
    json(`${runPath(id)}/workers/${worker}/${action}`, { method: "POST", body: {} }),
  artifacts: (id, signal) => json(`${runPath(id)}/artifacts`, { signal }),
  studies: (signal) => json("/studies", { signal }),
  study: (id, signal) => json(studyPath(id), { signal }),
  datasets: () => json("/datasets"),
  /** @param {{strategy?: string, evaluator?: string}} [chosen] replaces the presets' own */
  presets: (chosen = {}, signal) => json(`/presets${query(chosen)}`, { signal }),
  schema: () => json("/schema/run"),
  /** Exchanges a token for a cookie. */
  session: (token) => json("/session", { method: "POST", body: { token } }),
  /** An SVG as text. */
  drawing: async (path, signal) =>
    await (await request(path, { signal, accept: "image/svg+xml" })).text(),
};

export const paths = {
  events: (id, from) => `${runPath(id)}/events${query({ from })}`,
  trialDrawing: (id, trial) => `${runPath(id)}/trials/${trial}/svg`,
  trialArch: (id, trial) => `${runPath(id)}/trials/${trial}/arch`,
  lineage: (id) => `${runPath(id)}/lineage.svg`,
  archDrawing: (id) => `${runPath(id)}/arch.svg`,
  studyFigure: (id) => `${studyPath(id)}/study.svg`,
  artifact: (id, name) => `${runPath(id)}/artifacts/${encodeURIComponent(name)}`,
};
