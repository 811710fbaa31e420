//! argon2 (RFC 9106): this server's own hashes, and those of others in any of its three variants.

use argon2::password_hash::phc::{Output, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use subtle::ConstantTimeEq;

use super::{Reader, UnusableHash};
use crate::model::Password;
use crate::ports::HashError;

/// Most memory, passes and lanes that a hash may ask for.
pub(in crate::credential) const MOST_MEMORY_KIB: u32 = 256 * 1024;
pub(in crate::credential) const MOST_ITERATIONS: u32 = 16;
pub(in crate::credential) const MOST_PARALLELISM: u32 = 16;

const READER: Reader = Reader("argon2");

/// Memory that a hashing thread keeps from one hash to the next.
pub(in crate::credential) struct Memory {
    blocks: Vec<Block>,
    keep: usize,
}

impl Memory {
    /// Keeps as much as a hash under the server's own parameters needs.
    pub(in crate::credential) fn for_hashes_under(params: &Params) -> Self {
        Self { blocks: Vec::new(), keep: params.block_count() }
    }

    /// Gives back what one dear hash needed and the next ones will not.
    pub(in crate::credential) fn shrink(&mut self) {
        if self.blocks.len() > self.keep {
            self.blocks.truncate(self.keep);
            self.blocks.shrink_to_fit();
        }
    }

    fn blocks(&mut self, count: usize) -> Result<&mut [Block], HashError> {
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::new());
        }
        self.blocks.get_mut(..count).ok_or_else(|| HashError::Failed("no memory".to_owned()))
    }
}

/// A hash in any variant of argon2, version 19.
pub(in crate::credential) struct Argon2Hash {
    pub(in crate::credential) algorithm: Algorithm,
    pub(in crate::credential) params: Params,
    pub(in crate::credential) salt: Salt,
    output: Output,
    phc: bool,
}

impl Argon2Hash {
    /// Reads a PHC string, also behind `argon2` as Django writes it. `None` when it does not begin like one.
    pub(super) fn parse(text: &str) -> Option<Result<Self, UnusableHash>> {
        let phc = text.strip_prefix("argon2").filter(|rest| rest.starts_with('$'));
        let text = phc.unwrap_or(text);
        text.starts_with("$argon2").then(|| read(text).map(|hash| Self { phc: phc.is_none(), ..hash }))
    }

    pub(super) fn verify(&self, password: &Password, memory: &mut Memory) -> Result<bool, HashError> {
        let output = hash_into(memory, password, self.algorithm, &self.salt, &self.params)?;
        Ok(self.output.as_bytes().ct_eq(output.as_bytes()).into())
    }

    /// Whether it is a PHC string of argon2id, and no parameter is below those given.
    pub(in crate::credential) fn is_at_least(&self, params: &Params) -> bool {
        self.phc
            && self.algorithm == Algorithm::Argon2id
            && self.params.m_cost() >= params.m_cost()
            && self.params.t_cost() >= params.t_cost()
            && self.params.p_cost() >= params.p_cost()
            && self.salt.len() >= Salt::RECOMMENDED_LENGTH
            && self.output.len() >= Params::DEFAULT_OUTPUT_LEN
    }
}

/// Whether a hash may ask for this much.
pub(in crate::credential) fn allowed(params: &Params) -> bool {
    params.m_cost() <= MOST_MEMORY_KIB && params.t_cost() <= MOST_ITERATIONS && params.p_cost() <= MOST_PARALLELISM
}

fn read(text: &str) -> Result<Argon2Hash, UnusableHash> {
    let phc = Phc::new(text).map_err(|_| READER.malformed("it is not a PHC string"))?;
    let algorithm = Algorithm::try_from(phc.algorithm.as_str()).map_err(|_| READER.malformed("it is no argon2"))?;
    if phc.version != Some(Version::V0x13.into()) {
        let why = "only version 19 is; let the owner reset the password";
        return Err(UnusableHash::Unsupported { format: "argon2 in an old version", why });
    }
    let params = Params::try_from(&phc).map_err(|_| READER.malformed("its parameters are not argon2's"))?;
    if !allowed(&params) {
        return Err(READER.too_expensive("256 MiB, 16 passes, 16 lanes"));
    }
    match (phc.salt, phc.hash) {
        (Some(salt), Some(output)) if super::OUTPUT.contains(&output.len()) => {
            Ok(Argon2Hash { algorithm, params, salt, output, phc: true })
        }
        _ => Err(READER.malformed("it has no salt, or no digest of 16 to 64 bytes")),
    }
}

/// The output of one argon2 run.
pub(in crate::credential) fn hash_into(
    memory: &mut Memory,
    password: &Password,
    algorithm: Algorithm,
    salt: &Salt,
    params: &Params,
) -> Result<Output, HashError> {
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let blocks = memory.blocks(params.block_count())?;
    let argon2 = Argon2::new(algorithm, Version::V0x13, params.clone());
    let mut buffer = zeroize::Zeroizing::new([0; Output::MAX_LENGTH]);
    let out = buffer.get_mut(..length).ok_or_else(|| HashError::Unusable("its output is too long".to_owned()))?;
    argon2
        .hash_password_into_with_memory(password.expose(), salt, out, blocks)
        .map_err(|error| HashError::Failed(error.to_string()))?;
    Output::new(out).map_err(|error| HashError::Failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p7_memory_that_one_dear_hash_needed_is_given_back() {
        let own = Params::new(64, 1, 1, None).unwrap();
        let mut memory = Memory::for_hashes_under(&own);
        assert_eq!(memory.blocks(1024).unwrap().len(), 1024);
        memory.shrink();
        assert!(memory.blocks.capacity() < 128, "{}", memory.blocks.capacity());
    }
}
