//! Settings of the process itself: listener, record, writer, delivery, log.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::values::{StoreUrl, milliseconds, seconds, word};

/// How the gateway listens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port. Default `127.0.0.1:8080`.
    pub listen: SocketAddr,
    /// Threads that serve HTTP. Default: one for each core.
    pub workers: Option<NonZeroUsize>,
    /// Connections held at once by one worker. Default 4096.
    pub connections_max: NonZeroUsize,
    /// Connections that may wait to be taken on. Default 1024.
    pub backlog: NonZeroU32,
    /// How long the head of a request may take. In milliseconds, default 5000.
    #[serde(rename = "head_timeout_ms", deserialize_with = "milliseconds")]
    pub head_timeout: Duration,
    /// How long the body of a request may take. In milliseconds, default 5000.
    #[serde(rename = "body_timeout_ms", deserialize_with = "milliseconds")]
    pub body_timeout: Duration,
    /// How long a caller waits for the upstreams before it is told that its change is on its way. In
    /// milliseconds, default 10000.
    #[serde(rename = "answer_deadline_ms", deserialize_with = "milliseconds")]
    pub answer_deadline: Duration,
    /// How long requests under way may take to end when the gateway stops. In milliseconds, default
    /// 30000.
    #[serde(rename = "shutdown_timeout_ms", deserialize_with = "milliseconds")]
    pub shutdown_timeout: Duration,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            workers: None,
            connections_max: positive(4096),
            backlog: NonZeroU32::MIN.saturating_add(1023),
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(5),
            answer_deadline: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// Where the record is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `sqlite:PATH`. A relative path is relative to the directory of the configuration file.
    pub url: StoreUrl,
}

/// How changes are gathered into commits.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WriterConfig {
    /// Requests that may wait to be recorded; one more is answered with "overloaded". Default 4096.
    pub queue_max: NonZeroUsize,
    /// Most requests in one commit. Default 64.
    pub batch_max: NonZeroUsize,
}

impl Default for WriterConfig {
    fn default() -> Self {
        Self { queue_max: positive(4096), batch_max: positive(64) }
    }
}

/// How upstreams are brought to what is recorded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DeliveryConfig {
    /// How long one subject in one upstream is reserved for the process that calls. Longer than any
    /// upstream's `timeout_ms`. In milliseconds, default 60000.
    #[serde(rename = "lease_ms", deserialize_with = "milliseconds")]
    pub lease: Duration,
    /// Attempts after which a value is put aside for a person. Default 20.
    pub attempts_max: NonZeroU32,
    /// For how long a value is tried, whoever is to blame for its failing. In seconds, default 86400.
    #[serde(rename = "age_max_s", deserialize_with = "seconds")]
    pub age_max: Duration,
    /// Longest wait after the first failed attempt; it doubles with every further one. In milliseconds,
    /// default 200.
    #[serde(rename = "backoff_min_ms", deserialize_with = "milliseconds")]
    pub backoff_min: Duration,
    /// Longest wait between attempts. In milliseconds, default 60000.
    #[serde(rename = "backoff_max_ms", deserialize_with = "milliseconds")]
    pub backoff_max: Duration,
    /// Longest wait that an upstream's `Retry-After` can ask for. In milliseconds, default 300000.
    #[serde(rename = "retry_after_max_ms", deserialize_with = "milliseconds")]
    pub retry_after_max: Duration,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            lease: Duration::from_secs(60),
            attempts_max: NonZeroU32::MIN.saturating_add(19),
            age_max: Duration::from_secs(24 * 3600),
            backoff_min: Duration::from_millis(200),
            backoff_max: Duration::from_secs(60),
            retry_after_max: Duration::from_secs(300),
        }
    }
}

/// What is logged.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// How lines are written. Default `human`.
    pub format: LogFormat,
    /// What is logged, in the notation of tracing's filters: `info`, `warn,router=debug`. Default
    /// `info,actix_server=warn,actix_http=off`: every request and every event of our own, and nothing
    /// that a caller's broken connection makes the HTTP library say.
    pub level: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Human, level: "info,actix_server=warn,actix_http=off".to_owned() }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl<'de> Deserialize<'de> for LogFormat {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        word(input, &[("human", Self::Human), ("json", Self::Json)])
    }
}

/// How one upstream is called.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Calls {
    /// Whether a change is only applied when this system holds it.
    pub required: bool,
    /// Most calls under way at once.
    pub concurrency_max: NonZeroUsize,
    /// How long one call may take, connecting included.
    pub timeout: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
}

/// 64 calls at once.
pub(super) const fn default_concurrency() -> NonZeroUsize {
    positive(64)
}

/// 5 s for a call.
pub(super) const fn default_timeout() -> Duration {
    Duration::from_secs(5)
}

/// 1 s to connect.
pub(super) const fn default_connect_timeout() -> Duration {
    Duration::from_secs(1)
}

/// `count`, or one where it is zero.
const fn positive(count: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(count.saturating_sub(1))
}
