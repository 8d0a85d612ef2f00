//! Starting and stopping one simulator.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::KeepAlive;
use actix_web::web::ServiceConfig;
use actix_web::{App, HttpServer};
use tokio::task::JoinHandle;

/// Longer than any usual client keeps an idle connection, so that the only connections that break
/// are those a fault script breaks.
const KEEP_ALIVE: Duration = Duration::from_secs(300);

/// A running simulator. Dropping it stops the server without waiting for it.
pub struct Simulator {
    address: SocketAddr,
    handle: ServerHandle,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Simulator {
    /// The address it listens on; with the real port if port 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops at once, closing open connections, and returns when the port is free.
    pub async fn stop(mut self) {
        self.handle.stop(false).await;
        if let Some(task) = self.task.take() {
            // The server has been told to stop; how its task ended changes nothing.
            let _ = task.await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // The order to stop is sent by the call itself; its future only waits for the end.
        drop(self.handle.stop(false));
    }
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Binds the address and serves on the current tokio runtime.
pub(crate) fn launch<F>(listen: SocketAddr, configure: F) -> io::Result<Simulator>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let server = HttpServer::new(move || App::new().configure(configure.clone()))
        .workers(1)
        .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
        .tcp_nodelay(true)
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    Ok(Simulator { address, handle, task: Some(tokio::spawn(server)) })
}
