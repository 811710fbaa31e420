//! `cargo xtask web`: the console's scripts and words, checked.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::npm::packages;
use crate::run::{Failure, root, run};

const ASSETS: &str = "crates/api-axum/src/web/assets";
const LANGUAGES: [&str; 2] = ["en", "ko"];

/// Check the console's scripts and words.
///
/// `tsc` holds the scripts to their types. Every language has the same words with the same places for values, each word is used,
/// and every problem and every kind of event has some. Needs node with npm and, at the first time, its registry; what was installed
/// is kept under the target folder.
#[derive(Args, Default)]
#[command(after_help = "Examples:\n  \
    cargo xtask web\n  \
    cargo xtask web --words              without Node")]
pub(crate) struct Web {
    /// Check the words alone.
    #[arg(long)]
    words: bool,
}

impl Web {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let assets = root().join(ASSETS);
        let sources: Vec<_> = scripts(&assets)?.into_iter().filter(|(path, _)| !path.starts_with("words/")).collect();
        let languages = LANGUAGES.map(|language| words(&assets.join("words").join(language)));
        let [english, korean] = languages;
        let (english, korean) = (english?, korean?);
        let mut faults = differences(&english, &korean);
        faults.extend(unused(&english, &sources));
        for (page, prefix) in [("docs/reference/errors.md", "problem."), ("docs/reference/events.md", "event.")] {
            faults.extend(wordless(&first_cells(&read(&root().join(page))?), prefix, &english));
        }
        faults.extend(long(&assets)?);
        if !faults.is_empty() {
            return Err(Failure::new(faults.join("\n")));
        }
        println!("{} words in {} languages, all of them used", english.len(), LANGUAGES.len());
        if self.words { Ok(()) } else { check_types() }
    }
}

/// Words by their keys.
type Words = BTreeMap<String, String>;

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Every file below a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error| Failure::new(format!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

/// The scripts below a folder, by their paths in it.
fn scripts(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let all = files(folder)?;
    let scripts = all.iter().filter(|path| path.extension().is_some_and(|extension| extension == "js"));
    scripts.map(|path| Ok((path.strip_prefix(folder).unwrap_or(path).display().to_string(), read(path)?))).collect()
}

/// All words of a language. A file has one on a line: `  'key': 'words',`.
fn words(folder: &Path) -> Result<Words, Failure> {
    let mut words = Words::new();
    for (path, text) in scripts(folder)? {
        for (key, value) in text.lines().filter_map(word) {
            if words.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(Failure::new(format!("{path}: `{key}` is there already")));
            }
        }
        let entries = text.lines().filter(|line| line.starts_with("  ")).count();
        if entries != text.lines().filter_map(word).count() {
            return Err(Failure::new(format!("{path}: every line between the braces is `  'key': 'words',`")));
        }
    }
    Ok(words)
}

fn word(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.strip_prefix("  '")?.split_once("': ")?;
    let value = value.strip_suffix(',')?;
    let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote));
    Some((key, quoted('\'').or_else(|| quoted('"'))?))
}

/// The places for values, such as `{name}`.
fn places(words: &str) -> BTreeSet<&str> {
    words.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)).collect()
}

fn differences(one: &Words, other: &Words) -> Vec<String> {
    let [first, second] = LANGUAGES;
    let missing = |from: &Words, to: &Words, language: &str| -> Vec<String> {
        from.keys()
            .filter(|key| !to.contains_key(*key))
            .map(|key| format!("{language} has no words for `{key}`"))
            .collect()
    };
    let mut faults = missing(one, other, second);
    faults.extend(missing(other, one, first));
    let both = one.iter().filter_map(|(key, words)| Some((key, words, other.get(key)?)));
    faults.extend(
        both.filter(|(_, one, other)| places(one) != places(other))
            .map(|(key, ..)| format!("`{key}` does not have the same places for values in all languages")),
    );
    faults
}

/// The words whose key no script names: whole, without its number's form, or by its beginning up to a dot.
fn unused(words: &Words, sources: &[(String, String)]) -> Vec<String> {
    let quoted = sources.iter().flat_map(|(_, text)| text.split(['\'', '`', '"']));
    // Of a template only its beginning is known here; what it may become, `tsc` checks.
    let named: BTreeSet<&str> = quoted.map(|text| text.split_once("${").map_or(text, |(start, _)| start)).collect();
    let is_used = |key: &str| {
        let stem = key.strip_suffix(".one").or_else(|| key.strip_suffix(".other")).unwrap_or(key);
        let beginnings = key.match_indices('.').filter_map(|(at, _)| key.get(..=at));
        named.contains(key) || named.contains(stem) || beginnings.into_iter().any(|start| named.contains(start))
    };
    words.keys().filter(|key| !is_used(key)).map(|key| format!("no script uses `{key}`")).collect()
}

/// The first cells of a page's tables: `` `code` | … ``.
fn first_cells(page: &str) -> BTreeSet<String> {
    let rows = page.lines().filter_map(|line| line.strip_prefix('`')?.split_once("` |"));
    rows.map(|(name, _)| name.to_owned()).collect()
}

fn wordless(names: &BTreeSet<String>, prefix: &str, words: &Words) -> Vec<String> {
    let missing = names.iter().filter(|name| !words.contains_key(&format!("{prefix}{name}")));
    missing.map(|name| format!("there are no words `{prefix}{name}`")).collect()
}

/// The files that are probably two things.
fn long(assets: &Path) -> Result<Vec<String>, Failure> {
    const LONGEST: usize = 400;
    let mut faults = Vec::new();
    for path in files(assets)? {
        let lines = read(&path)?.lines().count();
        if lines > LONGEST {
            faults.push(format!("{}: {lines} lines; over {LONGEST} it is probably two things", path.display()));
        }
    }
    Ok(faults)
}

/// The compiler in its exact version, over every script.
fn check_types() -> Result<(), Failure> {
    let packages = packages("xtask/web", "web", "to check the console's scripts", "web")?;
    let compiler = packages.folder.join("node_modules/typescript/bin/tsc");
    run(Command::new("node").arg(compiler).arg("--project").arg(root().join("xtask/web/tsconfig.json")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Words {
        pairs.iter().map(|(key, words)| ((*key).to_owned(), (*words).to_owned())).collect()
    }

    #[test]
    fn a_word_is_read_from_its_line() {
        assert_eq!(word("  'a.b': 'Some words',"), Some(("a.b", "Some words")));
        assert_eq!(word("  'a.b': \"It's here\","), Some(("a.b", "It's here")));
        assert_eq!(word("export default {"), None);
    }

    #[test]
    fn words_that_are_missing_or_have_other_places_are_found() {
        let one = of(&[("a", "x {name}"), ("b", "y")]);
        assert_eq!(differences(&one, &of(&[("a", "{name} z"), ("b", "y")])), Vec::<String>::new());
        assert_eq!(differences(&one, &of(&[("a", "z"), ("c", "y")])).len(), 3);
    }

    #[test]
    fn words_that_no_script_names_are_found() {
        let words =
            of(&[("a.b", ""), ("left.one", ""), ("left.other", ""), ("problem.x", ""), ("part.y", ""), ("gone", "")]);
        let sources = [(
            "app.js".to_owned(),
            "t('a.b'); tCount('left', 2); tOr('problem.', code, ''); t(`part.${name}`)".to_owned(),
        )];
        assert_eq!(unused(&words, &sources), ["no script uses `gone`"]);
    }

    #[test]
    fn names_without_words_are_found() {
        let names = first_cells("Code | Is\n--- | ---\n`gone` | 410\n`there` | 200\n");
        assert_eq!(wordless(&names, "problem.", &of(&[("problem.there", "")])), ["there are no words `problem.gone`"]);
    }
}
