//! One connection: just enough HTTP/1.1 to send a request and read its answer. It shares the machine
//! with what it measures, so it does no more than that.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Largest answer that is read, in bytes. The state of a simulator is the largest.
const ANSWER_MAX: usize = 4 << 20;

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    /// HTTP status.
    pub(crate) status: u16,
    /// Body.
    pub(crate) body: &'a [u8],
}

impl Answer<'_> {
    /// Whether it says, with HTTP status 200, what `expected` is.
    pub(crate) fn is(&self, expected: &str) -> bool {
        self.status == 200
            && self.body.windows(expected.len()).any(|part| part == expected.as_bytes())
    }

    /// Its beginning, for people.
    pub(crate) fn shown(&self) -> String {
        let body = String::from_utf8_lossy(self.body);
        format!("HTTP {} {}", self.status, body.chars().take(600).collect::<String>())
    }
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await;
        let stream = stream.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true).context("setting up a connection")?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a request and reads the answer whole.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.stream.write_all(request).await.context("sending a request")?;
        self.buffer.clear();
        let head = loop {
            self.more().await?;
            if let Some(head) = Head::read(&self.buffer)? {
                break head;
            }
        };
        let end = head.length + head.content_length;
        while self.buffer.len() < end {
            self.more().await?;
        }
        Ok(Answer { status: head.status, body: &self.buffer[head.length..end] })
    }

    async fn more(&mut self) -> anyhow::Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await.context("reading an answer")?;
        if read == 0 {
            bail!("the connection was closed in place of an answer");
        }
        if self.buffer.len() > ANSWER_MAX {
            bail!("the answer is too large");
        }
        Ok(())
    }
}

/// The head of an answer.
#[derive(Debug, Eq, PartialEq)]
struct Head {
    status: u16,
    /// Of the head itself, with the empty line.
    length: usize,
    content_length: usize,
}

impl Head {
    /// Reads it; `None` if it is not whole yet.
    fn read(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes[..end]).context("the head is no text")?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let status = status.and_then(|status| status.parse().ok()).context("no status")?;
        let content_length = lines
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok());
        // No answer that is measured here comes in chunks.
        let content_length = content_length.context("an answer without content-length")?;
        Ok(Some(Self { status, length: end + 4, content_length }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let text = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\nx: y\r\n\r\n{}";
        assert_eq!(Head::read(&text[..text.len() - 3]).unwrap(), None);
        let head = Head::read(text).unwrap();
        assert_eq!(head, Some(Head { status: 503, length: text.len() - 2, content_length: 2 }));
    }

    #[test]
    fn an_answer_of_unknown_length_is_an_error() {
        assert!(Head::read(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn only_the_expected_words_with_status_200_are_success() {
        let success = Answer { status: 200, body: br#"{"status":"S"}"# };
        assert!(success.is(r#""status":"S""#));
        assert!(!Answer { status: 500, ..success }.is(r#""status":"S""#));
        assert!(!Answer { body: br#"{"status":"F"}"#, ..success }.is(r#""status":"S""#));
    }
}
