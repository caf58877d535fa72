import { temporaryDirectory } from '@gapferry/testkit';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { bundleOfEverything, startUpstream, type Upstream } from '../support/upstream.ts';

/** Both sides of an air gap, what is between them, and an upstream with one of everything. */
export interface Zone extends TwoMachines {
  readonly upstream: Upstream;
}

/** Charts are looked into only where a story is about it. */
export async function makeZone(images: 'discover' | 'none' = 'none'): Promise<Zone> {
  const home = await temporaryDirectory();
  const upstream = await startUpstream(home.path);
  const { environment } = upstream;
  const machines = await makeTwoMachines({ bundle: bundleOfEverything('line-a', images), environment });
  const close = async (): Promise<void> => {
    await upstream.close();
    await machines.close();
    await home.remove();
  };
  return { ...machines, upstream, close };
}
