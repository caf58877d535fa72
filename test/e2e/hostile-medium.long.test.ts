import { cp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { appendBytes, flipByte } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Reported } from '../support/command-line.ts';
import { flippedBase64, type Place, placesOf, rewriteEnvelope } from '../support/damage.ts';
import { treeDigest } from '../support/tree-digest.ts';
import { makeZone, type Zone } from './zone.ts';

const RELEASE = 'releases/line-a/2';
let zone: Zone;
let places: Place[];
/** Of the target, and of the site's marks: nothing hostile may change either. */
let before: { target: string; marks: string };

beforeAll(async () => {
  zone = await makeZone();
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
  await zone.import();
  await zone.upstream.change();
  await zone.collect('--version', '1.1.0');
  await zone.export();
  places = await placesOf(zone.stick, RELEASE);
  before = await insideNow();
}, 60_000);
afterAll(() => zone.close());

async function insideNow(): Promise<{ target: string; marks: string }> {
  const marks = join(zone.inside.directory, 'site/state/trust-state.json');
  return { target: await treeDigest(zone.embedded()), marks: await readFile(marks, 'utf8') };
}

const placeOf = (what: string): Place => {
  const place = places.find((candidate) => candidate.what === what);
  if (place === undefined) throw new Error(`there is no place "${what}"`);
  return place;
};

/** Damages a copy of the good stick and shows it to verify and import: both must refuse, and nothing may have happened. */
async function refused(
  damage: (stick: string) => Promise<void>,
  exitCode: number,
  which = '',
): Promise<Reported['error'][]> {
  const stick = zone.path('damaged-stick');
  await cp(zone.stick, stick, { recursive: true, preserveTimestamps: true });
  try {
    await damage(stick);
    const asked = [['verify'], ['import', '--yes']].map(([command = '', ...flags]) =>
      gapferryJson(
        zone.inside,
        [command, `${stick}${which}`, '--site', 'site/site.yaml', ...flags],
        exitCode,
      ),
    );
    const answers = await Promise.all(asked);
    expect(await insideNow()).toEqual(before);
    return answers.map(({ error }) => error);
  } finally {
    await rm(stick, { recursive: true });
  }
}

const CLASSES = [
  'an image layer',
  'an image configuration',
  'an image manifest',
  'an image index',
  'a chart archive',
  'a Git pack',
  'a file',
  'manifest.json',
  'packs.json',
  'release.sigstore.json',
];

describe('one flipped byte', { timeout: 60_000 }, () => {
  for (const what of CLASSES)
    it(`in ${what} is refused before anything is loaded`, async () => {
      const { path, item } = placeOf(what);
      for (const error of await refused((stick) => flipByte(join(stick, path), 100), 4)) {
        expect(error?.hint).toBeTruthy();
        if (item === undefined) continue;
        expect(error?.data['items']).toContain(item);
        expect(error?.message).toContain(item);
      }
    });

  it('in the signature is refused', async () => {
    const errors = await refused(
      (stick) =>
        rewriteEnvelope(join(stick, RELEASE, 'release.sigstore.json'), (envelope) => {
          for (const signature of envelope.signatures) signature.sig = flippedBase64(signature.sig, 20);
        }),
      4,
    );
    for (const error of errors) expect(error?.code).toBe('SIGNATURE_INVALID');
  });

  it('in the signed statement is refused', async () => {
    const errors = await refused(
      (stick) =>
        rewriteEnvelope(join(stick, RELEASE, 'release.sigstore.json'), (envelope) => {
          envelope.payload = flippedBase64(envelope.payload, 60);
        }),
      4,
    );
    for (const error of errors) expect(error?.code).toBe('SIGNATURE_INVALID');
  });
});

describe('a medium that lost or gained something', { timeout: 60_000 }, () => {
  it('lacks a blob: what is missing is named', async () => {
    const { path, item } = placeOf('a chart archive');
    for (const error of await refused((stick) => rm(join(stick, path)), 5)) {
      expect(error?.code).toBe('BLOB_MISSING');
      expect(error?.message).toContain(item);
    }
  });

  it('lacks the whole directory of blobs, as if it had been pulled out', async () => {
    for (const error of await refused((stick) => rm(join(stick, 'blobs'), { recursive: true }), 8))
      expect(error?.hint).toContain('unplugged');
  });

  it('holds the beginning of a blob only', async () => {
    const { path, item } = placeOf('an image layer');
    for (const error of await refused((stick) => truncate(join(stick, path), 1000), 4))
      expect(error?.message).toContain(item);
  });

  it('holds one byte more than a blob has', async () => {
    const { path, item } = placeOf('a file');
    for (const error of await refused((stick) => appendBytes(join(stick, path), 'x'), 4))
      expect(error?.message).toContain(item);
  });

  it('holds one byte more than the manifest has', async () => {
    await refused((stick) => appendBytes(join(stick, RELEASE, 'manifest.json'), '\n'), 4);
  });
});

describe('a release under a name that is not its own', { timeout: 60_000 }, () => {
  it('has a number that is not the signed one', async () => {
    const move = (stick: string): Promise<void> =>
      rename(join(stick, RELEASE), join(stick, 'releases/line-a/7'));
    for (const error of await refused(move, 4)) expect(error?.message).toMatch(/7/);
  });

  it('has the files of its predecessor', async () => {
    const swap = async (stick: string): Promise<void> => {
      await rm(join(stick, RELEASE), { recursive: true });
      await cp(join(stick, 'releases/line-a/1'), join(stick, RELEASE), { recursive: true });
    };
    await refused(swap, 4);
  });

  it('has a channel that is not the signed one', async () => {
    const move = async (stick: string): Promise<void> => {
      await cp(join(stick, RELEASE), join(stick, 'releases/line-b/2'), { recursive: true });
    };
    for (const error of await refused(move, 4, '#line-b')) expect(error?.message).toContain('line-b');
  });

  it('has the signed statement of one release and the manifest of another', async () => {
    const mix = (stick: string): Promise<void> =>
      cp(join(stick, 'releases/line-a/1/manifest.json'), join(stick, RELEASE, 'manifest.json'));
    for (const error of await refused(mix, 4)) expect(error?.code).toBe('DIGEST_MISMATCH');
  });
});

describe('a release that nobody trusted signed', { timeout: 60_000 }, () => {
  it('has no signature', async () => {
    const strip = (stick: string): Promise<void> =>
      rewriteEnvelope(join(stick, RELEASE, 'release.sigstore.json'), (envelope) => {
        envelope.signatures = [];
      });
    for (const error of await refused(strip, 4)) expect(error?.code).toBe('SIGNATURE_MISSING');
  });

  it('has no statement at all', async () => {
    await refused((stick) => rm(join(stick, RELEASE, 'release.sigstore.json')), 4);
  });

  it('has the signature of a stranger', async () => {
    await gapferryJson(zone.outside, ['keys', 'generate', 'keys/stranger', '--plain']);
    const flags = ['--depot', 'stranger', '--key', 'keys/stranger.key', '--after', 'depot', '--locked'];
    await zone.collect(...flags);
    const replace = async (stick: string): Promise<void> => {
      await cp(join(zone.outside.directory, 'stranger/releases/line-a/3'), join(stick, 'releases/line-a/3'), {
        recursive: true,
      });
    };
    for (const error of await refused(replace, 4)) expect(error?.code).toBe('KEY_UNKNOWN');
  });
});

describe('a release that upstream did not sign as the policy demands', { timeout: 60_000 }, () => {
  it('is refused, with the first image that is not signed named', async () => {
    const policy = await readFile(join(zone.inside.directory, 'site/trust.yaml'), 'utf8');
    const upstream = 'upstream: [{match: "**", cosign: {key: keys/collector.pub}}]\n';
    await writeFile(join(zone.inside.directory, 'site/demanding.yaml'), `${policy.trimEnd()}\n${upstream}`);
    const { error } = await gapferryJson(
      zone.inside,
      ['verify', zone.stick, '--trust', 'site/demanding.yaml'],
      4,
    );
    expect(error?.code).toBe('SIGNATURE_MISSING');
    expect(error?.message).toMatch(
      /^(chart|image) \S+ does not meet what the trust policy demands of "\*\*"/,
    );
  });
});

it('never reached for the network', async () => {
  expect(await zone.reached()).toBe('');
});
