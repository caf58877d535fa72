import { GapferryError, isGapferryError, isInterruption, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { type RegistryAddress, registryAddress } from './registry-address.ts';

/** Where the content of a repository may be asked for. */
export interface RegistryPlace {
  /** host/path there. */
  readonly repository: string;
  readonly isMirror: boolean;
  address(run: Run): Promise<RegistryAddress>;
}

/** A place and how to ask there. */
export interface AskedPlace {
  /** host/path there. */
  readonly repository: string;
  readonly address: RegistryAddress;
}

/** A repository's mirrors and the repository itself. */
export interface RegistryPlaces {
  /** Mirrors in their order, upstream last. One that could not be reached is left out from then on. */
  of(repository: string): readonly RegistryPlace[];
  /** The answer of the first place that has one. A mirror that fails, whatever the reason, leads to the next place with a warning; one that has not what was asked for does so silently.
   *  Upstream is the last to be asked and its answer decides, so "there is none" is always upstream's own word.
   *  `isAnswer`: false for what only upstream may say. */
  first<T>(
    repository: string,
    ask: (at: AskedPlace) => Promise<T>,
    run: Run,
    isAnswer?: (answer: T) => boolean,
  ): Promise<T>;
  /** To be called with what a mirror's failure was. Throws it when it is no reason to ask the next place. */
  passOver(place: RegistryPlace, error: unknown, run: Run): void;
}

/** `mirrors`: by host as it stands in references, in lower case; each a host or host/prefix that the repository's path is put behind. */
export function createRegistryPlaces(
  http: HttpClient,
  mirrors: ReadonlyMap<string, readonly string[]>,
): RegistryPlaces {
  const unreachable = new Set<string>();
  const toPlace = (repository: string, isMirror: boolean): RegistryPlace => ({
    repository,
    isMirror,
    address: (run) => registryAddress(http, repository, run),
  });
  const of = (repository: string): readonly RegistryPlace[] => {
    const [host, path] = splitHost(repository);
    const usable = (mirrors.get(host.toLowerCase()) ?? []).filter(
      (mirror) => !unreachable.has(hostOf(mirror)),
    );
    return [
      ...usable.map((mirror) => toPlace(`${mirror.replace(/\/+$/, '')}/${path}`, true)),
      toPlace(repository, false),
    ];
  };
  const passOver = (place: RegistryPlace, error: unknown, run: Run): void => {
    if (!isGapferryError(error) || isInterruption(error) || error.category === 'storage') throw error;
    if (error.code === 'SOURCE_NOT_FOUND') return;
    if (error.code === 'UNREACHABLE' || error.code === 'TIMED_OUT') unreachable.add(hostOf(place.repository));
    run.emit({ kind: 'warning', message: `the mirror ${place.repository} is passed over: ${error.message}` });
  };
  return {
    of,
    passOver,
    async first(repository, ask, run, isAnswer = () => true) {
      for (const place of of(repository)) {
        if (!place.isMirror) return ask(await asked(place, run));
        try {
          const answer = await ask(await asked(place, run));
          if (isAnswer(answer)) return answer;
        } catch (error) {
          passOver(place, error, run);
        }
      }
      throw new GapferryError({ code: 'INTERNAL', message: `${repository} has no place to be asked at` });
    },
  };
}

async function asked({ repository, address }: RegistryPlace, run: Run): Promise<AskedPlace> {
  return { repository, address: await address(run) };
}

function splitHost(repository: string): [host: string, path: string] {
  const slash = repository.indexOf('/');
  return [repository.slice(0, slash), repository.slice(slash + 1)];
}

function hostOf(mirror: string): string {
  return mirror.split('/', 1)[0] ?? mirror;
}
