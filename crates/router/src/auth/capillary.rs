//! Capillary: an organisation, and any of a till's password, a client's token and a person's token.
//!
//! # Source
//!
//! Capillary, *Basic authentication*, *OAuth* and *Change customer status*. What a person's token holds
//! is not public; its claims are this gateway's own: `sub`, `user_id`, `user_name`, `org_id`, `roles`.

use std::collections::{BTreeSet, HashMap};

use aws_lc_rs::rsa;
use aws_lc_rs::signature::KeyPair as _;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;
use status_domain::adapter::Organisation;
use status_domain::principal::{Person, Principal, Role};
use uuid::Uuid;

use super::jwt::{Claims, Verifier};
use super::{AnswerWhen, Caller, IssuedToken, Rejected, rejected, secret};
use crate::config::Finding;
use crate::config::capillary::{
    CapillaryConfig, OauthConfig, OrgConfig, TokenAlgorithm, UserIssuerConfig,
};
use crate::config::values::{FormatName, RoleName, Sha256Hash};

/// Claim `iss` of access tokens.
const ISSUER: &str = "Capillary";

/// Claim `token_use` of access tokens.
const TOKEN_USE: &str = "token_access";

/// `kid` of access tokens.
const KEY_ID: &str = "k1";

/// The organisations.
pub(super) struct Orgs {
    orgs: HashMap<u64, Org>,
    oauth: Option<Oauth>,
}

struct Org {
    client: Box<str>,
    tenant: Box<str>,
    answer_when: AnswerWhen,
    tills: HashMap<String, Till>,
    clients: Vec<Client>,
    issuers: Vec<Verifier>,
}

struct Till {
    password: Sha256Hash,
    identity: Identity,
}

struct Client {
    key: String,
    secret: Sha256Hash,
    number: i64,
    lifetime_s: u64,
    identity: Identity,
}

/// Who stands behind a proof.
#[derive(Clone)]
struct Identity {
    person: Person,
    roles: BTreeSet<Role>,
}

/// How access tokens are made and checked.
struct Oauth {
    signing_key: EncodingKey,
    verifier: Verifier,
    audience: String,
}

impl Orgs {
    pub(super) fn new(config: Option<&CapillaryConfig>) -> Result<Self, Finding> {
        let mut orgs = HashMap::new();
        let Some(config) = config else { return Ok(Self { orgs, oauth: None }) };
        for (index, org) in config.orgs.iter().enumerate() {
            orgs.insert(org.org_id, Org::new(&format!("capillary.orgs[{index}]"), org)?);
        }
        Ok(Self { orgs, oauth: config.oauth.as_ref().map(Oauth::new).transpose()? })
    }

    pub(super) fn authenticate(&self, given: &Organisation) -> Result<Caller, Rejected> {
        let digits = given.org.as_deref().ok_or(rejected("no organisation"))?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(rejected("organisation is no number"));
        }
        let id: u64 = digits.parse().map_err(|_| rejected("organisation is no number"))?;
        let org = self.orgs.get(&id);

        // Each proof that is given must hold. Later ones say more about who it is.
        let mut identity = None;
        if let Some((till, password)) = &given.basic {
            identity = Some(Org::by_basic(org, till, password)?);
        }
        if let Some(token) = &given.client_token {
            let oauth = self.oauth.as_ref().ok_or(rejected("no access tokens are made"))?;
            let claims = oauth.verifier.verify(token.expose_secret()).map_err(rejected)?;
            let org = org.ok_or(rejected("unknown organisation"))?;
            identity = Some(org.by_client_token(id, &claims)?);
        }
        if let Some(token) = &given.user_token {
            let org = org.ok_or(rejected("unknown organisation"))?;
            identity = Some(org.by_user_token(id, token)?);
        }
        let Identity { person, roles } = identity.ok_or(rejected("no proof"))?;
        let org = org.ok_or(rejected("unknown organisation"))?;
        let principal = Principal {
            format: FormatName::Capillary.system(),
            client: org.client.clone(),
            tenant: org.tenant.clone(),
            person,
            roles,
        };
        Ok(Caller { principal, answer_when: org.answer_when })
    }

    pub(super) fn issue(
        &self,
        key: &str,
        secret: &SecretString,
        now: DateTime<Utc>,
    ) -> Result<IssuedToken, Rejected> {
        let all =
            || self.orgs.iter().flat_map(|(id, org)| org.clients.iter().map(move |c| (id, c)));
        let found = all().find(|(_, client)| client.key == key);
        let has_secret = secret::matches(secret, found.map(|(_, client)| &client.secret));
        let (Some((org, client)), true) = (found, has_secret) else {
            return Err(rejected("key or secret does not match"));
        };
        let oauth = self.oauth.as_ref().ok_or(rejected("no access tokens are made"))?;
        let issued_at = now.timestamp();
        let claims = json!({
            "iss": ISSUER,
            "aud": oauth.audience,
            "exp": issued_at.saturating_add_unsigned(client.lifetime_s),
            "iat": issued_at,
            "jti": Uuid::now_v7().to_string(),
            "sub": client.identity.person.name,
            "client_id": client.number,
            "org_id": org,
            "token_use": TOKEN_USE,
        });
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::RS256) };
        let token = jsonwebtoken::encode(&header, &claims, &oauth.signing_key)
            .map_err(|_| rejected("token could not be signed"))?;
        Ok(IssuedToken { token: token.into(), lifetime_s: client.lifetime_s })
    }
}

impl Org {
    fn new(key: &str, config: &OrgConfig) -> Result<Self, Finding> {
        let mut issuers = Vec::new();
        for (index, issuer) in config.user_issuers.iter().enumerate() {
            issuers.push(verifier(&format!("{key}.user_issuers[{index}].public_key"), issuer)?);
        }
        let roles = |names: &[RoleName]| names.iter().copied().map(Role::from).collect();
        let till = |till: &crate::config::capillary::TillConfig| Till {
            password: till.password_md5_sha256,
            identity: Identity {
                person: Person {
                    id: till.person_id.as_str().into(),
                    number: till.person_number,
                    name: till.person_name.as_ref().unwrap_or(&till.till).as_str().into(),
                },
                roles: roles(&till.roles),
            },
        };
        let client = |client: &crate::config::capillary::OauthClientConfig| Client {
            key: client.key.clone(),
            secret: client.secret_sha256,
            number: client.number,
            lifetime_s: client.token_lifetime.as_secs(),
            identity: Identity {
                person: Person {
                    id: format!("oauth:{}", client.number).into(),
                    number: Some(client.number),
                    name: client.name.as_str().into(),
                },
                roles: roles(&client.roles),
            },
        };
        Ok(Self {
            client: config.client().into(),
            tenant: config.tenant.as_str().into(),
            answer_when: config.answer_when,
            tills: config.tills.iter().map(|one| (one.till.clone(), till(one))).collect(),
            clients: config.oauth_clients.iter().map(client).collect(),
            issuers,
        })
    }

    /// Takes as long for an organisation or a till that does not exist.
    fn by_basic(
        org: Option<&Self>,
        till: &str,
        password: &SecretString,
    ) -> Result<Identity, Rejected> {
        let till = org.and_then(|org| org.tills.get(till));
        let has_password = secret::matches(password, till.map(|till| &till.password));
        let till = till.filter(|_| has_password);
        till.map(|till| till.identity.clone()).ok_or(rejected("till or password does not match"))
    }

    fn by_client_token(&self, id: u64, claims: &Claims) -> Result<Identity, Rejected> {
        if claims.text("token_use") != Some(TOKEN_USE) {
            return Err(rejected("token is for another use"));
        }
        if claims.id("org_id") != Some(id) {
            return Err(rejected("token is of another organisation"));
        }
        let number = claims.number("client_id");
        let client = self.clients.iter().find(|client| Some(client.number) == number);
        client.map(|client| client.identity.clone()).ok_or(rejected("client is gone"))
    }

    fn by_user_token(&self, id: u64, token: &SecretString) -> Result<Identity, Rejected> {
        let mut why = "no issuer of persons' tokens";
        let mut verified = None;
        for issuer in &self.issuers {
            match issuer.verify(token.expose_secret()) {
                Ok(claims) => verified = verified.or(Some(claims)),
                Err(reason) => why = reason,
            }
        }
        let claims = verified.ok_or(rejected(why))?;
        if claims.id("org_id") != Some(id) {
            return Err(rejected("token is of another organisation"));
        }
        let role = |entry: &str, role: Role| claims.lists("roles", entry).then_some(role);
        let roles = [role("CanMakeRequest", Role::Maker), role("CanCheckRequest", Role::Checker)];
        Ok(Identity {
            person: Person {
                id: claims.subject().into(),
                number: claims.number("user_id"),
                name: claims.text("user_name").unwrap_or(claims.subject()).into(),
            },
            roles: roles.into_iter().flatten().collect(),
        })
    }
}

impl Oauth {
    fn new(config: &OauthConfig) -> Result<Self, Finding> {
        let key = "capillary.oauth.signing_key";
        let text = config.signing_key.as_ref();
        let text = text.ok_or_else(|| Finding::error(key, "is missing"))?;
        let unusable = || Finding::error(key, "is no RSA private key in PEM (PKCS#8)");
        let pem = pem::parse(text.expose_secret()).map_err(|_| unusable())?;
        let pair = rsa::KeyPair::from_pkcs8(pem.contents()).map_err(|_| unusable())?;
        let public = DecodingKey::from_rsa_der(pair.public_key().as_ref());
        let signing_key = EncodingKey::from_rsa_pem(text.expose_secret().as_bytes());
        Ok(Self {
            signing_key: signing_key.map_err(|_| unusable())?,
            verifier: Verifier::new(Algorithm::RS256, public, ISSUER, &config.audience),
            audience: config.audience.clone(),
        })
    }
}

fn verifier(key: &str, config: &UserIssuerConfig) -> Result<Verifier, Finding> {
    let text = config.public_key.as_deref();
    let pem = text.ok_or_else(|| Finding::error(key, "is missing"))?.as_bytes();
    let (algorithm, read) = match config.algorithm {
        TokenAlgorithm::Es256 => (Algorithm::ES256, DecodingKey::from_ec_pem(pem)),
        TokenAlgorithm::Rs256 => (Algorithm::RS256, DecodingKey::from_rsa_pem(pem)),
        TokenAlgorithm::Ps256 => (Algorithm::PS256, DecodingKey::from_rsa_pem(pem)),
        TokenAlgorithm::EdDsa => (Algorithm::EdDSA, DecodingKey::from_ed_pem(pem)),
    };
    let unusable = |_| Finding::error(key, "is no public key in PEM for this algorithm");
    Ok(Verifier::new(algorithm, read.map_err(unusable)?, &config.issuer, &config.audience))
}
