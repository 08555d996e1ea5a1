/**
 * Puts directories into the root whose names are no ids: they are no sandboxes.
 */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fault, nothingToClose } from '../fault.ts';

const names = ['.hidden', 'a b', 'quote"x', 'line\nfeed', '-dash', 'ü', 'x'.repeat(200)];

export default {
  name: 'directory-without-an-id',
  start: async ({ root, directory, outside }) => {
    await rename(directory, join(outside, 'moved'));
    await Promise.all(names.map((name) => mkdir(join(root, name))));
    return nothingToClose;
  },
  canBeWell: false,
  isUp: undefined,
  reasons: [],
  kept: '',
} satisfies Fault;
