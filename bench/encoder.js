// The sentence encoder beside the package that its weights are from, which runs them by TensorFlow.js in WebAssembly with SIMD:
//   speed      short texts a second of processor time, one after the other in chunks, in one process
//   accuracy   components of weights as published, cosines of int8, to what the package makes
//   Chromium   texts a second by the wall from a worker, and how long the page was kept from anything else meanwhile
//   sizes      of files, and of code as servers send it

import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { serve } from '../browser-demo/serve.js';
import { encoder } from '../dist/encoder.node.js';
import { launchChromium, missingChromium } from '../test/browser/chromium.js';
import { encoderModel } from '../wasm-build/encoder-model.js';
import { closure } from '../wasm-build/size.js';
import { encoderSource, loadModel } from './data/encoder.js';
import { missingSupport, supportObjects } from './data/support.js';
import { describeMachine, pinnedCore } from './machine.js';
import { median, spread, startClock, turnOrder } from './measure/clock.js';
import { cacheDir, repositoryDir } from './paths.js';
import { createProgress } from './progress.js';
import { nodeMajor, writeResult } from './results.js';
import { fixed, printTable, whole } from './table.js';

const chunk = 64;
const textCount = 1024;        // of each round and each encoder
const warmUpTexts = 512;
const wanted = { inChromium: 100, f32: 1e-3, int8: 0.998 };

const options = JSON.parse(process.argv[2]);
const progress = createProgress();
const { rounds, core } = options;
const missing = missingSupport();
if (missing) throw new Error(missing);
const load = { before: loadavg()[0] };
const objects = supportObjects();
const step = Math.floor(objects.length / textCount);
const texts = Array.from({ length: textCount }, (_, i) => objects[i * step].text).filter(Boolean);

const models = { int8: await encoderModel('int8'), f32: await encoderModel('f32') };
const original = await loadModel({ onProgress: progress.fetch('sentence encoder') });
const engines = {
  'vectile int8': (await encoder({ model: models.int8, threads: 0 })).embed,
  'vectile f32': (await encoder({ model: models.f32, threads: 0 })).embed,
  '@energetic-ai': (part) => original.embed(part),
};
const names = Object.keys(engines);
const meanTokens = texts.reduce((sum, text) => sum + original.tokenizer.encode(text).length, 0) / texts.length;

const speeds = await measureSpeeds();
for (const name of names) progress.note(`${name}: ${whole(speeds[name].median)} texts a second of processor time`);
const accuracy = await measureAccuracy();
const chromium = missingChromium ? { missing: missingChromium } : await measureInChromium();
load.after = loadavg()[0];

const gzipped = (bytes) => gzipSync(bytes, { level: 9 }).length;
const dist = (file) => readFileSync(join(repositoryDir, 'dist', file));
const theirs = (file) => readFileSync(join(cacheDir, 'npm/energetic-ai/node_modules/@energetic-ai', file));
const result = {
  encoder: 'universal-sentence-encoder-lite-en', texts: texts.length, meanTokens, rounds, chunk, core: pinnedCore() ?? core, load, wanted,
  method: 'texts a second of processor time of the whole process, chunks of 64 texts alternate; ratio: of each round to the package, then the median',
  textsPerCpuSecond: speeds,
  ratio: Object.fromEntries(names.map((name) => [name, median(speeds[name].rounds.map((speed, i) => speed / speeds['@energetic-ai'].rounds[i]))])),
  accuracy,
  chromium,
  bytes: {
    model: { int8: models.int8.length, f32: models.f32.length, int8Gzip: gzipped(models.int8), published: 27_903_656 },
    codeGzip: {
      'vectile (browser, with its worker)': [...closure('encoder.browser.js'), 'encoder-worker.browser.js'].reduce((sum, file) => sum + gzipped(dist(file)), 0),
      '@energetic-ai': ['core/dist/index.js', 'core/dist/tfjs-backend-wasm-simd.wasm', 'embeddings/dist/index.js'].reduce((sum, file) => sum + gzipped(theirs(file)), 0),
    },
  },
  peer: { package: encoderSource, runtime: '@energetic-ai/core@0.2 (TensorFlow.js, wasm backend with SIMD, one thread)' },
  machine: describeMachine(),
};
printTable([
  ['encoder', 'texts/CPU s', 'ratio', 'accuracy'],
  ['vectile int8', whole(speeds['vectile int8'].median), fixed(result.ratio['vectile int8'], 2), `cosine ≥ ${fixed(accuracy.int8.leastCosine, 4)}, mean ${fixed(accuracy.int8.meanCosine, 4)}`],
  ['vectile f32', whole(speeds['vectile f32'].median), fixed(result.ratio['vectile f32'], 2), `components within ${accuracy.f32.worstComponent.toExponential(1)}`],
  ['@energetic-ai', whole(speeds['@energetic-ai'].median), '1', ''],
]);
if (!missingChromium) console.log(`Chromium, in a worker: ${whole(chromium.textsPerSecond.median)} texts a second by the wall; the page waited ${fixed(chromium.longestGapMs, 0)} ms at most`);
console.log(writeResult(`encoder-node${nodeMajor()}.json`, result));
process.exit(); // the package keeps its backend

async function measureSpeeds() {
  for (const name of names) for (let at = 0; at < warmUpTexts; at += chunk) await engines[name](texts.slice(at, at + chunk));
  const perRound = Object.fromEntries(names.map((name) => [name, []]));
  const show = progress.count('speed');
  for (let round = 0; round < rounds; round++) {
    const used = Object.fromEntries(names.map((name) => [name, 0]));
    for (let at = 0, turn = 0; at < texts.length; at += chunk, turn++) {
      for (const i of turnOrder(names.length, turn)) {
        const read = startClock();
        await engines[names[i]](texts.slice(at, at + chunk));
        used[names[i]] += read().cpu;
      }
      show(round * texts.length + at, rounds * texts.length);
    }
    for (const name of names) perRound[name].push(texts.length / used[name] * 1e6);
  }
  return Object.fromEntries(names.map((name) => [name, { ...spread(perRound[name]), rounds: perRound[name] }]));
}

async function measureAccuracy() {
  let worstComponent = 0, leastCosine = 1, sum = 0;
  for (let at = 0; at < texts.length; at += chunk) {
    const part = texts.slice(at, at + chunk);
    const [int8, f32, expected] = await Promise.all(names.map((name) => engines[name](part)));
    expected.forEach((vector, i) => {
      vector.forEach((x, c) => { worstComponent = Math.max(worstComponent, Math.abs(x - f32[i][c])); });
      const cosine = vector.reduce((dot, x, c) => dot + x * int8[i][c], 0);
      leastCosine = Math.min(leastCosine, cosine);
      sum += cosine;
    });
  }
  return { texts: texts.length, f32: { worstComponent }, int8: { leastCosine, meanCosine: sum / texts.length } };
}

/** By the wall: other processes of the browser are in it, and what else the machine does. */
async function measureInChromium() {
  const html = `<!doctype html><link rel="icon" href="data:,"><script type="module">
    import { encoder } from '/dist/encoder.browser.js';
    globalThis.measure = async (texts, rounds) => {
      let started = performance.now();
      const { embed } = await encoder({ model: '/model.venc' });
      const openMs = performance.now() - started;
      await embed(texts.slice(0, 256));
      let longestGapMs = 0, last = performance.now(), isOver = false;
      const watch = () => {
        const now = performance.now();
        longestGapMs = Math.max(longestGapMs, now - last);
        last = now;
        if (!isOver) setTimeout(watch, 0);
      };
      watch();
      const perSecond = [];
      for (let round = 0; round < rounds; round++) {
        started = performance.now();
        await embed(texts);
        perSecond.push(texts.length / (performance.now() - started) * 1000);
      }
      isOver = true;
      return { openMs, perSecond, longestGapMs };
    };
    globalThis.ready = true;
  </script>`;
  const server = await serve({ answers: { '/page': { headers: { 'content-type': 'text/html' }, body: html }, '/model.venc': { body: Buffer.from(models.int8) } } });
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}/page`);
    await page.waitForFunction(() => globalThis.ready);
    const { openMs, perSecond, longestGapMs } = await page.evaluate(([texts, rounds]) => globalThis.measure(texts, rounds), [texts, rounds]);
    return { version: browser.version(), weights: 'int8', openMs, textsPerSecond: spread(perSecond), longestGapMs };
  } finally {
    await browser.close();
    await server.close();
  }
}
