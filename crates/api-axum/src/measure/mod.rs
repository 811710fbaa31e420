//! What the router counts, through the facade `metrics`: whoever installs a recorder gets it, and nobody else pays for it.
//!
//! No label has a value that comes from a request: a route is its pattern, a method that HTTP does not define is `other`, and an
//! outcome is one of a few.

mod logins;
mod table;

use std::time::Duration;

use auth_domain::refresh::{Outcome, Ruled};
use axum::http::{Method, StatusCode};
use axum::response::Response;

pub(crate) use self::logins::Shown;
use self::table::names;
pub use self::table::{METRICS, Metric, MetricKind};
use crate::problem::ProblemCode;

/// The queues that requests are refused for before they are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Queue {
    /// Passwords that wait to be hashed.
    Hashing,
    /// Readers of the revocation feed.
    FeedReaders,
}

impl Queue {
    const ALL: [Self; 2] = [Self::Hashing, Self::FeedReaders];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Hashing => "hashing",
            Self::FeedReaders => "feed_readers",
        }
    }
}

/// Makes every counter of the router known at 0, so that one that has not counted yet is there to be asked for. Call it once, when
/// the recorder is installed.
pub fn begin_at_zero() {
    for outcome in Outcome::ALL {
        metrics::counter!(names::REFRESHES, "outcome" => outcome.as_str()).increment(0);
    }
    metrics::counter!(names::RACES).increment(0);
    for code in ProblemCode::ALL {
        metrics::counter!(names::PROBLEMS, "code" => code.code()).increment(0);
    }
    for queue in Queue::ALL {
        metrics::counter!(names::SHED, "queue" => queue.as_str()).increment(0);
    }
    logins::begin_at_zero();
}

/// A request was answered. `route` is its pattern; none matched where it is `None`.
pub(crate) fn answered(method: &Method, route: Option<&str>, response: &Response, took: Duration) {
    let route: metrics::SharedString = route.map_or("none".into(), |route| route.to_owned().into());
    let (method, status) = (name_of(method), class(response.status()));
    metrics::histogram!(names::REQUESTS, "method" => method, "route" => route, "status" => status)
        .record(took.as_secs_f64());
    if let Some(code) = response.extensions().get::<ProblemCode>() {
        metrics::counter!(names::PROBLEMS, "code" => code.code()).increment(1);
    }
}

/// A refresh was ruled on.
pub(crate) fn refreshed(ruled: &Ruled) {
    metrics::counter!(names::REFRESHES, "outcome" => ruled.outcome.as_str()).increment(1);
    if ruled.raced > 0 {
        metrics::counter!(names::RACES).increment(ruled.raced.into());
    }
}

/// A request was refused before it was read.
pub(crate) fn shed(queue: Queue) {
    metrics::counter!(names::SHED, "queue" => queue.as_str()).increment(1);
}

/// Anybody can make up a method.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

const fn class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        500.. => "5xx",
    }
}
