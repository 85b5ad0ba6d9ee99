/** Programs of their own beside the command line, with its kind of options and errors. */
import type { DenasCommand } from "../src/cli/denas_command.ts";
import { UsageError } from "../src/common/errors.ts";

/** Runs a program on the words that it was called with; wrong words exit with 2 and say what was meant. */
export async function runProgram(program: DenasCommand): Promise<void> {
  try {
    await program.parseAsync(Deno.args, { from: "user" });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${program.name()}: ${error.message}`);
    Deno.exit(2);
  }
}
