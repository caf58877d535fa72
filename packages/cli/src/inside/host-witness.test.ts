import { quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { fixedClock, makeTlsIdentity, startHttpServer, textReply } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { hostWitness } from './host-witness.ts';

const NOW = '2026-03-20T12:00:00Z';

function heard(headers: Record<string, string>): ReturnType<typeof hostWitness> {
  const witness = hostWitness(fixedClock(NOW));
  witness.answered('h', new Map(Object.entries(headers)));
  return witness;
}

describe('what a host says of its clock', () => {
  it.each([
    [{ date: 'Fri, 20 Mar 2026 12:10:00 GMT' }, [{ host: 'h', clockAhead: 600_000 }]],
    [{ date: 'Fri, 20 Mar 2026 11:50:00 GMT' }, [{ host: 'h', clockAhead: -600_000 }]],
    // A cache says how old it is what it answers with (RFC 9111, section 5.1).
    [{ date: 'Fri, 20 Mar 2026 11:50:00 GMT', age: '600' }, [{ host: 'h', clockAhead: 0 }]],
    [{ date: 'yesterday' }, []],
    [{ date: 'Fri, 20 Mar 2026 11:50:00 GMT', age: 'old' }, []],
    [{}, []],
  ])('is taken from %j', (headers, notes) => {
    expect(heard(headers).notes()).toEqual(notes);
  });

  it('counts the first time that it says it', () => {
    const witness = heard({ date: 'Fri, 20 Mar 2026 12:00:00 GMT' });
    witness.answered('h', new Map([['date', 'Fri, 20 Mar 2026 18:00:00 GMT']]));
    expect(witness.notes()).toEqual([{ host: 'h', clockAhead: 0 }]);
  });

  it('and of its certificate comes with what is asked anyway', async () => {
    const tls = await makeTlsIdentity(['127.0.0.1'], { from: -1, until: 3 });
    const ahead = new Date(Date.now() + 3_600_000).toUTCString();
    await using server = await startHttpServer(() => textReply(200, 'x', { date: ahead }), { tls });
    const witness = hostWitness({ now: () => new Date() });
    const client = createHttpClient({ ca: tls.ca, witness });
    await client.request({ url: server.url, item: 'x' }, quietRun());
    client.close();
    const [note] = witness.notes();
    expect(Math.round((note?.clockAhead ?? 0) / 60_000)).toBe(60);
    expect(Math.round((note?.certificateLeft ?? 0) / 86_400_000)).toBe(3);
    expect(server.requests).toHaveLength(1);
  });
});
