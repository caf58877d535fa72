import type { Descriptor, Digest, GapferryError, Load, OciContent, Run, SizedDigest } from '@gapferry/core';
import type { OciRegistry } from './oci-registry.ts';
import { type UploadTrial, uploadTrials } from './upload-trials.ts';

/** What one survey of a registry has found out, so that nothing is asked twice before the loads begin. */
export interface SurveyMemory {
  /** Tags that the release wants for a root. */
  tagsOf(repository: string, root: Digest): readonly string[];
  /** HEAD, once for each reference. */
  head(repository: string, reference: string, run: Run): Promise<Descriptor | undefined>;
  /** Asked once for each subject. */
  referrers(repository: string, subject: Digest, run: Run): Promise<readonly Descriptor[]>;
  /** Replaces what is remembered of a reference. */
  changed(repository: string, reference: string, now: Descriptor | undefined): void;
  /** What was found out about a content load. */
  readonly looks: WeakMap<OciContent, ContentLook>;
  /** Repositories that may not be read. */
  readonly closed: Map<string, GapferryError>;
  /** What came of beginning an upload, asked once for each repository. */
  trial(repository: string, run: Run): Promise<UploadTrial>;
}

/** `byTag`: its tags stand at the wanted digests, so that the registry has it whole: it took no manifest before what the manifest names. */
export interface ContentLook {
  readonly byTag: boolean;
  readonly missing: readonly SizedDigest[];
}

/** `loads`: everything that the survey is going to ask about. `place` gives the repository of a load at the registry. */
export function surveyMemory(
  registry: OciRegistry,
  loads: readonly Load[],
  place: (repository: string) => string,
): SurveyMemory {
  const tags = Map.groupBy(
    loads.flatMap((load) => (load.phase === 'name' && load.kind === 'oci' ? [load] : [])),
    (load) => `${place(load.repository)} ${load.root.digest}`,
  );
  const heads = new Map<string, Promise<Descriptor | undefined>>();
  const listings = new Map<string, Promise<readonly Descriptor[]>>();
  const trials = new Map<string, Promise<UploadTrial>>();
  const attempt = uploadTrials(registry);
  return {
    closed: new Map(),
    trial: (repository, run) => once(trials, repository, () => attempt(repository, run)),
    looks: new WeakMap(),
    tagsOf: (repository, root) => (tags.get(`${repository} ${root}`) ?? []).flatMap(({ tag }) => tag ?? []),
    head: (repository, reference, run) =>
      once(heads, `${repository} ${reference}`, () => registry.manifest(repository, reference, run)),
    referrers: (repository, subject, run) =>
      once(listings, `${repository} ${subject}`, () => registry.referrers(repository, subject, run)),
    changed: (repository, reference, now) =>
      void heads.set(`${repository} ${reference}`, Promise.resolve(now)),
  };
}

/** A question that failed may be asked again. */
function once<T>(known: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const before = known.get(key);
  if (before !== undefined) return before;
  const answer = ask();
  known.set(key, answer);
  answer.catch(() => known.delete(key));
  return answer;
}
