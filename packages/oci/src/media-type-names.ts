import { MEDIA_TYPES } from '@gapferry/core';

/** All four, always: old registries answer 404 for a type that was not asked for. Schema 1 is named only so that it can be refused by its name. */
export const ACCEPTED_MANIFESTS: string = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerIndex,
  MEDIA_TYPES.dockerManifest,
  'application/vnd.docker.distribution.manifest.v1+prettyjws;q=0.1',
].join(', ');

/** Image configurations, the only ones that say which platform an image is for. */
export function isImageConfigType(mediaType: string): boolean {
  return (
    mediaType === MEDIA_TYPES.ociConfig || mediaType === 'application/vnd.docker.container.image.v1+json'
  );
}

/** Docker image manifest v2 schema 1: signed JSON without a config, gone from registries since 2019. */
export function isSchema1Type(mediaType: string): boolean {
  return /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:json|prettyjws)$/.test(mediaType);
}

/** A Content-Type without its parameters. */
export function bareMediaType(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
