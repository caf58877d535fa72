import {
  type BlobReader,
  type ChartHolding,
  type Descriptor,
  type Digest,
  type ErrorCode,
  GapferryError,
  isGapferryError,
  MEDIA_TYPES,
  type ProvenanceCheck,
  parseJson,
  printable,
  type Run,
  readVerified,
} from '@gapferry/core';
import { isTree, parseGoYaml, textOf } from '../go-yaml.ts';
import { isProvenance, PROVENANCE_LIMIT } from './provenance-file.ts';
import type { ProvenanceSigners } from './provenance-signers.ts';

const MANIFEST_LIMIT = 4_194_304;

/** Holds a chart's provenance, as it lies in the store, against a demand: what `helm verify` checks, but the archive's digest decides, not the name of its file.
 *  Throws `SIGNATURE_MISSING` when the chart has none, `KEY_UNKNOWN` when nobody of the keyring signed it, `SIGNATURE_INVALID` when the signature is not good or names another archive. */
export async function checkProvenance(
  { pin, root, archive }: ChartHolding,
  signers: ProvenanceSigners,
  from: BlobReader,
  run: Run,
): Promise<ProvenanceCheck> {
  const layer = await provenanceLayer(root, pin.id, from, run);
  if (layer === undefined)
    throw refused({
      id: pin.id,
      code: 'SIGNATURE_MISSING',
      why: 'it comes without provenance (.prov), and bundle.yaml demands one',
      hint: 'have upstream sign it (helm package --sign), or take "provenance" out of bundle.yaml',
    });
  const bytes = await readVerified(layer, from.open(layer, run), { origin: 'depot' });
  const fingerprint = await verifyProvenance(bytes, { id: pin.id, archive: archive.digest }, signers);
  return { by: 'helm-provenance', fingerprint };
}

async function provenanceLayer(
  root: Descriptor,
  id: string,
  from: BlobReader,
  run: Run,
): Promise<Descriptor | undefined> {
  if (root.size > MANIFEST_LIMIT) throw tooLarge(id);
  const bytes = await readVerified(root, from.open(root, run), { origin: 'depot' });
  const limits = { maxBytes: MANIFEST_LIMIT, maxDepth: 32 };
  const { layers } = parseJson(bytes, `the manifest of ${id}`, limits) as { layers: readonly Descriptor[] };
  const [layer] = layers.filter(({ mediaType }) => mediaType === MEDIA_TYPES.helmProvenance);
  if (layer !== undefined && layer.size > PROVENANCE_LIMIT) throw tooLarge(id);
  return layer;
}

/** `chart.archive`: the digest that must be signed. Gives the fingerprint of the primary key that signed it, in lower-case hex digits. */
export async function verifyProvenance(
  provenance: Uint8Array,
  chart: { readonly id: string; readonly archive: Digest },
  signers: ProvenanceSigners,
): Promise<string> {
  if (!isProvenance(provenance)) throw invalid(chart.id, 'its provenance is no signed message');
  const { text, fingerprint } = await verifyText(provenance, chart.id, signers);
  const signed = signedDigests(text, chart.id);
  if (!signed.includes(chart.archive))
    throw invalid(
      chart.id,
      `its provenance is for another archive: it signs ${signed.slice(0, 5).join(', ') || 'none'}, not ${chart.archive}`,
    );
  return fingerprint;
}

async function verifyText(
  provenance: Uint8Array,
  id: string,
  signers: ProvenanceSigners,
): Promise<{ readonly text: string; readonly fingerprint: string }> {
  try {
    return await signers.verifyText(provenance);
  } catch (error) {
    if (!isGapferryError(error) || error.category !== 'trust') throw error;
    const why = `its provenance ${error.message}`;
    if (error.code !== 'KEY_UNKNOWN') throw invalid(id, why);
    const hint =
      'ask upstream which key signs its charts, over another way; then add that key to the keyring';
    throw refused({ id, code: error.code, why, hint });
  }
}

/** The second document of what is signed: `files: {name-version.tgz: sha256:…}` after Chart.yaml and a line with three dots. */
function signedDigests(text: string, id: string): string[] {
  const [, second = '', ...more] = text.replaceAll('\r\n', '\n').split('\n...\n');
  if (more.length > 0) throw invalid(id, 'its provenance signs more than Chart.yaml and digests');
  const tree = parseGoYaml(second, `the provenance of ${id}`);
  const files = isTree(tree) ? tree['files'] : undefined;
  if (!isTree(files)) return [];
  return Object.values(files).flatMap((digest) => textOf(digest) || []);
}

function invalid(id: string, why: string): GapferryError {
  const hint = 'the archive or its provenance was changed or mixed up on the way; tell upstream';
  return refused({ id, code: 'SIGNATURE_INVALID', why, hint });
}

function tooLarge(id: string): GapferryError {
  const why = 'its manifest or its provenance is larger than it may be';
  return refused({ id, code: 'LIMIT_EXCEEDED', why, hint: 'tell upstream' });
}

function refused(trouble: {
  readonly id: string;
  readonly code: ErrorCode;
  readonly why: string;
  readonly hint: string;
}): GapferryError {
  const { id, code, why, hint } = trouble;
  return new GapferryError({ code, origin: 'source', message: printable(`${id} is refused: ${why}`), hint });
}
