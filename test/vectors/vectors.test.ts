import { readdirSync } from 'node:fs';
import { isGapferryError } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { READERS } from './read-format.ts';
import { caseNames, type Expect, readExpect, withCase } from './read-vector.ts';

for (const [format, read] of Object.entries(READERS))
  describe(`the vectors of ${format}`, () => {
    for (const name of caseNames(format)) {
      const { accept, refuse, why } = readExpect(format, name);
      it(`${name}: ${accept ? 'accepted' : `refused with ${refuse}`} (${why})`, async () => {
        await withCase(format, name, async (directory, expected) => {
          if (expected.accept) expectResult(await read(directory, expected), expected);
          else expectRefusal(await errorOf(() => read(directory, expected)), expected);
        });
      });
    }
  });

describe('the vectors', () => {
  it('belong to a format that is read', () => {
    const directories = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) =>
      entry.isDirectory(),
    );
    const formats = directories.map((entry) => entry.name).filter((name) => name !== 'make');
    expect(formats.sort()).toEqual(Object.keys(READERS).sort());
  });
});

function expectResult(actual: unknown, { result }: Expect): void {
  if (result !== undefined) expect(actual).toMatchObject(result as object);
}

function expectRefusal(error: unknown, { refuse, says = [] }: Expect): void {
  expect(isGapferryError(error), `not one of our errors: ${error}`).toBe(true);
  expect(error).toMatchObject({ code: refuse });
  for (const text of says) expect((error as Error).message).toContain(text);
}

async function errorOf(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  return 'it was accepted';
}
