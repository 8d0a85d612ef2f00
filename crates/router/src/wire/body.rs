//! Reading a request off the listener, within limits.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use status_domain::adapter::{Unreadable, UnreadableKind};

/// Largest body that is read, in bytes.
pub(super) const BODY_MAX: usize = 64 * 1024;

/// Reads the body whole.
pub(super) async fn read(
    head: &HttpRequest,
    payload: &mut web::Payload,
    deadline: Duration,
) -> Result<Bytes, Unreadable> {
    let mut codings = head.headers().get_all("content-encoding");
    if !codings.all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(unreadable(UnreadableKind::MediaType, "a content coding"));
    }
    let collect = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| unreadable(UnreadableKind::Syntax, "broken body"))?;
            if body.len() + chunk.len() > BODY_MAX {
                return Err(unreadable(UnreadableKind::TooLarge, "over the limit"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    };
    match tokio::time::timeout(deadline, collect).await {
        Ok(body) => body,
        Err(_) => Err(unreadable(UnreadableKind::TooSlow, "body deadline")),
    }
}

/// The request in the types that adapters read.
pub(super) fn request(head: &HttpRequest, body: Bytes) -> Result<http::Request<Bytes>, Unreadable> {
    let mut request = http::Request::new(body);
    let bad = |_| unreadable(UnreadableKind::Path, "not an address");
    *request.method_mut() = http::Method::from_bytes(head.method().as_str().as_bytes())
        .map_err(|_| unreadable(UnreadableKind::Method(""), "not a method"))?;
    *request.uri_mut() = head.uri().to_string().parse().map_err(bad)?;
    for (name, value) in head.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = http::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            request.headers_mut().append(name, value);
        }
    }
    Ok(request)
}

/// An adapter's answer on the listener.
pub(super) fn response(answer: http::Response<Bytes>) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(answer.status().as_u16());
    let status = status.unwrap_or(actix_web::http::StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in answer.headers() {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response.body(answer.into_body())
}

fn unreadable(kind: UnreadableKind, detail: &str) -> Unreadable {
    Unreadable { kind, detail: detail.into() }
}
