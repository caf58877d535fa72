import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { digestOf } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSiteState, type TrustPin } from './site-state.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

const pinOf = (version: number, text: string = `policy ${version}`): TrustPin => ({
  version,
  digest: digestOf(text),
  pinnedAt: '2026-03-01T12:00:00Z',
});
const markOf = (sequence: number, text: string = `statement ${sequence}`) => ({
  sequence,
  statement: digestOf(text),
  issuedAt: `2026-03-01T12:00:${String(sequence % 60).padStart(2, '0')}Z`,
});

it('knows nothing at first, and writes nothing for that', async () => {
  const state = await openSiteState(home.join('site'));
  expect([state.pin(), state.mark('a'), state.marks()]).toEqual([undefined, undefined, {}]);
  expect(await readdir(home.path)).toEqual([]);
});

it('remembers pin and marks, in the documented form', async () => {
  const state = await openSiteState(home.join('site'));
  const pin = { ...pinOf(3), site: 'plant-7' };
  await state.setPin(pin, { 'line-a': { sequence: 0 } });
  await state.raiseMark('line-a', markOf(17));
  const again = await openSiteState(home.join('site'));
  expect(again.pin()).toEqual(pin);
  expect(again.mark('line-a')).toEqual(markOf(17));
  expect(JSON.parse(await readFile(home.join('site', 'trust-state.json'), 'utf8'))).toEqual({
    format: 'gapferry.site-state/1',
    pin,
    seen: '2026-03-01T12:00:00Z',
    marks: { 'line-a': markOf(17) },
  });
  expect(await readdir(home.join('site'))).toEqual(['trust-state.json']);
});

describe('a mark', () => {
  it('never goes back', async () => {
    const state = await openSiteState(home.path);
    await state.raiseMark('a', markOf(5));
    await expect(state.raiseMark('a', markOf(4))).rejects.toMatchObject({ code: 'ROLLBACK' });
    await expect(state.raiseMark('a', markOf(5, 'other'))).rejects.toMatchObject({ code: 'FORK' });
    expect((await openSiteState(home.path)).mark('a')).toEqual(markOf(5));
  });

  it('may be set to the same again, and gets the statement that a bare number lacked', async () => {
    const state = await openSiteState(home.path);
    await state.setPin(pinOf(1), { a: { sequence: 5 } });
    await state.raiseMark('a', markOf(5));
    await state.raiseMark('a', markOf(5));
    expect(state.mark('a')).toEqual(markOf(5));
  });

  it('keeps the latest time that was ever accepted', async () => {
    const state = await openSiteState(home.path);
    await state.raiseMark('a', { ...markOf(1), issuedAt: '2026-06-01T00:00:00Z' });
    await state.raiseMark('a', { ...markOf(2), issuedAt: '2026-05-01T00:00:00Z' });
    expect(state.mark('a')).toMatchObject({ sequence: 2, issuedAt: '2026-06-01T00:00:00Z' });
  });

  it('belongs to one channel, also to one called constructor', async () => {
    const state = await openSiteState(home.path);
    expect(state.mark('constructor')).toBeUndefined();
    await state.raiseMark('b', markOf(9));
    expect(state.mark('a')).toBeUndefined();
  });
});

describe('pinning again', () => {
  it('keeps marks that are there, and starts those of new channels', async () => {
    const state = await openSiteState(home.path);
    await state.setPin(pinOf(1), { a: { sequence: 0 } });
    await state.raiseMark('a', markOf(7));
    await state.setPin(pinOf(2), { a: { sequence: 0 }, b: { sequence: 3 } });
    expect(state.marks()).toEqual({ a: markOf(7), b: { sequence: 3 } });
  });

  it('sets a mark that the policy settles, also lower', async () => {
    const state = await openSiteState(home.path);
    await state.raiseMark('a', markOf(900));
    await state.setPin(pinOf(2), {}, { a: markOf(7) });
    expect(state.mark('a')).toEqual(markOf(7));
  });

  it('refuses an older policy, and another one of the same version', async () => {
    const state = await openSiteState(home.path);
    await state.setPin(pinOf(2), {});
    await state.setPin(pinOf(2), {});
    await expect(state.setPin(pinOf(1), {})).rejects.toMatchObject({ code: 'TRUST_MISMATCH' });
    await expect(state.setPin(pinOf(2, 'edited'), {})).rejects.toMatchObject({ code: 'TRUST_MISMATCH' });
    expect(state.pin()).toEqual(pinOf(2));
  });
});

describe('a damaged file', () => {
  it.each([
    ['empty', ''],
    ['cut', '{"format":"gapferry.site-state/1","mar'],
    ['of another format', '{"format":"gapferry.depot-state/1","marks":{}}'],
    ['with a negative mark', '{"format":"gapferry.site-state/1","marks":{"a":{"sequence":-1}}}'],
    ['with an unknown member and a wrong one', '{"format":"gapferry.site-state/1","marks":1,"more":1}'],
    [
      'with a digest that is none',
      '{"format":"gapferry.site-state/1","marks":{"a":{"sequence":1,"statement":"x"}}}',
    ],
    ['with __proto__', '{"format":"gapferry.site-state/1","marks":{"__proto__":{"sequence":1}}}'],
  ])('(%s) is an error and stays as it is', async (_what, text) => {
    await writeFile(home.join('trust-state.json'), text);
    const opening = openSiteState(home.path);
    await expect(opening).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      hint: expect.stringContaining('trust pin'),
    });
    expect(await readFile(home.join('trust-state.json'), 'utf8')).toBe(text);
  });

  it.each(['link', 'directory'])('(a %s) is an error', async (kind) => {
    if (kind === 'link') await symlink('/dev/null', home.join('trust-state.json'));
    else await mkdir(home.join('trust-state.json'));
    await expect(openSiteState(home.path)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});

describe('a file that a newer gapferry wrote', () => {
  it.each([
    '{"format":"gapferry.site-state/2","epochs":[]}',
    '{"format":"gapferry.site-state/1","marks":{},"more":1}',
    '{"format":"gapferry.site-state/1","marks":{"a":{"sequence":1,"more":1}}}',
  ])('is not called damaged, and stays as it is: %s', async (text) => {
    await writeFile(home.join('trust-state.json'), text);
    await expect(openSiteState(home.path)).rejects.toMatchObject({
      code: 'FORMAT_UNKNOWN',
      hint: expect.stringContaining('use the gapferry that wrote it'),
    });
    expect(await readFile(home.join('trust-state.json'), 'utf8')).toBe(text);
  });
});

it('notes the head of the ledger beside pin and marks, and keeps it with both', async () => {
  const head = { index: 7, digest: digestOf('seven') };
  const state = await openSiteState(home.join('site'));
  await state.noteLedger(head);
  expect(await readdir(home.path)).toEqual([]);
  await state.setPin(pinOf(3), { 'line-a': { sequence: 0 } });
  await state.noteLedger(head);
  await state.raiseMark('line-a', markOf(17));
  await state.setPin(pinOf(4), {});
  const again = await openSiteState(home.join('site'));
  expect([again.ledger(), again.pin(), again.mark('line-a')]).toEqual([head, pinOf(4), markOf(17)]);
});

it('notes the latest moment with a head, which no clock that is set back makes earlier, until the policy is pinned again', async () => {
  const state = await openSiteState(home.join('site'));
  await state.setPin(pinOf(3), {});
  expect(state.seen()).toBe('2026-03-01T12:00:00Z');
  const head = (index: number) => ({ index, digest: digestOf(String(index)) });
  await state.noteLedger(head(1), '2036-01-01T00:00:00Z');
  await state.noteLedger(head(2), '2026-03-02T00:00:00Z');
  expect((await openSiteState(home.join('site'))).seen()).toBe('2036-01-01T00:00:00Z');
  await state.setPin(pinOf(3), {});
  expect((await openSiteState(home.join('site'))).seen()).toBe('2026-03-01T12:00:00Z');
});
