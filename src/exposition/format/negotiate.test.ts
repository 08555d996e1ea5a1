import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contentTypeFor, contentTypes, type ExpositionForm, negotiate } from './negotiate.ts';

const protobuf = 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited';

describe('negotiate', () => {
  it.each<[accept: string | undefined, form: ExpositionForm]>([
    [undefined, 'text'],
    ['', 'text'],
    ['*/*', 'text'],
    ['text/html', 'text'],
    ['nonsense;;;q=,', 'text'],
    ['text/plain', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version=1.0.0; charset=utf-8', 'openmetrics'],
    ['Application/OpenMetrics-Text; Version="1.0.0"', 'openmetrics'],
    ['application/openmetrics-text;version=0.0.1', 'text'],
    ['application/openmetrics-text;version=2.0.0', 'text'],
    [protobuf, 'protobuf'],
    ['application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text', 'text'],
    ['application/vnd.google.protobuf', 'text'],
    ['application/openmetrics-text;q=0.5,text/plain;q=0.6', 'text'],
    ['text/plain;q=0.5,application/openmetrics-text;q=0.6', 'text'],
    ['text/plain,application/openmetrics-text', 'text'],
    ['application/openmetrics-text,text/plain', 'text'],
    ['application/openmetrics-text,text/plain;q=0', 'openmetrics'],
    ['application/openmetrics-text,*/*;q=0', 'openmetrics'],
    ['application/openmetrics-text;q=0.1,text/html', 'openmetrics'],
    [`application/openmetrics-text,${protobuf};q=0.1`, 'protobuf'],
    [`${protobuf};q=0.5,text/plain;q=0.6`, 'text'],
    [`${protobuf};q=0.5,*/*;q=0.6`, 'text'],
    [`${protobuf};q=0.5,text/plain;q=0.4,*/*;q=0.6`, 'protobuf'],
    [`${protobuf},text/plain`, 'protobuf'],
    [`text/plain,${protobuf}`, 'text'],
    [`${protobuf};q=0,text/plain;q=0,application/openmetrics-text`, 'openmetrics'],
    [`${protobuf};q=0`, 'text'],
    ['application/openmetrics-text;q=0,*/*', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;q=7,*/*;q=0.1', 'text'],
    // Prometheus 2.42, and with native histograms
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'text',
    ],
    [
      `${protobuf},application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`,
      'protobuf',
    ],
    // Prometheus 3
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'text',
    ],
    ['text/plain;version=1.0.0;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.3', 'text'],
    ['application/openmetrics-text,text/plain;version=1.0.0;q=0.5', 'text'],
    [`text/plain;version=1.0.0,${protobuf};q=0.5`, 'text'],
    [`text/plain;version=1.0.0;q=0.5,${protobuf}`, 'protobuf'],
    ['text/plain;version=1.0.0;q=0,application/openmetrics-text', 'openmetrics'],
    [`text/plain;version=1.0.0;q=0,text/plain,${protobuf};q=0.5`, 'text'],
    ['text/plain;version=2.0.0,application/openmetrics-text', 'openmetrics'],
  ])('gives for %s: %s', (accept, form) => {
    expect(negotiate(accept)).toBe(form);
  });

  it('takes any header', () => {
    fc.assert(
      fc.property(fc.string(), (accept) => {
        expect(Object.keys(contentTypes)).toContain(negotiate(accept));
      }),
    );
  });
});

const text1 = 'text/plain; version=1.0.0; charset=utf-8';

describe('contentTypeFor', () => {
  it.each<[ExpositionForm, string | undefined, string]>([
    ['text', undefined, 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores'],
    ['text', 'text/plain;version=0.0.4;escaping=allow-utf-8', `${contentTypes.text}; escaping=allow-utf-8`],
    ['text', 'text/plain;escaping=dots;q=0.1,*/*', `${contentTypes.text}; escaping=dots`],
    ['text', 'text/plain;version=0.0.4;escaping="a\r\nb"', `${contentTypes.text}; escaping=underscores`],
    ['text', `${protobuf};escaping=values,text/plain`, `${contentTypes.text}; escaping=underscores`],
    ['text', 'text/plain;version=1.0.0;escaping=allow-utf-8', `${text1}; escaping=allow-utf-8`],
    ['text', 'text/plain;version=1.0.0', `${text1}; escaping=underscores`],
    ['text', 'text/plain;version=1.0.0;escaping=values,text/plain;version=0.0.4;q=0', `${text1}; escaping=values`],
    ['text', 'text/plain;version=1.0.0,*/*;q=0.1', `${contentTypes.text}; escaping=underscores`],
    // Prometheus 3.16 by default
    [
      'text',
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      `${contentTypes.text}; escaping=underscores`,
    ],
    ['protobuf', `${protobuf};escaping=values`, `${contentTypes.protobuf}; escaping=values`],
    ['openmetrics', 'application/openmetrics-text', `${contentTypes.openmetrics}; escaping=underscores`],
  ])('of %s for %s is %s', (form, accept, expected) => {
    expect(contentTypeFor(form, accept)).toBe(expected);
  });
});
