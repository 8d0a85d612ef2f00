//! Access tokens of upstreams that want one.

use std::fmt;
use std::time::Duration;

use secrecy::SecretString;
use status_domain::adapter::{Login, Upstream};
use status_domain::failure::{Again, Failure};
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::delivery::client;

/// The present access token of one upstream.
#[derive(Default)]
pub(super) struct Token(Mutex<Option<Held>>);

struct Held {
    token: SecretString,
    renew_at: Instant,
}

impl Token {
    /// The token to use; asks for one when there is none or it is about to end. `None` where the
    /// upstream wants no token.
    pub(super) async fn current(
        &self,
        upstream: &dyn Upstream,
        http: &reqwest::Client,
    ) -> Result<Option<SecretString>, Failure> {
        let Some(login) = upstream.login() else { return Ok(None) };
        // Held while asking, so that many requests ask once.
        let mut held = self.0.lock().await;
        if let Some(held) = held.as_ref()
            && Instant::now() < held.renew_at
        {
            return Ok(Some(held.token.clone()));
        }
        let fresh = ask(login, http).await?;
        let token = fresh.token.clone();
        *held = Some(fresh);
        Ok(Some(token))
    }

    /// Forgets the token: the upstream did not accept it.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

async fn ask(login: &dyn Login, http: &reqwest::Client) -> Result<Held, Failure> {
    let response = client::send(http, login.encode()).await.map_err(|failure| match failure {
        // Asking for a token changes nothing, so it may simply be repeated.
        Failure::Unknown { .. } => Failure::NotSent { cause: "no access token".into() },
        Failure::NotSent { .. } | Failure::Refused { .. } => failure,
    })?;
    let grant = login.decode(&response).map_err(|failure| match failure {
        Failure::Refused { refusal, again: Again::Never | Again::AfterLogin } => {
            Failure::Refused { refusal, again: Again::AfterPerson }
        }
        Failure::Unknown { .. } => Failure::NotSent { cause: "no access token".into() },
        Failure::NotSent { .. } | Failure::Refused { .. } => failure,
    })?;
    // Renewed after four fifths of its life.
    let life = Duration::from_secs(grant.lifetime_s).mul_f64(0.8);
    Ok(Held { token: grant.token, renew_at: Instant::now() + life })
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}
