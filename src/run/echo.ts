/**
 * Milliseconds in which a second signal is an echo of the first: `deno task` passes on a Ctrl-C that its child
 * gets from the terminal too.
 */
export const echoMs = 300;
