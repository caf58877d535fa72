import type { ChartHolding, ChartPin, ChartWish, Source } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { type ChartAttachments, type ChartRegistry, registryCharts } from './registry-charts.ts';
import { repositoryCharts } from './repository-charts.ts';

export interface ChartSourceOptions {
  readonly http: HttpClient;
  readonly oci: ChartRegistry;
  /** What belongs to charts in OCI registries. */
  readonly attachments: ChartAttachments;
}

/** Charts by exact version or range, from OCI registries and classic repositories. Both end as the same thing in the depot: an OCI artifact with Helm's media types. */
export function chartSource({
  http,
  oci,
  attachments,
}: ChartSourceOptions): Source<ChartWish, ChartPin, ChartHolding> {
  const registry = registryCharts(oci, attachments);
  const repository = repositoryCharts(http);
  return {
    resolve: async (wish, run) => [
      await (wish.from === 'oci' ? registry.resolve(wish, run) : repository.resolve(wish, run)),
    ],
    fetch: (pin, into, run) =>
      pin.from === 'oci' ? registry.fetch(pin, into, run) : repository.fetch(pin, into, run),
  };
}
