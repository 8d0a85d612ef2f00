//! Wire formats behind one face.

use std::sync::Arc;

use bytes::Bytes;
use status_domain::adapter::{Credentials, Downstream, Unreadable};
use status_domain::answer::DecodeError;
use status_domain::command::Command;
use status_domain::ids::System;

use crate::gateway::Encoder;

/// A wire format that is served.
pub trait Format: Send + Sync {
    /// Its name.
    fn system(&self) -> &System;

    /// Reads a request.
    ///
    /// # Errors
    ///
    /// [`Unreadable`] if it cannot even be answered in its own terms.
    fn decode(&self, request: &http::Request<Bytes>) -> Result<Read, Unreadable>;

    /// Answers a request that could not be read.
    fn encode_unreadable(&self, error: &Unreadable) -> http::Response<Bytes>;

    /// Answers `OPTIONS`, where the format does.
    fn options(&self) -> Option<http::Response<Bytes>>;
}

/// A request as far as it could be read, and how to answer it.
pub struct Read {
    /// What the caller says it is.
    pub credentials: Credentials,
    /// For whom it says it speaks.
    pub on_behalf_of: Option<Box<str>>,
    /// What it asks for.
    pub command: Result<Command, DecodeError>,
    /// How it is answered.
    pub encode: Encoder,
}

/// An adapter as a [`Format`].
pub struct Served<D> {
    system: System,
    adapter: Arc<D>,
    options: Option<fn() -> http::Response<Bytes>>,
}

impl<D> Served<D> {
    /// Serves an adapter; `options` answers `OPTIONS` where the format does.
    #[must_use]
    pub fn new(system: System, adapter: D, options: Option<fn() -> http::Response<Bytes>>) -> Self {
        Self { system, adapter: Arc::new(adapter), options }
    }
}

impl<D: Downstream + 'static> Format for Served<D> {
    fn system(&self) -> &System {
        &self.system
    }

    fn decode(&self, request: &http::Request<Bytes>) -> Result<Read, Unreadable> {
        let decoded = self.adapter.decode(request)?;
        let (adapter, reply) = (Arc::clone(&self.adapter), decoded.reply);
        let encode: Encoder = Arc::new(move |answer, at| adapter.encode(&reply, answer, at));
        let (credentials, on_behalf_of) = (decoded.credentials, decoded.on_behalf_of);
        Ok(Read { credentials, on_behalf_of, command: decoded.command, encode })
    }

    fn encode_unreadable(&self, error: &Unreadable) -> http::Response<Bytes> {
        self.adapter.encode_unreadable(error)
    }

    fn options(&self) -> Option<http::Response<Bytes>> {
        self.options.map(|options| options())
    }
}

impl std::fmt::Debug for Read {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Read").finish_non_exhaustive()
    }
}

impl<D> std::fmt::Debug for Served<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").field("system", &self.system).finish_non_exhaustive()
    }
}
