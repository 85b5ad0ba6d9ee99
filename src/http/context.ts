/** What the resources of the server share. */
import type { ServerOptions } from "../run/serving.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Metrics } from "./metrics.ts";
import type { Run, RunsFolder } from "./runs_folder.ts";
import type { Sessions } from "./sessions.ts";
import type { Shelf } from "./lru_cache.ts";
import type { RunIndex } from "./run_index.ts";
import type { StudiesFolder, StudyPlace } from "./studies_folder.ts";
import type { StudyIndex } from "./study_index.ts";
import type { Tail } from "./tail.ts";

/** What handlers work with. */
export interface Context {
  options: ServerOptions;
  runs: RunsFolder;
  dispatcher: Dispatcher;
  sessions: Sessions;
  metrics: Metrics;
  /** One follower per run that somebody listens to. */
  tails: Shelf<Run, Tail>;
  /** What the events of a run add up to, for the runs looked at last. */
  indexes: Shelf<Run, RunIndex>;
  studies: StudiesFolder;
  /** What the files of studies say, of those looked at last. */
  studyIndexes: Shelf<StudyPlace, StudyIndex>;
}
