import { describe, expect, it } from 'vitest';
import { isAuthorized } from './basic-auth.ts';

const wanted = { username: 'plant', password: 'pass:wörd' };
const header = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

describe('isAuthorized', () => {
  it('takes the right name and password, in any case of the scheme', () => {
    expect(isAuthorized(header('plant:pass:wörd'), wanted)).toBe(true);
    expect(isAuthorized(header('plant:pass:wörd').replace('Basic', 'bAsIc'), wanted)).toBe(true);
  });

  it.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['another password', header('plant:pass:word')],
    ['a beginning of the password', header('plant:pass:w')],
    ['another name', header('other:pass:wörd')],
    ['another scheme', header('plant:pass:wörd').replace('Basic', 'Bearer')],
    ['no colon', header('plant')],
    ['no base64', 'Basic §§§'],
  ])('refuses %s', (_what, text) => {
    expect(isAuthorized(text, wanted)).toBe(false);
  });
});
