/** The same search in a process of its own, which can be given another driver. */
import { tenSteps } from "./ten_steps.ts";

console.log(JSON.stringify(await tenSteps()));
