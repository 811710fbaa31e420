//! Requests through a real nginx and a real Caddy, set up as the snippets say: whose address the server sees, and whether events
//! and long polls pass.

use std::fs::{self, File};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Certificate, StatusCode, redirect};
use serde_json::{Value, json};

use super::super::home::{Home, Server};
use super::text;
use crate::end_to_end::client::PASSWORD;
use crate::end_to_end::doctor::doctor_with;

const DEADLINE: Duration = Duration::from_secs(20);
/// Whom the clients of these tests seem to be; the proxy is 127.0.0.1.
const CLIENT: [u8; 4] = [127, 0, 0, 2];

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A certificate for this machine, and its key.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("tls.pem"), folder.join("tls.key"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]);
    openssl.arg("-out").arg(&certificate).arg("-keyout").arg(&key).stderr(Stdio::null());
    let made = openssl.status().unwrap_or_else(|error| panic!("openssl: {error}; apt-get install openssl"));
    assert!(made.success(), "{openssl:?}");
    (certificate, key)
}

/// A running proxy. Dropping it ends it.
struct Proxy {
    child: Child,
    https: u16,
    http: Option<u16>,
    certificate: PathBuf,
}

impl Proxy {
    fn start(mut command: Command, log: &Path, https: u16, http: Option<u16>, certificate: PathBuf) -> Self {
        let output = File::create(log).unwrap();
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; apt-get install nginx caddy"));
        let proxy = Self { child, https, http, certificate };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", https)).is_err() {
            assert!(began.elapsed() < DEADLINE, "it does not start: {}", fs::read_to_string(log).unwrap());
            std::thread::sleep(Duration::from_millis(20));
        }
        proxy
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.https)
    }

    /// A client that comes from another address than the proxy.
    fn client(&self) -> reqwest::Client {
        let authority = Certificate::from_pem(&fs::read(&self.certificate).unwrap()).unwrap();
        let client = reqwest::Client::builder().tls_certs_only([authority]).local_address(IpAddr::from(CLIENT));
        client.redirect(redirect::Policy::none()).no_proxy().build().unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It ends its workers itself.
        let _ = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

/// The snippet with the ports, files and server of one test.
fn nginx(folder: &Path, server: &str, https: u16) -> Proxy {
    let http = free_port();
    let (certificate, key) = certificate(folder);
    let mut snippet = text("nginx.conf")
        .replace("server 127.0.0.1:8080", &format!("server {server}"))
        .replace("listen 443 ", &format!("listen 127.0.0.1:{https} "))
        .replace("listen 80;", &format!("listen 127.0.0.1:{http};"))
        .replace("/etc/letsencrypt/live/login.example.com/fullchain.pem", certificate.to_str().unwrap())
        .replace("/etc/letsencrypt/live/login.example.com/privkey.pem", key.to_str().unwrap())
        .replace("/var/log/nginx/jeton.log", folder.join("access.log").to_str().unwrap());
    // Machines of tests may have no IPv6.
    snippet = snippet.lines().filter(|line| !line.contains("listen [::]")).collect::<Vec<_>>().join("\n");
    fs::write(folder.join("jeton.conf"), snippet).unwrap();
    let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};", folder.join(name).display()))
        .join(" ");
    let whole = format!(
        "user root; daemon off; pid {pid}; error_log stderr;\nevents {{}}\nhttp {{ {folders} include {snippet}; }}\n",
        pid = folder.join("nginx.pid").display(),
        snippet = folder.join("jeton.conf").display(),
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, whole).unwrap();
    let nginx = || {
        let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
        let mut command = Command::new("nginx");
        command.env("PATH", path).arg("-c").arg(&file);
        command
    };
    let tested = nginx().arg("-t").output().unwrap_or_else(|error| panic!("nginx: {error}; apt-get install nginx"));
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    Proxy::start(nginx(), &folder.join("nginx.log"), https, Some(http), certificate)
}

/// The same of Caddy, with a certificate of ours in the place of one that it would fetch.
fn caddy(folder: &Path, server: &str, https: u16) -> Proxy {
    let (certificate, key) = certificate(folder);
    let options = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n";
    let tls = format!("https://localhost:{https} {{\n\ttls {} {}", certificate.display(), key.display());
    let snippet = text("Caddyfile").replace("login.example.com {", &tls).replace("127.0.0.1:8080", server);
    let file = folder.join("Caddyfile");
    fs::write(&file, format!("{options}{snippet}")).unwrap();
    let mut command = Command::new("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file);
    command.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder).env("HOME", folder);
    Proxy::start(command, &folder.join("caddy.log"), https, None, certificate)
}

type Start = fn(&Path, &str, u16) -> Proxy;

/// A server behind a proxy, which it trusts.
fn behind(start: Start) -> (Home, Server, Proxy) {
    let https = free_port();
    let home = Home::on_sqlite()
        .with("JETON_ISSUER", &format!("https://localhost:{https}"))
        .with("JETON_HTTP__TRUSTED_PROXIES", "127.0.0.1");
    let server = home.serve();
    let proxy = start(home.folder(), server.url.strip_prefix("http://").unwrap(), https);
    (home, server, proxy)
}

async fn json_of(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let answer = request.send().await.unwrap();
    (answer.status(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

/// Signs up and in through the proxy, with an address of the client's own invention in a header.
async fn signed_in(proxy: &Proxy, client: &reqwest::Client) -> String {
    let body = json!({ "email": "alice@example.com", "password": PASSWORD });
    let (status, _) = json_of(client.post(proxy.url("/v1/accounts")).json(&body)).await;
    assert_eq!(status, 201);
    let lying = client.post(proxy.url("/v1/login")).json(&body).header("X-Forwarded-For", "198.51.100.7");
    let (status, tokens) = json_of(lying.header("Forwarded", "for=198.51.100.7")).await;
    assert_eq!(status, 200, "{tokens}");
    tokens["access_token"].as_str().unwrap().to_owned()
}

async fn the_server_sees_the_client(start: Start) {
    let (_home, _server, proxy) = behind(start);
    let client = proxy.client();
    let access = signed_in(&proxy, &client).await;
    let (status, listed) = json_of(client.get(proxy.url("/v1/sessions")).bearer_auth(&access)).await;
    assert_eq!(status, 200, "{listed}");
    assert_eq!(listed["sessions"][0]["ip"], IpAddr::from(CLIENT).to_string(), "{listed}");
    for path in ["/readyz", "/livez"] {
        assert_eq!(json_of(client.get(proxy.url(path))).await.0, 404, "{path} is not for everybody");
    }
    if let Some(http) = proxy.http {
        let answer = client.get(format!("http://127.0.0.1:{http}/v1/me")).send().await.unwrap();
        assert_eq!(answer.status(), 308);
        assert_eq!(answer.headers()["location"], "https://127.0.0.1/v1/me");
    }
}

async fn events_pass_at_once(start: Start) {
    let (home, _server, proxy) = behind(start);
    let client = proxy.client();
    let access = signed_in(&proxy, &client).await;
    let key = home.run(&["apikeys", "create", "--name", "notes", "--scope", "revocations"]).success();
    let mut stream = client.get(proxy.url("/v1/revocations/stream")).bearer_auth(key.trim()).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let (status, snapshot) = json_of(client.get(proxy.url("/v1/revocations")).bearer_auth(key.trim())).await;
    assert_eq!(status, 200);
    let poll = format!("/v1/revocations?after={}&wait=30", snapshot["cursor"].as_str().unwrap());
    let polling = tokio::spawn(json_of(client.get(proxy.url(&poll)).bearer_auth(key.trim())));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let ended = Instant::now();
    let answer = client.post(proxy.url("/v1/logout")).bearer_auth(&access).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let mut text = String::new();
    while !text.contains("\"kind\":\"session\"") {
        let chunk = tokio::time::timeout(Duration::from_secs(10), stream.chunk()).await;
        let chunk = chunk.unwrap_or_else(|_| panic!("the proxy keeps events back: {text}"));
        text += &String::from_utf8_lossy(&chunk.unwrap().unwrap());
    }
    assert!(ended.elapsed() < Duration::from_secs(5), "{:?}", ended.elapsed());
    let (status, news) = polling.await.unwrap();
    assert_eq!((status, &news["entries"][0]["kind"]), (StatusCode::OK, &json!("session")), "{news}");
}

#[tokio::test(flavor = "multi_thread")]
async fn through_nginx_the_server_sees_the_client_and_not_what_he_claims() {
    the_server_sees_the_client(nginx).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_caddy_the_server_sees_the_client_and_not_what_he_claims() {
    the_server_sees_the_client(caddy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_nginx_events_and_long_polls_pass_at_once() {
    events_pass_at_once(nginx).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn through_caddy_events_and_long_polls_pass_at_once() {
    events_pass_at_once(caddy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_the_public_address_who_it_is_and_whether_its_tls_can_be_trusted() {
    const CHECK: &str = "proxies.public_address";
    let (home, _server, proxy) = behind(nginx);
    let trusting = ("SSL_CERT_FILE", proxy.certificate.to_str().unwrap());
    doctor_with(&home, &[trusting]).expect(CHECK, "ok", "TLS that can be trusted");
    doctor_with(&home, &[]).expect(CHECK, "problem", "cannot be trusted");
    let other = format!("https://127.0.0.1:{}", proxy.https);
    let seen = doctor_with(&home, &[trusting, ("JETON_ISSUER", &other)]);
    seen.expect(CHECK, "problem", "a server that calls itself https://localhost:");
}
