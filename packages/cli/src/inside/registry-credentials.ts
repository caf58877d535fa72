import { readFile, stat } from 'node:fs/promises';
import type { CredentialsConfig } from '@gapferry/bundle';
import { GapferryError, type Run } from '@gapferry/core';
import type { Credentials } from '@gapferry/http';
import { reasonOf } from '../environment.ts';
import { dockerCredentials } from '../outside/docker-credentials.ts';

export interface CredentialsPlace {
  /** The target's name in site.yaml. */
  readonly target: string;
  /** The registry's host[:port]: nobody else is given them by name. */
  readonly host: string;
  readonly config: CredentialsConfig;
  /** What the two are called where they stand in one line: `user:password` unless told. */
  readonly pair?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Docker config files. */
  readonly credentialFiles: readonly string[];
  /** Absolute path of a path in site.yaml. */
  pathOf(relative: string): string;
}

const PAIR = 'user:password';

/** User name and password of a target, from where site.yaml says they are. What they are is in no message. Throws `USAGE` when they are not there or are no `user:password`;
 *  warns of a file that others may read. */
export async function registryCredentials(
  place: CredentialsPlace,
  run: Run,
): Promise<(host: string, repository?: string) => Promise<Credentials | undefined>> {
  const { host, config } = place;
  if (config.from === 'docker') {
    const ask = dockerCredentials(place.credentialFiles);
    return async (asked, repository) => (asked === host ? await ask(asked, repository) : undefined);
  }
  const found =
    config.from === 'environment'
      ? fromEnvironment(place, config.name)
      : await fromFile(place, config.path, run);
  return async (asked) => (asked === host ? found : undefined);
}

function fromEnvironment({ target, env, pair = PAIR }: CredentialsPlace, name: string): Credentials {
  const username = env[`${name}_USERNAME`] ?? '';
  const password = env[`${name}_PASSWORD`] ?? '';
  if (username !== '' && password !== '') return { username, password };
  if (username !== '' || password !== '')
    throw unusable(
      target,
      `${name}_${username === '' ? 'USERNAME' : 'PASSWORD'} is not set`,
      `set both ${name}_USERNAME and ${name}_PASSWORD`,
    );
  const both = env[name] ?? '';
  const hint = `set ${name}_USERNAME and ${name}_PASSWORD, or ${name} to ${pair}`;
  if (both === '')
    throw unusable(target, `neither ${name}_USERNAME and ${name}_PASSWORD nor ${name} is set`, hint);
  const parsed = split(both);
  if (parsed === undefined) throw unusable(target, `${name} is not ${pair}`, hint);
  return parsed;
}

async function fromFile(place: CredentialsPlace, path: string, run: Run): Promise<Credentials> {
  const { target, pathOf, pair = PAIR } = place;
  const parsed = split(await readSecret(place, path, run));
  if (parsed === undefined)
    throw unusable(target, `${pathOf(path)} is not one line ${pair}`, `write ${pair}, nothing else`);
  return parsed;
}

/** The text of a file that holds a secret, without the end of its last line; warns where others may read it. Throws `USAGE`. */
export async function readSecret(
  { target, pathOf }: Pick<CredentialsPlace, 'target' | 'pathOf'>,
  path: string,
  run: Run,
): Promise<string> {
  const file = pathOf(path);
  const [text, facts] = await Promise.all([readFile(file, 'utf8'), stat(file)]).catch((cause: unknown) => {
    throw unusable(
      target,
      `${file} cannot be read: ${reasonOf(cause)}`,
      'check the path and the permissions',
    );
  });
  if ((facts.mode & 0o077) !== 0)
    run.emit({
      kind: 'warning',
      message: `others on this machine may read the credentials in ${file}: chmod 600 it`,
    });
  return text.replace(/\r?\n$/, '');
}

/** The password may have colons; nothing has line breaks. */
function split(text: string): Credentials | undefined {
  const [, username, password] = /^([^:\r\n]+):([^\r\n]+)$/.exec(text) ?? [];
  return username === undefined || password === undefined ? undefined : { username, password };
}

export function unusable(target: string, why: string, hint: string): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message: `there are no credentials for target ${target}: ${why}`,
    hint,
    origin: 'site',
  });
}
