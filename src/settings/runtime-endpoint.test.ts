import { expect, it } from 'vitest';
import { parseRuntimeEndpoint } from './runtime-endpoint.ts';

it.each([
  '/run/containerd/containerd.sock',
  'unix:///run/containerd/containerd.sock',
  'unix:/run/containerd/containerd.sock',
])('parseRuntimeEndpoint(%j) is the path', (text) => {
  expect(parseRuntimeEndpoint(text)).toBe('/run/containerd/containerd.sock');
});

it.each([
  '',
  '/',
  'run/x.sock',
  'unix:run/x.sock',
  'unix://run/x.sock',
  'unix://',
  'tcp://127.0.0.1:1',
  'dns:///x',
  '/a\0b',
  '/run/',
])('parseRuntimeEndpoint(%j) is none', (text) => {
  expect(parseRuntimeEndpoint(text)).toBeUndefined();
});
