/** Marks settings that are also command-line options. */

/**
 * Metadata for `.meta()` of a setting that is also an option of `search`.
 * @param description of the option, for `--help`.
 * @param names another `option` name than the setting's; `isFile`: the value is a path from the user's folder;
 *   `isContents`: a value that is no setting by itself names a file, whose text becomes the setting.
 */
export const asOption = (
  description: string,
  names: { option?: string; isFile?: boolean; isContents?: boolean } = {},
) => ({
  option: true,
  ...names,
  description,
});
