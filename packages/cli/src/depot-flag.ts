import { Flags, type Interfaces } from '@oclif/core';

/** `--depot DIR`, the same on every command of the outside. */
export function depotFlag(): Interfaces.OptionFlag<string> {
  return Flags.string({
    description: 'directory of blobs and releases',
    default: 'depot',
    env: 'GAPFERRY_DEPOT',
    helpValue: 'DIR',
  }) as Interfaces.OptionFlag<string>;
}
