//! Identifiers that cannot be mixed up.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::Timestamp;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A version 7 UUID (RFC 9562 §5.7): ordered by `now`, unique by `random`.
            #[must_use]
            pub fn new(now: Timestamp, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(now.unix_millis(), &random).into_uuid())
            }

            /// Takes an identifier that a store or a token carried.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The identifier as a UUID.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// Names an account: the `sub` of its tokens.
    AccountId
);
id!(
    /// Names a session, which is one signed-in device: the `sid` of its tokens.
    SessionId
);
id!(
    /// Names a security event.
    EventId
);
id!(
    /// Names one access token: its `jti`.
    TokenId
);
id!(
    /// Names an API key.
    ApiKeyId
);
id!(
    /// Names a one-time token.
    OneTimeId
);
id!(
    /// Names a passkey.
    PasskeyId
);
id!(
    /// Names a device that has signed in before.
    DeviceId
);
id!(
    /// Names one delivery of an event to one webhook endpoint.
    DeliveryId
);
