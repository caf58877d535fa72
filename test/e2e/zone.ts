import { temporaryDirectory } from '@gapferry/testkit';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { bundleOfEverything, startUpstream, type Upstream } from '../support/upstream.ts';

/** Both sides of an air gap, what is between them, and an upstream with one of everything. */
export interface Zone extends TwoMachines {
  readonly upstream: Upstream;
}

export async function makeZone(): Promise<Zone> {
  const home = await temporaryDirectory();
  const upstream = await startUpstream(home.path);
  const { environment } = upstream;
  const machines = await makeTwoMachines({ bundle: bundleOfEverything(), environment });
  const close = async (): Promise<void> => {
    await upstream.close();
    await machines.close();
    await home.remove();
  };
  return { ...machines, upstream, close };
}
