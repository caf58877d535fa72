import type { Fault } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HostedPush, hostedPush } from '../testing/hosted-push.ts';

/** What a minute is for people. */
const MOMENT = 400;

let host: HostedPush;
beforeEach(async () => {
  host = await hostedPush(MOMENT);
});
afterEach(() => host.close());

describe.each([
  ['git', () => host.byGit()],
  ['requests of our own', () => host.byRequests()],
])('a host that falls silent is given up by %s', (_way, pushing) => {
  const isUpload: Fault['match'] = ({ method, path }) =>
    method === 'POST' && path.endsWith('/git-receive-pack');
  const isListing: Fault['match'] = ({ path }) => path.endsWith('/info/refs');

  it.each<[string, Fault]>([
    ['before it lists its refs', { match: isListing, do: { kind: 'stall' } }],
    ['within its list of refs', { match: isListing, do: { kind: 'stall', afterBytes: 60 } }],
    ['when it has everything', { match: isUpload, do: { kind: 'stall' } }],
    ['within its answer', { match: isUpload, do: { kind: 'stall', afterBytes: 3 } }],
  ])('%s', async (_phase, fault) => {
    host.server.addFault(fault);
    await expect(pushing()).rejects.toMatchObject({ code: 'TIMED_OUT', retryable: true });
  });

  it('and not when it answers', async () => {
    await pushing();
    expect(await host.refs()).toContain('refs/heads/main');
  });
});
