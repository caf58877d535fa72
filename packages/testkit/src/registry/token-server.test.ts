import { verify, X509Certificate } from 'node:crypto';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { makeTlsIdentity } from '../tls-identity.ts';
import { startTokenServer } from './token-server.ts';

const login = { username: 'ci', password: 'open sesame' };

it('signs what the user may do, with a key that the authority vouches for', async () => {
  const identity = await makeTlsIdentity();
  await using server = await startTokenServer({ ...login, identity, repositories: ['team/app'] });
  const scopes = ['team/app', 'team/other'].map((name) => `scope=repository:${name}:pull`).join('&');
  const { token } = JSON.parse(await ask(`${server.realm}?service=${server.service}&${scopes}`, identity.ca));
  const [header = '', claims = '', signature = ''] = (token as string).split('.');
  const { x5c } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const certificate = new X509Certificate(Buffer.from(x5c[0], 'base64'));
  expect(certificate.verify(new X509Certificate(identity.ca).publicKey)).toBe(true);
  const key = { key: certificate.publicKey, dsaEncoding: 'ieee-p1363' } as const;
  const signed = Buffer.from(`${header}.${claims}`);
  expect(verify('sha256', signed, key, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
    iss: server.issuer,
    aud: server.service,
    sub: 'ci',
    access: [{ type: 'repository', name: 'team/app', actions: ['pull'] }],
  });
});

async function ask(url: string, ca: string): Promise<string> {
  const auth = `${login.username}:${login.password}`;
  return new Promise((resolve, reject) =>
    request(url, { ca, auth }, (answer) => resolve(text(answer)))
      .on('error', reject)
      .end(),
  );
}
