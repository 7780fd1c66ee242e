/** The tenants of a collection, as their users see them. All of it may be asked again without harm. */
import { VectileError, invalid } from '../errors.js';
import { checkOptions, integer } from '../engine/checks.js';
import { call, type CallOptions } from './calls.js';
import { refusal } from './refusal.js';
import type { TenantStatus } from './typed.js';

export type { TenantStatus } from './typed.js';

export interface Tenant {
  name: string;
  status: TenantStatus;
}

export interface TenantInput {
  /** 1 … 64 letters, digits, _ and -. */
  name: string;
  /** Default `ACTIVE`. */
  status?: 'ACTIVE' | 'INACTIVE';
}

export interface TenantListOptions extends CallOptions {
  /** 1 … 10,000; default 100. */
  limit?: number;
  /** A name, of a tenant or not; those after it are given. */
  after?: string;
}

/** Of one collection. Names are checked. */
export interface TenantsHost {
  /** Throws if the collection has no tenants. */
  check(): void;
  get(name: string): Tenant | undefined;
  /** In order. */
  names(): readonly string[];
  create(tenants: readonly Required<TenantInput>[]): Promise<void>;
  activate(names: readonly string[]): Promise<void>;
  deactivate(names: readonly string[]): Promise<void>;
  offload(names: readonly string[]): Promise<void>;
  remove(names: readonly string[]): Promise<void>;
  warm(names: readonly string[], signal: AbortSignal | undefined): Promise<void>;
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const LIST_MAX = 10_000;

/** The tenants of a collection that was made with `multiTenancy: { enabled: true }`. */
export class Tenants {
  readonly #host: TenantsHost;

  /** @internal */
  constructor(host: TenantsHost) {
    this.#host = host;
  }

  /** Makes tenants; those that are there stay as they are. All that are made are one change, durable when it is acknowledged. */
  create(tenants: string | TenantInput | readonly (string | TenantInput)[], options?: CallOptions): Promise<Tenant[]> {
    return this.#call(options, [], async () => {
      const inputs = listOf(tenants).map((tenant, i) => inputOf(tenant, Array.isArray(tenants) ? `tenants[${i}]` : 'tenant'));
      await this.#host.create(inputs);
      return inputs.flatMap(({ name }) => this.#host.get(name) ?? []);
    });
  }

  /** A record of all of them: by name, what it is called and its status. */
  get(options?: CallOptions): Promise<Record<string, Tenant>> {
    return this.#call(options, [], () => {
      const all: Record<string, Tenant> = Object.create(null);
      for (const name of this.#host.names()) all[name] = this.#host.get(name)!;
      return all;
    });
  }

  /** Null if there is none. */
  getByName(name: string, options?: CallOptions): Promise<Tenant | null> {
    return this.#call(options, [], () => {
      checkTenantName(name);
      return this.#host.get(name) ?? null;
    });
  }

  exists(name: string, options?: CallOptions): Promise<boolean> {
    return this.#call(options, [], () => {
      checkTenantName(name);
      return this.#host.get(name) !== undefined;
    });
  }

  /** A page of them, in the order of their names. */
  list(options: TenantListOptions = {}): Promise<Tenant[]> {
    return this.#call(options, ['limit', 'after'], () => {
      const { limit = 100, after } = options;
      integer('limit', limit, 1, LIST_MAX);
      if (after !== undefined) checkTenantName(after, 'after');
      const names = this.#host.names();
      const from = after === undefined ? 0 : firstAfter(names, after);
      return names.slice(from, from + limit).map((name) => this.#host.get(name)!);
    });
  }

  /** Makes tenants ACTIVE; the files of those that are OFFLOADED are brought back. Throws TENANT_MISSING, and then nothing is changed. */
  activate(names: string | readonly string[], options?: CallOptions): Promise<void> { return this.#each(names, options, (checked) => this.#host.activate(checked)); }

  /**
   * Makes tenants INACTIVE: when it resolves, calls that had begun have ended, and no memory and no open file are theirs. The files of
   * those that are OFFLOADED are brought back. Throws TENANT_MISSING, and then nothing is changed.
   */
  deactivate(names: string | readonly string[], options?: CallOptions): Promise<void> {
    return this.#each(names, options, (checked) => this.#host.deactivate(checked));
  }

  /**
   * Moves the files of tenants to the store that was given as `open({ offload })`. They go here only when they have been read back there.
   * Throws TENANT_MISSING, and then nothing is changed.
   */
  offload(names: string | readonly string[], options?: CallOptions): Promise<void> { return this.#each(names, options, (checked) => this.#host.offload(checked)); }

  /** Removes tenants and every byte of them, here and in the other store, when calls that had begun have ended. */
  remove(names: string | readonly string[], options?: CallOptions): Promise<void> { return this.#each(names, options, (checked) => this.#host.remove(checked)); }

  /** Opens tenants ahead of their first use, as far as the budget goes: of more than `openShardsMax`, the last ones are open then. */
  warm(names: string | readonly string[], options?: CallOptions): Promise<void> {
    return this.#each(names, options, (checked, signal) => this.#host.warm(checked, signal));
  }

  #each(
    names: string | readonly string[], options: CallOptions | undefined, work: (names: string[], signal: AbortSignal | undefined) => Promise<void>,
  ): Promise<void> {
    return this.#call(options, [], (signal) => {
      const checked = listOf(names).map((name, i) => {
        checkTenantName(name, Array.isArray(names) ? `names[${i}]` : 'name');
        return name;
      });
      return work([...new Set(checked)], signal);
    });
  }

  #call<T>(options: CallOptions | undefined, known: readonly string[], work: (signal: AbortSignal | undefined) => Promise<T> | T): Promise<T> {
    return call(options, known, (signal) => {
      this.#host.check();
      return work(signal);
    });
  }
}

/** The same error whatever there is of that name, or of a name like it. */
export function checkTenantName(name: unknown, argument = 'name'): asserts name is string {
  if (typeof name !== 'string' || !NAME.test(name)) throw refusal('INVALID_ARGUMENT', argument, '1 to 64 letters, digits, _ and -', name);
}

export function tenantMissing(name: string): VectileError {
  return new VectileError('TENANT_MISSING', `tenant: expected one that is there, got ${JSON.stringify(name)}`);
}

/** A copy, made before anything is waited for. */
function listOf<T>(given: T | readonly T[]): T[] {
  return Array.isArray(given) ? [...given as readonly T[]] : [given as T];
}

function inputOf(tenant: string | TenantInput, argument: string): Required<TenantInput> {
  if (typeof tenant === 'string') {
    checkTenantName(tenant, argument);
    return { name: tenant, status: 'ACTIVE' };
  }
  if (typeof tenant !== 'object' || tenant === null) throw invalid(argument, 'a name, or { name, status }', tenant);
  checkOptions(tenant, ['name', 'status'], argument);
  const { name, status = 'ACTIVE' } = tenant;
  checkTenantName(name, `${argument}.name`);
  if (status !== 'ACTIVE' && status !== 'INACTIVE') throw refusal('INVALID_ARGUMENT', `${argument}.status`, 'ACTIVE or INACTIVE', status);
  return { name, status };
}

function firstAfter(names: readonly string[], name: string): number {
  let low = 0;
  for (let high = names.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (names[middle]! > name) high = middle;
    else low = middle + 1;
  }
  return low;
}
