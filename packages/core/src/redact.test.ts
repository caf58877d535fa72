import { describe, expect, it } from 'vitest';
import { redact } from './redact.ts';

describe('redact', () => {
  it.each(['token', 'access_token', 'private_token', 'client_secret', 'X-Amz-Signature', 'sig', 'api.key'])(
    'masks the query parameter %s',
    (name) => {
      const text = redact(`GET https://host/path?n=2&${name}=hunter2&last=a failed`);
      expect(text).toBe(`GET https://host/path?n=2&${name}=***&last=a failed`);
    },
  );
});
