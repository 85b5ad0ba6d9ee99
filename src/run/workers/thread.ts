/** Thread of a `ThreadChannel`. */
import type { FromChild, ToChild } from "./messages.ts";
import { serveWork } from "./serve_work.ts";

interface Port {
  onmessage: ((event: MessageEvent<ToChild>) => void) | null;
  postMessage(message: FromChild): void;
}

const port = self as unknown as Port;
const take = serveWork((message) => port.postMessage(message));
port.onmessage = ({ data }) => take(data);
