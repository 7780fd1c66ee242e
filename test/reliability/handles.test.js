/** A process that may have few files open. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { program } from './support/kill.js';

const TENANTS = 300;
const FILES = 200;

let made;
beforeAll(async () => { made = await program({ entry: './handles-child.js' }); });
afterAll(() => made?.remove());

it.skipIf(!existsSync('/proc/self/limits'))(`${TENANTS} tenants are used where ${FILES} files may be open`, () => {
  const options = JSON.stringify({ folder: join(made.folder, 'data'), tenants: TENANTS });
  const told = execFileSync('sh', ['-c', `ulimit -n ${FILES}; exec "$@"`, 'sh', process.execPath, made.path, options], { encoding: 'utf8' });
  expect(JSON.parse(told)).toEqual({ found: TENANTS });
});
