/** Writes the test vectors anew: `node test/vectors/make.ts`. Needs openssl, git and tar, and cosign for one case; uses nothing of gapferry, so that no
 *  expected value comes from the code under test. Private keys are made for each run and never leave the process (and a temporary file for openssl), so every
 *  signature changes; commit the whole directory together. */
import { canonicalJsonVectors } from './make/canonical-json.ts';
import { depotVectors } from './make/depot.ts';
import { fileListVectors } from './make/file-list.ts';
import { lfsListVectors } from './make/lfs-list.ts';
import { lockVectors } from './make/lock.ts';
import { manifestVectors } from './make/manifest.ts';
import { overrideVectors } from './make/override.ts';
import { packsVectors } from './make/packs.ts';
import { planVectors } from './make/plan.ts';
import { receiptVectors } from './make/receipt.ts';
import { refListVectors } from './make/ref-list.ts';
import { signedObjectVectors } from './make/signed-objects.ts';
import { sigstoreBundleVectors } from './make/sigstore-bundle.ts';
import { statementVectors } from './make/statement.ts';
import { trustPolicyVectors } from './make/trust-policy.ts';
import { type Vector, writeVectors } from './make/vector.ts';

const FORMATS: Readonly<Record<string, () => Vector[]>> = {
  'canonical-json': canonicalJsonVectors,
  depot: depotVectors,
  'file-list': fileListVectors,
  'lfs-list': lfsListVectors,
  lock: lockVectors,
  manifest: manifestVectors,
  override: overrideVectors,
  packs: packsVectors,
  plan: planVectors,
  receipt: receiptVectors,
  'ref-list': refListVectors,
  'signed-objects': signedObjectVectors,
  'sigstore-bundle': sigstoreBundleVectors,
  statement: statementVectors,
  'trust-policy': trustPolicyVectors,
};

for (const [format, vectors] of Object.entries(FORMATS)) {
  const made = vectors();
  writeVectors(import.meta.dirname, format, made);
  console.log(`${format}: ${made.length} cases`);
}
