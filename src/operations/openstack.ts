export * from './openstack/answers.ts';
export * from './openstack/api.ts';
export * from './openstack/bootstrap.ts';
export * from './openstack/cells.ts';
export * from './openstack/identity-state.ts';
export * from './openstack/identity.ts';
export * from './openstack/key-repository.ts';
export * from './openstack/schema.ts';
