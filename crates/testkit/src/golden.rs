//! Golden wire vectors: one directory for each case, files that a bank's engineer can read.
//!
//! A vector is the specification: bytes as they stand on the wire, and what they mean. With
//! `UPDATE_GOLDEN=1` in the environment the expected files are rewritten instead of compared; a vector
//! is changed that way only when its document says so.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use pretty_assertions::assert_eq;
use status_domain::answer::DecodeError;
use status_domain::command::Command;

/// The directory of one case.
#[derive(Clone, Debug)]
pub struct Vector {
    directory: PathBuf,
}

impl Vector {
    /// Opens `tests/vectors/<name>` of the crate whose `CARGO_MANIFEST_DIR` is given.
    ///
    /// # Panics
    ///
    /// If there is no such directory.
    #[must_use]
    #[track_caller]
    pub fn open(manifest_dir: &str, name: &str) -> Self {
        let directory = Path::new(manifest_dir).join("tests/vectors").join(name);
        assert!(directory.is_dir(), "no vector at {}", directory.display());
        Self { directory }
    }

    /// The text of one file.
    ///
    /// # Panics
    ///
    /// If it cannot be read.
    #[must_use]
    #[track_caller]
    pub fn text(&self, file: &str) -> String {
        let path = self.directory.join(file);
        match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => panic!("{}: {error}", path.display()),
        }
    }

    /// Whether the case has this file.
    #[must_use]
    pub fn has(&self, file: &str) -> bool {
        self.directory.join(file).is_file()
    }

    /// Reads an HTTP request: request line, headers, empty line, body. Lines end in LF; one LF at the
    /// very end belongs to the file and not to the body.
    ///
    /// # Panics
    ///
    /// If the file is no such text.
    #[must_use]
    #[track_caller]
    pub fn request(&self, file: &str) -> http::Request<Bytes> {
        let text = self.text(file);
        let (head, body) = split(&text);
        let mut lines = head.lines();
        let mut first = lines.next().unwrap_or_default().split(' ');
        let (Some(method), Some(target)) = (first.next(), first.next()) else {
            panic!("{file}: no request line");
        };
        let mut request = http::Request::builder().method(method).uri(target);
        for (name, value) in headers(lines) {
            request = request.header(name, value);
        }
        match request.body(body) {
            Ok(request) => request,
            Err(error) => panic!("{file}: {error}"),
        }
    }

    /// Reads an HTTP response: status line, headers, empty line, body; lines as in a request.
    ///
    /// # Panics
    ///
    /// If the file is no such text.
    #[must_use]
    #[track_caller]
    pub fn response(&self, file: &str) -> http::Response<Bytes> {
        let text = self.text(file);
        let (head, body) = split(&text);
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
        let mut response = http::Response::builder().status(status);
        for (name, value) in headers(lines) {
            response = response.header(name, value);
        }
        match response.body(body) {
            Ok(response) => response,
            Err(error) => panic!("{file}: {error}"),
        }
    }

    /// Compares what was made with what the file says, or rewrites the file.
    ///
    /// # Panics
    ///
    /// If they differ.
    #[track_caller]
    #[expect(clippy::disallowed_methods, reason = "the one switch of the golden tests")]
    pub fn check(&self, file: &str, made: &str) {
        let path = self.directory.join(file);
        if std::env::var("UPDATE_GOLDEN").is_ok() {
            if let Err(error) = fs::write(&path, made) {
                panic!("{}: {error}", path.display());
            }
            return;
        }
        assert_eq!(self.text(file), made, "{} is the specification", path.display());
    }
}

/// Writes a request as [`Vector::request`] reads it: headers in alphabetical order.
#[must_use]
pub fn render_request(request: &http::Request<Bytes>) -> String {
    let mut text = format!("{} {} HTTP/1.1\n", request.method(), request.uri());
    render_rest(&mut text, request.headers(), request.body());
    text
}

/// Writes a response as [`Vector::response`] reads it: headers in alphabetical order.
#[must_use]
pub fn render_response(response: &http::Response<Bytes>) -> String {
    let mut text = format!("HTTP/1.1 {}\n", response.status());
    render_rest(&mut text, response.headers(), response.body());
    text
}

/// Writes what a request was read as. Identifiers stand in full above it, because their own `Debug`
/// hides most of a value.
#[must_use]
pub fn render_command(command: &Result<Command, DecodeError>) -> String {
    let mut text = String::new();
    if let Ok(Command::Change(request)) = command {
        for name in &request.named_by {
            let (system, kind) = (&name.system, name.kind.as_str());
            let _ = writeln!(text, "named by {system} {kind} {:?}", name.value.expose());
        }
        if let Some(native) = &request.native {
            let _ = writeln!(text, "native {}\nattributes {:?}", native.text, native.attributes);
        }
    }
    let _ = writeln!(text, "{command:#?}");
    text
}

fn render_rest(text: &mut String, headers: &http::HeaderMap, body: &Bytes) {
    let mut lines: Vec<String> = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    lines.sort();
    for line in lines {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "\n{}", String::from_utf8_lossy(body));
}

fn split(text: &str) -> (&str, Bytes) {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let body = body.strip_suffix('\n').unwrap_or(body);
    (head, Bytes::copy_from_slice(body.as_bytes()))
}

fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> impl Iterator<Item = (&'a str, &'a str)> {
    lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim(), value.trim()))
}
