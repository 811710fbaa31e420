//! An encrypted connection: whom it trusts, and that it is never quietly given up.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::process::{Child, Stdio};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use store_diesel::testing::server_program;
use store_diesel::{Database, OpenError, Options, migrate};
use tempfile::TempDir;

/// A server that lets nobody in unencrypted, with a certificate for `localhost` alone.
struct Server {
    folder: TempDir,
    port: u16,
    running: Child,
}

impl Server {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        // The server may run as another user, to whom the files must belong.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let mut initdb = server_program("initdb").unwrap();
        initdb.arg("-D").arg(path("data")).args(["-U", "jeton", "-A", "trust", "-N"]).stdout(Stdio::null());
        assert!(initdb.status().unwrap().success());
        let owner = fs::metadata(path("data")).unwrap();
        let authority = authority();
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        fs::write(path("authority.pem"), authority.pem()).unwrap();
        fs::write(path("stranger.pem"), self::authority().pem()).unwrap();
        for (name, text) in [
            ("data/server.crt", certificate.pem()),
            ("data/server.key", key.serialize_pem()),
            ("data/pg_hba.conf", "hostssl all all 127.0.0.1/32 trust\n".to_owned()),
        ] {
            fs::write(path(name), text).unwrap();
            fs::set_permissions(path(name), fs::Permissions::from_mode(0o600)).unwrap();
            chown(path(name), Some(owner.uid()), Some(owner.gid())).unwrap();
        }
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut program = server_program("postgres").unwrap();
        program.arg("-D").arg(path("data")).args(["-p", &port.to_string()]);
        for setting in ["ssl=on", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"] {
            program.args(["-c", setting]);
        }
        let running = program.stdout(Stdio::null()).stderr(fs::File::create(path("log")).unwrap()).spawn().unwrap();
        let server = Self { folder, port, running };
        for _ in 0..500 {
            match server.open("localhost", "?sslmode=require", "authority.pem").await {
                Ok(_) => return server,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
        panic!("{}", fs::read_to_string(server.folder.path().join("log")).unwrap());
    }

    fn url(&self, host: &str, query: &str, authority: &str) -> String {
        let root = match authority {
            "" => String::new(),
            name => format!("&sslrootcert={}", self.folder.path().join(name).display()),
        };
        format!("postgres://jeton@{host}:{}/postgres{query}{root}", self.port)
    }

    async fn open(&self, host: &str, query: &str, authority: &str) -> Result<Database, OpenError> {
        let options = Options { postgres_connections: 1, ..Options::default() };
        Database::open(&self.url(host, query, authority).parse().unwrap(), &options).await
    }

    async fn refusal(&self, host: &str, query: &str, authority: &str) -> String {
        self.open(host, query, authority).await.err().expect("it is refused").to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.running.kill();
        let _ = self.running.wait();
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn migrations_and_steps_run_on_an_encrypted_connection() {
    let server = Server::start().await;
    migrate::up(&server.url("localhost", "?sslmode=verify-full", "authority.pem").parse().unwrap()).await.unwrap();
    let database = server.open("localhost", "?sslmode=verify-full", "authority.pem").await.unwrap();
    database.stores().health.check().await.unwrap();
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_refused_whose_certificate_proves_nothing() {
    let server = Server::start().await;
    let of_a_stranger = server.refusal("localhost", "?sslmode=require", "stranger.pem").await;
    assert!(of_a_stranger.contains("certificate"), "{of_a_stranger}");
    let unknown_to_the_system = server.refusal("localhost", "?sslmode=require", "").await;
    assert!(unknown_to_the_system.contains("certificate"), "{unknown_to_the_system}");
    let for_another_name = server.refusal("127.0.0.1", "?sslmode=require", "authority.pem").await;
    assert!(for_another_name.contains("not valid for name"), "{for_another_name}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_encrypted_unless_it_is_demanded_and_nothing_demanded_goes_unencrypted() {
    let server = Server::start().await;
    let plain = server.refusal("localhost", "?sslmode=prefer", "").await;
    assert!(plain.contains("no encryption"), "{plain}");
    let missing = server.refusal("localhost", "?sslmode=require", "nothing.pem").await;
    assert!(missing.contains("nothing.pem") && missing.contains("sslrootcert"), "{missing}");
    let url = store_diesel::testing::shared_server().await.unwrap().url().to_owned();
    let demanded = format!("{url}?sslmode=require").parse().unwrap();
    let error = Database::open(&demanded, &Options::default()).await.err().expect("that server has no certificate");
    assert!(error.to_string().contains("TLS"), "{error}");
}
