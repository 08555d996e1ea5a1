/**
 * The page that shows the sandboxes of a node: starts it in the element that index.html has.
 */
import { render } from 'preact';
import { App } from './app.tsx';
import { Live } from './live.ts';

const place = document.getElementById('app');
if (place !== null) {
  place.replaceChildren();
  render(<App live={new Live()} />, place);
}
