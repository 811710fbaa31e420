//! What a device keeps to show that it has signed in to an account before (OWASP, device cookies).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use uuid::Uuid;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::model::{AccountId, DeviceId};
use crate::sealing::Sealer;

const PREFIX: &str = "jdt_";
const TAG: &str = "jeton/device/tag/v1";
const TAG_LENGTH: usize = 16;
const LENGTH: usize = 1 + 16 + 16 + TAG_LENGTH;

/// The text that a device keeps: `jdt_` and base64url of a master key's id, the account, the device, and a tag that only this
/// server can make. It opens nothing; it only keeps a device's budget of attempts apart. Zeroed on drop.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct DeviceToken(String);

impl DeviceToken {
    /// Makes one.
    pub(crate) fn new(sealer: &Sealer, account: AccountId, device: DeviceId) -> Option<Self> {
        let key_id = sealer.active();
        let mut bytes = tagged(key_id, account, device);
        let tag = sealer.tag(key_id, TAG, &bytes)?;
        bytes.extend_from_slice(tag.first_chunk::<TAG_LENGTH>()?);
        Some(Self(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))))
    }

    /// The device that this text stands for, if it has signed in to the account.
    #[must_use]
    pub fn read(sealer: &Sealer, text: &str, account: AccountId) -> Option<DeviceId> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (data, shown) = <[u8; LENGTH]>::try_from(bytes)
            .ok()?
            .split_at_checked(LENGTH - TAG_LENGTH)
            .map(|(data, shown)| (data.to_vec(), shown.to_vec()))?;
        let (key_id, rest) = data.split_first()?;
        let tag = sealer.tag(*key_id, TAG, &data)?;
        let good: bool = tag.first_chunk::<TAG_LENGTH>()?.as_slice().ct_eq(&shown).into();
        let (of_account, device) = rest.split_at_checked(16)?;
        let of_account = Uuid::from_slice(of_account).ok()?;
        (good && of_account == account.as_uuid()).then_some(())?;
        Some(DeviceId::from_uuid(Uuid::from_slice(device).ok()?))
    }

    /// The text, for the device.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

fn tagged(key_id: u8, account: AccountId, device: DeviceId) -> Vec<u8> {
    [&[key_id], account.as_uuid().as_bytes().as_slice(), device.as_uuid().as_bytes()].concat()
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

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(1, [MasterKey::new(1, [byte; 32])]).unwrap()
    }

    fn account(n: u128) -> AccountId {
        AccountId::from_uuid(Uuid::from_u128(n))
    }

    #[test]
    fn a_device_is_known_to_its_own_account_and_server_only() {
        let device = DeviceId::from_uuid(Uuid::from_u128(9));
        let token = DeviceToken::new(&sealer(1), account(1), device).unwrap();
        assert_eq!(DeviceToken::read(&sealer(1), token.expose(), account(1)), Some(device));
        assert_eq!(DeviceToken::read(&sealer(1), token.expose(), account(2)), None);
        assert_eq!(DeviceToken::read(&sealer(2), token.expose(), account(1)), None);
    }

    #[test]
    fn no_letter_of_it_can_be_changed() {
        let token = DeviceToken::new(&sealer(1), account(1), DeviceId::from_uuid(Uuid::from_u128(9))).unwrap();
        for index in 0..token.expose().len() {
            let mut bent = token.expose().as_bytes().to_vec();
            bent[index] = if bent[index] == b'A' { b'B' } else { b'A' };
            let bent = String::from_utf8(bent).unwrap();
            assert_eq!(DeviceToken::read(&sealer(1), &bent, account(1)), None, "{bent}");
        }
    }
}
