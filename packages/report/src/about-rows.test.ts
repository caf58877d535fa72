import { expect, it } from 'vitest';
import { aboutRows } from './about-rows.ts';

it('says what becomes of a description, a homepage and topics, and is short', () => {
  const from = { description: 'Press line 2', topics: ['gitops', 'plc'] };
  const to = {
    description: `Press line 3 ${'x'.repeat(80)}`,
    homepage: 'https://line3.example/',
    topics: ['plc', 'scada'],
  };
  expect(aboutRows(from, to)).toEqual([
    ['description', `"Press line 2" → "Press line 3 ${'x'.repeat(47)}…"`],
    ['homepage', 'none → "https://line3.example/"'],
    ['topics', '+scada −gitops'],
  ]);
  expect(aboutRows(to, to)).toEqual([]);
  expect(aboutRows({ description: 'a' }, {})).toEqual([['description', '"a" → none']]);
});
