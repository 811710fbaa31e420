//! What a disk holds after a loss of power: what was flushed, and by chance some of what was not.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::Dice;

/// The unit that a disk writes whole or not at all.
const SECTOR: usize = 512;

/// How many sectors that had been written and not flushed are gone, and how many are there.
#[derive(Default)]
pub(super) struct Lost {
    pub(super) gone: usize,
    pub(super) there: usize,
}

/// Which sectors survive that nobody flushed.
#[derive(Clone, Copy)]
enum Luck {
    None,
    /// Those before a place by chance.
    First,
    /// Each by chance.
    Some,
}

/// Makes the folder that the shim keeps what was flushed in.
pub(super) fn prepare(shadow: &Path) {
    for folder in ["inodes", "names"] {
        fs::create_dir_all(shadow.join(folder)).unwrap();
    }
}

/// Puts into the data folder what is left after the loss. The server must be dead.
pub(super) fn lose_power(data: &Path, shadow: &Path, dice: &mut Dice) -> Lost {
    let luck = [Luck::None, Luck::First, Luck::Some][usize::try_from(dice.below(3)).unwrap()];
    let mut lost = Lost::default();
    let (now, flushed) = (files(data), files(&shadow.join("names")));
    // Names that were made, changed or removed and not flushed: all of that, or none.
    let names_survive = !matches!(luck, Luck::None) && dice.below(2) == 0;
    let names: Vec<_> = if names_survive { &now } else { &flushed }.keys().cloned().collect();
    let left: Vec<_> = names
        .into_iter()
        .filter(|name| !name.ends_with("-shm"))
        .map(|name| {
            let inode = |path: &PathBuf| fs::metadata(path).unwrap().ino();
            let kept = |path: &PathBuf| shadow.join("inodes").join(inode(path).to_string());
            let bytes = match (now.get(&name), flushed.get(&name)) {
                (Some(file), Some(old)) if kept(file).exists() && inode(&kept(file)) == inode(old) => {
                    survive(&fs::read(old).unwrap(), &fs::read(file).unwrap(), luck, dice, &mut lost)
                }
                (Some(file), _) if names_survive => {
                    let old = fs::read(kept(file)).unwrap_or_default();
                    survive(&old, &fs::read(file).unwrap(), luck, dice, &mut lost)
                }
                // Its name means another file by now: what was flushed of it.
                (_, Some(old)) => fs::read(old).unwrap(),
                (_, None) => Vec::new(),
            };
            (name, bytes)
        })
        .collect();
    for path in now.into_values() {
        fs::remove_file(path).unwrap();
    }
    for (name, bytes) in left {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(data.join(name)).unwrap();
        file.write_all(&bytes).unwrap();
    }
    fs::remove_dir_all(shadow).unwrap();
    prepare(shadow);
    lost
}

/// The old contents with some of the new sectors, and the old length or the new one.
fn survive(old: &[u8], new: &[u8], luck: Luck, dice: &mut Dice, lost: &mut Lost) -> Vec<u8> {
    let new_length = !matches!(luck, Luck::None) && dice.below(2) == 0;
    let length = if new_length { new.len() } else { old.len() };
    let sectors = old.len().max(new.len()).div_ceil(SECTOR);
    let at = |bytes: &[u8], sector: usize| {
        let from = (sector * SECTOR).min(bytes.len());
        let mut whole = bytes[from..(from + SECTOR).min(bytes.len())].to_vec();
        whole.resize(SECTOR, 0);
        whole
    };
    let pending: Vec<_> = (0..sectors).filter(|sector| at(old, *sector) != at(new, *sector)).collect();
    let first = usize::try_from(dice.below(pending.len() as u64 + 1)).unwrap();
    let mut bytes = old.to_vec();
    bytes.resize(sectors * SECTOR, 0);
    for (n, sector) in pending.into_iter().enumerate() {
        let survives = match luck {
            Luck::None => false,
            Luck::First => n < first,
            Luck::Some => dice.below(2) == 0,
        };
        // What lies beyond the length that the file has is gone with it.
        if survives && sector * SECTOR < length {
            bytes[sector * SECTOR..(sector + 1) * SECTOR].copy_from_slice(&at(new, sector));
            lost.there += 1;
        } else {
            lost.gone += 1;
        }
    }
    bytes.truncate(length);
    bytes
}

/// The files directly in a folder.
fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), path)).collect()
}
