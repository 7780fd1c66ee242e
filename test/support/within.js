/** What a promise comes to, if it comes to anything within 50 s. */
export function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${what}: still waiting`)), 50_000); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
