import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { encodeReceipt, type Receipt } from '@gapferry/bundle';
import { type Digest, digestOf, GapferryError } from '@gapferry/core';
import type { SignedReceipt } from '@gapferry/importer';
import { memoryLedger, temporaryDirectory } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import type { TrustedSite } from './open-site.ts';
import { orderBack, withWayBack } from './order-back.ts';
import { isLoadedLast, readReceipt, readReceipts, storeReceipt } from './receipts.ts';

const [ONE, TWO, ORDER] = ['one', 'two', 'order'].map((text) => digestOf(text)) as [Digest, Digest, Digest];
let home: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  home = await temporaryDirectory();
  return () => home[Symbol.asyncDispose]();
});

function signed(said: Partial<Receipt>): SignedReceipt {
  const receipt: Receipt = {
    format: 'gapferry.receipt/1',
    site: 'plant-7',
    channel: 'line-a',
    bundle: 'line-a',
    version: '1.0.0',
    sequence: 1,
    statement: ONE,
    status: 'loaded',
    items: { loaded: 1, same: 0, failed: 0 },
    at: '2026-03-20T00:00:00Z',
    ledger: { index: 1, digest: digestOf('entry') },
    previous: null,
    ...said,
  };
  const payload = encodeReceipt(receipt);
  const bytes = Buffer.from(
    JSON.stringify({ dsseEnvelope: { payload: Buffer.from(payload).toString('base64') } }),
  );
  return { bytes, statement: digestOf(payload), receipt };
}

async function store(...receipts: readonly Partial<Receipt>[]): Promise<string[]> {
  const names: string[] = [];
  for (const said of receipts)
    names.push(basename(await storeReceipt(home.path, signed(said), await readReceipts(home.path))));
  return names;
}

it('stores a receipt behind all others, also where earlier ones were taken away', async () => {
  const [first = '', second = ''] = await store({}, { sequence: 2, statement: TWO }, { sequence: 3 });
  await rm(home.join('receipts', first));
  await rm(home.join('receipts', second));
  expect(await store({ sequence: 4 })).toEqual(['000004-line-a-4.sigstore.json']);
  expect((await readReceipts(home.path)).at(-1)?.receipt.sequence).toBe(4);
});

it('reads however many there are, a few at a time: a process may have 1,024 files open', async () => {
  await mkdir(home.join('receipts'));
  const { bytes } = signed({});
  for (let n = 1; n <= 300; n += 1)
    await writeFile(home.join('receipts', `${String(n).padStart(6, '0')}-line-a-1.sigstore.json`), bytes);
  const reading = { done: false, most: 0 };
  const all = readReceipts(home.path).finally(() => {
    reading.done = true;
  });
  while (!reading.done) {
    const open = process.getActiveResourcesInfo().filter((kind) => kind === 'FSReqPromise');
    reading.most = Math.max(reading.most, open.length);
    await nextTurn();
  }
  expect((await all).length).toBe(300);
  expect(reading.most).toBeLessThan(40);
});

it('says what a receipt is that cannot be read', async () => {
  await expect(readReceipt(home.join('none.sigstore.json'))).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('cannot read the receipt'),
  });
});

describe('a release has its receipt', () => {
  const isLoaded = async (statement: Digest): Promise<boolean> =>
    isLoadedLast(await readReceipts(home.path), 'line-a', statement);

  it('when the last one of its channel says that it is loaded', async () => {
    await store({}, { channel: 'line-b', statement: TWO });
    expect([await isLoaded(ONE), await isLoaded(TWO)]).toEqual([true, false]);
  });

  it('and needs another one when the site went back, or on, in between', async () => {
    await store({ sequence: 2, statement: TWO }, { override: ORDER });
    expect([await isLoaded(ONE), await isLoaded(TWO)]).toEqual([true, false]);
  });

  it('and not when it is only partly loaded', async () => {
    await store({ status: 'partly-loaded' });
    expect(await isLoaded(ONE)).toBe(false);
  });
});

it('takes an override for spent that a receipt tells of, though the ledger of then is lost', async () => {
  const order = home.join('order.json');
  await writeFile(order, JSON.stringify({ dsseEnvelope: { payload: '' } }));
  await mkdir(home.join('receipts'));
  const site = { stateDirectory: home.path, config: { name: 'plant-7' } } as TrustedSite;
  const isSpent = async (): Promise<boolean | undefined> =>
    (await orderBack([order], site, memoryLedger()))?.isSpent(ORDER);
  expect(await isSpent()).toBe(false);
  await store({ override: ORDER, status: 'partly-loaded' });
  expect(await isSpent()).toBe(false);
  await store({ override: ORDER });
  expect(await isSpent()).toBe(true);
});

it('takes an override for spent when another release came after it, also where it led only halfway', async () => {
  const order = home.join('order.json');
  await writeFile(order, JSON.stringify({ dsseEnvelope: { payload: '' } }));
  const site = { stateDirectory: home.path, config: { name: 'plant-7' } } as TrustedSite;
  const isSpent = async (): Promise<boolean | undefined> =>
    (await orderBack([order], site, memoryLedger()))?.isSpent(ORDER);
  await store({ override: ORDER, status: 'partly-loaded' }, { channel: 'line-b', statement: TWO });
  expect(await isSpent()).toBe(false);
  await store({ sequence: 2, statement: TWO });
  expect(await isSpent()).toBe(true);
});

describe('an older release that is refused', () => {
  const overrides = [{ role: 'approver', keys: ['anna'], count: 1 }];
  const policy = { channels: new Map([['line-a', { overrides }]]) };
  const refused = async (statement: Digest): Promise<unknown> => {
    const site = { stateDirectory: home.path, file: 'site.yaml', policy } as unknown as TrustedSite;
    const data = { channel: 'line-a', sequence: 1, statement };
    return withWayBack(new GapferryError({ code: 'ROLLBACK', message: 'older', hint: 'no', data }), site);
  };

  it('is told how to go back to it where it was loaded here, or nothing of its number was', async () => {
    expect(await refused(ONE)).toMatchObject({ hint: expect.stringContaining('trust override') });
    await store({ statement: TWO }, { statement: ONE });
    expect(await refused(ONE)).toMatchObject({ code: 'ROLLBACK', hint: expect.stringContaining('override') });
  });

  it('is a second history where another one of its number was loaded: no order leads there', async () => {
    await store({ statement: TWO }, { sequence: 2, statement: ONE });
    const error = await refused(ONE);
    expect(error).toMatchObject({ code: 'FORK', message: expect.stringContaining('has two histories') });
    expect(error).toMatchObject({ hint: expect.not.stringContaining('override'), data: { loaded: TWO } });
  });
});
