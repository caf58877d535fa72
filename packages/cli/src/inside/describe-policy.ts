import { type Requirement, type TrustPolicy, type UpstreamRule, upstreamKeyDigest } from '@gapferry/bundle';
import { digestOf, printable, shortDigest, type UpstreamDemand } from '@gapferry/core';
import type { Fingerprint } from '@gapferry/signing';

/** A trust policy for people: who may send what, and the fingerprint in digits and words. */
export function policyText(policy: TrustPolicy, { digits, words }: Fingerprint): string {
  const keys = policy.keys.map(
    (key) =>
      `  ${key.id} of ${key.owner}  ${shortDigest(key.fingerprint)}${key.notAfter === undefined ? '' : `  until ${key.notAfter}`}`,
  );
  const channels = [...policy.channels].map(([name, channel]) => {
    const back = channel.overrides.length > 0 ? [`back with ${rulesText(channel.overrides)}`] : [];
    return `  ${name}: ${[rulesText(channel.require), ...back].join('; ')}`;
  });
  return [
    `trust policy version ${policy.version}`,
    'keys:',
    ...keys.map(printable),
    'channels:',
    ...channels.map(printable),
    ...upstreamLines(policy),
    ...contentLines(policy),
    'fingerprint:',
    ...fingerprintLines(digits, words),
  ].join('\n');
}

function rulesText(rules: readonly Requirement[]): string {
  return rules.map((rule) => `${rule.count} ${rule.role} of ${rule.keys.join(', ')}`).join('; ');
}

function upstreamLines({ upstream }: TrustPolicy): string[] {
  if (upstream.length === 0) return [];
  return ['upstream signatures:', ...upstream.map((rule) => printable(`  ${rule.match}: ${ruleText(rule)}`))];
}

function contentLines({ content }: TrustPolicy): string[] {
  if (content.length === 0) return [];
  const lines = content.map(({ kind, match, maxAgeDays }) =>
    printable(`  ${[match, kind].filter((one) => one !== undefined).join(', ')}: at most ${maxAgeDays} d`),
  );
  return ['age of content:', ...lines];
}

function ruleText(rule: UpstreamRule): string {
  if ('demand' in rule) return demandText(rule.demand);
  const files = Object.values(rule.signers).map(
    ({ name, content }) => `${name}  ${shortDigest(digestOf(content))}`,
  );
  const refs = rule.refs === undefined ? 'all refs' : rule.refs.join(', ');
  return `Git signers of ${refs}: ${files.join(' or ')}`;
}

function demandText(demand: UpstreamDemand): string {
  return demand.by === 'cosign-key'
    ? `cosign key ${demand.name}  ${shortDigest(upstreamKeyDigest(demand.pem))}`
    : `${demand.identity} of ${demand.issuer}, trusted root ${shortDigest(digestOf(demand.trustedRoot))}`;
}

/** The fingerprint in the layout of a slip of paper: four groups and eight words a line. */
export function fingerprintLines(digits: string, words: string): string[] {
  return [...rows(digits.split(' '), 8), '', ...rows(words.split(' '), 8)].map((line) =>
    line === '' ? '' : `  ${line}`,
  );
}

function rows(parts: readonly string[], perRow: number): string[] {
  return Array.from({ length: Math.ceil(parts.length / perRow) }, (_, i) =>
    parts.slice(i * perRow, (i + 1) * perRow).join(' '),
  );
}

export function policyJson(
  policy: TrustPolicy,
  { digest, digits, words }: Fingerprint,
): Record<string, unknown> {
  return {
    version: policy.version,
    fingerprint: { digest, digits, words },
    keys: policy.keys.map(({ id, owner, fingerprint, notAfter }) => ({ id, owner, fingerprint, notAfter })),
    channels: Object.fromEntries(
      [...policy.channels].map(([name, { allow, require, deny, overrides }]) => [
        name,
        { allow, require, deny, ...(overrides.length > 0 && { overrides }) },
      ]),
    ),
    upstream: policy.upstream.map((rule) => ({ match: rule.match, ...ruleJson(rule) })),
    ...(policy.content.length > 0 && { content: policy.content }),
  };
}

function ruleJson(rule: UpstreamRule): Record<string, unknown> {
  if ('demand' in rule) return demandJson(rule.demand);
  const { signers, refs } = rule;
  const files = Object.entries(signers).map(([member, { content }]) => [member, digestOf(content)]);
  return { by: 'git', ...Object.fromEntries(files), ...(refs && { refs }) };
}

function demandJson(demand: UpstreamDemand): Record<string, unknown> {
  if (demand.by === 'cosign-key') return { by: demand.by, key: upstreamKeyDigest(demand.pem) };
  const { by, identity, issuer, trustedRoot } = demand;
  return { by, identity, issuer, trustedRoot: digestOf(trustedRoot) };
}
