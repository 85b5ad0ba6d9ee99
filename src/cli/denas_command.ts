/** Commands with errors in our form: `Cannot <do> <what>: <got>, <expected>; <what to try>`. */
import { Command } from "commander";
import { UsageError } from "../common/errors.ts";
import { nnablaNames } from "./nnabla_names.ts";
import { counted } from "./terminal.ts";

export class DenasCommand extends Command {
  override createCommand(name?: string): DenasCommand {
    // Plug-ins are loaded before any command is made (main.ts).
    return new DenasCommand(name).option(
      "--plugin <file>",
      "add a space, strategy or evaluator of your own; may be repeated",
    ) as DenasCommand;
  }

  /** @throws UsageError always. */
  override error(message: string): never {
    throw new UsageError(denasMessage(message.replace(/^error: /, ""), this));
  }
}

/** Patterns of Commander's messages, and our wording of each. */
const rules: [RegExp, (groups: string[], command: Command) => string][] = [
  [
    /^unknown option '(.+?)'(?:\n\((.+)\?\))?$/,
    ([flag, meant], command) =>
      `Cannot use option ${flag}: ${command.name()} has none of this name${
        asInNnabla(flag, command) ?? meantOr(meant, command)
      }`,
  ],
  [
    /^unknown command '(.+?)'(?:\n\((.+)\?\))?$/,
    ([name, meant], command) =>
      `Cannot run "${name}": ${command.name()} has no such command${meantOr(meant, command)}`,
  ],
  [
    /^missing required argument '(.+)'$/,
    ([name], command) =>
      `Cannot run ${command.name()}: its argument <${name}> is missing; ${help(command)} explains`,
  ],
  [
    /^option '(.+)' argument missing$/,
    ([flags]) => `Cannot use option ${flagOf(flags)}: its value is missing, expected ${flags}`,
  ],
  [
    /^option '(.+)' cannot be used with option '(.+)'$/,
    ([one, other]) =>
      `Cannot use option ${flagOf(one)}: ${flagOf(other)} was given as well, expected one of them`,
  ],
  [
    /^too many arguments.* Expected (\d+) arguments? but got (\d+): (.+)\.$/,
    ([n, got, words], command) =>
      `Cannot run ${command.name()}: got ${counted(Number(got), "argument")} (${words}), ` +
      `expected ${n === "0" ? "none" : `at most ${n}`}; ${help(command)} explains`,
  ],
  [
    /^option '(.+?)' argument '(.*)' is invalid\. (.+)$/s,
    ([flags, value, expected]) =>
      `Cannot use option ${flagOf(flags)}: got "${value}", ${expectedOf(expected)}`,
  ],
  [
    /^command-argument value '(.*)' is invalid for argument '(.+)'\. (.+)$/s,
    ([value, name, expected]) =>
      `Cannot use argument <${name}>: got "${value}", ${expectedOf(expected)}`,
  ],
];

function denasMessage(message: string, command: Command): string {
  for (const [pattern, say] of rules) {
    const match = pattern.exec(message);
    if (match) return say(match.slice(1), command);
  }
  return `Cannot run ${command.name()}: ${message}`;
}

/** `-e, --epochs <n>` → `--epochs` */
const flagOf = (flags: string) => /--[^ ,]+/.exec(flags)?.[0] ?? flags.split(/[ ,]/, 1)[0];

/** Advice on an option of nnabla-examples: the one to use in its place. Null for other options. */
function asInNnabla(flag: string, command: Command): string | null {
  const searches = ["search", "retrain"].includes(command.name());
  if (!searches || !Object.hasOwn(nnablaNames, flag)) return null;
  return `; for that of nnabla-examples use ${nnablaNames[flag]}`;
}

const help = (command: Command) => {
  const names = [];
  for (let at: Command | null = command; at; at = at.parent) names.unshift(at.name());
  return `"${names.join(" ")} --help"`;
};

const meantOr = (meant: string | undefined, command: Command) =>
  meant === undefined
    ? `; ${help(command)} lists all`
    : `; ${meant[0].toLowerCase()}${meant.slice(1)}?`;

/** Text on the expected values, for values that were refused. */
const expectedOf = (text: string) =>
  `expected ${text.replace(/^Allowed choices are (.+)\.$/, "one of $1")}`;
