//! Docker, Compose, and the settings that every file names.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use super::super::home::{Home, Ran};
use super::{folder, is_pinned, judged_good, text, yaml};

/// The settings that can be read from a file which a variable names.
const SECRETS: [&str; 4] = ["DATABASE_URL", "MASTER_KEY", "MAIL__PASSWORD", "TRACES__OTLP_ENDPOINT"];

/// Every word of a text that begins like a variable of ours.
fn variables(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.strip_prefix("JETON_").is_some_and(|rest| !rest.is_empty())).map(str::to_owned).collect()
}

#[test]
fn every_setting_that_a_file_names_is_one_of_the_server() {
    let shown = Home::on_sqlite().run(&["config", "show"]).success();
    let keys = shown.lines().filter_map(|line| line.split_once(" = ").map(|(key, _)| key));
    let mut known: BTreeSet<_> = keys.map(|key| format!("JETON_{}", key.replace('.', "__").to_uppercase())).collect();
    known.extend(SECRETS.map(|key| format!("JETON_{key}_FILE")));
    known.extend(["JETON_CONFIG", "JETON_PORT"].map(str::to_owned));
    let mut named = BTreeSet::new();
    for file in fs::read_dir(folder()).unwrap() {
        let found = variables(&fs::read_to_string(file.unwrap().path()).unwrap());
        assert!(found.is_subset(&known), "unknown: {:?}", found.difference(&known));
        named.extend(found);
    }
    assert!(named.len() > 8, "the files name settings: {named:?}");
    assert!(!known.contains("JETON_LISTENS"), "an unknown one would be found");
}

#[test]
fn the_image_has_no_shell_no_root_and_a_health_check() {
    let text = text("Dockerfile");
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    let argument = |name: &str| lines.iter().find_map(|line| line.strip_prefix(&format!("ARG {name}="))).unwrap();
    for image in [argument("BUILD_IMAGE"), argument("RUNTIME_IMAGE")] {
        assert!(is_pinned(image), "{image}");
    }
    let last = lines.iter().rposition(|line| line.starts_with("FROM ")).unwrap();
    let stage = &lines[last..];
    assert_eq!(stage[0], "FROM ${RUNTIME_IMAGE}");
    assert!(argument("RUNTIME_IMAGE").contains("distroless"));
    assert!(stage.contains(&"USER 65532:65532"), "{stage:?}");
    assert!(
        !stage.iter().any(|line| line.starts_with("RUN ") || line.starts_with("ADD ")),
        "there is no shell to run it"
    );
    assert!(stage.contains(&"ENTRYPOINT [\"/usr/local/bin/jeton\"]"));
    let health = stage.iter().find(|line| line.starts_with("HEALTHCHECK ")).unwrap();
    assert!(health.ends_with("CMD [\"/usr/local/bin/jeton\", \"healthcheck\"]"), "{health}");
}

#[test]
fn the_settings_of_the_image_are_good() {
    let text = text("Dockerfile").replace("\\\n", " ");
    let line = text.lines().find_map(|line| line.strip_prefix("ENV ")).unwrap();
    let settings: Vec<_> = line.split_whitespace().map(|pair| pair.split_once('=').unwrap()).collect();
    assert!(settings.len() >= 4);
    let home = Home::on_sqlite();
    let mut check = home.jeton(&["config", "check"]);
    check.envs(settings);
    Ran::of(check).success();
}

#[test]
fn compose_gives_its_services_no_right_that_they_do_not_need() {
    judged_good("check-jsonschema", &["--builtin-schema", "vendor.compose-spec", "compose.yaml"]);
    let compose = &yaml("compose.yaml")[0];
    let services = compose["services"].as_object().unwrap();
    assert_eq!(services.keys().collect::<Vec<_>>(), ["jeton", "postgres"]);
    for (name, service) in services {
        assert_eq!(service["read_only"], true, "{name}");
        assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{name}");
        assert_eq!(service["security_opt"], serde_json::json!(["no-new-privileges:true"]), "{name}");
        let user = service["user"].as_str().unwrap();
        assert!(user.split(':').all(|id| id.parse::<u32>().unwrap() > 0), "{name}: {user}");
        assert!(is_pinned(service["image"].as_str().unwrap()), "{name}");
        assert!(service["healthcheck"]["test"].is_array() && service["tmpfs"].is_array(), "{name}");
        for secret in service["secrets"].as_array().unwrap() {
            let file = &compose["secrets"][secret.as_str().unwrap()]["file"];
            assert!(file.as_str().unwrap().starts_with("./secrets/"), "{secret}");
        }
        for (variable, value) in service["environment"].as_object().unwrap() {
            let is_secret = ["PASSWORD", "KEY", "DATABASE_URL"].iter().any(|word| variable.contains(word));
            let in_file = variable.ends_with("_FILE") && value.as_str().unwrap().starts_with("/run/secrets/");
            assert!(!is_secret || in_file, "{variable} holds a secret");
        }
    }
    let ports = services["jeton"]["ports"].as_array().unwrap();
    assert!(ports.iter().all(|port| port.as_str().unwrap().starts_with("127.0.0.1:")), "a proxy stands before it");
    assert!(services["postgres"].get("ports").is_none() && compose["networks"]["back"]["internal"] == true);
    let gateway = &compose["networks"]["front"]["ipam"]["config"][0]["gateway"];
    assert_eq!(&services["jeton"]["environment"]["JETON_HTTP__TRUSTED_PROXIES"], gateway);
}

#[test]
fn the_secrets_of_compose_are_made_once_each_for_its_own_user() {
    let home = Home::on_sqlite();
    fs::copy(folder().join("secrets.sh"), home.folder().join("secrets.sh")).unwrap();
    // Whoever runs the tests may be no root: what would be given away is written down instead.
    fs::create_dir(home.folder().join("bin")).unwrap();
    let chown = home.folder().join("bin/chown");
    fs::write(&chown, "#!/bin/sh\necho \"$@\" >>\"$OWNERS\"\n").unwrap();
    fs::set_permissions(&chown, fs::Permissions::from_mode(0o755)).unwrap();
    let make = || {
        let mut sh = home.dress(Command::new("sh"));
        let path = format!("{}:{}", home.folder().join("bin").display(), std::env::var("PATH").unwrap());
        sh.arg("secrets.sh").env("PATH", path).env("OWNERS", home.folder().join("owners"));
        Ran::of(sh)
    };
    make().success();
    let read = |name: &str| fs::read_to_string(home.folder().join("secrets").join(name)).unwrap();
    let first = read("master_key");
    for name in ["master_key", "database_url", "postgres_password"] {
        let mode = fs::metadata(home.folder().join("secrets").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o400, "{name}");
    }
    assert!(read("database_url").contains(&read("postgres_password")));
    let owners = fs::read_to_string(home.folder().join("owners")).unwrap();
    assert_eq!(owners, "999:999 secrets/postgres_password\n65532:65532 secrets/database_url secrets/master_key\n");
    // The server takes them as they are.
    let secrets = home.folder().join("secrets");
    let mut check = home.jeton(&["config", "check"]);
    check.env("JETON_MASTER_KEY_FILE", secrets.join("master_key"));
    check.env("JETON_DATABASE_URL_FILE", secrets.join("database_url"));
    Ran::of(check).success();
    assert_ne!(make().code, Some(0), "a second run would replace the keys");
    assert_eq!(read("master_key"), first);
}
