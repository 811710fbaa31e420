//! Builds `data/blocked-passwords.bin` from lists that `data/make.sh` has fetched. Not for use by hand.

use std::path::Path;
use std::{env, fs, io};

use auth_domain::model::BlockList;

/// The unranked list adds those that have at least the default minimum length, and at most this one.
const UNRANKED: std::ops::RangeInclusive<usize> = 15..=32;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [ranked_json, ranked_text, unranked, output] = arguments.as_slice() else {
        return Err(io::Error::other("usage: RANKED.json RANKED.txt UNRANKED-FOLDER OUTPUT"));
    };
    let mut words: Vec<String> = serde_json::from_slice(&fs::read(ranked_json)?)?;
    words.extend(fs::read_to_string(ranked_text)?.lines().map(str::to_owned));
    println!("{} ranked passwords", words.len());
    let mut tail = Vec::new();
    collect(Path::new(unranked), &mut tail)?;
    tail.sort_unstable();
    println!("{} unranked ones that are short and plain enough", tail.len());
    words.append(&mut tail);
    let list = BlockList::build(words.iter().map(String::as_str)).ok_or_else(|| io::Error::other("no filter"))?;
    let missing = words.iter().filter(|word| word.chars().count() >= 8 && !list.contains(word)).count();
    if missing > 0 {
        return Err(io::Error::other(format!("{missing} passwords are not in the filter")));
    }
    fs::write(output, list.encode())
}

fn collect(path: &Path, words: &mut Vec<String>) -> io::Result<()> {
    if path.is_dir() {
        return fs::read_dir(path)?.try_for_each(|entry| collect(&entry?.path(), words));
    }
    // A few lines are in no encoding that anybody could type.
    let text = fs::read(path)?;
    let lines = text.split(|&byte| byte == b'\n').filter_map(|line| std::str::from_utf8(line).ok());
    words.extend(lines.filter(|word| UNRANKED.contains(&word.chars().count()) && plain(word)).map(str::to_owned));
    Ok(())
}

/// Letters, digits, or the one followed by the other: what people choose. The rest of the list is mostly what machines chose.
fn plain(word: &str) -> bool {
    let class = |c: char| {
        if c.is_alphabetic() {
            'a'
        } else if c.is_ascii_digit() {
            '0'
        } else {
            '.'
        }
    };
    let mut classes: Vec<char> = word.chars().map(class).collect();
    classes.dedup();
    classes.len() <= 2
}
