import {
  checkRun,
  type ErrorCode,
  GapferryError,
  isGapferryError,
  printable,
  type RepositoryAbout,
  type Run,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import type { RemoteOptions } from '../git-remote.ts';
import { type ApiAddress, apiAddress, type RepositoryApi } from './api-address.ts';
import { headersFor } from './api-question.ts';
import { MOST_BYTES, readAbout, readTopics } from './read-about.ts';

export interface AboutSourceOptions extends Pick<RemoteOptions, 'credentials' | 'insecure'> {
  readonly http: HttpClient;
  /** What `hosts` of bundle.yaml says, by host or host:port. */
  readonly apis?: ReadonlyMap<string, RepositoryApi | 'none'>;
  /** What the earlier lock says of an item: it stays where nobody answers. */
  readonly before?: (id: string) => RepositoryAbout | undefined;
  /** Milliseconds until a host has answered about a repository, tries included; default 20,000. */
  readonly patienceMs?: number;
}

/** What the hosts of repositories say about them. */
export interface AboutSource {
  /** Of a normalised URL, asked once. Never fails for what a host does: that it could not be asked is a warning, and what was known stays. Undefined where nothing is known.
   *  Throws `INTERRUPTED`. */
  ask(url: string, id: string, run: Run): Promise<RepositoryAbout | undefined>;
}

/** The APIs of GitHub, GitLab and Gitea. A host that does not answer, or lets us ask nothing, is not asked again. */
export function aboutSource(options: AboutSourceOptions): AboutSource {
  const answers = new Map<string, Promise<RepositoryAbout | undefined>>();
  const closed = new Set<string>();
  return {
    async ask(url, id, run) {
      const address = apiAddress(url, options.apis ?? new Map());
      if (address === undefined) return undefined;
      const known = answers.get(address.url) ?? askOrWarn({ options, address, closed, id }, run);
      answers.set(address.url, known);
      return nonEmpty((await known) ?? options.before?.(id));
    },
  };
}

interface Asking {
  readonly options: AboutSourceOptions;
  readonly address: ApiAddress;
  /** Hosts that are asked no more. */
  readonly closed: Set<string>;
  readonly id: string;
}

async function askOrWarn(asking: Asking, run: Run): Promise<RepositoryAbout | undefined> {
  const { address, closed, id } = asking;
  if (closed.has(address.host)) return undefined;
  try {
    return await askRepository(asking, run);
  } catch (error) {
    checkRun(run);
    if (!isGapferryError(error) || error.code === 'INTERNAL') throw error;
    const wasClosed = closed.has(address.host);
    const isOfHost = !ABOUT_ONE.has(error.code);
    if (isOfHost) closed.add(address.host);
    if (!wasClosed) run.emit({ kind: 'warning', item: id, message: warningOf(address, id, error, isOfHost) });
    return undefined;
  }
}

/** Says nothing of what the host would answer about another repository. */
const ABOUT_ONE: ReadonlySet<ErrorCode> = new Set(['SOURCE_NOT_FOUND', 'JSON_INVALID', 'LIMIT_EXCEEDED']);

function warningOf({ host, api }: ApiAddress, id: string, error: GapferryError, isOfHost: boolean): string {
  const reason =
    error.code === 'INTERRUPTED' ? 'it did not answer in time' : error.message.replace(/\.$/, '');
  const what = isOfHost ? 'its repositories' : id;
  return printable(
    `${host} was asked what ${what} ${isOfHost ? 'are' : 'is'} about (hosts: api: ${api}) and did not say: ${reason}. What the lock said before stays; "api: none" for the host asks no more`,
  );
}

async function askRepository({ options, address, id }: Asking, run: Run): Promise<RepositoryAbout> {
  const headers = await headersFor(address, options);
  const patient = AbortSignal.any([run.signal, AbortSignal.timeout(options.patienceMs ?? 20_000)]);
  // The bytes of an answer are no progress of the item.
  const quiet: Run = {
    signal: patient,
    emit: (event) => {
      if (event.kind === 'retry') run.emit(event);
    },
  };
  const get = async (url: string): Promise<Uint8Array> =>
    (await options.http.request({ url, headers, item: `what ${id} is about`, maxBytes: MOST_BYTES }, quiet))
      .body;
  const what = `the answer of ${address.host} about ${id}`;
  const read = readAbout(address.api, await get(address.url), what);
  if (read === undefined) throw strange(address, what);
  if (read.hasTopics) return read.about;
  return { ...read.about, ...readTopics(await get(`${address.url}/topics?limit=50`), what) };
}

function strange({ api }: ApiAddress, what: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${what} is not what ${api} says of a repository`,
    origin: 'source',
  });
}

function nonEmpty(about: RepositoryAbout | undefined): RepositoryAbout | undefined {
  return about === undefined || Object.keys(about).length === 0 ? undefined : about;
}
