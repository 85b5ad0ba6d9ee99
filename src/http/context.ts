/** Objects shared by the server's routes. */
import type { ServerOptions } from "../run/serving.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Metrics } from "./metrics.ts";
import type { Run, RunsFolder } from "./runs_folder.ts";
import type { Sessions } from "./sessions.ts";
import type { Shelf } from "./lru_cache.ts";
import type { RunIndex } from "../run/view/run_index.ts";
import type { StudiesFolder, StudyPlace } from "./studies_folder.ts";
import type { StudyIndex } from "./study_index.ts";
import type { Tail } from "./tail.ts";

/** Context that handlers are given. */
export interface Context {
  options: ServerOptions;
  runs: RunsFolder;
  dispatcher: Dispatcher;
  sessions: Sessions;
  metrics: Metrics;
  /** A follower for each run that has readers. */
  tails: Shelf<Run, Tail>;
  /** Indexes of the runs that were requested last. */
  indexes: Shelf<Run, RunIndex>;
  studies: StudiesFolder;
  /** Indexes of the studies that were requested last. */
  studyIndexes: Shelf<StudyPlace, StudyIndex>;
}
