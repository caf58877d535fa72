/** Contract suites: what every implementation of a port must do, in one place. For tests only; needs vitest. */
export * from './signing.contract.ts';
