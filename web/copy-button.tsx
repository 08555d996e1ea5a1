/**
 * Copies a text. Where the browser does not permit that, which is the case without HTTPS on other machines, it shows the
 * text to be copied by hand.
 */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

interface CopyButtonProps {
  readonly what: string;
  readonly text: string;
  readonly children: ComponentChildren;
}

export function CopyButton({ what, text, children }: CopyButtonProps) {
  const [shown, setShown] = useState<'copied' | 'idle' | 'text'>('idle');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setShown('copied');
    } catch {
      setShown('text');
    }
  };
  return (
    <>
      <button type="button" class="copy" title={text} aria-label={`Copy ${what}`} onClick={() => void copy()}>
        {shown === 'copied' ? 'Copied' : children}
      </button>
      {shown === 'text' && <code class="query">{text}</code>}
    </>
  );
}
