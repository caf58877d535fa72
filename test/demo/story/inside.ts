import { type Demo, SITE } from './demo.ts';
import { expect } from './failure.ts';

export async function verifyStick({ screen, shell }: Demo): Promise<void> {
  screen.heading('Verify, inside: signature and policy first, then every blob');
  await shell.gapferry(['verify', 'stick', ...SITE]);
  screen.proved('authentic, complete and unchanged; nothing was contacted, nothing written');
}

export async function importFirst({ screen, shell }: Demo): Promise<void> {
  screen.heading('Plan and import, straight from the stick');
  const { stdout } = await shell.gapferry(['plan', 'stick', ...SITE], { show: /to load/ });
  expect(/5 items to load/.test(stdout), 'the plan does not load all five items');
  await shell.gapferry(['import', 'stick', ...SITE, '--yes'], { show: 1 });
  screen.proved('everything read back before the first name became visible; a signed receipt is written');
}
