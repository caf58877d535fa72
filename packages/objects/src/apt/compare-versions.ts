/** Which of two Debian versions is the later one (Debian Policy, section 5.6.12): negative, 0, positive. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [split(a), split(b)];
  return (
    compareNumbers(one.epoch, other.epoch) ||
    compareParts(one.upstream, other.upstream) ||
    compareParts(one.revision, other.revision)
  );
}

interface Parts {
  readonly epoch: string;
  readonly upstream: string;
  readonly revision: string;
}

function split(version: string): Parts {
  const colon = version.indexOf(':');
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf('-');
  return {
    epoch: version.slice(0, Math.max(colon, 0)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? '' : rest.slice(dash + 1),
  };
}

/** In turns what are no digits, character by character, and what are, as a number. */
function compareParts(a: string, b: string): number {
  let [restA, restB] = [a, b];
  while (restA !== '' || restB !== '') {
    const [wordA, wordB] = [/^\D*/.exec(restA)?.[0] ?? '', /^\D*/.exec(restB)?.[0] ?? ''];
    const words = compareWords(wordA, wordB);
    if (words !== 0) return words;
    [restA, restB] = [restA.slice(wordA.length), restB.slice(wordB.length)];
    const [digitsA, digitsB] = [/^\d*/.exec(restA)?.[0] ?? '', /^\d*/.exec(restB)?.[0] ?? ''];
    const digits = compareNumbers(digitsA, digitsB);
    if (digits !== 0) return digits;
    [restA, restB] = [restA.slice(digitsA.length), restB.slice(digitsB.length)];
  }
  return 0;
}

function compareWords(a: string, b: string): number {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const difference = rankAt(a, i) - rankAt(b, i);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `~` before the end, the end before letters, letters before everything else. */
function rankAt(word: string, at: number): number {
  const character = word[at];
  if (character === undefined) return 0;
  if (character === '~') return -1;
  const code = character.charCodeAt(0);
  return /[A-Za-z]/.test(character) ? code : code + 256;
}

/** Digits of any length; none are 0. */
function compareNumbers(a: string, b: string): number {
  const [bareA, bareB] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')];
  if (bareA.length !== bareB.length) return bareA.length - bareB.length;
  if (bareA === bareB) return 0;
  return bareA < bareB ? -1 : 1;
}
