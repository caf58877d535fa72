import { GapferryError } from '@gapferry/core';
import { expect, it } from 'vitest';
import { withDemoHint } from './demo-hint.ts';

it('tells how to start the upstream of the demo when its hosts cannot be reached', () => {
  const data = { failures: ['registry'] };
  const error = new GapferryError({
    code: 'UNREACHABLE',
    message: 'no registry.demo.example',
    data,
    hint: 'x',
  });
  expect(withDemoHint(error)).toMatchObject({
    code: 'UNREACHABLE',
    message: 'no registry.demo.example',
    hint: expect.stringContaining('npm run -s demo:upstream'),
    data,
    cause: error,
  });
});

it('leaves every other error as it is', () => {
  const elsewhere = new GapferryError({ code: 'UNREACHABLE', message: 'no registry.example.org' });
  const damaged = new GapferryError({ code: 'DIGEST_MISMATCH', message: 'from registry.demo.example' });
  for (const error of [elsewhere, damaged, new Error('git.demo.example')])
    expect(withDemoHint(error)).toBe(error);
});
