//! A TCP proxy that a test can cut: then connections break, and new ones are closed before a byte.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Dropping it ends it.
pub(crate) struct Proxy {
    pub(crate) url: String,
    cut: Arc<watch::Sender<bool>>,
    target: watch::Sender<Option<SocketAddr>>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// A proxy that leads nowhere yet.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let cut = Arc::new(watch::Sender::new(false));
        let target = watch::Sender::new(None);
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&cut), target.subscribe()));
        Self { url, cut, target, _tasks: tasks }
    }

    /// Leads new connections there.
    pub(crate) fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Breaks every connection, and lets none through.
    pub(crate) fn cut(&self) {
        self.cut.send_replace(true);
    }

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.cut.send_replace(false);
    }
}

async fn accept(listener: TcpListener, cut: Arc<watch::Sender<bool>>, target: watch::Receiver<Option<SocketAddr>>) {
    let mut connections = JoinSet::new();
    loop {
        let (mut near, _) = listener.accept().await.unwrap();
        let (target, mut cut) = (*target.borrow(), cut.subscribe());
        connections.spawn(async move {
            let Some(target) = target else { return };
            if *cut.borrow_and_update() {
                return;
            }
            let Ok(mut far) = TcpStream::connect(target).await else { return };
            near.set_nodelay(true).unwrap();
            far.set_nodelay(true).unwrap();
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = cut.wait_for(|cut| *cut) => {}
            }
        });
    }
}
