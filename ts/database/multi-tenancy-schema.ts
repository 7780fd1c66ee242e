/** Multi-tenancy in a schema: whether there is, and what tenants do by themselves. */
import { checkOptions } from '../engine/checks.js';
import { checkBoolean } from './property-schema.js';
import { refusal } from './refusal.js';
import type { MultiTenancyConfig } from './typed.js';

export interface MultiTenancySchema {
  readonly enabled: true;
  readonly autoTenantCreation: boolean;
  readonly autoTenantActivation: boolean;
}

const OPTIONS = ['enabled', 'autoTenantCreation', 'autoTenantActivation'];

/** Undefined where it is not enabled. */
export function multiTenancySchema(config: MultiTenancyConfig): MultiTenancySchema | undefined {
  if (typeof config !== 'object' || config === null) throw refusal('INVALID_ARGUMENT', 'multiTenancy', 'an object', config);
  checkOptions(config, OPTIONS, 'multiTenancy');
  const { enabled = false, autoTenantCreation = false, autoTenantActivation = false } = config;
  checkBoolean('multiTenancy.enabled', enabled);
  checkBoolean('multiTenancy.autoTenantCreation', autoTenantCreation);
  checkBoolean('multiTenancy.autoTenantActivation', autoTenantActivation);
  if (enabled) return { enabled, autoTenantCreation, autoTenantActivation };
  for (const option of ['autoTenantCreation', 'autoTenantActivation'] as const) {
    if (config[option]) throw refusal('INVALID_ARGUMENT', `multiTenancy.${option}`, 'none without `enabled`', true);
  }
  return undefined;
}

/** With what may be changed as `config` says. */
export function changedMultiTenancy(present: MultiTenancySchema | undefined, config: MultiTenancyConfig | undefined): MultiTenancySchema | undefined {
  if (config === undefined) return present;
  if (typeof config !== 'object' || config === null) throw refusal('INVALID_ARGUMENT', 'multiTenancy', 'an object', config);
  const enabled = present !== undefined;
  const { enabled: wanted = enabled, autoTenantCreation = present?.autoTenantCreation, autoTenantActivation = present?.autoTenantActivation, ...others } = config;
  if (wanted !== enabled) throw refusal('INVALID_ARGUMENT', 'multiTenancy.enabled', `${enabled}, because it cannot be changed`, wanted);
  return multiTenancySchema({
    ...others, enabled, ...autoTenantCreation !== undefined && { autoTenantCreation }, ...autoTenantActivation !== undefined && { autoTenantActivation },
  });
}
