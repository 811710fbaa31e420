//! What the machine allows: each limit is the bare thing that a request cannot do without, measured in the same run.

mod commit;
pub(crate) mod hash;
pub(crate) mod postgres;
pub(crate) mod route;
pub(crate) mod sqlite;
