/** Contract suites: what every implementation of a port must do, in one place. For tests only; needs vitest. */

export * from './blob-store.contract.ts';
export * from './ledger.contract.ts';
export * from './release-store.contract.ts';
export * from './signing.contract.ts';
export * from './source.contract.ts';
export * from './target.contract.ts';
export type { TargetFixture, TargetGitState } from './target-fixture.ts';
export {
  makeDirectory,
  makeFile,
  makeImage,
  memoryMedium,
  type TestFile,
  type TestImage,
} from './target-loads.ts';
