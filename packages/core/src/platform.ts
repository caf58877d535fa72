import { GapferryError } from './errors.ts';

/** `os/arch` or `os/arch/variant`, as OCI image indexes write it: `linux/amd64`, `linux/arm/v7`. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

const PART = /^[a-z0-9][a-z0-9._-]{0,31}$/;

/** Throws `REFERENCE_INVALID`. */
export function parsePlatform(text: string): Platform {
  const [os = '', architecture = '', variant, ...more] = text.split('/');
  const good =
    more.length === 0 &&
    PART.test(os) &&
    PART.test(architecture) &&
    (variant === undefined || PART.test(variant));
  if (good) return { os, architecture, ...(variant !== undefined && { variant }) };
  throw new GapferryError({
    code: 'REFERENCE_INVALID',
    message: `"${text.slice(0, 100)}" is not a platform`,
    hint: 'write os/architecture or os/architecture/variant, for example linux/amd64 or linux/arm/v7',
  });
}

export function formatPlatform(platform: Platform): string {
  return [
    platform.os,
    platform.architecture,
    ...(platform.variant === undefined ? [] : [platform.variant]),
  ].join('/');
}

/** Does an image built for `actual` serve the wish? A wish without variant takes every variant; arm64 means arm64/v8. */
export function matchesPlatform(wanted: Platform, actual: Platform): boolean {
  if (wanted.os !== actual.os || wanted.architecture !== actual.architecture) return false;
  return (
    wanted.variant === undefined ||
    wanted.variant === (actual.variant ?? (actual.architecture === 'arm64' ? 'v8' : undefined))
  );
}
