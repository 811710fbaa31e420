// What an owner does with his account.

export default {
  'account.title': 'Account',
  'devices.title': 'Devices',
  'devices.on': '{browser} on {system}',
  'devices.unknown': 'Unknown device',
  'devices.last_used': 'Last used',
};
