import { expect, it } from 'vitest';
import { takeHandedOverSockets } from './handed-over-sockets.ts';

it.each([
  [{}],
  [{ LISTEN_FDS: '1' }],
  [{ LISTEN_PID: '8', LISTEN_FDS: '1' }],
  [{ LISTEN_PID: '7', LISTEN_FDS: '0' }],
  [{ LISTEN_PID: '7 ', LISTEN_FDS: 'x' }],
])('%j hands nothing over to process 7, and nothing is left of it', (given) => {
  const env: NodeJS.ProcessEnv = { ...given, PATH: '/bin' };
  expect(takeHandedOverSockets(env, 7)).toEqual([]);
  expect(env).toEqual({ PATH: '/bin' });
});

it.each([
  [{ LISTEN_PID: '7' }, 'Variable LISTEN_FDS must be an integer from 0 to 64, got ""'],
  [{ LISTEN_PID: '7', LISTEN_FDS: '-1' }, 'Variable LISTEN_FDS must be an integer from 0 to 64, got "-1"'],
  [{ LISTEN_PID: '7', LISTEN_FDS: '65' }, 'Variable LISTEN_FDS must be an integer from 0 to 64, got "65"'],
])('%j is refused', (env, message) => {
  expect(() => takeHandedOverSockets(env, 7)).toThrow(new RangeError(message));
});
