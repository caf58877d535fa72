import { gapferryJson, type Machine } from './command-line.ts';

/** Pins the policy in `site/trust.yaml` at a site: the fingerprint is read on one side and typed on the other. */
export async function pinPolicy(machine: Machine, siteFile = 'site/site.yaml'): Promise<void> {
  const shown = await gapferryJson(machine, ['trust', 'show', '--trust', 'site/trust.yaml']);
  const { words } = shown['fingerprint'] as { words: string };
  await gapferryJson(machine, ['trust', 'pin', '--site', siteFile, '--fingerprint', words]);
}
