//! What an operator sees of a running server: metrics, traces, and how long the parts of an answer took.

mod management;
mod part_times;
mod recorder;
mod sample;
mod traces;
mod watch;

pub(crate) use self::management::Management;
pub(crate) use self::part_times::PartTimes;
pub(crate) use self::recorder::{CountedMailer, HashingTimes, Work, delivered};
pub(crate) use self::sample::{Connections, Sample};
pub(crate) use self::traces::Traces;
pub(crate) use self::watch::Watch;
