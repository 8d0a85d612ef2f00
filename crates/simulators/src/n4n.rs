//! NATS For Networks: the customer's edit lock.

use std::io;
use std::net::SocketAddr;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::control;
use crate::desk::{self, Desk, Received, Settled};
use crate::server::{Simulator, launch};
use books::Books;
use form::{BadForm, Lookup};

mod books;
mod form;

/// The one media type the calls take.
const FORM: &str = "application/x-www-form-urlencoded";

/// Whom the platform lets in and whom it knows.
#[derive(Clone, Debug)]
pub struct N4nSettings {
    /// Expected in the header `api-key`.
    pub api_key: SecretString,
    /// Expected in the header `api-username`.
    pub api_username: String,
    /// Whether look-up keys that nobody has are taken for an unlocked customer on first use.
    pub enrol_unknown: bool,
    /// The customers known from the start, all unlocked.
    pub customers: Vec<N4nCustomer>,
}

/// A customer of the platform.
#[derive(Clone, Debug)]
pub struct N4nCustomer {
    /// 1 to 20 digits.
    pub customer_id: String,
    /// The advertiser's ids of this customer.
    pub subscription_ids: Vec<String>,
    /// The event ids of this customer's transactions.
    pub orderids: Vec<String>,
}

/// Customer `191` of the vendor's samples. The document names no other key, so subscription
/// `SUB-191` and order `N4N:20001112223334440191` are this project's own.
///
/// # Source
/// Too Much Media, *NATS For Networks REST API Unlock Customer*.
#[must_use]
pub fn seeded_n4n_customers() -> Vec<N4nCustomer> {
    vec![N4nCustomer {
        customer_id: "191".to_owned(),
        subscription_ids: vec!["SUB-191".to_owned()],
        orderids: vec!["N4N:20001112223334440191".to_owned()],
    }]
}

/// Starts the customer calls.
///
/// # Errors
/// If the address cannot be bound.
pub async fn start_n4n(listen: SocketAddr, settings: N4nSettings) -> io::Result<Simulator> {
    let account = Data::new(Account { key: settings.api_key, username: settings.api_username });
    let desk = Data::new(Desk::new(Books::new(settings.enrol_unknown, settings.customers)));
    launch(listen, move |config| {
        config
            .app_data(account.clone())
            .app_data(desk.clone())
            .service(
                web::resource("/api/customer/lock")
                    .route(web::patch().to(lock))
                    .default_service(web::to(other_method)),
            )
            .service(
                web::resource("/api/customer/unlock")
                    .route(web::patch().to(unlock))
                    .default_service(web::to(other_method)),
            )
            .configure(control::routes::<Books>)
            .default_service(web::to(not_found));
    })
}

/// The one admin account.
struct Account {
    key: SecretString,
    username: String,
}

impl Account {
    fn admits(&self, request: &HttpRequest) -> bool {
        let has = |name: &str, value: &str| {
            request.headers().get(name).is_some_and(|given| given.as_bytes() == value.as_bytes())
        };
        has("api-key", self.key.expose_secret()) && has("api-username", &self.username)
    }
}

async fn lock(
    request: HttpRequest,
    body: Bytes,
    account: Data<Account>,
    desk: Data<Desk<Books>>,
) -> HttpResponse {
    change(&request, &body, &account, &desk, LockChange::Lock).await
}

async fn unlock(
    request: HttpRequest,
    body: Bytes,
    account: Data<Account>,
    desk: Data<Desk<Books>>,
) -> HttpResponse {
    change(&request, &body, &account, &desk, LockChange::Unlock).await
}

#[derive(Clone, Copy)]
enum LockChange {
    Lock,
    Unlock,
}

impl LockChange {
    fn locked(self) -> bool {
        match self {
            Self::Lock => true,
            Self::Unlock => false,
        }
    }

    fn received(self) -> Received {
        let operation = match self {
            Self::Lock => "lock",
            Self::Unlock => "unlock",
        };
        Received { operation, value: self.locked().to_string(), message_id: None }
    }
}

async fn change(
    request: &HttpRequest,
    body: &Bytes,
    account: &Account,
    desk: &Data<Desk<Books>>,
    change: LockChange,
) -> HttpResponse {
    let lookup = Lookup::read(body);
    let named = lookup.as_ref().map(Lookup::first_value).unwrap_or_default();
    if !account.admits(request) {
        desk.turn_away(named, change.received());
        return HttpResponse::Unauthorized()
            .insert_header((header::WWW_AUTHENTICATE, "api-key"))
            .json(error_object("Invalid api key or user name."));
    }
    if !is_form(request) {
        desk.turn_away(named, change.received());
        return HttpResponse::UnsupportedMediaType()
            .insert_header(("Accept-Patch", FORM))
            .json(error_object("The body must be a form."));
    }
    let find = {
        let lookup = lookup.as_ref().ok().cloned();
        move |books: &mut Books| lookup.and_then(|lookup| books.enrol(&lookup)).unwrap_or(named)
    };
    let is_in_query = form::names_a_key(request.query_string());
    let work = move |books: &mut Books| {
        if is_in_query {
            return refused(StatusCode::BAD_REQUEST, "A look-up key belongs in the body.");
        }
        match lookup {
            Err(bad) => bad_form(bad),
            Ok(lookup) if books.set_lock(&lookup, change.locked()) => {
                Settled::applied(HttpResponse::Ok().content_type(ContentType::json()).body("true"))
            }
            Ok(_) => refused(StatusCode::NOT_FOUND, "Invalid customer."),
        }
    };
    desk::serve(desk, change.received(), find, work, |refusal| {
        // The error object has no code, so the scripted code chooses the HTTP status.
        let status = refusal
            .code
            .parse()
            .ok()
            .filter(|status| (400..=599).contains(status))
            .and_then(|status| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::BAD_REQUEST);
        HttpResponse::build(status).json(error_object(&refusal.message))
    })
    .await
}

fn bad_form(bad: BadForm) -> Settled {
    match bad {
        BadForm::TooLong => refused(StatusCode::PAYLOAD_TOO_LARGE, "The body is too long."),
        BadForm::Malformed => refused(StatusCode::BAD_REQUEST, "The body is not a sound form."),
        BadForm::NoKey => {
            refused(StatusCode::BAD_REQUEST, "Missing customer_id, subscription_id or orderid.")
        }
    }
}

/// A form, in UTF-8 if it names its character set.
fn is_form(request: &HttpRequest) -> bool {
    let Some(given) =
        request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let mut parts = given.split(';').map(str::trim);
    let is_form = parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case(FORM));
    is_form
        && parts.filter_map(|parameter| parameter.split_once('=')).all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
}

fn refused(status: StatusCode, message: &str) -> Settled {
    Settled::without_effect(HttpResponse::build(status).json(error_object(message)))
}

fn error_object(message: &str) -> serde_json::Value {
    json!({ "result": "error", "message": message })
}

async fn other_method(request: HttpRequest) -> HttpResponse {
    if request.method() == actix_web::http::Method::OPTIONS {
        return HttpResponse::NoContent()
            .insert_header((header::ALLOW, "PATCH, OPTIONS"))
            .insert_header(("Accept-Patch", FORM))
            .finish();
    }
    HttpResponse::MethodNotAllowed()
        .insert_header((header::ALLOW, "PATCH, OPTIONS"))
        .json(error_object("The method is not valid."))
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().json(error_object("The endpoint does not exist."))
}
