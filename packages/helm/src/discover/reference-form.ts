import { isGapferryError, parseImageReference } from '@gapferry/core';

/** How much of a reference a text spells out. `full`: registry host, and tag or digest. `named`: a slash, a tag or a digest. `bare`: a word, such as `busybox`. */
export type ReferenceForm = 'full' | 'named' | 'bare';

const CHARACTERS = /^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,511}$/;
/** Pictures and disks are called images too. */
const OTHER_FILES =
  /\.(?:png|svg|jpe?g|gif|webp|ico|bmp|iso|img|qcow2|vmdk|vhdx?|ova|tar|tgz|gz|xz|zst|bz2|zip|ya?ml|json|html?|js|css|sh|py|md|txt|pem|crt)$/i;
/** Hosts that serve source code and pages, no images. */
const OTHER_HOSTS = /^(?:github\.com|gitlab\.com|bitbucket\.org|raw\.githubusercontent\.com|golang\.org)\//;
/** Words that stand where an image would: Istio puts the proxy's image in the place of `auto`. */
const OTHER_WORDS = new Set(['auto', 'true', 'false', 'none', 'null', 'default', 'latest']);

/** The form of a text that can be an image reference; `undefined` for what cannot be one: templates (`{{`), variables (`${X}`), blanks, URLs, upper-case names, files. */
export function referenceForm(text: string): ReferenceForm | undefined {
  if (!CHARACTERS.test(text) || !isReference(text)) return undefined;
  if (OTHER_WORDS.has(text) || OTHER_HOSTS.test(text)) return undefined;
  if (OTHER_FILES.test(text) && !hasTag(text)) return undefined;
  if (hasHost(text) && hasTag(text)) return 'full';
  return text.includes('/') || hasTag(text) ? 'named' : 'bare';
}

/** Whether a tag or a digest is given. */
export function hasTag(reference: string): boolean {
  return reference.includes('@') || reference.includes(':', reference.lastIndexOf('/') + 1);
}

function hasHost(reference: string): boolean {
  const slash = reference.indexOf('/');
  return slash > 0 && /[.:]|^localhost$/.test(reference.slice(0, slash));
}

/** Whether it can be pulled, whatever it looks like. */
export function isReference(text: string): boolean {
  try {
    parseImageReference(text);
    return true;
  } catch (error) {
    if (isGapferryError(error, 'REFERENCE_INVALID')) return false;
    throw error;
  }
}
