/**
 * All families of a sandbox with HELP, type and unit, searchable, and the raw text of its shim.
 */
import { useState } from 'preact/hooks';
import type { FamilyStatus } from '../src/api/index.ts';
import { CopyButton } from './copy-button.tsx';
import { toShown } from './text.ts';

/** More samples of a family are shown on request. */
const MAX_SAMPLES = 50;
/** A text of more characters is cut on the page; the raw text has all of it. */
const MAX_TEXT = 500;

function cut(text: string): string {
  const shown = toShown(text);
  return shown.length > MAX_TEXT ? `${shown.slice(0, MAX_TEXT)} ... (${shown.length} characters)` : shown;
}

interface FamilyListProps {
  readonly id: string;
  readonly families: readonly FamilyStatus[];
  /** Whether the server has /metrics. */
  readonly hasRawText: boolean;
}

export function FamilyList({ id, families, hasRawText }: FamilyListProps) {
  const [text, setText] = useState('');
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = families.filter(({ name, help }) => {
    const searched = `${name} ${help ?? ''}`.toLowerCase();
    return words.every((word) => searched.includes(word));
  });
  return (
    <section aria-labelledby="families-title">
      <h3 id="families-title">Metrics</h3>
      <div class="filters">
        <label>
          Search{' '}
          <input
            type="search"
            placeholder="name or help"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <span class="count">
          {found.length} of {families.length} families
        </span>
      </div>
      <ul class="families">
        {found.map((family) => (
          <li key={family.name}>
            <Family id={id} family={family} />
          </li>
        ))}
      </ul>
      {hasRawText && <RawText id={id} />}
    </section>
  );
}

function Family({ id, family }: { readonly id: string; readonly family: FamilyStatus }) {
  const { name, type, unit, help, samples } = family;
  const [isOpen, setIsOpen] = useState(false);
  const [isWhole, setIsWhole] = useState(false);
  const shown = isWhole ? samples : samples.slice(0, MAX_SAMPLES);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>
        <code>{cut(name)}</code> <span class="kind">{type}</span>
        {unit !== null && <span class="kind">{unit}</span>} <span class="kind">{samples.length}</span>
        <span class="help">{help === null ? 'no help' : cut(help)}</span>
      </summary>
      {isOpen && (
        <>
          <CopyButton what={`PromQL of ${cut(name)}`} text={toQuery(id, family)}>
            Copy PromQL
          </CopyButton>
          <table class="plain">
            <tbody>
              {shown.map((sample) => (
                <tr key={`${sample.name} ${JSON.stringify(sample.labels)}`}>
                  <td>
                    <code>
                      {cut(
                        sample.name +
                          Object.entries(sample.labels)
                            .map(([label, value]) => ` ${label}=${JSON.stringify(value)}`)
                            .join(''),
                      )}
                    </code>
                  </td>
                  <td class="number">{cut(sample.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {shown.length < samples.length && (
            <button type="button" onClick={() => setIsWhole(true)}>
              Show all {samples.length} samples
            </button>
          )}
        </>
      )}
    </details>
  );
}

function toQuery(id: string, { name, type }: FamilyStatus): string {
  const selector = `{sandbox_id="${id}"}`;
  switch (type) {
    case 'counter':
      return `rate(${name}${selector}[1m])`;
    case 'histogram':
      return `histogram_quantile(0.9, rate(${name}_bucket${selector}[5m]))`;
    default:
      return `${name}${selector}`;
  }
}

function RawText({ id }: { readonly id: string }) {
  const [raw, setRaw] = useState<string>();
  const address = `metrics?sandbox=${encodeURIComponent(id)}`;
  const load = async (): Promise<void> => {
    try {
      const response = await fetch(address, { headers: { accept: 'text/plain' } });
      setRaw(await response.text());
    } catch (error) {
      setRaw(`Cannot read ${address}: ${String(error)}`);
    }
  };
  return (
    <p>
      <button type="button" onClick={() => void load()}>
        {raw === undefined ? 'Show' : 'Read again'} raw text
      </button>{' '}
      <a href={address}>{address}</a>
      {raw !== undefined && (
        <textarea class="raw" readOnly rows={20} aria-label="Raw text of the shim" value={raw} spellcheck={false} />
      )}
    </p>
  );
}
