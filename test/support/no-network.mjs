// Preloaded into every process of the inside (`node --import`): whoever reaches for the network is written down and refused, unless it is one of NETWORK_ALLOWED (host:port, separated by
// commas): the targets.

import dgram from 'node:dgram';
import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { isIP, Socket } from 'node:net';

function refuse(what) {
  if (process.env.NETWORK_LOG) appendFileSync(process.env.NETWORK_LOG, `${what}\n`);
  throw new Error(`the inside reached for the network: ${what}`);
}

const allowed = new Set((process.env.NETWORK_ALLOWED ?? '').split(','));
const connectAnywhere = Socket.prototype.connect;
Socket.prototype.connect = function connect(...args) {
  const [first] = args;
  const { host, port } = (Array.isArray(first) ? first[0] : first) ?? {};
  if (!allowed.has(`${host}:${port}`)) refuse(`connect ${JSON.stringify({ host, port })}`);
  return connectAnywhere.apply(this, args);
};
dgram.createSocket = () => refuse('datagram socket');
const lookup = dns.lookup;
// `listen` on an address asks for it too; that is no question to anybody.
dns.lookup = (host, ...rest) => (isIP(host) > 0 ? lookup(host, ...rest) : refuse(`lookup ${host}`));
for (const name of Object.keys(dns))
  if (/^(resolve|reverse|lookupService)/.test(name)) dns[name] = () => refuse(`dns ${name}`);
for (const name of Object.keys(dns.promises))
  if (typeof dns.promises[name] === 'function' && /^(lookup|resolve|reverse)/.test(name))
    dns.promises[name] = () => refuse(`dns ${name}`);
