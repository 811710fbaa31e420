//! What a device keeps to show that it has signed in to an account before (OWASP, device cookies).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::model::{AccountId, DeviceId};
use crate::refresh::RotationKeys;
use crate::refresh::chain::TAG;

const PREFIX: &str = "jdt_";
const LABEL: &[u8] = b"jeton/device/tag/v1";
const TAGGED: usize = 1 + 16 + 16;

/// The text that a device keeps: `jdt_` and base64url of a master key's id, the account, the device, and a tag that only this
/// server can make. It opens nothing; it only keeps a device's budget of attempts apart. Zeroed on drop.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// Makes one, under the active master key.
    pub(crate) fn new(keys: &RotationKeys, account: AccountId, device: DeviceId) -> Option<Self> {
        let key_id = keys.active();
        let mut bytes = Vec::with_capacity(TAGGED + TAG);
        bytes.push(key_id);
        bytes.extend_from_slice(account.as_uuid().as_bytes());
        bytes.extend_from_slice(device.as_uuid().as_bytes());
        let tag = keys.tag(key_id, LABEL, &bytes)?;
        bytes.extend_from_slice(&tag);
        Some(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The device that this text stands for, if it has signed in to the account.
    pub(crate) fn read(keys: &RotationKeys, text: &str, account: AccountId) -> Option<DeviceId> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (tagged, tag) = bytes.split_first_chunk::<TAGGED>()?;
        let ([key_id], ids) = tagged.split_first_chunk()?;
        let (of_account, device) = ids.split_first_chunk()?;
        let good = keys.tag_verifies(*key_id, LABEL, tagged, tag) && Uuid::from_bytes(*of_account) == account.as_uuid();
        let device = Uuid::from_slice(device).ok()?;
        good.then(|| DeviceId::from_uuid(device))
    }

    /// The text, for the device.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::refresh::MasterKey;

    fn keys(byte: u8) -> RotationKeys {
        RotationKeys::new(1, [MasterKey::new(1, [byte; 32])]).unwrap()
    }

    fn account(n: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn a_device_is_known_to_its_own_account_and_server_only() {
        let device = DeviceId::from_uuid(Uuid::from_u128(9));
        let token = DeviceToken::new(&keys(1), account(1), device).unwrap();
        assert_eq!(DeviceToken::read(&keys(1), token.expose(), account(1)), Some(device));
        assert_eq!(DeviceToken::read(&keys(1), token.expose(), account(2)), None);
        assert_eq!(DeviceToken::read(&keys(2), token.expose(), account(1)), None);
    }

    #[test]
    fn no_letter_of_it_can_be_changed() {
        let token = DeviceToken::new(&keys(1), account(1), DeviceId::from_uuid(Uuid::from_u128(9))).unwrap();
        for index in 0..token.expose().len() {
            let mut bent = token.expose().as_bytes().to_vec();
            bent[index] = if bent[index] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).unwrap();
            assert_eq!(DeviceToken::read(&keys(1), &bent, account(1)), None, "{bent}");
        }
    }
}
