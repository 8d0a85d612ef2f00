//! Token endpoints: where clients of two formats exchange their secret for an access token.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use adapter_capillary::oauth;
use adapter_way4::TOKEN_PATH;
use adapter_way4::token::{self, ExpiresIn, TokenError};
use status_domain::adapter::Unreadable;
use status_domain::answer::{DecodeError, Problem};

use crate::auth::Authenticator;
use crate::clock;
use crate::wire::body;

/// Where clients ask for tokens.
#[derive(Debug)]
struct Booth {
    authenticator: Arc<Authenticator>,
    body_deadline: Duration,
    expires_in: ExpiresIn,
}

/// `/v1/tokenkc/generate` and `/v3/oauth/token/generate`.
pub fn routes(
    authenticator: Arc<Authenticator>,
    body_deadline: Duration,
    expires_in: ExpiresIn,
) -> impl FnOnce(&mut web::ServiceConfig) {
    let booth = web::Data::new(Booth { authenticator, body_deadline, expires_in });
    move |config| {
        let ni = web::resource(TOKEN_PATH).app_data(web::Data::clone(&booth));
        let oauth = web::resource(oauth::PATH).app_data(booth);
        config.service(ni.default_service(web::to(ni_token)));
        let oauth = oauth.route(web::post().to(oauth_token));
        config.service(oauth.default_service(web::to(oauth_by_other_method)));
    }
}

async fn read(
    booth: &Booth,
    head: &HttpRequest,
    payload: &mut web::Payload,
) -> Result<http::Request<bytes::Bytes>, Unreadable> {
    let bytes = body::read(head, payload, booth.body_deadline).await?;
    body::request(head, bytes)
}

async fn ni_token(
    booth: web::Data<Booth>,
    head: HttpRequest,
    mut payload: web::Payload,
) -> HttpResponse {
    let answer = match read(&booth, &head, &mut payload).await {
        Err(error) => token::encode_error(&TokenError::Unreadable(error.kind)),
        Ok(request) => match token::decode(&request) {
            Err(error) => token::encode_error(&error),
            Ok(wanted) => ni_grant(&booth, &wanted),
        },
    };
    log("way4", &answer);
    body::response(answer)
}

fn ni_grant(booth: &Booth, wanted: &token::TokenRequest) -> http::Response<bytes::Bytes> {
    let (id, secret) = (&wanted.client_id, &wanted.client_secret);
    match booth.authenticator.issue_ni_token(id, secret, clock::now()) {
        Ok(issued) => token::encode(&issued.token, issued.lifetime_s, booth.expires_in),
        Err(_) => token::encode_error(&TokenError::InvalidClient),
    }
}

async fn oauth_token(
    booth: web::Data<Booth>,
    head: HttpRequest,
    mut payload: web::Payload,
) -> HttpResponse {
    let answer = match read(&booth, &head, &mut payload).await {
        Err(_) => {
            let problem = Problem::Form("JSON of at most 64 KiB without a content coding");
            let error = DecodeError::coded("body", problem, "2008");
            oauth::encode_refused(&oauth::TokenRefusal::Malformed(error))
        }
        Ok(request) => match oauth::decode(&request) {
            Err(error) => oauth::encode_refused(&oauth::TokenRefusal::Malformed(error)),
            Ok(wanted) => oauth_grant(&booth, &wanted),
        },
    };
    log("capillary", &answer);
    body::response(answer)
}

async fn oauth_by_other_method() -> HttpResponse {
    let error = DecodeError::coded("method", Problem::Form("POST"), "2008");
    let mut answer = oauth::encode_refused(&oauth::TokenRefusal::Malformed(error));
    *answer.status_mut() = http::StatusCode::METHOD_NOT_ALLOWED;
    answer.headers_mut().insert(http::header::ALLOW, http::HeaderValue::from_static("POST"));
    log("capillary", &answer);
    body::response(answer)
}

fn oauth_grant(booth: &Booth, wanted: &oauth::TokenRequest) -> http::Response<bytes::Bytes> {
    match booth.authenticator.issue_capillary_token(&wanted.key, &wanted.secret, clock::now()) {
        Ok(issued) => oauth::encode_granted(&issued.token, issued.lifetime_s),
        Err(_) => oauth::encode_refused(&oauth::TokenRefusal::Unauthenticated),
    }
}

fn log(format: &str, answer: &http::Response<bytes::Bytes>) {
    tracing::info!(format, status = answer.status().as_u16(), "token request answered");
}
