import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { formatStatus } from './format-status.ts';
import { type ChannelStatus, judgeStatus, type SiteStatus } from './site-status.ts';

const statement = digestOf('one');
const target = { target: 'harbor', same: 12, unasked: 0, drift: [] };
const moved = {
  kind: 'moved' as const,
  target: 'harbor',
  item: 'image docker.io/library/redis:7',
  place: 'oci docker.io/library/redis:7',
  was: { digest: digestOf('was') },
  is: { digest: digestOf('is') },
};

function statusOf(channel: Partial<ChannelStatus>, more: Partial<SiteStatus> = {}): SiteStatus {
  const channels = [{ channel: 'line-a', overrides: [], ...channel }];
  return {
    site: 'plant-7',
    at: '2026-03-20T00:00:00Z',
    ledger: { entries: 9 },
    restarts: [],
    channels,
    ...more,
  };
}

describe('the status of a site', () => {
  it('says in few lines what an operator asks', () => {
    const loaded = {
      sequence: 17,
      statement,
      version: '1.4.0',
      since: '2026-03-01T00:00:00Z',
      proved: '2026-03-19T00:00:00Z',
      receipt: { statement, file: '000017-line-a-17.sigstore.json' },
    };
    expect(formatStatus(statusOf({ mark: 17, loaded, targets: [target] }))).toBe(
      [
        'line-a',
        '  loaded  1.4.0 (line-a/17) since 2026-03-01T00:00:00Z, found whole at 2026-03-19T00:00:00Z; receipt 000017-line-a-17.sigstore.json',
        '  mark    17',
        '  target  harbor: 12 name(s) as they were left',
        '12 name(s) stand as they were left',
      ].join('\n'),
    );
  });

  it('says what was and what is, shortened, and what could not be asked', () => {
    const drift = [
      moved,
      { ...moved, kind: 'content' as const },
      { ...moved, kind: 'gone' as const, address: 's3://a/b' },
    ];
    const deaf = {
      target: 'gitea',
      same: 0,
      unasked: 3,
      drift: [],
      error: { code: 'UNREACHABLE', message: 'no route', hint: 'look at the cable' },
    };
    const status = statusOf({ targets: [{ ...target, drift }, deaf] });
    const text = formatStatus(status);
    expect(text).toContain(`was ${digestOf('was').slice(0, 19)}, is ${digestOf('is').slice(0, 19)}`);
    expect(text).toContain('s3://a/b: is not there any more');
    expect(text).toContain('the name stands, what it needs is not there any more');
    expect(text).toContain(
      'gitea: 0 name(s) as they were left, 3 that could not be asked: no route (look at the cable)',
    );
    expect(text).toMatch(/3 thing\(s\) differ .*; not everything could be asked: see above$/);
    expect(judgeStatus(status)).toEqual({ drift: 3, unknown: 1 });
  });

  it('names the refs of a repository that differ, the first of many', () => {
    const refs = Array.from({ length: 8 }, (_, i) => [`refs/heads/b${i}`, 'a'.repeat(40)] as const);
    const drift = [{ ...moved, was: Object.fromEntries(refs), is: { 'refs/heads/b0': 'b'.repeat(40) } }];
    const text = formatStatus(statusOf({ targets: [{ ...target, drift }] }));
    expect(text).toContain('refs/heads/b0 was aaaaaaaaaaaa, is bbbbbbbbbbbb');
    expect(text).toContain('refs/heads/b1 was aaaaaaaaaaaa, is not there any more');
    expect(text).toContain('; and 3 more');
  });

  it('tells of overrides, staged and unfinished releases, of who is at work, and of a ledger begun anew', () => {
    const at = '2026-03-20T00:00:00Z';
    const name = { sequence: 18, statement, version: '1.5.0' };
    const override = {
      override: statement,
      index: 4,
      at,
      to: { sequence: 16, statement },
      reason: '17 loses\u001b[2J messages',
    };
    const text = formatStatus(
      statusOf(
        {
          staged: { ...name, at },
          unfinished: { ...name, how: 'stopped', at, message: 'full' },
          overrides: [override],
        },
        {
          running: { purpose: 'import', since: at, by: 'anna on host, process 7' },
          restarts: [{ index: 1, at, reason: 'disk died' }],
        },
      ),
    );
    expect(text).toContain('loaded    nothing');
    expect(text).toContain(`staged    1.5.0 (line-a/18) at ${at}, nothing of it visible`);
    expect(text).toContain(`stopped   1.5.0 (line-a/18) at ${at}: full`);
    expect(text).toMatch(/override +sha256:\w{12} led to line-a\/16 at .*: 17 loses\P{Cc}* messages/u);
    expect(text).toContain(`at work right now: import, since ${at}, by anna on host, process 7`);
    expect(text).toContain(
      'begun anew at 2026-03-20T00:00:00Z (entry 1), what was before is lost: disk died',
    );
  });

  it('calls no import broken off while somebody is at work', () => {
    const at = '2026-03-20T00:00:00Z';
    const unfinished = { sequence: 18, statement, how: 'broken off' as const, at };
    const running = { purpose: 'import', since: at, by: 'anna on host, process 7' };
    const during = formatStatus(statusOf({ unfinished }, { running }));
    expect(during).toContain(`begun   line-a/18 at ${at}, and has not come to its end yet`);
    expect(formatStatus(statusOf({ unfinished }))).toContain('no more was heard of it: import it again');
  });

  it('of a site that has nothing says so, and of one that was not asked counts nothing', () => {
    expect(formatStatus({ ...statusOf({}), channels: [] })).toBe('nothing was imported yet');
    expect(formatStatus(statusOf({}))).toBe('line-a\n  loaded  nothing');
    expect(judgeStatus(statusOf({ notCompared: { code: 'KEY_DENIED', message: 'no' } }))).toEqual({
      drift: 0,
      unknown: 1,
    });
  });
});
