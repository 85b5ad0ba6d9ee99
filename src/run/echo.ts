/**
 * Milliseconds within which a second signal counts as an echo of the first: `deno task` forwards a Ctrl-C
 * that its child also receives from the terminal.
 */
export const echoMs = 300;
