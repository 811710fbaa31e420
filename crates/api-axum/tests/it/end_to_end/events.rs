//! Security events on the command line: listed, and followed.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::Value;

use super::home::Home;
use super::on_both_engines;

on_both_engines!(new_events_are_printed_as_they_come_each_once_and_as_json);

struct Tail {
    child: Child,
    lines: Receiver<String>,
}

impl Tail {
    fn start(home: &Home, more: &[&str]) -> Self {
        let mut command = home.jeton(&[&["events", "tail"], more].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let reader = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        std::thread::spawn(move || reader.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { child, lines }
    }

    fn next(&self) -> Value {
        serde_json::from_str(&self.lines.recv_timeout(Duration::from_secs(30)).unwrap()).unwrap()
    }

    fn nothing_more(&self) {
        assert_eq!(self.lines.recv_timeout(Duration::from_secs(2)).ok(), None);
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn new_events_are_printed_as_they_come_each_once_and_as_json(home: Home) {
    let server = home.serve();
    let client = server.client();
    client.join("alice@example.com").await;
    let all = Tail::start(&home, &[]);
    assert_eq!(all.next()["kind"], "account_registered");
    let login = all.next();
    assert_eq!((&login["kind"], &login["detail"]), (&"session_opened".into(), &"new_device".into()));
    let logins = Tail::start(&home, &["--kind", "session_opened", "--lines", "0", "--account", "alice@example.com"]);
    logins.nothing_more();

    client.join("bob@example.com").await;
    client.login("alice@example.com").await;
    for (kind, user) in [("account_registered", "bob"), ("session_opened", "bob"), ("session_opened", "alice")] {
        let event = all.next();
        assert_eq!(event["kind"], kind, "{user}: {event}");
        assert!(event["ip"].is_string(), "{event}");
    }
    assert_eq!(logins.next()["user_id"], login["user_id"]);
    all.nothing_more();
    logins.nothing_more();

    let latest = home.run(&["events", "tail", "--no-follow", "--lines", "2"]).success();
    let kinds: Vec<Value> = latest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(kinds.iter().map(|event| event["kind"].as_str().unwrap()).collect::<Vec<_>>(), ["session_opened"; 2]);
    let listed = home.run(&["events", "list", "--user", "alice@example.com"]).success();
    assert!(listed.lines().next().unwrap().contains("DETAIL") && listed.contains("new_device"), "{listed}");
}
