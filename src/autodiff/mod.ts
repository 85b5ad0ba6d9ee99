export * from "./op.ts";
export * from "./run.ts";
export { peakBytes, reach, type Schedule, schedule } from "./schedule.ts";
export * from "./tape.ts";
