/**
 * The frame of the page: the address holds the view, keys work everywhere, and a lost connection is reported.
 */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { formatView, parseView, type View } from './link.ts';
import type { Live } from './live.ts';
import { NodeView } from './node-view.tsx';
import { SandboxView } from './sandbox-view.tsx';
import { TableView } from './table-view.tsx';
import { toShown } from './text.ts';

export type ChangeView = (part: Partial<View>) => void;

/** The view in the address. A change of the sandbox is a new step of the browser's history; other changes are not. */
function useView(): [View, ChangeView] {
  const [view, setView] = useState(() => parseView(location.hash));
  useEffect(() => {
    const read = (): void => setView(parseView(location.hash));
    window.addEventListener('hashchange', read);
    window.addEventListener('popstate', read);
    return () => {
      window.removeEventListener('hashchange', read);
      window.removeEventListener('popstate', read);
    };
  }, []);
  const change = useCallback((part: Partial<View>) => {
    const before = parseView(location.hash);
    const next = { ...before, ...part };
    const address = formatView(next);
    if (next.sandbox === before.sandbox) {
      history.replaceState(null, '', address);
    } else {
      history.pushState(null, '', address);
    }
    setView(next);
  }, []);
  return [view, change];
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
}

export function App({ live }: { readonly live: Live }) {
  const [view, changeView] = useView();
  const [, setVersion] = useState(0);
  const help = useRef<HTMLDialogElement>(null);
  const { sandbox, isUnhealthyOnly } = view;
  useEffect(() => {
    let frame = 0;
    // In the next frame: that in which a snapshot arrives has enough to do with reading it.
    const unsubscribe = live.subscribe(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setVersion(live.state.version));
    });
    return () => {
      cancelAnimationFrame(frame);
      unsubscribe();
    };
  }, [live]);
  useEffect(() => live.watch(sandbox), [live, sandbox]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || help.current?.open === true) {
        return;
      }
      if (event.key === 'Escape') {
        if (isTyping(event.target)) {
          (event.target as HTMLElement).blur();
        } else if (sandbox !== undefined) {
          changeView({ sandbox: undefined });
        }
      } else if (isTyping(event.target)) {
        return;
      } else if (event.key === '?') {
        help.current?.showModal();
      } else if (event.key === '/') {
        event.preventDefault();
        document.querySelector<HTMLInputElement>('input[type=search]')?.focus();
      } else if (event.key === 'u' && sandbox === undefined) {
        changeView({ isUnhealthyOnly: !isUnhealthyOnly });
      }
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [changeView, sandbox, isUnhealthyOnly]);

  const { lostSince, problem } = live.state;
  return (
    <>
      <header class="top">
        <h1>
          <a href={formatView({ ...view, sandbox: undefined })}>Kata sandboxes</a>
        </h1>
        <span class="host">{toShown(live.history.latest?.node.hostname ?? '')}</span>
        <button type="button" onClick={() => help.current?.showModal()} aria-label="Help">
          ?
        </button>
      </header>
      {lostSince !== undefined && (
        <p class="alert" role="alert">
          Nothing from the {live.history.hasNodes ? 'server of this page' : 'monitor'} since{' '}
          {lostSince.toLocaleTimeString()}. The values below are from before. Check that{' '}
          {live.history.hasNodes ? 'kata-metrics page' : 'kata-monitor'} runs and that this address needs no other
          password; the page connects again by itself.
        </p>
      )}
      {problem !== undefined && (
        <p class="alert" role="alert">
          {toShown(problem)}
        </p>
      )}
      <main>
        <NodeView live={live} view={view} changeView={changeView} />
        {sandbox === undefined ? (
          <TableView live={live} view={view} changeView={changeView} />
        ) : (
          <SandboxView key={sandbox} live={live} id={sandbox} view={view} changeView={changeView} />
        )}
      </main>
      <footer>
        {!live.history.hasNodes && (
          <>
            <a href="metrics">/metrics</a> <a href="metrics/cadvisor">/metrics/cadvisor</a>{' '}
            <a href="sandboxes">/sandboxes</a> <a href="readyz">/readyz</a>{' '}
          </>
        )}
        <a href="api/v1/openapi.json">API</a>
      </footer>
      <HelpDialog dialog={help} />
    </>
  );
}

const keys = [
  ['/', 'Filter or search'],
  ['u', 'Only unhealthy sandboxes, on and off'],
  ['Down, Up, j, k', 'Next and previous sandbox'],
  ['Enter', 'Open the sandbox'],
  ['Esc', 'Back to the table'],
  ['?', 'This help'],
] as const;

function HelpDialog({ dialog }: { readonly dialog: { readonly current: HTMLDialogElement | null } }) {
  return (
    <dialog ref={dialog} aria-labelledby="help-title">
      <h2 id="help-title">Keys</h2>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
