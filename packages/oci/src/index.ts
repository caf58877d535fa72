/**
 * The OCI distribution protocol and image layouts: references, authentication, platform choice, pulling and
 * pushing graphs of manifests and blobs, referrers.
 *
 * It does not know any registry product, resolves no chart version and verifies no signature.
 *
 * Imported by the cli only; collector sees it through the Source port of core.
 */
export { type ImageSourceOptions, imageSource } from './image-source.ts';
export { createOciClient, type OciClient } from './oci-client.ts';
