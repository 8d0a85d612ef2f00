//! The seam between the gateway and a wire format. Sans-IO: bytes in, bytes out.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::answer::{Answer, DecodeError};
use crate::command::Command;
use crate::facet::Facet;
use crate::failure::{Confirmation, Failure};
use crate::ids::{Identifier, System};
use crate::register::{Order, Projection, RegisterName, RegisterValue};
use crate::subject::SubjectView;

/// The server side of a wire format.
pub trait Downstream: Send + Sync {
    /// What an answer must echo: id, header, org, …
    type Reply: Send + Sync + 'static;

    /// Reads a request.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] only if not even the fields that an answer must echo can be read. Anything else
    /// that is wrong is in [`Decoded::command`].
    fn decode(&self, request: &http::Request<Bytes>) -> Result<Decoded<Self::Reply>, Unreadable>;

    /// Writes the answer. Total: every answer has a form on this wire. `at` is the time of answering.
    fn encode(
        &self,
        reply: &Self::Reply,
        answer: &Answer,
        at: DateTime<Utc>,
    ) -> http::Response<Bytes>;

    /// Answers a request that could not be read.
    fn encode_unreadable(&self, error: &Unreadable) -> http::Response<Bytes>;
}

/// A request as far as it could be read.
#[derive(Debug)]
pub struct Decoded<R> {
    /// What the caller says it is, as the wire gave it. Checked by the router before anything else.
    pub credentials: Credentials,
    /// For whom the caller says it speaks, where the format names an institution beside the
    /// credentials. Checked by the router once it knows who calls.
    pub on_behalf_of: Option<Box<str>>,
    /// What the answer must echo.
    pub reply: R,
    /// What is asked for.
    pub command: Result<Command, DecodeError>,
}

/// Credentials as the wire gave them. Nothing here has been verified.
#[derive(Debug)]
pub enum Credentials {
    /// The request carries none, or none that could be read.
    Missing,
    /// A key id, a shared credential, and a signature over part of the message.
    SignedPayload(Box<SignedPayload>),
    /// A bearer token.
    Bearer(SecretString),
    /// An organisation with any of three proofs. Each one that is given must hold.
    Organisation(Box<Organisation>),
    /// A user name and a key.
    KeyPair {
        /// User name.
        username: Box<str>,
        /// Key.
        key: SecretString,
    },
}

/// A signed message part.
#[derive(Debug)]
pub struct SignedPayload {
    /// Names the registered public key.
    pub key_id: Box<str>,
    /// The shared credential as written on the wire.
    pub credential: SecretString,
    /// A further key, where the caller sent one.
    pub api_key: Option<SecretString>,
    /// The signature, ASN.1 DER in standard base64.
    pub signature: Box<str>,
    /// Texts over which the signature may hold, most faithful first.
    pub signed: Vec<Bytes>,
}

/// An organisation's caller.
#[derive(Debug)]
pub struct Organisation {
    /// The organisation's id as written on the wire.
    pub org: Option<Box<str>>,
    /// HTTP Basic: user and password as sent.
    pub basic: Option<(Box<str>, SecretString)>,
    /// A client's access token.
    pub client_token: Option<SecretString>,
    /// A person's token.
    pub user_token: Option<SecretString>,
}

/// A request that cannot even be answered in its own terms.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unreadable {
    /// What kind of trouble it is.
    pub kind: UnreadableKind,
    /// For the log: where it went wrong, never what stood there.
    pub detail: Box<str>,
}

/// Why a request cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum UnreadableKind {
    /// The body is not what its media type says.
    Syntax,
    /// The body is well-formed and is no message of this format.
    Envelope,
    /// The body is larger than is accepted.
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// The path takes other methods: these, as HTTP's `Allow` lists them.
    Method(&'static str),
    /// The body's media type or coding is not accepted.
    MediaType,
    /// The path is no path of this format.
    Path,
}

/// The client side of a wire format: one configured upstream system.
pub trait Upstream: Send + Sync {
    /// The system's name, as in its identifiers.
    fn system(&self) -> &System;

    /// The registers that derive from `facet`. A change of that facet asserts exactly these.
    fn derived_from(&self, facet: &Facet) -> Vec<RegisterName>;

    /// What this system should hold for a subject that it knows.
    fn project(&self, view: SubjectView<'_>) -> Projection;

    /// Writes the request that carries out an order. `access` is a token from [`Self::login`], if there
    /// is such a thing.
    ///
    /// # Errors
    ///
    /// [`Failure::NotSent`] if the order cannot be written in this format.
    fn encode(
        &self,
        order: &Order,
        access: Option<&SecretString>,
        now: DateTime<Utc>,
    ) -> Result<http::Request<Bytes>, Failure>;

    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// Anything but the system's word that it holds the value. An answer that cannot be understood is
    /// [`Failure::Unknown`].
    fn decode(
        &self,
        order: &Order,
        response: &http::Response<Bytes>,
    ) -> Result<Confirmation, Failure>;

    /// How an access token is obtained; `None` where requests carry their credentials themselves.
    fn login(&self) -> Option<&dyn Login>;

    /// How to read back what the system holds; `None` where the vendor has no such call.
    fn inquiry(&self) -> Option<&dyn Inquiry>;
}

/// Obtaining an access token.
pub trait Login: Send + Sync {
    /// Writes the request for a token.
    fn encode(&self) -> http::Request<Bytes>;

    /// Reads the answer.
    ///
    /// # Errors
    ///
    /// [`Failure::Refused`] if the credentials were not accepted, [`Failure::NotSent`] for anything else:
    /// asking for a token changes nothing, so it may be repeated.
    fn decode(&self, response: &http::Response<Bytes>) -> Result<Grant, Failure>;
}

/// An access token and how long it may be used.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The token.
    pub token: SecretString,
    /// Its lifetime from now, in seconds.
    pub lifetime_s: u64,
}

/// Reading back what an upstream holds.
pub trait Inquiry: Send + Sync {
    /// Writes the request; `None` if none of the identifiers is of a kind that can be inquired by.
    fn encode(
        &self,
        identifiers: &[Identifier],
        access: Option<&SecretString>,
        now: DateTime<Utc>,
    ) -> Option<http::Request<Bytes>>;

    /// Reads the answer: the registers it tells about.
    ///
    /// # Errors
    ///
    /// Any failure; a read changes nothing, so it may be repeated.
    fn decode(
        &self,
        response: &http::Response<Bytes>,
    ) -> Result<Vec<(RegisterName, RegisterValue)>, Failure>;
}
