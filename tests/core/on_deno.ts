/** The same search in its own process, which can be given another driver. */
import { tenSteps } from "./ten_steps.ts";

console.log(JSON.stringify(await tenSteps()));
