//! Queries: what a route does not know is refused, and a page has a size.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::problem::{Problem, ProblemCode};

/// A query that a route reads.
pub(crate) trait WireQuery: DeserializeOwned {
    /// What it may have, for people.
    const KNOWS: &'static str;
}

/// The query of a request.
pub(crate) struct Queried<T>(pub(crate) T);

impl<T: WireQuery, S: Send + Sync> FromRequestParts<S> for Queried<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Query(query) = Query::try_from_uri(&parts.uri)
            .map_err(|_| Problem::new(ProblemCode::InvalidQuery, format!("The query may have {}.", T::KNOWS)))?;
        Ok(Self(query))
    }
}

/// How many items a page has at most: 1 to 100, and 50 unless the query says so.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(crate) struct PageLimit(u32);

impl Default for PageLimit {
    fn default() -> Self {
        Self(50)
    }
}

impl TryFrom<u32> for PageLimit {
    type Error = &'static str;

    fn try_from(limit: u32) -> Result<Self, Self::Error> {
        if (1..=100).contains(&limit) { Ok(Self(limit)) } else { Err("a page has 1 to 100 items") }
    }
}

impl PageLimit {
    /// What to ask for: one more, which tells whether there is a next page.
    pub(crate) const fn and_one(self) -> u32 {
        self.0 + 1
    }

    /// Cuts the items to the page, and gives the last of it where there are more.
    pub(crate) fn cut<T>(self, items: &mut Vec<T>) -> Option<&T> {
        let size = usize::try_from(self.0).unwrap_or(usize::MAX);
        let more = items.len() > size;
        items.truncate(size);
        items.last().filter(|_| more)
    }
}
