/** Memory and disk over time. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { bytes } from './format.js';
import type { Sample } from './tab.js';

const height = 150;
const columns = (samples: Sample[]): uPlot.AlignedData => [samples.map(({ at }) => at), samples.map(({ memory }) => memory), samples.map(({ disk }) => disk)];

export function MemoryChart({ samples }: { samples: Sample[] }) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const latest = useRef(samples);
  latest.current = samples;

  // Colours are read when it is drawn, so another theme needs another chart.
  useEffect(() => {
    const box = place.current!;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new uPlot(options(box), columns(latest.current), box);
    };
    draw();
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const fit = new ResizeObserver(() => chart.current?.setSize({ width: box.clientWidth, height }));
    fit.observe(box);
    addEventListener('themechange', draw);
    dark.addEventListener('change', draw);
    return () => {
      fit.disconnect();
      removeEventListener('themechange', draw);
      dark.removeEventListener('change', draw);
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, []);
  useEffect(() => {
    chart.current?.setData(columns(samples));
    if (chart.current?.cursor.idx == null) chart.current?.setLegend({ idx: samples.length - 1 });
  }, [samples]);

  const [first, last] = [samples[0], samples.at(-1)];
  const said = first && last ? `Memory from ${bytes(first.memory)} to ${bytes(last.memory)}, on disk from ${bytes(first.disk)} to ${bytes(last.disk)}, in ${Math.round(last.at - first.at)} seconds` : 'No samples yet';
  return <div class="chart" role="img" aria-label={said} ref={place} />;
}

function options(place: HTMLElement): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string) => {
    // A custom property holds `light-dark(…)` as it stands; a used colour is what the browser made of it.
    place.style.outlineColor = `var(${name})`;
    const used = style.outlineColor;
    place.style.outlineColor = '';
    return used;
  };
  const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false }, font: `11px ${style.fontFamily}` };
  return {
    width: place.clientWidth, height, padding: [8, 8, 0, 0],
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    legend: { show: true, live: true },
    scales: { y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [{ ...axis, size: 28, space: 70, values: [[1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1]] }, { ...axis, size: 58, values: (_, values) => values.map(bytes) }],
    series: [
      { label: 'Time', value: '{HH}:{mm}:{ss}' },
      { label: 'Memory', stroke: colour('--accent'), width: 1.75, points: { show: false }, value: (_, value) => bytes(value ?? NaN) },
      { label: 'Disk', stroke: colour('--region-2'), width: 1.75, dash: [5, 3], points: { show: false }, value: (_, value) => bytes(value ?? NaN) },
    ],
  };
}
