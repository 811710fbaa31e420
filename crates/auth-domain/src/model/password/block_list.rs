//! The passwords that everybody tries first, as a binary fuse filter that ships inside.
//!
//! A listed password is always found. One that is not listed is taken for one about once in 65,000 times; its owner
//! chooses another. `data/README.md` says what is listed and how the file is made.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use unicode_normalization::UnicodeNormalization;
use xorf::{BinaryFuse16, Descriptor, Filter};
use zeroize::Zeroizing;

use super::PasswordPolicy;

static SHIPPED: LazyLock<Option<BlockList>> =
    LazyLock::new(|| BlockList::decode(include_bytes!("../../../data/blocked-passwords.bin")));

/// A set of passwords that nobody may take, whatever their case and Unicode form.
#[derive(Debug)]
pub struct BlockList(BinaryFuse16);

impl BlockList {
    /// The list that ships inside. `None` only if the file that was built in is no list, which a test excludes.
    #[must_use]
    pub fn shipped() -> Option<&'static Self> {
        SHIPPED.as_ref()
    }

    /// Whether it lists the password.
    #[must_use]
    pub fn contains(&self, password: &str) -> bool {
        self.0.contains(&key(&fold(password)))
    }

    /// Builds a list of those words that have at least [`PasswordPolicy::FLOOR`] code points: the shorter ones are refused
    /// anyhow. The same words give the same list. `None` when the filter cannot be built.
    pub fn build<'a>(words: impl Iterator<Item = &'a str>) -> Option<Self> {
        let folded = words.map(fold).filter(|word| word.chars().count() >= PasswordPolicy::FLOOR);
        let mut keys: Vec<u64> = folded.map(|word| key(&word)).collect();
        keys.sort_unstable();
        keys.dedup();
        BinaryFuse16::try_from(keys).ok().map(Self)
    }

    /// The bytes that [`decode`](Self::decode) reads: seed, three lengths, fingerprints, all little-endian.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let Descriptor { seed, segment_length, segment_length_mask, segment_count_length } = self.0.descriptor;
        let mut bytes = seed.to_le_bytes().to_vec();
        for length in [segment_length, segment_length_mask, segment_count_length] {
            bytes.extend(length.to_le_bytes());
        }
        bytes.extend(self.0.fingerprints.iter().flat_map(|fingerprint| fingerprint.to_le_bytes()));
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote. `None` when it is something else.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (seed, rest) = bytes.split_first_chunk()?;
        let (segment_length, rest) = rest.split_first_chunk()?;
        let (segment_length_mask, rest) = rest.split_first_chunk()?;
        let (segment_count_length, rest) = rest.split_first_chunk()?;
        let descriptor = Descriptor {
            seed: u64::from_le_bytes(*seed),
            segment_length: u32::from_le_bytes(*segment_length),
            segment_length_mask: u32::from_le_bytes(*segment_length_mask),
            segment_count_length: u32::from_le_bytes(*segment_count_length),
        };
        let (pairs, odd) = rest.as_chunks::<2>();
        let fingerprints: Box<[u16]> = pairs.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
        // What the filter indexes by, so that no key reaches beyond its fingerprints.
        let fits = descriptor.segment_length.is_power_of_two()
            && descriptor.segment_length_mask == descriptor.segment_length - 1
            && u64::from(descriptor.segment_count_length) + 2 * u64::from(descriptor.segment_length)
                <= u64::try_from(fingerprints.len()).ok()?;
        (odd.is_empty() && fits).then_some(Self(BinaryFuse16 { descriptor, fingerprints }))
    }
}

/// One spelling for all cases and Unicode forms of a text. Upper case first: it joins what lower case keeps apart (ß, ss).
pub(super) fn fold(text: &str) -> Zeroizing<String> {
    let upper: Zeroizing<String> = Zeroizing::new(text.nfc().flat_map(char::to_uppercase).collect());
    let lower: Zeroizing<String> = Zeroizing::new(upper.chars().flat_map(char::to_lowercase).collect());
    Zeroizing::new(lower.nfc().collect())
}

fn key(folded: &str) -> u64 {
    let hash = digest(&SHA256, folded.as_bytes());
    hash.as_ref().first_chunk().copied().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> &'static BlockList {
        BlockList::shipped().unwrap()
    }

    #[test]
    fn p4_the_shipped_list_can_be_read_and_knows_the_usual_passwords() {
        for password in
            ["password", "12345678", "1qaz2wsx3edc4rfv", "momsanaladventure", "perasperaadastra", "iloveyou"]
        {
            assert!(shipped().contains(password), "{password}");
        }
    }

    #[test]
    fn p4_case_and_unicode_form_make_no_difference() {
        let list = BlockList::build(["stra\u{df}enbahn", "caf\u{e9}caf\u{e9}"].into_iter()).unwrap();
        for password in ["STRASSENBAHN", "Stra\u{df}enbahn", "Cafe\u{301}CAFE\u{301}"] {
            assert!(list.contains(password), "{password}");
        }
    }

    #[test]
    fn p4_one_good_password_in_65000_is_taken_for_a_listed_one() {
        let found = (0..200_000).filter(|n| shipped().contains(&format!("no list has this {n}"))).count();
        assert!(found <= 15, "{found} of 200,000");
    }

    #[test]
    fn a_list_that_was_cut_or_changed_is_not_read() {
        let bytes = BlockList::build(["password", "iloveyou", "12345678"].into_iter()).unwrap().encode();
        assert!(BlockList::decode(&bytes).unwrap().contains("IloveYou"));
        for cut in 0..bytes.len() {
            assert!(BlockList::decode(bytes.get(..cut).unwrap()).is_none(), "{cut}");
        }
        assert!(BlockList::decode(&[0xff; 64]).is_none());
    }
}
