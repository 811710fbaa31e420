// What an owner does with his account.

export default {
  'devices.title': '기기',
  'devices.on': '{system}의 {browser}',
  'devices.unknown': '알 수 없는 기기',
  'devices.last_used': '마지막 사용',
  'account.title': '계정',
};
