import type { BlobStore, ChartHolding, ChartPin, ChartWish, Digest, Run, Source } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { localCharts } from './local/local-charts.ts';
import { checkProvenance } from './provenance/check-provenance.ts';
import type { ProvenanceSigners } from './provenance/provenance-signers.ts';
import { type ChartAttachments, type ChartRegistry, registryCharts } from './registry-charts.ts';
import { repositoryCharts } from './repository-charts.ts';

export interface ChartSourceOptions {
  readonly http: HttpClient;
  readonly oci: ChartRegistry;
  /** What belongs to charts in OCI registries. */
  readonly attachments: ChartAttachments;
  /** Paths of charts on this machine start from here: the directory of bundle.yaml. */
  readonly baseDirectory: string;
  /** By `wishDigest`, for wishes that demand a provenance: who must have signed it. */
  readonly provenance?: ReadonlyMap<Digest, ProvenanceSigners>;
}

/** Charts by exact version or range, from OCI registries and classic repositories, and charts on this machine. All end as the same thing in the depot: an OCI artifact with Helm's media types. */
export function chartSource(options: ChartSourceOptions): Source<ChartWish, ChartPin, ChartHolding> {
  const registry = registryCharts(options.oci, options.attachments);
  const { provenance = new Map<Digest, ProvenanceSigners>() } = options;
  const repository = repositoryCharts(options.http, ({ wish }) => provenance.has(wish));
  const local = localCharts(options.baseDirectory);
  const resolve = (wish: ChartWish, run: Run): Promise<ChartPin> => {
    switch (wish.from) {
      case 'oci':
        return registry.resolve(wish, run);
      case 'repository':
        return repository.resolve(wish, run);
      case 'local':
        return local.resolve(wish, run);
    }
  };
  const fetch = (pin: ChartPin, into: BlobStore, run: Run): Promise<ChartHolding> => {
    switch (pin.from) {
      case 'oci':
        return registry.fetch(pin, into, run);
      case 'repository':
        return repository.fetch(pin, into, run);
      case 'local':
        return local.fetch(pin, into, run);
    }
  };
  return {
    resolve: async (wish, run) => [await resolve(wish, run)],
    fetch: async (pin, into, run) => {
      const holding = await fetch(pin, into, run);
      const signers = provenance.get(pin.wish);
      if (signers === undefined) return holding;
      return { ...holding, checked: [await checkProvenance(holding, signers, into, run)] };
    },
  };
}
