//! A client for the simulators, and settings to start them with.
#![expect(clippy::unwrap_used, reason = "test code")]

use std::net::{Ipv4Addr, SocketAddr};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use simulators::{
    CapillarySettings, N4nSettings, NetxdSettings, Simulator, Way4Settings,
    seeded_capillary_customers, seeded_capillary_labels, seeded_n4n_customers,
    seeded_netxd_customers, seeded_way4_contracts, start_capillary, start_n4n, start_netxd,
    start_way4,
};

/// Everything in front of the point in an SPKI document for P-256.
const P256_SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

pub(crate) const MOBILE: &str = "919780375690";
pub(crate) const CONTRACT: &str = "0003621110000000183";
pub(crate) const CUSTOMER: &str = "100000000025001";

pub(crate) fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

/// What an unknown customer is to a simulator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Enrolled,
    Refused,
}

/// One simulator with a client of its own.
pub(crate) struct Sim {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
}

impl Sim {
    fn new(simulator: Simulator) -> Self {
        Self { simulator, client: Client::builder().no_proxy().build().unwrap() }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.simulator.address()))
    }

    pub(crate) async fn state(&self) -> Value {
        read_json(self.request(Method::GET, "/_sim/state").send().await.unwrap()).await
    }

    pub(crate) async fn script(&self, faults: Value) {
        let body = json!({ "faults": faults }).to_string();
        let answer = self.request(Method::PUT, "/_sim/faults").body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }

    pub(crate) async fn remaining_faults(&self) -> Value {
        let answer = self.request(Method::GET, "/_sim/faults").send().await.unwrap();
        read_json(answer).await["faults"].clone()
    }
}

pub(crate) async fn read_json(answer: Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// A NetXD caller with a key of its own.
pub(crate) struct Signer {
    key: EcdsaKeyPair,
}

impl Signer {
    pub(crate) fn new() -> Self {
        Self { key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap() }
    }

    pub(crate) fn public_key_pem(&self) -> String {
        let der = [&P256_SPKI_PREFIX, self.key.public_key().as_ref()].concat();
        let body = STANDARD.encode(der);
        let (first, rest) = body.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{rest}\n-----END PUBLIC KEY-----\n")
    }

    pub(crate) fn sign(&self, payload: &str) -> String {
        let signature = self.key.sign(&SystemRandom::new(), payload.as_bytes()).unwrap();
        STANDARD.encode(signature)
    }

    /// A call as the vendor's samples write it, with `payload` spliced in as it is.
    pub(crate) fn call(&self, method: &str, payload: &str) -> String {
        let api = json!({
            "signature": self.sign(payload),
            "keyId": "700431",
            "credential": format!("Basic {}", STANDARD.encode("ops@bank.test:0123abcd")),
            "apiKey": "0123abcd",
        });
        call_with(method, &api, payload)
    }
}

pub(crate) fn call_with(method: &str, api: &Value, payload: &str) -> String {
    format!(r#"{{"method":"{method}","id":"1","params":{{"api":{api},"payload":{payload}}}}}"#)
}

pub(crate) async fn netxd(unknown: Unknown) -> (Sim, Signer) {
    let signer = Signer::new();
    let settings = NetxdSettings {
        key_id: "700431".to_owned(),
        username_and_key: "ops@bank.test:0123abcd".into(),
        api_key: "0123abcd".into(),
        public_key_pem: signer.public_key_pem(),
        enrol_unknown: unknown == Unknown::Enrolled,
        customers: seeded_netxd_customers(),
    };
    (Sim::new(start_netxd(any_port(), settings).await.unwrap()), signer)
}

/// A ledger that knows the given key and takes any customer.
pub(crate) async fn netxd_with_key(public_key_pem: &str) -> Sim {
    let settings = NetxdSettings {
        key_id: "700431".to_owned(),
        username_and_key: "ops@bank.test:0123abcd".into(),
        api_key: "0123abcd".into(),
        public_key_pem: public_key_pem.to_owned(),
        enrol_unknown: true,
        customers: Vec::new(),
    };
    Sim::new(start_netxd(any_port(), settings).await.unwrap())
}

/// WAY4 behind NI, with a valid token.
pub(crate) async fn way4(unknown: Unknown) -> (Sim, String) {
    let settings = Way4Settings {
        client_id: "gw-demo".to_owned(),
        client_secret: "s3cret".into(),
        token_lifetime_s: 1_800,
        fi_code: "362".to_owned(),
        enrol_unknown: unknown == Unknown::Enrolled,
        contracts: seeded_way4_contracts(),
    };
    let sim = Sim::new(start_way4(any_port(), settings).await.unwrap());
    let token = way4_token(&sim).await;
    (sim, token)
}

pub(crate) async fn way4_token(sim: &Sim) -> String {
    let answer = sim
        .request(Method::POST, "/v1/tokenkc/generate")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials&client_id=gw-demo&client_secret=s3cret")
        .send()
        .await
        .unwrap();
    read_json(answer).await["access_token"].as_str().unwrap().to_owned()
}

pub(crate) async fn capillary(unknown: Unknown) -> Sim {
    let settings = CapillarySettings {
        org_id: 70_420,
        till: "till.demo".to_owned(),
        password_md5: "52f05e21ccf703bc95476e8ea5b5a442".into(),
        oauth: Some(("client-key".to_owned(), "client-secret".into())),
        token_lifetime_s: 300,
        labels: seeded_capillary_labels(),
        enrol_unknown: unknown == Unknown::Enrolled,
        customers: seeded_capillary_customers(),
    };
    Sim::new(start_capillary(any_port(), settings).await.unwrap())
}

pub(crate) async fn n4n(unknown: Unknown) -> Sim {
    let settings = N4nSettings {
        api_key: "44b5498dbcb481a0d00b404c0169af62".into(),
        api_username: "n4n_admin".to_owned(),
        enrol_unknown: unknown == Unknown::Enrolled,
        customers: seeded_n4n_customers(),
    };
    Sim::new(start_n4n(any_port(), settings).await.unwrap())
}
