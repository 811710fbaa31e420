//! The rows of a file of accounts: CSV with a header, or JSON lines. A row that is not good is told by its line; nothing of its hash
//! is repeated.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use auth_domain::model::{DisplayName, EmailAddress, Locale, PasswordHash, Role, Timestamp};
use csv::StringRecord;
use serde_json::{Map, Value};

use crate::cli::ImportFormat;

/// What a row may say.
const COLUMNS: [&str; 7] =
    ["email", "password_hash", "display_name", "roles", "locale", "email_verified", "created_at"];
/// Longer than any account.
const MOST_LINE: u64 = 64 * 1024;

/// An account to import.
pub(super) struct Row {
    pub(super) email: EmailAddress,
    pub(super) password_hash: Option<PasswordHash>,
    pub(super) display_name: Option<DisplayName>,
    pub(super) roles: Vec<Role>,
    pub(super) locale: Locale,
    pub(super) email_verified: bool,
    pub(super) created_at: Option<Timestamp>,
}

/// A row that is not good.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RowRefused {
    /// The address, as far as there is one.
    pub(super) email: Option<String>,
    /// Why.
    pub(super) why: String,
}

/// Why a file has no rows.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoRows {
    #[error("{0}")]
    Read(#[from] io::Error),
    #[error("it is not CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("its header has no column email; it may have: {known}", known = COLUMNS.join(", "))]
    NoEmail,
    #[error("its header has a column {0:?}; it may have: {known}", known = COLUMNS.join(", "))]
    UnknownColumn(String),
    #[error("its header has the column {0} twice")]
    Twice(String),
}

/// The rows, each with the line that it begins on.
pub(super) enum Rows {
    Csv { reader: Box<csv::Reader<File>>, header: Vec<String>, failed: bool },
    Jsonl { reader: BufReader<File>, line: u64 },
}

impl Rows {
    pub(super) fn open(path: &Path, format: ImportFormat) -> Result<Self, NoRows> {
        let file = File::open(path)?;
        match format {
            ImportFormat::Jsonl => Ok(Self::Jsonl { reader: BufReader::new(file), line: 0 }),
            ImportFormat::Csv => {
                let mut reader = csv::ReaderBuilder::new()
                    .flexible(true)
                    // A carriage return before it is white space at the end of the last cell: with the reader's own way the
                    // lines of such files would be told one too low.
                    .terminator(csv::Terminator::Any(b'\n'))
                    .from_reader(file);
                let header: Vec<String> = reader
                    .headers()?
                    .iter()
                    // Spreadsheets begin a file with a byte order mark.
                    .map(|name| name.trim_start_matches('\u{feff}').trim().to_lowercase())
                    .collect();
                for (index, name) in header.iter().enumerate() {
                    if !COLUMNS.contains(&name.as_str()) {
                        return Err(NoRows::UnknownColumn(name.clone()));
                    }
                    if header.iter().take(index).any(|before| before == name) {
                        return Err(NoRows::Twice(name.clone()));
                    }
                }
                if !header.iter().any(|name| name == "email") {
                    return Err(NoRows::NoEmail);
                }
                Ok(Self::Csv { reader: Box::new(reader), header, failed: false })
            }
        }
    }
}

impl Iterator for Rows {
    type Item = (u64, Result<Row, RowRefused>);

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Csv { failed: true, .. } => None,
            Self::Csv { reader, header, failed } => loop {
                let mut record = StringRecord::new();
                match reader.read_record(&mut record) {
                    Ok(false) => return None,
                    Ok(true) if record.len() == 1 && record.iter().all(|cell| cell.trim().is_empty()) => {}
                    Ok(true) => {
                        let line = record.position().map_or(0, csv::Position::line);
                        return Some((line, of_record(header, &record)));
                    }
                    Err(error) => {
                        let line = error.position().map_or(0, csv::Position::line);
                        let utf8 = matches!(error.kind(), csv::ErrorKind::Utf8 { .. });
                        // A disk that fails would fail again and again.
                        *failed = !utf8;
                        let why = if utf8 { "it is not UTF-8".to_owned() } else { error.to_string() };
                        return Some((line, Err(RowRefused { email: None, why })));
                    }
                }
            },
            Self::Jsonl { reader, line } => loop {
                let mut bytes = Vec::new();
                *line += 1;
                match reader.by_ref().take(MOST_LINE).read_until(b'\n', &mut bytes) {
                    Ok(0) => return None,
                    Ok(read) if read as u64 == MOST_LINE && !bytes.ends_with(b"\n") => {
                        let skipped = reader.skip_until(b'\n');
                        let why = format!("the line is longer than {MOST_LINE} bytes");
                        let why = skipped.err().map_or(why, |error| error.to_string());
                        return Some((*line, Err(RowRefused { email: None, why })));
                    }
                    Ok(_) if bytes.trim_ascii().is_empty() => {}
                    Ok(_) => return Some((*line, of_json(&bytes))),
                    Err(error) => return Some((*line, Err(RowRefused { email: None, why: error.to_string() }))),
                }
            },
        }
    }
}

fn of_record(header: &[String], record: &StringRecord) -> Result<Row, RowRefused> {
    let cells = || header.iter().zip(record.iter().map(str::trim));
    let cell = |name: &str| cells().find(|(column, _)| *column == name).map(|(_, text)| text);
    if record.len() != header.len() {
        let why = format!("it has {} cells, and the header has {}", record.len(), header.len());
        return Err(RowRefused { email: cell("email").map(str::to_owned), why });
    }
    let text = |name: &str| cell(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let roles = text("roles").unwrap_or_default();
    let roles: Vec<String> = roles.split([' ', ',', ';']).filter(|role| !role.is_empty()).map(str::to_owned).collect();
    let verified = match cell("email_verified").unwrap_or_default().to_lowercase().as_str() {
        "" | "false" | "f" | "0" | "no" => Ok(false),
        "true" | "t" | "1" | "yes" => Ok(true),
        _ => Err("email_verified must be true or false".to_owned()),
    };
    build(text, &roles, verified)
}

fn of_json(bytes: &[u8]) -> Result<Row, RowRefused> {
    let refused = |why: &str| RowRefused { email: None, why: why.to_owned() };
    // The parser's own words repeat what stands there.
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| refused(&format!("it is not JSON (column {})", error.column())))?;
    let Value::Object(members) = value else { return Err(refused("it is not a JSON object")) };
    let email = members.get("email").and_then(Value::as_str).map(str::to_owned);
    members_of(&members).map_err(|why| RowRefused { email, why })?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let roles = match members.get("roles") {
        Some(Value::Array(roles)) => roles.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let verified = members.get("email_verified").and_then(Value::as_bool).unwrap_or_default();
    build(text, &roles, Ok(verified))
}

/// Whether each member is known, and of its kind.
fn members_of(members: &Map<String, Value>) -> Result<(), String> {
    for (name, value) in members {
        let (good, wanted) = match name.as_str() {
            "roles" => (value.as_array().is_some_and(|roles| roles.iter().all(Value::is_string)), "a list of texts"),
            "email_verified" => (value.is_boolean(), "true or false"),
            name if COLUMNS.contains(&name) => (value.is_string(), "a text"),
            _ => {
                let known = COLUMNS.join(", ");
                return Err(format!(
                    "it has a member {:?}; it may have: {known}",
                    name.chars().take(40).collect::<String>()
                ));
            }
        };
        if !good && !value.is_null() {
            return Err(format!("{name} must be {wanted}"));
        }
    }
    Ok(())
}

fn build(
    text: impl Fn(&str) -> Option<String>,
    roles: &[String],
    verified: Result<bool, String>,
) -> Result<Row, RowRefused> {
    let typed = text("email");
    let refused = |why: String| RowRefused { email: typed.clone(), why };
    let email = EmailAddress::parse(typed.as_deref().unwrap_or_default());
    let email = email.map_err(|error| refused(format!("email: {error}")))?;
    let hash = text("password_hash").filter(|hash| !hash.is_empty());
    let hash = hash.map(|hash| PasswordHash::parse_foreign(&hash)).transpose();
    let name = text("display_name").filter(|name| !name.trim().is_empty());
    let locale = text("locale")
        .filter(|tag| !tag.is_empty())
        .map(|tag| Locale::from_tag(&tag).ok_or_else(|| "locale: mails are written in en and ko".to_owned()));
    let created_at = text("created_at").filter(|at| !at.is_empty()).map(|at| {
        super::past(&at).ok_or_else(|| "created_at must be a time of the past, such as 2024-05-31T12:00:00Z".to_owned())
    });
    let mut roles = roles.iter().map(|role| Role::new(role)).collect::<Result<Vec<_>, _>>();
    if let Ok(roles) = &mut roles {
        roles.sort();
        roles.dedup();
    }
    Ok(Row {
        email,
        password_hash: hash.map_err(|error| refused(format!("password_hash: {error}")))?,
        display_name: name
            .map(|name| DisplayName::new(&name))
            .transpose()
            .map_err(|error| refused(format!("display_name: {error}")))?,
        roles: roles.map_err(|_| refused("roles: a role has 1 to 64 of a-z, 0-9, `_`, `-`, `:`".to_owned()))?,
        locale: locale.transpose().map_err(refused)?.unwrap_or_default(),
        email_verified: verified.map_err(refused)?,
        created_at: created_at.transpose().map_err(refused)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BCRYPT: &str = "$2b$12$EixZaYVK1fsbw1ZfbX3OXePaWxn96p36WQoeG6Lruj3vjPGga31lW";

    fn rows(format: ImportFormat, content: &[u8]) -> Result<Vec<<Rows as Iterator>::Item>, NoRows> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        std::fs::write(&path, content).unwrap();
        Rows::open(&path, format).map(Iterator::collect)
    }

    fn why(rows: Vec<<Rows as Iterator>::Item>) -> Vec<(u64, String)> {
        rows.into_iter().filter_map(|(line, row)| row.err().map(|refused| (line, refused.why))).collect()
    }

    #[test]
    fn every_column_is_read_from_both_forms() {
        let csv = format!(
            "\u{feff}email,password_hash,display_name,roles,locale,email_verified,created_at\r\n\
             Alice@example.com,{BCRYPT},\"Alice, A.\",staff admin staff,ko-KR,True,2024-05-31T12:00:00Z\r\n\r\n"
        );
        let json = format!(
            "\n{{\"email\":\"Alice@example.com\",\"password_hash\":\"{BCRYPT}\",\"display_name\":\"Alice, A.\",\
             \"roles\":[\"staff\",\"admin\"],\"locale\":\"ko\",\"email_verified\":true,\
             \"created_at\":\"2024-05-31T12:00:00Z\"}}\n"
        );
        for (format, content) in [(ImportFormat::Csv, csv), (ImportFormat::Jsonl, json)] {
            let mut found = rows(format, content.as_bytes()).unwrap();
            let (line, row) = found.pop().unwrap();
            let row = row.unwrap();
            assert_eq!((line, row.email.address(), row.locale), (2, "Alice@example.com", Locale::Ko));
            assert_eq!(row.display_name.unwrap().as_str(), "Alice, A.");
            assert_eq!(row.roles.iter().map(Role::as_str).collect::<Vec<_>>(), ["admin", "staff"]);
            assert!(row.email_verified && row.password_hash.unwrap().expose() == BCRYPT);
            assert_eq!(row.created_at, Some(Timestamp::from_secs(1_717_156_800)));
            assert!(found.is_empty());
        }
    }

    #[test]
    fn an_address_alone_is_an_account_without_a_password() {
        for (format, content) in
            [(ImportFormat::Csv, "email\na@example.com\n"), (ImportFormat::Jsonl, "{\"email\":\"a@example.com\"}")]
        {
            let row = rows(format, content.as_bytes()).unwrap().pop().unwrap().1.unwrap();
            assert!(row.password_hash.is_none() && !row.email_verified && row.roles.is_empty());
        }
    }

    #[test]
    fn a_bad_row_is_told_by_its_line_and_the_next_is_read() {
        let csv = b"email,password_hash,email_verified,roles,created_at\n\
            nobody,,,,\n\
            a@example.com,hunter2,,,\n\
            b@example.com,\"two\nlines\",,,\n\
            c@example.com,,maybe,,\n\
            d@example.com,,,Big Boss,\n\
            e@example.com,,,,2999-01-01T00:00:00Z\n\
            f@example.com\n\
            \xff@example.com,,,,\n\
            g@example.com,,,,\n";
        let rows = rows(ImportFormat::Csv, csv).unwrap();
        assert!(rows.last().unwrap().1.is_ok());
        let refused = why(rows);
        assert_eq!(refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 6, 7, 8, 9, 10]);
        assert!(refused[1].1.starts_with("password_hash: it is in no known format"), "{}", refused[1].1);
        assert!(!format!("{refused:?}").contains("hunter2"));
    }

    #[test]
    fn a_bad_line_of_json_is_told_without_what_stands_in_it() {
        let lines = format!(
            "hunter2\n[\"hunter2\"]\n{{\"email\":\"a@example.com\",\"email_verified\":\"hunter2\"}}\n{{\"password\":\"hunter2\"}}\n\
             {{\"email\":\"{}\"}}\n{{\"email\":\"b@example.com\",\"roles\":null}}\n",
            "x".repeat(70_000)
        );
        let rows = rows(ImportFormat::Jsonl, lines.as_bytes()).unwrap();
        assert!(rows.last().unwrap().1.is_ok());
        let refused = why(rows);
        assert_eq!(refused.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert!(!format!("{refused:?}").contains("hunter2"), "{refused:?}");
    }

    #[test]
    fn a_header_that_says_something_else_is_refused_as_a_whole() {
        for (header, expected) in [
            ("mail,password", "its header has a column \"mail\"; it may have: email, password_hash"),
            ("password_hash\n", "its header has no column email"),
            ("email,email\n", "its header has the column email twice"),
        ] {
            let error = rows(ImportFormat::Csv, header.as_bytes()).err().unwrap().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
