/** A program that refreshes, and may die of it: `program URL FOLDER WHAT`. */

import { JetonClient } from '../../src/index.js';
import { fileStorage } from './file.js';

const [url = '', folder = '', does = ''] = process.argv.slice(2);

const die = (): never => {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('still alive');
};

/** Dies before a request leaves, or when the server has done its work. */
const deadly: typeof fetch = async (input, init) => {
  if (does === 'dies-before-sending') die();
  const answer = await fetch(input, init);
  if (does === 'dies-before-storing') die();
  return answer;
};

const patience = { firstPause: 10, longestPause: 500, total: 30_000 };
const client = new JetonClient({ url, storage: fileStorage(folder), fetch: deadly, timeout: 1_000, patience });

const times = does === 'for-ever' ? Infinity : 5;
for (let done = 0; done < times; done += 1) {
  await client.refresh();
  if (done === 0) process.stdout.write('refreshing\n');
}
