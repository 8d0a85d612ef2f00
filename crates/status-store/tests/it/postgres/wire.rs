//! A connection that breaks at the worst moment, and one that is secured.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use secrecy::SecretString;
use status_store::postgres::{PostgresStore, Settings};
use status_store::store::Writes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{LONG, about_1, cluster, database, patient, unavailable};
use crate::support::{customer, load, save};

/// What becomes of the next COMMIT.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
enum Fate {
    /// It is passed on, and so is its answer.
    Passed,
    /// It is passed on; once the server has answered, the connection breaks.
    AnswerLost,
    /// It never arrives, and both ends see the connection break.
    CommitLost,
    /// It never arrives, and the server does not see the connection break.
    Stranded,
}

/// A way to the server on which a COMMIT may get lost.
struct Way {
    port: u16,
    fate: Arc<AtomicU8>,
    task: JoinHandle<()>,
}

impl Drop for Way {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Way {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let fate = Arc::new(AtomicU8::new(Fate::Passed as u8));
        let shared = Arc::clone(&fate);
        let task = tokio::spawn(async move {
            // A stranded connection is kept here.
            let mut stranded = Vec::new();
            let (keep, mut kept) = tokio::sync::mpsc::unbounded_channel();
            loop {
                tokio::select! {
                    Ok((client, _)) = listener.accept() => {
                        let server =
                            TcpStream::connect(("127.0.0.1", cluster().port())).await.unwrap();
                        tokio::spawn(pass(client, server, Arc::clone(&shared), keep.clone()));
                    }
                    Some(server) = kept.recv() => stranded.push(server),
                }
            }
        });
        Self { port, fate, task }
    }

    fn next(&self, fate: Fate) {
        self.fate.store(fate as u8, Ordering::SeqCst);
    }

    /// Whether the fate has come about.
    fn is_over(&self) -> bool {
        self.fate.load(Ordering::SeqCst) == Fate::Passed as u8
    }
}

async fn pass(
    mut client: TcpStream,
    mut server: TcpStream,
    fate: Arc<AtomicU8>,
    keep: tokio::sync::mpsc::UnboundedSender<TcpStream>,
) {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(read @ 1..) = read else { return };
                let sent = &up[..read];
                let is_commit = sent.windows(7).any(|part| part == b"COMMIT\0");
                let mut now = Fate::Passed as u8;
                if is_commit {
                    now = fate.swap(now, Ordering::SeqCst);
                }
                if now == Fate::Stranded as u8 {
                    drop(keep.send(server));
                    return;
                }
                if now == Fate::CommitLost as u8 || server.write_all(sent).await.is_err() {
                    return;
                }
                if now == Fate::AnswerLost as u8 {
                    // By then it is done.
                    drop(server.read(&mut down).await);
                    return;
                }
            }
            read = server.read(&mut down) => {
                let Ok(read @ 1..) = read else { return };
                if client.write_all(&down[..read]).await.is_err() {
                    return;
                }
            }
        }
    }
}

async fn store(way: &Way) -> PostgresStore {
    let address = cluster().url(&database().await);
    let address = address.replace(&format!(":{}/", cluster().port()), &format!(":{}/", way.port));
    let settings = Settings {
        // Enough between two statements on a busy machine, and short enough to wait for.
        idle_in_transaction_timeout: Duration::from_secs(2),
        resolve_timeout: LONG,
        ..patient()
    };
    let address = SecretString::from(format!("{address}?sslmode=disable"));
    PostgresStore::connect(&address, settings).await.unwrap()
}

fn customers(numbers: &[u128]) -> Writes {
    let subjects = numbers.iter().copied().map(customer).collect();
    Writes { subjects, ..Writes::default() }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_found_to_be_done() {
    let way = Way::open().await;
    let store = store(&way).await;
    save(&store, customers(&[9])).await.unwrap();
    way.next(Fate::AnswerLost);
    save(&store, customers(&[1])).await.unwrap();
    assert!(way.is_over(), "no COMMIT came by");
    assert_eq!(load(&store, about_1()).await.families.len(), 1);
}

#[tokio::test]
async fn a_commit_that_never_arrives_is_found_to_be_undone() {
    let way = Way::open().await;
    let store = store(&way).await;
    for fate in [Fate::CommitLost, Fate::Stranded] {
        way.next(fate);
        // A stranded transaction holds its locks until the server ends it, and is waited for.
        unavailable(&save(&store, customers(&[1])).await);
        assert!(way.is_over(), "no COMMIT came by");
        assert_eq!(load(&store, about_1()).await.families.len(), 0);
    }
    save(&store, customers(&[1])).await.unwrap();
    assert_eq!(load(&store, about_1()).await.families.len(), 1);
}
