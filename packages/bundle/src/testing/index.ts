/** Releases to attack: made by hand, not by the code under test. For tests of this package and of those that take releases in. */

export * from './attached.ts';
export * from './dsse.ts';
export * from './open-simulated.ts';
export * from './signed-repository.ts';
export * from './signed-upstream.ts';
export * from './simulated-release.ts';
