//! From the answer of a revocation on one node to the refusal on another and on a resource server: how long it takes, and that
//! none is missed. With `JETON_SOAK=1`, a thousand times.

use std::net::SocketAddr;
use std::time::Duration;

use api_axum::OnStale;
use futures_util::future::join;
use reqwest::Method;
use tokio::time::{Instant, sleep};

use super::client::{Client, Tokens, send};
use super::deaf::DeafWay;
use super::home::{Home, Server};
use super::rounds;
use crate::guard::examples::{Running, Settings};
use crate::guard::proxy::Proxy;

const ALICE: &str = "alice@example.com";
/// 32 bytes that both nodes are given.
const MASTER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";
/// A revocation that is not known after this counts as missed.
const MISSED_AFTER: Duration = Duration::from_secs(10);
/// What the figures are to stay below on a machine that does nothing else.
const TARGET: Duration = Duration::from_millis(250);

/// Two nodes on one PostgreSQL, and a proxy before the second: resource servers know the issuer by the proxy's address.
struct World {
    home: Home,
    here: Server,
    there: Server,
    proxy: Proxy,
    _deaf: Option<DeafWay>,
}

impl World {
    async fn new(notified: bool) -> Self {
        let proxy = Proxy::start().await;
        let mut home = Home::on_postgres().await.with("JETON_MASTER_KEY", MASTER_KEY).with("JETON_ISSUER", &proxy.url);
        let deaf = if notified { None } else { Some(DeafWay::to(&home.database_url()).await) };
        if let Some(deaf) = &deaf {
            home = home.with("JETON_DATABASE_URL", &deaf.url);
        }
        // A node takes a while to start, and the way to the database must not stand still meanwhile.
        let node = |folder: &str| {
            let (command, log) = (home.jeton(&["serve", "--data-dir", folder]), home.next_log());
            tokio::task::spawn_blocking(move || Server::start(command, &log))
        };
        let (here, there) = join(node("here"), node("there")).await;
        let (here, there) = (here.unwrap(), there.unwrap());
        proxy.lead_to(address(&there));
        Self { home, here, there, proxy, _deaf: deaf }
    }

    /// A resource server that follows the second node.
    async fn resource_server(&self, on_stale: OnStale, max_staleness: Duration) -> Running {
        let create = self.home.jeton(&["apikeys", "create", "--name", "notes", "--scope", "revocations"]);
        let ran = tokio::task::spawn_blocking(move || super::home::Ran::of(create)).await.unwrap();
        let settings = Settings {
            issuer: self.proxy.url.clone(),
            api_key: ran.success().trim().into(),
            audience: "jeton".to_owned(),
            max_staleness,
            on_stale,
        };
        let server = Running::resource_server(settings).await;
        while server.request(Method::GET, "/health").send().await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
        server
    }
}

fn address(server: &Server) -> SocketAddr {
    server.url.strip_prefix("http://").unwrap().parse().unwrap()
}

/// Ends a session from another one; the moment of the answer comes back.
async fn end(client: &Client, from: &Tokens, session: &str) -> Instant {
    let path = format!("/v1/sessions/{session}");
    let answer = send(client.request(Method::DELETE, &path).bearer_auth(&from.access)).await.unwrap();
    assert_eq!(answer.status, 204, "{answer:?}");
    Instant::now()
}

/// How long it is from `since` until `status` is 401.
async fn refused(since: Instant, status: impl AsyncFn() -> u16) -> Duration {
    loop {
        let now = status().await;
        let passed = since.elapsed();
        if now == 401 {
            return passed;
        }
        assert_eq!(now, 200);
        assert!(passed < MISSED_AFTER, "a revocation was missed");
        sleep(Duration::from_millis(1)).await;
    }
}

/// Median, 99th percentile and maximum.
struct Figures(Vec<Duration>);

impl Figures {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    fn percentile(&self, percent: usize) -> Duration {
        self.0[(self.0.len() * percent).div_ceil(100).max(1) - 1]
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [half, most, all] = [50, 99, 100].map(|percent| self.percentile(percent));
        write!(f, "p50 {half:.1?}, p99 {most:.1?}, max {all:.1?}")
    }
}

/// Ends sessions on one node, one after the other, and waits each time until it is refused on the other node and on the
/// resource server.
async fn measure(what: &str, world: &World) -> (Figures, Figures) {
    let resource = world.resource_server(OnStale::Deny, Duration::from_secs(30)).await;
    let (here, there) = (world.here.client(), world.there.client());
    let keeper = here.join(ALICE).await;
    let count = rounds(30, 1_000);
    let mut victims = Vec::new();
    for _ in 0..count {
        victims.push(here.login(ALICE).await);
    }
    let (mut on_node, mut on_resource) = (Vec::new(), Vec::new());
    for (round, victim) in (0_u64..).zip(&victims) {
        // Each at another moment between two polls: a refusal comes right after one.
        sleep(Duration::from_millis(round * 37 % 200)).await;
        let at_node = async || there.me(&victim.access).await.unwrap().status;
        let at_resource = async || resource.get("/whoami", &victim.access).await.0;
        assert_eq!((at_node().await, at_resource().await), (200, 200));
        let answered = end(&here, &keeper, &victim.session).await;
        assert_eq!(
            here.me(&victim.access).await.unwrap().status,
            401,
            "the node that revokes knows it before it answers"
        );
        let (node, server) = join(refused(answered, at_node), refused(answered, at_resource)).await;
        on_node.push(node);
        on_resource.push(server);
    }
    assert_eq!(resource.get("/whoami", &keeper.access).await.0, 200);
    let (node, server) = (Figures::of(on_node), Figures::of(on_resource));
    println!("{what}, {count} revocations, none missed; other node: {node}; resource server: {server}");
    (node, server)
}

/// SECURITY I3.
#[tokio::test(flavor = "multi_thread")]
async fn i3_a_revocation_is_known_on_the_other_node_and_on_the_resource_server_at_once() {
    let (node, server) = measure("with notifications", &World::new(true).await).await;
    if rounds(0, 1) == 1 {
        assert!(node.percentile(99) < TARGET && server.percentile(99) < TARGET, "p99 is to stay below {TARGET:?}");
    }
}

/// SECURITY I3.
#[tokio::test(flavor = "multi_thread")]
async fn i3_a_revocation_is_known_everywhere_within_a_second_where_every_notification_gets_lost() {
    let (node, server) = measure("polling alone", &World::new(false).await).await;
    if rounds(0, 1) == 1 {
        let second = Duration::from_secs(1);
        assert!(node.percentile(100) < second && server.percentile(100) < second, "the promise is a second");
    }
}

/// Stays below the ten seconds of the cut.
const MAX_STALENESS: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_cut_for_ten_seconds_misses_nothing_and_each_resource_server_does_what_its_owner_chose() {
    let world = World::new(true).await;
    let denies = world.resource_server(OnStale::Deny, MAX_STALENESS).await;
    let allows = world.resource_server(OnStale::Allow, MAX_STALENESS).await;
    let here = world.here.client();
    let keeper = here.join(ALICE).await;
    let mut victims = Vec::new();
    for _ in 0..20 {
        victims.push(here.login(ALICE).await);
    }
    assert_eq!(denies.get("/whoami", &keeper.access).await.0, 200);

    world.proxy.cut();
    let cut = Instant::now();
    for victim in &victims {
        end(&here, &keeper, &victim.session).await;
        sleep(Duration::from_millis(300)).await;
    }
    let ended = &victims[0].access;
    let (status, problem) = denies.get("/whoami", &keeper.access).await;
    assert_eq!((status, problem["code"].as_str()), (503, Some("revocations_stale")));
    assert_eq!(denies.get("/whoami", ended).await.0, 503);
    assert_eq!(denies.get("/health", "").await.0, 503);
    assert_eq!(allows.get("/whoami", &keeper.access).await.0, 200);
    assert_eq!(allows.get("/whoami", ended).await.0, 200, "nobody could tell it");
    let (status, health) = allows.get("/health", "").await;
    assert_eq!((status, health["feed"]["stale"].as_bool()), (200, Some(true)));

    tokio::time::sleep_until(cut + Duration::from_secs(10)).await;
    world.proxy.mend();
    let mended = Instant::now();
    for victim in &victims {
        refused(mended, async || allows.get("/whoami", &victim.access).await.0).await;
    }
    while denies.get("/whoami", &keeper.access).await.0 != 200 {
        assert!(mended.elapsed() < MISSED_AFTER, "the feed did not come back");
        sleep(Duration::from_millis(5)).await;
    }
    println!("after a cut of ten seconds everything was known in {:.1?}", mended.elapsed());
    for victim in &victims {
        assert_eq!(denies.get("/whoami", &victim.access).await.0, 401);
    }
    assert_eq!(allows.get("/whoami", &keeper.access).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_for_a_while_makes_the_guard_stale_and_then_everything_goes_on() {
    let proxy = Proxy::start().await;
    let home = Home::on_postgres().await;
    let mut way = reqwest::Url::parse(&home.database_url()).unwrap();
    let (host, port) = (way.host_str().unwrap().to_owned(), way.port().unwrap_or(5432));
    let to_database = Proxy::start().await;
    to_database.lead_to(tokio::net::lookup_host((host, port)).await.unwrap().find(SocketAddr::is_ipv4).unwrap());
    let near: SocketAddr = to_database.url.strip_prefix("http://").unwrap().parse().unwrap();
    way.set_ip_host(near.ip()).unwrap();
    way.set_port(Some(near.port())).unwrap();
    let home = home.with("JETON_DATABASE_URL", way.as_str()).with("JETON_ISSUER", &proxy.url);
    let home = home.with("JETON_TOKENS__KEY_MARGIN", "2s");
    let (command, log) = (home.jeton(&["serve"]), home.next_log());
    let here = tokio::task::spawn_blocking(move || Server::start(command, &log)).await.unwrap();
    proxy.lead_to(address(&here));
    let create = home.jeton(&["apikeys", "create", "--name", "notes", "--scope", "revocations"]);
    let created = tokio::task::spawn_blocking(move || super::home::Ran::of(create)).await.unwrap();
    let resource = Running::resource_server(Settings {
        issuer: proxy.url.clone(),
        api_key: created.success().trim().into(),
        audience: "jeton".to_owned(),
        max_staleness: MAX_STALENESS,
        on_stale: OnStale::Deny,
    })
    .await;
    while resource.request(Method::GET, "/health").send().await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    let client = here.client();
    let keeper = client.join(ALICE).await;
    let victim = client.login(ALICE).await;
    let at_resource = async |tokens: &Tokens| resource.get("/whoami", &tokens.access).await.0;
    assert_eq!((at_resource(&keeper).await, at_resource(&victim).await), (200, 200));

    to_database.cut();
    let cut = Instant::now();
    while at_resource(&keeper).await != 503 {
        assert!(cut.elapsed() < MISSED_AFTER, "the node answers, but what it knows is old");
        sleep(Duration::from_millis(50)).await;
    }
    assert!(cut.elapsed() > Duration::from_secs(1), "not before its time");
    to_database.mend();
    let mended = Instant::now();
    while at_resource(&keeper).await != 200 {
        assert!(mended.elapsed() < MISSED_AFTER, "the node did not find its database again");
        sleep(Duration::from_millis(20)).await;
    }
    let answered = end(&client, &keeper, &victim.session).await;
    refused(answered, async || at_resource(&victim).await).await;
    let log = here.log();
    for line in ["sessions that others end are not seen", "the signing keys cannot be looked after"] {
        assert_eq!(log.matches(line).count(), 2, "once when it begins, and once when it is over: {log}");
    }
}
