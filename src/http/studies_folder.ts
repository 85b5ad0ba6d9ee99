/** The folder of all studies. Requests reach it by plain names only, never through a link, never above it. */
import { join } from "@std/path";
import { studyFile } from "../nas/study/records.ts";
import { isRealFile, isRealFolder } from "./file.ts";
import { Problem } from "./problem.ts";
import { runId } from "./runs_folder.ts";

/** Pattern of a study's folder name. */
export const studyId = runId;

export interface StudyPlace {
  id: string;
  folder: string;
  /** Path of its study.ndjson. */
  file: string;
  /** Differs when a study was deleted and started again under the same name. */
  identity: string;
  /** Times when it was started and last written to. */
  created: string;
  updated: string;
}

export class StudiesFolder {
  /** @param root need not exist yet. */
  constructor(private readonly root: string) {}

  /**
   * The study of this id. @throws Problem 404 when the id is no plain name of a real folder with a study in
   * it.
   */
  get(id: string): StudyPlace {
    const folder = join(this.root, id);
    const file = join(folder, studyFile);
    if (!studyId.test(id) || !isRealFolder(folder) || !isRealFile(file)) {
      throw new Problem(404, `Cannot find study ${id.slice(0, 100)}: GET /studies lists them`);
    }
    const { ino, birthtime, mtime } = Deno.lstatSync(file);
    const created = (birthtime ?? mtime)!.toISOString();
    const identity = `${id} ${ino} ${created}`;
    return { id, folder, file, identity, created, updated: mtime!.toISOString() };
  }

  /** All studies, the last written first. */
  list(): StudyPlace[] {
    const places = this.#names().flatMap((id) => {
      const there = studyId.test(id) && isRealFolder(join(this.root, id)) &&
        isRealFile(join(this.root, id, studyFile));
      return there ? [this.get(id)] : [];
    });
    return places.sort((a, b) => b.updated.localeCompare(a.updated) || a.id.localeCompare(b.id));
  }

  #names(): string[] {
    try {
      return [...Deno.readDirSync(this.root)].map(({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  }
}
