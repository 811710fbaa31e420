//! Bodies as they come: small, and wiped after reading.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use http_body_util::BodyExt;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::problem::{Problem, ProblemCode};

/// The longest that a body may take. Handlers outlive the request's own deadline, so without this a client that sends half a
/// body would hold its connection for ever.
const DEADLINE: Duration = Duration::from_secs(30);

/// Reads a body of at most `limit` bytes, in at most 30 seconds.
pub(super) async fn read(body: Body, limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    timeout(DEADLINE, read_all(body, limit)).await.unwrap_or_else(|_| {
        Err(Problem::new(ProblemCode::IncompleteBody, "The body did not come in time. Send it again, and faster."))
    })
}

async fn read_all(mut body: Body, limit: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn s12_a_body_that_does_not_come_is_given_up() {
        let body = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::convert::Infallible>>());
        let problem = read(body, 10).await.map(|_| ()).unwrap_err();
        assert_eq!(problem.code(), ProblemCode::IncompleteBody);
    }
}
