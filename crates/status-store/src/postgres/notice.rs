//! What gateways that share a record tell each other.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use status_domain::ids::{ChangeId, System};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Connection, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connect::Connector;
use super::error;
use crate::store::{StoreError, Writes};

/// What a gateway is told about a record that it shares. A notice is a hint to look: it may come twice, and
/// those of this gateway's own writes come too.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Notice {
    /// A change has come to its end.
    Settled(ChangeId),
    /// Lanes of this system are due and nobody's.
    Due(System),
    /// Notices may have been missed: look at everything that is waited for.
    Missed,
}

/// Most notices that wait to be looked at. Beyond that they wait in the connection, and if that lasts it is taken
/// for lost.
const WAITING_MAX: usize = 1024;
/// So many ids fit into one payload, which the server limits to 8000 bytes.
const IDS_MAX: usize = 128;
/// After so long the connection is asked whether it is alive.
const PING_EVERY: Duration = Duration::from_secs(10);
const RETRY_MIN: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

const SETTLED: &str = "settled";
const DUE: &str = "due";

/// What there is to tell about `writes`.
pub(super) fn payloads(writes: &Writes, now: DateTime<Utc>) -> Vec<String> {
    let settled = writes.changes.iter().filter(|change| !change.outcome.is_open());
    let settled: Vec<String> = settled.map(|change| change.id.to_string()).collect();
    let mut payloads: Vec<String> =
        settled.chunks(IDS_MAX).map(|ids| format!("{SETTLED} {}", ids.join(" "))).collect();
    let due = writes
        .lanes
        .iter()
        .filter(|lane| lane.lease.is_none() && lane.due_at.is_some_and(|due| due <= now));
    let mut due: Vec<String> = due.map(|lane| format!("{DUE} {}", lane.system)).collect();
    due.sort_unstable();
    due.dedup();
    payloads.append(&mut due);
    payloads
}

/// What a payload tells. What is not understood may come from a newer gateway and is passed over.
fn read(payload: &str) -> Vec<Notice> {
    let mut words = payload.split(' ');
    match words.next() {
        Some(SETTLED) => words.filter_map(|id| id.parse().ok()).map(Notice::Settled).collect(),
        Some(DUE) => words.filter_map(|name| name.parse().ok()).map(Notice::Due).collect(),
        Some(_) | None => Vec::new(),
    }
}

/// Begins to listen. Goes on until the receiver is dropped; a connection that is lost is made anew.
pub(super) async fn listen(
    connector: Arc<Connector>,
) -> Result<mpsc::Receiver<Notice>, StoreError> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let mut line = connect(&connector, &sender).await?;
    let runtime = connector.runtime.clone();
    runtime.spawn(async move {
        loop {
            tokio::select! {
                () = serve(line, &connector, &sender) => {}
                () = sender.closed() => return,
            }
            tracing::warn!("the connection on which the record is listened to was lost");
            line = tokio::select! {
                line = reconnect(&connector, &sender) => line,
                () = sender.closed() => return,
            };
            if sender.send(Notice::Missed).await.is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// A connection that is listened to.
struct Line {
    client: Client,
    connection: Connection<Socket, Stream>,
}

async fn connect(connector: &Connector, sender: &mpsc::Sender<Notice>) -> Result<Line, StoreError> {
    let limit = connector.settings.create_timeout;
    let late = |_| error::unavailable("the server takes no connection");
    let connect = async {
        let (client, mut connection) =
            connector.limited.connect(connector.tls.clone()).await.map_err(error::of_statement)?;
        tokio::select! {
            biased;
            listening = client.batch_execute("LISTEN statusgate") => {
                listening.map_err(error::of_statement)?;
            }
            () = forward(&mut connection, sender) => {
                return Err(error::unavailable("the connection was lost"));
            }
        }
        Ok(Line { client, connection })
    };
    timeout(limit, connect).await.map_err(late)?
}

async fn reconnect(connector: &Connector, sender: &mpsc::Sender<Notice>) -> Line {
    let mut wait = RETRY_MIN;
    loop {
        sleep(wait).await;
        match connect(connector, sender).await {
            Ok(line) => return line,
            Err(error) => tracing::debug!(%error, "the record cannot be listened to"),
        }
        wait = (wait * 2).min(RETRY_MAX);
    }
}

/// Passes on what comes until the connection is lost.
async fn serve(line: Line, connector: &Connector, sender: &mpsc::Sender<Notice>) {
    let Line { client, mut connection } = line;
    tokio::select! {
        () = forward(&mut connection, sender) => {}
        () = watch(&client, connector.settings.recycle_timeout) => {}
    }
}

async fn forward(connection: &mut Connection<Socket, Stream>, sender: &mpsc::Sender<Notice>) {
    while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(notification) = message {
            for notice in read(notification.payload()) {
                if sender.send(notice).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Ends when the server no longer answers.
async fn watch(client: &Client, patience: Duration) {
    loop {
        sleep(PING_EVERY).await;
        if !matches!(timeout(patience, client.simple_query("")).await, Ok(Ok(_))) {
            return;
        }
    }
}
