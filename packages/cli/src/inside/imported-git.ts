import type { GitItem } from '@gapferry/bundle';
import type { NameState, Run } from '@gapferry/core';
import type { InsideRepository } from '@gapferry/targets';
import { systemClock } from '../clock.ts';
import { openPlace } from '../open-place.ts';
import { parseReleasePlace } from '../release-place.ts';
import { verifyForSite } from './judge-release.ts';
import { ledgerFile, openTrustedSite, readSite } from './open-site.ts';

/** A repository of a release, or one that was imported. */
export interface KnownRepository {
  /** `host[:port]/path`. */
  readonly id: string;
  readonly refs: NameState;
  /** Full ref name. */
  readonly head?: string;
  readonly source?: string;
  /** Repositories that have it as a submodule, and what they call it; known of a release alone. */
  readonly submoduleOf?: NonNullable<InsideRepository['submoduleOf']>;
}

/** The repositories of a release, verified first, or, without one, what the site's ledger says was imported into the target; sorted. */
export async function knownRepositories(
  siteFile: string,
  target: string,
  release: string | undefined,
  run: Run,
): Promise<KnownRepository[]> {
  return release === undefined
    ? await fromLedger(siteFile, target)
    : await fromRelease(siteFile, release, run);
}

async function fromLedger(siteFile: string, target: string): Promise<KnownRepository[]> {
  const [{ openLedger }, { importedRepositories }, { stat }] = await Promise.all([
    import('@gapferry/ledger'),
    import('@gapferry/importer'),
    import('node:fs/promises'),
  ]);
  const file = ledgerFile(await readSite(siteFile));
  if ((await stat(file).catch(() => undefined)) === undefined) return [];
  const ledger = await openLedger(file, { clock: systemClock, readOnly: true });
  try {
    return importedRepositories(ledger, target);
  } finally {
    ledger.close();
  }
}

async function fromRelease(siteFile: string, place: string, run: Run): Promise<KnownRepository[]> {
  const { readRefLists } = await import('@gapferry/importer');
  const site = await openTrustedSite(siteFile);
  const { medium, ...opened } = await openPlace(parseReleasePlace(place));
  const release = await verifyForSite({ medium, ...opened }, site, run);
  const lists = await readRefLists(release, medium, run);
  return release.opened.manifest.items.flatMap((item) => {
    if (item.kind !== 'git') return [];
    const refs = 'list' in item.refs ? (lists.get(item.id) ?? []) : item.refs;
    const state = Object.fromEntries(refs.map(({ name, oid }) => [name, oid]));
    const head = item.head === undefined ? {} : { head: item.head };
    return [{ id: item.id, refs: state, source: item.source, ...head, ...submoduleOf(item) }];
  });
}

function submoduleOf({ namedBy = [] }: GitItem): Pick<KnownRepository, 'submoduleOf'> {
  const found = namedBy.flatMap(({ item, method, object = '' }) => {
    const name = /^submodule "(.*)"$/s.exec(object)?.[1];
    if (method !== 'submodule' || name === undefined || !item.startsWith('git ')) return [];
    return [{ upstream: item.slice('git '.length), name }];
  });
  return found.length === 0 ? {} : { submoduleOf: found };
}
