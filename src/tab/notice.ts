/** Messages that the page gets from its worker without having asked. */
export type Notice =
  | { notice: "event"; run: string; event: unknown }
  | { notice: "state"; run: string; error?: string }
  | { notice: "pictures"; done: number; total: number };
