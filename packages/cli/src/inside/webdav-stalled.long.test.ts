import { quietRun, type Run, type RunEvent } from '@gapferry/core';
import { makeFile } from '@gapferry/core/testing';
import { startWebdavServer } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { openWebdavFixture } from '../testing/webdav-place.ts';

it.each([
  ['PUT', 'after it had got all of what was sent of'],
  ['HEAD', 'when it was asked for'],
] as const)(
  'a WebDAV server that says nothing to %s is asked twice, and told of meanwhile',
  async (method, says) => {
    await using server = await startWebdavServer({});
    const told: RunEvent[] = [];
    const run: Run = { ...quietRun(), emit: (event) => void told.push(event) };
    const { content, name, medium } = makeFile('tool');
    const load = async (idleTimeoutMs: number): Promise<void> => {
      const { target, http } = openWebdavFixture(server, { idleTimeoutMs });
      try {
        await target.preflight([content, name], run);
        await target.load(content, medium, run);
        await target.readBack(content, run);
        await target.loadNames([name], medium, run);
      } finally {
        http.close();
      }
    };
    const visible = (): string[] => [...server.files.keys()].filter((path) => !path.startsWith('.gapferry/'));
    server.addFault({ match: (request) => request.method === method, do: { kind: 'stall' } });
    await expect(load(600)).rejects.toMatchObject({
      code: 'TIMED_OUT',
      retryable: true,
      message: expect.stringContaining(`${server.host} said nothing for 0.6 s ${says}`),
    });
    expect(told).toContainEqual(expect.objectContaining({ kind: 'silence', place: server.host }));
    expect(told.filter(({ kind }) => kind === 'retry')).toHaveLength(1);
    expect(visible()).toEqual([]);
    server.clearFaults();
    await load(60_000);
    expect(visible()).not.toEqual([]);
  },
);
