//! Randomness from the operating system.

use auth_domain::ports::{Entropy, EntropyUnavailable};

/// The system's generator of unpredictable bytes.
pub(crate) struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyUnavailable> {
        getrandom::fill(buffer).map_err(|_| EntropyUnavailable)
    }
}
