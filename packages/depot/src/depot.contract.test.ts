import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeBlobStore, describeReleaseStore } from '@gapferry/core/testing';
import { afterAll, beforeAll } from 'vitest';
import { type Depot, openDepot } from './open-depot.ts';

let home: string;
let count = 0;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'gapferry-depot-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const makeDepot = (): Promise<Depot> => openDepot(join(home, `depot-${count++}`), { create: true });

describeBlobStore('the depot', makeDepot);
describeReleaseStore('the depot', makeDepot);
