import { execFileSync } from 'node:child_process';
import { chmod, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { digestOf } from '@gapferry/core';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fileUploadJournal } from './file-upload-journal.ts';

const upload = { repository: 'registry.example/app', digest: digestOf('blob') };
const entry = { location: 'https://registry.example/v2/app/blobs/uploads/1?_state=secret', offset: 8 << 20 };
let home: TemporaryDirectory;

beforeAll(async () => {
  home = await temporaryDirectory();
});
afterAll(() => home.remove());

describe('a journal of uploads in a directory', () => {
  it('remembers an upload beyond the process, and forgets it', async () => {
    const directory = home.join('state/uploads');
    const journal = fileUploadJournal(directory);
    expect(await journal.get(upload)).toBeUndefined();
    await journal.remove(upload);
    await journal.put(upload, { ...entry, offset: 1 });
    await journal.put(upload, { ...entry, minLength: 5 });
    expect(await fileUploadJournal(directory).get(upload)).toEqual({ ...entry, minLength: 5 });
    expect(await journal.get({ ...upload, repository: 'registry.example/other' })).toBeUndefined();
    await journal.remove(upload);
    expect([await journal.get(upload), await readdir(directory)]).toEqual([undefined, []]);
  });

  it('lets nobody else read it, since a Location can be as good as a password', async () => {
    const directory = home.join('private');
    await fileUploadJournal(directory).put(upload, entry);
    const [file = ''] = await readdir(directory);
    const modes = await Promise.all(
      [directory, `${directory}/${file}`].map(async (path) => (await stat(path)).mode & 0o777),
    );
    expect(modes).toEqual([0o700, 0o600]);
    expect(file).not.toContain('registry');
  });

  it.each([
    ['nothing', ''],
    ['half a file', '{"repository":"registry.exa'],
    ['another form', '{"location":5}'],
    ['an address that is none', JSON.stringify({ ...upload, ...entry, location: 'file:///etc/passwd' })],
    ['a negative offset', JSON.stringify({ ...upload, ...entry, offset: -1 })],
    ['another upload', JSON.stringify({ ...upload, ...entry, digest: digestOf('other') })],
    [
      'too much',
      JSON.stringify({ ...upload, ...entry, location: `https://x.example/${'x'.repeat(40_000)}` }),
    ],
  ])('begins anew with %s', async (_, text) => {
    const directory = home.join('spoilt');
    const journal = fileUploadJournal(directory);
    await journal.put(upload, entry);
    const [file = ''] = await readdir(directory);
    await writeFile(`${directory}/${file}`, text);
    expect(await journal.get(upload)).toBeUndefined();
    await journal.put(upload, entry);
    expect(await journal.get(upload)).toEqual(entry);
  });

  it('believes no file that others may write', async () => {
    const directory = home.join('open');
    const journal = fileUploadJournal(directory);
    await journal.put(upload, entry);
    const [file = ''] = await readdir(directory);
    for (const mode of [0o620, 0o602]) {
      await chmod(`${directory}/${file}`, mode);
      expect(await journal.get(upload)).toBeUndefined();
    }
    await chmod(`${directory}/${file}`, 0o644);
    expect(await journal.get(upload)).toEqual(entry);
  });

  it('does not wait for what is no file', async () => {
    const directory = home.join('pipe');
    const journal = fileUploadJournal(directory);
    await journal.put(upload, entry);
    const [file = ''] = await readdir(directory);
    await journal.remove(upload);
    execFileSync('mkfifo', ['-m', '600', `${directory}/${file}`]);
    expect(await journal.get(upload)).toBeUndefined();
  });

  it('follows no link', async () => {
    const directory = home.join('links');
    const journal = fileUploadJournal(directory);
    await journal.put(upload, entry);
    const [file = ''] = await readdir(directory);
    const text = await readFile(`${directory}/${file}`);
    await journal.remove(upload);
    await writeFile(home.join('elsewhere'), text);
    await symlink(home.join('elsewhere'), `${directory}/${file}`);
    expect(await journal.get(upload)).toBeUndefined();
  });

  it('says that it cannot be written, and where', async () => {
    await writeFile(home.join('file'), '');
    const journal = fileUploadJournal(home.join('file/uploads'));
    await expect(journal.put(upload, entry)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      origin: 'site',
      message: expect.stringContaining('ENOTDIR'),
    });
  });
});
