//! How things of the domain look on the wire.

mod account;
mod event;
mod key;
mod session;

pub(crate) use account::{AccountBody, UserBody};
pub(crate) use event::EventsBody;
pub(crate) use key::KeysBody;
pub(crate) use session::{DeviceBody, SessionsBody};
