import { describe, expect, it } from 'vitest';
import { GapferryError } from './errors.ts';
import { redact } from './redact.ts';

const secrets = [
  'https://user:S3cretValue@host/x',
  'https://S3cretValue@host/x',
  'ssh://git:S3cretValue@host/x',
  "https://user:it'S3cretValue@host/x",
  'https://user:a"S3cretValue@host/x',
  'https://user:a@S3cretValue@host/x',
  'user:S3cretValue@host/x',
  'the address "user:S3cretValue@host:x" is refused',
  'https:user:S3cretValue@host/x',
  'Authorization: Basic S3cretValue1234',
  'authorization: Bearer S3cretValue.abc.def',
  '"Authorization":"Bearer S3cretValue"',
  'Bearer S3cretValue1234567',
  'https://host/x?token=S3cretValue&a=1',
  'https://host/x?X-Amz-Signature=S3cretValue',
  'https://host/x?X-Amz-Credential=S3cretValue&b',
  'https://host/x?a=1&access_token=S3cretValue',
  `-----BEGIN ${'PRIVATE KEY'}-----\nS3cretValue\n-----END ${'PRIVATE KEY'}-----`,
];

describe('redact', () => {
  it.each(['token', 'access_token', 'private_token', 'client_secret', 'X-Amz-Signature', 'sig', 'api.key'])(
    'masks the query parameter %s and nothing beside it',
    (name) => {
      const text = redact(`GET https://host/path?n=2&${name}=hunter2&last=a failed`);
      expect(text).toBe(`GET https://host/path?n=2&${name}=***&last=a failed`);
    },
  );

  it.each(secrets)('masks the secret in %j', (text) => {
    expect(redact(text)).not.toContain('S3cretValue');
  });

  it('leaves what is no secret readable', () => {
    for (const text of [
      'docker.io/library/nginx:1.27',
      'git@host:path/repo.git',
      `nginx:1.27@sha256:${'0'.repeat(64)}`,
      `host:5000/a/b:1@sha256:${'0'.repeat(64)}`,
      'named in "a.yaml:7", 3 times @ noon',
      'https://host:8443/a?b=c',
      `sha256:${'0'.repeat(64)}`,
    ])
      expect(redact(text)).toBe(text);
  });

  it('works inside errors: message, hint and data, at any depth', () => {
    const error = new GapferryError({
      code: 'UNREACHABLE',
      message: secrets[0] ?? '',
      hint: secrets[3] ?? '',
      data: { list: [{ url: secrets[7] }] },
    });
    expect(JSON.stringify([error.message, error.hint, error.data])).not.toContain('S3cretValue');
  });

  it('leaves half a character in no error: no ledger takes one', () => {
    const cut = '\u{1F6AB}'.slice(0, 1);
    const error = new GapferryError({ code: 'UNREACHABLE', message: `no${cut}`, hint: `nor${cut}` });
    expect([error.message, error.hint]).toEqual(['no\ufffd', 'nor\ufffd']);
  });
});
