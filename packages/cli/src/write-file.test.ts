import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { runProcess, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeFileAtomically } from './write-file.ts';

let home: TemporaryDirectory;
beforeEach(async () => {
  home = await temporaryDirectory();
});
afterEach(() => home.remove());

describe('a file that must be new', () => {
  it('is written with the mode it was given, and leaves no other name', async () => {
    const path = home.join('keys', 'a.key');
    await writeFileAtomically(path, 'secret', { mode: 0o600, exclusive: true });
    expect(await readFile(path, 'utf8')).toBe('secret');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(home.join('keys'))).toEqual(['a.key']);
  });

  it('never replaces one that is there', async () => {
    await writeFile(home.join('a'), 'old');
    const again = writeFileAtomically(home.join('a'), 'new', { exclusive: true });
    await expect(again).rejects.toMatchObject({
      code: 'USAGE',
      message: `${home.join('a')} is there already`,
    });
    expect(await readFile(home.join('a'), 'utf8')).toBe('old');
    expect(await readdir(home.path)).toEqual(['a']);
  });

  it('has no name at all when its content cannot be written', async () => {
    // A shell can forbid any byte in a file without being root.
    const module = new URL('./write-file.ts', import.meta.url).href;
    const program = `
      process.on('SIGXFSZ', () => {});
      const { writeFileAtomically } = await import(${JSON.stringify(module)});
      await writeFileAtomically('a.key', 'secret', { exclusive: true }).catch(({ code }) => console.log(code));`;
    const node = `"${process.execPath}" --conditions=gapferry-source --input-type=module -e "$PROGRAM"`;
    const result = await runProcess('sh', ['-c', `ulimit -f 0; ${node} | cat`], {
      cwd: home.path,
      env: { PATH: process.env['PATH'], PROGRAM: program },
    });
    expect(result).toMatchObject({ stdout: 'STORAGE_FAILED\n' });
    expect(await readdir(home.path)).toEqual([]);
  });
});

it('says that a name is too long, and does not blame itself', async () => {
  const written = writeFileAtomically(home.join('a'.repeat(300)), 'x', { exclusive: true });
  await expect(written).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  expect(await readdir(home.path)).toEqual([]);
});

it('tells a file in the place of a directory from a file that is there already', async () => {
  await writeFile(home.join('a'), '');
  const below = writeFileAtomically(home.join('a', 'b'), 'x', { exclusive: true });
  await expect(below).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
});
