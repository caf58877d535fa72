import { Flags, type Interfaces } from '@oclif/core';

/** `--site FILE`, the same on every command of the inside. */
export function siteFlag(): Interfaces.OptionFlag<string> {
  return Flags.string({
    description: 'site file',
    required: true,
    env: 'GAPFERRY_SITE',
    helpValue: 'FILE',
  }) as Interfaces.OptionFlag<string>;
}
