/**
 * Stay signed in with Jeton: an access token that is good whenever you need it, through lost answers, many tabs and crashes.
 *
 * @module
 */

export { JetonClient } from './client.js';
export type { Credentials, DeviceOptions, JetonOptions, SecondFactor, SignIn } from './client.js';
export { JetonError } from './errors.js';
export type { ClientCode, Problem } from './errors.js';
export type { State } from './keeper.js';
export { localLock, webLock } from './lock.js';
export type { JetonLock } from './lock.js';
export type { Transport } from './record.js';
export type { Patience } from './refresh.js';
export { browserStorage, memoryStorage } from './storage.js';
export type { Awaitable, JetonStorage } from './storage.js';
