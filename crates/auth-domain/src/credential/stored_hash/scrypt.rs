//! scrypt (RFC 7914) as Django, Werkzeug and passlib write it.

use scrypt::Params;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{Reader, UnusableHash, base64, hex, text_bytes};
use crate::model::Password;
use crate::ports::HashError;

/// 128 bytes times this much memory: 256 MiB.
const MOST_MEMORY: u64 = 1 << 21;
/// Twice as much work as the most memory takes once.
const MOST_WORK: u64 = 1 << 22;
const MOST_PARALLELISM: u32 = 64;
const MOST_BLOCK_SIZE: u32 = 64;

const READER: Reader = Reader("scrypt");

/// A scrypt hash.
pub(in crate::credential) struct ScryptHash {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

impl ScryptHash {
    /// `None` when it does not begin like one.
    pub(super) fn parse(text: &str) -> Option<Result<Self, UnusableHash>> {
        if let Some(rest) = text.strip_prefix("$scrypt$") {
            return Some(passlib(rest));
        }
        if let Some(rest) = text.strip_prefix("scrypt$") {
            return Some(django(rest));
        }
        text.strip_prefix("scrypt:").map(werkzeug)
    }

    pub(super) fn verify(&self, password: &Password) -> Result<bool, HashError> {
        let mut output = Zeroizing::new(vec![0; self.output.len()]);
        scrypt::scrypt(password.expose(), &self.salt, &self.params, &mut output)
            .map_err(|error| HashError::Failed(error.to_string()))?;
        Ok(self.output.ct_eq(&output).into())
    }
}

/// `ln=16,r=8,p=1$salt$digest`.
fn passlib(rest: &str) -> Result<ScryptHash, UnusableHash> {
    let mut fields = rest.split('$');
    let mut parameters = fields.next().unwrap_or_default().split(',');
    let log_n = READER.named_number(parameters.next(), "ln=", "ln is no number")?;
    let r = READER.named_number(parameters.next(), "r=", "r is no number")?;
    let p = READER.named_number(parameters.next(), "p=", "p is no number")?;
    READER.end(parameters)?;
    let (salt, output) = (READER.salt(base64(fields.next()))?, READER.output(base64(fields.next()))?);
    READER.end(fields)?;
    Ok(ScryptHash { params: params(log_n, r, p)?, salt, output })
}

/// `N$salt$r$p$digest`.
fn django(rest: &str) -> Result<ScryptHash, UnusableHash> {
    let mut fields = rest.split('$');
    let log_n = log2(READER.number(fields.next(), "N is no number")?)?;
    let salt = READER.salt(text_bytes(fields.next()))?;
    let r = READER.number(fields.next(), "r is no number")?;
    let p = READER.number(fields.next(), "p is no number")?;
    let output = READER.output(base64(fields.next()))?;
    READER.end(fields)?;
    Ok(ScryptHash { params: params(log_n, r, p)?, salt, output })
}

/// `N:r:p$salt$digest`.
fn werkzeug(rest: &str) -> Result<ScryptHash, UnusableHash> {
    let mut fields = rest.split('$');
    let mut parameters = fields.next().unwrap_or_default().split(':');
    let log_n = log2(READER.number(parameters.next(), "N is no number")?)?;
    let r = READER.number(parameters.next(), "r is no number")?;
    let p = READER.number(parameters.next(), "p is no number")?;
    READER.end(parameters)?;
    let (salt, output) = (READER.salt(text_bytes(fields.next()))?, READER.output(hex(fields.next()))?);
    READER.end(fields)?;
    Ok(ScryptHash { params: params(log_n, r, p)?, salt, output })
}

fn log2(n: u32) -> Result<u32, UnusableHash> {
    if n.is_power_of_two() { Ok(n.ilog2()) } else { Err(READER.malformed("N is no power of two")) }
}

fn params(log_n: u32, r: u32, p: u32) -> Result<Params, UnusableHash> {
    let bounds = "256 MiB (128 N r), 512 MiB filled and read (128 N r p), r and p 64";
    let n = 1_u64.checked_shl(log_n).filter(|_| log_n <= 31).ok_or_else(|| READER.too_expensive(bounds))?;
    if r == 0 || p == 0 || n < 2 {
        return Err(READER.malformed("a parameter is zero"));
    }
    let memory = n.saturating_mul(r.into());
    if memory > MOST_MEMORY
        || memory.saturating_mul(p.into()) > MOST_WORK
        || r > MOST_BLOCK_SIZE
        || p > MOST_PARALLELISM
    {
        return Err(READER.too_expensive(bounds));
    }
    let log_n = u8::try_from(log_n).map_err(|_| READER.too_expensive(bounds))?;
    Params::new(log_n, r, p).map_err(|_| READER.malformed("its parameters do not fit together"))
}
