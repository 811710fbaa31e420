//! Where settings come from: defaults, a file, the environment and flags, each over the one before. Every value remembers
//! its source, and what no key explains is a problem.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use figment::providers::{Format as _, Toml};
use figment::util::nest;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::keys::{FILE_SUFFIX, Form, KEYS, Key, PREFIX, is_table, meant};
use super::secret_file;

/// Everything that settings are read from.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    /// A file that must be there.
    pub(crate) file: Option<PathBuf>,
    /// A file that is read where it is.
    pub(crate) optional_file: Option<PathBuf>,
    /// The environment.
    pub(crate) environment: Vec<(OsString, OsString)>,
    /// Flags: name, key and value.
    pub(crate) flags: Vec<(&'static str, &'static str, String)>,
}

/// The variable that names the file itself.
const CONFIG_VARIABLE: &str = "JETON_CONFIG";

/// The layers, merged.
pub(super) struct Layers {
    figment: Figment,
    pub(super) problems: Vec<String>,
    /// The tables under `[[webhooks]]`, and the file that they stand in.
    pub(super) webhooks: Option<(Vec<Value>, String)>,
}

/// The one key that is a list of tables, and that only the file can set.
const WEBHOOKS: &str = "webhooks";

impl Layers {
    pub(super) fn new(inputs: Inputs) -> Self {
        let mut layers = Self { figment: Figment::new(), problems: Vec::new(), webhooks: None };
        for key in KEYS {
            if let Some(value) = key.default {
                layers.set(key.name, value.to_owned(), "default".to_owned());
            }
        }
        if let Some(file) = inputs.file {
            layers.file(&file);
        } else if let Some(file) = inputs.optional_file.filter(|file| file.exists()) {
            layers.file(&file);
        }
        layers.environment(inputs.environment);
        for (flag, key, value) in inputs.flags {
            layers.set(key, value, format!("flag {flag}"));
        }
        layers
    }

    /// A key's value and where it came from.
    pub(super) fn find(&self, key: &str) -> Option<(String, String)> {
        let value = self.figment.find_value(key).ok()?;
        let source = self.figment.get_metadata(value.tag()).map(|metadata| metadata.name.to_string());
        Some((value.as_str()?.to_owned(), source.unwrap_or_default()))
    }

    fn set(&mut self, key: &'static str, value: String, source: String) {
        let figment = std::mem::take(&mut self.figment);
        self.figment = figment.merge(One { key, value, source });
    }

    fn file(&mut self, path: &Path) {
        let shown = path.display();
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.problems.push(format!("{shown} cannot be read: {error}")),
        };
        match Toml::from_str::<Dict>(&text) {
            Ok(mut dict) => {
                match dict.remove(WEBHOOKS) {
                    Some(Value::Array(_, tables)) => self.webhooks = Some((tables, shown.to_string())),
                    Some(_) => self.problems.push(format!(
                        "`{WEBHOOKS}` in {shown} is a list of tables; write [[{WEBHOOKS}]] and one webhook's keys below it"
                    )),
                    None => {}
                }
                self.table("", dict, &shown.to_string());
            }
            Err(error) => self.problems.push(format!("{shown} is not TOML: {}", error.to_string().trim_end())),
        }
    }

    fn table(&mut self, prefix: &str, dict: Dict, source: &str) {
        for (member, value) in dict {
            let name = if prefix.is_empty() { member } else { format!("{prefix}.{member}") };
            match (Key::named(&name), value) {
                (Some(key), Value::String(_, text)) => self.set(key.name, text, source.to_owned()),
                (Some(key), Value::Num(_, number)) => {
                    let text = number.to_u128().map(|n| n.to_string()).or(number.to_i128().map(|n| n.to_string()));
                    let text = text.or(number.to_f64().map(|n| n.to_string())).unwrap_or_default();
                    self.set(key.name, text, source.to_owned());
                }
                (Some(key), Value::Bool(_, flag)) if key.form == Form::Flag => {
                    self.set(key.name, flag.to_string(), source.to_owned());
                }
                (Some(key), Value::Array(_, items)) if key.form == Form::List => {
                    match items.iter().map(Value::as_str).collect::<Option<Vec<_>>>() {
                        Some(texts) => self.set(key.name, texts.join(","), source.to_owned()),
                        None => self.problems.push(format!("`{}` in {source} must be a list of texts", key.name)),
                    }
                }
                (Some(key), _) => {
                    let wanted = match key.form {
                        Form::Plain => "a text or a number",
                        Form::Flag => "true or false",
                        Form::List => "a list of texts",
                    };
                    self.problems.push(format!("`{}` in {source} must be {wanted}", key.name));
                }
                (None, Value::Dict(_, inner)) if is_table(&name) => self.table(&name, inner, source),
                (None, _) if is_table(&name) => {
                    self.problems
                        .push(format!("`{name}` in {source} is a table; write [{name}] and its keys below it"));
                }
                (None, _) => {
                    let hint = meant(&name).map(|key| format!("; did you mean `{}`?", key.name)).unwrap_or_default();
                    self.problems.push(format!("unknown key `{name}` in {source}{hint}"));
                }
            }
        }
    }

    fn environment(&mut self, environment: Vec<(OsString, OsString)>) {
        let mut variables: Vec<(String, OsString)> = environment
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, _)| name.starts_with(PREFIX) && name != CONFIG_VARIABLE)
            .collect();
        variables.sort();
        for (name, value) in &variables {
            let Ok(value) = value.clone().into_string() else {
                self.problems.push(format!("the environment variable {name} is not UTF-8"));
                continue;
            };
            if value.is_empty() {
                self.problems.push(format!("the environment variable {name} is empty; give it a value or unset it"));
            } else if let Some(key) = KEYS.iter().find(|key| key.variable() == *name) {
                self.set(key.name, value, format!("environment variable {name}"));
            } else if let Some(key) = KEYS.iter().find(|key| key.secret && key.variable() + FILE_SUFFIX == *name) {
                let direct = key.variable();
                if variables.iter().any(|(name, _)| *name == direct) {
                    self.problems.push(format!("{direct} and {name} are both set; unset one of them"));
                }
                match secret_file::read(Path::new(&value)) {
                    Ok(text) => self.set(key.name, text, format!("{value}, named by {name}")),
                    Err(error) => self.problems.push(format!("{name}: {error}")),
                }
            } else {
                let dotted = name.trim_start_matches(PREFIX).to_lowercase().replace("__", ".");
                let hint = meant(&dotted).map(|key| format!("; did you mean {}?", key.variable())).unwrap_or_default();
                self.problems.push(format!("unknown environment variable {name}{hint}"));
            }
        }
    }
}

/// One value from one source.
struct One {
    key: &'static str,
    value: String,
    source: String,
}

impl Provider for One {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let dict = nest(self.key, Value::from(self.value.clone())).into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}
