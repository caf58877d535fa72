import { expect, it } from 'vitest';
import { parseAptRelease } from './apt-release.ts';

const BLANKS = ' '.repeat(8 << 20);
const RELEASE = `Origin: a${BLANKS}b\nDate: Sat, 01 Mar 2026 07:30:02 UTC\nSHA256:\n ${'a'.repeat(64)} 1 main/binary-amd64/Packages\n`;

/** Read before anybody knows who wrote it: a pattern that tries each end of a run of blanks would take days. */
it.each([
  ['plain', RELEASE],
  [
    'signed',
    `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n${RELEASE}-----BEGIN PGP SIGNATURE-----\n\n-----END PGP SIGNATURE-----\n`,
  ],
])('reads or refuses a %s Release file full of blanks at once', (_, text) => {
  expect(() => parseAptRelease(Buffer.from(text), 'Release')).toThrow(
    expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
  );
});
