/**
 * Helm charts: classic repositories and their index, exact versions and semver ranges, chart archives.
 *
 * It does not contact a cluster, and nothing here reaches the network while a chart is read or rendered.
 * Charts that live in an OCI registry are fetched through an interface this package declares.
 *
 * Imported by the cli only; collector sees it through the Source port of core.
 */
export { type ChartArchive, readChartArchive, readChartFiles } from './chart-archive.ts';
export * from './chart-discovery.ts';
export { type ChartMetadata, parseChartMetadata } from './chart-metadata.ts';
export * from './chart-source.ts';
export { newestVersion } from './chart-version.ts';
export type { ChartDependency, DependencyPlace } from './dependencies/chart-dependency.ts';
export { completeChart, type FetchDependency } from './dependencies/complete-chart.ts';
export { dependencyFetcher } from './dependencies/fetch-dependency.ts';
export { type VendoredChart, vendoredArchive } from './dependencies/vendored-archive.ts';
export { type FoundImage, findingsByImage } from './discover/findings-by-image.ts';
export { imagesInChart } from './discover/images-in-chart.ts';
export { imagesInManifests } from './discover/images-in-manifests.ts';
export {
  type DiscoverTreeOptions,
  discoverTree,
  type TreeDiscovery,
} from './discover-tree/discover-tree.ts';
export { type FileTree, treeOfFiles } from './discover-tree/file-tree.ts';
export { imagesInKustomization } from './discover-tree/images-in-kustomization.ts';
export { imagesOfTreeChart } from './discover-tree/images-of-tree-chart.ts';
export type { Entry } from './discover-tree/leads-of-entry.ts';
export type { ChartTree } from './discover-tree/pack-tree-chart.ts';
export { type ArchiveTree, readArchiveTree } from './discover-tree/read-archive-tree.ts';
export type { TreeIdentity } from './discover-tree/tree-identity.ts';
export type { ProvenanceSigners } from './provenance/provenance-signers.ts';
export type { ChartAttachments, ChartRegistry } from './registry-charts.ts';
export {
  type ChartRenderer,
  createChartRenderer,
  type RenderedChart,
  type RenderJob,
} from './render/chart-renderer.ts';
export { type HelmProgramOptions, helmProgram } from './render/helm-program.ts';
