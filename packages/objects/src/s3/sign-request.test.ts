import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EMPTY_SHA256, encodeS3, signRequest } from './sign-request.ts';

/** The examples of the Amazon S3 API reference, "Examples: Signature Calculations". */
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const now = new Date('2013-05-24T00:00:00Z');
const bucket = 'https://examplebucket.s3.amazonaws.com';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('signing a request for S3', () => {
  it.each([
    [
      'an object with a range',
      'GET',
      '/test.txt',
      { range: 'bytes=0-9' },
      EMPTY_SHA256,
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    ],
    [
      'an upload',
      'PUT',
      `/${encodeS3('test$file.text')}`,
      { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      sha256('Welcome to Amazon S3.'),
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    ],
    [
      'a query without a value',
      'GET',
      '/?lifecycle',
      {},
      EMPTY_SHA256,
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    ],
    [
      'a listing',
      'GET',
      '/?max-keys=2&prefix=J',
      {},
      EMPTY_SHA256,
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    ],
  ])('makes the signature that Amazon gives for %s', (_, method, path, headers, bodySha256, signature) => {
    const url = new URL(`${bucket}${path}`);
    const signed = signRequest({ method, url, headers, bodySha256 }, credentials, 'us-east-1', now);
    expect(signed['authorization']).toMatch(new RegExp(`Signature=${signature}$`));
    expect(signed['x-amz-date']).toBe('20130524T000000Z');
  });

  it('sorts what is asked', () => {
    const of = (query: string): string | undefined =>
      signRequest(
        { method: 'GET', url: new URL(`${bucket}/?${query}`), headers: {}, bodySha256: EMPTY_SHA256 },
        credentials,
        'us-east-1',
        now,
      )['authorization'];
    expect(of('b=2&a=1')).toBe(of('a=1&b=2'));
    expect(of('a=2')).not.toBe(of('a=1'));
  });

  it('makes another signature on another day, with another key and with a token', () => {
    const request = { method: 'GET', url: new URL(`${bucket}/`), headers: {}, bodySha256: EMPTY_SHA256 };
    const signatures = [
      signRequest(request, credentials, 'us-east-1', now),
      signRequest(request, credentials, 'us-east-1', new Date('2013-05-25T00:00:00Z')),
      signRequest(request, credentials, 'eu-1', now),
      signRequest(request, { ...credentials, secretAccessKey: 'other' }, 'us-east-1', now),
      signRequest(request, { ...credentials, sessionToken: 'token' }, 'us-east-1', now),
      signRequest(request, credentials, 'us-east-1', now),
    ].map((headers) => headers['authorization']?.replace(/^.*Signature=/, ''));
    expect(new Set(signatures).size).toBe(5);
    expect(signatures[5]).toBe(signatures[0]);
  });

  it('encodes all but what the signature leaves as it is', () => {
    expect(encodeS3("a-b_c.d~e f+g/h!'()*ü")).toBe('a-b_c.d~e%20f%2Bg%2Fh%21%27%28%29%2A%C3%BC');
  });
});
