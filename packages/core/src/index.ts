/**
 * The words everyone shares: digests, descriptors, item identities (wish → pin → holding), the ports between
 * packages, errors with their codes, canonical JSON, and streams that verify what passes through them.
 *
 * Does no I/O and imports no other package. Everybody may import it.
 * Contract suites for the ports are in `@gapferry/core/testing`.
 */
export * from './about-item.ts';
export * from './apt-release.ts';
export * from './attachment.ts';
export * from './blobs.ts';
export * from './brief-calls.ts';
export * from './canonical-json.ts';
export * from './chart-contents.ts';
export * from './chart-rendering.ts';
export * from './choose-tree-files.ts';
export * from './commit-tree.ts';
export * from './content.ts';
export * from './content-formats.ts';
export * from './content-type.ts';
export * from './cvd-signature.ts';
export * from './deb822.ts';
export * from './descriptor.ts';
export * from './digest.ts';
export * from './discovery.ts';
export * from './error-codes.ts';
export * from './errors.ts';
export * from './file-check.ts';
export * from './file-loads.ts';
export * from './file-template.ts';
export * from './fold-name.ts';
export * from './git-identity.ts';
export * from './git-signatures.ts';
export * from './glob.ts';
export * from './holding.ts';
export * from './host-notes.ts';
export * from './image-reference.ts';
export * from './in-lanes.ts';
export * from './ledger.ts';
export * from './manifest-links.ts';
export * from './matches-ref.ts';
export * from './media-types.ts';
export * from './nearest-name.ts';
export * from './obstacle.ts';
export * from './parse-json.ts';
export * from './permission.ts';
export * from './pin.ts';
export * from './platform.ts';
export * from './printable.ts';
export * from './prune-target.ts';
export * from './redact.ts';
export * from './ref-name.ts';
export * from './releases.ts';
export * from './repository-about.ts';
export * from './room.ts';
export * from './run.ts';
export * from './safe-path.ts';
export * from './signing.ts';
export * from './source.ts';
export * from './submodules.ts';
export * from './tag-pattern.ts';
export * from './target.ts';
export * from './target-powers.ts';
export * from './upstream.ts';
export * from './verified-bytes.ts';
export * from './wish.ts';
