import type { GitSetting } from './git-environment.ts';

/** Faults that Git's own checks call errors (or warnings, which strict makes errors) and that do no harm: old tools wrote such commits and trees into well-known
 *  histories, and mending them would change every commit id after them. All other faults, those of `.gitmodules` and of names like `.git` above all, refuse the pack. */
const HARMLESS: readonly string[] = [
  'zeroPaddedFilemode',
  'badTimezone',
  'missingSpaceBeforeDate',
  'missingNameBeforeEmail',
  'missingSpaceBeforeEmail',
  'badEmail',
];

/** Argument of `index-pack`: every object is checked, and every object that one of them names must be there too. */
export const STRICT: string = `--strict=${HARMLESS.map((id) => `${id}=warn`).join(',')}`;

/** The same for what a fetch brings: nothing gets into a mirror unchecked. */
export const CHECKED_FETCH: readonly GitSetting[] = [
  ['fetch.fsckObjects', 'true'],
  ...HARMLESS.map((id): GitSetting => [`fetch.fsck.${id}`, 'warn']),
];
