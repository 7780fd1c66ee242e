/** Has the demo kept by the browser, so that it opens without a network. */
export function keepOffline(): void {
  // Not on the development server, whose files change; nor where there are no service workers, as in private windows.
  if (import.meta.env.PROD && 'serviceWorker' in navigator) void navigator.serviceWorker.register('./service-worker.js').catch(() => {});
}
