/** Progress display while the pictures of a folder are read. */
import type { PictureProgress } from "../data/picture_reader.ts";
import type { Progress } from "./progress.ts";
import { counted, duration, thousands } from "./terminal.ts";

/** Below this number, reading is too short to show progress. */
const few = 100;
const everyMs = 30_000;

/** In a terminal, one line that is redrawn; elsewhere a line every half minute and one at the end. */
export function showPictures(progress: Progress): (state: PictureProgress) => void {
  const from = performance.now();
  let said = from;
  return ({ done, total, kept }) => {
    const now = performance.now();
    const perPicture = (now - from) / 1000 / done;
    const left = done < few ? "" : `, ${duration(perPicture * (total - done))} left`;
    const text = `reading pictures: ${done} of ${total}${left}`;
    progress.redraw(() => text);
    if (total < few) return;
    if (done === total) {
      progress.line(
        `pictures ${counted(total, "file")} in ${duration((now - from) / 1000)}, ${
          thousands(kept)
        } of them kept ` +
          `from earlier runs`,
      );
    } else if (!progress.screen.terminal && now - said > everyMs) {
      said = now;
      progress.line(text);
    }
  };
}
