import { writeFile } from 'node:fs/promises';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readSignedFile } from './signed-payload.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

it('a signature file gives what stands in its envelope', async () => {
  const payload = Buffer.from('{}').toString('base64');
  await writeFile(home.join('one'), JSON.stringify({ dsseEnvelope: { payload } }));
  const { payload: found } = await readSignedFile(home.join('one'), 'the override');
  expect(Buffer.from(found).toString()).toBe('{}');
});

it.each(['name: plant-7\n', '{}', '[1]', 'null', ''])(
  'another file is refused with what to name instead: %j',
  async (text) => {
    await writeFile(home.join('one'), text);
    await expect(readSignedFile(home.join('one'), 'the override')).rejects.toMatchObject({
      code: 'STATEMENT_INVALID',
      hint: expect.stringContaining('.sigstore.json'),
    });
  },
);
