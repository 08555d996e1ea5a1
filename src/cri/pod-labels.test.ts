import { describe, expect, it } from 'vitest';
import { toPodLabels, toSandboxLabels } from './pod-labels.ts';

describe('labels of a sandbox', () => {
  it('are always four, in one order', () => {
    const pod = { id: 'a', uid: 'u', name: 'n', namespace: 's', createdNs: undefined, labels: {} };
    expect(Object.entries(toSandboxLabels('a', pod))).toEqual([
      ['sandbox_id', 'a'],
      ['cri_uid', 'u'],
      ['cri_name', 'n'],
      ['cri_namespace', 's'],
    ]);
    expect(Object.values(toSandboxLabels('a', undefined))).toEqual(['a', '', '', '']);
  });
});

describe('labels of pods that the operator requests', () => {
  it.each([
    ['app', 'label_app'],
    ['app.kubernetes.io/name', 'label_app_kubernetes_io_name'],
    ['3rd-party', 'label_3rd_party'],
    [' team ', 'label_team'],
  ])('"%s" becomes %s', (name, metricLabel) => {
    expect(toPodLabels([name])).toEqual([{ name: name.trim(), metricLabel }]);
  });

  it('are each there once', () => {
    expect(toPodLabels(['app', 'team', 'app'])).toHaveLength(2);
  });

  it.each([
    [['a.b', 'a/b'], 'has two labels that would both be called "label_a_b": "a.b" and "a/b"'],
    [['app', ''], 'must not be empty'],
  ])('cannot be %j', (names, message) => {
    expect(() => toPodLabels(names)).toThrow(message);
  });
});
