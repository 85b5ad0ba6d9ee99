/** Every operation; importing this file fills the registry. */
export * from "./add.ts";
export * from "./relu.ts";
