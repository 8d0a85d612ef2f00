//! Network International's NISrv interface in front of WAY4: tokens and account status changes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::clock::now;
use crate::control;
use crate::desk::{self, Desk, Received, Settled};
use crate::server::{Simulator, launch};
use crate::tokens::Tokens;
use books::{Books, Reaction};
use wire::{Header, Order, Request};

mod books;
mod wire;

/// Whom NI lets in and what WAY4 holds.
#[derive(Clone, Debug)]
pub struct Way4Settings {
    /// OAuth client id.
    pub client_id: String,
    /// OAuth client secret.
    pub client_secret: SecretString,
    /// How long a token is good for, in seconds. The vendor's usual value is 1800.
    pub token_lifetime_s: u64,
    /// The institution's code in `status.type`, such as `362`.
    pub fi_code: String,
    /// Whether an unknown contract number of digits only is taken for a contract without blocks.
    pub enrol_unknown: bool,
    /// The contracts known from the start, without blocks.
    pub contracts: Vec<String>,
}

/// The contract of the vendor's sample, `0003621110000000183`, of institution `362`.
///
/// # Source
/// Network International, *Account Status Change*, version 2.
#[must_use]
pub fn seeded_way4_contracts() -> Vec<String> {
    vec!["0003621110000000183".to_owned()]
}

/// Starts NI's token endpoint and account status change.
///
/// # Errors
/// If the address cannot be bound.
pub async fn start_way4(listen: SocketAddr, settings: Way4Settings) -> io::Result<Simulator> {
    let tokens = Data::new(Tokens::new(Duration::from_secs(settings.token_lifetime_s)));
    let client = Data::new(Client { id: settings.client_id, secret: settings.client_secret });
    let books = Books::new(settings.enrol_unknown, settings.fi_code, settings.contracts);
    let desk = Data::new(Desk::new(books));
    launch(listen, move |config| {
        config
            .app_data(tokens.clone())
            .app_data(client.clone())
            .app_data(desk.clone())
            .service(
                web::resource("/v1/tokenkc/generate")
                    .route(web::get().to(token_by_basic))
                    .route(web::post().to(token_by_form))
                    .default_service(web::to(method_not_allowed)),
            )
            .service(
                web::resource([
                    "/AccountServices/Transaction/V2/AccountStatusChange",
                    "/{prefix:[A-Za-z0-9]{1,10}}/AccountServices/Transaction/V2/AccountStatusChange",
                ])
                .route(web::post().to(change_account_status))
                .default_service(web::to(method_not_allowed)),
            )
            .configure(control::routes::<Books>)
            .configure(control::token_routes)
            .default_service(web::to(not_found));
    })
}

/// The one client that gets tokens.
struct Client {
    id: String,
    secret: SecretString,
}

impl Client {
    fn is(&self, id: &str, secret: &str) -> bool {
        id == self.id && secret == self.secret.expose_secret()
    }
}

async fn token_by_basic(
    request: HttpRequest,
    client: Data<Client>,
    tokens: Data<Tokens>,
) -> HttpResponse {
    let is_known = authorization(&request, "Basic ")
        .and_then(|encoded| STANDARD.decode(encoded).ok())
        .and_then(|decoded| String::from_utf8(decoded).ok())
        .is_some_and(|pair| pair.split_once(':').is_some_and(|(id, secret)| client.is(id, secret)));
    token(is_known, &tokens)
}

async fn token_by_form(
    request: HttpRequest,
    body: Bytes,
    client: Data<Client>,
    tokens: Data<Tokens>,
) -> HttpResponse {
    if !has_media_type(&request, "application/x-www-form-urlencoded") {
        return flat(StatusCode::UNSUPPORTED_MEDIA_TYPE, "X415", "Content type is not a form");
    }
    let value = |name: &str| {
        form_urlencoded::parse(&body)
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    if value("grant_type") != "client_credentials" {
        return HttpResponse::BadRequest().json(json!({ "error": "unsupported_grant_type" }));
    }
    token(client.is(&value("client_id"), &value("client_secret")), &tokens)
}

fn token(is_known: bool, tokens: &Tokens) -> HttpResponse {
    if !is_known {
        return HttpResponse::Unauthorized().json(json!({
            "error": "invalid_client",
            "error_description": "Client authentication failed",
        }));
    }
    let Some(token) = tokens.issue() else {
        return flat(StatusCode::INTERNAL_SERVER_ERROR, "X500", "No token could be made");
    };
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(json!({
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": tokens.lifetime_s(),
    }))
}

async fn change_account_status(
    request: HttpRequest,
    body: Bytes,
    tokens: Data<Tokens>,
    desk: Data<Desk<Books>>,
) -> HttpResponse {
    let read = Request::read(&body);
    let (subject, received) = describe(read.as_ref());
    if !authorization(&request, "Bearer ").is_some_and(|token| tokens.accepts(token)) {
        desk.turn_away(subject, received);
        return flat(StatusCode::UNAUTHORIZED, "X401", "Token is missing, unknown or expired");
    }
    if !has_media_type(&request, "application/json") {
        desk.turn_away(subject, received);
        return flat(StatusCode::UNSUPPORTED_MEDIA_TYPE, "X415", "Content type is not JSON");
    }
    let Some(Request { header, order }) = read else {
        desk.turn_away(subject, received);
        return flat(StatusCode::BAD_REQUEST, "X400", "The envelope cannot be read");
    };
    let refused_header = header.clone();
    let find = |books: &mut Books| {
        books.enrol(&subject);
        subject
    };
    let work = move |books: &mut Books| match order {
        Ok(order) => settle(books, &header, order),
        Err(failed) => Settled::without_effect(envelope(wire::answer(
            &header,
            now(),
            Some((failed.code, &failed.description)),
        ))),
    };
    desk::serve(&desk, received, find, work, |refusal| {
        let failure = Some((refusal.code.as_str(), refusal.message.as_str()));
        envelope(wire::answer(&refused_header, now(), failure))
    })
    .await
}

/// How the journal names a request: contract, slot, code and message id, as far as readable.
fn describe(request: Option<&Request>) -> (String, Received) {
    let message_id = request.map(|request| request.header.msg_id.clone());
    match request.and_then(|request| request.order.as_ref().ok()) {
        Some(Order { contract, slot, value, .. }) => (
            contract.clone(),
            Received { operation: slot.name(), value: value.clone(), message_id },
        ),
        None => (
            String::new(),
            Received { operation: "AccountStatusChange", value: String::new(), message_id },
        ),
    }
}

fn settle(books: &mut Books, header: &Header, order: Order) -> Settled {
    let failure = match books.react(header, &order) {
        Reaction::Repeated(answer) => return Settled::without_effect(envelope(answer)),
        Reaction::Applied => None,
        Reaction::Failed(failed) => Some(failed),
    };
    let said = failure.as_ref().map(|failed| (failed.code, failed.description.as_str()));
    let answer = Bytes::from(wire::answer(header, now(), said));
    // A reused message id must not displace the answer it was first given.
    if said.is_none_or(|(code, _)| code != wire::REUSED_ID) {
        books.remember(header, order, answer.clone());
    }
    Settled { effect: failure.is_none(), response: envelope(answer) }
}

fn authorization<'a>(request: &'a HttpRequest, scheme: &str) -> Option<&'a str> {
    request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix(scheme)
}

fn has_media_type(request: &HttpRequest, expected: &str) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(expected))
}

fn envelope(text: impl Into<Bytes>) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(text.into())
}

/// An error outside the envelope.
fn flat(status: StatusCode, code: &str, description: &str) -> HttpResponse {
    HttpResponse::build(status)
        .json(json!({ "error_code": code, "error_description": description }))
}

async fn method_not_allowed() -> HttpResponse {
    flat(StatusCode::METHOD_NOT_ALLOWED, "X405", "Method is not allowed")
}

async fn not_found() -> HttpResponse {
    flat(StatusCode::NOT_FOUND, "X404", "No such operation")
}
