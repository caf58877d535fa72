import { isDigest } from '@gapferry/core';
import type { TestRequest } from '../http/test-request.ts';
import type { ParsedManifest } from '../registry/manifest-rules.ts';
import { RegistryError } from '../registry/registry-error.ts';
import type { Repository } from '../registry/repository.ts';
import type { HarborProject } from './harbor-projects.ts';
import type { HarborState } from './harbor-state.ts';

/** What a project's policies let be pulled (server/middleware: contenttrust, vulnerable): a manifest is refused, by HEAD too, unless it is a signature itself. What is not there passes. */
export function requirePullable(
  state: HarborState,
  { metadata }: HarborProject,
  { path }: TestRequest,
): void {
  const [, name = '', reference = ''] = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(path) ?? [];
  const repository = state.store.find(name);
  const digest = isDigest(reference) ? reference : repository?.tags.get(reference);
  if (repository === undefined || digest === undefined || !repository.manifests.has(digest)) return;
  const own = manifestsOf(repository);
  if (isSignature(own.get(digest))) return;
  const isSigned = [...own.values()].some((each) => each.subject?.digest === digest && isSignature(each));
  if (metadata['enable_content_trust_cosign'] === 'true' && !isSigned)
    throw new RegistryError('PROJECTPOLICYVIOLATION', 'The image is not signed in Cosign.');
  const isScanned = state.scans.get(`${name}@${digest}`)?.at(-1)?.scan_status === 'Success';
  if (metadata['prevent_vul'] === 'true' && state.settings.scanner !== undefined && !isScanned)
    throw new RegistryError(
      'PROJECTPOLICYVIOLATION',
      `current image without vulnerability scanning cannot be pulled due to configured policy in 'Prevent images with vulnerability severity of "${metadata['severity'] ?? 'low'}" or higher from running.'`,
    );
}

function manifestsOf({ manifests }: Repository): Map<string, ParsedManifest> {
  return new Map(
    [...manifests].map(([digest, { bytes }]) => [
      digest,
      JSON.parse(Buffer.from(bytes).toString('utf8')) as ParsedManifest,
    ]),
  );
}

function isSignature(manifest: ParsedManifest | undefined): boolean {
  return /cosign|sigstore/.test(manifest?.artifactType ?? manifest?.config?.mediaType ?? '');
}
