// Preloaded into every process of the inside (`node --import`): whoever reaches for the network is written down and refused.

import dgram from 'node:dgram';
import dns from 'node:dns';
import { appendFileSync } from 'node:fs';
import { isIP, Socket } from 'node:net';

function refuse(what) {
  if (process.env.NETWORK_LOG) appendFileSync(process.env.NETWORK_LOG, `${what}\n`);
  throw new Error(`the inside reached for the network: ${what}`);
}

Socket.prototype.connect = function connect(...args) {
  refuse(`connect ${JSON.stringify(args[0])}`);
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
