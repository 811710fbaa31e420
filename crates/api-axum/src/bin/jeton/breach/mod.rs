//! Breached passwords: looked up in a file of the operator's, or at an endpoint that he chose, which learns five digits of a
//! hash. Off where neither is set.

mod endpoint;
mod file;

use std::path::PathBuf;
use std::sync::Arc;

use auth_domain::ports::BreachCheck;

use self::endpoint::RangeEndpoint;
pub(crate) use self::endpoint::RangeUrl;
pub(crate) use self::file::BreachFile;
use crate::failure::{Doing as _, Failure};

/// Where breached passwords are looked up.
#[derive(Clone, Debug)]
pub(crate) enum BreachSource {
    /// In a file.
    File(PathBuf),
    /// At a range endpoint.
    Endpoint(RangeUrl),
}

/// The look-up of the settings.
pub(crate) fn check(source: &BreachSource) -> Result<Arc<dyn BreachCheck>, Failure> {
    Ok(match source {
        BreachSource::File(path) => Arc::new(BreachFile::open(path).doing("open the list of breached passwords")?),
        BreachSource::Endpoint(url) => Arc::new(RangeEndpoint::new(url).doing("prepare to ask the breach check")?),
    })
}
