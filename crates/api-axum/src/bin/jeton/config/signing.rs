//! The life of signing keys: each setting within its bounds, and all of them together.

use std::time::Duration;

use auth_domain::model::KeyPolicy;
use token_core::{Algorithm, KeyType};

use super::duration::show;
use super::reader::Reader;
use super::{DAY, HOUR, SECOND};

/// How many keys may be published at once, roughly: verifiers read the whole set again and again.
const MOST_PUBLISHED: u32 = 100;
/// Making an RSA key takes up to seconds, and a node that has not read the keys for the margin does not sign.
const LEAST_MARGIN_FOR_RSA: Duration = Duration::from_secs(10);

pub(super) fn read(reader: &mut Reader) -> Option<KeyPolicy> {
    let access_ttl = reader.duration("tokens.access_ttl", 10 * SECOND..=DAY);
    let algorithms: Vec<_> = Algorithm::ALL.iter().map(|algorithm| (algorithm.name(), *algorithm)).collect();
    let algorithm = reader.choice("tokens.algorithm", &algorithms);
    let rotate_every = reader.duration("tokens.rotate_every", SECOND..=3_650 * DAY);
    let max_age = reader.duration("tokens.jwks_max_age", SECOND..=DAY);
    let margin = reader.duration("tokens.key_margin", SECOND..=HOUR);
    let policy = KeyPolicy {
        algorithm: algorithm?,
        rotate_every: rotate_every?,
        max_age: max_age?,
        margin: margin?,
        access_ttl: access_ttl?,
    };
    problems(&policy).for_each(|problem| reader.problem(problem));
    Some(policy)
}

/// What does not fit together.
fn problems(policy: &KeyPolicy) -> impl Iterator<Item = String> {
    let KeyPolicy { algorithm, rotate_every, margin, access_ttl, .. } = *policy;
    let lead = policy.lead();
    let unseen = (rotate_every < lead).then(|| {
        format!(
            "tokens.rotate_every = \"{}\" is shorter than tokens.jwks_max_age and tokens.key_margin together (\"{}\"), the time \
             for which a key is published before it signs; make it longer, or one of them shorter",
            show(rotate_every),
            show(lead),
        )
    });
    let lives = access_ttl.saturating_add(margin);
    let crowded = (lives > rotate_every.saturating_mul(MOST_PUBLISHED)).then(|| {
        format!(
            "tokens.rotate_every = \"{}\" would keep more than {MOST_PUBLISHED} keys published, since each stays until its last \
             token has expired (tokens.access_ttl = \"{}\"); make it longer, or access_ttl shorter",
            show(rotate_every),
            show(access_ttl),
        )
    });
    let is_rsa = algorithm.key_type() == KeyType::Rsa;
    let hasty = (is_rsa && margin < LEAST_MARGIN_FOR_RSA).then(|| {
        format!(
            "tokens.key_margin = \"{}\" is too short for tokens.algorithm = \"{algorithm}\": making an RSA key takes seconds; it \
             must be at least {}",
            show(margin),
            show(LEAST_MARGIN_FOR_RSA),
        )
    });
    [unseen, crowded, hasty].into_iter().flatten()
}
