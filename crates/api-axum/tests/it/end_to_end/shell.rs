//! What shells and `man` make of the command line: completions, manual pages, help.

use std::fs;
use std::process::Command;

use super::home::{Home, Ran};

/// What bash offers for the words of a line, of which the last is being typed.
fn offered(home: &Home, words: &[&str]) -> Vec<String> {
    let script = r#"
        jeton=$1; shift
        source <("$jeton" completions bash)
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
        complete -p jeton >/dev/null
        _jeton jeton "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = home.dress(Command::new("bash"));
    bash.args(["-c", script, "bash", env!("CARGO_BIN_EXE_jeton")]).args(words);
    Ran::of(bash).success().split_whitespace().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let home = Home::on_sqlite();
    assert_eq!(offered(&home, &["jeton", "us"]), ["users"]);
    assert_eq!(offered(&home, &["jeton", "keys", "ro"]), ["rotate"]);
    assert_eq!(offered(&home, &["jeton", "users", "create", "--em"]), ["--email"]);
    assert_eq!(offered(&home, &["jeton", "doctor", "--send"]), ["--send-test-mail"]);
    assert_eq!(offered(&home, &["jeton", "completions", "f"]), ["fish"]);
    assert_eq!(offered(&home, &["jeton", "nothing-like-this"]), [""; 0]);
}

#[test]
fn each_shell_gets_a_script_of_its_own() {
    let home = Home::on_sqlite();
    for (shell, words) in [
        ("zsh", "#compdef jeton"),
        ("fish", "complete -c jeton"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "set edit:completion:arg-completer[jeton]"),
    ] {
        let script = home.run(&["completions", shell]).success();
        assert!(script.contains(words) && script.contains("send-test-mail"), "{shell}: {script:.200}");
    }
    assert_eq!(home.run(&["completions", "cmd"]).code, Some(2));
}

/// The page as a terminal of 80 columns shows it; whatever groff warns of fails the test.
fn shown(page: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.1");
    fs::write(&file, page).unwrap();
    let mut groff = Command::new("groff");
    groff.args(["-Kutf8", "-Tutf8", "-man", "-ww", "-rLL=80n", "-P-cbou"]).arg(&file);
    let output = groff.output().unwrap_or_else(|error| panic!("groff: {error}; apt-get install groff-base"));
    let warnings = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && warnings.is_empty(), "{warnings}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn there_is_a_manual_page_for_every_command_and_its_examples_stay_as_they_are() {
    let home = Home::on_sqlite();
    let page = shown(&home.run(&["man"]).success());
    for part in ["NAME", "SYNOPSIS", "SUBCOMMANDS", "OPTIONS", "EXAMPLES", "jeton-users(1)"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let folder = home.folder().join("man");
    let told = home.run(&["man", "--out", folder.to_str().unwrap()]).success();
    let pages: Vec<_> = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(pages.len() > 40 && told.starts_with(&format!("Wrote {} pages", pages.len())), "{told}");
    for page in &pages {
        let text = shown(&fs::read_to_string(page).unwrap());
        let name = page.file_stem().unwrap().to_str().unwrap();
        assert!(text.contains(name) && text.contains("EXAMPLE"), "{name}: {text}");
    }
    let create = shown(&fs::read_to_string(folder.join("jeton-users-create.1")).unwrap());
    assert!(create.contains("jeton users create --email you@example.com --admin\n"), "{create}");
    assert!(create.contains("--email alice@example.com \\\n"), "{create}");
}

#[test]
fn help_fits_80_columns_on_a_wide_terminal_too() {
    let home = Home::on_sqlite();
    for command in [&["--help"][..], &["users", "create", "--help"], &["keys", "rotate", "-h"], &["help", "doctor"]] {
        let mut jeton = home.jeton(command);
        jeton.env("COLUMNS", "200");
        let help = Ran::of(jeton).success();
        assert!(help.lines().all(|line| line.chars().count() <= 80), "{help}");
    }
}
