//! What the commands of a page find: a folder to throw away, `jeton` on the `PATH`, free ports in the place of the book's, and,
//! where the page asks for it, a database on PostgreSQL.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::run::{Failure, not_started, root, succeeds, target};
use crate::scratch::free_address;

/// How the book writes the database that a page with `setup: postgres` has.
const DATABASES: [&str; 3] =
    ["postgres://jeton@db.internal/jeton", "postgres://jeton@127.0.0.1/jeton", "postgres://jeton@localhost/jeton"];
/// Folders of a server that the book names, which lie in the page's own folder here.
const FOLDERS: [&str; 2] = ["/run/secrets", "/backup"];

pub(super) struct Sandbox {
    pub(super) folder: PathBuf,
    /// What the book writes, and what stands for it here.
    replaced: Vec<(String, String)>,
    metrics: bool,
    database: Option<String>,
}

impl Sandbox {
    /// A new folder for the page with this text, with a database of its own on this server if it needs one.
    pub(super) fn new(folder: PathBuf, text: &str, jeton: &Path, server: Option<&str>) -> Result<Self, Failure> {
        let failed = |error| Failure::new(format!("{}: {error}", folder.display()));
        for inner in ["bin", "home", "steps", "printed", "here"] {
            fs::create_dir_all(folder.join(inner)).map_err(failed)?;
        }
        std::os::unix::fs::symlink(jeton, folder.join("bin").join("jeton")).map_err(failed)?;
        let mut replaced = Vec::new();
        for port in ports(text) {
            let free = free_address()?;
            replaced.push((format!("127.0.0.1:{port}"), free.clone()));
            replaced.push((format!("localhost:{port}"), free.replace("127.0.0.1", "localhost")));
            replaced.push((format!("0.0.0.0:{port}"), free));
        }
        for name in FOLDERS {
            let own = folder.join(name.trim_start_matches('/'));
            fs::create_dir_all(&own).map_err(failed)?;
            replaced.push((name.to_owned(), own.display().to_string()));
        }
        let database = server.map(|url| database(url, &folder)).transpose()?;
        if let Some(url) = &database {
            replaced.extend(DATABASES.map(|name| (name.to_owned(), url.clone())));
        }
        Ok(Self { folder, replaced, metrics: text.contains(":9464"), database })
    }

    /// The book's words as they hold here.
    pub(super) fn here(&self, text: &str) -> String {
        self.replaced.iter().fold(text.to_owned(), |text, (book, here)| text.replace(book, here))
    }

    /// What was printed here, in the book's words.
    pub(super) fn in_the_book(&self, printed: &str) -> String {
        let back = self.replaced.iter().filter(|(book, _)| !book.starts_with("0.0.0.0"));
        back.fold(printed.to_owned(), |text, (book, here)| text.replace(here, book))
    }

    /// A program with what the page's commands find around them, and nothing of this process's own settings.
    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let variable = |name: &str| std::env::var_os(name);
        let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
        let own = std::env::join_paths(
            std::iter::once(self.folder.join("bin"))
                .chain(variable("PATH").iter().flat_map(|path| std::env::split_paths(path).collect::<Vec<_>>()))
                .chain([PathBuf::from("/usr/sbin")]),
        );
        command
            .env_clear()
            .env("PATH", own.unwrap_or_default())
            .env("HOME", self.folder.join("home"))
            .env("CARGO_HOME", variable("CARGO_HOME").unwrap_or_else(|| home.join(".cargo").into()))
            .env("RUSTUP_HOME", variable("RUSTUP_HOME").unwrap_or_else(|| home.join(".rustup").into()))
            .env("LANG", "C.UTF-8")
            .env("NO_COLOR", "1")
            .env("COLUMNS", "80")
            .env("BOOK", &self.folder)
            .env("BOOK_TARGET", target())
            .env("JETON_DATA_DIR", self.folder.join("here/jeton-data"))
            .env("BOOK_REPOSITORY", root())
            .env("JETON_LISTEN", self.here("127.0.0.1:8080"))
            .current_dir(self.folder.join("here"));
        if !self.metrics {
            command.env("JETON_METRICS__LISTEN", "off");
        }
        if let Some(database) = &self.database {
            command.env("BOOK_DATABASE", database);
        }
        command
    }

    /// Writes a secret where the book's settings look for one.
    pub(super) fn secret(&self, name: &str, text: &str) -> Result<(), Failure> {
        let path = self.folder.join("run/secrets").join(name);
        let written =
            fs::write(&path, text).and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o600)));
        written.map_err(|error| Failure::new(format!("{}: {error}", path.display())))
    }
}

/// The ports of this machine that a text names, and the one that is always served.
fn ports(text: &str) -> BTreeSet<u16> {
    let named = ["127.0.0.1:", "localhost:", "0.0.0.0:"].into_iter().flat_map(|host| text.split(host).skip(1));
    let digits = named.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    digits.filter_map(|digits| digits.parse().ok()).filter(|port| *port != 0).chain([8080]).collect()
}

/// A new database on the server: its URL.
fn database(server: &str, folder: &Path) -> Result<String, Failure> {
    let name = folder.file_name().map(|name| name.to_string_lossy().replace(['-', '.'], "_")).unwrap_or_default();
    let name = format!("book_{name}");
    let mut create = Command::new("psql");
    create.args([server, "--quiet", "--command", &format!("CREATE DATABASE {name}")]);
    if !succeeds(Command::new("psql").arg("--version")) {
        return Err(Failure::new("psql is needed by the book's commands: apt-get install postgresql-client"));
    }
    let status = create.status().map_err(|error| not_started(&create, &error))?;
    let (base, options) = server.split_once('?').map_or((server, None), |(base, options)| (base, Some(options)));
    let (front, _) = base.rsplit_once('/').unwrap_or((base, ""));
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    if status.success() {
        Ok(format!("{front}/{name}{options}"))
    } else {
        Err(Failure::new("no database for a page of the book"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ports;

    #[test]
    fn the_ports_that_a_page_names_are_found() {
        let page = "curl http://127.0.0.1:9000/a\njeton serve --listen 0.0.0.0:8081, localhost:80; 127.0.0.1:0";
        assert_eq!(ports(page), BTreeSet::from([80, 8080, 8081, 9000]));
    }
}
