//! What an access token says beside what the domain knows.

use serde::Serialize;
use token_core::{Audience, ExtraClaims, IssueError};

/// What the embedder adds to an access token: claims of his own, and for whom it is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddedClaims {
    pub(crate) audience: Option<Audience>,
    pub(crate) own: ExtraClaims,
}

/// Claims that no access token can carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidClaims {
    /// They have the name of a registered claim, or are no object.
    #[error(transparent)]
    Refused(#[from] IssueError),
    /// They are longer than a token has room for.
    #[error(
        "the application's claims have {length} bytes, and a token has room for {}: put less into it",
        AddedClaims::MAX_LEN
    )]
    TooLong {
        /// Bytes they have, as JSON.
        length: usize,
    },
}

impl AddedClaims {
    /// The most bytes of the embedder's own claims, as JSON.
    pub const MAX_LEN: usize = 4096;

    /// These claims, a struct or a map with text keys, beside the registered ones.
    ///
    /// # Errors
    /// When no token can carry them.
    pub fn new<X: Serialize>(own: &X) -> Result<Self, InvalidClaims> {
        let own = ExtraClaims::new(own)?;
        let length = serde_json::to_vec(&own).map_or(usize::MAX, |json| json.len());
        if length > Self::MAX_LEN {
            return Err(InvalidClaims::TooLong { length });
        }
        Ok(Self { audience: None, own })
    }

    /// The same in a token that is meant for this audience, and not for the one that the issuer is set up with.
    #[must_use]
    pub fn for_audience(mut self, audience: Audience) -> Self {
        self.audience = Some(audience);
        self
    }
}
