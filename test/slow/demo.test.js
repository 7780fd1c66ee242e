// Tabs of the demo that are killed in the middle of an import, twenty times.
import { expect, it } from 'vitest';
import { launchChromium, missingChromium } from '../browser/chromium.js';
import { killedInImports } from '../demo/kills.js';
import { serveDemo } from '../demo/pages.js';
import { describeWithout } from '../optional.js';

describeWithout(missingChromium, 'a tab that is killed', () => {
  it('loses nothing that was acknowledged, twenty times', async () => {
    const server = await serveDemo();
    const browser = await launchChromium();
    try {
      await killedInImports({ browser, url: server.url, kills: 20 });
      expect.hasAssertions();
    } finally {
      await browser.close();
      await server.close();
    }
  });
});
