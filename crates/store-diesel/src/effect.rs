//! Which rulings change anything.

use auth_domain::model::Ruling;

/// Whether the ruling writes, and so has to be given under the row's lock.
///
/// The others are given on one committed state of the row without its lock: it makes no difference to anyone whether the
/// row changes while they are given or just after, and a refused refresh costs no write transaction.
pub(crate) const fn has_effect(ruling: &Ruling) -> bool {
    match ruling {
        Ruling::Ended | Ruling::Raced | Ruling::Retry { late: None, .. } => false,
        Ruling::Retry { late: Some(_), .. } | Ruling::Diverged(_) | Ruling::Replay(_) => true,
    }
}
