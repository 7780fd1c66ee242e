/** What a call is refused with, in words to compare. */
export function codeAndMessage(run) {
  try {
    run();
  } catch (error) {
    return `${error.code} ${error.message}`;
  }
  return 'nothing thrown';
}
