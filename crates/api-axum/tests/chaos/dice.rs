//! Chance that can be repeated from a seed.

use auth_domain::ports::random;
use auth_domain::testing::SeededEntropy;

pub(crate) struct Dice(SeededEntropy);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SeededEntropy::new(seed))
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        u64::from_be_bytes(random(&self.0).unwrap()) % bound
    }

    /// Whether what happens so many times in a hundred happens.
    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    /// An `Idempotency-Key`.
    pub(crate) fn word(&mut self) -> String {
        format!("{:016x}", self.below(u64::MAX))
    }
}
