//! Bodies as they come: small, and wiped after reading.

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;
use zeroize::Zeroizing;

use crate::problem::{Problem, ProblemCode};

/// Reads a body of at most `limit` bytes.
pub(super) async fn read(mut body: Body, limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let too_large =
        || Problem::new(ProblemCode::BodyTooLarge, format!("This route reads bodies of at most {limit} bytes."));
    let announced = HttpBody::size_hint(&body);
    if usize::try_from(announced.lower()).map_or(true, |lower| lower > limit) {
        return Err(too_large());
    }
    // Room for all of it from the start: a vector that grows would leave copies of a password behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|_| Problem::new(ProblemCode::IncompleteBody, "The body broke off. Send it again."))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}
