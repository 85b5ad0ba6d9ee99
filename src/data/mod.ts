/** Data sets: finding, reading, splitting. */
export { type DataSet, type Images, sliceImages, statistics, type Task } from "./dataset.ts";
export type { Progress } from "./download.ts";
export { findDataSet, type FindOptions, type Found, locateDataSet, usualPlaces } from "./find.ts";
export { hostsOf, knownSets } from "./published.ts";
export { loadDataSet, type LoadOptions } from "./load.ts";
export { syntheticDataSet, syntheticImages, type SyntheticOptions } from "./synthetic.ts";
