import type { CvdHeader } from './content-formats.ts';

/** The RSA key that the makers of ClamAV sign databases with; it stands in every ClamAV (libclamav, CLI_NSTR and CLI_ESTR). 1024 bits. */
const MODULUS: bigint = BigInt(
  '0x' +
    'a8f34c7b2bae902e1e608cfcec44c024375370c09cd460e1917a98546ddfc53a90c608bb48ba8cb7eed1ff342085ecdd' +
    '1491428ca8a895972403a3db2a452dd80173bb07e1e23acbc84fab2e2586930f62909d56d2e25256c989d399fa722ab2' +
    '5ab628df79bcfce43b86a0e049263171352b75048f2d4778b69a5e574a6130ad',
);
const EXPONENT = 100_001_027n;

/** Base 64 in an order of its own, the lowest digit first. */
const DIGITS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/';

/** Did the makers of ClamAV sign the MD5 that a header has? RSA over the bare digest, as ClamAV itself checks it (libclamav, cli_versig): of what lies behind the header it says as much as MD5 can say, and of the build time nothing. */
export function isSignedByClamav({ md5, signature }: CvdHeader): boolean {
  const digits = [...signature].map((digit) => DIGITS.indexOf(digit));
  if (digits.length === 0 || digits.length > 171 || digits.includes(-1)) return false;
  const number = digits.reduceRight((sum, digit) => (sum << 6n) | BigInt(digit), 0n);
  return number < MODULUS && power(number, EXPONENT) === BigInt(`0x${md5}`);
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % MODULUS;
    square = (square * square) % MODULUS;
  }
  return result;
}
