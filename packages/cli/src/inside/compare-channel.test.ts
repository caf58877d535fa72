import { digestOf, type JsonValue, quietRun } from '@gapferry/core';
import { channelHistories } from '@gapferry/importer';
import { memoryLedger, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compareChannel, type LookedAt } from './compare-channel.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

it('says that it cannot compare what an import set before it was stopped, where the release is not kept', async () => {
  const ledger = memoryLedger();
  const place = { site: { stateDirectory: home.path }, ledger, away: new Map() } as unknown as LookedAt;
  const tell = (kind: string, sequence: number, names?: JsonValue) =>
    ledger.append(kind, { channel: 'line-a', sequence, statement: digestOf(`${sequence}`), names });
  const compare = () => {
    const history = channelHistories(ledger).get('line-a');
    return compareChannel(place, 'line-a', history ?? { overrides: [] }, quietRun());
  };
  tell('import.began', 3);
  tell('import.stopped', 3);
  expect(await compare()).toEqual({});

  tell('import.began', 4);
  tell('import.naming', 4, []);
  tell('import.stopped', 4);
  const unknown = {
    notCompared: { code: 'RELEASE_NOT_FOUND', message: expect.stringContaining('number 4') },
  };
  expect(await compare()).toMatchObject(unknown);

  tell('import.began', 5);
  tell('import.stopped', 5);
  expect(await compare()).toMatchObject(unknown);
});
