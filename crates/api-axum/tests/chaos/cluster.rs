//! PostgreSQL clusters that a test may break: stopped, frozen, killed, started again on the same port, copied, promoted.

use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use store_diesel::testing::server_program;
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

const DEADLINE: Duration = Duration::from_secs(60);
/// Ends the program in its arguments once standard input closes: it never outlives the test, however that dies. To PostgreSQL
/// the first signal is an end at once; a pooler that knows only the second one ignores it.
const WATCHED: &str = r#"exec 3<&0 </dev/null
"$@" 3<&- & program=$!
(cat <&3 >/dev/null; kill -CONT $program; kill -QUIT $program; kill -TERM $program) 2>/dev/null &
exec 3<&-
wait $program"#;

/// One server and its data. Dropping it ends the server and removes the data.
pub(super) struct Cluster {
    /// Removed at the end, after the server.
    folder: TempDir,
    pub(super) port: u16,
    /// The shell that watches the server, while it runs.
    running: Option<Child>,
}

impl Cluster {
    /// Of the only user, `jeton`.
    pub(super) const PASSWORD: &str = "chaos";

    /// A new cluster that runs. What it has acknowledged is on disk.
    pub(super) async fn new() -> Self {
        let mut cluster = Self::empty();
        let password = cluster.folder.path().join("password");
        fs::write(&password, Self::PASSWORD).unwrap();
        let mut initdb = server_program("initdb").unwrap();
        initdb.arg("-D").arg(cluster.data()).arg("--pwfile").arg(&password);
        finish(initdb.args(["-U", "jeton", "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"]));
        cluster.start().await;
        cluster
    }

    /// A copy of the cluster that follows it from now on.
    pub(super) async fn replica(&self) -> Self {
        let mut replica = Self::empty();
        let (port, password) = (self.port, Self::PASSWORD);
        let from = format!("host=127.0.0.1 port={port} user=jeton password={password} application_name=replica");
        let mut copy = server_program("pg_basebackup").unwrap();
        copy.arg("-D").arg(replica.data()).args(["-R", "-X", "stream", "-c", "fast", "--no-sync", "-d", &from]);
        finish(&mut copy);
        let settings = replica.data().join("postgresql.auto.conf");
        let copied = fs::read_to_string(&settings).unwrap();
        fs::write(&settings, format!("{copied}primary_conninfo = '{from}'\n")).unwrap();
        replica.start().await;
        replica
    }

    fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The server runs as another user where this process is root's, and wants its data for itself alone.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        make_folder(&folder.path().join("data"));
        Self { folder, port: free_port(), running: None }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The address of its only database, as one of the hosts in `hosts` (`127.0.0.1:PORT`, separated by commas).
    pub(super) fn url_of(hosts: &str) -> String {
        format!("postgres://jeton:{}@{hosts}/postgres", Self::PASSWORD)
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(super) fn url(&self) -> String {
        Self::url_of(&self.host())
    }

    /// Starts the server, on its old port, and waits until it lets clients in.
    pub(super) async fn start(&mut self) {
        let server = server_program("postgres").unwrap();
        let (data, port) = (self.data(), self.port.to_string());
        let mut arguments = vec![server.get_program().to_str().unwrap(), "-D", data.to_str().unwrap(), "-p", &port];
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100", "timezone=UTC"]
        {
            arguments.extend(["-c", setting]);
        }
        self.running = Some(watched(&arguments, &self.folder.path().join("log")));
        let ready = async {
            while self.try_client().await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let is_ready = tokio::time::timeout(DEADLINE, ready).await.is_ok();
        assert!(is_ready, "{}", fs::read_to_string(self.folder.path().join("log")).unwrap());
    }

    /// A clean stop: connections are cut, what runs is undone.
    pub(super) fn stop(&mut self) {
        signal("INT", &[self.server()]);
        self.ended();
    }

    /// The end of the machine: every process stops at once, and says goodbye to nobody.
    pub(super) fn kill(&mut self) {
        let server = self.freeze();
        // The server last: its children would notice.
        signal("KILL", &server);
        self.ended();
    }

    /// Stops every process where it is. The connections stay, and the system still takes what is sent.
    pub(super) fn freeze(&self) -> Vec<u32> {
        let server = self.server();
        // It first, so that no process comes after.
        signal("STOP", &[server]);
        let mut all = children(server);
        signal("STOP", &all);
        all.push(server);
        all
    }

    /// Lets what was frozen go on.
    pub(super) fn thaw(frozen: &[u32]) {
        signal("CONT", frozen);
    }

    fn server(&self) -> u32 {
        let text = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        text.lines().next().unwrap().trim().parse().unwrap()
    }

    fn ended(&mut self) {
        let mut shell = self.running.take().unwrap();
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }

    /// A superuser's connection.
    pub(super) async fn client(&self) -> Client {
        self.try_client().await.unwrap()
    }

    async fn try_client(&self) -> Result<Client, tokio_postgres::Error> {
        let (client, connection) = tokio_postgres::connect(&self.url(), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    /// From now on nothing is acknowledged here that the replica has not on disk.
    pub(super) async fn wait_for_replica_before_answering(&self) {
        let client = self.client().await;
        client.execute("ALTER SYSTEM SET synchronous_standby_names = 'replica'", &[]).await.unwrap();
        client.execute("SELECT pg_reload_conf()", &[]).await.unwrap();
        let is_so = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        while client.query_one(is_so, &[]).await.unwrap().get::<_, i64>(0) == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Cuts a replica off from its primary: nothing that is written from now on reaches it.
    pub(super) async fn stop_following(&self) {
        let client = self.client().await;
        client.execute("ALTER SYSTEM SET primary_conninfo = ''", &[]).await.unwrap();
        client.execute("SELECT pg_reload_conf()", &[]).await.unwrap();
        let is_following = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'walreceiver')";
        while client.query_one(is_following, &[]).await.unwrap().get::<_, bool>(0) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes a replica take writes.
    pub(super) async fn promote(&self) {
        let promoted = self.client().await.query_one("SELECT pg_promote(true, 60)", &[]).await.unwrap();
        assert!(promoted.get::<_, bool>(0));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut shell) = self.running.take() {
            drop(shell.stdin.take());
            let _ = shell.wait();
        }
    }
}

/// Starts a program, as the user that a server runs as, so that it ends with this process.
pub(super) fn watched(program: &[&str], log: &Path) -> Child {
    let log = fs::File::options().create(true).append(true).open(log).unwrap();
    let mut shell = server_program("/bin/sh").unwrap();
    shell.args(["-c", WATCHED, "watched"]).args(program).process_group(0);
    shell.stdin(Stdio::piped()).stderr(log.try_clone().unwrap()).stdout(log).spawn().unwrap()
}

/// A new folder that belongs to the user that a server runs as.
pub(super) fn make_folder(folder: &Path) {
    fs::create_dir(folder).unwrap();
    let user = server_program("/usr/bin/id").unwrap().arg("-u").output().unwrap().stdout;
    let user = String::from_utf8(user).unwrap().trim().parse().unwrap();
    std::os::unix::fs::chown(folder, Some(user), None).unwrap();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
}

fn finish(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn signal(name: &str, processes: &[u32]) {
    for process in processes {
        // A child may have ended by itself.
        let _ = Command::new("sh").args(["-c", &format!("kill -{name} {process}")]).stderr(Stdio::null()).status();
    }
}

/// The processes that this one has started.
fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let is_child = |process: &u32| match fs::read_to_string(format!("/proc/{process}/stat")) {
        // The name in brackets may hold anything; state and parent come after it.
        Ok(stat) => stat.rsplit(')').next().unwrap().split_whitespace().nth(1) == Some(&parent.to_string()),
        Err(error) => {
            assert!([ErrorKind::NotFound, ErrorKind::Other].contains(&error.kind()) || error.raw_os_error() == Some(3));
            false
        }
    };
    entries.filter(is_child).collect()
}
