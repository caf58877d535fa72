import { Flags, type Interfaces } from '@oclif/core';

/** `--to CHANNEL/NUMBER`: a release that the site knows. */
export function toFlag(): Interfaces.OptionFlag<string | undefined> {
  return Flags.string({
    description: 'a release that was loaded before; an older one needs an override',
    helpValue: 'CHANNEL/NUMBER',
  }) as Interfaces.OptionFlag<string | undefined>;
}

/** `--override FILE`, as often as there are signatures. */
export function overrideFlag(): Interfaces.OptionFlag<string[] | undefined> {
  return Flags.string({
    description: 'signed order to go back ("gapferry trust override"); once for each signature',
    multiple: true,
    helpValue: 'FILE',
  }) as Interfaces.OptionFlag<string[] | undefined>;
}
