import {
  type BlobReader,
  type ChartHolding,
  type Descriptor,
  type Digest,
  type ErrorCode,
  GapferryError,
  MEDIA_TYPES,
  type ProvenanceCheck,
  parseJson,
  printable,
  type Run,
  readVerified,
} from '@gapferry/core';
import type { CleartextMessage, Key } from 'openpgp';
import { isTree, parseGoYaml, textOf } from '../go-yaml.ts';
import { type Keyring, readKeyring } from './keyring.ts';
import { isProvenance, PROVENANCE_LIMIT } from './provenance-file.ts';

const MANIFEST_LIMIT = 4_194_304;

/** Holds a chart's provenance, as it lies in the store, against a demand: what `helm verify` checks, but the archive's digest decides, not the name of its file.
 *  Throws `SIGNATURE_MISSING` when the chart has none, `KEY_UNKNOWN` when nobody of the keyring signed it, `SIGNATURE_INVALID` when the signature is not good or names another archive. */
export async function checkProvenance(
  { pin, root, archive }: ChartHolding,
  keyring: Keyring,
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
  const fingerprint = await verifyProvenance(bytes, { id: pin.id, archive: archive.digest }, keyring);
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
  keyring: Keyring,
): Promise<string> {
  const { readCleartextMessage, verify } = await import('openpgp');
  const verificationKeys = [...(await readKeyring(keyring))];
  const message = await readMessage(provenance, chart.id, readCleartextMessage);
  // What the signature covers: `data` has other line ends.
  const { signatures, data } = await verify({ message, verificationKeys }).catch((cause: unknown) => {
    throw invalid(chart.id, `its provenance is not signed as OpenPGP demands: ${reasonOf(cause)}`);
  });
  const signer = await requireOneGood(signatures, verificationKeys, chart.id, keyring.name);
  const signed = signedDigests(data, chart.id);
  if (!signed.includes(chart.archive))
    throw invalid(
      chart.id,
      `its provenance is for another archive: it signs ${signed.slice(0, 5).join(', ') || 'none'}, not ${chart.archive}`,
    );
  return signer.getFingerprint();
}

async function readMessage(
  provenance: Uint8Array,
  id: string,
  read: (options: { cleartextMessage: string }) => Promise<CleartextMessage>,
): Promise<CleartextMessage> {
  if (!isProvenance(provenance)) throw invalid(id, 'its provenance is no signed message');
  try {
    return await read({ cleartextMessage: new TextDecoder('utf-8', { fatal: true }).decode(provenance) });
  } catch (cause) {
    throw invalid(id, `its provenance cannot be read: ${reasonOf(cause)}`);
  }
}

interface FoundSignature {
  readonly keyID: { toHex(): string };
  readonly verified: Promise<unknown>;
}

/** One of several is enough: the key of the first that is good. */
async function requireOneGood(
  signatures: readonly FoundSignature[],
  keys: readonly Key[],
  id: string,
  keyring: string,
): Promise<Key> {
  const known = new Map(keys.flatMap((key) => key.getKeyIDs().map((keyId) => [keyId.toHex(), key])));
  const outcomes = await Promise.allSettled(signatures.map(({ verified }) => verified));
  const ids = signatures.map(({ keyID }) => keyID.toHex());
  const good = known.get(ids[outcomes.findIndex(({ status }) => status === 'fulfilled')] ?? '');
  if (good !== undefined) return good;
  const at = ids.findIndex((keyId) => known.has(keyId));
  const outcome = outcomes[at];
  if (outcome?.status === 'rejected')
    throw invalid(
      id,
      `the signature of its provenance by the key ${ids[at]} is not good: ${reasonOf(outcome.reason)}`,
    );
  throw refused({
    id,
    code: 'KEY_UNKNOWN',
    why: `its provenance is signed by ${ids.slice(0, 5).join(', ') || 'nobody'}, and ${keyring} has no such key`,
    hint: 'ask upstream which key signs its charts, over another way; then add that key to the keyring',
  });
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

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
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
