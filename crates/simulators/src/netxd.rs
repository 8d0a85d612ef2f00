//! NetXD's ledger: customers, their status and their details, over JSON-RPC.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::clock::now;
use crate::control;
use crate::desk::{self, Desk, Received, Settled};
use crate::server::{Simulator, launch};
use books::{Books, Lookup, ProfileUpdate, StatusUpdate};
use envelope::{Call, Method, Refused};
use signature::Gate;

mod books;
mod envelope;
mod signature;

/// Whom the ledger lets in and whom it knows.
#[derive(Clone, Debug)]
pub struct NetxdSettings {
    /// The id of the registered public key, expected in `params.api.keyId`.
    pub key_id: String,
    /// What `params.api.credential` must hold after `Basic ` and base64: user name, colon, key.
    pub username_and_key: SecretString,
    /// Expected in `params.api.apiKey` wherever it is sent.
    pub api_key: SecretString,
    /// The caller's P-256 public key, SPKI in PEM.
    pub public_key_pem: String,
    /// Whether an unknown id of 15 digits is taken for an `ACTIVE` customer on first use.
    pub enrol_unknown: bool,
    /// The customers known from the start, all `ACTIVE`.
    pub customers: Vec<NetxdCustomer>,
}

/// A customer of the ledger.
#[derive(Clone)]
pub struct NetxdCustomer {
    /// 15 digits.
    pub id: String,
    /// Consumer details under the vendor's own names, `firstName`, `address` and so on.
    pub profile: Map<String, Value>,
}

impl fmt::Debug for NetxdCustomer {
    /// Without the details, which are personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetxdCustomer").field("id", &self.id).finish_non_exhaustive()
    }
}

/// The two customers of the vendor's samples: `100000000025001` and `100000000001001`, the second
/// with its details.
///
/// # Source
/// NetXD, *Update Customer Status* and *Update Customer - Consumer*, 1.0.2.
#[must_use]
pub fn seeded_netxd_customers() -> Vec<NetxdCustomer> {
    let consumer = json!({
        "type": "INDIVIDUAL",
        "identification": [{ "type": "SSN", "value": "987456220" }],
        "contact": { "email": "customersample@gmail.com", "phoneNumber": "1274563211" },
        "address": {
            "addressLine1": "1000 PEACHTREE ST N.E.",
            "city": "ATLANTA",
            "state": "US",
            "country": "US",
            "zip": "12345",
        },
        "DOB": "19991209",
        "title": "Mr",
        "firstName": "Mark",
        "lastName": "Antony",
    });
    let other = json!({ "type": "INDIVIDUAL" });
    [("100000000025001", other), ("100000000001001", consumer)]
        .into_iter()
        .map(|(id, profile)| NetxdCustomer {
            id: id.to_owned(),
            profile: profile.as_object().cloned().unwrap_or_default(),
        })
        .collect()
}

/// Starts the ledger.
///
/// # Errors
/// If the address cannot be bound or the public key cannot be read.
pub async fn start_netxd(listen: SocketAddr, settings: NetxdSettings) -> io::Result<Simulator> {
    let gate = Data::new(Gate::new(&settings)?);
    let desk = Data::new(Desk::new(Books::new(settings.enrol_unknown, settings.customers, now())));
    launch(listen, move |config| {
        config
            .app_data(gate.clone())
            .app_data(desk.clone())
            .service(web::resource("/jsonrpc").route(web::post().to(json_rpc)))
            .configure(control::routes::<Books>);
    })
}

/// A status-changing call, understood or not.
enum Change {
    Status(StatusUpdate),
    Profile(ProfileUpdate),
}

impl Change {
    fn id(&self) -> &str {
        match self {
            Self::Status(update) => &update.id,
            Self::Profile(update) => &update.id,
        }
    }

    fn apply(self, books: &mut Books, request_id: &str) -> Result<HttpResponse, Refused> {
        match self {
            Self::Status(update) => books
                .set_status(update, now())
                .map(|result| envelope::bare_result(request_id, &result)),
            Self::Profile(update) => books
                .set_profile(update, now())
                .map(|result| envelope::versioned_result(request_id, &result)),
        }
    }
}

async fn json_rpc(gate: Data<Gate>, desk: Data<Desk<Books>>, body: Bytes) -> HttpResponse {
    let call = match Call::read(&body) {
        Ok(call) => call,
        Err((id, refused)) => return envelope::error(id, &refused),
    };
    let payload = call.payload.get();
    let (operation, change) = match call.method {
        Method::GetCustomer => return get_customer(&gate, &desk, &call),
        Method::UpdateCustomerStatus => {
            let update = StatusUpdate::read(payload).map(Change::Status);
            ("CustomerService.UpdateCustomerStatus", update)
        }
        Method::UpdateCustomer => {
            let update = ProfileUpdate::read(payload).map(Change::Profile);
            ("CustomerService.UpdateCustomer", update)
        }
    };
    let id = change.as_ref().map(|change| change.id().to_owned()).unwrap_or_default();
    let received = Received {
        operation,
        value: match &change {
            Ok(Change::Status(update)) => update.status.clone(),
            // The journal names that there were new details, not what they are.
            Ok(Change::Profile(_)) => "profile".to_owned(),
            Err(_) => String::new(),
        },
        message_id: Some(call.id.trim_matches('"').to_owned()),
    };
    if !gate.admits(&call) {
        desk.turn_away(id, received);
        return envelope::error(call.id, &unauthorized());
    }
    let request_id = call.id.to_owned();
    let work =
        move |books: &mut Books| match change.and_then(|change| change.apply(books, &request_id)) {
            Ok(response) => Settled::applied(response),
            Err(refused) => Settled::without_effect(envelope::error(&request_id, &refused)),
        };
    let subject = |books: &mut Books| {
        books.enrol(&id, now());
        id
    };
    desk::serve(&desk, received, subject, work, |refusal| {
        envelope::error_with(call.id, &refusal.code, &refusal.message)
    })
    .await
}

fn get_customer(gate: &Gate, desk: &Desk<Books>, call: &Call<'_>) -> HttpResponse {
    if !gate.admits(call) {
        return envelope::error(call.id, &unauthorized());
    }
    let found = Lookup::read(call.payload.get())
        .and_then(|lookup| desk.with_books(|books| books.look_up(&lookup, now())));
    match found {
        Ok(result) => envelope::versioned_result(call.id, &result),
        Err(refused) => envelope::error(call.id, &refused),
    }
}

fn unauthorized() -> Refused {
    envelope::refused("UNAUTHORIZED", "The request could not be authenticated")
}
