/**
 * Has no socket yet, in a directory that was made a moment ago.
 */
import { type Fault, nothingToClose } from '../fault.ts';

export default {
  name: 'starting',
  start: async () => nothingToClose,
  canBeWell: false,
  isUp: false,
  reasons: ['starting'],
  kept: '',
} satisfies Fault;
