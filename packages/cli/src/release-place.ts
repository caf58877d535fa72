import { GapferryError, type ReleaseAddress } from '@gapferry/core';

/** Where a release is named on the command line: `<directory>[#<channel>[/<number>]]`. */
export interface ReleasePlace {
  readonly directory: string;
  readonly channel?: string;
  readonly sequence?: number;
}

/** Parses `stick`, `stick#line-a` or `stick#line-a/17`; without a number the newest is meant, without a channel the only one. What ends with a slash is a directory as a
 *  whole, also with # in its name. Throws `USAGE`. */
export function parseReleasePlace(text: string): ReleasePlace {
  if (text.endsWith('/')) return { directory: text };
  const hash = text.lastIndexOf('#');
  if (hash < 0) return { directory: text };
  const match = /^([a-z0-9][a-z0-9._-]*)(?:\/([1-9][0-9]{0,15}))?$/.exec(text.slice(hash + 1));
  if (match === null || hash === 0) {
    throw new GapferryError({
      code: 'USAGE',
      message: `"${text.slice(0, 200)}" does not name a release`,
      hint: 'write DIRECTORY, DIRECTORY#CHANNEL or DIRECTORY#CHANNEL/NUMBER; DIRECTORY/ where its own name has a #',
    });
  }
  const [, channel = '', number] = match;
  return {
    directory: text.slice(0, hash),
    channel,
    ...(number !== undefined && { sequence: Number(number) }),
  };
}

export function formatReleasePlace(directory: string, address: ReleaseAddress): string {
  return `${directory}#${address.channel}/${address.sequence}`;
}
