/**
 * Whether there is room: past a share of the disk, or of memory, that is in use, objects are not written any more, until it is less
 * again. It is looked at when something is to be written, once a second at most. What cannot be measured refuses nothing.
 */
import { VectileError, invalid } from '../errors.js';
import type { Space } from '../storage/storage.js';

/** Shares in percent; 0: none. */
export interface PressureLimits {
  diskUseWarningPercentage: number;
  diskUseReadonlyPercentage: number;
  memoryWarningPercentage: number;
  memoryReadonlyPercentage: number;
}

export interface SpaceUse extends Space {
  /** Of 100. */
  percentage: number;
  /** Past which of the two limits it is. */
  status: 'OK' | 'WARNING' | 'READONLY';
}

/** Undefined where it cannot be measured. */
export interface SpaceUses {
  disk: SpaceUse | undefined;
  memory: SpaceUse | undefined;
}

/** Those of Weaviate, but that it refuses writes past 90 % of the disk: that is of servers of their own, not of the laptop or phone an app is on. */
export const LIMITS: PressureLimits = { diskUseWarningPercentage: 80, diskUseReadonlyPercentage: 0, memoryWarningPercentage: 0, memoryReadonlyPercentage: 0 };
const LOOK_MS = 1000;

export class Pressure {
  readonly #limits: PressureLimits;
  readonly #disk: () => Promise<Space | undefined>;
  readonly #memory: () => Space | undefined;
  #lookedAt = -Infinity;
  #uses: SpaceUses = { disk: undefined, memory: undefined };
  #looking: Promise<SpaceUses> | undefined;

  constructor(limits: PressureLimits, disk: () => Promise<Space | undefined>, memory: () => Space | undefined) {
    this.#limits = limits;
    this.#disk = disk;
    this.#memory = memory;
  }

  /** Throws SHARD_READ_ONLY while objects are not to be written. */
  async check(): Promise<void> {
    const { diskUseReadonlyPercentage, memoryReadonlyPercentage } = this.#limits;
    if (!diskUseReadonlyPercentage && !memoryReadonlyPercentage) return;
    if (performance.now() - this.#lookedAt > LOOK_MS) await this.look();
    const { disk, memory } = this.#uses;
    if (disk?.status === 'READONLY') throw full('disk', disk, 'diskUseReadonlyPercentage', diskUseReadonlyPercentage);
    if (memory?.status === 'READONLY') throw full('memory', memory, 'memoryReadonlyPercentage', memoryReadonlyPercentage);
  }

  /** As it is now. */
  look(): Promise<SpaceUses> {
    this.#looking ??= this.#look().finally(() => { this.#looking = undefined; });
    return this.#looking;
  }

  async #look(): Promise<SpaceUses> {
    const { diskUseWarningPercentage, diskUseReadonlyPercentage, memoryWarningPercentage, memoryReadonlyPercentage } = this.#limits;
    const [disk, memory] = await Promise.all([this.#disk, async () => this.#memory()].map((space) => space().catch(() => undefined)));
    this.#uses = { disk: useOf(disk, diskUseWarningPercentage, diskUseReadonlyPercentage), memory: useOf(memory, memoryWarningPercentage, memoryReadonlyPercentage) };
    this.#lookedAt = performance.now();
    return this.#uses;
  }
}

/** Throws INVALID_ARGUMENT for what is no percentage. */
export function pressureLimits(given: Partial<PressureLimits>): PressureLimits {
  const limits = { ...LIMITS };
  for (const name of Object.keys(LIMITS) as (keyof PressureLimits)[]) {
    const value = given[name];
    if (value === undefined) continue;
    if (!(typeof value === 'number' && value >= 0 && value <= 100)) throw invalid(name, 'a percentage from 0, which is none, to 100', value);
    limits[name] = value;
  }
  return limits;
}

function useOf(space: Space | undefined, warning: number, readonly: number): SpaceUse | undefined {
  if (!space || !(space.total > 0)) return undefined;
  const percentage = space.used / space.total * 100;
  const isPast = (limit: number) => limit > 0 && percentage > limit;
  return { ...space, percentage, status: isPast(readonly) ? 'READONLY' : isPast(warning) ? 'WARNING' : 'OK' };
}

function full(what: string, { percentage }: SpaceUse, name: string, limit: number): VectileError {
  return new VectileError('SHARD_READ_ONLY', `${what}: expected at most ${limit} % in use (${name}), got ${percentage.toFixed(1)} %`);
}
