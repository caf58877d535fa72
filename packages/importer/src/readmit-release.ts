import {
  type Admission,
  readmit,
  requireFreshContent,
  type TrustedManifest,
  type VerifiedRelease,
} from '@gapferry/bundle';
import {
  type BlobReader,
  GapferryError,
  type GitSignatureVerifier,
  type Ledger,
  type ReleaseReader,
  type Run,
  type UpstreamVerifier,
} from '@gapferry/core';
import { findAdmission } from './find-admission.ts';
import { judgeRepositoriesOnMedium } from './judge-repositories-on-medium.ts';
import { judgeUpstreamOnMedium } from './judge-upstream-on-medium.ts';
import { type OpenOnMedium, openOnMedium } from './open-on-medium.ts';
import { readFileLists } from './read-file-lists.ts';

export interface ReadmitRelease extends OpenOnMedium {
  /** What the site keeps of the release: see `readForNames`. */
  readonly medium: ReleaseReader & BlobReader;
  /** The site's, its chain found intact by whoever calls. */
  readonly ledger: Ledger;
  readonly upstreamVerifier: UpstreamVerifier;
  readonly gitSignatureVerifier: GitSignatureVerifier;
}

/** Both gates for a release that the site keeps: authenticity by the policy and the clock of today; then, in place of its blobs, the site's ledger, which says that they were all read and came back from the targets. Upstream's signatures and the age of content are judged again.
 *  Throws the first gate's errors, `RELEASE_INCOMPLETE` where the ledger does not say so, and what judging signatures and age throws. */
export async function readmitRelease(input: ReadmitRelease, run: Run): Promise<VerifiedRelease> {
  const opened = await openOnMedium(input, run);
  const admission = requireAdmission(input.ledger, opened);
  const judgements = [
    ...(await judgeUpstreamOnMedium(opened, input, run)),
    ...(await judgeRepositoriesOnMedium(opened, input, run)),
  ];
  const release = readmit(opened, admission, judgements);
  const lists = await readFileLists(release, input.medium, run);
  requireFreshContent(opened.manifest, input.policy.content, lists, input.clock.now());
  return release;
}

function requireAdmission(ledger: Ledger, { release, statement }: TrustedManifest): Admission {
  const found = findAdmission(ledger, statement);
  if (found !== undefined) return found;
  throw new GapferryError({
    code: 'RELEASE_INCOMPLETE',
    message: `release ${release.version} (${release.channel}/${release.sequence}) was begun here, but no import came as far as reading everything back at the targets`,
    hint: 'import it from its medium, with --stage to set no names yet: what is there is not sent again',
    origin: 'site',
    data: { channel: release.channel, sequence: release.sequence, statement },
  });
}
