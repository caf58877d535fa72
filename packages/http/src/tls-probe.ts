import { type ConnectionOptions, connect } from 'node:tls';
import type { Run } from '@gapferry/core';

/** Does the other side speak TLS? `undefined`: it could not be asked, or said nothing within `timeoutMs`. Looks at no certificate and sends nothing. */
export function speaksTls(
  to: { readonly host: string; readonly port: number },
  timeoutMs: number,
  run: Run,
): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const options: ConnectionOptions = { ...to, rejectUnauthorized: false };
    const socket = connect(options);
    const finish = (answer: boolean | undefined): void => {
      clearTimeout(timer);
      run.signal.removeEventListener('abort', stop);
      socket.destroy();
      resolve(answer);
    };
    const stop = (): void => finish(undefined);
    const timer = setTimeout(stop, timeoutMs);
    run.signal.addEventListener('abort', stop, { once: true });
    socket.once('secureConnect', () => finish(true));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      finish(/^(?:EPROTO|ECONNRESET|ERR_SSL)/.test(error.code ?? '') ? false : undefined),
    );
  });
}
