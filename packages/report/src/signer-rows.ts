import type { SignerChange } from '@gapferry/bundle';
import type { GitSigner } from '@gapferry/core';

/** Who signs a repository now and did not, who does no longer, and what is no longer signed. */
export function signerRows({ added, removed, unsigned }: SignerChange): string[][] {
  const shown = unsigned.slice(0, 5).map((name) => name.replace(/^refs\/(?:heads|tags)\//, ''));
  const more = unsigned.length > shown.length ? ` and ${unsigned.length - shown.length} more` : '';
  return [
    ...added.map((signer) => ['signed by', `+${signerText(signer)}`]),
    ...removed.map((signer) => ['signed by', `−${signerText(signer)}`]),
    ...(unsigned.length === 0 ? [] : [['no longer signed', `${shown.join(', ')}${more}`]]),
  ];
}

function signerText(signer: GitSigner): string {
  return signer.by === 'git-ssh'
    ? `${signer.principal}, SSH key ${signer.key}`
    : `OpenPGP key ${signer.fingerprint}`;
}
