/** What a call is refused with, in words to compare. */
export function codeAndMessage(run) {
  try {
    run();
  } catch (error) {
    return `${error.code} ${error.message}`;
  }
  return 'nothing thrown';
}

/** The same of a call that waits. */
export async function refusalOf(call) {
  try {
    await call();
  } catch (error) {
    return `${error.code} ${error.message}`;
  }
  return 'nothing thrown';
}
