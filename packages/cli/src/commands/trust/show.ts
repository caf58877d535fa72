import { Flags } from '@oclif/core';
import { COMMANDS } from '../../command-table.ts';
import { GapferryCommand, type Outcome } from '../../gapferry-command.ts';
import { policyJson, policyText } from '../../inside/describe-policy.ts';
import { loadTrust } from '../../inside/load-trust.ts';

export default class TrustShow extends GapferryCommand<typeof TrustShow> {
  static override summary = COMMANDS['trust show'].summary;
  static override description =
    'Read the fingerprint aloud to the isolated site, or print it on paper: it is what `trust pin` asks for there.';
  static override examples = ['<%= config.bin %> <%= command.id %> --trust site/trust.yaml'];
  static override flags = {
    trust: Flags.string({ description: 'trust policy', required: true, helpValue: 'FILE' }),
  };

  protected async perform(): Promise<Outcome> {
    const policy = await loadTrust(this.flags.trust);
    const { fingerprintOf } = await import('@gapferry/signing');
    const fingerprint = fingerprintOf(policy.digest);
    return { json: policyJson(policy, fingerprint), text: policyText(policy, fingerprint) };
  }
}
