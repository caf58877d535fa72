import { type Platform, parseJson } from '@gapferry/core';
import { knownPlatform, MANIFEST_LIMIT } from './manifest-document.ts';

/** The platform that an image configuration names (image-spec, config.md). Undefined where it names none. */
export function configPlatform(bytes: Uint8Array, item: string): Platform | undefined {
  const config = parseJson(bytes, `the configuration of ${item}`, { maxBytes: MANIFEST_LIMIT, maxDepth: 64 });
  return knownPlatform(typeof config === 'object' ? (config as Record<string, unknown> | null) : undefined);
}
