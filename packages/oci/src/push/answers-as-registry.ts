import type { Run } from '@gapferry/core';
import { askTarget } from './ask-target.ts';
import { type PushPlace, pullScope } from './push-place.ts';

/** Does the host speak the distribution protocol (`GET /v2/`; distribution-spec, determining support)? A page of a web server that answers everything counts as none. Throws `UNAUTHORIZED` where it refuses the credentials. */
export async function answersAsRegistry(place: PushPlace, run: Run): Promise<boolean> {
  const { status, headers } = await askTarget(
    {
      place,
      item: `the registry ${place.host}`,
      doing: 'looking',
      method: 'GET',
      url: `${new URL(place.base).origin}/v2/`,
      scope: pullScope(place),
      accept: [200, 400, 404, 405, 410],
    },
    run,
  );
  const isPage = /\bhtml\b/i.test(headers.get('content-type') ?? '');
  const version = headers.get('docker-distribution-api-version') ?? 'registry/2.0';
  return status === 200 && !isPage && version.includes('registry/2.');
}
