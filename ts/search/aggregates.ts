/** What can be said of several properties of many objects, of all of them or by groups; see accumulators.ts. */
import { accumulatorOf, type Accumulator, type AccumulatorState, type AggregateSpec, type Summary } from './accumulators.js';
import { Top } from './sorting.js';
import { compareScalars, distinctIn, type Scalar, type Value } from './values.js';

/** Of all objects. States are plain data, as those of accumulators. */
export class Aggregation {
  #objects = 0;
  readonly #accumulators: readonly Accumulator[];

  constructor(specs: readonly AggregateSpec[]) {
    this.#accumulators = specs.map(accumulatorOf);
  }

  get objects(): number { return this.#objects; }

  /** One object: its values in the order of the specs. */
  add(values: readonly Value[]): void {
    this.#objects++;
    for (let i = 0; i < values.length; i++) this.#accumulators[i]!.add(values[i]!);
  }

  merge({ objects, states }: AggregationState): void {
    this.#objects += objects;
    states.forEach((state, i) => this.#accumulators[i]!.merge(state));
  }

  state(): AggregationState {
    return { objects: this.#objects, states: this.#accumulators.map((accumulator) => accumulator.state()) };
  }

  /** In the order of the specs. */
  summaries(): Summary[] {
    return this.#accumulators.map((accumulator) => accumulator.summary());
  }
}

export interface AggregationState {
  objects: number;
  states: AccumulatorState[];
}

export interface AggregateGroup {
  value: Scalar;
  objects: number;
  summaries: Summary[];
}

/** The same by groups of objects that have a value in common; those with a list are in the group of each element. */
export class GroupedAggregation {
  readonly #specs: readonly AggregateSpec[];
  readonly #groups = new Map<Scalar, Aggregation>();

  constructor(specs: readonly AggregateSpec[]) {
    this.#specs = specs;
  }

  /** One object: the value it is grouped by, and those of the specs. */
  add(by: Value, values: readonly Value[]): void {
    for (const value of distinctIn(by)) this.#of(value).add(values);
  }

  merge(state: GroupedState): void {
    for (const [value, group] of state) this.#of(value).merge(group);
  }

  state(): GroupedState {
    return Array.from(this.#groups, ([value, group]) => [value, group.state()]);
  }

  /** Those of most objects; equally large ones by their values. */
  groups(limit: number): AggregateGroup[] {
    const top = new Top<[Scalar, Aggregation]>(limit, ([a, first], [b, second]) => second.objects - first.objects || compareScalars(a, b));
    for (const group of this.#groups) top.add(group);
    return top.sorted().map(([value, group]) => ({ value, objects: group.objects, summaries: group.summaries() }));
  }

  #of(value: Scalar): Aggregation {
    let group = this.#groups.get(value);
    if (!group) this.#groups.set(value, group = new Aggregation(this.#specs));
    return group;
  }
}

export type GroupedState = [Scalar, AggregationState][];
