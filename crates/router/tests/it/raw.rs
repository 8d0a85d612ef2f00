//! Connections on which bytes are written that no HTTP client would write.

use std::time::Duration;

use reqwest::{Request, RequestBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::refusal::header;
use crate::support::{Answer, Bench};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to the gateway.
#[derive(Debug)]
pub(crate) struct Raw(TcpStream);

impl Raw {
    pub(crate) async fn connect(bench: &Bench) -> Self {
        let address = bench.calls.variable("STATUSGATE_URL").strip_prefix("http://").unwrap();
        Self(TcpStream::connect(address).await.unwrap())
    }

    /// Sends bytes. The gateway may have answered and closed before it has read them all.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        drop(self.0.write_all(bytes).await);
    }

    /// Says that nothing more will be sent.
    pub(crate) async fn half_close(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        self.0.set_zero_linger().unwrap();
    }

    /// Reads one answer; `None` if the connection ends before it is there.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(PATIENCE, self.read()).await.unwrap()
    }

    /// Waits for the end of the connection, and returns what came before it.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let end = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut rest)).await;
        // A reset is an end as well.
        drop(end.unwrap());
        rest
    }

    async fn read(&mut self) -> Option<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await.ok()?);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let split = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        let mut answer = Answer { status, headers: lines.map(split).collect(), body: Vec::new() };
        let length = header(&answer, "content-length").map_or(0, |length| length.parse().unwrap());
        answer.body.resize(length, 0);
        self.0.read_exact(&mut answer.body).await.ok()?;
        Some(answer)
    }
}

/// Sends bytes on a connection of their own.
pub(crate) async fn exchange(bench: &Bench, bytes: &[u8]) -> Option<Answer> {
    let mut raw = Raw::connect(bench).await;
    raw.send(bytes).await;
    raw.answer().await
}

/// A request's first line and headers without the empty line at their end, and its body. The head
/// does not say how long the body is.
pub(crate) fn taken_apart(request: RequestBuilder) -> (String, Vec<u8>) {
    let request: Request = request.build().unwrap();
    let url = request.url();
    let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
    let mut head =
        format!("{} {}{query} HTTP/1.1\r\nhost: gateway\r\n", request.method(), url.path());
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    (head, body.to_vec())
}

/// A whole request with the length of its body.
pub(crate) fn whole(head: &str, body: &[u8]) -> Vec<u8> {
    let length = format!("content-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), length.as_bytes(), body].concat()
}

/// A whole request with its body in pieces and without its length.
pub(crate) fn in_chunks(head: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{head}transfer-encoding: chunked\r\n\r\n").into_bytes();
    for chunk in body.chunks(4096) {
        bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
        bytes.extend([chunk, b"\r\n"].concat());
    }
    bytes.extend(b"0\r\n\r\n");
    bytes
}
