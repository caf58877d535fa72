import type { GitSignatureVerifier } from '@gapferry/core';

/** How tags and commits are split is Git's rule, whose signature it is one of signing's. Both are loaded when something is verified. */
export function openGitVerifier(): GitSignatureVerifier {
  let opened: Promise<GitSignatureVerifier> | undefined;
  const open = async (): Promise<GitSignatureVerifier> => {
    const [{ splitSignature }, { gitSignatureVerifier }] = await Promise.all([
      import('@gapferry/git'),
      import('@gapferry/signing'),
    ]);
    return gitSignatureVerifier(splitSignature);
  };
  return {
    verify: async (object, signers) => {
      opened ??= open();
      return (await opened).verify(object, signers);
    },
  };
}
