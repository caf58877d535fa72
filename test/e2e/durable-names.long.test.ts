import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { gapferryJson, type Machine } from '../support/command-line.ts';
import { type FileCall, isDurable, readFileCalls, tracedInto } from '../support/file-calls.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const BUNDLE = `format: gapferry.bundle/1
name: line-a
files:
  - {path: ../../kit, as: kit}
`;

/** Of a trace. */
const END = { begun: Number.POSITIVE_INFINITY };

let machines: TwoMachines;
beforeEach(async () => {
  machines = await makeTwoMachines({ bundle: BUNDLE, environment: {} });
});
afterEach(() => machines.close());

async function put(path: string, text: string): Promise<void> {
  const file = join(machines.outside.directory, 'kit', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** Imports what is on the medium, and tells what the kernel was asked for. */
async function traced(): Promise<FileCall[]> {
  const log = machines.path('trace.log');
  const inside: Machine = { ...machines.inside, through: tracedInto(log) };
  const load = ['import', machines.stick, '--site', 'site/site.yaml', '--yes'];
  expect(await gapferryJson(inside, load)).toMatchObject({ kind: 'loaded' });
  return readFileCalls(await readFile(log, 'utf8'));
}

function one(calls: readonly FileCall[], wanted: (call: FileCall) => boolean): FileCall {
  const found = calls.find(wanted);
  if (found === undefined) throw new Error('there is no such call');
  return found;
}

it.skipIf(isMissing('strace')).each(['{channel}/{version}/{path}', '{path}'])(
  'what tells of names in a directory (%s) is written when they are durable, and is durable before the ledger tells of it',
  { timeout: 120_000 },
  async (path) => {
    const srv = machines.path('inside/srv');
    await mkdir(srv);
    const site = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
targets:
  - {name: files, kind: directory, directory: ../srv, path: "${path}"}
`;
    await writeFile(join(machines.inside.directory, 'site/site.yaml'), site);
    for (const [version, name] of [
      ['1.0.0', 'a/one'],
      ['1.1.0', 'a/two'],
    ] as const) {
      await put(name, name);
      await put('b/c/three', `three of ${version}`);
      await machines.collect(...(version === '1.0.0' ? ['--first'] : []), '--version', version);
      await machines.export();
      const calls = await traced();
      const ours = calls.filter((call) => call.path.startsWith(`${srv}/`));
      const index = one(ours, (call) => call.name === 'rename' && call.path.endsWith('/index.json'));
      const sums = one(ours, (call) => call.name === 'rename' && call.path.endsWith('/SHA256SUMS'));
      const ledger = one(
        calls,
        (call) => call.name === 'sync' && call.path.endsWith('/ledger.db') && call.begun > sums.begun,
      );
      const names = ours.filter((call) => call.name === 'rename' && call !== index && call !== sums);
      expect(
        names.filter((call) => /\/kit\/(?:a\/(?:one|two)|b\/c\/three)$/.test(call.path)).length,
      ).toBeGreaterThan(1);
      const tellers = (call: FileCall): FileCall => {
        if (call === sums) return ledger;
        return call === index || call.begun > index.begun ? sums : index;
      };
      const made = ours.filter((call) => call.name === 'mkdir');
      const lost = [...names, ...made, index, sums].filter(
        (call) =>
          !isDurable(calls, call.path, call, call.path === dirname(index.path) ? sums : tellers(call)),
      );
      expect(lost.map((call) => call.path)).toEqual([]);
      const receipts = calls.filter(({ name, path: at }) => name === 'mkdir' && at.endsWith('/receipts'));
      expect(receipts).toHaveLength(version === '1.0.0' ? 1 : 0);
      for (const call of receipts) expect(isDurable(calls, call.path, call, END)).toBe(true);
      const written = ours.filter((call) => call.from?.endsWith('.part'));
      const unsynced = written.filter(
        ({ from, begun }) =>
          !calls.some((call) => call.name === 'sync' && call.path === from && call.ended < begun),
      );
      expect(written.length).toBeGreaterThan(3);
      expect(unsynced.map((call) => call.path)).toEqual([]);
    }
  },
);
