import { createHash } from 'node:crypto';
import {
  type Digest,
  type GitHolding,
  type GitPin,
  type GitWish,
  type LfsObject,
  quietRun,
  type RunEvent,
} from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type CommitInput,
  createRepository,
  type LfsServer,
  type LfsServerOptions,
  lfsPointer,
  memoryBlobStore,
  seededBuffer,
  startLfsServer,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { type GitSource, type GitSourceOptions, gitSource } from '../git-source.ts';

export const ATTRIBUTES = '*.bin filter=lfs diff=lfs merge=lfs -text\n';
export const MODEL: Buffer = seededBuffer(2_500_000, 'model');
export const OLD: Buffer = seededBuffer(300_000, 'old model');
export const SMALL: Buffer = Buffer.from('small\n');

export const digestOf = (bytes: Uint8Array): Digest =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
export const objectOf = (bytes: Uint8Array): LfsObject => ({ oid: digestOf(bytes), size: bytes.byteLength });
export const sorted = (...contents: Uint8Array[]): LfsObject[] =>
  contents.map(objectOf).sort((a, b) => (a.oid < b.oid ? -1 : 1));

const COMMITS: readonly CommitInput[] = [
  { message: 'Begin', files: { '.gitattributes': ATTRIBUTES, 'models/a.bin': lfsPointer(OLD) } },
  {
    message: 'Go on',
    files: {
      'models/a.bin': lfsPointer(MODEL),
      'b.bin': lfsPointer(SMALL),
      'again.bin': lfsPointer(SMALL),
      'large.txt': 'x'.repeat(200_000),
    },
    tags: ['v1'],
  },
  {
    message: 'Plain',
    branch: 'plain',
    files: {
      'README.md': 'x\n',
      'models/a.bin': null,
      '.gitattributes': null,
      'b.bin': null,
      'again.bin': null,
      'large.txt': null,
    },
  },
];

/** The repository `line-a.git` of any server of the world. */
export const wishOf = ({ url }: { readonly url: string }, more: Partial<GitWish> = {}): GitWish => ({
  kind: 'git',
  url: `${url}/line-a.git`,
  refs: ['main'],
  ...more,
});

interface Collected {
  readonly pin: GitPin;
  readonly holding: GitHolding;
  readonly store: ReturnType<typeof memoryBlobStore>;
  readonly events: readonly RunEvent[];
}

/** A repository with Git LFS files on `main`, others in its history, and a branch `plain` without any. */
export interface LfsWorld {
  readonly home: TemporaryDirectory;
  readonly upstream: TestGitRepository;
  /** Serves everything below `srv`; has all of the three contents. */
  serve(options?: LfsServerOptions): Promise<LfsServer>;
  /** With an empty work directory, and without waiting between tries. */
  source(more?: Partial<GitSourceOptions>): GitSource;
  pinOf(from: GitSource, wish: GitWish): Promise<GitPin>;
  /** Resolved and fetched by a source of its own. */
  collect(wish: GitWish, more?: Partial<GitSourceOptions>, store?: Collected['store']): Promise<Collected>;
}

export async function makeLfsWorld(): Promise<LfsWorld> {
  const home = await temporaryDirectory();
  const upstream = await createRepository(home.join('srv/line-a.git'), COMMITS);
  await upstream.git('switch', '-q', 'main');
  let count = 0;
  const wait = async (): Promise<void> => {};
  const source: LfsWorld['source'] = (more = {}) => {
    count += 1;
    const http = createHttpClient({ wait, random: () => 0 });
    return gitSource({ workDirectory: home.join(`work-${count}`), wait, http, ...more });
  };
  const pinOf: LfsWorld['pinOf'] = async (from, wish) => {
    const [pin] = await from.resolve(wish, quietRun());
    if (pin === undefined) throw new Error('no pin');
    return pin;
  };
  return {
    home,
    upstream,
    source,
    pinOf,
    async serve(options) {
      const started = await startLfsServer(home.join('srv'), options);
      for (const content of [MODEL, OLD, SMALL]) started.add(content);
      return started;
    },
    async collect(wish, more = {}, store = memoryBlobStore()) {
      const from = source(more);
      const pin = await pinOf(from, wish);
      const events: RunEvent[] = [];
      const holding = await from.fetch(pin, store, {
        ...quietRun(),
        emit: (event) => events.push(event),
      });
      return { pin, holding, store, events };
    },
  };
}
