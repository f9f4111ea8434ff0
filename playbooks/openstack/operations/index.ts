export * from './answers.ts';
export * from './agents.ts';
export * from './api-health.ts';
export * from './api-session.ts';
export * from './database-login.ts';
export * from './reached.ts';
export * from './release.ts';
export * from './schema.ts';
