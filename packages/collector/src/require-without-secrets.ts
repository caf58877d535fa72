import { GapferryError, type Pin, redact } from '@gapferry/core';

/** Locks and manifests are read by many and carried far. Throws `CONFIG_INVALID` naming the pins whose URL has a password, a token, or (except for SSH, where it is part of the address) a user name. */
export function requireWithoutSecrets(pins: readonly Pin[]): void {
  const items = pins
    .filter((pin) => 'url' in pin && holdsSecret(pin.url))
    .map((pin) => `${pin.kind} ${pin.id}`);
  if (items.length === 0) return;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `the URL of ${items.join(', ')} carries credentials, which would stand in the lock and in every release`,
    hint: 'give credentials by environment, credential helper or Docker config, never in a URL',
    data: { items },
  });
}

function holdsSecret(text: string): boolean {
  const url = URL.parse(text);
  if (url?.protocol === 'ssh:') url.username = '';
  const shown = url === null ? text : url.href;
  return redact(shown) !== shown;
}
