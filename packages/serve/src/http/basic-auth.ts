import { createHash, timingSafeEqual } from 'node:crypto';

export interface BasicAuth {
  readonly username: string;
  readonly password: string;
}

export const CHALLENGE: Readonly<Record<string, string>> = {
  'WWW-Authenticate': 'Basic realm="gapferry", charset="UTF-8"',
};

/** RFC 7617. Takes the same time for a wrong name, a wrong password and a wrong length. */
export function isAuthorized(header: string | undefined, wanted: BasicAuth): boolean {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/=]{1,4096})$/i.exec(header ?? '') ?? [];
  return timingSafeEqual(
    sha(Buffer.from(encoded, 'base64')),
    sha(Buffer.from(`${wanted.username}:${wanted.password}`)),
  );
}

function sha(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
