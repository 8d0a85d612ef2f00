//! Capillary's v2 customer status API, the one a granted workflow request ends in.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::now;
use crate::control;
use crate::desk::{self, Desk, Received, Settled};
use crate::server::{Simulator, launch};
use crate::tokens::{Tokens, random_hex};
use books::{Books, IDENTIFIER_NAMES, Key};

mod books;

/// Where a customer's identifiers may come from.
///
/// # Source
/// Capillary, API documentation for version 2, *Update customer status*.
const SOURCES: [&str; 12] = [
    "INSTORE",
    "MARTJACK",
    "WECHAT",
    "FACEBOOK",
    "WEB_ENGAGE",
    "TMALL",
    "TAOBAO",
    "JD",
    "ECOMMERCE",
    "WEBSITE",
    "LINE",
    "MOBILE_APP",
];

/// The sources that need an account id beside them.
const SOURCES_WITH_ACCOUNTS: [&str; 4] = ["WECHAT", "FACEBOOK", "MOBILE_APP", "LINE"];

/// Whom the organisation lets in and whom it knows.
#[derive(Clone, Debug)]
pub struct CapillarySettings {
    /// Expected in the header `X-CAP-API-AUTH-ORG-ID`.
    pub org_id: i64,
    /// The till's code, which is the user name of HTTP Basic.
    pub till: String,
    /// The lower-case hexadecimal MD5 of the till's password, which is the password of HTTP Basic.
    pub password_md5: SecretString,
    /// Key and secret of the OAuth client, if there is one.
    pub oauth: Option<(String, SecretString)>,
    /// How long an OAuth token is good for, in seconds. The vendor's sample says 300.
    pub token_lifetime_s: u64,
    /// The organisation's labels with the system status each stands for. The first is where
    /// everybody starts.
    pub labels: Vec<(String, String)>,
    /// Whether an unknown identifier is taken for a customer on first use.
    pub enrol_unknown: bool,
    /// The customers known from the start, all under the first label.
    pub customers: Vec<CapillaryCustomer>,
}

/// A customer of the organisation.
#[derive(Clone, Debug)]
pub struct CapillaryCustomer {
    /// The vendor's own id, below 900000001.
    pub id: u64,
    /// With country code, without `+`.
    pub mobile: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// The organisation's id of the customer.
    pub external_id: Option<String>,
}

/// The customer of the vendor's sample, mobile `919780375690`. The document names no id, so
/// `254171` is this project's own.
///
/// # Source
/// Capillary, *Change customer status request*.
#[must_use]
pub fn seeded_capillary_customers() -> Vec<CapillaryCustomer> {
    vec![CapillaryCustomer {
        id: 254_171,
        mobile: Some("919780375690".to_owned()),
        email: None,
        external_id: None,
    }]
}

/// One label for each of the vendor's seven system statuses. `Active` and `Suspended` are those of
/// the samples; labels are each organisation's own choice, and most upper-case status codes are
/// not published.
#[must_use]
pub fn seeded_capillary_labels() -> Vec<(String, String)> {
    [
        ("Active", "ACTIVE"),
        ("Suspended", "SUSPENDED"),
        ("Deleted", "DELETED"),
        ("Fraud suspected", "FRAUD_SUSPECTED"),
        ("Fraud confirmed", "FRAUD_CONFIRMED"),
        ("Internal", "INTERNAL"),
        ("Deletion_pending", "PENDING_DELETION"),
    ]
    .into_iter()
    .map(|(label, status)| (label.to_owned(), status.to_owned()))
    .collect()
}

/// Starts the customer status API.
///
/// # Errors
/// If the address cannot be bound, or there is no label.
pub async fn start_capillary(
    listen: SocketAddr,
    settings: CapillarySettings,
) -> io::Result<Simulator> {
    if settings.labels.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "labels must not be empty"));
    }
    let CapillarySettings { org_id, till, password_md5, oauth, .. } = settings;
    let tokens = Data::new(Tokens::new(Duration::from_secs(settings.token_lifetime_s)));
    let books = Books::new(
        settings.enrol_unknown,
        till.clone(),
        settings.labels,
        settings.customers,
        now(),
    );
    let desk = Data::new(Desk::new(books));
    let gate = Data::new(Gate { org_id, till, password_md5, oauth });
    launch(listen, move |config| {
        config
            .app_data(tokens.clone())
            .app_data(gate.clone())
            .app_data(desk.clone())
            .service(web::resource("/v3/oauth/token/generate").route(web::post().to(issue_token)))
            .service(
                web::resource("/v2/customers/lookup/status")
                    .route(web::put().to(change_by_identifier)),
            )
            .service(web::resource("/v2/customers/{id}/status").route(web::put().to(change_by_id)))
            .service(web::resource("/v2/customers/{id}/statusLog").route(web::get().to(status_log)))
            .configure(control::routes::<Books>)
            .configure(control::token_routes)
            .default_service(web::to(not_found));
    })
}

/// A refusal in the form of the v2 resources.
#[derive(Clone)]
struct Refused {
    code: u16,
    message: &'static str,
}

fn refused(code: u16, message: &'static str) -> Refused {
    Refused { code, message }
}

/// Who may call.
struct Gate {
    org_id: i64,
    till: String,
    password_md5: SecretString,
    oauth: Option<(String, SecretString)>,
}

impl Gate {
    fn check(&self, request: &HttpRequest, tokens: &Tokens) -> Result<(), (StatusCode, Refused)> {
        let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let is_known = match text("X-CAP-API-OAUTH-TOKEN") {
            Some(token) => tokens.accepts(token),
            None => text("Authorization").is_some_and(|given| self.is_till(given)),
        };
        if !is_known {
            return Err((StatusCode::UNAUTHORIZED, refused(401, "Authentication failed")));
        }
        let org_id = text("X-CAP-API-AUTH-ORG-ID").and_then(|text| text.trim().parse::<i64>().ok());
        if org_id != Some(self.org_id) {
            let refused = refused(1064, "Organization id is missing or invalid");
            return Err((StatusCode::BAD_REQUEST, refused));
        }
        Ok(())
    }

    fn is_till(&self, authorization: &str) -> bool {
        authorization
            .strip_prefix("Basic ")
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .and_then(|decoded| String::from_utf8(decoded).ok())
            .is_some_and(|pair| {
                pair.split_once(':').is_some_and(|(till, password)| {
                    till == self.till && password == self.password_md5.expose_secret()
                })
            })
    }
}

#[derive(Deserialize)]
struct TokenRequest {
    key: String,
    secret: String,
}

async fn issue_token(gate: Data<Gate>, tokens: Data<Tokens>, body: Bytes) -> HttpResponse {
    let is_known = match (&gate.oauth, serde_json::from_slice::<TokenRequest>(&body)) {
        (Some((key, secret)), Ok(given)) => {
            given.key == *key && given.secret == secret.expose_secret()
        }
        (None, _) | (_, Err(_)) => false,
    };
    let token = if is_known { tokens.issue() } else { None };
    match token {
        Some(token) => answer(StatusCode::OK).json(json!({
            "data": { "accessToken": token, "ttlSeconds": tokens.lifetime_s() },
            "errors": null,
        })),
        None => answer(StatusCode::UNAUTHORIZED).json(json!({
            "data": null,
            "errors": [{ "code": 401, "message": "failed to generate", "reference": null }],
        })),
    }
}

/// What a status change asks for.
struct Order {
    key: Key,
    label: String,
    reason: String,
}

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    label: Option<String>,
}

async fn change_by_identifier(
    request: HttpRequest,
    body: Bytes,
    gate: Data<Gate>,
    tokens: Data<Tokens>,
    desk: Data<Desk<Books>>,
) -> HttpResponse {
    let key = read_key(request.query_string());
    change(&request, &body, (&gate, &tokens, &desk), key).await
}

async fn change_by_id(
    request: HttpRequest,
    id: Path<String>,
    body: Bytes,
    gate: Data<Gate>,
    tokens: Data<Tokens>,
    desk: Data<Desk<Books>>,
) -> HttpResponse {
    let key = id.parse().map(Key::Id).map_err(|_| refused(8015, "The customer id is invalid"));
    change(&request, &body, (&gate, &tokens, &desk), key).await
}

async fn change(
    request: &HttpRequest,
    body: &[u8],
    (gate, tokens, desk): (&Gate, &Tokens, &Data<Desk<Books>>),
    key: Result<Key, Refused>,
) -> HttpResponse {
    let order = key.clone().and_then(|key| read_order(key, body));
    let received = Received {
        operation: "status",
        value: order.as_ref().map(|order| order.label.clone()).unwrap_or_default(),
        message_id: None,
    };
    let named = match &key {
        Ok(Key::Id(id)) => id.to_string(),
        Ok(Key::Identifier { value, .. }) => value.clone(),
        Err(_) => String::new(),
    };
    if let Err((status, refused)) = gate.check(request, tokens) {
        desk.turn_away(named, received);
        return error(status, &refused);
    }
    if !is_json(request) {
        desk.turn_away(named, received);
        let refused = refused(415, "Content type is not JSON");
        return error(StatusCode::UNSUPPORTED_MEDIA_TYPE, &refused);
    }
    let find = |books: &mut Books| key.map_or(named, |key| books.enrol(&key, now()));
    let work = move |books: &mut Books| {
        let set =
            order.and_then(|order| books.set_label(&order.key, &order.label, &order.reason, now()));
        match set {
            Ok(id) => Settled::applied(
                answer(StatusCode::OK).json(json!({ "createdId": id, "warnings": [] })),
            ),
            Err(refused) => Settled::without_effect(error(StatusCode::BAD_REQUEST, &refused)),
        }
    };
    desk::serve(desk, received, find, work, |refusal| {
        let code = match refusal.code.parse::<i64>() {
            Ok(code) => code.into(),
            Err(_) => Value::from(refusal.code.as_str()),
        };
        error_with(StatusCode::BAD_REQUEST, &code, &refusal.message)
    })
    .await
}

/// Reads the query's look-up; names without regard to case, as the documents disagree on it.
fn read_key(query: &str) -> Result<Key, Refused> {
    let value = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, value)| name == wanted && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    let source = value("source")
        .filter(|source| SOURCES.contains(&source.as_str()))
        .ok_or_else(|| refused(8003, "Source is missing or invalid"))?;
    if SOURCES_WITH_ACCOUNTS.contains(&source.as_str()) && value("accountId").is_none() {
        return Err(refused(8045, "Account id is missing"));
    }
    let name = value("identifierName")
        .and_then(|given| {
            IDENTIFIER_NAMES.into_iter().find(|name| name.eq_ignore_ascii_case(&given))
        })
        .ok_or_else(|| refused(8013, "Identifier name is missing or invalid"))?;
    let value = value("identifierValue")
        .ok_or_else(|| refused(8015, "No customer found for the given identifier"))?;
    Ok(Key::Identifier { name, value })
}

fn read_order(key: Key, body: &[u8]) -> Result<Order, Refused> {
    let body: Body =
        serde_json::from_slice(body).map_err(|_| refused(400, "The body cannot be read"))?;
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let reason = given(body.reason).ok_or_else(|| refused(400, "Reason is missing"))?;
    let label = given(body.label).ok_or_else(|| refused(3017, "Status label is invalid"))?;
    Ok(Order { key, label, reason })
}

async fn status_log(
    request: HttpRequest,
    id: Path<String>,
    gate: Data<Gate>,
    tokens: Data<Tokens>,
    desk: Data<Desk<Books>>,
) -> HttpResponse {
    if let Err((status, refused)) = gate.check(&request, &tokens) {
        return error(status, &refused);
    }
    let log = id
        .parse()
        .map_err(|_| refused(8015, "The customer id is invalid"))
        .and_then(|id| desk.with_books(|books| books.log(id)));
    match log {
        Ok(log) => {
            answer(StatusCode::OK).json(json!({ "data": log, "warnings": [], "errors": [] }))
        }
        Err(refused) => error(StatusCode::NOT_FOUND, &refused),
    }
}

fn is_json(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case("application/json"))
}

/// An answer with its trace id, under both spellings of the header.
fn answer(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    if let Some(trace_id) = random_hex::<16>() {
        response.insert_header(("X-CAP-REQUEST-ID", trace_id.as_str()));
        response.insert_header(("X-Cap-RequestID", trace_id.as_str()));
    }
    response
}

fn error(status: StatusCode, refused: &Refused) -> HttpResponse {
    error_with(status, &refused.code.into(), refused.message)
}

fn error_with(status: StatusCode, code: &Value, message: &str) -> HttpResponse {
    let item = json!({ "status": false, "code": code, "message": message });
    answer(status).json(json!({ "errors": [item], "warnings": [] }))
}

async fn not_found() -> HttpResponse {
    error(StatusCode::NOT_FOUND, &refused(404, "No such resource"))
}
