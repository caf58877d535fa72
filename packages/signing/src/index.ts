/**
 * Signs release statements outside and verifies them inside: DSSE envelopes in Sigstore bundles, P-256 keys,
 * trust policies.
 *
 * The verifying half is synchronous and never fetches anything; the signing half is loaded only when something
 * is signed. Neither reads the environment.
 *
 * Imported by the cli only; collector and importer see it through the Signer and Verifier ports of core.
 */
export {};
