import { parseImageReference, type Run } from '@gapferry/core';
import { systemClock } from '../clock.ts';
import { openPlace } from '../open-place.ts';
import { parseReleasePlace } from '../release-place.ts';
import { verifyForSite } from './judge-release.ts';
import { ledgerFile, openTrustedSite, readSite } from './open-site.ts';

/** Upstream hosts of the images of a release, verified first, or, without one, of what the site's ledger says was imported into the target; sorted. */
export async function imageHosts(
  siteFile: string,
  target: string,
  release: string | undefined,
  run: Run,
): Promise<string[]> {
  const images =
    release === undefined ? await fromLedger(siteFile, target) : await fromRelease(siteFile, release, run);
  return [...new Set(images.map((image) => parseImageReference(image).host))].sort();
}

async function fromLedger(siteFile: string, target: string): Promise<string[]> {
  const [{ openLedger }, { importedImages }] = await Promise.all([
    import('@gapferry/ledger'),
    import('@gapferry/importer'),
  ]);
  const { stat } = await import('node:fs/promises');
  const file = ledgerFile(await readSite(siteFile));
  if ((await stat(file).catch(() => undefined)) === undefined) return [];
  const ledger = await openLedger(file, { clock: systemClock, readOnly: true });
  try {
    return importedImages(ledger, target);
  } finally {
    ledger.close();
  }
}

async function fromRelease(siteFile: string, release: string, run: Run): Promise<string[]> {
  const site = await openTrustedSite(siteFile);
  const { opened } = await verifyForSite(await openPlace(parseReleasePlace(release)), site, run);
  return opened.manifest.items.flatMap(({ kind, id }) => (kind === 'image' ? [id] : []));
}
