// A device in words: the name that its owner gave it, or what its browser says of itself.

import { t } from '../words.js';

/** @param {{ device_name: string | null, browser: string | null, system: string | null }} device */
export function deviceName({ device_name: name, browser, system }) {
  if (name) return name;
  if (browser && system) return t('devices.on', { browser, system });
  return browser ?? system ?? t('devices.unknown');
}
