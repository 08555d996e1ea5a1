/**
 * Work in small steps: generators that yield where the caller may do other things. Only their result counts.
 */

/** Does all steps without a pause. */
export function runToEnd<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) {
      return step.value;
    }
  }
}
