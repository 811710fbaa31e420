//! How things of the domain look on the wire.

mod account;
mod event;
mod factor;
mod key;
mod mail;
mod session;

pub(crate) use account::{AccountBody, UserBody};
pub(crate) use event::EventsBody;
pub(crate) use factor::{AddedPasskeyBody, CeremonyBody, FactorsBody, RecoveryCodesBody, TotpSetupBody};
pub(crate) use key::KeysBody;
pub(crate) use mail::{MailSent, MailSentBody};
pub(crate) use session::{DeviceBody, SessionsBody};
