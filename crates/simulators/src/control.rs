//! The simulators' own calls under `/_sim`, the same for all four.

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use serde_json::json;

use crate::desk::{Books, Desk};
use crate::faults::FaultScript;
use crate::tokens::Tokens;

/// Adds `/_sim/state` and `/_sim/faults`.
pub(crate) fn routes<B: Books>(config: &mut ServiceConfig) {
    config
        .service(
            web::resource("/_sim/state")
                .route(web::get().to(show_state::<B>))
                .route(web::delete().to(reset::<B>)),
        )
        .service(
            web::resource("/_sim/faults")
                .route(web::get().to(show_faults::<B>))
                .route(web::put().to(replace_faults::<B>)),
        );
}

/// Adds `/_sim/tokens`, for the systems that issue tokens.
pub(crate) fn token_routes(config: &mut ServiceConfig) {
    config.service(web::resource("/_sim/tokens").route(web::delete().to(forget_tokens)));
}

async fn show_state<B: Books>(desk: Data<Desk<B>>) -> HttpResponse {
    HttpResponse::Ok().json(desk.show())
}

async fn reset<B: Books>(desk: Data<Desk<B>>) -> HttpResponse {
    desk.reset();
    HttpResponse::NoContent().finish()
}

async fn show_faults<B: Books>(desk: Data<Desk<B>>) -> HttpResponse {
    HttpResponse::Ok().json(desk.show_faults())
}

async fn replace_faults<B: Books>(desk: Data<Desk<B>>, body: Bytes) -> HttpResponse {
    match FaultScript::read(&body) {
        Ok(script) => {
            desk.replace_faults(script);
            HttpResponse::Ok().json(desk.show_faults())
        }
        Err(invalid) => HttpResponse::BadRequest().json(json!({ "error": invalid.to_string() })),
    }
}

async fn forget_tokens(tokens: Data<Tokens>) -> HttpResponse {
    tokens.forget();
    HttpResponse::NoContent().finish()
}
