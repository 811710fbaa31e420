/** The README's example is the one that is compiled. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

test('the example of the README compiles', () => {
  const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
  const block = /```ts\n([^]*?)```/.exec(read('README.md'))?.[1] ?? '';
  const compiled = read('test/example.ts').replace('../src/index.js', '@jeton/client');
  assert.ok(block.length > 500);
  assert.ok(compiled.endsWith(block), 'README.md and test/example.ts differ');
});
