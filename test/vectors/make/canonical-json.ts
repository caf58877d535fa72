import type { Vector } from './vector.ts';

/** The test data printed in RFC 8785 itself: input, and the bytes that must come out. */
export function canonicalJsonVectors(): Vector[] {
  return [
    good(
      'rfc8785-sample',
      'RFC 8785, sections 3.2.2 and 3.2.4',
      SAMPLE,
      Buffer.from(SAMPLE_HEX.replace(/\s/g, ''), 'hex'),
    ),
    good(
      'rfc8785-sorting',
      'RFC 8785, section 3.2.3: members are sorted by UTF-16 code units',
      SORTING,
      SORTED,
    ),
    good(
      'rfc8785-numbers',
      'RFC 8785, appendix B: numbers, from their IEEE 754 bits',
      numbersIn(),
      numbersOut(),
    ),
    good('empty', 'the smallest documents', '[ {}, [], "", 0 ]', '[{},[],"",0]'),
    refused('not-a-number', 'RFC 8785, appendix B: NaN has no JSON', '[NaN]'),
    refused('duplicate-member', 'a name that occurs twice has no canonical form', '{"a":1,"a":1}'),
    refused('lone-surrogate', 'RFC 8785, section 3.2.2.2: lone surrogates are an error', '["\\ud800"]'),
    refused(
      'proto-member',
      'the member name __proto__ is refused before anybody can trip over it',
      '{"__proto__":1}',
    ),
    refused('byte-order-mark', 'no byte order mark', '\ufeff{}'),
    refused('trailing-newline', 'nothing follows the document', '{}\n'),
    refused('trailing-bytes', 'nothing follows the document', '{}x'),
    refused('truncated', 'the document ends before its end', '{"a":[1,2'),
    refused('not-utf-8', 'bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22])),
    refused('minus-zero', 'minus zero is written 0', '[-0]'),
    refused('escaped-solidus', 'a solidus is not escaped', '["\\/"]'),
    refused('upper-case-escape', 'control characters are escaped with lower-case hex digits', '["\\u000F"]'),
    refused('deep', 'more levels than the limit', `${'['.repeat(65)}${']'.repeat(65)}`, 'LIMIT_EXCEEDED'),
  ];
}

function good(name: string, why: string, input: string, output: string | Uint8Array): Vector {
  return { name, files: { 'input.json': input, 'output.json': output }, expect: { why, accept: true } };
}

/** `input.json` is read as a document that must be canonical. */
function refused(name: string, why: string, input: string | Uint8Array, refuse = 'JSON_INVALID'): Vector {
  return { name, files: { 'input.json': input }, expect: { why, refuse } };
}

const SAMPLE = `{
  "numbers": [333333333.33333329, 1E30, 4.50,
              2e-3, 0.000000000000000000000000001],
  "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
  "literals": [null, true, false]
}
`;

const SAMPLE_HEX = `
  7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72 75 65 2c 66 61 6c 73 65 5d 2c
  22 6e 75 6d 62 65 72 73 22 3a 5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31
  65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37 5d 2c 22 73 74 72 69 6e 67 22
  3a 22 e2 82 ac 24 5c 75 30 30 30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d`;

const SORTING = `{
  "\\u20ac": "Euro Sign",
  "\\r": "Carriage Return",
  "\\ufb33": "Hebrew Letter Dalet With Dagesh",
  "1": "One",
  "\\ud83d\\ude00": "Emoji: Grinning Face",
  "\\u0080": "Control",
  "\\u00f6": "Latin Small Letter O With Diaeresis"
}
`;

const SORTED =
  '{"\\r":"Carriage Return","1":"One","\u0080":"Control","ö":"Latin Small Letter O With Diaeresis",' +
  '"€":"Euro Sign","\u{1f600}":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}';

/** IEEE 754 bits in hex, and the text RFC 8785 gives for them. */
const NUMBERS: ReadonlyArray<readonly [bits: string, text: string]> = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

/** Each number with 25 significant digits, so that only the bits decide. */
function numbersIn(): string {
  return `[${NUMBERS.map(([bits]) => Buffer.from(bits, 'hex').readDoubleBE().toExponential(24)).join(', ')}]`;
}

function numbersOut(): string {
  return `[${NUMBERS.map(([, text]) => text).join(',')}]`;
}
