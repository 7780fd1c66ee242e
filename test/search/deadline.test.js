import { expect, it } from 'vitest';
import { Deadline } from '../../ts/search/deadline.js';

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

it('throws TIMEOUT once its time is over, and the clock is looked at', async () => {
  const deadline = new Deadline(10);
  deadline.check();
  await wait(20);
  deadline.spend(1); // too little to look
  expect(() => { for (let i = 0; i < 10_000; i++) deadline.spend(1); }).toThrow('timeoutMs: expected the call to end within 10 ms, got longer');
  expect(() => deadline.check()).toThrow(expect.objectContaining({ code: 'TIMEOUT' }));
});

it('of an evaluation by itself, lasts', () => {
  const deadline = new Deadline();
  for (let i = 0; i < 100; i++) deadline.spend(5000);
  expect(deadline.error()).toMatchObject({ code: 'TIMEOUT', message: expect.stringContaining('10000 ms') });
});
