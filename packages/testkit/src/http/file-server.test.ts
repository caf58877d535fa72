import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { mustRun, runProcess } from '../process/run-process.ts';
import { isMissing } from '../process/which.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { makeTlsIdentity } from '../tls-identity.ts';
import { startFileServer } from './file-server.ts';

describe('the file server', () => {
  it('serves bytes with a tag that changes with them', async () => {
    await using server = await startFileServer(new Map([['/tool.bin', 'one']]));
    const first = await fetch(`${server.url}/tool.bin`);
    const etag = first.headers.get('etag') ?? '';
    const again = await fetch(`${server.url}/tool.bin`, { headers: { 'if-none-match': etag } });
    expect(again.status).toBe(304);
    server.files.set('/tool.bin', 'two');
    const changed = await fetch(`${server.url}/tool.bin`, { headers: { 'if-none-match': etag } });
    expect([changed.status, await changed.text()]).toEqual([200, 'two']);
  });

  it.each([
    ['bytes=0-0', 206, '0'],
    ['bytes=3-', 206, '3456789'],
    ['bytes=-2', 206, '89'],
    ['bytes=-20', 206, '0123456789'],
    ['bytes=5-100', 206, '56789'],
    ['bytes=10-', 416, ''],
    ['bytes=5-3', 200, '0123456789'],
    ['bytes=0-1,3-4', 200, '0123456789'],
    ['bytes=-', 200, '0123456789'],
  ])('answers the range %s with %i', async (range, status, text) => {
    await using server = await startFileServer(new Map([['/x', '0123456789']]));
    const answer = await fetch(`${server.url}/x`, { headers: { range } });
    expect([answer.status, await answer.text()]).toEqual([status, text]);
  });

  it('gives everything when If-Range names another version', async () => {
    await using server = await startFileServer(new Map([['/x', '0123456789']]));
    const headers = { range: 'bytes=5-', 'if-range': '"old"' };
    expect((await fetch(`${server.url}/x`, { headers })).status).toBe(200);
  });

  it('asks for credentials, knows no other methods and no other paths', async () => {
    const auth = { username: 'u', password: 'p' };
    await using server = await startFileServer(new Map([['/x', 'y']]), { auth });
    const headers = { authorization: `Basic ${Buffer.from('u:p').toString('base64')}` };
    const ask = async (path: string, init: RequestInit): Promise<number> =>
      (await fetch(server.url + path, init)).status;
    expect([
      await ask('/x', {}),
      await ask('/x', { headers }),
      await ask('/y', { headers }),
      await ask('/x', { headers, method: 'POST' }),
    ]).toEqual([401, 200, 404, 405]);
  });

  describe.skipIf(isMissing('curl', 'sha256sum'))('with curl', () => {
    it('resumes a generated file after a cut, to the same bytes', async () => {
      const file = { size: 5_000_003, seed: 'big' };
      await using server = await startFileServer(new Map([['/big', file]]));
      await using home = await temporaryDirectory();
      server.addFault({ match: () => true, times: 1, do: { kind: 'cut', afterBytes: 2_000_001 } });
      const curl = ['--silent', '--continue-at', '-', '--output', home.join('big'), `${server.url}/big`];
      expect((await runProcess('curl', curl)).code).toBe(18);
      expect((await runProcess('curl', curl)).code).toBe(0);
      expect(server.requests[1]?.headers['range']).toBe('bytes=2000001-');
      const whole = await (await fetch(`${server.url}/big`)).bytes();
      const sum = await mustRun('sha256sum', [home.join('big')]);
      expect(sum.split(' ')[0]).toBe(createHash('sha256').update(whole).digest('hex'));
    });

    it('speaks TLS that curl accepts with the authority and refuses without', async () => {
      const tls = await makeTlsIdentity();
      await using server = await startFileServer(new Map([['/x', 'over TLS']]), { tls });
      await using home = await temporaryDirectory();
      await writeFile(home.join('ca.pem'), tls.ca);
      const url = `${server.url}/x`;
      expect(await mustRun('curl', ['--silent', '--cacert', home.join('ca.pem'), url])).toBe('over TLS');
      expect((await runProcess('curl', ['--silent', url])).code).toBe(60);
    });
  });
});
