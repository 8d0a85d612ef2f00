//! The documented calls, as the vendors' clients make them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{Answer, CONTRACT, MOBILE};

/// A client of every format. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Calls {
    http: Client,
    variables: Arc<BTreeMap<String, String>>,
    netxd_key: Arc<EcdsaKeyPair>,
    way4_token: Arc<OnceCell<String>>,
}

/// How a person proves who they are to Capillary's format.
#[derive(Clone, Debug)]
pub(crate) enum Proof {
    /// `X-CAP-UI-AUTH-TOKEN`.
    Token(String),
    /// What follows `Basic `.
    Basic(String),
}

/// A change of one slot of a WAY4 contract.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way4Change<'a> {
    pub(crate) msg_id: &'a str,
    pub(crate) contract: &'a str,
    pub(crate) slot: &'a str,
    pub(crate) value: &'a str,
}

impl Way4Change<'_> {
    /// The vendor's sample with these values.
    pub(crate) fn body(&self) -> Value {
        let Self { msg_id, contract, slot, value } = self;
        json!({"NISrvRequest": {"request_account_status_change": {
            "header": {
                "msg_id": msg_id,
                "msg_type": "TRANSACTION",
                "msg_function": "REQ_ACCOUNT_STATUS_CHANGE",
                "src_application": "BNK",
                "target_application": "WAY4",
                "timestamp": "2023-03-03T17:01:21.609+04:00",
                "tracking_id": "13221413256",
                "bank_id": "NIC"
            },
            "body": {
                "account_identifier_type": "CONTRACT_NUMBER",
                "account_identifier_id": contract,
                "status": { "type": format!("BCC-{slot}-362"), "value": value },
                "custom_fields": [{ "key": "bc_channel", "value": "TIB1" }]
            }
        }}})
    }
}

/// The vendor's sample of a Capillary request with another mobile number and label.
pub(crate) fn capillary_request(mobile: &str, label: &str) -> Value {
    json!({
        "entityInfo": {
            "tillId": "50682289",
            "storeId": "50682288",
            "zoneId": "50682286",
            "conceptId": "50678331"
        },
        "payload": { "IntouchAPITask-Payload": {
            "hostname": "<https://eu.api.capillarytech.com>",
            "path": "/v2/customers/lookup/status",
            "method": "POST",
            "pathParams": {},
            "queryParams": {
                "source": "INSTORE",
                "accountId": "",
                "use_async": "false",
                "identifierName": "mobile",
                "identifierValue": mobile
            },
            "body": { "reason": "testing", "label": label },
            "headers": {
                "Authorization": "Basic cHVuLjAxOjIwMmNiOTYyYWM1OTA3NWI5NjRiMDcxNTJkMjM0Yjcw",
                "content-type": "application/json"
            }
        }}
    })
}

impl Calls {
    pub(super) fn new(variables: BTreeMap<String, String>) -> Self {
        let key = std::fs::read_to_string(&variables["NETXD_PRIVATE_KEY"]).unwrap();
        let key = pem::parse(key).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.contents());
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build();
        Self {
            http: http.unwrap(),
            variables: Arc::new(variables),
            netxd_key: Arc::new(key.unwrap()),
            way4_token: Arc::default(),
        }
    }

    /// The HTTP client.
    pub(crate) const fn http(&self) -> &Client {
        &self.http
    }

    /// One of the variables in the quickstart's file.
    pub(crate) fn variable(&self, name: &str) -> &str {
        &self.variables[name]
    }

    /// A bare request to the gateway.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.variable("STATUSGATE_URL")))
    }

    /// Sends a request; `None` if the connection breaks before the whole answer is there.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Option<Answer> {
        Answer::read(request.send().await.ok()?).await.ok()
    }

    async fn answer(&self, request: RequestBuilder) -> Answer {
        self.send(request).await.unwrap()
    }

    /// Base64 of the ECDSA signature over these bytes.
    pub(crate) fn netxd_signature(&self, payload: &str) -> String {
        let signature = self.netxd_key.sign(&SystemRandom::new(), payload.as_bytes());
        STANDARD.encode(signature.unwrap())
    }

    /// A signed NetXD call with this text as payload.
    pub(crate) fn netxd_request(&self, method: &str, payload: &str) -> RequestBuilder {
        let api = json!({
            "signature": self.netxd_signature(payload),
            "keyId": self.variable("NETXD_KEY_ID"),
            "credential": self.variable("NETXD_CREDENTIAL"),
            "apiKey": self.variable("NETXD_API_KEY"),
        });
        let body = format!(
            r#"{{"method":"{method}","id":"1","params":{{"api":{api},"payload":{payload}}}}}"#
        );
        let request = self.request(Method::POST, "/jsonrpc");
        request.header("content-type", "application/json").body(body)
    }

    /// `UpdateCustomerStatus`.
    pub(crate) fn netxd_status_request(&self, customer: &str, status: &str) -> RequestBuilder {
        let payload = json!({ "ID": customer, "status": status, "notes": "Testing Update" });
        self.netxd_request("CustomerService.UpdateCustomerStatus", &payload.to_string())
    }

    /// `UpdateCustomerStatus`.
    pub(crate) async fn netxd_status(&self, customer: &str, status: &str) -> Answer {
        self.answer(self.netxd_status_request(customer, status)).await
    }

    /// `UpdateCustomer` of the vendor's sample, for another customer and with another first name.
    pub(crate) async fn netxd_profile(&self, customer: &str, first_name: &str) -> Answer {
        let payload = json!({
            "ID": customer, "type": "INDIVIDUAL", "DOB": "19991209", "title": "Mr",
            "address": {
                "addressLine1": "1000 PEACHTREE ST N.E.", "city": "ATLANTA", "state": "US",
                "country": "US", "zip": "12345"
            },
            "contact": { "phoneNumber": "1274563211", "email": "customersample@gmail.com" },
            "gender": "", "firstName": first_name, "lastName": "Antony",
            "institutionName": "Bank", "institutionId": "1234"
        });
        let method = "CustomerService.UpdateCustomer";
        self.answer(self.netxd_request(method, &payload.to_string())).await
    }

    /// A token of Network International's format, asked for once.
    pub(crate) async fn way4_token(&self) -> &str {
        let ask = async || {
            let form = format!(
                "grant_type=client_credentials&client_id={}&client_secret={}",
                self.variable("NI_CLIENT_ID"),
                self.variable("NI_CLIENT_SECRET"),
            );
            let request = self.request(Method::POST, "/v1/tokenkc/generate");
            let request = request.header("content-type", "application/x-www-form-urlencoded");
            let answer = self.answer(request.body(form)).await;
            answer.at("/access_token").as_str().unwrap().to_owned()
        };
        self.way4_token.get_or_init(ask).await
    }

    /// A WAY4 call with this body.
    pub(crate) async fn way4_request(&self, body: &Value) -> RequestBuilder {
        let path = "/AccountServices/Transaction/V2/AccountStatusChange";
        let request = self.request(Method::POST, path).bearer_auth(self.way4_token().await);
        request.header("content-type", "application/json").body(body.to_string())
    }

    /// A change of one slot.
    pub(crate) async fn way4_change(&self, change: Way4Change<'_>) -> Answer {
        self.answer(self.way4_request(&change.body()).await).await
    }

    /// A change of one slot of the documents' contract.
    pub(crate) async fn way4(&self, msg_id: &str, slot: &str, value: &str) -> Answer {
        self.way4_change(Way4Change { msg_id, contract: CONTRACT, slot, value }).await
    }

    /// The person who may make requests.
    pub(crate) fn maker(&self) -> Proof {
        Proof::Token(self.variable("CAPILLARY_MAKER_TOKEN").to_owned())
    }

    /// The person who may decide them.
    pub(crate) fn checker(&self) -> Proof {
        Proof::Token(self.variable("CAPILLARY_CHECKER_TOKEN").to_owned())
    }

    /// A call in Capillary's format. `path` is what follows `request-workflow`.
    pub(crate) fn capillary_request(
        &self,
        method: Method,
        path: &str,
        by: &Proof,
    ) -> RequestBuilder {
        self.capillary_request_of(self.variable("CAPILLARY_ORG_ID"), method, path, by)
    }

    /// As [`Calls::capillary_request`], by another organisation.
    pub(crate) fn capillary_request_of(
        &self,
        org: &str,
        method: Method,
        path: &str,
        by: &Proof,
    ) -> RequestBuilder {
        let request = self.request(method, &format!("/api_gateway/v2/request-workflow{path}"));
        let request =
            request.header("content-type", "application/json").header("x-cap-api-auth-org-id", org);
        match by {
            Proof::Token(token) => request.header("x-cap-ui-auth-token", token),
            Proof::Basic(pair) => request.header("authorization", format!("Basic {pair}")),
        }
    }

    /// Asks for a label.
    pub(crate) async fn capillary_create(&self, by: &Proof, mobile: &str, label: &str) -> Answer {
        let request = self.capillary_request(Method::POST, "/CUSTOMER-STATUS-CHANGE", by);
        self.answer(request.body(capillary_request(mobile, label).to_string())).await
    }

    /// Asks for a label for the documents' customer.
    pub(crate) async fn capillary_ask(&self, label: &str) -> Answer {
        self.capillary_create(&self.maker(), MOBILE, label).await
    }

    /// Decides a request: `approved` or `rejected`.
    pub(crate) async fn capillary_decide(&self, by: &Proof, id: &str, decision: &str) -> Answer {
        let body = json!({
            "requestId": id,
            "actionName": "AdminTask",
            "payload": { "AdminTask-Payload": {
                "actionDecision": decision, "actionMessage": "looked at"
            }}
        });
        let request = self.capillary_request(Method::PUT, "/CUSTOMER-STATUS-CHANGE", by);
        self.answer(request.body(body.to_string())).await
    }

    /// Approves a request as the checker.
    pub(crate) async fn capillary_approve(&self, id: &str) -> Answer {
        self.capillary_decide(&self.checker(), id, "approved").await
    }

    /// Shows a request.
    pub(crate) async fn capillary_show(&self, by: &Proof, id: &str) -> Answer {
        let path = format!("/requests/{id}");
        self.answer(self.capillary_request(Method::GET, &path, by)).await
    }

    /// Lists requests; `query` without the question mark.
    pub(crate) async fn capillary_list(&self, by: &Proof, query: &str) -> Answer {
        let path = format!("/requests?{query}");
        self.answer(self.capillary_request(Method::GET, &path, by)).await
    }

    /// `lock` or `unlock` with these parameters.
    pub(crate) fn n4n_request(&self, operation: &str, form: &str) -> RequestBuilder {
        let request = self.request(Method::PATCH, &format!("/api/customer/{operation}"));
        request
            .header("api-key", self.variable("N4N_API_KEY"))
            .header("api-username", self.variable("N4N_API_USERNAME"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned())
    }

    /// `lock` or `unlock` of one customer.
    pub(crate) async fn n4n(&self, operation: &str, customer: &str) -> Answer {
        self.answer(self.n4n_request(operation, &format!("customer_id={customer}"))).await
    }
}
