import { type BlobReader, type Digest, digestOf, quietRun, type RunEvent } from '@gapferry/core';
import { memoryMedium } from '@gapferry/core/testing';
import { expect, it } from 'vitest';
import { plainRegistry } from '../testing/plain-registry.ts';
import { type BlobLanes, blobLanes } from './blob-lanes.ts';
import type { OciRegistry } from './oci-registry.ts';

const run = quietRun();
const nothing: BlobReader = memoryMedium([]);
const named = new Map<Digest, string>();

/** A registry whose uploads end when they are told to. */
function gatedRegistry(): OciRegistry & { readonly begun: string[]; open(name: string): void } {
  const begun: string[] = [];
  const gates = new Map<string, () => void>();
  return {
    ...plainRegistry(),
    begun,
    open: (name) => gates.get(name)?.(),
    async pushBlob(_repository, { digest, size }) {
      const name = named.get(digest) ?? '';
      begun.push(name);
      await new Promise<void>((resolve) => gates.set(name, resolve));
      return { sent: size };
    },
  };
}

function send(lanes: BlobLanes, name: string, size: number, repository = 'r'): Promise<number> {
  const digest = digestOf(name);
  named.set(digest, name);
  return lanes.send({ digest, size, repository, item: 'image a' }, nothing, run);
}

/** Until everything that can happen has happened. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
}

it('sends the biggest of those that wait, and lets no small one wait for it', async () => {
  const registry = gatedRegistry();
  const lanes = blobLanes(registry, 1);
  const sizes = { first: 5e6, middle: 6e6, biggest: 9e9, small: 100 };
  const sent = Object.entries(sizes).map(([name, size]) => send(lanes, name, size));
  await settle();
  expect(registry.begun).toEqual(['first', 'small']);
  for (const name of ['first', 'small', 'biggest', 'middle']) {
    registry.open(name);
    await settle();
  }
  expect(registry.begun).toEqual(['first', 'small', 'biggest', 'middle']);
  expect(await Promise.all(sent)).toEqual(Object.values(sizes));
});

it('sends a blob that several loads want once to each repository', async () => {
  const registry = gatedRegistry();
  const lanes = blobLanes(registry, 8);
  const sent = ['r', 'r', 's'].map((repository) => send(lanes, 'shared', 7, repository));
  await settle();
  expect(registry.begun).toEqual(['shared']);
  registry.open('shared');
  await settle();
  expect(registry.begun).toEqual(['shared', 'shared']);
  registry.open('shared');
  expect(await Promise.all(sent)).toEqual([7, 0, 7]);
});

it('tries again what another load could not bring', async () => {
  let tries = 0;
  const registry: OciRegistry = {
    ...plainRegistry(),
    pushBlob: async (_repository, { size }) => {
      tries += 1;
      if (tries === 1) throw new Error('cut');
      return { sent: size };
    },
  };
  const lanes = blobLanes(registry, 8);
  const [first, second] = await Promise.allSettled([send(lanes, 'x', 7), send(lanes, 'x', 7)]);
  expect(first.status).toBe('rejected');
  expect(second).toMatchObject({ value: 7 });
});

it('tells of a blob once, as the plan counts it, wherever it is mounted', async () => {
  const registry: OciRegistry = {
    ...plainRegistry(),
    pushBlob: async () => ({ sent: 0 }),
  };
  const lanes = blobLanes(registry, 8);
  const told: number[] = [];
  const listening = {
    ...run,
    emit: (event: RunEvent) => void (event.kind === 'bytes' && told.push(event.bytes)),
  };
  const digest = digestOf('mounted');
  for (const repository of ['r', 's', 's', 't'])
    await lanes.send({ digest, size: 7, repository, item: 'image a' }, nothing, listening);
  expect(told).toEqual([7]);
});
