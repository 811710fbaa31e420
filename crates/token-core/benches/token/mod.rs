//! The token that is measured: what it says, and who issues it to whom.

use token_core::{Grant, NoClaims, UnixTime};
use uuid::Uuid;

pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_800_000_000);
pub(crate) const ISSUER: &str = "https://login.example";
pub(crate) const AUDIENCE: &str = "https://api.example";

/// Each number is another token of another session.
pub(crate) fn grant(n: u128) -> Grant {
    Grant {
        subject: Uuid::from_u128(1),
        session: Uuid::from_u128(u128::MAX - n),
        token_id: Uuid::from_u128(n),
        client_id: "web".into(),
        scope: "notes:read notes:write".into(),
        auth_time: NOW,
        amr: vec!["pwd".into(), "otp".into()],
        roles: vec!["admin".into()],
        extra: NoClaims,
    }
}
