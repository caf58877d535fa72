import type { TokenConfig } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import { type CredentialsPlace, readSecret, unusable } from './registry-credentials.ts';

/** The token for the API of a target, from where site.yaml says that it is. What it is is in no message. Throws `USAGE` when it is not there or is none; warns of a file that others may read. */
export async function apiToken(
  place: Pick<CredentialsPlace, 'target' | 'env' | 'pathOf'>,
  config: TokenConfig,
  run: Run,
): Promise<string> {
  const [token, where] =
    config.from === 'environment'
      ? [place.env[config.name] ?? '', config.name]
      : [await readSecret(place, config.path, run), place.pathOf(config.path)];
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  const why = token === '' ? `${where} is not set or empty` : `${where} is not one line with a token`;
  throw unusable(place.target, why, 'the token alone stands there, nothing else');
}
