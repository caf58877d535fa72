import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryCommand, gapferryJson } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { boto3 } from './support/boto3.ts';
import { type AskedOf, startGateway } from './support/gateway.ts';
import { killWhen } from './support/kill-when.ts';
import { limitedCredentials, type Statement } from './support/limited-credentials.ts';
import { type Minio, startMinio } from './support/minio.ts';
import { s3Site } from './support/s3-site.ts';
import { lacks } from './support/tools.ts';

const MINUTES = 120_000;
const READING = ['s3:ListBucket', 's3:GetObject'];
/** What the guide demands of a site that wants everything. */
const EVERYTHING = [
  ...READING,
  's3:PutObject',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
  's3:GetBucketVersioning',
  's3:GetBucketObjectLockConfiguration',
  's3:PutObjectRetention',
  's3:PutObjectLegalHold',
  's3:PutObjectTagging',
  's3:DeleteObject',
];
const LOCKING = `create: false, overwrite: version, lock: {mode: governance, days: 1}, legalHold: true, tags: {line: "7"}, keep: 2, latest: "{channel}/latest/{path}"`;

const allow = (...Action: readonly string[]): Statement => ({ Effect: 'Allow', Action });

describe.skipIf(lacks('minio', 'boto3'))('permissions in MinIO', { timeout: MINUTES }, () => {
  let machines: TwoMachines;
  let minio: Minio;
  const cleanup = new AsyncDisposableStack();

  beforeAll(async () => {
    const bundle = `format: gapferry.bundle/1
name: line-a
platforms: [linux/amd64]
files:
  - {path: files/setup.txt, as: tools/setup.txt}
  - {path: files/large.tar, as: images/large.tar}
`;
    machines = await makeTwoMachines({ bundle, environment: {} });
    cleanup.defer(() => machines.close());
    const files = join(machines.outside.directory, 'bundles/line-a/files');
    await mkdir(files, { recursive: true });
    await writeFile(join(files, 'setup.txt'), 'setup');
    await writeFile(join(files, 'large.tar'), Buffer.alloc(9 << 20, 7));
    await machines.collect('--first', '--version', '1.0.0');
    minio = await startMinio();
    cleanup.use(minio);
    await boto3(
      minio,
      `
for name in ['plain', 'kept', 'forgetful']: s3.create_bucket(Bucket=name)
s3.create_bucket(Bucket='locked', ObjectLockEnabledForBucket=True)
s3.put_bucket_versioning(Bucket='kept', VersioningConfiguration={'Status': 'Enabled'})
answer(None)`,
    );
  }, MINUTES);
  afterAll(() => cleanup.disposeAsync());

  const depot = (): string => join(machines.outside.directory, 'depot');

  /** Every version and marker, and every unfinished upload: MinIO lists these only to who knows the key, but keeps them here. */
  async function left(bucket: string): Promise<unknown[]> {
    const lines = `
found = s3.list_object_versions(Bucket='${bucket}')
answer(found.get('Versions', []) + found.get('DeleteMarkers', []))`;
    const uploads = await readdir(join(minio.storage, '.minio.sys/multipart'), { recursive: true });
    return [...(await boto3<unknown[]>(minio, lines)), ...uploads.filter((path) => path.includes('xl.meta'))];
  }

  it('that lack are told by plan and import before anything was sent, all at once', async () => {
    const limited = await limitedCredentials(minio, [allow(...READING)]);
    const inside = await s3Site(machines.inside, limited, 'bucket: plain');
    for (const command of [inside.plan(depot()), inside.load(depot())]) {
      const refused = await gapferryJson(inside, command, 6);
      expect(refused.error).toMatchObject({
        code: 'FORBIDDEN',
        message:
          'the import lacks permissions: ' +
          's3:AbortMultipartUpload on s3://plain/line-a/1.0.0/* at target store; ' +
          's3:ListMultipartUploadParts on s3://plain/line-a/1.0.0/* at target store; ' +
          's3:PutObject on s3://plain/line-a/1.0.0/* at target store; ' +
          's3:PutObject on s3://plain/line-a/index.json at target store',
        hint: expect.stringContaining(
          'nothing was loaded; give the credentials of target store these permissions',
        ),
      });
    }
    expect(await left('plain')).toEqual([]);
  });

  it.each(EVERYTHING.filter((action) => action !== 's3:PutObjectTagging'))(
    'show that %s lacks, and nothing else, and leave nothing behind',
    async (action) => {
      const others = EVERYTHING.filter((other) => other !== action);
      const limited = await limitedCredentials(minio, [allow(...others)]);
      const bucket = action === 's3:DeleteObject' ? 'plain' : 'locked';
      const members = bucket === 'plain' ? 'bucket: plain, keep: 2' : `bucket: locked, ${LOCKING}`;
      const inside = await s3Site(machines.inside, limited, members);
      const refused = await gapferryJson(inside, inside.plan(depot()), 6);
      const said = refused.error?.data as Said | undefined;
      const lacking = (said?.permissions ?? []).filter(({ state }) => state === 'lacking');
      expect(new Set(lacking.map((permission) => permission.action))).toEqual(new Set([action]));
      expect(await left(bucket)).toEqual([]);
    },
  );

  it('that were being tried when a process was killed leave nothing behind after the next plan', async () => {
    const inside = await s3Site(machines.inside, minio, `bucket: locked, ${LOCKING}`);
    const key = 'line-a/1.0.0/.gapferry-trial-1';
    await boto3(minio, `answer(s3.create_multipart_upload(Bucket='locked', Key='${key}')['UploadId'])`);
    expect(await left('locked')).toHaveLength(1);
    const state = join(machines.inside.directory, 'site', `state-${minio.port}`, 'uploads');
    await mkdir(state, { recursive: true });
    await writeFile(join(state, 'store.json'), JSON.stringify([{ key }]));
    await gapferryJson(inside, inside.plan(depot()));
    expect(await left('locked')).toEqual([]);
  });

  it('leave nothing behind after kill -9 in the middle of a plan either, when the next one has looked', async () => {
    let holds = true;
    const isAbort = ({ method, path }: AskedOf): boolean =>
      method === 'DELETE' && path.includes('uploadId=') && !path.includes('no-such-upload');
    await using gateway = await startGateway(minio.port, (asked) =>
      holds && isAbort(asked) ? 'hold' : 'pass',
    );
    const reached = { ...minio, url: `http://${gateway.host}`, host: gateway.host };
    const inside = await s3Site(machines.inside, reached, `bucket: locked, ${LOCKING}`);
    await killWhen(gapferryCommand(inside, inside.plan(depot())), async () => gateway.held > 0);
    expect(await left('locked')).toHaveLength(1);
    holds = false;
    await gapferryJson(inside, inside.plan(depot()));
    expect(await left('locked')).toEqual([]);
  });

  it('that the guide demands are enough, and all are known before but what would leave something', async () => {
    const limited = await limitedCredentials(minio, [allow(...EVERYTHING)]);
    const inside = await s3Site(machines.inside, limited, `bucket: locked, ${LOCKING}`);
    const planned = (await gapferryJson(inside, inside.plan(depot()))) as unknown as Said;
    const unknown = planned.permissions.filter(({ state }) => state === 'unknown');
    expect(unknown.map(({ action, reason }) => [action, reason])).toEqual([
      ['s3:DeleteObject', 'where versions are kept, removing what is not there leaves a marker'],
    ]);
    expect(await left('locked')).toEqual([]);
    await gapferryJson(inside, inside.load(depot()));
    const again = (await gapferryJson(inside, inside.plan(depot()))) as unknown as Partial<Said>;
    expect(again.permissions).toBeUndefined();
  });

  it('to remove are known where no versions are kept, and told in the plan where they are', async () => {
    const limited = await limitedCredentials(minio, [
      allow(...EVERYTHING.filter((action) => action !== 's3:DeleteObject')),
    ]);
    const kept = await s3Site(machines.inside, limited, 'bucket: kept, keep: 2');
    const { stdout } = await gapferry(kept, kept.plan(depot()));
    expect(stdout).toContain('s3:DeleteObject on s3://kept/line-a/1.0.0/*: where versions are kept');
    expect(stdout).toContain('→ s3://kept/line-a/1.0.0/tools/setup.txt');
    expect(await left('kept')).toEqual([]);
    await gapferryJson(kept, kept.load(depot()));
  });
});

interface Said {
  readonly permissions: ReadonlyArray<{
    readonly action: string;
    readonly state: string;
    readonly reason?: string;
  }>;
}
