import { mustRun } from '@gapferry/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  APPS,
  type BreakableZone,
  BUCKET,
  makeBreakableZone,
  REGISTRY,
  REPOSITORY,
  type ZoneCopy,
} from '../support/breakable-zone.ts';
import { gapferry, gapferryJson, type Reported } from '../support/command-line.ts';

const MINUTES = 240_000;
let zone: BreakableZone;
beforeAll(async () => {
  zone = await makeBreakableZone();
}, MINUTES);
afterAll(() => zone[Symbol.asyncDispose]());

interface Told extends Reported {
  readonly channels: ReadonlyArray<{
    readonly loaded?: unknown;
    readonly mark?: number;
    readonly overrides: readonly unknown[];
    readonly targets: ReadonlyArray<{
      readonly target: string;
      readonly unasked: number;
      readonly drift: ReadonlyArray<{ readonly kind: string; readonly item: string }>;
    }>;
  }>;
}

async function status(copy: ZoneCopy, exitCode: number): Promise<Told> {
  return (await gapferryJson(copy.inside, ['status', ...copy.site], exitCode)) as Told;
}

const drift = ({ channels }: Told): string[] =>
  (channels[0]?.targets ?? [])
    .flatMap(({ drift: found }) => found.map(({ kind, item }) => `${kind} ${item}`))
    .sort();

it(
  'finds what moved at registry, Git host and bucket, and writes nothing at any of them',
  async () => {
    await using copy = await zone.fresh(2);
    const before = copy.registry.requests.length;
    expect(drift(await status(copy, 0))).toEqual([]);
    const asked = copy.registry.requests.slice(before).map(({ method }) => method);
    expect(asked.filter((method) => method !== 'HEAD' && method !== 'GET')).toEqual([]);

    copy.registry.deleteTag(`${REGISTRY}/${APPS[0]}`, '1.0');
    const git = copy.gitea.repositories.directory(REPOSITORY);
    await mustRun('git', ['-C', git, 'update-ref', 'refs/heads/main', 'main~1']);
    const key =
      copy.store.keys(BUCKET).find((name) => name.includes('1.1.0') && name.endsWith('small.bin')) ?? '';
    expect(key).not.toBe('');
    copy.store.take(BUCKET, key);
    expect(drift(await status(copy, 10))).toEqual([
      'content file kit/',
      `gone image ${REGISTRY}/${APPS[0]}:1.0`,
      'moved git git.upstream.example/ops/deploy',
    ]);
  },
  MINUTES,
);

it(
  'tells of a release that was gone back to what led there, and finds it whole',
  async () => {
    await using copy = await zone.fresh(2);
    const back = ['import', zone.place(1), ...copy.site, '--yes', '--override', zone.order];
    const gone = await gapferry(copy.inside, back);
    expect(gone.code, gone.stderr).toBe(0);
    const told = await status(copy, 0);
    expect(told.channels[0]).toMatchObject({
      loaded: { sequence: 1, override: expect.stringMatching(/^sha256:/) },
      mark: 2,
      overrides: [{ to: { sequence: 1 }, reason: 'it loses messages' }],
    });
    expect(drift(told)).toEqual([]);
  },
  MINUTES,
);
