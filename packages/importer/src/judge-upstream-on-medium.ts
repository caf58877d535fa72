import {
  type DemandedItem,
  describeItem,
  itemsUnderDemand,
  judgeUpstream,
  readSignatureMaterial,
  type TrustedManifest,
  type UpstreamJudgement,
} from '@gapferry/bundle';
import { type BlobReader, inLanes, type Run, type UpstreamVerifier } from '@gapferry/core';

/** Items whose signatures are read at a time: each may bring 64 MiB of them. */
const CONCURRENCY = 2;

/** Judges every item of which the policy demands upstream's signature by what the release brought for it, and by the policy's own keys and trusted roots.
 *  Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_UNKNOWN`, `LIMIT_EXCEEDED`, and what reading throws. */
export async function judgeUpstreamOnMedium(
  opened: TrustedManifest,
  { medium, upstreamVerifier }: { readonly medium: BlobReader; readonly upstreamVerifier: UpstreamVerifier },
  run: Run,
): Promise<readonly UpstreamJudgement[]> {
  const judge = async (demanded: DemandedItem, inner: Run): Promise<UpstreamJudgement> => {
    const { item, subject } = demanded;
    const { attachments = [] } = item;
    const artifact = { item: describeItem(item), subject, attachments };
    const material = await readSignatureMaterial(artifact, medium, inner);
    return judgeUpstream(opened, demanded, material, upstreamVerifier);
  };
  return inLanes(itemsUnderDemand(opened), CONCURRENCY, judge, run);
}
