export * from "./op.ts";
export * from "./run.ts";
export { peakBytes, type Schedule, schedule } from "./schedule.ts";
export * from "./tape.ts";
